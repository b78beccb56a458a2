"""Whether a study's kernels are kept from an earlier run, or will be compiled by this one.

Here: one look at what numba keeps, for people who wait. Not here: compiling
(`classical.batched.compiled`); no count depends on this file.
"""

from typing import Any


def must_compile(kind: str) -> bool:
    """Tell whether a kernel that every cohort of a kind goes through has no kept code.

    A first run of this code then compiles them all before its first cohort, for tens of seconds
    (docs/studies.md); other kernels may be compiled where this is false.
    """
    return not all(_is_kept(kernel) for kernel in _kernels(kind))


def _kernels(kind: str) -> list[Any]:
    from simulate.engine.cohorts import fill_cohorts
    from simulate.studies.kernel import count_replicates

    return [fill_cohorts, count_replicates] if kind == "test_periods" else [fill_cohorts]


def _is_kept(kernel: Any) -> bool:
    """An index that is absent, or of other code (its stamp), reads as an empty one."""
    return bool(kernel._cache._cache_file._load_index())
