"""Which tables stand beside the relief model, and their columns.

Here: names, descriptions, columns with their types. Not here: how they are made (`tables.py`).
"""

TEXTS = {
    "posterior_check": "Zeros, heaping, mean and SD of reports by session and status, observed "
    "and in replicates of the relief model and of the Gaussian curve.",
    "comparator": "What other models say of the same reports: mean curve, plateau, S90, zeros.",
    "model_comparison": "Variants of the model on patients, and futures of patients, left out.",
    "sensitivity": "S90 of mean curves and the split of the rise under other families of curves, "
    "years, clocks and drugs.",
    "power_scaling": "How far prior and likelihood each decide S90 and accumulation.",
    "prior_posterior": "S90 before and after the reports, by session.",
}
COLUMNS: dict[str, dict[str, str]] = {
    "posterior_check": {
        "model": "str",
        "status": "str",
        "session_no": "int64",
        "statistic": "str",
        "observed": "float64",
        "q05": "float64",
        "q50": "float64",
        "q95": "float64",
        "p_above": "float64",
        "n_patients": "int64",
    },
    "comparator": {
        "model": "str",
        "term": "str",
        "mean": "float64",
        "q05": "float64",
        "q50": "float64",
        "q95": "float64",
        "observed": "float64",
        "n_observed": "int64",
    },
    "model_comparison": {
        "task": "str",
        "variant": "str",
        "elpd": "float64",
        "elpd_se": "float64",
        "difference": "float64",
        "difference_se": "float64",
        "n_scored": "int64",
        "n_reports": "int64",
        "pareto_k_max": "float64",
        "n_unreliable": "int64",
        "status": "str",
    },
    "sensitivity": {
        "analysis": "str",
        "term": "str",
        "mean": "float64",
        "q05": "float64",
        "q50": "float64",
        "q95": "float64",
        "n_patients": "Int64",
        "n_reports": "Int64",
        "status": "str",
        "reason": "str",
        "families_differ": "boolean",
    },
    "power_scaling": {
        "term": "str",
        "prior_sensitivity": "float64",
        "likelihood_sensitivity": "float64",
        "diagnosis": "str",
    },
    "prior_posterior": {
        "quantity": "str",
        "session_no": "int64",
        "prior_pct": "float64",
        "posterior_pct": "float64",
    },
}
TOLD_AT = (1, 4, 6, 15)
"""Sessions at which models tell their mean in `comparator`."""
