"""What of the Collections tab builds the demo's collections. Owns the worker that does it and its line of progress."""

from __future__ import annotations

from contextlib import aclosing

from textual import on, work
from textual.reactive import reactive

from qtui.demos import Demo
from qtui.errors import QtuiError
from qtui.events import BuildDone, Progress
from qtui.tui import loading
from qtui.tui.commands import keyed
from qtui.tui.messages import CollectionsWanted, DemoWanted, Ended, Happened
from qtui.tui.panels.making import AWAY, MakingPanel, Unfinished
from qtui.tui.text import clean
from qtui.tui.widgets.progress import ProgressLine
from qtui.tui.words import worded

REPAINT_S = 0.5


class DemoPanel(MakingPanel):
    """Base of the Collections panel; yields no widget itself: mount a ProgressLine where the progress shall be."""

    loading_demo: reactive[bool] = reactive(default=False, bindings=True)
    _latest: Progress | None = None
    _done: tuple[str, ...] = ()
    _building = 0
    """Collections of the demo that is loaded."""

    def on_mount(self) -> None:
        """Progress is drawn at most twice a second."""
        self.set_interval(REPAINT_S, self._repaint)

    def show_building(self) -> None:
        """Makes room for the list of what is built."""
        raise NotImplementedError

    @on(DemoWanted)
    def _demo_wanted(self, message: DemoWanted) -> None:
        self.build_demo(message.demo)

    def build_demo(self, demo: Demo) -> None:
        """Loads the samples, or goes on where an earlier load stopped."""
        if self.loading_demo:
            return
        self.loading_demo = True
        work_ = loading.started("Loading the demo", [(name, None) for name in demo.collections])
        self.unfinished = Unfinished(demo.loads, work_)
        self._latest, self._done, self._building = None, (), len(demo.collections)
        self.query_one(ProgressLine).active = True
        self.show_building()
        self._load(demo)

    @work(exclusive=True, group="load")
    async def _load(self, demo: Demo) -> None:
        ended = Ended(cancelled=True)
        try:
            async with aclosing(self.room.load(*demo.loads)) as events:
                async for event in events:
                    self.post_message(Happened(event))
            ended = Ended()
        except QtuiError as error:
            ended = Ended(error=worded(error))
        finally:
            self.post_message(ended)

    @on(Happened)
    def _load_event(self, message: Happened) -> None:
        message.stop()
        if isinstance(message.event, Progress):
            self._latest = message.event
        elif isinstance(message.event, BuildDone):
            self._done = (*self._done, message.event.collection)
            self.post_message(CollectionsWanted())

    def _repaint(self) -> None:
        if self.loading_demo:
            line = self.query_one(ProgressLine)
            line.whole = f"{min(len(self._done) + 1, self._building)}/{self._building}"
            line.progress = self._latest

    @on(Ended)
    def _load_ended(self, message: Ended) -> None:
        message.stop()
        self.loading_demo = False
        self.query_one(ProgressLine).active = False
        if message.error:
            if self.room_state.status not in AWAY:  # whose reason is told already
                self.notify(clean(message.error), title="The demo was not built", severity="error", markup=False)
        elif message.cancelled:
            text = keyed(self.app, "Cancelled; what was built is kept. {collections.resume} goes on")
            self.notify(text, markup=False)
        else:
            self.unfinished = None
        self.post_message(CollectionsWanted())
