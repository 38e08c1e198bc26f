"""Lines and letters on two axes, drawn by plotext: the only place that imports it, and only when asked to draw.

plotext draws the frame, the ticks and the lines; letters and labels are laid over its cells here, so that what
would collide can be left out. Its colours come back as escape sequences and leave as styled segments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from qtui.tui.widgets.axes import Axes, Frame, Mark, Point, Series

__all__ = ["Axes", "Drawing", "Mark", "Point", "Series", "draw"]

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
MOST_BESIDE = 6
"""Letters of equal values that stand beside each other."""
Cell = tuple[str, Style]
Cells = list[list[Cell]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The chart's rows, and how many marks lie under others."""

    rows: tuple[Strip, ...]
    hidden: int


@lru_cache(maxsize=16)
def draw(series: tuple[Series, ...], width: int, height: int, axes: Axes = Axes()) -> Drawing:  # noqa: B008  # frozen, so that sharing it is safe
    """The chart in exactly `height` rows of `width` cells; what isn't finite is left out. No rows without room."""
    finite = tuple(_finite(each, log=axes.log_x) for each in series)
    points = [point for each in finite for point in each.points]
    if not points or width < 24 or height < 5:
        return Drawing((), 0)
    frame = Frame.around(points, width, height, axes)
    lines = tuple((each.color, line) for each in finite for line in each.lines if len(line) > 1)
    cells = [_cells(line, width) for line in _plotext(lines, frame)]
    _lay_rules(cells, frame)
    hidden = _lay_marks(cells, finite, frame)
    return Drawing(tuple(_strip(row) for row in cells), hidden)


def _finite(series: Series, *, log: bool) -> Series:
    def fine(x: float, y: float) -> bool:
        return math.isfinite(x) and math.isfinite(y) and (x > 0 or not log)

    return replace(
        series,
        joined=tuple(mark for mark in series.joined if fine(mark.x, mark.y)),
        single=tuple(mark for mark in series.single if fine(mark.x, mark.y)),
        path=tuple(point for point in series.path if fine(*point)),
    )


@lru_cache(maxsize=8)
def _plotext(lines: tuple[tuple[int, tuple[Point, ...]], ...], frame: Frame) -> tuple[str, ...]:
    """The frame and the lines, each with its colour: they stay when another mark is chosen."""
    import plotext

    plotext.clear_figure()
    # else it is cut to the size of whatever terminal it believes in
    plotext.limit_size(False, False)  # noqa: FBT003 - its signature
    plotext.theme("clear")
    plotext.plotsize(frame.width, frame.height)
    plotext.xaxes(not frame.axes.hidden, not frame.axes.open)
    plotext.yaxes(True, not frame.axes.open)  # noqa: FBT003 - its signature
    plotext.xlim(*frame.x)
    plotext.ylim(*frame.y)
    plotext.xticks([at for at, _ in frame.x_ticks], [label for _, label in frame.x_ticks])
    plotext.yticks([at for at, _ in frame.y_ticks], [label for _, label in frame.y_ticks])
    for color, line in lines:
        thin = _thinned(line, 2 * frame.columns)
        xs = [frame.along(x) for x, _ in thin]
        plotext.plot(xs, [frame.dotted(y) for _, y in thin], marker="braille", color=color)
    if not lines:
        plotext.scatter([frame.x[0]], [frame.y[0]], marker=" ")
    return tuple(str(plotext.build()).split("\n")[: frame.height])


def _thinned(line: tuple[Point, ...], most: int) -> tuple[Point, ...]:
    """At most so many points, the last one among them: more cost time and can't be seen."""
    stride = max(1, math.ceil(len(line) / max(2, most)))
    return line if stride == 1 else (*line[:-1:stride], line[-1])


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


def _lay_rules(cells: Cells, frame: Frame) -> None:
    for y in frame.axes.rules:
        row = cells[frame.row(y)]
        for column in range(frame.left, frame.left + frame.columns):
            if row[column][0] == " ":
                row[column] = ("┄", _style(""))


def _lay_marks(cells: Cells, series: tuple[Series, ...], frame: Frame) -> int:
    """Letters first, then the labels that find their cells free. Returns how many letters found theirs taken."""
    taken: set[tuple[int, int]] = set()
    labels: list[tuple[int, int, str, Style]] = []
    hidden, shown = 0, set()
    for mark, style in _styled(series):
        row, column = frame.cell(mark.x, mark.y)
        if frame.axes.beside:
            column = next((at for at in range(column, column + MOST_BESIDE) if (row, at) not in taken), column)
        if (row, column) in taken or column >= frame.left + frame.columns:
            hidden += 1
            continue
        taken.add((row, column))
        shown.add(id(mark))
        cells[row][column] = (mark.letter, style)
        labels.append((row, column + 1, mark.label, style))
    for each in series:
        if each.letter and each.path:
            hidden += not _lay_letter(cells, each, frame, taken)
        elif len(each.joined) > 1 and not shown.intersection(map(id, each.joined)):
            _lay_at_end(cells, each, frame, taken)
    for row, column, label, style in labels:
        where = [(row, column + offset) for offset in range(len(label))]
        fits = column + len(label) < frame.left + frame.columns
        if fits and not taken.intersection(where) and (row, column + len(label)) not in taken:
            taken.update(where)
            for (_, at), character in zip(where, label, strict=True):
                cells[row][at] = (character, style)
    return hidden


def _lay_letter(cells: Cells, series: Series, frame: Frame, taken: set[tuple[int, int]]) -> bool:
    """The letter of a line on one of its points, the nearest to where it's wanted that is free; says whether it is."""
    wanted = series.letter_y
    near = series.path if wanted is None else sorted(series.path, key=lambda point: abs(point[1] - wanted))
    for x, y in near:
        row, column = frame.cell(x, y)
        if not taken.intersection({(row, column - 1), (row, column), (row, column + 1)}):
            taken.add((row, column))
            cells[row][column] = (series.letter, Style(color=Color.from_ansi(series.color), bold=True))
            return True
    return False


def _lay_at_end(cells: Cells, series: Series, frame: Frame, taken: set[tuple[int, int]]) -> None:
    """The letter of a line whose own marks are all covered: behind its last one. On the line it would look measured."""
    last = series.joined[-1]
    row, end = frame.cell(last.x, last.y)
    for column in range(end + 1, frame.left + frame.columns):
        if (row, column) not in taken:
            taken.add((row, column))
            cells[row][column] = (last.letter, Style(color=Color.from_ansi(series.color), bold=True))
            return


def _styled(series: tuple[Series, ...]) -> Iterator[tuple[Mark, Style]]:
    """Every mark, the chosen ones first: they are never hidden."""
    marks = [(mark, each.color) for each in series for mark in (*each.joined, *each.single)]
    for mark, color in sorted(marks, key=lambda pair: not pair[0].chosen):
        yield mark, Style(color=Color.from_ansi(color), bold=True, reverse=mark.chosen)


def _strip(row: list[Cell]) -> Strip:
    segments: list[Segment] = []
    for character, style in row:
        if segments and segments[-1].style is style:
            segments[-1] = Segment(segments[-1].text + character, style)
        else:
            segments.append(Segment(character, style))
    return Strip(segments, len(row))
