"""Deliveries to vault and warehouse build: keep the bytes, read, check, store, derive.

A delivery is taken whole or not at all; one that is refused is noted and the others go on. The
order makes a kill harmless: content-addressed copy, then vault, then the facts of the delivery in
one transaction of the build. What the facts mean together is `history`.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestration import faults, vault
from orchestration.data_directory import claim, require_key, require_kind
from orchestration.errors import InputMissing, PlateauError
from orchestration.ingest import (
    amendments,
    answers,
    facts,
    history,
    identities,
    kept,
    schema,
)
from orchestration.ingest.deliveries import Delivery, require_files
from orchestration.ingest.facts import Read, Stamp
from orchestration.ingest.reading import read_files
from orchestration.ingest.refusal import KIND_RULE, OVERRIDABLE, Refused
from orchestration.journal import Journal
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@dataclass(slots=True)
class Loaded:
    """What became of the new deliveries."""

    accepted: list[str]
    refused: dict[str, str]
    """Delivery -> the sentence that says which file, which rule, what to do."""


def require_loadable(deliveries: list[Delivery], settings: Settings) -> None:
    """Refuse to begin at all where kind or key do not fit the data directory.

    Raises
    ------
    InputMissing
        The key is absent, or a delivery is of another kind than the directory or another delivery.
    """
    # One that may not be opened is refused by itself, and nothing tells its kind.
    opened = [delivery for delivery in deliveries if not delivery.unsafe]
    for delivery in opened:
        require_kind(settings, delivery.kind, delivery.name)
        if delivery.kind != opened[0].kind:
            raise InputMissing(
                f"Deliveries {opened[0].name} and {delivery.name} are of two kinds, real and "
                "synthetic; nothing was loaded: use a drop folder and a data directory for each "
                f"(rule {KIND_RULE})."
            )
        require_key(settings, vault.key_id(vault.load_key(settings, delivery.kind)))


def load(
    deliveries: Iterable[Delivery],
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    journal: Journal,
    run_id: str,
) -> Loaded:
    """Take every delivery in date order, then derive the history from all facts.

    Parameters
    ----------
    connection
        The attached warehouse build, in autocommit.

    Raises
    ------
    InputMissing
        Kind or key do not fit (see `require_loadable`), or synthetic patients without the
        simulator's manifest.
    """
    ordered = sorted(deliveries, key=lambda d: (d.day, str(d.extracted_at or ""), d.delivery_id))
    require_loadable(ordered, settings)
    schema.create(connection)
    loaded = Loaded([], {})
    for delivery in ordered:
        numbered = replace(delivery, received_no=kept.received_no(delivery, settings))
        with journal.step(f"load {delivery.name}"):
            refusal = _take(numbered, connection, settings, journal, run_id)
        if refusal is None:
            loaded.accepted.append(delivery.delivery_id)
        else:
            loaded.refused[delivery.delivery_id] = _sentence(delivery, refusal)
            journal.event(
                "delivery_refused",
                delivery=delivery.name,
                rule_id=refusal.rule_id,
                reason=loaded.refused[delivery.delivery_id],
            )
    if history.any_accepted(connection):
        with journal.step("derive history"):
            _settle(connection, settings, run_id)
    return loaded


def _take(
    delivery: Delivery,
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    journal: Journal,
    run_id: str,
) -> Refused | None:
    """Load one delivery; return why it was refused, or None."""
    excuse = kept.override(settings, delivery.delivery_id)
    is_excused = excuse is not None or kept.is_accepted(settings, delivery.delivery_id)
    try:
        require_files(delivery)
        copied = kept.keep_bytes(delivery, settings)
        reads = read_files(copied, journal, is_excused=is_excused)
        answered = answers.read_answers(copied)
        _store(copied, reads, answered, connection, settings, run_id, is_excused=is_excused)
    except (PlateauError, OSError, MemoryError):
        raise
    except Exception as error:
        with suppress(Exception):
            connection.execute("rollback")
        refusal = error if isinstance(error, Refused) else _unexpected(error)
        facts.write_refusal(connection, delivery, refusal, run_id)
        return refusal
    if excuse is not None:
        facts.write_override(connection, delivery, excuse, run_id)
    return None


def _unexpected(error: Exception) -> Refused:
    """A fault of ours on one delivery holds back that delivery, not the night.

    The text of the error may quote a cell, so only its type and place are told.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Refused(
        "gate_unexpected_error",
        f"loading it stopped on an unexpected {type(error).__name__} at {place.name}:"
        f"{place.lineno}; report this place to the maintainers",
    )


