"""What a tally comes to: recall with intervals, precision by tier, as records and as Markdown.

Here: shares of counts and their Wilson intervals. Not here: counting (`scores`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from classical.contingency import wilson_interval
from orchestration.measured.scores import HIT, JUDGED, Tally
from simulate.defects import catalogue


def share(events: int, total: int) -> dict[str, Any]:
    """A share with its Wilson 95 % interval; None where there is nothing to count."""
    if not total:
        return {"value": None, "lo": None, "hi": None, "n": 0}
    lo, hi = wilson_interval(events, total)
    return {"value": events / total, "lo": lo, "hi": hi, "n": total}


def by_class(tally: Tally) -> dict[int, dict[str, Any]]:
    """Recall of each class that was injected: any rule, found, right action, exact repairs."""
    n: dict[int, int] = defaultdict(int)
    hits: dict[tuple[int, str], int] = defaultdict(int)
    for (defect, _), many in tally.n.items():
        n[defect] += many
    for (defect, _, what), many in tally.hits.items():
        hits[defect, what] += many
    classes = catalogue.load()
    return {
        defect: {
            "name": classes[defect].name,
            "group": classes[defect].group,
            "detectable": classes[defect].detectable,
            "recall": share(hits[defect, "found"], n[defect]),
            **{what: hits[defect, what] / n[defect] for what in HIT},
            "repair_exact": share(tally.exact[defect], tally.repaired[defect]),
        }
        for defect in sorted(n)
    }


def means(tally: Tally) -> dict[str, float | None]:
    """Unweighted mean recall of the classes declared detectable, and of all."""
    listed = by_class(tally).values()
    sure = [one["recall"]["value"] for one in listed if one["detectable"]]
    every = [one["recall"]["value"] for one in listed]
    return {
        "detectable": sum(sure) / len(sure) if sure else None,
        "all": sum(every) / len(every) if every else None,
    }


def precision(tally: Tally, tier: str) -> dict[str, Any]:
    """Precision of a tier, implicated lines left out and counted as errors."""
    right, implicated, wrong = (
        tally.verdicts[tier, verdict] for verdict in ("right", "implicated", "false_alarm")
    )
    return {
        **share(right, right + wrong),
        "implicated": implicated,
        "implicated_as_errors": share(right, right + wrong + implicated),
        "false_alarms": wrong,
        "remarks": tally.verdicts[tier, "remark"],
    }


def as_object(tally: Tally) -> dict[str, Any]:
    """The `truth` part of `plateau quality --truth --json`."""
    n, found = sum(tally.n.values()), sum(many for k, many in tally.hits.items() if k[2] == "found")
    tiers = {tier: precision(tally, tier) for tier in JUDGED}
    alarms = sum(one["false_alarms"] for one in tiers.values())
    return {
        "recall": share(found, n),
        "mean_recall": means(tally),
        "precision_hard": tiers["hard"],
        "precision_repair": tiers["repair"],
        "precision_flag": tiers["flag"],
        "repair_exact": share(sum(tally.exact.values()), sum(tally.repaired.values())),
        "false_alarms_per_1000_clean_rows": 1000 * alarms / tally.clean_rows
        if tally.clean_rows
        else None,
        "clean_rows": tally.clean_rows,
        "by_class": {str(defect): one for defect, one in by_class(tally).items()},
        "missed": [
            dict(zip(("defect", "variant", "delivery", "file", "line"), one, strict=True))
            for one in tally.missed
        ],
    }


def markdown_by_class(tally: Tally) -> str:
    """The table of the docs: a row a class."""
    lines = [
        "| class | | group | n | recall | 95 % interval | right action | repairs exact |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for defect, one in by_class(tally).items():
        recall, exact = one["recall"], one["repair_exact"]
        name = one["name"] + ("" if one["detectable"] else " (declared not detectable)")
        exactly = f"{round(exact['value'] * exact['n'])} of {exact['n']}" if exact["n"] else ""
        lines.append(
            f"| {defect} | {name} | {one['group']} | {recall['n']} | {recall['value']:.3f} | "
            f"{recall['lo']:.3f} to {recall['hi']:.3f} | {one['right_action']:.3f} | {exactly} |"
        )
    return "\n".join(lines)


def markdown_means(tally: Tally) -> str:
    """Both unweighted means, and the classes below 0.99 of the groups that must reach it."""
    both, classes = means(tally), by_class(tally)
    below = [
        f"{defect} ({one['recall']['value']:.3f})"
        for defect, one in classes.items()
        if one["group"] in catalogue.SURE_GROUPS and one["recall"]["value"] < 0.99
    ]
    return (
        f"Unweighted mean recall: {both['detectable']:.4f} of the classes declared detectable, "
        f"{both['all']:.4f} of all. Format, structure, range and key classes below 0.99: "
        f"{', '.join(below) or 'none'}."
    )


def markdown_tiers(tally: Tally) -> str:
    """Precision by tier."""
    lines = [
        "| tier | findings right | false alarms | precision | 95 % interval | implicated | "
        "precision with these as errors | remarks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for tier in JUDGED:
        one = precision(tally, tier)
        if not one["n"]:
            continue
        with_these = one["implicated_as_errors"]["value"]
        lines.append(
            f"| {tier} | {tally.verdicts[tier, 'right']} | {one['false_alarms']} | "
            f"{one['value']:.4f} | {one['lo']:.4f} to {one['hi']:.4f} | {one['implicated']} | "
            f"{with_these:.4f} | {one['remarks']} |"
        )
    return "\n".join(lines)


def false_rules(tally: Tally) -> str:
    """Rules behind false alarms of the judged tiers, most first."""
    ranked = sorted(tally.false_rules.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{many} {rule} ({tier})" for (tier, rule), many in ranked if tier in JUDGED)


def clean_line(tally: Tally) -> str:
    """What was said of clean clinics."""
    hard = tally.verdicts["hard", "false_alarm"]
    alarms = sum(tally.verdicts[tier, "false_alarm"] for tier in JUDGED)
    per_1000 = 1000 * alarms / tally.clean_rows if tally.clean_rows else 0.0
    return (
        f"{hard} rows or cells set aside, {alarms} false alarms ({per_1000:.2f} per 1,000 clean "
        f"rows: {false_rules(tally) or 'none'})."
    )


def missed(tally: Tally) -> str:
    """Classes and variants of the defects that were not found."""
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for defect, variant, *_ in tally.missed:
        counts[defect, variant] += 1
    return ", ".join(f"{many} of {defect} {variant}" for (defect, variant), many in counts.items())
