"""Coverage, calibration and discrimination over clinics, for `model_worlds.py`."""

import numpy as np
import pandas as pd
from worlds_judged import LEVELS

from bayes.scoring import auc, brier, ici, ici_if_true, logistic_brier


def clustered(rows, column):
    """Return the share and its error, clinics as clusters."""
    known = rows.dropna(subset=[column])
    by = known.groupby("clinic")[column].agg(["sum", "size"])
    share, n = by["sum"].sum() / by["size"].sum(), len(by)
    resid = by["sum"] - share * by["size"]
    return share, np.sqrt(n / max(n - 1, 1) * (resid**2).sum()) / by["size"].sum()


def coverage_table(patients):
    """Coverage by quantity and group."""
    length = pd.cut(patients["n_sessions"], [0, 4, 14, np.inf], labels=["1-4", "5-14", "15+"])
    status = patients["is_responder"].map({1.0: "responder", 0.0: "other"}).fillna("unknown")
    true = np.where(patients["true_plateau"] >= 30, "plateau >= 30", "plateau < 30")
    groups = {"all": np.full(len(patients), "all"), "family": patients["family"],
              "sessions": length.astype(str), "status": status, "truth": true}  # fmt: skip
    shown = patients.assign(told=patients["p_plateau_ge_10"] >= 0.8)
    rows = []
    for kind, labels in groups.items():
        for (quantity, label), part in shown.groupby(["quantity", np.asarray(labels)]):
            for told, some in (("all", part), ("told", part[part["told"]])):
                if quantity != "saturation" and told == "told":
                    continue
                cells = {}
                for level in LEVELS:
                    share, error = clustered(some, f"in_{level}")
                    cells |= {f"cov_{level}": 100 * share, f"mcse_{level}": 100 * error}
                rows.append(
                    {
                        "quantity": quantity,
                        "of": told,
                        "by": kind,
                        "group": label,
                        "n": len(some),
                        "bias": (some["mean"] - some["truth"]).mean(),
                    }
                    | cells
                )
    return pd.DataFrame(rows)


def prediction_table(told, rng):
    """ICI, AUC and Brier by landmark, event and group, beside scores without a model."""
    rows = []
    for (k, group), part in told.groupby(["k", "group"]):
        for event in ("plateau", "late"):
            if len(part):
                y, p = part[event].to_numpy(bool), part[f"p_{event}"].to_numpy()
                each = [
                    ici(one[f"p_{event}"].to_numpy(), one[event].to_numpy(bool))
                    for _, one in part.groupby("clinic")
                    if len(one) >= 200
                ] or [np.nan]
                row = {"k": k, "group": group, "event": event, "n": len(part), "share": y.mean(),
                       "ici": ici(p, y), "ici_if_true": ici_if_true(p, rng),
                       "ici_median_clinic": np.median(each),
                       "ici_p90_clinic": np.quantile(each, 0.9),
                       "auc": auc(p, y), "brier": brier(p, y)}  # fmt: skip
                for score in ("last", "best", "slope"):
                    row[f"auc_{score}"] = auc(part[score].to_numpy(), y)
                    row[f"brier_{score}"] = logistic_brier(part[score].to_numpy(), y)
                rows.append(row)
    return pd.DataFrame(rows)


def pit_table(told):
    """Share of PITs within the middle 90 %, and of reports within plain 90 % intervals."""
    rows = []
    for k, part in told.groupby("k"):
        for name in ("next", "15"):
            known = part.dropna(subset=[f"pit_{name}"])
            inside = known.assign(held=known[f"pit_{name}"].between(0.05, 0.95).astype(float))
            if len(inside):
                share, error = clustered(inside, "held")
                plain, _ = clustered(inside, f"in_90_{name}")
                rows.append({"k": k, "report": name, "n": len(inside), "pit_90": 100 * share,
                             "mcse": 100 * error, "plain_90": 100 * plain})  # fmt: skip
    return pd.DataFrame(rows)
