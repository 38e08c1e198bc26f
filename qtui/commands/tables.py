"""Plain text tables of at most 80 columns, for what a command prints. Standard library, and msgspec for JSON.

Text from data is made harmless here, by `qtui.plain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

from qtui.plain import cells_of, cut_to, plain, plain_json

WIDTH = 80
GAP = "  "
_LEAST = 16
"""Columns that the column to be cut keeps before others are cut too."""


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: str = "",
    cut: int = 0,
    width: int = WIDTH,
    whole: bool = False,
) -> str:
    """Rows under their heads. `right` holds the digits of the columns that are set right.

    Where the whole would pass `width`, column `cut` is shortened, and then whichever is the widest; `whole`: what is
    too long for the first column has a line of its own instead, so that it can be copied.
    """
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(cells_of(line[i]) for line in [list(heads), *cells]) for i in range(len(heads))]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    if excess > 0:
        widths[cut] -= min(excess, max(0, widths[cut] - _LEAST))
    while excess > 0 and sum(widths) + len(GAP) * (len(widths) - 1) > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for first, *others in [list(heads), *cells]:
        alone = whole and cells_of(first) > widths[0]
        if alone:
            lines.append(first)
        lines.append(_line(["" if alone else first, *others], widths, right))
    return "\n".join(lines)


def fields(rows: Iterable[tuple[str, object]], *, indent: str = "") -> str:
    """Names and values, the values under each other, and folded where they pass 80 columns."""
    pairs = [(name, plain(value)) for name, value in rows]
    broad = max((len(name) for name, _ in pairs), default=0)
    lines: list[str] = []
    for name, value in pairs:
        start = f"{indent}{name:<{broad}}{GAP}"
        # a word is never broken: paths are there to be copied
        wrapped = wrap(value, WIDTH - len(start), break_long_words=False, break_on_hyphens=False) or [""]
        lines.extend((start if index == 0 else " " * len(start)) + part for index, part in enumerate(wrapped))
    return "\n".join(line.rstrip() for line in lines)


def _line(line: Sequence[str], widths: Sequence[int], right: str) -> str:
    parts = []
    for index, (cell, width) in enumerate(zip(line, widths, strict=True)):
        shown = cut_to(cell, width)
        room = " " * (width - cells_of(shown))
        parts.append(room + shown if str(index) in right else shown + room)
    return GAP.join(parts).rstrip()


def as_json(value: Any) -> str:
    """Any of our dataclasses, or lists and dictionaries of them, as indented JSON; a number that isn't finite fails."""
    import msgspec

    return plain_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
