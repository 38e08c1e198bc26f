"""Keys in their order: the next one is handed out once what the last one did is done.

Textual hands a key to whatever has the focus, and runs its bindings only after it went all the way up; whoever types
faster than that has the next key act on a screen that the last one was about to change. Owns the keys that wait.
Knows no panel and no dialog.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from textual import events
from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker

LAPS = 2
"""Up from the focus: behind the key itself, then behind what its action told the widgets above."""
PATIENCE_S = 0.5
"""For what a key does; a dialog that asks the engine first may take longer, and the keys go on without it."""
LOOK_EVERY_S = 0.01


class TypeAhead:
    """What is typed, one key at a time. Everything happens in the app's event loop."""

    def __init__(self, app: App[Any], hand_on: Callable[[events.Event], Awaitable[None]]) -> None:
        """`hand_on` gives an event to the screens as Textual does."""
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[events.Event] = deque()
        self._turn = 0
        """Counts the keys that were handed out."""
        self._busy = False
        self._screen: Screen[object] | None = None
        self._workers: frozenset[Worker[object]] = frozenset()
        self._ends = 0.0

    async def take(self, event: events.Event) -> None:
        """An event of the app: a key or a paste that comes from outside waits for its turn."""
        if event.is_forwarded or not isinstance(event, (events.Key, events.Paste)):
            await self._hand_on(event)
        elif self._busy:
            self._waiting.append(event)
        else:
            await self._begin(event)

    async def _begin(self, event: events.Event) -> None:
        self._busy = True
        self._turn += 1
        self._screen, self._workers = self._current(), self._at_work()
        loop = asyncio.get_running_loop()
        self._ends = loop.time() + PATIENCE_S
        loop.call_later(PATIENCE_S, self._hurry, self._turn)
        try:
            await self._hand_on(event)
        finally:
            self._lap(self._turn, LAPS)

    def _current(self) -> Screen[object] | None:
        try:
            return self._app.screen
        except ScreenStackError:  # the app ends
            return None

    def _at_work(self) -> frozenset[Worker[object]]:
        return frozenset(worker for worker in self._app.workers if not worker.is_finished)

    def _lap(self, turn: int, left: int) -> None:
        """Goes from the focus up to the app, through the same queues as the key and what it tells others."""
        screen = self._current()
        start = None if screen is None else screen.focused or screen
        self._hop(turn, left, start)

    def _hop(self, turn: int, left: int, node: DOMNode | None) -> None:
        while node is not None and node is not self._app:
            above = node.parent
            if node.call_later(self._hop, turn, left, above):
                return
            node = above  # this one is being removed
        self._app.call_later(self._home, turn, left)

    async def _home(self, turn: int, left: int) -> None:
        if turn != self._turn or not self._busy:
            return
        now = self._current()
        if left > 1:
            self._lap(turn, left - 1)
        elif now is not self._screen:  # which is whole once its own queue is done
            self._screen, self._workers = now, self._at_work()
            self._lap(turn, 1)
        elif self._opens_dialog() and asyncio.get_running_loop().time() < self._ends:
            asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._lap, turn, 1)
        else:
            await self._next()

    def _opens_dialog(self) -> bool:
        """Whether the key began something that will ask before it does anything."""
        return any(worker.name.startswith("action_") for worker in self._at_work() - self._workers)

    def _hurry(self, turn: int) -> None:
        """What is under way takes too long, or its widget is gone."""
        if turn == self._turn and self._busy:
            self._app.call_later(partial(self._late, turn))

    async def _late(self, turn: int) -> None:
        if turn == self._turn and self._busy:
            await self._next()

    async def _next(self) -> None:
        self._busy = False
        if self._waiting:
            await self._begin(self._waiting.popleft())
