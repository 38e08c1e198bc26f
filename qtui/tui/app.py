"""The app: frame, tabs, the engine room's state, and what concerns every tab. Panels own their work.

Imports textual and what all share, and the engine room's client when it runs; never numpy or an engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import ContentSwitcher

from qtui.errors import EngineGone, QtuiError
from qtui.model import CollectionView, EngineInfo
from qtui.tui.commands import Command, PossibleNow, active, bindings
from qtui.tui.dialogs.help import Help
from qtui.tui.messages import CollectionsRead, CollectionsWanted, Copied, Measure
from qtui.tui.panels.benchmark import BenchmarkPanel
from qtui.tui.panels.collections import DEMO_NAMES, CollectionsPanel
from qtui.tui.panels.search import SearchPanel
from qtui.tui.room import MakeRoom, RoomState
from qtui.tui.text import PrintableOnly, clean
from qtui.tui.theme import QUIET
from qtui.tui.widgets.frame import Header, KeyLine, Tab, TabLine

TABS = (
    Tab("1", "Collections", "collections"),
    Tab("2", "Search", "search"),
    Tab("3", "Benchmark", "benchmark"),
)
KEYS = (
    *(
        Command(f"tab.{tab.panel}", tab.digit, f"tab('{tab.panel}')", "", f"Open {tab.title}", always=f"f{tab.digit}")
        for tab in TABS
    ),
    Command("app.query", "slash", "query", "", "Search: type a query", "/"),
    Command("app.help", "question_mark", "help", "Help", "Help about what has the focus", "?", always="f12"),
    Command("app.palette", "ctrl+p", "palette", "", "Every command that makes sense now", "^p", always="ctrl+p"),
    Command("app.quit", "q", "quit", "Quit", "Quit", always="ctrl+q"),
)


class QtuiApp(App[None]):
    """The screens of qtui over one engine room."""

    CSS_PATH = "app.tcss"
    TITLE = "qtui"
    AUTO_FOCUS = None
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - declared so by textual
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    views: reactive[tuple[CollectionView, ...] | None] = reactive(None)
    room_state: reactive[RoomState] = reactive(RoomState("starting"))
    engine: reactive[EngineInfo | None] = reactive(None)

    def __init__(self, make_room: MakeRoom, *, where: str, demo: bool = False) -> None:
        super().__init__()
        self.where = where
        self.demo = demo
        self.room = make_room(partial(setattr, self, "room_state"))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the net that lets printable text through alone."""
        return [*super().get_line_filters(), PrintableOnly()]

    def compose(self) -> ComposeResult:
        """Header, tabs, panels, keys."""
        yield Header().data_bind(state=QtuiApp.room_state)
        yield TabLine(TABS)
        with ContentSwitcher(initial=TABS[0].panel):
            yield CollectionsPanel(self.room, id="collections").data_bind(QtuiApp.views, QtuiApp.room_state)
            yield SearchPanel(self.room, id="search").data_bind(QtuiApp.views, QtuiApp.room_state)
            yield BenchmarkPanel(self.room, id="benchmark").data_bind(QtuiApp.views, QtuiApp.room_state)
        yield KeyLine()

    def on_mount(self) -> None:
        """Paints first; the engine room starts behind it."""
        self.register_theme(QUIET)
        self.theme = QUIET.name
        self.query_one(Header).where = self.where
        self.query_one(TabLine).current = TABS[0].panel
        self._heed_signals()
        self._panel.focus_default()
        self._start()

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # other systems and other threads have no such handlers: there the default holds
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                if number is not None:
                    loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))

    # --- the engine room --------------------------------------------------------------------------------------

    @work(exclusive=True, group="start")
    async def _start(self) -> None:
        try:
            await self.room.start()
            self.engine = await self.room.info()
        except QtuiError as error:
            self._tell(error)
            return
        self._read(first=True)

    @work(exclusive=True, group="read")
    async def _read(self, *, first: bool = False) -> None:
        views: list[CollectionView] = []
        try:
            for name in await self.room.collections():
                try:
                    views.append(await self.room.view(name))
                except QtuiError as error:
                    if self.room_state.status in {"restarting", "closed"}:
                        raise
                    self._tell(error)
        except QtuiError as error:
            self._tell(error)
            return
        self.post_message(CollectionsRead(tuple(views), first=first))

    @on(CollectionsRead)
    def _collections_read(self, message: CollectionsRead) -> None:
        self.views = message.views
        ready = {view.name for view in message.views if view.status == "green"}
        if message.first and self.demo and not ready.issuperset(DEMO_NAMES):
            self.query_one(CollectionsPanel).build_demo()

    @on(CollectionsWanted)
    def _collections_wanted(self) -> None:
        if self.room_state.status == "closed":
            self._start()
        else:
            self._read()

    def watch_engine(self, info: EngineInfo | None) -> None:
        """The header says what is behind."""
        if info is not None:
            name = "qdrant-edge" if info.kind == "embedded" else "Qdrant"
            self.query_one(Header).engine = f"{name} {info.version}"
            self.query_one(Header).read_only = info.read_only

    def watch_room_state(self, before: RoomState, now: RoomState) -> None:
        """A death of the engine's process is told, and so is its return."""
        self.refresh_bindings()
        if now.status == "restarting":
            why = clean(now.detail) or "its process ended"
            self.notify(
                f"{why}. It is being started again.", title="Engine", severity="error", markup=False, timeout=10
            )
        elif now.status == "ready" and before.status == "restarting":
            self.notify("The engine is back.", markup=False)
            self._read()
        elif now.status == "closed" and now.detail:
            self.notify(clean(now.detail), title="Engine", severity="error", markup=False, timeout=60)

    def _tell(self, error: QtuiError) -> None:
        # of the end of its process the engine room tells once for all who waited
        if not isinstance(error, EngineGone):
            self.notify(clean(error.text), severity="error", markup=False, timeout=10)

    async def action_quit(self) -> None:
        """Ends what runs, then leaves; what is finished is kept."""
        self.workers.cancel_all()
        self.exit()

    async def on_unmount(self) -> None:
        """The engine's process ends with the app."""
        await self.room.close()

    # --- keys that work everywhere ------------------------------------------------------------------------------

    def action_tab(self, panel: str) -> None:
        """Opens a tab."""
        self.query_one(ContentSwitcher).current = panel
        self.query_one(TabLine).current = panel
        self._panel.focus_default()

    @property
    def _panel(self) -> CollectionsPanel | SearchPanel | BenchmarkPanel:
        panel = self.query_one(f"#{self.query_one(ContentSwitcher).current}")
        assert isinstance(panel, CollectionsPanel | SearchPanel | BenchmarkPanel)
        return panel

    def action_query(self) -> None:
        """Opens the search with the cursor in its query box."""
        self.action_tab("search")
        self.query_one(SearchPanel).action_query()

    @on(Measure)
    def _measure(self, message: Measure) -> None:
        self.query_one(BenchmarkPanel).measure(message.collection)
        self.action_tab("benchmark")

    def action_help(self) -> None:
        """About the panel that has the focus."""
        panel = self._panel
        self.push_screen(Help(panel.HELP_TITLE, panel.HELP, tuple(active(self.screen))))

    def action_palette(self) -> None:
        """Commands that make sense now."""
        self.push_screen(CommandPalette(providers=[PossibleNow], placeholder="What to do?"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """Tabs and dialogs open from the main screen only."""
        asking = any(isinstance(s, ModalScreen) and not isinstance(s, CommandPalette) for s in self.screen_stack)
        return not (asking and action in {"tab", "help", "palette", "query"})

    @on(Copied)
    @work(group="copy")
    async def copied(self, message: Copied) -> None:
        """To the terminal's clipboard, and to tmux's inside tmux, which keeps the terminal's sequence for itself."""
        self.copy_to_clipboard(message.text)
        if os.environ.get("TMUX"):
            with contextlib.suppress(OSError):
                command = ("tmux", "load-buffer", "-w", "-")
                child = await asyncio.create_subprocess_exec(
                    *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
                await child.communicate(message.text.encode())
        self.notify(f"Copied {message.what}", markup=False, timeout=2)


def run(store: Path, *, demo: bool = False) -> int:
    """Runs the app on a store until it is left; returns the exit code."""
    from qtui.host.client import EngineRoom

    app = QtuiApp(lambda on_state: EngineRoom(store, on_state=on_state), where=_short(store), demo=demo)
    app.run()
    return app.return_code or 0


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)
