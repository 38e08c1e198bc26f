"""Finds room for the labels of a chart's marks, so that none lies on another or on a mark. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

_LETTER, _HEIGHT = 7.6, 10.0
"""About what a letter takes at 12 px, and how high it stands over its line."""
_GAP = 3.0

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(slots=True)
class Labels:
    """The space of one chart, in pixels, and what is taken of it."""

    left: float
    top: float
    right: float
    bottom: float
    taken: list[Box] = field(default_factory=list)

    def keep_free(self, x: float, y: float, radius: float) -> None:
        """No label may lie on this mark."""
        self.taken.append((x - radius, y - radius, x + radius, y + radius))

    def find(self, x: float, y: float, words: str) -> tuple[float, float] | None:
        """Where the label of a mark starts (its left, its line), near the mark; None where there is no room."""
        for left, line in _around(x, y, len(words) * _LETTER):
            box = (left, line - _HEIGHT, left + len(words) * _LETTER, line + 1)
            if self._within(box) and not any(_overlap(box, other) for other in self.taken):
                self.taken.append(box)
                return left, line
        return None

    def _within(self, box: Box) -> bool:
        return box[0] >= self.left and box[1] >= self.top and box[2] <= self.right and box[3] <= self.bottom


def _around(x: float, y: float, width: float) -> list[tuple[float, float]]:
    """Right above first, then round the mark, then a little further off."""
    near, low = 4.5 + _GAP, _HEIGHT + _GAP + 2
    return [
        (x + _GAP + 1, y - _GAP - 2),
        (x - width - _GAP - 1, y - _GAP - 2),
        (x + _GAP + 1, y + low - 1),
        (x - width - _GAP - 1, y + low - 1),
        (x + near, y + _HEIGHT / 2),
        (x - width - near, y + _HEIGHT / 2),
        (x - width / 2, y - near),
        (x - width / 2, y + low + 2),
        (x - width / 2, y - near - _HEIGHT - 2),
        (x - width / 2, y + low + _HEIGHT + 4),
    ]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
