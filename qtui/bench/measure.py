"""Asks one variant one block of queries and takes the times. Knows the engine protocol only.

Nothing but the engine's call lies inside a timed span; garbage collection waits until the block is over.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from qtui.bench.clock import Clock
from qtui.data.rows import Batch
from qtui.engine.base import Engine, Vector
from qtui.engine.pace import AWAY, FREE, Pace
from qtui.filters import Filter
from qtui.model import PointId, SearchSettings


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


@dataclass(frozen=True, slots=True)
class Block:
    """What came of one block, in the order of completion."""

    outcomes: tuple[Outcome, ...]
    wall_s: float
    """From before the first search to after the last, harness included, the load guard's waits left out."""
    cpu_s: float = 0.0
    """Of the asking processes."""
    processes: int = 1
    """That asked."""
    away: bool = False
    """Whether not one search was answered, since nobody was there to answer."""


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
    """Asks the queries of `span`, with at most `concurrency` in flight.

    Closed loop: each worker sends its next query when its last was answered. With `rate`, query number i is due i /
    rate seconds after the start, and its round trip counts from then, however late a worker was free to send it.
    `pace` holds searches back before their time begins.
    """
    outcomes: list[Outcome] = []
    idle: list[float] = []
    waiting = iter(enumerate(span))
    with _no_garbage_collection():
        started, cpu = clock.now(), time.process_time()

        async def work() -> None:
            for place, query in waiting:
                due = None if rate is None else started + place / rate
                if due is not None and due > clock.now():
                    await clock.sleep(due - clock.now())
                if pace.per_second is not None:
                    async with pace.turn() as waited_s:
                        outcome = await _search(engine, ask, queries[query], query, due, clock)
                    idle.append(waited_s)
                else:
                    outcome = await _search(engine, ask, queries[query], query, due, clock)
                outcomes.append(outcome)

        if concurrency == 1:
            await work()
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(span))):
                    group.create_task(work())
        wall_s, cpu_s = clock.now() - started, time.process_time() - cpu
    if concurrency == 1:  # several workers wait at the same time
        wall_s -= sum(idle)
    return Block(tuple(outcomes), wall_s, cpu_s, away=bool(outcomes) and all(found.away for found in outcomes))


async def _search(engine: Engine, ask: Ask, vector: Vector, query: int, due: float | None, clock: Clock) -> Outcome:
    try:
        timed = await engine.query(ask.collection, vector, ask.settings, using=ask.using, filter_=ask.filter_)
    except Exception as error:  # noqa: BLE001  # whatever fails is counted as a failed search, with its reason
        return Outcome(query, error=_named(error), away=isinstance(error, AWAY))
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
