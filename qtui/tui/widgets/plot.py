"""Scatter with lines on a log x axis, drawn by plotext: the only place that imports it, and only when asked to draw.

plotext draws the frame, the ticks and the lines; letters and labels are laid over its cells here, so that what
would collide can be left out. Its colours come back as escape sequences and leave as styled segments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
Cell = tuple[str, Style]


@dataclass(frozen=True, slots=True)
class Mark:
    """One point: its letter, what stands behind the letter, and where it is."""

    letter: str
    label: str
    x: float
    """Above 0; drawn on a log axis."""
    y: float


@dataclass(frozen=True, slots=True)
class Series:
    """Marks of one colour; those of `joined` are connected in order."""

    color: int
    """One of the 16 terminal colours."""
    joined: tuple[Mark, ...]
    single: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """The chart's rows, and how many marks lie under others."""

    rows: tuple[Strip, ...]
    hidden: int


@lru_cache(maxsize=8)
def draw(series: tuple[Series, ...], width: int, height: int) -> Drawing:
    """The chart in exactly `height` rows of `width` cells; marks that aren't finite are left out."""
    finite = tuple(_finite(each) for each in series)
    marks = [mark for each in finite for mark in (*each.joined, *each.single)]
    if not marks or width < 24 or height < 6:
        return Drawing((), 0)
    frame = _Frame.around(marks, width, height)
    cells = [_cells(line, width) for line in _plotext(finite, frame)]
    hidden = _lay_marks(cells, finite, frame)
    return Drawing(tuple(_strip(row) for row in cells), hidden)


def _finite(series: Series) -> Series:
    def kept(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        return tuple(m for m in marks if math.isfinite(m.x) and m.x > 0 and math.isfinite(m.y))

    return Series(series.color, kept(series.joined), kept(series.single))


@dataclass(frozen=True, slots=True)
class _Frame:
    """The limits, the ticks and the cells of the canvas."""

    width: int
    height: int
    x: tuple[float, float]
    """log10."""
    y: tuple[float, float]
    x_ticks: tuple[float, ...]
    y_ticks: tuple[float, ...]

    @classmethod
    def around(cls, marks: list[Mark], width: int, height: int) -> _Frame:
        xs = [math.log10(mark.x) for mark in marks]
        ys = [mark.y for mark in marks]
        spread = max(xs) - min(xs)
        pad = max(0.08, spread * 0.06)
        x = (min(xs) - pad, max(xs) + pad * 1.4)
        y_ticks = _linear_ticks(min(ys), max(ys))
        step = y_ticks[1] - y_ticks[0]
        return cls(width, height, x, (y_ticks[0], y_ticks[-1] + step * 0.15), _log_ticks(*x), y_ticks)

    @property
    def left(self) -> int:
        return max(len(tick) for tick in self.y_labels) + 1

    @property
    def y_labels(self) -> list[str]:
        step = self.y_ticks[1] - self.y_ticks[0]
        return [f"{tick:.{2 if step >= 0.01 else 3}f}" for tick in self.y_ticks]

    def cell(self, mark: Mark) -> tuple[int, int]:
        """Row and column of a mark on the drawn chart."""
        columns, rows = self.width - self.left - 1, self.height - 3
        along = (math.log10(mark.x) - self.x[0]) / (self.x[1] - self.x[0])
        down = (self.y[1] - mark.y) / (self.y[1] - self.y[0])
        return 1 + round(down * (rows - 1)), self.left + round(along * (columns - 1))


def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    def at(steps: tuple[float, ...]) -> list[float]:
        powers = range(math.floor(low), math.ceil(high) + 1)
        logs = [power + math.log10(step) for power in powers for step in steps]
        return [value for value in logs if low <= value <= high]

    coarse = at((1, 2, 5))
    return tuple(coarse if len(coarse) >= 3 else at((1, 1.5, 2, 3, 4, 5, 6, 8)))


def _linear_ticks(low: float, high: float) -> tuple[float, ...]:
    spread = max(high - low, 0.004)
    step = next(s for s in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 1e9) if spread / s <= 6)
    first = math.floor(low / step - 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return tuple(index * step for index in range(first, last + 1))


def _plotext(series: tuple[Series, ...], frame: _Frame) -> list[str]:
    import plotext

    plotext.clear_figure()
    # else it is cut to the size of whatever terminal it believes in
    plotext.limit_size(False, False)  # noqa: FBT003 - its signature
    plotext.theme("clear")
    plotext.plotsize(frame.width, frame.height)
    plotext.xlim(*frame.x)
    plotext.ylim(*frame.y)
    plotext.xticks(list(frame.x_ticks), [f"{10**tick:.3g}" for tick in frame.x_ticks])
    plotext.yticks(list(frame.y_ticks), frame.y_labels)
    for each in series:
        if len(each.joined) > 1:
            xs = [math.log10(mark.x) for mark in each.joined]
            plotext.plot(xs, [mark.y for mark in each.joined], marker="braille", color=each.color)
    if not any(len(each.joined) > 1 for each in series):
        plotext.scatter([frame.x_ticks[0] if frame.x_ticks else frame.x[0]], [frame.y[0]], marker=" ")
    return str(plotext.build()).split("\n")[: frame.height]


def _cells(line: str, width: int) -> list[Cell]:
    """One row of characters with their styles, exactly `width` of them."""
    cells: list[Cell] = []
    style = _style("")
    at = 0
    for code in _SGR.finditer(line):
        cells += [(character, style) for character in line[at : code.start()]]
        style, at = _style(code.group(1)), code.end()
    cells += [(character, style) for character in line[at:]]
    return (cells + [(" ", _style(""))] * width)[:width]


@lru_cache(maxsize=64)
def _style(code: str) -> Style:
    parts = code.split(";")
    if len(parts) >= 3 and parts[0] == "38":
        return Style(color=Color.from_ansi(int(parts[2])))
    return Style(color=Color.parse("grey62"))


def _lay_marks(cells: list[list[Cell]], series: tuple[Series, ...], frame: _Frame) -> int:
    """Letters first, then the labels that find their cells free. Returns how many letters found theirs taken."""
    taken: set[tuple[int, int]] = set()
    labels: list[tuple[int, int, str, Style]] = []
    hidden = 0
    for mark, style in _styled(series):
        row, column = frame.cell(mark)
        if (row, column) in taken:
            hidden += 1
            continue
        taken.add((row, column))
        cells[row][column] = (mark.letter, style)
        labels.append((row, column + 1, mark.label, style))
    for row, column, label, style in labels:
        where = [(row, column + offset) for offset in range(len(label))]
        fits = column + len(label) < frame.width - 1
        if fits and not taken.intersection(where) and (row, column + len(label)) not in taken:
            taken.update(where)
            for (_, at), character in zip(where, label, strict=True):
                cells[row][at] = (character, style)
    return hidden


def _styled(series: tuple[Series, ...]) -> Iterator[tuple[Mark, Style]]:
    for each in series:
        style = Style(color=Color.from_ansi(each.color), bold=True)
        for mark in (*each.joined, *each.single):
            yield mark, style


def _strip(row: list[Cell]) -> Strip:
    segments: list[Segment] = []
    for character, style in row:
        if segments and segments[-1].style is style:
            segments[-1] = Segment(segments[-1].text + character, style)
        else:
            segments.append(Segment(character, style))
    return Strip(segments, len(row))
