"""Where measuring takes its time from: the system's monotonic clock, or one that a test moves."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only grow, and waiting for them."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits; 0 lets other tasks run."""
        ...


class SystemClock:
    """The process's own performance counter."""

    now = staticmethod(time.perf_counter)

    async def sleep(self, seconds: float) -> None:
        """Waits; 0 lets other tasks run."""
        await asyncio.sleep(seconds)


SYSTEM = SystemClock()
