"""Named moments of the load-and-publish path, at which a test may end the process.

A moment does nothing unless a test has set `listener` in its own process: no setting, no
environment variable reaches it.
"""

from __future__ import annotations

from collections.abc import Callable

POINTS = (
    "after_keep",
    "before_vault_commit",
    "after_vault_commit",
    "before_warehouse_commit",
    "after_warehouse_commit",
    "before_checkpoint",
    "after_checkpoint",
    "before_swap",
    "after_swap",
    "before_report_rename",
    "before_heartbeat",
)
"""The moments of a nightly, in order."""

EXCHANGE_POINTS = ("exchange_staged", "exchange_committed", "exchange_moved", "exchange_done")
"""The moments of an exchange of several files (restore, new pseudonym key), in order."""

listener: Callable[[str], None] | None = None
"""Called with the name of each moment; `None` outside tests."""


def point(name: str) -> None:
    """Pass one named moment."""
    if listener is not None:
        listener(name)
