"""The house's table look.

Belongs here: fonts, lines and rendering that all tables share. Does not: content.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from report.style import FONT, INK


def table(
    rows: pd.DataFrame,
    key: str,
    title: str,
    labels: dict[str, str],
    *,
    stub: str,
    group: str | None = None,
    notes: Sequence[str] = (),
    bold: Sequence[int] = (),
    indent: Sequence[int] = (),
    prose: Sequence[str] = (),
) -> Any:
    """Return a great-tables object in the house's look.

    Parameters
    ----------
    rows
        Texts, one row a line; columns are those of `labels` and `group`.
    key
        Id of the table in the page.
    title
        Title above the table.
    labels
        Column to its head, in order; the head of the stub column stands in its corner.
    stub
        Column that heads its row.
    group
        Column whose values head groups of rows.
    notes
        Footnotes under the table.
    bold
        Positions of rows whose head is bold.
    indent
        Positions of rows whose head is set in, as a level of the row above.
    prose
        Columns of sentences, which begin at the left; numbers end at the right.

    Returns
    -------
    great_tables.GT
        Not yet rendered.
    """
    from great_tables import GT, loc, style

    shown = rows[[*labels, *([group] if group else [])]]
    gt = (
        GT(shown, rowname_col=stub, groupname_col=group, id=key)
        .tab_header(title=title)
        .tab_stubhead(label=labels[stub] or "Row")
        .cols_label(cases={name: label for name, label in labels.items() if name != stub})
        .cols_align("right", columns=[n for n in labels if n != stub and n not in prose])
        .cols_align("left", columns=list(prose))
        .opt_align_table_header("left")
        .tab_options(
            table_font_names=[name.strip().strip("'") for name in FONT.split(",")],
            table_font_color=INK,
            table_font_size="15px",
            heading_title_font_size="16px",
            stub_border_style="none",
            data_row_padding="4px",
            row_group_font_weight="bold",
            table_width="100%",
            container_overflow_x="visible",
            source_notes_multiline=True,
            source_notes_font_size="13px",
        )
    )
    if bold:
        gt = gt.tab_style(style.text(weight="bold"), loc.stub(rows=list(bold)))
    if indent:
        gt = gt.tab_stub_indent(rows=list(indent), indent=2)
    for note in notes:
        gt = gt.tab_source_note(note)
    return gt


def render(gt: Any) -> Markup:
    """Render a table with inline CSS; cell texts were escaped by great-tables."""
    return Markup(gt.as_raw_html())
