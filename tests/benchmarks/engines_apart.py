"""Why the engines differ: the marginal density and its proposals at the draws of a NUTS reference.

For every choice of nodes the log density less that of the finest, which is a constant where nodes
do; and the log weights that importance sampling would give the reference: where these are large,
the posterior reaches further than the proposals.

python tests/benchmarks/engines_agree.py --sessions 4 --runs 1 --out DIR
python tests/benchmarks/engines_apart.py --sessions 4 --reference DIR/sessions_4-4000-CODE
"""

import argparse
from pathlib import Path

import numpy as np

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.marginal.grid import make_nodes
from bayes.marginal.mode import find_mode
from bayes.marginal.proposals import log_densities, measure
from bayes.marginal.target import Target
from bayes.parameters import NAMES
from orchestration.benchmarks.bayes import clinic

FINEST = make_nodes(32, 5, 11, 9, step=0.22)
CHOICES = {
    "as shipped": make_nodes(),
    "12 rates, 0.55 apart": make_nodes(12, step=0.55),
    "28 rates, 0.25 apart": make_nodes(28, step=0.25),
    "5 x 11 of start and plateau": make_nodes(20, 5, 11, 9, step=0.35),
}
FARTHEST = 5


def densities(cohort, covariates, nodes, points):
    """Log marginal likelihoods, every component counted, shape (points,)."""
    target = Target(cohort, covariates, nodes=nodes, threads=1)
    result = []
    for point in points:
        places = target.new_places()
        target.adapt(point, places, 8)
        result.append(target.log_marginals(point, places)[0].sum())
    return np.array(result)


def say_nodes(cohort, covariates, points):
    """Print how far each choice of nodes is from the finest."""
    best = densities(cohort, covariates, FINEST, points)
    for name, nodes in CHOICES.items():
        off = densities(cohort, covariates, nodes, points) - best
        off -= np.median(off)
        print(f"{name}: SD {off.std():.3f}, {off.min():.2f} to {off.max():.2f}", flush=True)


def say_weights(cohort, covariates, points):
    """Print the log weights of the reference under the shipped engine, and where they are large."""
    target = Target(cohort, covariates, threads=1)
    mode = find_mode(target)
    proposals = measure(target, mode)
    scores = np.linalg.solve(mode.root, (points - mode.point).T).T
    weight = log_densities(target, points, mode.places) - proposals.log_density(scores)
    weight -= np.median(weight)
    for share in (0.05, 0.25, 0.75, 0.9):
        print(f"log weight at {share:.0%}: {np.quantile(weight, share, method='lower'):.1f}")
    print(f"beyond all proposals: {np.isinf(weight).mean():.1%}")
    heavy = proposals.ridges.straightened(scores)[np.argsort(-weight)[: len(points) // 8]]
    names, mean = [*NAMES, *covariates.labels], heavy.mean(axis=0)
    far = np.argsort(-np.abs(mean))[:FARTHEST]
    print("the heaviest eighth lies at", ", ".join(f"{names[k]} {mean[k]:.1f}" for k in far))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30, help="of each patient at most")
    parser.add_argument("--reference", type=Path, required=True, help="folder of engines_agree")
    parser.add_argument(
        "--points", type=int, default=200, help="of the reference; a fifth for nodes"
    )
    asked = parser.parse_args()
    sessions, patients = clinic()
    cohort = prepare(sessions[sessions["session_no"] <= asked.sessions], patients)
    covariates = covariates_of(cohort)
    runs = [np.load(path)["scores"] for path in sorted(asked.reference.glob("nuts_??.npz"))]
    flat = np.concatenate(runs).reshape(-1, runs[0].shape[-1])
    points = flat[np.linspace(0, len(flat) - 1, asked.points).astype(int)]
    say_weights(cohort, covariates, points)
    say_nodes(cohort, covariates, points[::5])


if __name__ == "__main__":
    main()
