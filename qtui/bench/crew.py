"""Several client processes that ask one server together. Who starts them is handed in, as with collections.

One Python process that drives many searches at once measures itself: it spends its time on parsing answers.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from qtui.bench.measure import Ask, Block
from qtui.data.rows import Batch
from qtui.model import EngineInfo
from qtui.plan import BenchRequest

MOST = 16
"""Client processes, at most."""


class Crew(Protocol):
    """Processes that have the queries already."""

    @property
    def size(self) -> int:
        """How many they are."""
        ...

    async def block(self, ask: Ask, span: Sequence[int], *, concurrency: int, rate: float | None) -> Block:
        """Asks the queries of `span` together, with at most `concurrency` in flight in all."""
        ...

    async def dismiss(self) -> None:
        """Ends the processes."""
        ...


Hire = Callable[[int, Batch], Awaitable[Crew]]
"""Starts so many processes, each with these queries."""


def wanted(request: BenchRequest, info: EngineInfo, cpus: int | None = None) -> int:
    """How many processes should ask: one, unless so many searches are in flight that one measures itself."""
    flight = max(request.concurrency)
    if info.kind != "server":
        return 1
    if request.live.processes is not None:
        return min(request.live.processes, flight)
    cores = (os.cpu_count() or 1) if cpus is None else cpus
    return max(1, min(flight, cores, MOST))
