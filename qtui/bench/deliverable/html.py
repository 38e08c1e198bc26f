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
from qtui.bench.deliverable.svg import COLOURS, draw, element, text

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --dim: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.about, figcaption, .note { color: var(--dim); font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th.words, td.words { text-align: left; } td.words { white-space: normal; min-width: 5rem; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .85rem; }
data { text-decoration: underline dotted var(--line); }
figure { margin: 1.2rem 0; } svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: currentColor; }
svg .grid { stroke: var(--line); } svg .tip { stroke: currentColor; stroke-width: 2; } svg .axis { fill: var(--dim); }
.key b { margin-right: .3rem; } .key span { margin-right: 1.2rem; }
""".strip()


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
    yield f"<style>\n{_STYLE}\n</style>"
    yield "</head>"
    yield "<body>"
    yield element("h1", {}, text(document.title))
    yield element("p", {"class": "about"}, text(document.run))
    for section in document.sections:
        yield element("h2", {}, text(section.title))
        for part in section.parts:
            yield _part(part)
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
    heads = (_cell("th", head, place, table) for place, head in enumerate(map(text, table.heads)))
    rows = (
        element("tr", {}, *(_cell("td", _line(cell), place, table) for place, cell in enumerate(row)))
        for row in table.rows
    )
    head, body = element("thead", {}, element("tr", {}, *heads)), element("tbody", {}, *rows)
    return element("div", {"class": "scroll"}, element("table", {}, head, body))


def _cell(name: str, inner: str, place: int, table: Table) -> str:
    words = place < table.text or any(isinstance(p, str) and len(p) > 24 for row in table.rows for p in row[place])
    return element(name, {"class": "words"} if words else {}, inner)


def _chart(chart: Chart) -> str:
    drawn = draw(chart)
    if not drawn:
        return element("p", {"class": "note"}, text(f"{chart.title}: nothing to draw"))
    said = element("figcaption", {}, text(f"{chart.title}. {chart.note}."), element("br", {}), _key(chart.series))
    return element("figure", {}, drawn, said)


def _key(series: tuple[Series, ...]) -> str:
    entries = (
        element("span", {}, element("b", {"style": f"color:{COLOURS[n % len(COLOURS)]}"}, text(s.letter)), text(s.name))
        for n, s in enumerate(series)
    )
    return element("span", {"class": "key"}, *entries)
