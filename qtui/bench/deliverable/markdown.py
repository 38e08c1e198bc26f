"""A report as Markdown, its charts drawn as text, with a list at its end of where each figure comes from. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.deliverable.drawn import draw, printed
from qtui.bench.deliverable.parts import (
    Bullets,
    Chart,
    Code,
    Document,
    Figure,
    Line,
    Paragraph,
    Part,
    Table,
    figures_of_part,
)
from qtui.plain import plain

_SPECIAL = ("\\", "|", "<", "`", "*", "_", "[")


def to_markdown(document: Document) -> str:
    """The whole report."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {safe(document.title)}"
    yield ""
    yield safe(document.run)
    for section in document.sections:
        yield from ("", f"## {safe(section.title)}")
        for part in section.parts:
            yield ""
            yield from _part(part)
    yield from _origins(document)


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Paragraph):
        yield _line(part.line)
    elif isinstance(part, Bullets):
        for line in part.lines:
            yield f"- {_line(line)}"
    elif isinstance(part, Code):
        fence = "`" * (3 + part.text.count("```"))
        yield f"{fence}{part.language}"
        yield from map(plain, part.text.split("\n"))
        yield fence
    elif isinstance(part, Chart):
        yield from (f"**{safe(part.title)}**", "", "```text", *(draw(part) or ["nothing to draw"]), "```")
    elif isinstance(part, Table):
        yield f"| {' | '.join(map(safe, part.heads))} |"
        yield f"|{'|'.join('---' if place < part.text else '--:' for place in range(len(part.heads)))}|"
        for row in part.rows:
            yield f"| {' | '.join(_line(cell) for cell in row)} |"


def _line(line: Line) -> str:
    return "".join(safe(piece.text if isinstance(piece, Figure) else piece) for piece in line)


def _origins(document: Document) -> Iterator[str]:
    """Each figure once, with its name in the record; of charts those that are printed in digits."""
    parts = [part for section in document.sections for part in section.parts]
    figures = [
        figure for part in parts for figure in (printed(part) if isinstance(part, Chart) else figures_of_part(part))
    ]
    found = dict.fromkeys((figure.text, figure.source) for figure in figures if figure.value is not None)
    yield from (
        "",
        "## Where each figure comes from",
        "",
        "Its name in the run record, or the formula over such names.",
    )
    yield from ("", "| figure | in the record |", "|--:|---|")
    for words, source in found:
        yield f"| {safe(words)} | `{source}` |"


def safe(text: str) -> str:
    """Text from data that can't end a cell or start markup."""
    found = plain(text)
    for character in _SPECIAL:
        found = found.replace(character, f"\\{character}")
    return found
