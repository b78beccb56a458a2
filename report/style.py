"""One look for all drawings, and the way from chart to SVG.

Belongs here: colours, marks, fonts, axes, rendering. Does not: what a chart shows.
Every series differs in colour and in shape or dash, so that it reads in grey. Text is measured
with Arial or its metric twin Liberation Sans: other fonts first in the list make labels collide.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
INK, SOFT, GRID = "#1a1a1a", "#595959", "#e3e3e3"

# Okabe and Ito's palette, readable with every common colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"


@dataclass(frozen=True)
class Mark:
    """Look of one series: colour, point shape, dash pattern."""

    colour: str
    shape: str
    dash: tuple[int, ...] = ()


STATUS = {
    "all": Mark(BLACK, "diamond", (2, 2)),
    "responders": Mark(GREEN, "circle"),
    "non_responders": Mark(VERMILLION, "square", (7, 3)),
}
# Shapes are the source study's: red square, yellow dot, blue triangle, green diamond.
CATEGORY = {
    "failure": Mark(VERMILLION, "square"),
    "poor": Mark(ORANGE, "circle"),
    "good": Mark(BLUE, "triangle-up"),
    "excellent": Mark(GREEN, "diamond"),
}
SERIES = (
    Mark(BLUE, "circle"),
    Mark(VERMILLION, "square", (7, 3)),
    Mark(GREEN, "triangle-up", (2, 2)),
    Mark(BLACK, "diamond", (9, 3, 2, 3)),
    Mark(PURPLE, "triangle-down", (5, 5)),
    Mark(ORANGE, "cross", (1, 3)),
)

# Handed to the renderer as one object: Altair's `configure_*` would copy the chart for each.
CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "padding": 4,
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 6,
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": SOFT,
        "tickColor": SOFT,
    },
    "axisX": {"grid": False},
    "text": {"font": FONT, "fontSize": 12, "color": INK},
}

_POINTS = {
    "circle": '<circle cx="16" cy="8" r="4.5"/>',
    "square": '<rect x="12" y="4" width="8" height="8"/>',
    "triangle-up": '<path d="M16 3l5 9h-10z"/>',
    "triangle-down": '<path d="M16 13l5-9h-10z"/>',
    "diamond": '<path d="M16 2.5l4.5 5.5-4.5 5.5-4.5-5.5z"/>',
    "cross": '<path d="M14 3h4v3h3v4h-3v3h-4v-3h-3v-4h3z"/>',
}


def swatch(mark: Mark, *, line: bool = True, point: bool = True, hollow: bool = False) -> Markup:
    """Return a legend key for a series: its line, dash and point, as far as it has them."""
    dash = f' stroke-dasharray="{" ".join(map(str, mark.dash))}"' if mark.dash else ""
    stroke = f'<path d="M0 8h32" stroke="{mark.colour}" stroke-width="2"{dash}/>' if line else ""
    fill = f'fill="white" stroke="{mark.colour}"' if hollow else f'fill="{mark.colour}"'
    dot = f"<g {fill}>{_POINTS[mark.shape]}</g>" if point else ""
    return Markup(
        '<svg class="key" width="32" height="16" viewBox="0 0 32 16" aria-hidden="true">'
        f"{stroke}{dot}</svg>"
    )


def band_key(colour: str, opacity: float = 0.22) -> Markup:
    """Return a legend key for a band."""
    return Markup(
        '<svg class="key" width="32" height="16" viewBox="0 0 32 16" aria-hidden="true">'
        f'<rect x="2" y="1" width="28" height="14" fill="{colour}" opacity="{opacity}"/></svg>'
    )


def percent_axis(title: str | None = "Reported pain relief (%)") -> dict[str, Any]:
    """Return the arguments of a y channel that always shows 0 to 100 %."""
    import altair as alt

    return {
        "scale": alt.Scale(domain=[0, 100], nice=False, clamp=True),
        "axis": alt.Axis(title=title, values=[0, 25, 50, 75, 100]),
    }


def scale_top(largest: float) -> float:
    """Return a round upper end for an axis from 0 that has no end of its own.

    Vega-Lite rounds no domain that is given to it.
    """
    if not largest > 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(largest)) / 2
    return step * math.ceil(largest / step)


def to_svg(chart: Any, key: str, label: str) -> Markup:
    """Render a chart as SVG that can stand in a page with others.

    Parameters
    ----------
    chart
        Altair chart; the house style is added here.
    key
        Prefix of its ids: two inline drawings share one id space, and a clip path of the first
        would cut the second.
    label
        Accessible name.

    Returns
    -------
    Markup
        `<svg role="img">`; the picture holds no script and asks for nothing.
    """
    import altair as alt
    import vl_convert

    version = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
    svg = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=version, config=CONFIG)
    return Markup(_lean(_own_ids(svg, key)).replace("<svg ", _head(label), 1))


def _head(label: str) -> str:
    return f'<svg role="img" aria-label="{escape(label)}" font-family="{FONT}" '


def _own_ids(svg: str, key: str) -> str:
    """Give the ids new numbers under the key: Vega counts on from picture to picture."""
    order = list(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg)))
    for n, name in enumerate(order):
        svg = svg.replace(f'id="{name}"', f'id="{key}-{n}"').replace(f"#{name})", f"#{key}-{n})")
    return svg


def _lean(svg: str) -> str:
    """Drop what Vega repeats on every mark and nobody sees; cut places to a hundredth of a pixel.

    What is read, labels of axes and names of marks, keeps all its digits.
    """
    dropped = (
        r" (?:class|role|aria-hidden|aria-roledescription|pointer-events|font-family|xmlns:xlink)"
        r'="[^"]*"'
    )
    svg = re.sub(dropped, "", svg)
    svg = re.sub(r' (?:opacity="1"|font-weight="normal")', "", svg)
    svg = re.sub(r'<path d="(?:M0,0h0v0h0Z)?"[^>]*/>', "", svg)
    return re.sub(r' (?!aria-label)[\w-]+="[^"]*"', _in_hundredths, svg)


def _in_hundredths(attribute: re.Match[str]) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", attribute[0])
