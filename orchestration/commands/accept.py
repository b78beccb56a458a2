"""`plateau accept`: somebody's word that a blocked delivery is to be taken."""

from __future__ import annotations

from orchestration.errors import InputMissing, WrongUse
from orchestration.ingest.deliveries import Delivery, scan
from orchestration.ingest.kept import is_accepted, write_override
from orchestration.ingest.known import refused_deliveries
from orchestration.settings import Settings

SHORTEST_REASON = 10


def run(settings: Settings, name: str, because: str) -> Delivery:
    """Record the override; the next nightly takes the delivery with it.

    Parameters
    ----------
    name
        Id of the delivery, or the name of its folder.
    because
        Who decided and why; it is written beside the delivery and into `delivery_override`.

    Raises
    ------
    InputMissing
        The drop folder holds no such delivery.
    WrongUse
        The reason says nothing, or the delivery was taken already.
    """
    if len(because.strip()) < SHORTEST_REASON:
        raise WrongUse("--because needs a reason that a later reader understands: who, and why.")
    found = [d for d in scan(settings) if name in (d.delivery_id, d.name)]
    if not found:
        refused = ", ".join(sorted(refused_deliveries(settings))) or "none"
        raise InputMissing(
            f"There is no delivery {name} in {settings.incoming}; refused ones: {refused}."
        )
    if is_accepted(settings, found[0].delivery_id):
        raise WrongUse(f"Delivery {found[0].delivery_id} was taken already: nothing to accept.")
    write_override(settings, found[0].delivery_id, because.strip())
    return found[0]
