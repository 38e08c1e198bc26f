"""What a plot is made of, and where on its cells a value lies: marks, series, axes, ticks. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Tick = tuple[float, str]
"""Where on the axis, and what is written there."""
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e9)


@dataclass(frozen=True, slots=True)
class Mark:
    """One point: its letter, what stands behind the letter, and where it is."""

    letter: str
    label: str
    x: float
    """Above 0 on a log axis."""
    y: float
    chosen: bool = False
    """Drawn reversed, and over all others."""


@dataclass(frozen=True, slots=True)
class Series:
    """What has one colour: marks, those of `joined` connected in order, or a line with one letter on it."""

    color: int
    """One of the 16 terminal colours."""
    joined: tuple[Mark, ...] = ()
    single: tuple[Mark, ...] = ()
    path: tuple[Point, ...] = ()
    letter: str = ""
    """Of the path."""
    letter_y: float | None = None
    """Where on the path the letter is wanted; None: at its first point."""

    @property
    def lines(self) -> tuple[tuple[Point, ...], ...]:
        """What is connected."""
        return tuple((mark.x, mark.y) for mark in self.joined), self.path

    @property
    def points(self) -> list[Point]:
        """All that must fit into the frame."""
        return [*((mark.x, mark.y) for mark in (*self.joined, *self.single)), *self.path]


@dataclass(frozen=True, slots=True)
class Axes:
    """How the frame is drawn, where the data doesn't say it."""

    log_x: bool = True
    open: bool = False
    """Without a frame above and on the right."""
    x_ticks: tuple[float, ...] = ()
    """Values; none: chosen by the data."""
    y_ticks: tuple[Tick, ...] = ()
    """None: chosen by the data."""
    hidden: bool = False
    """Without ticks on the x axis, for a plot that stands on another one."""
    margin: int = 0
    """Cells of the y labels at least, so that plots above each other are in line."""
    beside: bool = False
    """Marks that share a cell stand beside each other, on an axis where only the ticks are values."""
    least_span: float = 0.0
    """Of the y axis, down from the largest value: equal ones stand at its upper end."""
    rules: tuple[float, ...] = ()
    """Values on the y axis with a dotted line."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The limits, the ticks and the cells of one plot."""

    width: int
    height: int
    axes: Axes
    x: Point
    """Limits as drawn: log10 on a log axis."""
    y: Point
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    @classmethod
    def around(cls, points: Sequence[Point], width: int, height: int, axes: Axes) -> Frame:
        """The frame that holds these points."""
        xs = [math.log10(x) if axes.log_x else x for x, _ in points]
        ys = [y for _, y in points]
        low, high = min(*ys, max(ys) - axes.least_span), max(ys)
        spread = max(xs) - min(xs)
        pad = max(0.08 if axes.log_x else 0.05, spread * 0.06)
        x = (min(xs) - pad * (0.4 if axes.open else 1), max(xs) + pad * (0.6 if axes.open else 1.4))
        if axes.y_ticks:
            y_ticks, room = axes.y_ticks, 0.0
        else:
            y_ticks = _linear_ticks(low, high, most=max(2, (height - 2) // 2))
            room = (y_ticks[1][0] - y_ticks[0][0]) * 0.15
        y = (y_ticks[0][0], y_ticks[-1][0] + room)
        if axes.open and not axes.y_ticks:  # low plots have no room to lose
            spare = (high - low) * 0.04 or 0.002
            y = (low - spare, high + spare)
            y_ticks = _within(y_ticks, y) or _ends(low, high)
        y_ticks = tuple((at, label.rjust(axes.margin)) for at, label in y_ticks)
        x_ticks = () if axes.hidden else _x_ticks(axes, x, width)
        return cls(width, height, axes, x, y, x_ticks, y_ticks)

    @property
    def left(self) -> int:
        """Column of the first cell of the canvas."""
        return max(len(label) for _, label in self.y_ticks) + 1

    @property
    def columns(self) -> int:
        """Cells of the canvas in a row."""
        return self.width - self.left - (0 if self.axes.open else 1)

    @property
    def rows(self) -> int:
        """Rows of the canvas."""
        return self.height - (0 if self.axes.hidden else 2 if self.axes.open else 3)

    def along(self, x: float) -> float:
        """A value as the x axis has it."""
        return math.log10(x) if self.axes.log_x else x

    def dotted(self, y: float) -> float:
        """The y for a line of braille dots, of which a row has four, to lie in the row of a letter at `y`."""
        low, high = self.y
        up = (4 * (self.rows - 1) * (y - low) / (high - low) + 1.5) / (4 * self.rows - 1)
        return low + up * (high - low)

    def row(self, y: float) -> int:
        """Row of a value on the drawn chart."""
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (0 if self.axes.open else 1) + self.rows - 1 - _nearest(min(1.0, max(0.0, up)) * (self.rows - 1))

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of a point on the drawn chart."""
        along = (self.along(x) - self.x[0]) / (self.x[1] - self.x[0])
        return self.row(y), self.left + _nearest(along * (self.columns - 1))


def _nearest(cells: float) -> int:
    """As plotext rounds: halves upward."""
    return math.floor(cells + 0.5)


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Round values between two powers of ten, given as log10; a few."""

    def at(steps: tuple[float, ...]) -> list[float]:
        powers = range(math.floor(low), math.ceil(high) + 1)
        values = [10**power * step for power in powers for step in steps]
        return [value for value in values if low <= math.log10(value) <= high]

    coarse = at((1, 2, 5))
    return tuple(coarse if len(coarse) >= 3 else at((1, 1.5, 2, 3, 4, 5, 6, 8)))


def _within(ticks: Sequence[Tick], limits: Point) -> tuple[Tick, ...]:
    """Those that are drawn; none where they are fewer than two, which give no scale."""
    seen = tuple(tick for tick in ticks if limits[0] <= tick[0] <= limits[1])
    return seen if len(seen) > 1 else ()


def _ends(low: float, high: float) -> tuple[Tick, ...]:
    """The least and the greatest value, where they can be told apart."""
    return tuple(dict.fromkeys((at, f"{at:.3g}") for at in (low, high)))


def _x_ticks(axes: Axes, limits: Point, width: int) -> tuple[Tick, ...]:
    """The ticks whose labels don't touch."""
    values = axes.x_ticks or (log_ticks(*limits) if axes.log_x else ())
    kept: list[Tick] = []
    next_free = -math.inf
    for value in values:
        at = math.log10(value) if axes.log_x else value
        label = f"{value:.3g}"
        column = (at - limits[0]) / (limits[1] - limits[0]) * width
        if column - len(label) / 2 >= next_free:
            kept.append((at, label))
            next_free = column + len(label) / 2 + 1
    return tuple(kept)


def _linear_ticks(low: float, high: float, *, most: int) -> tuple[Tick, ...]:
    spread = max(high - low, 0.004)
    step = next(step for step in _STEPS if spread / step <= min(6, most))
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2 if step >= 0.01 else 3
    return tuple((index * step, f"{index * step:.{digits}f}") for index in range(first, last + 1))
