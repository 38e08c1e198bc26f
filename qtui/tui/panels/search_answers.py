"""The answers of the Search tab: the columns with the point under the cursor, and the workers that ask for them.

What is asked of whom, and how answers are compared, is in qtui.searching.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from qtui.errors import EngineGone, QtuiError
from qtui.filters import Filter
from qtui.searching.columns import Column
from qtui.searching.compare import Outcome
from qtui.searching.session import Session
from qtui.tui import pictures
from qtui.tui.commands import keyed
from qtui.tui.panels.search_column import Shown
from qtui.tui.panels.search_columns import Columns
from qtui.tui.room import RoomState
from qtui.tui.text import clean
from qtui.tui.theme import HEAD
from qtui.tui.widgets.picture import Picture
from qtui.tui.words import worded

SLOW_S = 0.3
TALL = 22
"""Rows from which on the point under the cursor is shown, too."""
TALL_ENOUGH_FOR_PICTURES = 28
"""With its image."""
THUMBNAIL = (30, 13)
"""Columns and rows of it, at most."""


class Answers(Vertical):
    """What the columns of a session found; asks whatever has no answer yet."""

    DEFAULT_CSS = """
    Answers { height: 1fr; }
    Answers #search-below { height: 4; padding: 0 1; border-top: solid $border; display: none; }
    Answers.-tall #search-below { display: block; }
    Answers.-tall.-pictured #search-below { height: 14; }
    Answers #search-thumbnail { margin-right: 2; display: none; }
    Answers #search-preview { width: 1fr; height: auto; }
    """
    columns: reactive[tuple[Column, ...]] = reactive((), repaint=False, bindings=True)
    searching: reactive[bool] = reactive(default=False, repaint=False, bindings=True)
    """Whether it takes long enough to be said."""
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)

    class Resolved(Message):
        """The text is a query, and is being asked."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Said(Message):
        """What is wrong with the query; '' when nothing is."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.filter: Filter | None = None
        self.text = ""
        """What was asked last."""
        self._interrupted = False
        self._pictured = ""
        self._asking = 0
        """Workers that search now; for a moment there can be two, one of them cancelled."""

    def compose(self) -> ComposeResult:
        """The columns, and the point under the cursor."""
        yield Columns()
        with Horizontal(id="search-below"):
            yield Picture(id="search-thumbnail")
            yield Static(id="search-preview")

    @property
    def row(self) -> Columns:
        """The columns."""
        return self.query_one(Columns)

    # --- what comes down --------------------------------------------------------------------------------------

    def watch_room_state(self, before: RoomState, now: RoomState) -> None:
        """What was interrupted by the engine's end is asked again when it is back."""
        if now.status == "restarting":
            self.session.asker.forget()
        elif now.status == "ready" and before.status != "ready" and self._interrupted:
            self._interrupted = False
            self._resolve(self.text, typed=False)
        self._draw()

    def watch_columns(self) -> None:
        """Other columns: what is known of them stays, the rest is asked."""
        if not self.is_mounted:
            return
        self.session.show(self.columns)
        self._draw()
        self.search()

    def on_resize(self, event: events.Resize) -> None:
        """Where there is room, the point under the cursor is shown below the columns."""
        self.set_class(event.size.height >= TALL, "-tall")

    # --- asking ---------------------------------------------------------------------------------------------------

    def ask(self, text: str, *, typed: bool = False) -> None:
        """Asks the columns this; a typed one moves the focus to its answers."""
        self.text = text
        if self.columns:
            self._resolve(text, typed=typed)

    def stop(self) -> None:
        """Stops what is being searched."""
        self.workers.cancel_group(self, "search")

    @work(exclusive=True, group="search")
    async def _resolve(self, text: str, *, typed: bool) -> None:
        """Makes the text a query that can be asked, then asks it."""
        self.post_message(self.Said(""))
        try:
            with self._busy():
                await self.session.resolve(text)
        except QtuiError as error:
            self.post_message(self.Said(worded(error)))
            self._interrupted = isinstance(error, EngineGone)
            return
        self.post_message(self.Resolved(text))
        if typed:
            self.row.take_focus()
        await self._ask_columns()

    def complete(self) -> None:
        """Asks what has no answer yet, unless that goes on."""
        if not self._asking and self.session.target is not None:
            self.search()

    @work(exclusive=True, group="search")
    async def search(self) -> None:
        """Asks what has no answer yet."""
        await self._ask_columns()

    async def _ask_columns(self) -> None:
        if self.session.target is not None:
            with self._busy():
                self._interrupted = not await self.session.ask(self.filter, self._draw)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Says that it searches, once it takes long enough to be noticed."""
        timer = self.set_timer(SLOW_S, self._is_slow)
        self._asking += 1
        try:
            yield
        finally:
            timer.stop()
            self._asking -= 1
            self.searching = self.searching and self._asking > 0
            if not self._asking:
                self._draw()

    def _is_slow(self) -> None:
        self.searching = self._asking > 0

    def watch_searching(self) -> None:
        """Said in the columns."""
        self._draw()

    # --- drawing --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        outcomes = [self._outcome(at, column) for at, column in enumerate(self.columns)]
        first = outcomes[0] if outcomes else None
        ids = None if first is None or first.error else first.ids
        waiting = self._waiting()
        self.row.about = self.session.about
        self.row.show(
            [
                Shown(column, self.session.place(column), outcome, ids if at else None, at == 0, waiting)
                for at, (column, outcome) in enumerate(zip(self.columns, outcomes, strict=True))
            ]
        )
        self.refresh_bindings()

    def _outcome(self, at: int, column: Column) -> Outcome | None:
        """What the column found; for the moment that an answer takes, what stands there stays."""
        moment = self._asking > 0 and not self.searching
        return self.session.outcomes.get(column) or (self.row.outcome_at(at) if moment else None)

    def _waiting(self) -> str:
        if self.session.target is None:
            return keyed(self.app, "{search.query} to type a query")
        if self.room_state.status in {"restarting", "starting"}:
            return "waits: the engine starts"
        if self.searching:
            measuring = self.room_state.status == "measuring"
            what = "waits: the engine measures;" if measuring else "searching…"
            return keyed(self.app, what + " {search.back} stops")
        return "" if self._asking else keyed(self.app, "stopped; {search.again} asks again")

    @on(Columns.Marked)
    def _marked(self, message: Columns.Marked) -> None:
        message.stop()
        hit = message.hit
        text = Text()
        if hit is not None:
            text = Text.assemble((f"point {clean(hit.id, 40)}  ", HEAD), clean(hit.preview))
        self.query_one("#search-preview", Static).update(text)
        self._picture("" if hit is None else hit.image)

    def _picture(self, name: str) -> None:
        """The image of the point under the cursor, where there is room for one."""
        wanted = name if self.size.height >= TALL_ENOUGH_FOR_PICTURES else ""
        if wanted == self._pictured:
            return
        self._pictured = wanted
        path = pictures.found(wanted)
        self.set_class(path is not None, "-pictured")
        self.query_one(Picture).show(path, *THUMBNAIL)
