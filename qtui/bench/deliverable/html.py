"""A report as one HTML file that needs no other: no script, font or picture from outside, and a policy that says so.

Every figure is a `data` element with its value, and in data-from its name in the run record or the formula over such
names. All text passes through `svg.text` or `svg.element`, which escape it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.deliverable.parts import (
    QUOTED,
    Bullets,
    Chart,
    Code,
    Document,
    Figure,
    Line,
    Paragraph,
    Part,
    Series,
    Table,
)
from qtui.bench.deliverable.svg import colour, colours, draw, element, text

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --dim: #666; --tone: 33%; }
@media (prefers-color-scheme: dark) { :root { --dim: #aaa; --tone: 70%; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin-top: 2.4rem; border-bottom: 1px solid var(--line); }
p, li { overflow-wrap: anywhere; }
.about, .note { color: var(--dim); font-size: .9rem; }
.scroll { overflow-x: auto; margin: 1rem 0; background: linear-gradient(to left, Canvas 40%, transparent) right / 3rem
  100% no-repeat local, linear-gradient(to left, var(--line), transparent) right / 1rem 100% no-repeat scroll; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; font-size: .88rem; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { vertical-align: bottom; white-space: normal; } td { vertical-align: top; }
th.words, td.words { text-align: left; } td.long { white-space: normal; min-width: 14rem; }
th:first-child, td:first-child { position: sticky; left: 0; background: Canvas; }
tr.best td { font-weight: bold; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .85rem; }
data { text-decoration: underline dotted var(--line); }
figure { margin: 1.6rem 0; } figure b.title { display: block; margin-bottom: .3rem; }
svg { display: block; width: 100%; min-width: 34rem; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: currentColor; } svg circle, svg rect { fill: currentColor; } svg .bold { font-weight: bold; }
svg circle.best { fill: none; stroke: currentColor; stroke-width: 1.5; } svg .whisker { stroke: var(--dim); }
svg .grid { stroke: var(--line); } svg .tip { stroke: var(--dim); stroke-width: 2; } svg .axis { fill: var(--dim); }
.key b { margin-right: .3rem; } .key span { margin-right: 1.2rem; white-space: nowrap; display: inline-block; }
@page { margin: 14mm; } @page wide { size: landscape; }
@media print {
  body { font-size: 10pt; margin: 0; padding: 0; max-width: none; } .scroll { overflow: visible; background: none; }
  h2 { break-after: avoid; } figure, pre, tr, li { break-inside: avoid; } thead { display: table-header-group; }
  th:first-child, td:first-child { position: static; } td.long { min-width: 12rem; } svg { min-width: 0; }
  .wide { page: wide; } .wide table { font-size: 6.5pt; } .wide th, .wide td { padding: .1rem .25rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 8pt; }
}
""".strip()
_LONG = 24
"""Characters from which a cell of words may be broken into lines."""
_WIDE = 12
"""Columns from which a table, and its section with it, is printed across the page."""


def to_html(document: Document) -> str:
    """The whole file."""
    return "\n".join(_page(document)) + "\n"


def _page(document: Document) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield element("title", {}, text(document.title))
    yield f"<style>\n{_STYLE}\n{_colours()}\n</style>"
    yield "</head>"
    yield "<body>"
    yield element("h1", {}, text(document.title))
    yield element("p", {"class": "about"}, text(document.run))
    for section in document.sections:
        wide = any(isinstance(part, Table) and len(part.heads) >= _WIDE for part in section.parts)
        parts = (element("h2", {}, text(section.title)), *map(_part, section.parts))
        yield element("section", {"class": "wide"} if wide else {}, *parts)
    said = "Every underlined figure is from the run record, under the name that it shows when pointed at (data-from)."
    yield element("p", {"class": "note"}, text(said))
    yield "</body>"
    yield "</html>"


def _part(part: Part) -> str:
    if isinstance(part, Paragraph):
        return element("p", {}, _line(part.line))
    if isinstance(part, Bullets):
        return element("ul", {}, *(element("li", {}, _line(line)) for line in part.lines))
    if isinstance(part, Code):
        return element(
            "pre", {}, element("code", {"class": part.language}, "\n".join(map(text, part.text.split("\n"))))
        )
    return _chart(part) if isinstance(part, Chart) else _table(part)


def _line(line: Line) -> str:
    return "".join(_figure(piece) if isinstance(piece, Figure) else text(piece) for piece in line)


def _figure(figure: Figure) -> str:
    if figure.style == QUOTED:
        return element("span", {"data-from": figure.source, "data-as": QUOTED}, text(figure.text))
    if figure.value is None:
        return text(figure.text)
    given = {"value": figure.value, "data-from": figure.source, "data-as": figure.style, "title": figure.source}
    return element("data", given, text(figure.text))


def _table(table: Table) -> str:
    kinds = [_kind(table, place) for place in range(len(table.heads))]
    heads = (_cell("th", text(head), kind) for head, kind in zip(table.heads, kinds, strict=True))
    rows = (
        element(
            "tr",
            {"class": "best"} if number == table.best else {},
            *(_cell("td", _line(cell), kind) for cell, kind in zip(row, kinds, strict=True)),
        )
        for number, row in enumerate(table.rows)
    )
    head, body = element("thead", {}, element("tr", {}, *heads)), element("tbody", {}, *rows)
    return _scrolled(element("table", {}, head, body))


def _scrolled(inner: str) -> str:
    """What may be wider than a small screen: it scrolls by itself, by keyboard too."""
    return element("div", {"class": "scroll", "tabindex": 0}, inner)


def _kind(table: Table, place: int) -> str:
    """The class of a column: figures, words, or sentences."""
    words = [piece for row in table.rows for piece in row[place] if isinstance(piece, str)]
    if any(len(piece) > _LONG for piece in words) and place >= table.text:
        return "words long"
    return "words" if place < table.text else ""


def _cell(name: str, inner: str, kind: str) -> str:
    return element(name, {"class": kind} if kind else {}, inner)


def _chart(chart: Chart) -> str:
    drawn = draw(chart)
    if not drawn:
        return element("p", {"class": "note"}, text(f"{chart.title}: nothing to draw"))
    title = element("b", {"class": "title"}, text(chart.title))
    best = any(mark.best for series in chart.series for mark in series.marks)
    marked = f" {'Bold' if chart.kind == 'bars' else 'Ringed'}: the recommended variant." if best else ""
    note = element("div", {"class": "note"}, text(f"{chart.note}.{marked}"))
    return element("figure", {}, element("figcaption", {}, title, _key(chart.series)), _scrolled(drawn), note)


def _key(series: tuple[Series, ...]) -> str:
    entries = (
        element("span", {}, element("b", {"class": colour(each.name)}, text(each.letter)), text(each.name))
        for each in series
    )
    return element("div", {"class": "key"}, *entries)


def _colours() -> str:
    """A colour a method, dark on light and light on dark."""
    return "\n".join(f".{name} {{ color: hsl({hue} {full}% var(--tone)); }}" for name, hue, full in colours())
