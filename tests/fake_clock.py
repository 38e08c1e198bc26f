"""A clock whose time only tests move. Imports the standard library only."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class FakeClock:
    """Virtual seconds: a sleep ends when nothing else can run, so that concurrency and rates come out exactly."""

    IDLE_PASSES, EMPTY_PASSES = 20, 3
    """Turns of the loop without a new sleeper after which nothing else is taken to be runnable: fewer, where the
    loop has nothing else to call (it was asked for input and output once a turn)."""

    def __init__(self) -> None:
        self.time = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._idle = 0
        self._ticking = False

    def now(self) -> float:
        """Seconds since the clock was made."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Waits for virtual seconds."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        heapq.heappush(self._sleepers, (self.time + max(seconds, 0.0), next(self._order), future))
        self._idle = 0
        if not self._ticking:
            self._ticking = True
            loop.call_soon(self._tick)
        await future

    def _tick(self) -> None:
        self._idle += 1
        is_empty = not getattr(asyncio.get_running_loop(), "_ready", True)
        if self._idle > self.IDLE_PASSES or (is_empty and self._idle > self.EMPTY_PASSES):
            self._idle = 0
            due, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.time = due
                future.set_result(None)
        self._ticking = bool(self._sleepers)
        if self._ticking:
            asyncio.get_running_loop().call_soon(self._tick)
