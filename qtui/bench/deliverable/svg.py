"""Draws a report's charts as inline SVG. Pure; every attribute and text is escaped here, by `element`.

A mark carries its values and their origins (data-x, data-from-x, …), and stands where `Scale` puts those values.
Methods are told apart by their letter first, by colour second; a method has the same colour in every chart. A label
that would lie on another, or on a mark, is moved or left out: its mark and its tip stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from qtui.bench.deliverable.labels import Labels
from qtui.bench.deliverable.parts import Chart, Figure, Mark, Series
from qtui.bench.deliverable.scale import Scale, spread
from qtui.methods import METHODS
from qtui.plain import plain

WIDTH = 760
_PLOT_HEIGHT = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 26, 48
_ROW = 22
_LABEL = 160
_NUMBER = 68
_DOT, _BEST = 3.5, 7.5


def element(name: str, attributes: Mapping[str, object], *children: str) -> str:
    """One element; children are elements already, or text that `text` has escaped."""
    given = "".join(f' {key}="{escape(plain(value), quote=True)}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(children)}</{name}>"


def text(content: str) -> str:
    """Text that means nothing but itself."""
    return escape(plain(content), quote=True)


def colour(method: str) -> str:
    """The class that has a method's colour."""
    return f"m{list(METHODS).index(method)}" if method in METHODS else "m"


def colours() -> Iterator[tuple[str, int, int]]:
    """Every such class with its hue in degrees, as far from its neighbours' as can be, and its saturation in percent.

    The baseline is grey.
    """
    yield from (
        (f"m{place}", round(place * 137.5) % 360, 0 if name == "none" else 70) for place, name in enumerate(METHODS)
    )


def draw(chart: Chart) -> str:
    """The chart as one svg element, or '' when it has nothing to show."""
    marks = [mark for series in chart.series for mark in series.marks if known(mark)]
    if not marks:
        return ""
    return _bars(chart, marks) if chart.kind == "bars" else _plot(chart, marks)


def known(mark: Mark) -> bool:
    """Whether it can be drawn."""
    return mark.x.value is not None and mark.y.value is not None


