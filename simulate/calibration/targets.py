"""The figures that the simulator may be fitted to, and those held out: rows in, targets out.

Here: the firewall (a calibrator is handed `calibration_rows()` and nothing else), what each row is,
and its tolerance of rounding. Not here: the same figures of a simulated clinic (`figures.py`).

Errors are about normal on a figure's scale: logarithm for standard deviations, half widths and
maxima, arcsine of the root for shares, Fisher's z for a correlation, none for means and slopes.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
HERE = Path(__file__).parent
FITTED, HELD_OUT = HERE / "targets.yaml", HERE / "held_out.yaml"
SCALE_OF = {"sd": "log", "half_width": "log", "max": "log", "share": "arcsine", "rho": "fisher"}
SCALES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "identity": lambda x: x,
    "log": lambda x: np.log(np.where(x > 0, x, np.nan)),
    "arcsine": lambda x: np.arcsin(np.sqrt(np.clip(x, 0, 100) / 100)),
    "fisher": lambda x: np.arctanh(np.clip(x, -0.999, 0.999)),
}


@dataclass(frozen=True)
class Target:
    """One distinct statistic of the study.

    Attributes
    ----------
    statistic
        Its name in `figures.figures`, and its identity.
    block
        PR, DPR, by status, bands, retention, NPSI, aetiology or eMCS.
    value
        As printed, shares in percent.
    rounding
        Half of the last printed digit, in the unit of `value`; 0 for a count.
    scale
        Key of `SCALES`.
    rows
        The printed figures it comes from.
    either_or
        Targets of one such word cannot both hold in print: one of them is enough.
    counted
        Whether it enters the acceptance figure.
    """

    statistic: str
    block: str
    value: float
    rounding: float
    scale: str
    rows: tuple[str, ...]
    either_or: str = ""
    counted: bool = True


def calibration_rows() -> pd.DataFrame:
    """Return the only rows that a calibrator may see: `target_id`, `published` (text).

    Those marked `calibration`, and the four rows of session-4 relief by status that are declared
    an exception: no other figure tells session noise from discordance of the assessment.
    """
    from classical.published import published_figures

    every = published_figures()
    excepted = {row for one in _every(FITTED) if one.get("exception") for row in _rows_of(one)}
    may = (every["usable_for"] == "calibration") | every["target_id"].isin(excepted)
    return every.loc[may, ["target_id", "published"]].reset_index(drop=True)


def held_out_rows() -> pd.DataFrame:
    """Return what no calibrator may see: rows marked `validation` less the declared exceptions."""
    from classical.published import published_figures

    every = published_figures()
    held = every["usable_for"] == "validation"
    held &= ~every["target_id"].isin(calibration_rows()["target_id"])
    return every.loc[held, ["target_id", "published"]].reset_index(drop=True)


def uninformed_blocks() -> tuple[str, ...]:
    """Return the held-out blocks that no calibration figure informs, reported apart."""
    return tuple(_document(HELD_OUT)["uninformed"])


def targets(rows: pd.DataFrame, declared: Path = FITTED) -> tuple[Target, ...]:
    """Return the distinct statistics behind the rows, in the declared order.

    Parameters
    ----------
    rows
        Columns `target_id` and `published`, from `calibration_rows` or `held_out_rows`.
    declared
        `FITTED` or `HELD_OUT`: what each of those rows is.

    Raises
    ------
    ValueError
        If a declared row is not among them, or one of them is not declared.
    """
    printed = dict(zip(rows["target_id"], rows["published"], strict=True))
    unknown = sorted(set(printed) - set(_accounted(declared, tuple(printed))))
    if unknown:
        raise ValueError(f"{declared.name} says nothing of: {', '.join(unknown)}")
    return tuple(_target(one, printed) for one in _every(declared))


def target_hash(chosen: tuple[Target, ...]) -> str:
    """Return sixteen hex digits that change with any value, scale or choice of a target."""
    text = json.dumps([asdict(one) for one in chosen], sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def observed(chosen: tuple[Target, ...]) -> tuple[FloatArray, FloatArray]:
    """Return the study's vector and half widths of its rounding, on the targets' scales."""
    centre = on_scale(np.array([[one.value for one in chosen]]), chosen)[0]
    low = on_scale(np.array([[one.value - one.rounding for one in chosen]]), chosen)[0]
    high = on_scale(np.array([[one.value + one.rounding for one in chosen]]), chosen)[0]
    return centre, np.abs(high - low) / 2


def on_scale(table: ArrayLike, chosen: tuple[Target, ...]) -> FloatArray:
    """Return a table (R, targets) with every column on its target's scale."""
    values = np.asarray(table, dtype=float)
    columns = [SCALES[one.scale](values[:, k]) for k, one in enumerate(chosen)]
    return np.stack(columns, axis=1)


def left_out(target_id: str, declared: Path = FITTED) -> str:
    """Return why a row is no target, empty if it is one."""
    for reason, patterns in _document(declared)["left_out"].items():
        if any(fnmatchcase(target_id, pattern) for pattern in patterns):
            return str(reason)
    return ""


@cache
def _document(declared: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(declared.read_text(encoding="utf-8")))


def _every(declared: Path) -> list[dict[str, Any]]:
    blocks = _document(declared)["statistics"].items()
    return [{"block": block, **one} for block, members in blocks for one in members]


def _rows_of(one: dict[str, Any]) -> list[str]:
    return [one["row"]] if "row" in one else list(one["rows"])


def _accounted(declared: Path, rows: tuple[str, ...]) -> list[str]:
    used = [row for one in _every(declared) for row in [*_rows_of(one), *one.get("copies", [])]]
    return used + [row for row in rows if left_out(row, declared)]


def _target(one: dict[str, Any], printed: dict[str, str]) -> Target:
    names = _rows_of(one)
    lacking = [name for name in names if name not in printed]
    if lacking:
        raise ValueError(f"no row {', '.join(lacking)} for the statistic {one['statistic']}")
    numbers = [float(printed[name]) for name in names]
    rounding = max(_half_digit(printed[name]) for name in names)
    value = numbers[0] if len(numbers) == 1 else (numbers[1] - numbers[0]) / 2
    if "of" in one:
        value, rounding = 100 * value / one["of"], 0.0
    ending = one["statistic"].rpartition(".")[2]
    return Target(
        statistic=one["statistic"], block=one["block"], value=value, rounding=rounding,
        scale=one.get("scale", SCALE_OF.get(ending, "identity")), rows=tuple(names),
        either_or=one.get("either_or", ""), counted=one.get("counted", True),
    )  # fmt: skip


def _half_digit(text: str) -> float:
    return 0.5 * 10.0 ** -len(text.partition(".")[2])
