"""Tells whoever listens that a server is waited for, from deep within what is asked of it. Knows no engine.

Whoever asks again after a while says so by `waits_for`; `told` puts that among the events of the operation, while the
step that waits is still under way. A listener belongs to the tasks that it was set in and to those that they start.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from time import monotonic
from typing import ParamSpec, Self

from qtui.errors import EngineGone, NoConnection, QtuiError, RateLimited, TimedOut, Unreachable
from qtui.events import Event, Waiting

AWAY = (EngineGone, RateLimited, Unreachable)
"""What a server says, or rather doesn't, that may answer again in a moment."""
P = ParamSpec("P")
Listener = Callable[[Waiting], None]
_listener: ContextVar[Listener | None] = ContextVar("qtui_waits", default=None)
_WHY: tuple[tuple[type[QtuiError], str], ...] = (
    (NoConnection, "nobody answers"),
    (TimedOut, "it did not answer in time"),
    (Unreachable, "it is not available"),
    (RateLimited, "it takes no more requests for now"),
    (EngineGone, "its process ended"),
)
_EVERY_S = 1.0
"""How often the seconds that are left are told."""


class Waits:
    """The waits of one request that is asked again: every one is told, and at the end of the block that it goes on.

    Unless the server is still away then: whoever asked may have more patience.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._told = False

    async def wait(self, error: QtuiError, seconds: float) -> None:
        """Says what ails the server, waits, and says that it is asked again."""
        await self.rest(why(error), seconds)

    async def rest(self, reason: str, seconds: float) -> None:
        """The same in the caller's words."""
        self._tell(Waiting(reason, seconds))
        await self._sleep(seconds)
        self._tell(Waiting(reason, 0.0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._told and not isinstance(error, AWAY):
            self._tell(Waiting("", None))

    def _tell(self, event: Waiting) -> None:
        self._told = event.again_s is not None
        listener = _listener.get()
        if listener is not None:
            listener(event)


def why(error: QtuiError) -> str:
    """What ails the server, in a few words."""
    return next((text for kind, text in _WHY if isinstance(error, kind)), "it failed at a request")


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Has `listener` hear of the waits of what is awaited in the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class _Ear:
    """The last wait that was heard of, and whether anybody was told of it."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._last: Waiting | None = None
        self._until = 0.0

    def hear(self, event: Waiting) -> None:
        self._last, self._until = event, monotonic() + (event.again_s or 0.0)
        self.changed.set()

    @property
    def waits(self) -> bool:
        """Whether seconds go by that are worth telling."""
        return self._last is not None and bool(self._last.again_s) and monotonic() < self._until

    def now(self) -> Waiting | None:
        """The wait as it stands."""
        self.changed.clear()
        if self._last is None or not self._last.again_s:
            return self._last
        return Waiting(self._last.why, float(math.ceil(max(0.0, self._until - monotonic()))))


async def told(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The events, and among them the waits of the steps between two of them; closes `events` however it ends."""
    ear, context = _Ear(), copy_context()
    context.run(_listener.set, ear.hear)
    step: asyncio.Task[Event | None] | None = None
    try:
        while True:
            step = asyncio.create_task(_next(events), context=context)
            while not step.done():
                await _either(step, ear)
                if ear.changed.is_set() or not step.done():
                    found = ear.now()
                    if found is not None:
                        yield found
            event = step.result()
            if event is None:
                return
            yield event
    finally:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.wait({step})
        if step is not None and step.done() and not step.cancelled():
            step.exception()  # what it says of being ended is of no use to anybody
        await events.aclose()


def telling(make: Callable[P, AsyncGenerator[Event, None]]) -> Callable[P, AsyncGenerator[Event, None]]:
    """Makes an operation tell its waits."""

    @wraps(make)
    def made(*args: P.args, **options: P.kwargs) -> AsyncGenerator[Event, None]:
        return told(make(*args, **options))

    return made


async def _next(events: AsyncGenerator[Event, None]) -> Event | None:
    return await anext(events, None)


async def _either(step: asyncio.Task[Event | None], ear: _Ear) -> None:
    """Returns when the step is done, when a wait begins or ends, and every second of a wait."""
    news = asyncio.ensure_future(ear.changed.wait())
    try:
        await asyncio.wait({step, news}, timeout=_EVERY_S if ear.waits else None, return_when=asyncio.FIRST_COMPLETED)
    finally:
        news.cancel()
