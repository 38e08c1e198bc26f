"""What of the Collections tab makes and changes collections: setting up, loading, resuming, changing in place.

Owns the workers that do it and the list that shows how far they are. Knows nothing of the table: a panel that
derives from it says which collection is meant.
"""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from qtui import units
from qtui.errors import QtuiError
from qtui.events import BuildDone, Cut, Skipped
from qtui.loads import LoadRequest, collection_names
from qtui.model import CollectionView, EngineInfo
from qtui.tui import loading
from qtui.tui.changeform import Asked, quantization_words
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.loading import Work
from qtui.tui.messages import CollectionsWanted
from qtui.tui.room import Room, RoomState
from qtui.tui.roomapp import RoomApp
from qtui.tui.text import clean
from qtui.tui.widgets.workload import WorkList
from qtui.tui.words import worded

KEYS = (
    Command("collections.new", "n", "new", "New", "Set up new collections: load a file, the sample or synthetic data"),
    Command("collections.resume", "u", "resume", "Resume", "Go on with the unfinished collection"),
    Command("collections.change", "c", "change", "Change", "Change quantization and placement of the highlighted one"),
    Command("collections.undo", "z", "undo", "", "Go back to the settings from before the last change"),
)
MAKING = frozenset({"new", "resume", "change", "undo"})
"""Actions that begin something here."""
AWAY = frozenset({"restarting", "starting"})
"""States that say themselves why what ran has failed."""
BUSY = frozenset({"measuring", "building", "waiting", "paused", "stopping", "closed"})


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What was asked for and ended before all of it was made; asked for again, what is ready isn't made anew."""

    loads: tuple[LoadRequest, ...]
    work: Work
    """As it was begun."""

    @property
    def collections(self) -> tuple[str, ...]:
        """Names of all of it."""
        return tuple(row.collection for row in self.work.rows)

    def lacks(self, views: tuple[CollectionView, ...]) -> bool:
        """Whether some of it isn't there, or isn't whole."""
        whole = {view.name for view in views if view.status != "partial"}
        return not whole.issuperset(self.collections)


def left_by(loads: tuple[LoadRequest, ...]) -> Unfinished | None:
    """What an app that is gone asked for, and didn't see the end of."""
    names = [(name, None) for load in loads for name in collection_names(load).values()]
    title = ", ".join(clean(load.name, 40) for load in loads[:3])
    return Unfinished(loads, loading.started(f"Loading {title}", names)) if loads else None


