"""Tables of whole rows, and the one of collections. Rows are keyed, so that updates keep the cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from qtui.model import UNREAD, CollectionView
from qtui.tui import figures, inspection
from qtui.tui.text import fitted
from qtui.tui.theme import DIM, WARN
from qtui.tui.widgets.lines import LineTable

MOST_ROWS = 1_000
GAP = 1
"""Blank cells after each column of the collection table."""


class RowTable(DataTable[Text], inherit_bindings=False):
    """A table of whole rows, moved through with arrows or j and k; Enter is left to the panel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor_down", show=False),
        Binding("up,k", "cursor_up", show=False),
        Binding("right", "scroll_right", show=False),
        Binding("left", "scroll_left", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("home,g", "scroll_top", show=False),
        Binding("end,G", "scroll_bottom", show=False),
    ]

    def __init__(self, *, id: str, cell_padding: int = 1) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, cursor_type="row", cell_padding=cell_padding)

    @property
    def row(self) -> str | None:
        """The key of the highlighted row."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the collection table."""

    title: str
    width: int
    cell: Callable[[CollectionView], str]
    order: Callable[[CollectionView], object]
    right: bool = False
    briefly: tuple[Callable[[CollectionView], str], ...] = ()
    """The cell where the whole one doesn't fit, each shorter than the one before."""

    @property
    def ways(self) -> tuple[Callable[[CollectionView], str], ...]:
        """The cell at length, then ever shorter."""
        return (self.cell, *self.briefly)

    def text(self, view: CollectionView, width: int) -> str:
        """The cell as far as it fits, in as many words."""
        said = [way(view) for way in self.ways]
        return next((text for text in said if cell_len(fitted(text, width + 1)) <= width), said[-1])

    def placed(self, text: str, width: int) -> str:
        """The text cut to `width` cells, on its side of the column, with the gap after it."""
        cut = fitted(text, width)
        blanks = " " * (width - cell_len(cut))
        return f"{blanks}{cut} " if self.right else f"{cut}{blanks} "


def _status(view: CollectionView) -> str:
    return f"{inspection.status(view)[0]} {view.status}"


def _by_size(view: CollectionView) -> tuple[list[int], str]:
    return [vector.spec.size for vector in view.vectors], figures.vectors(view)


COLUMNS = (
    Column("name", 12, lambda view: view.name, lambda view: view.name),
    Column("points", 7, figures.points, lambda view: view.points, right=True),
    Column("vectors", 10, figures.vectors, _by_size, briefly=(figures.sizes, figures.bare_sizes)),
    Column("quantization", 13, figures.quantization, figures.quantization),
    Column("built", 6, lambda view: figures.built(view)[0], lambda view: figures.built(view)[0]),
    Column("RAM est", 9, figures.ram, figures.ram_estimate, right=True),
    Column("originals", 10, figures.originals, figures.originals),
    Column("status", 9, _status, lambda view: view.status),
)
_OF = {column.title: column for column in COLUMNS}
SAID_TWICE = "status"
"""Left out first where the window is too narrow, before anything else is cut: a sign before the name says it, too."""
OPTIONAL = (SAID_TWICE, "originals", "vectors")
"""Left out in this order, once the others are said as briefly as they can be."""
LONGEST_NAME = 44
NEEDED = {"name": 20, "vectors": 14}
LEAST = {"name": 10, "vectors": 8, "quantization": 11}
"""Cells that a column gives way down to, rather than that another is left out for it; taken in the reverse order."""
STRETCHED = (*((title, most, 1) for title, most in NEEDED.items()), ("name", LONGEST_NAME, 0), ("vectors", 30, 0))
"""What is wider than its column has up to so many cells, in this order, where the window has them to spare.

At last, how briefly it is said then.
"""
FROM_LARGEST = {"points", "RAM est"}
QUIET = frozenset({"green", UNREAD})
"""Statuses without a sign before the name."""
MOST_MEASURED = 500
"""Rows that widths are taken from."""


