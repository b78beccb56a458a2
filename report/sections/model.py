"""The model's part of section 5: notices, population estimates, convergence."""

from typing import Any

from report.blocks import Block, DataTable, Fold, Notice
from report.facts import ReportFacts
from report.frames import Absent, Frames, is_missing, records, take
from report.wording import count, interval, moment, number, words

_GOOD = ("converged", "made", "estimated")
_NAMES = {
    "relief": "Model “Relief”",
    "relief_checks": "What stands beside model “Relief”",
    "surgery": "Model “Surgery”",
}
_HAPPENED = {
    "converged": "converged",
    "made": "was made",
    "estimated": "was estimated",
    "not_converged": "did not converge",
    "not_estimated": "could not be estimated",
}
CURVES, SURGERY = ("relief", "relief_checks"), ("surgery",)


def model_notices(
    frames: Frames, facts: ReportFacts, models: tuple[str, ...] = (*CURVES, *SURGERY)
) -> list[Notice]:
    """Return one notice for every model that was not good tonight or shows earlier rows.

    Parameters
    ----------
    frames
        `model_status` is read.
    facts
        Gives the run that the page is about.
    models
        Those that are told of.

    Returns
    -------
    list of Notice
        Empty if every model converged in this run.
    """
    columns = [
        "model",
        "run_id",
        "attempted_at",
        "status",
        "reason",
        "is_reused",
        "rows_run_id",
        "rows_fitted_at",
    ]
    status = take(frames, "model_status", columns)
    if isinstance(status, Absent):
        return [Notice(f"The state of the model is not known: {status.reason}", "warning")]
    by = {row["model"]: row for row in records(status)}
    notices = [_model_notice(by[name], facts) for name in models if name in by]
    return [notice for notice in notices if notice]


def not_estimated(frames: Frames, model: str) -> str | None:
    """Return why a model's last attempt gave nothing, None where it did or nobody knows."""
    status = take(frames, "model_status", ["model", "status", "reason"])
    if isinstance(status, Absent):
        return None
    mine = [row for row in records(status) if row["model"] == model]
    return str(mine[0]["reason"]) if mine and mine[0]["status"] not in _GOOD else None


def _model_notice(row: dict[str, Any], facts: ReportFacts) -> Notice | None:
    """Say what is wrong with one model's rows; None if they converged and fit the data."""
    has_rows = not is_missing(row["rows_run_id"])
    is_current = has_rows and row["rows_run_id"] == facts.run_id
    is_reused = not is_missing(row["is_reused"]) and bool(row["is_reused"])
    if row["status"] in _GOOD and (is_current or (has_rows and is_reused)):
        return None
    if row["status"] == "not_estimated" and not has_rows:
        return None  # a clinic without operated patients; its section says so
    happened = _HAPPENED.get(str(row["status"]), "could not be made")
    because = "" if is_missing(row["reason"]) or not row["reason"] else f" ({row['reason']})"
    at = moment(row["attempted_at"])
    text = f"{_NAMES[row['model']]} {happened} in run {row['run_id']} of {at}{because}. "
    if not has_rows:
        text += "There are no earlier estimates, so none are shown."
    elif is_current:
        text += "The estimates shown are of this run; do not rely on them."
    else:
        text += (
            f"The estimates shown are older: run {row['rows_run_id']}, "
            f"fitted {moment(row['rows_fitted_at'])}; newer sessions are not in them."
        )
    return Notice(text, "warning")


def population(frames: Frames) -> Block:
    """Return the population estimates, or why there are none."""
    columns = ["term", "mean", "sd", "q05", "q50", "q95", "r_hat", "ess_bulk", "ess_tail"]
    frame = take(frames, "population_estimate", columns)
    if isinstance(frame, Absent):
        return Notice(f"Population estimates are not shown: {frame.reason}")
    rows = [
        (
            words(row["term"]),
            number(row["mean"], 2),
            number(row["sd"], 2),
            number(row["q50"], 2),
            interval(row["q05"], row["q95"], 2),
            number(row["r_hat"], 3),
            count(row["ess_bulk"]),
            count(row["ess_tail"]),
        )
        for row in records(frame)
    ]
    heads = ["Term", "Mean", "SD", "Median", "90 % interval", "R-hat", "ESS bulk", "ESS tail"]
    return Fold("Population estimates", DataTable(heads, rows), is_open=True)


def convergence(frames: Frames) -> Block:
    """Return verdict and diagnostics of every model, or why there are none."""
    columns = ["model", "run_id", "attempted_at", "status", "engine", "is_reused", "pareto_k"]
    columns += ["r_hat_max", "ess_min", "divergences", "n_patients", "n_sessions", "seconds"]
    frame = take(frames, "model_status", columns)
    if isinstance(frame, Absent):
        return Notice(f"Convergence is not shown: {frame.reason}")
    frame = frame[frame["model"] == "relief"]
    rows = [
        (
            words(row["model"]),
            words(row["status"]),
            "–" if is_missing(row["engine"]) else words(row["engine"]),
            moment(row["attempted_at"]),
            number(row["pareto_k"], 2),
            number(row["r_hat_max"], 3),
            count(row["ess_min"]),
            count(row["divergences"]),
            count(row["n_patients"]),
            count(row["n_sessions"]),
            number(row["seconds"]),
        )
        for row in records(frame)
    ]
    heads = ["Model", "Verdict", "Engine", "Attempted", "Pareto k", "Largest R-hat", "Least ESS"]
    heads += ["Divergences"]
    return Fold(
        "Convergence", DataTable([*heads, "Patients", "Sessions", "Seconds"], rows), is_open=True
    )
