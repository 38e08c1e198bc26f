"""The table of one page of points: the id, then as many payload fields as fit. Values are cut before they are drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message

from qtui.model import Point
from qtui.tui.text import clean, fitted
from qtui.tui.widgets.tables import RowTable

GAP = 2
WIDEST = 28
"""Cells of a column that isn't the last."""
NARROWEST = 8
MOST_ITEMS = 8
CUT = 200
"""Characters of a value that are looked at."""


class PointTable(RowTable):
    """Rows of points; moving past either end asks for another page."""

    class Beyond(Message):
        """The cursor wants past the last row (1) or the first (-1) of these points."""

        def __init__(self, by: int, points: Sequence[Point]) -> None:
            super().__init__()
            self.by, self.points = by, points

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, cell_padding=0)
        self._points: Sequence[Point] = ()

    def show(self, points: Sequence[Point], *, at_end: bool = False) -> None:
        """These points, with the cursor on the first or on the last."""
        self._points = points
        self._fill()
        if points:
            self.move_cursor(row=len(points) - 1 if at_end else 0)

    def on_resize(self, _: events.Resize) -> None:
        """The columns follow the width."""
        at = self.cursor_row
        self._fill()
        if self._points:
            self.move_cursor(row=at)

    def _fill(self) -> None:
        self.clear(columns=True)
        columns = list(_columns(self._points, self.size.width - 1))
        for title, width, _ in columns:
            self.add_column(Text(fitted(title, width)), width=width + GAP)
        for at in range(len(self._points)):
            self.add_row(*(Text(fitted(values[at], width)) for _, width, values in columns), key=str(at))

    def action_cursor_down(self) -> None:
        """Down, or on to the next page."""
        if self.cursor_row >= self.row_count - 1:
            self.post_message(self.Beyond(1, self._points))
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Up, or back to the page before."""
        if self.cursor_row <= 0:
            self.post_message(self.Beyond(-1, self._points))
        else:
            super().action_cursor_up()

    def action_page_down(self) -> None:
        """A window down, or on to the next page."""
        if self.cursor_row >= self.row_count - 1:
            self.post_message(self.Beyond(1, self._points))
        else:
            super().action_page_down()

    def action_page_up(self) -> None:
        """A window up, or back to the page before."""
        if self.cursor_row <= 0:
            self.post_message(self.Beyond(-1, self._points))
        else:
            super().action_page_up()


def _columns(points: Sequence[Point], room: int) -> Iterator[tuple[str, int, list[str]]]:
    """Title, width and cells of each column that fits; what is left goes to those that are cut, the longest first."""
    names = dict.fromkeys(key for point in points for key in (point.payload or {}))
    held = list(names)[: max(1, room // NARROWEST)]
    shown = [_column("id", [point.id for point in points])]
    shown += [_column(clean(name, WIDEST), [(point.payload or {}).get(name, "") for point in points]) for name in held]
    wanted = [max(map(cell_len, (title, *values))) for title, values in shown]
    widths: list[int] = []
    left = room
    for cells in wanted:
        if left - GAP < min(cells, NARROWEST):
            break
        widths.append(min(cells, left - GAP, WIDEST))
        left -= widths[-1] + GAP
    for at in sorted(range(len(widths)), key=lambda at: -wanted[at]):
        more = min(left, wanted[at] - widths[at])
        widths[at] += more
        left -= more
    for (title, values), width in zip(shown, widths, strict=False):
        yield title, width, values


def _column(title: str, values: Sequence[Any]) -> tuple[str, list[str]]:
    """Numbers stand under each other, below the end of their title."""
    cells = [brief(value) for value in values]
    if any(isinstance(value, bool) or not (value == "" or isinstance(value, int | float)) for value in values):
        return title, cells
    width = max(map(len, (title, *cells)))
    return title.rjust(width), [cell.rjust(width) for cell in cells]


def brief(value: Any) -> str:
    """One value on one short line, whatever it holds."""
    if isinstance(value, str):
        return clean(value, CUT)
    if isinstance(value, dict):
        return f"{{{len(value)} field{'' if len(value) == 1 else 's'}}}"
    if isinstance(value, list):
        more = "" if len(value) <= MOST_ITEMS else f" … {len(value):,}"
        return ", ".join(brief(part) if not isinstance(part, list) else "[…]" for part in value[:MOST_ITEMS]) + more
    return clean(json.dumps(value, default=str), CUT)
