"""One engine room from its start to its end, as the app sees it. Imports neither numpy nor an engine."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from qtui.events import Event, Progress
from qtui.host import wire
from qtui.host.process import Child


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the app is."""

    hang_s: float = 120.0
    """Silence on the wire after which the child counts as hung; far above the longest single engine call."""
    start_s: float = 120.0
    """The same for its first word."""
    close_s: float = 10.0
    """For writing what is pending when asked to close."""
    answer_s: float = 3.0
    """For a word from one that is asked to close: of one that says none, nothing is to be expected."""
    cancel_s: float = 30.0
    """For confirming a cancelled stream."""
    retries: int = 5
    """Starts in a row that may end within `steady_s`, before it is given up."""
    steady_s: float = 10.0
    backoff_s: float = 0.25
    """Wait before the second such start; doubles with each."""


class Inbox:
    """What came for one call: at most one Progress waits at a time, nothing else is ever dropped."""

    def __init__(self) -> None:
        self._items: deque[Event | wire.Result | Exception] = deque()
        self._arrived = asyncio.Event()
        self.settled = False
        """Whether the last item has arrived."""

    def put(self, item: Event | wire.Result | Exception) -> None:
        """Adds an item; nothing after the last."""
        if self.settled:
            return
        if isinstance(item, Progress) and self._items and isinstance(self._items[-1], Progress):
            self._items.pop()
        self._items.append(item)
        self.settled = isinstance(item, (wire.Result, Exception))
        self._arrived.set()

    async def get(self) -> Event | wire.Result:
        """The next item. Raises the exception when that is what came."""
        while not self._items:
            self._arrived.clear()
            await self._arrived.wait()
        item = self._items.popleft()
        if isinstance(item, Exception):
            raise copy(item)  # several calls may get the same one
        return item

    async def last(self) -> None:
        """Waits until the last item has arrived."""
        while not self.settled:
            self._arrived.clear()
            await self._arrived.wait()


class Life:
    """One child from its start to its end: calls on their way, and the watch for a hang."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self.child, self._limits = child, limits
        self._inboxes: dict[int, Inbox] = {}
        self._last_id = 0
        self._heard = self._begun = False
        self.refused = False
        """Whether the child itself said that it can't start."""

    async def run(self, on_state: Callable[[wire.State], None]) -> Exception:
        """Hands out what the child says until it ends, and returns why it did; fails what is still waiting."""
        watch = asyncio.ensure_future(self._watch())
        why: Exception | None = None
        try:
            async for message in self.child.messages():
                self._heard = self._begun = True
                if isinstance(message, wire.State):
                    on_state(message)
                elif isinstance(message, wire.Failure) and message.id == wire.START:
                    why, self.refused = wire.error(message), True
                else:
                    self._hand_out(message)
        except wire.WireError as error:
            why = error
            self.child.kill("it could not be understood")
        finally:
            watch.cancel()
            ended = await self.child.end(grace_s=self._limits.close_s)
            why = why or ended
            for inbox in self._inboxes.values():
                inbox.put(why)
        return why

    def open(self) -> tuple[int, Inbox]:
        """A place for the answer of a new call, and its id."""
        self._last_id += 1
        inbox = self._inboxes[self._last_id] = Inbox()
        return self._last_id, inbox

    def forget(self, id_: int) -> None:
        """What still comes for this call is of no interest."""
        self._inboxes.pop(id_, None)

    def _hand_out(self, message: wire.Message) -> None:
        if not isinstance(message, (wire.Happened, wire.Result, wire.Failure)):
            return
        inbox = self._inboxes.get(message.id)
        if inbox is None:
            return
        match message:
            case wire.Happened():
                inbox.put(wire.event(message))
            case wire.Result():
                inbox.put(message)
            case _:
                inbox.put(wire.error(message))

    async def _watch(self) -> None:
        # counts ticks, not time: after a suspended laptop wakes, the answer gets its chance to be read
        tick_s, silent_s = self._limits.hang_s / 8, 0.0
        while True:
            self.child.post(wire.Ping())
            await asyncio.sleep(tick_s)
            self.child.bound_log()
            silent_s = 0.0 if self._heard else silent_s + tick_s
            self._heard = False
            patience_s = self._limits.hang_s if self._begun else self._limits.start_s
            if silent_s >= patience_s:
                self.child.kill(f"it did not answer for {patience_s:g} s")
                return
