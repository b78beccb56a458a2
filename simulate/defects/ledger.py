"""The ledger: every defect that was put into the files, where it stands and what should come of it.

Here: the ledger's columns and its files. Not here: making the defects, or judging anything by the
ledger (that is the reader's of the truth, never the pipeline's).
"""

import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from simulate.defects.catalogue import Class, Variant

COLUMNS = {
    "defect_id": "int64",
    "defect": "int64",
    "name": "str",
    "grouping": "str",
    "variant": "str",
    "mechanism": "str",
    "is_detectable": "bool",
    "delivery": "str",
    "arrival": "int64",
    "file": "str",
    "line": "Int64",
    "column_name": "str",
    "true_value": "str",
    "injected_value": "str",
    "expected_rules": "str",
    "expected_action": "str",
    "innocents": "str",
}
"""One row a place at which a defect stands: a class's habit of a clinic has no line, a row of five
deliveries has five. `mechanism` is that by which its row was chosen, `mcar` of whole files and
habits, for which none is; `writer` of what the clean writer does itself. `innocents` lists
`file:line` of rows that are clean but implicated, by blanks.
`arrival` is 1, or 2 for what arrives after the first night."""


def line_of(
    defect_id: int,
    kind: Class,
    variant: Variant,
    mechanism: str,
    *,
    delivery: str,
    file: str,
    line: int | None = None,
    column: str | None = None,
    true: str | None = None,
    injected: str | None = None,
    innocents: Iterable[str] = (),
    arrival: int = 1,
) -> dict[str, object]:
    """Return one line of the ledger."""
    return {
        "defect_id": defect_id,
        "defect": kind.defect,
        "name": kind.name,
        "grouping": kind.group,
        "variant": variant.name,
        "mechanism": mechanism,
        "is_detectable": kind.detectable,
        "delivery": delivery,
        "arrival": arrival,
        "file": file,
        "line": line,
        "column_name": column,
        "true_value": true,
        "injected_value": injected,
        "expected_rules": " ".join(variant.rules),
        "expected_action": variant.action,
        "innocents": " ".join(innocents),
    }


def frame(lines: list[dict[str, object]]) -> pd.DataFrame:
    """Return the ledger with its columns and types."""
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype(COLUMNS)


def write(folder: Path, lines: list[dict[str, object]]) -> None:
    """Write `defects.parquet` and `defects.csv`."""
    whole = frame(lines)
    folder.mkdir(parents=True, exist_ok=True)
    whole.to_parquet(folder / "defects.parquet", index=False)
    buffer = io.StringIO()
    whole.to_csv(buffer, index=False, sep=";", lineterminator="\r\n")
    (folder / "defects.csv").write_bytes(buffer.getvalue().encode("utf-8-sig"))


def read(folder: Path) -> pd.DataFrame:
    """Read a ledger.

    Raises
    ------
    FileNotFoundError
        There is none in this folder.
    """
    return pd.read_parquet(folder / "defects.parquet")
