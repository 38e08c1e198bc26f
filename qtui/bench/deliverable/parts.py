"""What a report is made of: sections of paragraphs, lists, tables, code and charts, and figures that know their origin.

Standard library only. A figure is made from a record by `Facts.figure` alone, so that it is what its source says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtui import trace, units
from qtui.costtext import money
from qtui.plain import plain
from qtui.records import RunRecord


@dataclass(frozen=True, slots=True)
class Figure:
    """A number from the record, as it is printed."""

    text: str
    value: float | None
    source: str
    """Its name in the record, or arithmetic on such names (`qtui.trace`)."""
    style: str


QUOTED = "text"
"""Style of what is no number but a text of the record."""
Line = tuple[str | Figure, ...]
"""Words and figures, to be printed one after the other."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph."""

    line: Line


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; `words` alone is text from the record."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first `text` columns are words, the others figures."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    text: int = 1
    best: int | None = None
    """The row that stands out."""


@dataclass(frozen=True, slots=True)
class Code:
    """Something to paste."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a chart where a variant stands."""

    x: Figure
    y: Figure
    letter: str
    label: str
    tips: tuple[Figure, ...] = ()
    """Further figures of it: p95 and p99 of a bar."""
    best: bool = False
    """Whether it is the recommended one."""


@dataclass(frozen=True, slots=True)
class Series:
    """Marks of one method, in the order of drawing."""

    name: str
    letter: str
    marks: tuple[Mark, ...]
    """For bars: one a bar, `x` its length."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, apart from how."""

    kind: str
    """scatter, lines or bars."""
    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    log_x: bool = False
    note: str = ""
    x_ticks: tuple[float, ...] = ()
    """Where the axis is to be marked; () for round values."""
    columns: tuple[str, ...] = ()
    """Of bars: what their figures are, `x` first."""
    most: float | None = None
    """Of bars: where their scale ends, if not at the greatest figure: one far out would squeeze all others.

    A figure that lies further is drawn as » at the end; its number is beside it.
    """


Part = Paragraph | Bullets | Table | Code | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    run: str
    sections: tuple[Section, ...]


def _percent(value: float | None) -> str:
    return units.ABSENT if value is None else f"{value:.1%}"


def _times(value: float | None) -> str:
    return units.ABSENT if value is None else f"{value:.2f}x"


def _whole(value: float | None) -> str:
    return units.ABSENT if value is None else f"{value:,.0f}"


def _plain_number(value: float | None) -> str:
    return units.ABSENT if value is None else f"{value:g}"


def _two_places(value: float | None) -> str:
    return units.ABSENT if value is None else f"{value:.2f}"


def _count(value: float | None) -> str:
    return units.count(None if value is None else round(value))


STYLES: dict[str, Callable[[float | None], str]] = {
    "share": units.share,
    "ms": units.millis,
    "ratio": units.ratio,
    "times": _times,
    "size": units.size,
    "count": _count,
    "whole": _whole,
    "number": _plain_number,
    "decimal": _two_places,
    "money": money,
    "percent": _percent,
    "seconds": units.duration,
}
"""How a number is printed."""


class Facts:
    """One record, asked for its figures by name."""

    def __init__(self, record: RunRecord) -> None:
        self.record = record

    def figure(self, source: str, style: str) -> Figure:
        """The figure of this name or formula."""
        value = trace.number(self.record, source)
        return Figure(STYLES[style](value), value, source, style)

    def quote(self, source: str) -> Figure:
        """A text of the record, on one line."""
        return Figure(plain(trace.evaluate(self.record, source)), None, source, QUOTED)

    def line(self, *parts: str | tuple[str, str]) -> Line:
        """Words, and figures as (source, style)."""
        return tuple(plain(part) if isinstance(part, str) else self.figure(*part) for part in parts)


def figures_of_part(part: Part) -> tuple[Figure, ...]:
    """Every figure of one part, in its order, a chart's included."""
    if isinstance(part, Chart):
        marks = [mark for series in part.series for mark in series.marks]
        return tuple(figure for mark in marks for figure in (mark.x, mark.y, *mark.tips))
    if isinstance(part, Code):
        return ()
    if isinstance(part, Paragraph):
        lines: tuple[Line, ...] = (part.line,)
    elif isinstance(part, Bullets):
        lines = part.lines
    else:
        lines = tuple(cell for row in part.rows for cell in row)
    return tuple(piece for line in lines for piece in line if isinstance(piece, Figure))
