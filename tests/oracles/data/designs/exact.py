"""Satterthwaite's degrees of freedom of some random designs to 40 digits, from the definition.

    python tests/oracles/data/designs/exact.py > tests/oracles/data/designs/exact.csv

needs mpmath, which Plateau does not. The restricted likelihood is written with each patient's whole
covariance matrix, its optimum found and all derivatives in (tau, sigma) taken with 60 digits, so
that nothing is shared with `classical.batched` nor lost to rounding, as it is in lmerTest's
numerical Hessian: where tau is 0.009 sigma the criterion of 900 moves by less than its last digits.
"""

from mpmath import diag, diff, findroot, log, matrix, mp, mpf
from random_designs import designs

mp.dps = 60
DESIGNS = (76, 210, 217, 408, 500, 711, 924)  # those that differ most from lmerTest
EFFECTS = {2: (1,), 4: (1, 3)}


def rows(outcome, at, group):
    """Each patient's design and outcome, as exact numbers."""
    for i, values in enumerate(outcome):
        seen = [k for k, y in enumerate(values) if y == y]
        if not seen:
            continue
        x = [[mpf(1), mpf(at[k])] for k in seen]
        if group is not None:
            x = [[one, t, group[i] * one, group[i] * t] for one, t in x]
        yield matrix(x), matrix([mpf(f"{values[k]:.3f}") for k in seen])


def solved(patients, tau, sigma):
    """Return (X'V^-1 X, beta, r'V^-1 r, log det V)."""
    p = patients[0][0].cols
    information, right, square, volume = matrix(p, p), matrix(p, 1), mpf(0), mpf(0)
    for x, y in patients:
        n = len(y)
        v = sigma**2 * diag([1] * n) + tau**2 * matrix([[1] * n] * n)
        inverse = v**-1
        information += x.T * inverse * x
        right += x.T * inverse * y
        square += (y.T * inverse * y)[0]
        volume += log(mp.det(v))
    beta = mp.lu_solve(information, right)
    return information, square - (right.T * beta)[0], volume


def degrees_of_freedom(patients, effect, start):
    """Return (df, optimum): df = 2 v^2 / (g' A g), A twice the inverse Hessian of the criterion."""

    def criterion(tau, sigma):
        information, square, volume = solved(patients, tau, sigma)
        return volume + log(mp.det(information)) + square

    def variance(tau, sigma):
        return (solved(patients, tau, sigma)[0] ** -1)[effect, effect]

    def score(tau, sigma):
        return [diff(criterion, (tau, sigma), order) for order in ((1, 0), (0, 1))]

    at = tuple(findroot(score, start, tol=mpf(10) ** -40))
    hessian = matrix(2, 2)
    for a, b, order in ((0, 0, (2, 0)), (0, 1, (1, 1)), (1, 0, (1, 1)), (1, 1, (0, 2))):
        hessian[a, b] = diff(criterion, at, order)
    slope = matrix([diff(variance, at, (1, 0)), diff(variance, at, (0, 1))])
    spread = (slope.T * (2 * hessian**-1) * slope)[0]
    return 2 * variance(*at) ** 2 / spread, at


def main():
    import csv
    from pathlib import Path

    with (Path(__file__).parent / "lme4.csv").open() as file:
        near = {int(row["id"]): (row["tau"], row["sigma"]) for row in csv.DictReader(file)}
    print("id,effect,df,tau,sigma")
    for k, (y, at, group) in enumerate(designs()):
        if k in DESIGNS:
            patients = list(rows(y, at, group))
            for effect in EFFECTS[patients[0][0].cols]:
                df, (tau, sigma) = degrees_of_freedom(patients, effect, tuple(map(mpf, near[k])))
                print(k, effect, *(mp.nstr(value, 20) for value in (df, tau, sigma)), sep=",")


if __name__ == "__main__":
    main()
