"""An app over an engine room: starts it, reads the store, tells what becomes of it, and keeps what was told.

Owns what comes from the engine and is shared by all panels: the collections and the room's state. Knows no panel.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import cached_property, partial
from time import monotonic
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import App, ScreenStackError
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.notifications import Notification, Notify, SeverityLevel
from textual.reactive import reactive
from textual.widget import MountError
from textual.worker import WorkerFailed

from qtui import config
from qtui.errors import EngineGone, QtuiError, Unreachable
from qtui.host.state import RoomState
from qtui.tui.commands import keyed
from qtui.tui.messages import CollectionsRead, CollectionsWanted, LookedAt, Remember
from qtui.tui.notices import Notice
from qtui.tui.text import clean
from qtui.tui.words import worded

if TYPE_CHECKING:  # the first frame is painted before any of these is there
    from qtui.loads import LoadRequest
    from qtui.model import CollectionView, EngineInfo
    from qtui.target import Target
    from qtui.tui.room import MakeRoom, Room
    from qtui.tui.shelf import Shelf

MOST_NOTICES = 200
SHOW_EVERY_S = 0.5
LOOK_AFTER_S = 0.15
LOOK_EVERY_S = 2.0
QUIET_LOOKS = 5
"""Every so manieth time, one that the server does not work on is looked at, too: others may change it."""
LOOKING = frozenset({"ready", "building"})
"""States of the engine room in which it may be asked for what a server works on."""


class RoomApp(App[None]):
    """What the screens share of the engine room."""

    views: reactive[tuple[CollectionView, ...] | None] = reactive(None, repaint=False)
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)
    engine: reactive[EngineInfo | None] = reactive(None, repaint=False)
    changed: reactive[tuple[str, ...]] = reactive((), repaint=False)
    """Collections where we are connected whose last change can be taken back."""
    left: reactive[tuple[LoadRequest, ...]] = reactive((), repaint=False, always_update=True)
    """Loads that were asked for where we are connected, and aren't whole."""

    away: reactive[bool] = reactive(default=False, repaint=False)
    """Whether the server did not answer when it was last read from."""
    may_write: reactive[bool] = reactive(default=True, repaint=False)
    """Whether anything may be written where we are connected: without it no writing action is shown."""

    _shelf: Shelf
    """The collections of the server that we are connected to; there once we are."""

    def __init__(self, make_room: MakeRoom, target: Target | None = None) -> None:
        super().__init__()
        self.target = target
        """What we are connected to; None is a store that a test scripted."""
        self.set_reactive(RoomApp.may_write, target is None or target.writable)
        self._moving = False
        """Whether it goes over to another target; what becomes of that is told once."""
        self._highlighted: str | None = None
        self._looks = 0
        self.notices: deque[Notice] = deque(maxlen=MOST_NOTICES)
        self._make_room = make_room
        self._noted: Notification | None = None
        """What was last told of anything."""
        self._of_engine: Notification | None = None
        """What was last told of the engine's process."""

    @cached_property
    def room(self) -> Room:
        """The engine room; made, with all that it imports, when it is first asked for."""
        return self._make_room(partial(setattr, self, "room_state"))

    async def on_mount(self) -> None:
        """What a server works on is looked at again and again."""
        self.set_interval(LOOK_EVERY_S, self._look_again)

    @property
    def makes_collections(self) -> bool:
        """Whether this is qtui's own store, where collections may be made and changed as the user likes."""
        return self.engine is not None and self.engine.kind == "embedded" and not self.engine.read_only

    @property
    def may_copy(self) -> bool:
        """Whether copies of a collection may be made beside it: on a server, where writing is allowed."""
        return self._is_server and self.may_write

    @property
    def bug(self) -> Exception | None:
        """What ended the app and should not have."""
        return self._exception

    def _handle_exception(self, error: Exception) -> None:
        # what was being built or pressed when the app was told to leave misses its parts: that is no bug
        cause = error.error if isinstance(error, WorkerFailed) else error
        if (self._exit or not self.is_running) and isinstance(cause, (NoMatches, MountError, ScreenStackError)):
            self._close_messages_no_wait()
        else:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # not Textual's own traceback, which shows the values of variables, data among them: `run` raises the bug
        self._close_messages_no_wait()

    def get_driver_class(self) -> type[Driver]:
        """Textual's own; where it is the usual one, with a terminal that may be closed."""
        chosen = super().get_driver_class()
        if chosen.__name__ != "LinuxDriver":
            return chosen
        from qtui.tui.terminal import TerminalDriver

        return TerminalDriver

    @work(exclusive=True, group="start")
    async def open_store(self) -> None:
        """Starts the engine, and reads the store for the first time."""
        try:
            await self.room.start()
            await self._arrived(self.target)
        except QtuiError as error:
            self._tell(error)
            return
        self._read(first=True)

    async def connect(self, target: Target) -> bool:
        """Goes over to another target; when that fails, back to where it was, and says why. Returns whether it went."""
        before, self._moving = self.target, True
        for group in ("start", "read", "look"):
            self.workers.cancel_group(self, group)
        try:
            await self.room.connect(target)
            await self._arrived(target)
        except QtuiError as error:
            self.notify(worded(error), title="Not connected", severity="error", timeout=10)
            if before is not None:
                with suppress(QtuiError):
                    await self.room.connect(before)
            return False
        finally:
            self._moving = False
        self._read(first=True)
        return True

    async def _arrived(self, target: Target | None) -> None:
        """What is known of where we are now; what was read elsewhere is forgotten."""
        from qtui.tui.shelf import Shelf

        info = await self.room.info()
        self.left = await self.room.unfinished_loads()
        self._shelf = Shelf()
        self.away = False
        self.engine = info
        self.target = target
        self.may_write = (target is None or target.writable) and not info.read_only
        if target is not None:
            from qtui.profiles import kept

            self.post_message(Remember("target", kept(target, config.store_dir())))
        self._tell_tidied()

    @work(group="tidied")
    async def _tell_tidied(self) -> None:
        """What the engine's process removed at its start, of what killed ones left."""
        with suppress(QtuiError):
            if tidied := await self.room.tidied():
                self.notify(tidied, title="Left by a killed process", timeout=10)

    @work(exclusive=True, group="read")
    async def _read(self, *, first: bool = False) -> None:
        try:
            names = await self.room.collections()
            self.changed = await self.room.changed()
            if not self._is_server:
                self.post_message(CollectionsRead(await self.room.glances(names), first=first))
                return
            self._shelf.begin(names)
            self.post_message(CollectionsRead(self._shelf.views, first=first))
            await self._read_pages()
        except QtuiError as error:
            self._tell(error)

    @property
    def _is_server(self) -> bool:
        return self.engine is not None and self.engine.kind == "server"

    # --- a server's collections, read as they are looked at -------------------------------------------------------

    async def _read_pages(self) -> None:
        self.away = False
        shown = monotonic()
        while page := self._shelf.next_page():
            self._shelf.put(page, await self.room.glances(page))
            if monotonic() - shown >= SHOW_EVERY_S or not self._shelf.next_page():
                self.views = self._shelf.views
                shown = monotonic()
        self._look()

    @work(exclusive=True, group="read")
    async def _read_wanted(self) -> None:
        try:
            await self._read_pages()
        except QtuiError as error:
            self._tell(error)

    @on(LookedAt)
    def _looked_at(self, message: LookedAt) -> None:
        moved = message.highlighted != self._highlighted
        self._highlighted = message.highlighted
        if not self._is_server:
            return
        if self._shelf.want(message.names) and not self._reads:
            self._read_wanted()
        if moved:
            self._look()

    @property
    def _reads(self) -> bool:
        return self._works("read")

    def _works(self, group: str) -> bool:
        return any(worker.group == group and not worker.is_finished for worker in self.workers)

    def _look(self) -> None:
        """Reads the highlighted collection in full, where that lacks and nothing is measured."""
        if self._is_server and self.room_state.status in LOOKING and self._shelf.lacks(self._highlighted):
            self._look_at(self._highlighted or "")

    def _look_again(self) -> None:
        name, status = self._highlighted, self.room_state.status
        if not self._is_server or name is None or status not in LOOKING or self._works("look"):
            return
        self._looks += 1
        if self._shelf.changes(name) or status == "building":
            self._look_at(name)
        elif (self.away or self._looks % QUIET_LOOKS == 0) and not self._reads:
            self._glance_at(name)

    @work(exclusive=True, group="look")
    async def _glance_at(self, name: str) -> None:
        """Looks whether the server has begun to work on it, and whether it answers at all."""
        try:
            found = await self.room.glances((name,))
        except QtuiError as error:
            if not self.away and isinstance(error, Unreachable):
                self._tell(error)
            return
        if self.away:
            self._read()
        elif self._shelf.has_begun(found):
            self._look_at(name)

    @work(exclusive=True, group="look")
    async def _look_at(self, name: str) -> None:
        await asyncio.sleep(LOOK_AFTER_S)  # whoever runs through the list asks for none of it
        try:
            self._shelf.put_whole(await self.room.view(name))
        except QtuiError as error:
            if self.room_state.status == "ready":  # else what runs says itself that nobody answers
                self._tell(error)
        else:
            self.views = self._shelf.views

    @on(CollectionsRead)
    def _collections_read(self, message: CollectionsRead) -> None:
        self.views = message.views

    @on(CollectionsWanted)
    def _collections_wanted(self) -> None:
        if self.room_state.status == "closed":
            self.open_store()
        else:
            self._read()

    def watch_room_state(self, before: RoomState, now: RoomState) -> None:
        """A death of the engine's process is told, and so is its return."""
        if self.screen_stack:  # the engine may end after the last screen is gone
            self.refresh_bindings()
        why = now.detail or before.detail or "its process ended"
        if now.status == "restarting":
            self._tell_of_engine(f"{why}; it is being started again", "Engine", "error")
        elif now.status == "ready" and before.status == "restarting":
            self._tell_of_engine(f"{why}, and was started again", "The engine is back", "information")
            self._read()
            self._tell_tidied()
        elif now.status == "closed" and now.detail and not self._moving:
            again = keyed(self, "press {tab.collections}, then {collections.refresh}, to start it again")
            self._tell_of_engine(f"{why}; {again}", "Engine", "error")
        elif now.status == "starting":
            self._withdraw()

    def _tell_of_engine(self, message: str, title: str, severity: SeverityLevel) -> None:
        """In place of what was told of it last: that holds no more, and would only cover what lies behind it."""
        self._withdraw()
        self._of_engine = self._note(message, title, severity, 10)

    def _withdraw(self) -> None:
        if self._noted is self._of_engine:
            self._noted = None
        if self._of_engine is not None:
            self.call_later(self._unnotify, self._of_engine)  # behind the message that shows it

    def _tell(self, error: QtuiError) -> None:
        self.away = self.away or isinstance(error, Unreachable)
        # of the end of its process, and of why it never began, the engine room tells once for all who waited
        if not isinstance(error, EngineGone):
            self.call_later(self._tell_once, worded(error))

    def _tell_once(self, text: str) -> None:
        if self.room_state != RoomState("closed", text):
            self.notify(text, severity="error", timeout=10)

    async def on_unmount(self) -> None:
        """The engine's process ends with the app."""
        if "room" in vars(self):
            await self.room.close()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - textual's signature; text is never read as markup here
    ) -> None:
        """Shows a line for a while, and keeps it to be read again."""
        self._note(message, title, severity, self.NOTIFICATION_TIMEOUT if timeout is None else timeout)

    def _note(self, message: str, title: str, severity: SeverityLevel, timeout: float) -> Notification:
        notice = Notice.now(clean(message), clean(title), severity)
        last = self._noted
        if last is not None and not last.has_expired and (last.message, last.title) == (notice.text, notice.title):
            return last  # it can be read already: two that say the same would only cover more
        self.notices.append(notice)
        self._noted = shown = Notification(notice.text, notice.title, severity, timeout, markup=False)
        self.post_message(Notify(shown))
        return shown