class CollectionTable(LineTable):
    """Every collection, sorted and filtered."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.views: tuple[CollectionView, ...] = ()
        self.found: dict[str, CollectionView] = {}
        """Those that the filter lets through, sorted."""
        self.sort_by = "name"
        self.reversed = False
        self.words = ""
        self._placed: tuple[tuple[Column, int], ...] = ()
        self._placed_in = -1
        """Cells of a line when the columns were placed; -1 where they have to be placed anew."""

    def show_views(self, views: tuple[CollectionView, ...], words: str) -> None:
        """These collections, those that hold all `words` in their name or method."""
        self.views, self.words = views, words
        self.fill()

    def sort_by_column(self, title: object = "name", reverse: object = False) -> None:  # noqa: FBT002 - as kept in a file
        """Sorts by a column, as far as there is one of this title."""
        if any(column.title == title for column in COLUMNS):
            self.sort_by, self.reversed = str(title), reverse is True
            self.fill()

    def sort_next(self) -> None:
        """Sorts by the next column, numbers from the largest down."""
        titles = [column.title for column, _ in self._columns()]
        at = titles.index(self.sort_by) if self.sort_by in titles else -1
        title = titles[(at + 1) % len(titles)]
        self.sort_by_column(title, title in FROM_LARGEST)

    def reverse(self) -> None:
        """The other way round."""
        self.sort_by_column(self.sort_by, not self.reversed)

    def fill(self) -> None:
        """Sorts and filters anew, with the cursor on the same collection as before."""
        words = self.words.lower().split()
        found = [v for v in self.views if all(w in f"{v.name} {figures.quantization(v)}".lower() for w in words)]
        column = next(column for column in COLUMNS if column.title == self.sort_by)
        found.sort(key=lambda view: view.name)
        found.sort(key=column.order, reverse=self.reversed)  # type: ignore[arg-type]  # a column's keys are of one kind
        self.found = {view.name: view for view in found}
        self._placed_in = -1
        self.show_keys(tuple(self.found))

    def _columns(self) -> tuple[tuple[Column, int], ...]:
        """The columns that there is room for, each with its cells."""
        if self._placed_in != self.line_width:
            columns = self._fitting()
            widths = self._widths(columns)
            self._placed = tuple((column, widths[column.title]) for column in columns)
            self._placed_in = self.line_width
        return self._placed

    def _fitting(self) -> list[Column]:
        columns = list(COLUMNS)
        for title in OPTIONAL:
            longest = self._longest(columns, 1 if title == SAID_TWICE else 2)
            most = NEEDED if title == SAID_TWICE else LEAST
            cells = [min(most.get(column.title, column.width), longest[column.title]) for column in columns]
            if sum(cells) + GAP * len(cells) < self.line_width:
                break
            columns = [column for column in columns if column.title != title]
        return columns

    def _widths(self, columns: list[Column]) -> dict[str, int]:
        """Cells of each column: what it needs, as far as that is no more than its own, then more where there are any.

        What is left after those with longer texts got theirs goes back to what had less than its own.
        """
        widths = {title: min(cells, _OF[title].width) for title, cells in self._longest(columns, 2).items()}
        spare = self.line_width - sum(widths.values()) - GAP * len(widths) - 1
        for title in (title for title in reversed(LEAST) if title in widths):
            less = max(0, min(widths[title] - LEAST[title], -spare))
            widths[title] -= less
            spare += less
        spare = max(0, spare)

        def give(title: str, wanted: int) -> None:
            nonlocal spare
            more = min(max(0, wanted - widths.get(title, wanted)), spare)
            if more:
                widths[title] += more
                spare -= more

        for title, most, brief in STRETCHED:
            give(title, min(self._longest(columns, brief).get(title, 0), most))
        for column in columns:
            give(column.title, column.width)
        give("name", widths["name"] + 4)
        return widths

    def _longest(self, columns: list[Column], briefly: int = 0) -> dict[str, int]:
        """Cells of the longest text of each column, its title among them, said so `briefly`, as far as it can be."""
        measured = list(islice(self.found.values(), MOST_MEASURED))

        def title(column: Column) -> int:
            return len(column.title) + (column.title == self.sort_by)

        return {
            column.title: max(title(column), *(_needed(column, view, briefly) for view in measured), 0)
            for column in columns
        }

    def heading(self, width: int) -> Text:
        """The titles, with an arrow at the one that is sorted by."""
        del width
        arrow, line = "▾" if self.reversed else "▴", Text(style=DIM)
        for column, cells in self._columns():
            title = f"{column.title}{arrow if column.title == self.sort_by else ''}"
            line.append(column.placed(title, cells))
        return line

    def line(self, at: int, width: int) -> Text:
        """One collection; only the name of one that hasn't been read yet."""
        del width
        view = self.found[self.keys[at]]
        line = Text()
        for column, cells in self._columns():
            line.append_text(_cell(view, column, cells))
        return line


def _needed(column: Column, view: CollectionView, briefly: int) -> int:
    signed = column.title == "name" and view.status not in QUIET
    said = column.ways[: briefly + 1][-1]
    return cell_len(fitted(said(view), 60)) + 2 * signed


def _cell(view: CollectionView, column: Column, width: int) -> Text:
    if column.title == "name" and view.status not in QUIET:
        sign, style = inspection.status(view)
        name = fitted(view.name, width - 2)
        return Text.assemble((f"{sign} ", style), name, " " * (width - 2 - cell_len(name) + GAP))
    if column.title != "name" and view.status == UNREAD:
        return Text(column.placed("·", width), DIM)
    text = Text(column.placed(column.text(view, width), width))
    if column.title == "built" and not figures.built(view)[1]:
        text.stylize(WARN)
    elif column.title == "status":
        text.stylize(inspection.status(view)[1])
    return text
