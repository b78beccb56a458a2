"""What becomes of a 5 % test where its assumptions fail: a table measured by simulation.

Here: the rejection rate of the study's test of a slope, or of a difference of slopes, when nothing
differs, with the random-intercept model and with its remedies, cluster-robust errors (CR2) and
random slopes. Run `python -m classical.assumptions [REPLICATES]` to print the table of
docs/statistics.md. Not here: power (`power.py`).
"""

import sys
from dataclasses import replace

from classical.batched.trials import DropOut, Remedy, Trial, seeded, without_effect
from classical.power import Power, simulated

SEED = 20261126
AT = (1.0, 2.0, 3.0, 4.0)
# Sizes and spreads of the study: 193 patients, 113 of them in one group, noise 18, between 20.
STUDY = Trial(193, AT, slope=5, intercept=20, tau=20, sigma=18, in_group=113)
MNAR = DropOut(-1.0, on_current=-0.04)
WORLDS = {
    "model holds": STUDY,
    "drop-out at random, given the last report (MAR)": replace(
        STUDY, drop_out=DropOut(-1.0, -0.04)
    ),
    "drop-out by the unseen report (MNAR), same in both groups": replace(STUDY, drop_out=MNAR),
    "MNAR, levels differ by 20": replace(STUDY, drop_out=MNAR, group_shift=20),
    "slopes vary between patients, SD 4": replace(STUDY, slope_sd=4),
    "slopes vary between patients, SD 8": replace(STUDY, slope_sd=8),
    "reports heaped on tens and cut at 0 and 100": replace(STUDY, heap=10),
    "heaped, levels differ by 20 (zeros pile up in one group)": replace(
        STUDY, heap=10, intercept=0, group_shift=20
    ),
}


REMEDIES: dict[Remedy, str] = {
    "none": "random intercept, %",
    "robust": "cluster-robust (CR2), %",
    "random_slope": "random slope, %",
}


def rates(n_replicates: int = 20_000) -> dict[str, dict[Remedy, Power]]:
    """Return for each world the rate of rejection, as it is and with each remedy."""
    return {
        name: {
            remedy: simulated(without_effect(world), seeded(SEED), n_replicates, remedy=remedy)
            for remedy in REMEDIES
        }
        for name, world in WORLDS.items()
    }


def main() -> None:
    """Print the table in Markdown."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"| what is true | {' | '.join(REMEDIES.values())} |\n|{'---|' * (1 + len(REMEDIES))}")
    for name, found in rates(n).items():
        cells = [_cell(one) for one in found.values()]
        print(f"| {name} | {' | '.join(cells)} |")


def _cell(rate: Power) -> str:
    failed = f", {rate.n_failed} failed" if rate.n_failed else ""
    return f"{100 * rate.estimate:.2f} ± {100 * rate.mcse:.2f}{failed}"


if __name__ == "__main__":
    main()