def _value(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


# --- marks against two axes -------------------------------------------------------------------------------------


def _plot(chart: Chart, marks: list[Mark]) -> str:
    log = chart.log_x and all(_value(mark.x) > 0 for mark in marks)
    x = spread([_value(mark.x) for mark in marks], _LEFT, WIDTH - _RIGHT, log=log)
    y = spread([_value(mark.y) for mark in marks], _TOP + _PLOT_HEIGHT, _TOP)
    labels = Labels(_LEFT, _TOP - 14, WIDTH, _TOP + _PLOT_HEIGHT)
    for mark in marks:
        labels.keep_free(x.place(_value(mark.x)), y.place(_value(mark.y)), _BEST if mark.best else _DOT)
    lines = [_line(series, x, y) for series in chart.series]
    drawn = [_series(series, x, y, _labelled(series, labels, x, y, chart)) for series in chart.series]
    height = _TOP + _PLOT_HEIGHT + _BOTTOM
    return _svg(chart, height, [*_axes(chart, x, y), *lines, *drawn])


def _axes(chart: Chart, x: Scale, y: Scale) -> Iterator[str]:
    for value in chart.x_ticks or x.ticks():
        at = f"{x.place(value):.1f}"
        yield element("line", {"class": "grid", "x1": at, "x2": at, "y1": y.end, "y2": y.start})
        yield element("text", {"x": at, "y": y.start + 18, "text-anchor": "middle"}, text(f"{value:g}"))
    for value in y.ticks():
        at = f"{y.place(value):.1f}"
        yield element("line", {"class": "grid", "x1": x.start, "x2": x.end, "y1": at, "y2": at})
        yield element("text", {"x": x.start - 8, "y": at, "text-anchor": "end", "dy": "0.35em"}, text(f"{value:g}"))
    yield _titled((x.start + x.end) / 2, y.start + 38, chart.x_title)
    yield element("text", {"class": "axis", "x": 4, "y": y.end - 12}, text(chart.y_title))


def _line(series: Series, x: Scale, y: Scale) -> str:
    places = [(x.place(_value(mark.x)), y.place(_value(mark.y))) for mark in series.marks if known(mark)]
    points = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
    given = {"class": colour(series.name), "points": points, "fill": "none", "stroke": "currentColor"}
    return element("polyline", {**given, "stroke-opacity": "0.5"})


def _labelled(series: Series, labels: Labels, x: Scale, y: Scale, chart: Chart) -> list[tuple[float, float] | None]:
    """Where the label of each known mark stands, None where it has no room; the recommended, then ends, go first."""
    marks = [mark for mark in series.marks if known(mark)]
    last = len(marks) - 1
    found: list[tuple[float, float] | None] = [None] * len(marks)
    asked = [place for place in range(len(marks)) if chart.kind == "scatter" or place in (0, last)]
    for place in sorted(asked, key=lambda each: (not marks[each].best, each != last, each != 0, each)):
        mark = marks[place]
        found[place] = labels.find(x.place(_value(mark.x)), y.place(_value(mark.y)), mark.letter)
    return found


def _series(series: Series, x: Scale, y: Scale, places: list[tuple[float, float] | None]) -> str:
    parts = []
    for mark, place in zip((mark for mark in series.marks if known(mark)), places, strict=True):
        left, top = x.place(_value(mark.x)), y.place(_value(mark.y))
        tip = element("title", {}, text(f"{mark.label}: {mark.x.text}, {mark.y.text}"))
        dot = element("circle", {"cx": f"{left:.1f}", "cy": f"{top:.1f}", "r": _DOT})
        inner = [tip, dot]
        if mark.best:
            inner.append(element("circle", {"class": "best", "cx": f"{left:.1f}", "cy": f"{top:.1f}", "r": _BEST}))
        if place is not None:
            inner.append(element("text", {"x": f"{place[0]:.1f}", "y": f"{place[1]:.1f}"}, text(mark.letter)))
        parts.append(element("g", _origin(mark), *inner))
    return element("g", {"class": f"series {colour(series.name)}"}, *parts)


# --- bars ---------------------------------------------------------------------------------------------------------


def _bars(chart: Chart, marks: list[Mark]) -> str:
    longest = chart.most or max(
        _value(figure) for mark in marks for figure in (mark.x, *mark.tips) if figure.value is not None
    )
    scale = Scale(0.0, longest or 1.0, _LABEL, WIDTH - 12 - _NUMBER * max(len(chart.columns), 1))
    rows, top = [*_columns(chart, _TOP - 8)], _TOP
    for series in chart.series:
        for mark in series.marks:
            if known(mark):
                rows.append(_bar(mark, colour(series.name), scale, top))
                top += _ROW
    for value in scale.ticks():
        at = f"{scale.place(value):.1f}"
        rows.insert(0, element("line", {"class": "grid", "x1": at, "x2": at, "y1": _TOP, "y2": top}))
        rows.append(element("text", {"x": at, "y": top + 16, "text-anchor": "middle"}, text(f"{value:,g}")))
    rows.append(_titled((scale.start + scale.end) / 2, top + 36, chart.x_title))
    return _svg(chart, top + _BOTTOM, rows)


def _columns(chart: Chart, top: float) -> Iterator[str]:
    for place, head in enumerate(reversed(chart.columns)):
        yield element("text", {"class": "axis", **_right(place, top)}, text(head))


def _right(place: int, top: float) -> dict[str, object]:
    """A column of figures, counted from the right."""
    return {"x": WIDTH - 4 - place * _NUMBER, "y": top, "text-anchor": "end"}


def _bar(mark: Mark, of: str, scale: Scale, top: float) -> str:
    end, middle = scale.place(_value(mark.x)), top + _ROW / 2
    figures = (mark.x, *mark.tips)
    label = {"x": _LABEL - 8, "y": middle, "text-anchor": "end", "dy": "0.35em"}
    drawn = {"x": scale.start, "y": top + 4, "width": f"{end - scale.start:.1f}", "height": _ROW - 8}
    parts = [
        element("title", {}, text(f"{mark.label}: {', '.join(figure.text for figure in figures)}")),
        element("text", {**label, "class": "bold"} if mark.best else label, text(mark.label)),
        element("rect", {"class": of, **drawn}),
        *_tips(mark, scale, top),
        *(
            element("text", {**_right(place, middle), "dy": "0.35em"}, text(figure.text))
            for place, figure in enumerate(reversed(figures))
        ),
    ]
    return element("g", _origin(mark), *parts)


def _tips(mark: Mark, scale: Scale, top: float) -> Iterator[str]:
    """A whisker from the bar's end: a short mark, then one as high as the row for the last; » for what lies further."""
    shown = [figure for figure in mark.tips if figure.value is not None]
    if not shown:
        return
    start, middle = scale.place(_value(mark.x)), top + _ROW / 2
    end = min(scale.end, max(scale.place(_value(figure)) for figure in shown))
    yield element("line", {"class": "whisker", "x1": f"{start:.1f}", "x2": f"{end:.1f}", "y1": middle, "y2": middle})
    for place, figure in enumerate(shown):
        origin = {"data-value": figure.value, "data-from": figure.source}
        if _value(figure) > scale.high:
            beyond = f"M{scale.end - 8:g},{middle - 4:g} l4,4 l-4,4 m4,-8 l4,4 l-4,4"
            yield element("path", {"class": "tip far", "fill": "none", "d": beyond, **origin})
            continue
        at, half = f"{scale.place(_value(figure)):.1f}", (_ROW - 5) / 2 if place == len(shown) - 1 else 4.5
        drawn = {"class": "tip", "x1": at, "x2": at, "y1": middle - half, "y2": middle + half}
        yield element("line", {**drawn, **origin})


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
