"""How fast somebody else's server is asked: the load guard, and patience with a server that is away for a moment.

Knows no engine. Whoever reads, copies or measures over the network takes a turn before each request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from qtui.engine.waits import AWAY, Waits

T = TypeVar("T")
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each new try of what may safely be asked twice: long enough for a restart."""


class Pace:
    """At most so many requests a second, and after each as long a rest as it took: never more than half of the time.

    With several requests in flight the rate is that of all together. Without a rate nobody waits.
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
        self._next = 0.0

    def slowed(self, per_second: float) -> Pace:
        """Another one on the same clock, with a rate of its own."""
        return Pace(per_second, now=self._now, sleep=self._sleep)

    @asynccontextmanager
    async def turn(self, cost: int = 1) -> AsyncIterator[float]:
        """Waits until the next request may be sent, which the block then does. Gives the seconds that it waited.

        `cost`: as how many requests this one counts.
        """
        if self.per_second is None:
            yield 0.0
            return
        came = self._now()
        at = max(self._next, came)
        self._next = at + cost / self.per_second
        if at > came:
            await self._sleep(at - came)
        began = self._now()
        try:
            yield began - came
        finally:
            ended = self._now()
            self._next = max(self._next, ended + (ended - began))

    async def asked(self, call: Callable[[], Awaitable[T]], cost: int = 1) -> T:
        """The answer to a request that changes nothing when it is sent twice; tried again while the server is away.

        Raises what the server said last when it stays away, and at once whatever else the request raises.
        """
        with Waits(self._sleep) as waits:
            for wait_s in WAITS_S:
                try:
                    async with self.turn(cost):
                        return await call()
                except AWAY as error:
                    await waits.wait(error, wait_s)
            async with self.turn(cost):
                return await call()


FREE = Pace()
"""No guard: for an engine that is ours alone."""
