"""Draws a report's charts as inline SVG. Pure; every attribute and text is escaped here, by `element`.

A mark carries its values and their origins (data-x, data-from-x, …), and stands where `Scale` puts those values.
Methods are told apart by their letter first, by colour second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from qtui.bench.deliverable.parts import Chart, Figure, Mark, Series
from qtui.plain import plain

WIDTH = 760
_PLOT_HEIGHT = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 16, 48
_ROW = 22
_LABEL = 190
_NUMBERS = 190
COLOURS = ("#4063d8", "#c0392b", "#2e7d32", "#8e44ad", "#b26a00", "#00838f", "#ad1457", "#5d4037")


def element(name: str, attributes: Mapping[str, object], *children: str) -> str:
    """One element; children are elements already, or text that `text` has escaped."""
    given = "".join(f' {key}="{escape(plain(value), quote=True)}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(children)}</{name}>"


def text(content: str) -> str:
    """Text that means nothing but itself."""
    return escape(plain(content), quote=True)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """The pixel of a value."""
        if self.log:
            share = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def draw(chart: Chart) -> str:
    """The chart as one svg element, or '' when it has nothing to show."""
    marks = [mark for series in chart.series for mark in series.marks if _known(mark)]
    if not marks:
        return ""
    return _bars(chart, marks) if chart.kind == "bars" else _plot(chart, marks)


def _known(mark: Mark) -> bool:
    return mark.x.value is not None and mark.y.value is not None


def _value(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


# --- marks against two axes -------------------------------------------------------------------------------------


def _plot(chart: Chart, marks: list[Mark]) -> str:
    log = chart.log_x and all(_value(mark.x) > 0 for mark in marks)
    x = _spread([_value(mark.x) for mark in marks], _LEFT, WIDTH - _RIGHT, log=log)
    y = _spread([_value(mark.y) for mark in marks], _TOP + _PLOT_HEIGHT, _TOP)
    height = _TOP + _PLOT_HEIGHT + _BOTTOM
    inner = [*_axes(chart, x, y), *(_series(series, number, x, y) for number, series in enumerate(chart.series))]
    return _svg(chart, height, inner)


def _spread(values: list[float], start: float, end: float, *, log: bool = False) -> Scale:
    """A scale that leaves some room around the values."""
    low, high = min(values), max(values)
    if log:
        low, high = (low / 1.15, high * 1.15) if low < high else (low / 2, high * 2)
    else:
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        low, high = max(0.0, low - room) if low >= 0 else low - room, high + room
    return Scale(low, high, start, end, log)


def _axes(chart: Chart, x: Scale, y: Scale) -> Iterator[str]:
    for value in x.ticks():
        at = f"{x.place(value):.1f}"
        yield element("line", {"class": "grid", "x1": at, "x2": at, "y1": y.end, "y2": y.start})
        yield element("text", {"x": at, "y": y.start + 18, "text-anchor": "middle"}, text(f"{value:g}"))
    for value in y.ticks():
        at = f"{y.place(value):.1f}"
        yield element("line", {"class": "grid", "x1": x.start, "x2": x.end, "y1": at, "y2": at})
        yield element("text", {"x": x.start - 8, "y": at, "text-anchor": "end", "dy": "0.35em"}, text(f"{value:g}"))
    middle = (x.start + x.end) / 2
    yield element(
        "text", {"class": "axis", "x": middle, "y": y.start + 38, "text-anchor": "middle"}, text(chart.x_title)
    )
    yield element("text", {"class": "axis", "x": 4, "y": y.end - 4}, text(chart.y_title))


def _series(series: Series, number: int, x: Scale, y: Scale) -> str:
    colour = COLOURS[number % len(COLOURS)]
    known = [mark for mark in series.marks if _known(mark)]
    places = [(x.place(_value(mark.x)), y.place(_value(mark.y))) for mark in known]
    line = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
    parts = [element("polyline", {"points": line, "fill": "none", "stroke": colour, "stroke-opacity": "0.5"})]
    for mark, (left, top) in zip(known, places, strict=True):
        tip = element("title", {}, text(f"{mark.label}: {mark.x.text}, {mark.y.text}"))
        dot = element("circle", {"cx": f"{left:.1f}", "cy": f"{top:.1f}", "r": 3, "fill": colour})
        label = element("text", {"x": f"{left + 5:.1f}", "y": f"{top - 5:.1f}", "fill": colour}, text(mark.letter))
        parts.append(element("g", _origin(mark), tip, dot, label))
    return element("g", {"class": "series"}, *parts)


# --- bars ---------------------------------------------------------------------------------------------------------


def _bars(chart: Chart, marks: list[Mark]) -> str:
    longest = max(_value(figure) for mark in marks for figure in (mark.x, *mark.tips) if figure.value is not None)
    scale = Scale(0.0, longest or 1.0, _LABEL, WIDTH - _NUMBERS)
    rows, top = [], _TOP
    for number, series in enumerate(chart.series):
        for mark in series.marks:
            if _known(mark):
                rows.append(_bar(mark, COLOURS[number % len(COLOURS)], scale, top))
                top += _ROW
    for value in scale.ticks():
        at = f"{scale.place(value):.1f}"
        rows.insert(0, element("line", {"class": "grid", "x1": at, "x2": at, "y1": _TOP, "y2": top}))
        rows.append(element("text", {"x": at, "y": top + 16, "text-anchor": "middle"}, text(f"{value:g}")))
    rows.append(_titled((scale.start + scale.end) / 2, top + 34, chart.x_title))
    return _svg(chart, top + _BOTTOM, rows)


def _bar(mark: Mark, colour: str, scale: Scale, top: float) -> str:
    end, middle = scale.place(_value(mark.x)), top + _ROW / 2
    parts = [
        element("title", {}, text(f"{mark.label}: {', '.join(figure.text for figure in (mark.x, *mark.tips))}")),
        element("text", {"x": _LABEL - 8, "y": middle, "text-anchor": "end", "dy": "0.35em"}, text(mark.label)),
        element(
            "rect",
            {"x": scale.start, "y": top + 4, "width": f"{end - scale.start:.1f}", "height": _ROW - 8, "fill": colour},
        ),
    ]
    for figure in mark.tips:
        if figure.value is not None:
            at = f"{scale.place(figure.value):.1f}"
            drawn = {"class": "tip", "x1": at, "x2": at, "y1": top + 2, "y2": top + _ROW - 2}
            parts.append(element("line", {**drawn, "data-value": figure.value, "data-from": figure.source}))
    numbers = "   ".join(figure.text for figure in (mark.x, *mark.tips))
    parts.append(element("text", {"x": WIDTH - _NUMBERS + 12, "y": middle, "dy": "0.35em"}, text(numbers)))
    return element("g", _origin(mark), *parts)


# --- both ---------------------------------------------------------------------------------------------------------


def _origin(mark: Mark) -> dict[str, object]:
    return {
        "class": "mark",
        "data-x": mark.x.value,
        "data-from-x": mark.x.source,
        "data-y": mark.y.value,
        "data-from-y": mark.y.source,
    }


def _titled(middle: float, top: float, words: str) -> str:
    return element("text", {"class": "axis", "x": middle, "y": top, "text-anchor": "middle"}, text(words))


def _svg(chart: Chart, height: float, inner: list[str]) -> str:
    given = {"viewBox": f"0 0 {WIDTH} {height:g}", "role": "img", "aria-label": chart.title}
    return element("svg", given, element("title", {}, text(chart.title)), *inner)


def _linear_ticks(low: float, high: float) -> list[float]:
    step = 10 ** floor(log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    return [round(number * step, 10) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [value for value in found if low <= value <= high]
