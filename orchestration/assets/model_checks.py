"""What stands beside the relief model as assets: predictive checks, comparators, sensitivities.

Made anew only where the curves were: while `model_status` names the same fit the rows stand. Their
`run_id` is that of the fit. Nothing here holds back the marts.
"""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np

from bayes.checks.columns import COLUMNS, TEXTS, TOLD_AT
from orchestration import model_rows
from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.model_rows import CHECKS, STATUS_TABLE
from orchestration.model_store import read_data, stored_draws
from orchestration.settings import Settings
from orchestration.warehouse import tables

if TYPE_CHECKING:
    import pandas as pd

    from bayes.diagnostics import Diagnosis

CHECK_TABLES = TEXTS
MADE = "made for the curves shown"


def make(settings: Settings) -> list[Any]:
    """Assets of the checks of the relief model."""

    @dg.multi_asset(
        name="relief_model_checks",
        specs=[
            dg.AssetSpec(
                name,
                deps=[STATUS_TABLE, "sessions", "status"],
                group_name="models",
                kinds={"python", "duckdb"},
                owners=SCIENCE,
                description=text,
            )
            for name, text in CHECK_TABLES.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "relief_model_checked",
                asset="posterior_check",
                description="The checks are those of the curves shown. A failure leaves the "
                "earlier ones, which say of which fit they are, and never holds back the marts.",
            )
        ],
        pool=WRITER_POOL,
    )
    def relief_model_checks(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[Any]:
        with journal.step("checks of the relief model"):
            status = _attempt(settings, build, journal)
        counts = row_counts(build, list(CHECK_TABLES))
        for name in CHECK_TABLES:
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name])
        yield dg.AssetCheckResult(
            check_name="relief_model_checked",
            asset_key="posterior_check",
            passed=status["status"] == "made",
            severity=dg.AssetCheckSeverity.WARN,
            description=status["reason"],
        )

    return [relief_model_checks]


def _attempt(settings: Settings, build: Build, journal: Journal) -> dict[str, Any]:
    """Make what is due; return the status row."""
    began = time.perf_counter()
    status = model_rows.attempt(build, CHECKS)
    curves, held = model_rows.earlier(build), model_rows.earlier(build, CHECKS)
    of_run, fresh = curves.get("rows_run_id"), None
    if not isinstance(of_run, str):
        status["reason"] = "no relief curve has been fitted yet"
    elif held.get("rows_run_id") == of_run and _are_held(build):
        status |= {"status": "made", "reason": MADE, "is_reused": True}
    elif curves["status"] != "converged":
        status["reason"] = "tonight's curves did not converge"
    else:
        try:
            fresh = _tables(settings, build, curves, journal)
            status |= {"status": "made", "reason": MADE}
        except Exception as error:
            # The text of an unexpected error may quote a report, so only its type is kept.
            journal.event("model_failed", error=type(error).__name__)
            status["reason"] = f"the checks stopped on {type(error).__name__}"
    status["seconds"] = round(time.perf_counter() - began, 2)
    model_rows.keep(build, status, fresh, CHECK_TABLES, of_run=of_run)
    return status


def _are_held(build: Build) -> bool:
    """Return whether every table is there: an earlier Plateau may have known fewer."""
    with build.read() as connection:
        return set(tables(connection)).issuperset(CHECK_TABLES)


def _tables(
    settings: Settings, build: Build, fitted: dict[str, Any], journal: Journal
) -> dict[str, "pd.DataFrame"]:
    import pandas as pd

    from bayes.checks.tables import check_tables
    from bayes.cohort import prepare
    from bayes.fit import Fit
    from bayes.posterior import restored

    draws = stored_draws(settings, fitted["rows_run_id"])
    if draws is None:
        raise FileNotFoundError(settings.posteriors)
    sessions, patients = read_data(build)
    cohort = prepare(sessions, patients)
    posterior = restored(draws, cohort, str(fitted["engine"]), settings.seed)
    mode = json.loads(fitted["mode"]) if isinstance(fitted["mode"], str) else {}
    fit = Fit(posterior, _verdict(fitted), mode)
    found = check_tables(fit, sessions, patients, progress=journal.progress)
    line = study_line(sessions, found["comparator"])
    found["comparator"] = pd.concat([found["comparator"], line], ignore_index=True)
    return found


def _verdict(fitted: dict[str, Any]) -> "Diagnosis":
    """Return what the gate said of the fit."""
    import pandas as pd

    from bayes.diagnostics import Diagnosis

    said = (str(fitted["status"]), str(fitted["reason"]), fitted["r_hat_max"], fitted["ess_min"])
    return Diagnosis(*said, int(fitted["divergences"]), pd.DataFrame(), fitted["pareto_k"])


def study_line(sessions: "pd.DataFrame", told: "pd.DataFrame") -> "pd.DataFrame":
    """Return the study's mixed model of sessions 1-4 as rows of `comparator`, its line carried on.

    Zeros and reports outside 0-100 are those of its normal distribution at session 1, a zero the
    cell from -0.5 to 0.5. A line has no plateau.
    """
    import pandas as pd
    from scipy.stats import norm

    from classical.mixed import fit_random_intercept

    early = sessions[(sessions["session_no"] <= 4) & sessions["pain_relief_pct"].notna()]
    number = early["session_no"].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(early)), number])
    found = fit_random_intercept(early["pain_relief_pct"], design, early["patient_id"])
    level, slope = found.estimate
    at_first = norm(level + slope, np.hypot(found.sigma, found.tau))
    said = {f"mean_{session}": level + slope * session for session in TOLD_AT}
    said["zeros_1_pct"] = 100 * (at_first.cdf(0.5) - at_first.cdf(-0.5))
    said["outside_1_pct"] = 100 * (at_first.cdf(0) + at_first.sf(100))
    seen = told[told["model"] == "relief"].set_index("term")[["observed", "n_observed"]]
    rows = [
        {"model": "linear_mixed", "term": term, "mean": value, **seen.loc[term].to_dict()}
        for term, value in said.items()
    ]
    frame = pd.DataFrame(rows).reindex(columns=list(COLUMNS["comparator"]))
    return frame.astype({"n_observed": int})
