"""A table made of lines of texts, as all pages of studies show them.

Belongs here: the way from lines to a block. Does not: the look (`report/tables/layout.py`).
"""

from collections.abc import Sequence

import pandas as pd

from report.blocks import Table
from report.tables.layout import render, table

GROUP = "group"


def lined(
    lines: Sequence[Sequence[str]],
    key: str,
    title: str,
    labels: dict[str, str],
    notes: Sequence[str] = (),
    *,
    is_grouped: bool = False,
    prose: Sequence[str] = (),
) -> Table:
    """Return a table of lines.

    Parameters
    ----------
    lines
        Texts of each row: one a column of `labels`, after the head of its group where grouped.
    key, title, labels, notes, prose
        As `report.tables.layout.table` takes them; the first column heads its row.
    is_grouped
        Whether each line begins with the head of its group.
    """
    columns = [GROUP, *labels] if is_grouped else list(labels)
    group = GROUP if is_grouped else None
    rows = pd.DataFrame(list(lines), columns=columns)
    stub = next(iter(labels))
    made = table(rows, key, title, labels, stub=stub, group=group, notes=notes, prose=prose)
    return Table(render(made))
