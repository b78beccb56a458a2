"""The patient flow as a plain SVG drawing.

Belongs here: where the boxes stand, and the proof that their counts add up. Does not: counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from report.style import FONT, INK, SOFT
from report.wording import count, plural

STEPS = {
    "treated": "Treated: at least one session",
    "excluded_unassessable": "Relief could not be assessed",
    "protocol_violation": "Stopped within the test period",
    "test_period_censored": "Test period still under way",
    "analysed": "Analysed: completed the test period",
    "responder": "Responders",
    "non_responder": "Non-responders",
    "status_unknown": "Status unknown",
}
SIDE = ("excluded_unassessable", "protocol_violation", "test_period_censored")
LEAVES = ("responder", "non_responder", "status_unknown")

# Narrow enough that the text stays readable when a phone shrinks it.
_WIDTH, _HEIGHT = 520, 450


class FlowError(ValueError):
    """Counts of the flow contradict each other."""


@dataclass(frozen=True)
class Step:
    """Counts of one step of the flow.

    Attributes
    ----------
    n_patients, n_sessions
        Patients in the step, and the numbered sessions that they received.
    """

    n_patients: int
    n_sessions: int


def check(steps: Mapping[str, Step]) -> None:
    """Refuse a flow whose steps are incomplete or do not add up (rule R1).

    Parameters
    ----------
    steps
        Counts by step name.

    Raises
    ------
    FlowError
        If a step is missing, a count is negative, treated patients or sessions are not the sum of
        the excluded, stopped, censored and analysed ones, or analysed ones are not the sum of the
        three statuses.
    """
    absent = [step for step in STEPS if step not in steps]
    if absent:
        raise FlowError(f"step {', '.join(absent)} is missing from the flow")
    for total, parts in (("treated", (*SIDE, "analysed")), ("analysed", LEAVES)):
        for unit in ("n_patients", "n_sessions"):
            whole = getattr(steps[total], unit)
            counts = [getattr(steps[part], unit) for part in parts]
            if whole != sum(counts) or min(counts) < 0:
                terms = " + ".join(f"{part} {n}" for part, n in zip(parts, counts, strict=True))
                raise FlowError(f"{unit[2:]}: {total} {whole} is not the sum of {terms}")


def draw(steps: Mapping[str, Step]) -> Markup:
    """Draw the flow from treated to responder status.

    Parameters
    ----------
    steps
        Counts by step name, all of `STEPS`.

    Returns
    -------
    Markup
        SVG with title and description, 520 units wide.

    Raises
    ------
    FlowError
        If the counts do not add up.
    """
    check(steps)
    parts = [_box("treated", steps, 0, 10, 284), _box("analysed", steps, 0, 220, 284)]
    parts += [_arrow("M84 68V220"), _arrow("M84 278V362")]
    for i, step in enumerate(SIDE):
        y = 86 + 43 * i
        parts += [_arrow(f"M84 {y + 18}H262"), _slim(step, steps, 262, y, 258)]
    for i, step in enumerate(LEAVES):
        x = 176 * i
        parts.append(_leaf(step, steps, x, 362, 168))
        if i:
            parts.append(_arrow(f"M84 320H{x + 84}V362"))
    body = "".join(parts)
    return Markup(
        f'<svg class="flow" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="{FONT}" font-size="15" fill="{INK}" '
        'aria-labelledby="flow-title flow-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="flow-title">Patient flow</title>'
        f'<desc id="flow-desc">{escape(describe(steps))}</desc>'
        '<defs><marker id="flow-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0l8 4-8 4z" fill="{SOFT}"/></marker></defs>'
        f"{body}</svg>"
    )


def describe(steps: Mapping[str, Step]) -> str:
    """Return the flow as one line of words, for the description and the alternative text."""
    return "; ".join(
        f"{label}: {plural(steps[step].n_patients, 'patient')}, "
        f"{plural(steps[step].n_sessions, 'session')}"
        for step, label in STEPS.items()
    )


def _box(step: str, steps: Mapping[str, Step], x: int, y: int, width: int) -> str:
    """Box of two lines: the step's name, and its counts."""
    n, sessions = _counts(steps[step])
    lines = (escape(STEPS[step]), f'<tspan font-weight="bold">{n}</tspan> · {sessions}')
    return _frame(x, y, width, 58, INK) + _lines(lines, x, y)


def _leaf(step: str, steps: Mapping[str, Step], x: int, y: int, width: int) -> str:
    """Box of three lines, for where three stand side by side."""
    n, sessions = _counts(steps[step])
    lines = (escape(STEPS[step]), f'<tspan font-weight="bold">{n}</tspan>', sessions)
    return _frame(x, y, width, 80, INK) + _lines(lines, x, y)


def _slim(step: str, steps: Mapping[str, Step], x: int, y: int, width: int) -> str:
    """Box of one line, for those who leave the analysis."""
    n = count(steps[step].n_patients)
    line = f'{escape(STEPS[step])}: <tspan font-weight="bold">{n}</tspan>'
    return _frame(x, y, width, 36, SOFT) + _lines((line,), x, y)


def _counts(step: Step) -> tuple[str, str]:
    return f"n = {count(step.n_patients)}", plural(step.n_sessions, "session")


def _frame(x: int, y: int, width: int, height: int, colour: str) -> str:
    return (
        f'<rect x="{x + 1}" y="{y}" width="{width - 2}" height="{height}" rx="3" fill="#fff" '
        f'stroke="{colour}"/>'
    )


def _lines(lines: Sequence[str], x: int, y: int) -> str:
    return "".join(
        f'<text x="{x + 12}" y="{y + 24 + 21 * i}">{line}</text>' for i, line in enumerate(lines)
    )


def _arrow(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{SOFT}" marker-end="url(#flow-head)"/>'
