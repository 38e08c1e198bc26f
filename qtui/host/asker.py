"""One of several client processes that ask a server together: `python -m qtui.host.asker PARENT`.

It has a client of its own and the queries of the run, and asks what it is told to. One Python process that drives many
searches at once would measure itself.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

import numpy as np

from qtui.bench.clock import SYSTEM
from qtui.bench.measure import Ask, run_block
from qtui.data.rows import Batch
from qtui.engine.base import Engine
from qtui.engine.open import open_target
from qtui.filters import parse_filter
from qtui.host import requests
from qtui.host.serve import Service, enter
from qtui.model import PointId
from qtui.target import remember_key


class Asker:
    """The client of this process, and the queries."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._queries: Batch = []

    async def prepare(self, asked: requests.Prepare) -> None:
        """Connects, and reads the queries."""
        if asked.key is not None:
            remember_key(asked.target, asked.key)
        self._queries = read_queries(asked.queries)
        self._engine = await open_target(asked.target)

    async def ask(self, asked: requests.AskBlock) -> requests.Asked:
        """Asks its share of a block."""
        assert self._engine is not None
        own = None if asked.own is None else _Own(dict(zip(asked.span, asked.own, strict=True)))
        condition = None if asked.filter is None else parse_filter(asked.filter)
        ask = Ask(asked.collection, asked.using, asked.settings, condition, own)
        if asked.wait_s:
            await asyncio.sleep(asked.wait_s)
        began = time.perf_counter()
        block = await run_block(
            self._engine,
            ask,
            self._queries,
            asked.span,
            concurrency=asked.concurrency,
            rate=asked.rate,
            clock=SYSTEM,
        )
        outcomes = tuple(
            (found.query, found.ids, found.engine_ms, found.round_trip_ms, found.error, found.away)
            for found in block.outcomes
        )
        return requests.Asked(outcomes, began, began + block.wall_s, block.cpu_s, block.unsent, block.why)

    async def close(self) -> None:
        """Ends its connections."""
        if self._engine is not None:
            await self._engine.close()


class _Own(Sequence[PointId]):
    """The points that some of the queries are, by the query's number."""

    def __init__(self, ids: dict[int, PointId]) -> None:
        self._ids = ids

    def __getitem__(self, query: int) -> PointId:  # type: ignore[override]  # no slices are asked for
        return self._ids[query]

    def __len__(self) -> int:
        return len(self._ids)


def write_queries(path: str, queries: Batch) -> None:
    """Writes queries for other processes; multivectors flat, with their offsets."""
    if isinstance(queries, np.ndarray):
        np.savez(path, vectors=queries)
        return
    offsets = np.cumsum([0, *(len(query) for query in queries)])
    np.savez(path, vectors=np.concatenate(queries), offsets=offsets)


def read_queries(path: str) -> Batch:
    """What `write_queries` wrote."""
    with np.load(path, allow_pickle=False) as file:
        vectors = file["vectors"]
        return np.split(vectors, file["offsets"][1:-1]) if "offsets" in file else vectors


async def _serve(service: Service) -> None:
    asker = Asker()
    try:
        await service.run({requests.Prepare: asker.prepare, requests.AskBlock: asker.ask}, {})
    finally:
        await asker.close()


def main() -> None:
    """Serves the parent whose process id is the first argument."""
    service = Service(enter(int(sys.argv[1])))
    asyncio.run(_serve(service))


if __name__ == "__main__":
    main()
