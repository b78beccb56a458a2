"""What stands beside the relief model as assets: predictive checks, comparators, sensitivities.

Made anew only where the curves were: while `model_status` names the same fit the rows stand. They
are of a fit that converged, and name it in `run_id`; where tonight's fit did not, the last good
ones stand like those of the curves. Nothing here holds back the marts.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np

from bayes.checks.columns import COLUMNS, TEXTS, TOLD_AT, empty
from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.model_store import STATUS_TABLE, earlier, read_data, stored_draws
from orchestration.settings import Settings
from orchestration.warehouse import replace_table, tables

if TYPE_CHECKING:
    import pandas as pd

    from bayes.diagnostics import Diagnosis

CHECK_TABLES = TEXTS


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
            reason = _attempt(settings, build, journal)
        counts = row_counts(build, list(CHECK_TABLES))
        for name in CHECK_TABLES:
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name])
        yield dg.AssetCheckResult(
            check_name="relief_model_checked",
            asset_key="posterior_check",
            passed=not reason,
            severity=dg.AssetCheckSeverity.WARN,
            description=reason or "made for the curves shown",
        )

    return [relief_model_checks]


def _attempt(settings: Settings, build: Build, journal: Journal) -> str:
    """Make what is due; return why the tables are not those of the curves shown, or nothing."""
    fitted = earlier(build)
    run_id = fitted.get("rows_run_id")
    if not isinstance(run_id, str):
        return _keep(build, "no relief curve has been fitted yet")
    if _made_for(build) == run_id:
        return ""
    if fitted["status"] != "converged":
        return _keep(build, "tonight's curves did not converge")
    try:
        fresh = _tables(settings, build, fitted, journal)
    except Exception as error:
        # The text of an unexpected error may quote a report, so only its type is kept.
        journal.event("model_failed", error=type(error).__name__)
        return _keep(build, f"the checks stopped on {type(error).__name__}")
    now = datetime.now(UTC).replace(tzinfo=None)
    with build.write() as connection:
        for name, frame in fresh.items():
            replace_table(connection, name, frame.assign(run_id=run_id, fitted_at=now))
    return ""


def _made_for(build: Build) -> str | None:
    """Return the fit that the tables are of, None where one is absent, of another or empty."""
    with build.read() as connection:
        held = set(tables(connection))
        if not held.issuperset(CHECK_TABLES):
            return None
        ids = {
            connection.execute(f'select any_value(run_id) from "{name}"').fetchall()[0][0]
            for name in CHECK_TABLES
        }
    return ids.pop() if len(ids) == 1 else None


def _keep(build: Build, reason: str) -> str:
    """Keep what is held, with empty tables where there is nothing; return the reason."""
    with build.write() as connection:
        for name in set(CHECK_TABLES) - set(tables(connection)):
            replace_table(connection, name, empty(name))
    return reason


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