class MakingPanel(Vertical):
    """Base of the Collections panel; yields no widget itself: mount a WorkList where the list shall be."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    views: reactive[tuple[CollectionView, ...] | None] = reactive(None, repaint=False)
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)
    may_write: reactive[bool] = reactive(default=True, repaint=False, bindings=True)
    making: reactive[bool] = reactive(default=False, repaint=False, bindings=True)
    unfinished: reactive[Unfinished | None] = reactive(None, repaint=False, bindings=True)
    """Of the last load; forgotten when a part of it is discarded."""
    left: reactive[tuple[LoadRequest, ...]] = reactive((), repaint=False, always_update=True)
    """Where we are connected now, what was found there to be unfinished."""
    changed: reactive[tuple[str, ...]] = reactive((), repaint=False, bindings=True)
    """Collections whose last change can be taken back."""
    room: Room
    _left_untold = False

    class Over(Message):
        """Nothing is made any more; `error` says why not all of it was."""

        def __init__(self, error: str | None) -> None:
            super().__init__()
            self.error = error

    @property
    def refused(self) -> dict[str, str]:
        """What the engine that we are connected to can't do → why."""
        engine = self.app.engine if isinstance(self.app, RoomApp) else None
        return {} if engine is None else engine.refused

    @property
    def highlighted(self) -> CollectionView | None:
        """The collection under the cursor."""
        raise NotImplementedError

    def watch_making(self) -> None:
        """What an empty store says gives way to the list, and comes back."""
        if self.is_mounted:
            self.mutate_reactive(MakingPanel.views)

    def watch_left(self, left: tuple[LoadRequest, ...]) -> None:
        """What is unfinished elsewhere is no matter here."""
        self.unfinished = left_by(left)
        self._left_untold = self.unfinished is not None
        if self.is_mounted and not self.making:
            self._list.close()

    def tell_left(self, views: tuple[CollectionView, ...]) -> None:
        """Lists what an earlier app left unfinished, once it is known how far that is."""
        rest = self.unfinished
        if not self._left_untold or rest is None or self.making:
            return
        self._left_untold = False
        if rest.lacks(views):
            self._list.begin(loading.left(rest.work, {view.name: view.status for view in views}))
        else:
            self.give_up()

    def can_make(self, action: str) -> bool:
        """Whether one of these actions makes sense now."""
        if not self.may_write or self.making or self.room_state.status in BUSY or self.views is None:
            return False
        view = self.highlighted
        if action == "resume":
            rest = self.unfinished is not None and self.unfinished.lacks(self.views)
            return rest or (view is not None and view.status == "partial")
        if action in {"change", "undo"}:
            if action == "undo" and (view is None or view.name not in self.changed):
                return False
            return view is not None and view.status == "green" and bool(view.vectors)
        return True

    # --- setting up and loading -----------------------------------------------------------------------------------

    @work(exclusive=True, group="ask")
    async def action_new(self) -> None:
        """Asks what to load, then loads it."""
        from qtui.tui.dialogs.setup import SetupDialog

        engine: EngineInfo | None = getattr(self.app, "engine", None)
        on_server = engine is not None and engine.kind == "server"
        dialog = SetupDialog(self.room, self.views or (), on_server=on_server, refused=self.refused)
        setup = await self.app.push_screen_wait(dialog)
        if setup is not None:
            each = [(planned.spec.name, planned.forecast.seconds) for planned in setup.planned]
            work_ = loading.started(f"Loading {clean(setup.facts.name, 60)}", each)
            self._load_all(Unfinished((setup.request,), work_))

    def _load_all(self, wanted: Unfinished) -> None:
        self.unfinished = wanted
        self._begin(wanted.work)
        self._make(wanted.loads)

    @work(exclusive=True, group="make")
    async def _make(self, loads: tuple[LoadRequest, ...]) -> None:
        error: str | None = None
        try:
            async with aclosing(self.room.load(*loads)) as events:
                async for event in events:
                    self._list.see(event)
                    if isinstance(event, BuildDone):
                        self.post_message(CollectionsWanted())
                    elif isinstance(event, Skipped):
                        self._tell_skipped(event)
                    elif isinstance(event, Cut):
                        self._tell_cut(event)
        except QtuiError as failure:
            error = failure.text
        finally:
            self.post_message(self.Over(error))

    def _tell_skipped(self, skipped: Skipped) -> None:
        """Which documents are left out, and why."""
        count = len(skipped.documents)
        lines = [f"{clean(name, 40)}: {clean(why, 100)}" for name, why in skipped.documents[:3]]
        more = [f"and {count - 3} more"] if count > 3 else []
        title = f"{count} document{'' if count == 1 else 's'} skipped"
        self.notify("\n".join(lines + more), title=title, severity="warning", markup=False, timeout=15)

    def _tell_cut(self, cut: Cut) -> None:
        """Which texts are longer than the model reads."""
        named = ", ".join(clean(name, 40) for name in cut.names)
        more = f" and {cut.count - len(cut.names):,} more" if cut.count > len(cut.names) else ""
        text = f"The model reads {cut.window:,} tokens; what comes after is not searched: {named}{more}"
        title = f"{cut.count:,} text{'' if cut.count == 1 else 's'} cut"
        self.notify(text, title=title, severity="warning", markup=False, timeout=15)

    def action_resume(self) -> None:
        """Goes on with all that the last load left undone, or with the highlighted collection of an earlier one."""
        view, rest = self.highlighted, self.unfinished
        partial_one = view if view is not None and view.status == "partial" else None
        if rest is not None and (partial_one is None or partial_one.name in rest.collections):
            self._load_all(rest)
        elif view is not None:
            self._begin(loading.started(f"Going on with {clean(view.name, 60)}", [(view.name, None)]))
            self._resume(view.name)

    @work(exclusive=True, group="make")
    async def _resume(self, name: str) -> None:
        error: str | None = None
        try:
            async with aclosing(self.room.resume(name)) as events:
                async for event in events:
                    self._list.see(event)
        except QtuiError as failure:
            error = failure.text
        finally:
            self.post_message(self.Over(error))

    # --- changing in place ------------------------------------------------------------------------------------------

    @work(exclusive=True, group="ask")
    async def action_change(self) -> None:
        """Asks for other settings and for the name to be typed, then changes them."""
        from qtui.tui.dialogs.change import ChangeDialog

        view = self.highlighted
        if view is None:
            return
        asked = await self.app.push_screen_wait(ChangeDialog(view, self.refused))
        if asked is not None:
            self._begin(loading.started(f"Changing {clean(view.name, 60)}", [(view.name, asked.expected_s)]))
            self._change(view, asked)

    @work(exclusive=True, group="ask")
    async def action_undo(self) -> None:
        """Shows what the last change replaced, asks for the name to be typed, then goes back to it."""
        from qtui.tui.changeform import asked as meant
        from qtui.tui.dialogs.change import BackDialog

        view = self.highlighted
        if view is None:
            return
        try:
            way = await self.room.way_back(view.name)
            asked = meant(view, way.vector, way.change)
        except QtuiError as error:
            self.notify(clean(worded(error)), severity="warning", markup=False)
            return
        if await self.app.push_screen_wait(BackDialog(view.name, asked, way.changed)):
            self._begin(loading.started(f"Going back with {clean(view.name, 60)}", [(view.name, asked.expected_s)]))
            self._change(view, asked, back=True)

    @work(exclusive=True, group="make")
    async def _change(self, view: CollectionView, asked: Asked, *, back: bool = False) -> None:
        self.forget(view.name)  # it isn't what was asked for any more
        error: str | None = None
        seconds: float | None = None
        self._list.changing()
        try:
            if back:
                seconds = await self.room.go_back(view.name)
            else:
                seconds = await self.room.reconfigure(view.name, asked.change, asked.vector)
            # what it did is told by what it is now
            self._list.close()
        except QtuiError as failure:
            error = failure.text
        finally:
            self.post_message(self.Over(error))
        if seconds is not None:
            await self._tell_change(view, asked, seconds, "" if back else "; {collections.undo} goes back")

    async def _tell_change(self, before: CollectionView, asked: Asked, seconds: float, then: str) -> None:
        """What a change did, from the collection as it is now, and what may be done then."""
        try:
            now = (await self.room.view(before.name)).vector(asked.vector)
        except QtuiError as error:
            self.notify(clean(worded(error)), severity="error", markup=False)
            return
        was = quantization_words(before.vector(asked.vector).spec.quantization)
        done = quantization_words(now.spec.quantization)
        text = f"{was} → {done}" if was != done else ", ".join(f"{what} {to}" for what, _, to in asked.lines)
        built = f"; built {now.built.segments}/{now.built.of}" if now.spec.quantization is not None else ""
        told = f"{text} in {units.duration(seconds)}{built}{keyed(self.app, then)}"
        self.notify(told, title=f"{clean(before.name, 60)} is changed", markup=False)

    # --- how far it is ------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> WorkList:
        return self.query_one(WorkList)

    def _begin(self, work_: Work) -> None:
        self.making = True
        self._list.begin(work_)

    @on(Over)
    def _end(self, message: Over) -> None:
        """Nothing runs any more: says how it ended."""
        message.stop()
        self.making = False
        over = self._list.end(message.error, resumes=self.unfinished is not None)
        if over is not None and over.ready == len(over.rows):
            self.unfinished = None
        if over is not None:
            self._tell(over)
        self.post_message(CollectionsWanted())

    def _tell(self, over: Work) -> None:
        kept = [row.collection for row in over.rows if row.state == "partial"]
        ready = [row.collection for row in over.rows if row.state == "ready"]
        if kept:
            left = sum(row.state == "waiting" for row in over.rows)
            rest = f" and the {left} not begun" if left else ""
            ways = keyed(self.app, f"{{collections.resume}} goes on with it{rest}, {{collections.delete}} discards it")
            text = f"{clean(kept[0], 60)} is kept unfinished: {ways}"
            self.notify(text, title="Cancelled", markup=False, timeout=8)
        elif any(row.state == "waiting" and row.note for row in over.rows):
            text = "no collection was begun; what was embedded is kept, and isn't embedded again"
            self.notify(text, title="Cancelled", markup=False, timeout=8)
        elif over.failed and self.room_state.status not in AWAY:  # the list has no room for all of it
            names = ", ".join(clean(row.collection, 60) for row in over.failed[:3])
            title = names if len(over.failed) <= 3 else f"{names} and {len(over.failed) - 3} more"
            self.notify(over.failed[0].note, title=f"Failed: {title}", severity="error", markup=False, timeout=15)
        elif ready and not over.failed:
            count = clean(ready[0], 60) if len(ready) == 1 else f"{len(ready)} collections"
            self.notify(f"{count} ready", markup=False)

    def forget(self, name: str) -> None:
        """What this collection was a part of isn't gone on with."""
        if self.unfinished is not None and name in self.unfinished.collections:
            self.give_up()

    @work(group="give up")
    async def give_up(self) -> None:
        """What isn't whole of the last load isn't gone on with, now or after the next start."""
        self.unfinished = None
        with suppress(QtuiError):  # then it is offered again, which is better than lost
            await self.room.give_up()

    def stop_making(self) -> bool:
        """Cancels what runs, or closes the list of what failed. False: there was neither."""
        if self.making:
            self.workers.cancel_group(self, "make")
            return True
        shown = self._list.display
        self._list.close()
        begun = {view.name for view in self.views or () if view.status == "partial"}
        if shown and self.unfinished is not None and begun.isdisjoint(self.unfinished.collections):
            self.give_up()
        return shown

    @property
    def can_stop(self) -> bool:
        """Whether there is something to cancel or to close."""
        return self.making or bool(self._list.display)
