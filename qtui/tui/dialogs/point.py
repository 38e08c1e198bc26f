"""One point: its payload, its vectors' names and shapes, where each column ranks it, and its image when it has one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from qtui.errors import NotFound, QtuiError, shown
from qtui.model import Point, PointId
from qtui.tui import pictures
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.messages import Copied
from qtui.tui.pretty import pretty
from qtui.tui.room import Room
from qtui.tui.text import clean, plain
from qtui.tui.theme import BAD, DIM, HEAD
from qtui.tui.widgets.picture import Picture

IMAGE_ROWS = 20
_FEWEST_ROWS = 8
"""Of an image that is still worth a look."""
_SHARE, _AROUND = 0.9, 6
"""Of the screen, the height that a dialog may have, and its rows that are neither text nor image."""
LONGEST_COPY = 1_000_000
KEYS = (
    Command("point.close", "escape", "dismiss", "Back", "Back to the columns", "Esc"),
    Command("point.copy", "y", "copy", "Copy", "Copy the payload as JSON"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A column that found the point."""

    column: int
    collection: str
    asked: str
    rank: int


class PointDialog(ModalScreen[None]):
    """A stored point, read when the dialog opens."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    PointDialog > VerticalScroll { width: 96; height: auto; }
    PointDialog #point-image { margin-top: 1; display: none; }
    """

    def __init__(self, room: Room, collection: str, point: PointId, seen: tuple[Seen, ...] = ()) -> None:
        super().__init__()
        self.room = room
        self.collection = collection
        self.point_id = point
        self.seen = seen
        self._point: Point | None = None

    def compose(self) -> ComposeResult:
        """What is known at once; the rest comes when it is read."""
        with VerticalScroll(classes="dialog wide") as box:
            box.border_title = f"Point {clean(self.point_id, 40)}"
            yield Static(Text("reading…", DIM), id="point-text")
            yield Picture(id="point-image", sharp=True)
            yield Static(
                Text(keyed(self.app, "\n↑↓ scroll   {point.copy} copies the payload   {point.close} back"), DIM)
            )

    def on_mount(self) -> None:
        """Reads it."""
        self._read()

    @work(exclusive=True)
    async def _read(self) -> None:
        text = self.query_one("#point-text", Static)
        try:
            found = await self.room.retrieve(self.collection, (self.point_id,), with_vectors=True)
            if not found:
                raise NotFound(f"{shown(self.collection)} has no point {shown(self.point_id)} any more")
        except QtuiError as error:
            text.update(Text.assemble(("✗ ", BAD), plain(error.text)))
            return
        self._point = found[0]
        text.update(Text("\n").join(self._parts(found[0])))
        path = pictures.image_of(found[0].payload)
        if path is not None:
            self.call_after_refresh(self._show, path)

    def _show(self, path: Path) -> None:
        """The image below the text: as small as it takes to be seen at once, unless that were too small."""
        box = self.query_one(VerticalScroll)
        width = max(20, box.scrollable_content_region.width - 2)
        left = int(self.size.height * _SHARE) - _AROUND - self.query_one("#point-text").size.height
        rows = left if left >= _FEWEST_ROWS else self.size.height - 6
        self.query_one(Picture).show(path, width, min(IMAGE_ROWS, max(6, rows)))

    def _parts(self, point: Point) -> Iterator[Text]:
        yield Text.assemble(("of ", DIM), clean(self.collection, 80))
        for each in self.seen:
            yield Text(f"rank {each.rank} in column {each.column}: {clean(each.collection, 60)}, {each.asked}", DIM)
        yield Text("\nPayload", HEAD)
        yield pretty(point.payload)
        yield Text("\nVectors", HEAD)
        for name, values in (point.vectors or {}).items():
            yield Text.assemble((clean(name, 60) or "unnamed", ""), "  ", (shape(values), DIM))

    def action_copy(self) -> None:
        """The payload, whole up to a limit."""
        if self._point is not None:
            text = json.dumps(self._point.payload, ensure_ascii=True, indent=2, default=str)
            self.post_message(Copied(text[:LONGEST_COPY] + "\n", "the payload"))


def shape(values: Any) -> str:
    """How many numbers a stored vector has: 384, or 1,030 × 128 for a multivector."""
    if isinstance(values, list) and values and isinstance(values[0], list):
        return f"{len(values):,} × {len(values[0]):,}"
    return f"{len(values):,}" if isinstance(values, list) else "sparse"
