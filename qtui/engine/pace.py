"""How fast somebody else's server is asked: the load guard, and patience with a server that is away for a moment.

Knows no engine. Whoever reads, copies or measures over the network takes a turn before each request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from qtui.errors import EngineGone

T = TypeVar("T")
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try of what may safely be asked twice."""


class Pace:
    """At most so many requests a second, and after each as long a rest as it took: never more than half of the time.

    One of these belongs to one loop of requests, each sent when the last was answered. Without a rate it never waits.
    """

    def __init__(
        self,
        per_second: float | None = None,
        *,
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.per_second = per_second
        self._now, self._sleep = now, sleep
        self._began = self._next = 0.0

    async def turn(self) -> float:
        """Waits until the next request may be sent. Returns the seconds that it waited."""
        if self.per_second is None:
            return 0.0
        came = self._now()
        if self._next > came:
            await self._sleep(self._next - came)
        self._began = self._now()
        self._next = self._began + 1 / self.per_second
        return self._began - came

    def done(self) -> None:
        """The request that had the last turn is answered."""
        if self.per_second is not None:
            now = self._now()
            self._next = max(self._next, now + (now - self._began))

    async def asked(self, call: Callable[[], Awaitable[T]]) -> T:
        """The answer to a request that changes nothing when it is sent twice; tried again while the server is away.

        Raises EngineGone when it stays away, and at once whatever else the request raises.
        """
        for wait_s in (*WAITS_S, None):
            await self.turn()
            try:
                return await call()
            except EngineGone:
                if wait_s is None:
                    raise
            finally:
                self.done()
            await self._sleep(wait_s)
        raise AssertionError("the last try returns or raises")


FREE = Pace()
"""No guard: for an engine that is ours alone."""
