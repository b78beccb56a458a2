"""The joint law of who comes, from published margins: lesions, topography, laterality.

Here: tables of weights turned into the arrays that are drawn from. Not here: drawing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulate.engine.records import Lesions
from simulate.parts import Population

FloatArray = NDArray[np.float64]
LEVELS = ("central", "peripheral", "mixed")
SITES = (
    *("spinal_cord", "brainstem", "thalamus", "lenticular", "cortex", "other"),
    *("phantom_limb", "cranial", "radicular", "plexus", "nerve_trunk", "sensory_fibres"),
    "none",
)
AETIOLOGIES = (
    *("ischaemic_stroke", "haemorrhagic_stroke", "stroke_unspecified", "myelopathy"),
    *("multiple_sclerosis", "traumatic_surgical", "syrinx", "oncology", "infarct"),
    *("trigeminal_neuralgia", "polyneuropathy", "postherpetic_neuralgia", "other", "not_found"),
)
GUIDE = 256
SHIFTED = np.array(
    [
        LEVELS.index("peripheral"),
        AETIOLOGIES.index("ischaemic_stroke"),
        AETIOLOGIES.index("haemorrhagic_stroke"),
    ],
    dtype=np.int8,
)


@dataclass(frozen=True)
class Margins:
    """Cumulative conditional laws, last axis rising to 1.

    Attributes
    ----------
    lesions
        Joint law of level, site and cause.
    topography_of_site
        Shape (sites, topographies), order of `SITES` and of the scenario's topography.
    laterality_of_topography
        Shape (topographies, lateralities), order of the scenario.
    """

    lesions: Lesions
    topography_of_site: FloatArray
    laterality_of_topography: FloatArray


def margins_of(population: Population) -> Margins:
    """Return the joint law of a population.

    Raises
    ------
    ValueError
        If a code is unknown, or margins cannot hold together with the affinities.
    """
    return _margins(population.model_dump_json())


@lru_cache(maxsize=64)
def _margins(json: str) -> Margins:
    population = Population.model_validate_json(json)
    rows = _lesion_rows(population)
    weights = np.array([row[3] for row in rows])
    edges = _edges(weights)
    lesions = Lesions(
        edges=edges,
        guide=np.searchsorted(edges, np.arange(GUIDE) / GUIDE, side="right"),
        level=_codes("level", LEVELS, [row[0] for row in rows]),
        site=_codes("site", SITES, [row[1] for row in rows]),
        aetiology=_codes("cause", AETIOLOGIES, [row[2] for row in rows]),
    )
    of_site = np.bincount(lesions.site, weights=weights, minlength=len(SITES))
    topography = _raked(
        "topography_by_site", population.topography_by_site, SITES, of_site, population.topography
    )
    totals = np.array(list(population.topography.values()))
    laterality = _raked(
        "laterality_by_topography",
        population.laterality_by_topography,
        tuple(population.topography),
        totals,
        population.laterality,
    )
    return Margins(lesions, _edges(topography), _edges(laterality))


def _lesion_rows(population: Population) -> list[tuple[str, str, str, float]]:
    """The lesion table with strokes split by type; a lesion without a site has site `none`."""
    strokes = population.stroke_types
    rows: list[tuple[str, str, str, float]] = []
    whole = sum(strokes.values())
    for level, site, cause, weight in population.lesions:
        shares = {cause: 1.0} if cause != "stroke" else {k: w / whole for k, w in strokes.items()}
        rows += [(level, site or "none", name, weight * w) for name, w in shares.items() if w > 0]
    return rows


def _codes(what: str, known: tuple[str, ...], names: list[str]) -> NDArray[np.int8]:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(
            f"population.lesions: no {what} {unknown[0]!r}; allowed: {', '.join(known)}"
        )
    return np.array([known.index(name) for name in names], dtype=np.int8)


def _edges(weights: FloatArray) -> FloatArray:
    """Cumulative shares along the last axis; rows without weight take the first column."""
    total = weights.sum(axis=-1, keepdims=True)
    filled = np.where(total > 0, weights / np.where(total > 0, total, 1), 1 / weights.shape[-1])
    edges = np.cumsum(filled, axis=-1)
    edges[..., -1] = 1.0
    return np.asarray(edges)


def _raked(
    field: str,
    affinity: Mapping[str, Mapping[str, float]],
    row_names: tuple[str, ...],
    row_totals: FloatArray,
    columns: Mapping[str, float],
) -> FloatArray:
    """Scale affinities until rows and columns have their margins (iterative proportional fitting).

    Raises
    ------
    ValueError
        For an unknown row or column, or margins that the affinities cannot carry.
    """
    table = np.zeros((len(row_names), len(columns)))
    for i, row in enumerate(row_names):
        given = affinity.get(row, affinity.get("any", dict.fromkeys(columns, 1.0)))
        wrong = sorted(set(given) - set(columns)) or sorted(set(affinity) - {*row_names, "any"})
        if wrong:
            known = ", ".join([*row_names, *columns])
            raise ValueError(f"population.{field}: no {wrong[0]!r}; allowed: {known}")
        table[i] = [given.get(column, 0.0) for column in columns]
    rows = row_totals / row_totals.sum()
    totals = np.array(list(columns.values()))
    wanted = totals / totals.sum()
    for _ in range(2000):
        table *= np.divide(rows, table.sum(axis=1), out=np.zeros_like(rows), where=rows > 0)[
            :, None
        ]
        reached = table.sum(axis=0)
        if np.abs(reached - wanted).max() < 1e-10:
            return table
        table *= np.divide(wanted, reached, out=np.zeros_like(wanted), where=reached > 0)
    column = list(columns)[int(np.abs(reached - wanted).argmax())]
    raise ValueError(
        f"population: the margin of {column} ({wanted[list(columns).index(column)]:.3f}) cannot be "
        f"reached with the affinities of {field}"
    )
