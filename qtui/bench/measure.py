"""Asks one variant one block of queries and takes the times. Knows the engine protocol only.

Nothing but the engine's call lies inside a timed span; garbage collection waits until the block is over.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from qtui.bench.clock import Clock
from qtui.data.rows import Batch
from qtui.engine.base import Engine, Vector
from qtui.engine.pace import FREE, Pace
from qtui.engine.waits import AWAY
from qtui.errors import NoConnection
from qtui.filters import Filter
from qtui.model import PointId, SearchSettings

AWAY_IN_A_ROW = 5
"""Searches that a server leaves without an answer, one after the other, before no more are sent."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a variant asks, and of which collection."""

    collection: str
    using: str
    settings: SearchSettings
    filter_: Filter | None = None
    own: Sequence[PointId] | None = None
    """By query, the id of the point that it is, to be left out; one more is then asked for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One search: its ids and times, or its error."""

    query: int
    ids: tuple[PointId, ...] = ()
    engine_ms: float | None = None
    round_trip_ms: float | None = None
    error: str | None = None
    away: bool = False
    """Whether the server didn't answer at all, or takes no more for now."""
    unsent: bool = False
    """Whether it never left this machine, since there was nobody to send it to."""


@dataclass(frozen=True, slots=True)
class Block:
    """What came of one block, in the order of completion."""

    outcomes: tuple[Outcome, ...]
    wall_s: float
    """From before the first search to after the last that was sent, harness included, the load guard's waits left out.
    """
    cpu_s: float = 0.0
    """Of the asking processes."""
    processes: int = 1
    """That asked."""
    unsent: tuple[int, ...] = ()
    """Queries of the span that were not sent, in order, since the server went away."""
    why: str = ""
    """The error that tells of it."""

    def joined(self, more: Block) -> Block:
        """The block with what was asked of it later."""
        return Block(
            self.outcomes + more.outcomes,
            self.wall_s + more.wall_s,
            self.cpu_s + more.cpu_s,
            max(self.processes, more.processes),
            more.unsent,
            more.why,
        )

    def given_up(self) -> Block:
        """The block with what was not sent as failures."""
        failed = tuple(Outcome(query, error=self.why, away=True) for query in self.unsent)
        return replace(self, outcomes=self.outcomes + failed, unsent=())


async def run_block(
    engine: Engine,
    ask: Ask,
    queries: Batch,
    span: Sequence[int],
    *,
    concurrency: int,
    rate: float | None,
    clock: Clock,
    pace: Pace = FREE,
) -> Block:
    """Asks the queries of `span`, with at most `concurrency` in flight; once the server is away, it stops.

    Closed loop: each worker sends its next query when its last was answered. With `rate`, query number i is due i /
    rate seconds after the start, and its round trip counts from then, however late a worker was free to send it.
    `pace` holds searches back before their time begins. The server is away when nothing can be sent to it, or when it
    leaves AWAY_IN_A_ROW searches without an answer: these are failures, what wasn't sent is nothing.
    """
    found = _Found()
    idle: list[float] = []
    waiting = iter(enumerate(span))
    with _no_garbage_collection():
        started, cpu = clock.now(), time.process_time()

        async def work() -> None:
            for place, query in waiting:
                due = None if rate is None else started + place / rate
                if due is not None and due > clock.now():
                    await clock.sleep(due - clock.now())
                waited_s = 0.0
                if pace.per_second is not None:
                    async with pace.turn() as waited_s:
                        outcome = await _search(engine, ask, queries[query], query, due, clock)
                else:
                    outcome = await _search(engine, ask, queries[query], query, due, clock)
                if found.take(outcome):
                    idle.append(waited_s)
                    found.ended = clock.now()
                if found.why:
                    return

        if concurrency == 1:
            await work()
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(span))):
                    group.create_task(work())
        wall_s, cpu_s = (found.ended or started) - started, time.process_time() - cpu
    if concurrency == 1:  # several workers wait at the same time
        wall_s -= sum(idle)
    unsent = sorted([*found.unsent, *(query for _, query in waiting)], key=list(span).index)
    return Block(tuple(found.outcomes), wall_s, cpu_s, unsent=tuple(unsent), why=found.why)


@dataclass(slots=True)
class _Found:
    """What came of a block so far."""

    outcomes: list[Outcome] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)
    silent: int = 0
    """Searches in a row without an answer."""
    why: str = ""
    """Why no more should be sent."""
    ended: float | None = None
    """When the last of the outcomes came."""

    def take(self, outcome: Outcome) -> bool:
        """Whether it counts."""
        if outcome.unsent:
            self.unsent.append(outcome.query)
            self.why = outcome.error or ""
            return False
        self.outcomes.append(outcome)
        self.silent = self.silent + 1 if outcome.away else 0
        if self.silent >= AWAY_IN_A_ROW:
            self.why = outcome.error or ""
        return True


async def _search(engine: Engine, ask: Ask, vector: Vector, query: int, due: float | None, clock: Clock) -> Outcome:
    try:
        timed = await engine.query(ask.collection, vector, ask.settings, using=ask.using, filter_=ask.filter_)
    except Exception as error:  # noqa: BLE001  # whatever fails is counted as a failed search, with its reason
        unsent = isinstance(error, NoConnection)
        return Outcome(query, error=_named(error), away=isinstance(error, AWAY), unsent=unsent)
    round_trip_ms = timed.round_trip_ms if due is None else (clock.now() - due) * 1000
    return Outcome(query, _without_own(timed.value.ids, ask, query), timed.engine_ms, round_trip_ms)


def _without_own(ids: tuple[PointId, ...], ask: Ask, query: int) -> tuple[PointId, ...]:
    if ask.own is None:
        return ids
    return tuple(point_id for point_id in ids if point_id != ask.own[query])[: ask.settings.limit - 1]


def _named(error: Exception) -> str:
    text = " ".join(str(error).split())
    plain = "".join(character for character in text if character.isprintable())[:200]
    return f"{type(error).__name__}: {plain}" if plain else type(error).__name__


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
