"""The parts that a section is made of.

Belongs here: plain containers for text, notices, figures and tables, and the data table that goes
with every figure. Does not: how they look (templates) or what they say (sections).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

Row = Sequence[str]


@dataclass(frozen=True)
class DataTable:
    """Numbers behind a figure, already written out.

    Attributes
    ----------
    columns
        Column heads; the first column heads its row.
    rows
        One sequence of texts a row, as long as `columns`.
    """

    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Panel:
    """One picture of a figure.

    Attributes
    ----------
    svg
        Drawing, safe to inline: its ids are its own.
    title
        Short text above the drawing.
    notes
        Lines under it.
    """

    svg: Markup
    title: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Figure:
    """A figure that can be read, heard and copied.

    Attributes
    ----------
    key
        Id of the figure in the page.
    title, caption
        What it shows; how it was made, with n and the meaning of bands.
    alt
        The message in words, for who does not see it.
    panels
        One or more drawings; they wrap on a narrow screen.
    data
        Table of the numbers drawn.
    legend
        Pairs of drawing and text.
    panel_width
        Least width of a panel, CSS pixels.
    """

    key: str
    title: str
    caption: str
    alt: str
    panels: Sequence[Panel]
    data: DataTable
    legend: Sequence[tuple[Markup, str]] = ()
    panel_width: int = 300
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True)
class Table:
    """A finished table (inline CSS, no outside request)."""

    html: Markup
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Fold:
    """A table that opens on demand; `is_open` at once."""

    summary: str
    data: DataTable
    is_open: bool = False
    kind: Literal["fold"] = "fold"


@dataclass(frozen=True)
class Text:
    """A paragraph; `look` sets a question, its answer (`lead`) or a note (`signs`) apart."""

    text: str
    look: Literal["", "question", "lead", "signs"] = ""
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Heading:
    """A heading under the section's own."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Notice:
    """A box that must not be overlooked.

    Attributes
    ----------
    text
        One or two sentences.
    level
        'absent' something is not shown, 'warning' read with care, 'error' something is wrong.
    """

    text: str
    level: Literal["absent", "warning", "error"] = "absent"
    kind: Literal["notice"] = "notice"


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean."""

    items: Sequence[tuple[str, str]]
    kind: Literal["definitions"] = "definitions"


Block = Figure | Table | Fold | Text | Heading | Notice | Definitions


@dataclass(frozen=True)
class Section:
    """A numbered part of the page.

    Attributes
    ----------
    key
        Id in the page.
    title
        Heading.
    blocks
        Content in reading order.
    """

    key: str
    title: str
    blocks: Sequence[Block] = field(default_factory=list)
