"""The app: frame, tabs, the engine room's state, and what concerns every tab. Panels own their work.

Imports textual and little else before the first frame is painted; then what all share and the engine room's client,
panels and dialogs when they are first shown, and never numpy or an engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from qtui import config
from qtui.errors import Exit, QtuiError
from qtui.preferences import Memory, Preferences, read_preferences
from qtui.tui import commands
from qtui.tui.commands import Command, Palette, PossibleNow, active, bindings, keyed, own_actions
from qtui.tui.messages import AdviseOn, Aimed, CollectionsRead, Copied, DemoWanted, GoOn, LookInto, Measure, Remember
from qtui.tui.ownapp import OwnApp
from qtui.tui.tabs import TABS, Tabs
from qtui.tui.typeahead import TypeAhead
from qtui.tui.widgets.frame import Header, KeyLine, TabLine
from qtui.tui.words import worded

if TYPE_CHECKING:  # the first frame is painted before any of these is there
    from qtui.demos import Demo
    from qtui.model import EngineInfo
    from qtui.target import Target
    from qtui.tui.room import MakeRoom, Room, RoomState

KEYS = (
    *(
        Command(f"tab.{tab.panel}", tab.digit, f"tab('{tab.panel}')", "", f"Open {tab.title}", always=f"f{tab.digit}")
        for tab in TABS
    ),
    Command("app.query", "slash", "query", "", "Search: type a query", "/"),
    Command("app.notices", "m", "notices", "", "Read the notifications again", always="ctrl+n"),
    Command("app.connect", "o", "connect", "", "Connect to a server, or to the store of this machine", always="ctrl+o"),
    Command(
        "app.doctor",
        "exclamation_mark",
        "doctor",
        "",
        "Check the engine, folders and terminal; remove what killed runs left",
        "!",
    ),
    Command("app.theme", "ctrl+t", "theme", "", "Change the colour theme", "^t", always="ctrl+t"),
    Command("app.help", "question_mark", "help", "Help", "Help about what has the focus", "?", always="f12"),
    Command("app.palette", "ctrl+p", "palette", "", "Every command that makes sense now", "^p", always="ctrl+p"),
    Command("app.quit", "q", "quit", "Quit", "Quit", always="ctrl+q"),
)
FOCUS = (
    # before any widget, so that what is typed right behind goes where the focus is then
    Binding("tab", "step(1)", show=False, priority=True),
    Binding("shift+tab", "step(-1)", show=False, priority=True),
)
LAID_OUT_S = 0.2
"""For what was just shown or hidden to have its place; a screen that is going away never gets there."""
COLLECT_AFTER = (10_000, 20, 50)
"""Thresholds of the garbage collector: by its own it takes its time so often that keys have to wait for it."""
BUSY = frozenset({"measuring", "paused", "building", "waiting", "stopping"})
"""States of the engine room that connecting elsewhere would break into."""


KEPT = (OwnApp.left, OwnApp.changed)
"""What is known of where we are connected beside its collections."""


class QtuiApp(OwnApp):
    """The screens of qtui over one engine room."""

    CSS_PATH = "frame.tcss"
    TITLE = "qtui"
    AUTO_FOCUS = None
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - declared so by textual
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS), *FOCUS]

    def __init__(
        self,
        make_room: MakeRoom,
        *,
        where: str,
        target: Target | None = None,
        writes: bool = False,
        demo: Callable[[], Demo] | None = None,
        preferences: Preferences | None = None,
        memory: Memory | None = None,
    ) -> None:
        """`demo` is made behind the first frame."""
        super().__init__(make_room, target, preferences, memory)
        self.where = where
        self.writes = writes
        self.demo: Demo | None = None
        self._make_demo = demo
        self._tried: Target | None = None
        """What the last attempt to connect didn't reach."""
        self._going = False
        self._furnished = False
        self._keys = TypeAhead(self, super().on_event)

    def compose(self) -> ComposeResult:
        """Header, tabs, panels, keys."""
        yield Header().data_bind(state=QtuiApp.room_state, away=QtuiApp.away)
        yield TabLine(TABS, self._first_tab)
        yield Tabs(lambda: self.room, self.memory, QtuiApp.views, QtuiApp.room_state, QtuiApp.may_write, *KEPT)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Paints the frame first; all else is imported and made behind it."""
        self.query_one(Header).where = self.where
        self.query_one(Header).read_only = not self.may_write
        self._heed_signals()
        self.screen_change_signal.subscribe(self, self._fit)
        self.set_keymap(dict(self.preferences.keys))
        self.call_after_refresh(partial(self.call_later, self._furnish))

    @property
    def _first_tab(self) -> str:
        """The one that was open when the app was left; a demo begins with its collections."""
        last = self.memory.get("tab", str)
        return last if last in {tab.panel for tab in TABS} and self._make_demo is None else TABS[0].panel

    async def on_event(self, event: events.Event) -> None:
        """What is typed before the first panel is there waits for it, as every key does for the one before it."""
        if isinstance(event, events.InputEvent):
            await self._furnish()
        await self._keys.take(event)

    async def _furnish(self) -> None:
        """Everything behind the first frame, once: the panels' styles, the engine room, the first panel."""
        if self._furnished:
            return
        self._furnished = True
        self.stylesheet.read(Path(__file__).with_name("app.tcss"))
        self.open_store()
        self.demo = self._make_demo() if self._make_demo is not None else None
        await self.action_tab(self._first_tab)
        self.tell_preferences()
        if not gc.isenabled():  # whoever started the app left it to us
            gc.freeze()
            gc.set_threshold(*COLLECT_AFTER)
            gc.enable()

    def push_screen(self, screen: Any, *args: Any, **options: Any) -> Any:
        """As Textual does, and as narrow as the window is before anything of it is drawn."""
        if isinstance(screen, Screen) and self.screen_stack:
            self._fit(screen)
        return super().push_screen(screen, *args, **options)

    def _fit(self, screen: Screen[object]) -> None:
        """A dialog is narrow or wide from its first frame; so is what was covered while the window changed."""
        steps = sorted(self.HORIZONTAL_BREAKPOINTS or [])
        fits = [name for least, name in steps if self.size.width >= least]
        for _, name in steps:
            screen.set_class(name == fits[-1], name)

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # other systems and other threads have no such handlers: there the default holds
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                if number is not None:
                    loop.add_signal_handler(number, partial(self.exit, return_code=Exit.TERMINATED))

    def watch_engine(self, info: EngineInfo | None) -> None:
        """The header says what is behind; what to know of the connection is told once."""
        engine = ""
        if info is not None:
            name = "qdrant-edge" if info.kind == "embedded" else "Qdrant"
            engine = " ".join(part for part in (name, info.version, info.protocol) if part)
        for header in self.query(Header):
            header.engine = engine
        for caution in () if info is None else info.cautions:
            self.notify(caution, severity="warning", timeout=10)

    def watch_may_write(self) -> None:
        """The header says so where nothing may be written."""
        for header in self.query(Header):
            header.read_only = not self.may_write

    @on(CollectionsRead)
    async def _go_on_with_demo(self, message: CollectionsRead) -> None:
        """Builds it when it isn't there, and opens it once it is."""
        demo = self.demo
        if demo is None:
            return
        self.views = message.views
        if demo.is_ready(message.views):
            self.demo = None
            if demo.columns and self.query_one(TabLine).current == TABS[0].panel:
                await self._hand("search", "show", demo.columns, demo.query)
        elif message.first:
            from qtui.tui.panels.collections import CollectionsPanel

            self.query_one(CollectionsPanel).build_demo(demo)

    @on(DemoWanted)
    def _demo_wanted(self, message: DemoWanted) -> None:
        self.demo = message.demo

    # --- leaving ----------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Ends what runs, then leaves; what is finished is kept. That can take seconds, so it is seen first."""
        self.workers.cancel_all()
        for header in self.query(Header):
            header.leaving = True
        await self._laid_out()
        self.exit()

    def action_help_quit(self) -> None:
        """Ctrl+C, which copies in an input, says how to leave."""
        self.notify(keyed(self, "{app.quit} leaves, Ctrl+Q also while something is typed"), timeout=4)

    # --- keys that work everywhere ------------------------------------------------------------------------------

    async def action_tab(self, panel: str) -> None:
        """Opens a tab."""
        self.query_one(TabLine).current = panel
        await self.query_one(Tabs).open(panel)
        self.post_message(Remember("tab", panel))

    async def _hand(self, panel: str, method: str, *values: object) -> None:
        """Opens a tab and has its panel do something."""
        await self.action_tab(panel)
        getattr(self.query_one(f"#{panel}"), method)(*values)

    async def action_query(self) -> None:
        """Opens the search with the cursor in its query box."""
        await self._hand("search", "action_query")

    @on(AdviseOn)
    async def _advise_on(self, message: AdviseOn) -> None:
        await self._hand("advise", "open", message.run_id)

    @on(Aimed)
    def _aimed(self, message: Aimed) -> None:
        self.memory.keep("target-recall", message.target)
        for panel in self.query("AdvisePanel"):  # it may not have been opened yet, and remembers then
            panel.post_message(Aimed(message.target))

    @on(GoOn)
    async def _go_on(self, message: GoOn) -> None:
        await self._hand("benchmark", "go_on", message.run_id)

    @on(LookInto)
    async def _look_into(self, message: LookInto) -> None:
        await self._hand("search", "look_into", message.collection)

    @on(Measure)
    async def _measure(self, message: Measure) -> None:
        await self._hand("benchmark", "measure", message.collection, message.kind)

    async def action_step(self, by: int) -> None:
        """The next or the previous control has the focus, by the places that they have now."""
        await self._laid_out()
        if by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    async def _laid_out(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.screen.wait_for_refresh(), LAID_OUT_S)

    def action_help(self) -> None:
        """About the panel that has the focus."""
        from qtui.tui.dialogs.help import Help

        panel = self.query_one(Tabs).panel
        self.push_screen(Help(panel.HELP_TITLE, keyed(self, panel.HELP), tuple(active(self.screen))))

    def action_palette(self) -> None:
        """Commands that make sense now."""
        self.push_screen(Palette(providers=[PossibleNow], placeholder="What to do?"))

    def action_connect(self) -> None:
        """Asks where to, and goes there; one at a time, as breaking into it would leave no engine at all."""
        if self._going:
            self.notify("Another connection is being made; this has to wait for it.", timeout=4)
        else:
            self._connect()

    @work(exclusive=True, group="connect")
    async def _connect(self) -> None:
        from qtui.profiles import read_profiles
        from qtui.tui.dialogs.connect import ConnectDialog

        if self.room_state.status in BUSY:
            self.notify("Connecting has to wait: something runs here that it would end.", timeout=4)
            return
        try:
            profiles = read_profiles(config.config_file())
        except QtuiError as error:
            profiles = {}
            self.notify(worded(error), severity="warning", timeout=10)
        target = await self.push_screen_wait(
            ConnectDialog(self._tried or self.target, profiles, config.store_dir(), writes=self.writes)
        )
        if target is None:
            return
        header = self.query_one(Header)
        header.where = f"connecting to {place(target)}…"
        self._going = True
        try:
            went = await self.connect(target)
        finally:
            self._going = False
        self._tried = None if went else target
        if went:
            self.where = place(target)
        header.where = self.where

    def action_theme(self) -> None:
        """Textual's themes and ours."""
        self.search_themes()

    def action_doctor(self) -> None:
        """What qtui stands on, and whether something is in the way."""
        from qtui.tui.dialogs.doctor import Doctor

        self.push_screen(Doctor(self.room))

    def action_notices(self) -> None:
        """What has been notified, newest first."""
        from qtui.tui.dialogs.notices import Notices

        self.push_screen(Notices(tuple(self.notices)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """Tabs and dialogs open from the main screen only; where a dialog has Tab for something else, it is its own."""
        if action == "step":
            return not any(own_actions(self.screen, "tab", self.preferences.keys))
        asking = any(isinstance(s, ModalScreen) and not isinstance(s, CommandPalette) for s in self.screen_stack)
        return not (asking and action in {"tab", "help", "palette", "query", "notices", "theme", "connect", "doctor"})

    def pointless(self, action: str) -> bool:
        """Whether that is the tab that is open, which the palette then leaves out."""
        return action == f"tab('{self.query_one(TabLine).current}')"

    async def on_key(self, event: events.Key) -> None:
        """A key whose command can't run now says why; one that comes while nothing has the focus is the panel's."""
        if self.focused is None and await self._hand_to_panel(event.key):
            event.prevent_default()
            return
        why = commands.reason(self.screen, event.key)
        if why:
            self.notify(why, timeout=4)

    async def _hand_to_panel(self, key: str) -> bool:
        """Between two pages what had the focus is hidden already, and what will have it isn't there yet."""
        tabs = self.query_one(Tabs)
        if len(self.screen_stack) > 1 or tabs.current is None:
            return False
        panel = cast("Widget", tabs.panel)
        for action in own_actions(panel, key, self.preferences.keys):
            if await self.run_action(action, panel):
                return True
        return False

    @on(Copied)
    @work(group="copy")
    async def copied(self, message: Copied) -> None:
        """To the clipboard."""
        from qtui.tui.clipboard import copy

        await copy(self, message.text)
        self.notify(f"Copied {message.what}", timeout=2)


def run(target: Target, memory: Memory, *, demo: Callable[[], Demo] | None = None, writes: bool = False) -> int:
    """Runs the app until it is left; returns the exit code. Raises the bug that ended it, if one did.

    `writes`: servers that are connected to from the app may be written to, where that is chosen there, too.
    """

    def make_room(on_state: Callable[[RoomState], None]) -> Room:
        from qtui.host.client import EngineRoom

        return EngineRoom(target, on_state=on_state)

    app = QtuiApp(
        make_room,
        where=place(target),
        target=target,
        writes=writes,
        demo=demo,
        preferences=read_preferences(config.config_file()),
        memory=memory,
    )
    app.run()
    if app.bug is not None:
        raise app.bug
    return app.return_code or 0


def place(target: Target) -> str:
    """Where that is, for the header."""
    if target.path is None:
        return f"{target.profile}  {target.where}" if target.profile else target.where
    path = Path(target.path)
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)
