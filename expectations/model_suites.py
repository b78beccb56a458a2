"""Suites of the tables of the relief model and what stands on it, and what their columns mean.

Belongs here: the tables of the three files together. Does not: a check of one of them
(`curve_suites`, `model_check_suites`, `surgery_suites`), the models (docs/models.md), convergence
(`bayes/diagnostics.py`). A failure is told and never holds back the marts.
"""

from expectations import curve_suites, model_check_suites, surgery_suites
from expectations.checks import Check, has_columns
from expectations.model_shapes import FIT, Columns, Suite, names_its_fit

_PARTS = (curve_suites, model_check_suites, surgery_suites)
MODEL_COLUMNS: dict[str, Columns] = {
    name: columns | FIT for part in _PARTS for name, columns in part.COLUMNS.items()
}
KEYS: dict[str, str] = {name: key for part in _PARTS for name, key in part.KEYS.items()}
"""Column that names a row in results: never a patient."""
STATUS_COLUMNS: Columns = {
    "model": ("varchar", "relief, relief_checks or surgery, the row's key"),
    "run_id": ("varchar", "run of the last attempt"),
    "attempted_at": ("timestamp", "when it began, UTC"),
    "status": (
        "varchar",
        "converged, made or estimated; else the last good rows stand",
    ),
    "reason": ("varchar", "why, in words"),
    "engine": ("varchar", "engine that fitted; NULL: none did"),
    "is_reused": ("boolean", "nothing that it depends on has changed since the rows that stand"),
    "rows_run_id": ("varchar", "run whose rows the tables hold; NULL: none ever"),
    "rows_fitted_at": ("timestamp", "when those were made, UTC"),
    "r_hat_max": ("double", "largest split R-hat; NULL: no chains"),
    "ess_min": ("double", "least effective draws"),
    "pareto_k": ("double", "Pareto k of the importance weights; NULL: chains"),
    "divergences": ("integer", "divergent draws"),
    "n_patients": ("integer", "patients asked for"),
    "n_sessions": ("integer", "sessions of theirs"),
    "seconds": ("double", "seconds of the attempt"),
    "data_hash": ("varchar", "of data, settings and code of the fit"),
    "mode": ("varchar", "where the next fit begins, JSON"),
}
"""Of `model_status`, which says of each model what became of its last attempt."""
_SUITES: dict[str, Suite] = {name: s for part in _PARTS for name, s in part.SUITES.items()}


def checks_of_model(name: str) -> list[Check]:
    """Return the checks of a table of the relief model or of the surgery model.

    Raises
    ------
    KeyError
        If there is none of the name.
    """
    return [has_columns(list(MODEL_COLUMNS[name])), *names_its_fit(), *_SUITES[name]()]
