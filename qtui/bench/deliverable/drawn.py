"""Draws a report's charts as text of at most 80 columns, for Markdown's code blocks. Pure.

What a chart is made of stands in `charts`; here it is only put into cells. Methods are told apart by their letter.
"""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.deliverable.parts import Chart, Figure, Mark
from qtui.bench.deliverable.scale import Scale, spread
from qtui.plain import fold, plain

WIDTH = 80
_ROWS = 14
_AXIS = 6
"""Cells of the figures beside a vertical axis."""
_LABEL = 20
_NUMBER = 9
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
SHARED = "+"
"""Where marks of several methods share a cell."""


def draw(chart: Chart) -> list[str]:
    """The lines of the chart; none when it has nothing to show."""
    marks = [mark for series in chart.series for mark in series.marks if None not in (mark.x.value, mark.y.value)]
    if not marks:
        return []
    lines = [*_bars(chart, marks)] if chart.kind == "bars" else [*_plot(chart, marks)]
    if chart.kind != "bars":
        key = ", ".join(f"{series.letter} {series.name}" for series in chart.series)
        lines += fold(plain(f"{key}, {SHARED} several"), WIDTH)
    lines += fold(plain(chart.note), WIDTH)
    return [line.rstrip() for line in lines]


def printed(chart: Chart) -> tuple[Figure, ...]:
    """The figures that the drawing gives in digits: those beside bars."""
    if chart.kind != "bars":
        return ()
    return tuple(figure for series in chart.series for mark in series.marks for figure in (mark.x, *mark.tips))


def _value(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


# --- marks against two axes -------------------------------------------------------------------------------------


def _plot(chart: Chart, marks: list[Mark]) -> Iterator[str]:
    log = chart.log_x and all(_value(mark.x) > 0 for mark in marks)
    width = WIDTH - _AXIS - 1
    x = spread([_value(mark.x) for mark in marks], 0, width - 1, log=log)
    y = spread([_value(mark.y) for mark in marks], _ROWS - 1, 0)
    cells = [[" "] * width for _ in range(_ROWS)]
    for mark in sorted(marks, key=lambda each: not each.best):
        _put(cells, round(x.place(_value(mark.x))), round(y.place(_value(mark.y))), mark)
    for mark in sorted(marks, key=lambda each: not each.best):
        _label(cells, round(x.place(_value(mark.x))), round(y.place(_value(mark.y))), mark)
    beside = {round(y.place(value)): f"{value:g}" for value in y.ticks()}
    yield plain(chart.y_title)
    for number, row in enumerate(cells):
        tick = beside.get(number, "")
        yield f"{tick:>{_AXIS}}{'┤' if tick else '│'}{''.join(row)}"
    yield from _below(chart, x, width)


def _put(cells: list[list[str]], column: int, row: int, mark: Mark) -> None:
    letter = mark.letter[:1]
    cells[row][column] = letter if cells[row][column] in (" ", letter) else SHARED


def _label(cells: list[list[str]], column: int, row: int, mark: Mark) -> None:
    """What stands behind the letter, where there is room for all of it."""
    rest, line = mark.letter[1:], cells[row]
    after = line[column + 1 : column + 2 + len(rest)]
    if rest and line[column] == mark.letter[:1] and len(after) > len(rest) and set(after) == {" "}:
        line[column + 1 : column + 1 + len(rest)] = rest


def _below(chart: Chart, x: Scale, width: int) -> Iterator[str]:
    line, words, free = ["─"] * width, [" "] * width, 0
    for value in chart.x_ticks or x.ticks():
        column, digits = round(x.place(value)), f"{value:g}"
        line[column] = "┬"
        start = min(max(column - len(digits) // 2, 0), width - len(digits))
        if start >= free:
            words[start : start + len(digits)] = digits
            free = start + len(digits) + 1
    yield f"{'':>{_AXIS}}└{''.join(line)}"
    yield f"{'':>{_AXIS + 1}}{''.join(words)}"
    yield plain(chart.x_title).center(WIDTH)


# --- bars ---------------------------------------------------------------------------------------------------------


def _bars(chart: Chart, marks: list[Mark]) -> Iterator[str]:
    columns = max(len((mark.x, *mark.tips)) for mark in marks)
    width = WIDTH - _LABEL - 1 - columns * _NUMBER
    longest = chart.most or max(
        _value(figure) for mark in marks for figure in (mark.x, *mark.tips) if figure.value is not None
    )
    scale = Scale(0.0, longest or 1.0, 0.0, float(width))
    heads = "".join(f"{head:>{_NUMBER}}" for head in chart.columns)
    yield f"{plain(chart.x_title):<{_LABEL + 1 + width}}{heads}"
    for mark in marks:
        numbers = "".join(f"{figure.text:>{_NUMBER}}" for figure in (mark.x, *mark.tips))
        yield f"{plain(mark.label)[:_LABEL]:<{_LABEL}} {_bar(mark, scale, width)}{numbers}"


def _bar(mark: Mark, scale: Scale, width: int) -> str:
    """Blocks to the value, a line to the tips: the last of them closes it, or » where it lies further."""
    eighths = round(scale.place(_value(mark.x)) * 8)
    full = "█" * (eighths // 8) + _EIGHTHS[eighths % 8]
    cells = list(f"{full:<{width}}")
    known = [figure for figure in mark.tips if figure.value is not None]
    tips = [min(int(scale.place(_value(figure))), width - 1) for figure in known]
    if len(tips) == 1:
        cells[tips[0]] = "│"
    elif tips:
        for column in range(len(full), tips[-1]):
            cells[column] = "─"
        for column in tips[:-1]:
            cells[column] = "┼"
        cells[tips[-1]] = "»" if _value(known[-1]) > scale.high else "┤"
    return "".join(cells)
