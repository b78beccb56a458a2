"""The calibration in words and tables: markdown for `docs/calibration-report.md` and the terminal.

Here: what is printed, and in which order; what the publication does not determine comes first.
Not here: any number's origin.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.calibration import misfit, prior
from simulate.calibration.calibrate import Fitted
from simulate.calibration.ensemble import Provenance
from simulate.calibration.replicas import Standing

COLUMNS = ["statistic", "block", "published", "median", "lo", "hi", "z", "is_met"]


def fit_page(fitted: Fitted, provenance: Provenance, seed: int) -> str:
    """Return the report of a fit."""
    posterior = misfit.posterior_table(fitted)
    parts = [
        "# Calibration report\n",
        "Made by the command below; simulated throughout. How to read it: "
        "[calibration.md](calibration.md).\n",
        _story(provenance),
        "## What the publication does not determine\n",
        _not_determined(posterior),
        "## Structures: prior beside posterior\n",
        markdown(misfit.structure_table(fitted)),
        "Evidence of every combination, also by either half of the clinics: shares are averaged "
        "over the error that the halves show.\n",
        markdown(misfit.evidence_table(fitted)),
        "## Informed parameters: prior beside posterior\n",
        "`left` is the share of the prior's SD that remains, `shift` the move of its mean in prior "
        "SDs; beside each target, the shift if its printed figure were one sampling SD higher.\n",
        markdown(_told(posterior[posterior["is_informed"]])),
        "## What each block drives\n",
        "Shift of the posterior mean plus growth of its SD, in prior SDs, when a block is left "
        "out; parameters with any entry of 0.3 or more.\n",
        markdown(_large(misfit.without_each_block(fitted, seed))),
        "## What cannot hold together\n",
        "Targets more than 1.64 sampling SDs from what the fitted worlds expect, and the blocks "
        "without which they would not be.\n",
        markdown(misfit.conflicts(fitted, seed)),
    ]
    return "\n".join(parts)


def acceptance_page(
    judged: pd.DataFrame, blocks: pd.DataFrame, wrong: pd.DataFrame, stands: Standing
) -> str:
    """Return the acceptance figure: blocks, wrong worlds, and every target's misfit."""
    parts = [
        "## Acceptance by block\n",
        "Statistics whose printed value lies in the 95 % interval of replicate clinics of 193 "
        "patients; `width_ratio` is that interval's width over sampling alone (median).\n",
        markdown(blocks),
        "## Wrong worlds\n",
        "Share of statistics met by block; each of these must fail somewhere.\n",
        markdown(wrong),
        "## The study among replicas\n",
        _standing(judged, stands),
        "## Misfit by target\n",
        markdown(judged[[*COLUMNS, "width_ratio"]]),
    ]
    return "\n".join(parts)


def validation_page(judged: pd.DataFrame, blocks: pd.DataFrame, stands: Standing) -> str:
    """Return how held-out figures compare, blocks that no fitted figure informs apart."""
    informed = blocks[blocks["is_informed"]]
    met, n = int(informed["met"].sum()), int(informed["n"].sum())
    parts = [
        "# Held-out figures\n",
        "Simulated throughout. None of these figures was seen by the fit. Published values in the "
        "95 % interval of replicate clinics of 193 patients; `width_ratio` is that interval's "
        "width over sampling alone (median).\n",
        f"**{met} of {n} statistics that some fitted figure informs are met "
        f"({100 * met / n:.0f} %).**\n",
        markdown(informed.drop(columns="is_informed")),
        "Blocks that no fitted figure informs:\n",
        markdown(blocks[~blocks["is_informed"]].drop(columns="is_informed")),
        "## The study among replicas\n",
        "Of the informed blocks. "
        + _standing(judged[judged["block"].isin(informed["block"])], stands),
        "## By statistic\n",
        markdown(judged[[*COLUMNS, "width_ratio"]]),
    ]
    return "\n".join(parts)


def _standing(judged: pd.DataFrame, stands: Standing, n: int = 8) -> str:
    replicas = len(stands.replicas)
    order = np.argsort(-np.nan_to_num(stands.contribution))[:n]
    apart = ", ".join(
        f"{judged['statistic'].iloc[k]} ({100 * stands.contribution[k]:.0f} %)" for k in order
    )
    return (
        f"By Mahalanobis distance the study is number {stands.rank} of {replicas + 1}, 1 being the "
        f"most central (p = {stands.p:.3f}: share of replicas at least as far). What tells it "
        "apart, by the square of what the other statistics leave unexplained, as a share of the "
        f"squared distance: {apart}.\n"
    )


def markdown(table: pd.DataFrame) -> str:
    """Return a table in markdown, numbers to three significant digits."""
    if table.empty:
        return "None.\n"
    head = "| " + " | ".join(str(name) for name in table.columns) + " |"
    line = "|" + "---|" * len(table.columns)
    rows = ["| " + " | ".join(_cell(value) for value in row) + " |"
            for row in table.itertuples(index=False)]  # fmt: skip
    return "\n".join([head, line, *rows]) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def _story(provenance: Provenance) -> str:
    return (
        f"`{provenance.command}`, seed {provenance.seed}, {provenance.made_on}, Plateau "
        f"{provenance.version}, scenario {provenance.scenario}, targets {provenance.targets}: "
        f"{provenance.simulated} simulated clinics in {provenance.rounds} rounds; effective size "
        f"{provenance.effective_size:.0f}.\n"
    )


def _not_determined(posterior: pd.DataFrame) -> str:
    loose = posterior[~posterior["is_informed"]].merge(
        prior.prior_table()[["parameter", "why", "meaning"]], on="parameter"
    )
    text = (
        f"{len(loose)} of {len(posterior)} free parameters are informed by no calibration figure: "
        "they keep the prior below, and whatever rests on them keeps that width.\n\n"
    )
    columns = ["parameter", "meaning", "unit", "prior_lo", "prior_hi", "left", "why"]
    fixed = pd.DataFrame(prior.fixed_table().items(), columns=["parameter", "why it is not free"])
    return text + markdown(loose[columns]) + "\nNot free at all:\n\n" + markdown(fixed)


def _told(posterior: pd.DataFrame) -> pd.DataFrame:
    return posterior.drop(columns="is_informed")


def _large(table: pd.DataFrame) -> pd.DataFrame:
    blocks = [name for name in table if name != "parameter"]
    return table[(table[blocks] >= 0.3).any(axis=1)]
