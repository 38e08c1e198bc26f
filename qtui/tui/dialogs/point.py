"""One point: its payload, the shapes of its vectors, where each column ranks it; beside that its image, if any."""

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
from textual.containers import Horizontal, Vertical, VerticalScroll
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
from qtui.tui.words import worded

_AROUND = 6
"""Rows of the screen that are neither text nor image."""
_TEXT = 34
"""Columns that the text has at least, beside an image."""
_EDGES = 8
"""Columns of the dialog that are neither text nor image."""
LONGEST_COPY = 1_000_000
KEYS = (
    Command("point.close", "escape", "dismiss", "Close", "Back to where it was opened", "Esc"),
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

    AUTO_FOCUS = "#point-side"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    PointDialog #point-body { height: auto; }
    PointDialog #point-side { width: 1fr; height: auto; }
    PointDialog #point-image { margin-left: 2; display: none; }
    PointDialog #point-keys { height: 2; }
    """

    def __init__(self, room: Room, collection: str, point: PointId, seen: tuple[Seen, ...] = ()) -> None:
        super().__init__()
        self.room = room
        self.collection = collection
        self.point_id = point
        self.seen = seen
        self._point: Point | None = None
        self._image: Path | None = None

    def compose(self) -> ComposeResult:
        """What is known at once; the rest comes when it is read."""
        with Vertical(classes="dialog wide -point") as box:
            box.border_title = Text(f"Point {clean(self.point_id, 40)}")
            with Horizontal(id="point-body"):
                with VerticalScroll(id="point-side"):
                    yield Static(Text("reading…", DIM), id="point-text")
                yield Picture(id="point-image", sharp=True)
            keys = keyed(self.app, "\n↑↓ scroll   {point.copy} copies the payload   {point.close} back")
            yield Static(Text(keys, DIM), id="point-keys")

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
            text.update(Text.assemble(("✗ ", BAD), plain(worded(error))))
            return
        self._point = found[0]
        text.update(Text("\n").join(self._parts(found[0])))
        self._image = pictures.image_of(found[0].payload)
        self._fit()

    def on_resize(self) -> None:
        """Text and image take what height there is."""
        self._fit()

    def _fit(self) -> None:
        """The image stands beside the text, as large as the window and the text's least width leave room for."""
        rows = max(3, self.size.height - _AROUND)
        self.query_one("#point-side").styles.max_height = rows
        if self._image is not None:
            self.query_one(".dialog").add_class("-pictured")
            columns = min(self.size.width, 120) - _TEXT - _EDGES
            self.query_one(Picture).show(self._image, max(10, columns), rows)

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
