"""Where labels of points go so that none lies on another, or on a point.

Belongs here: places, in pixels. Does not: drawing.
"""

from collections.abc import Sequence

Place = tuple[int, int]
PLACES: tuple[Place, ...] = (
    *((11, -10), (-11, 12), (11, 12), (-11, -10), (0, -16), (0, 18)),
    *((22, -18), (-22, 20), (22, 20), (-22, -18), (0, -28), (0, 30)),
)
"""Centres of a label beside its point, right and down from it; the first that is free is taken."""
DIGIT, LINE, POINT = 7.5, 13.0, 5.0
"""Width of a character, height of a label, radius of a point, pixels."""


def places(
    points: Sequence[tuple[float, float]], texts: Sequence[str], size: tuple[float, float]
) -> list[Place | None]:
    """Return the place of each label, None where it is free nowhere.

    Parameters
    ----------
    points
        Right and down from the corner of the drawing, pixels, in the order of reading.
    texts
        One a point.
    size
        Width and height of the drawing.
    """
    taken = [(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in points]
    found: list[Place | None] = []
    for (x, y), text in zip(points, texts, strict=True):
        half = DIGIT * len(text) / 2, LINE / 2
        place = next((p for p in PLACES if _is_free(_box(x, y, p, half), taken, size)), None)
        found.append(place)
        if place is not None:
            taken.append(_box(x, y, place, half))
    return found


def _box(
    x: float, y: float, place: Place, half: tuple[float, float]
) -> tuple[float, float, float, float]:
    cx, cy = x + place[0], y + place[1]
    return cx - half[0], cy - half[1], cx + half[0], cy + half[1]


def _is_free(
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, float, float, float]],
    size: tuple[float, float],
) -> bool:
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in taken
    )