def _store(
    delivery: Delivery,
    reads: list[Read],
    answered: pd.DataFrame,
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    run_id: str,
    *,
    is_excused: bool,
) -> None:
    """Commit the vault, then the facts; a block found in the facts takes them back."""
    key = vault.load_key(settings, delivery.kind)
    claim(settings, delivery.kind, vault.key_id(key), delivery.name)
    stamp = Stamp(run_id, vault.content_key(key), identities.pseudonyms(reads, key))
    identities.commit(reads, stamp.people, key, settings)
    answers.keep_answers(settings, delivery, answered)
    # What a run left that died, or the note of a refusal: it is not what came before.
    connection.execute("begin")
    facts.forget(connection, delivery.delivery_id)
    connection.execute("commit")
    is_late = history.is_late(connection, delivery.day)
    if is_late and not is_excused:
        # What came before it in this night must not be laid at its door.
        _settle(connection, settings, run_id)
        history.landmark_values(connection, "landmark_before")
    connection.execute("begin")
    for one in reads:
        facts.write(connection, one, stamp)
    answers.write_answers(connection, delivery, answered, key)
    if not delivery.has_manifest:
        facts.write_warning(connection, delivery, "gate_manifest_absent", run_id)
    if not is_excused:
        _refuse_blocks(delivery.delivery_id, connection)
    # Before the commit: a build that holds a delivery finds it among what is kept.
    kept.write_index(delivery, settings, is_accepted=False)
    connection.execute("commit")
    if is_late and not is_excused:
        _refuse_changed_landmarks(delivery, connection, settings, run_id)
    kept.write_index(delivery, settings, is_accepted=True)


def _refuse_blocks(delivery_id: str, connection: duckdb.DuckDBPyConnection) -> None:
    block = history.rows_vanished(connection, delivery_id)
    if block:
        raise Refused(block.rule_id, f"{block.table_name}: {block.reason}")


def _refuse_changed_landmarks(
    delivery: Delivery, connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str
) -> None:
    """A delivery older than the newest takes its place in history, but not over a landmark."""
    _settle(connection, settings, run_id)
    history.landmark_values(connection, "landmark_after")
    changed = history.landmarks_changed(connection)
    if changed:
        facts.forget(connection, delivery.delivery_id)
        kept.remove_index(delivery, settings)
        raise Refused(
            "gate_late_changes_landmark",
            f"it is older than the newest and would change {changed} landmark values",
        )


def _settle(connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str) -> None:
    key = vault.load_key(settings, history.kind_of(connection))
    births = vault.birth_dates(settings)
    connection.execute("begin")
    history.place_deliveries(connection)
    amendments.amend(connection, settings, key, run_id)
    history.derive(connection, births)
    faults.point("before_warehouse_commit")
    connection.execute("commit")
    faults.point("after_warehouse_commit")


def _sentence(delivery: Delivery, refusal: Refused) -> str:
    file = refusal.file_name
    named = f", {file}" if file and file != delivery.name else ""
    step = (
        f"look at it, and take it with `plateau accept {delivery.delivery_id} --because ...` if it "
        "is right"
        if refusal.rule_id in OVERRIDABLE
        else "deliver it again, whole, or move the folder out of the drop folder"
    )
    return (
        f"Delivery {delivery.name}{named}: {refusal} (rule {refusal.rule_id}); the delivery was "
        f"not taken, what was known before stands: {step}."
    )
