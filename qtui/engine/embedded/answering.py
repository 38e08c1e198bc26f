"""`Answering`: what is asked of open shards and changes none of them: searches, pages, points, counts.

`engine_ms` is measured round the shard's call alone: the request is built before, the answer converted after.
`round_trip_ms` holds the wait for a turn, too: the engine answers one call at a time.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any

import qdrant_edge as qe

from qtui.engine import guard
from qtui.engine.base import Vector
from qtui.engine.embedded import native
from qtui.engine.embedded.shards import Opened, Shards
from qtui.errors import UsageError
from qtui.filters import Filter
from qtui.model import Answer, Page, Point, PointId, SearchSettings, Timed

_LARGEST_PAGE = 10_000


class Answering:
    """The part of the engine protocol that reads points. Collections are opened when they are first asked."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._params: dict[SearchSettings, qe.SearchParams] = {}

    # --- searching ---------------------------------------------------------------------------------------------

    async def query(
        self,
        name: str,
        query: Vector,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        """The nearest points. `engine_ms` spans the shard's call alone, `round_trip_ms` the wait for it too."""
        arrived = perf_counter_ns()
        await sleep(0)
        opened = self._shards.get(name)
        request = self._request(opened, query, settings, using, native.filter_(filter_), with_payload=with_payload)
        search = opened.shard.query
        started = perf_counter_ns()
        try:
            found = search(request)
            ended = perf_counter_ns()
        except BaseException as error:
            raise self._shards.failure(opened, "search", error) from error
        answer = native.answer(found, with_payload=with_payload)
        return Timed(answer, (ended - started) / 1e6, (perf_counter_ns() - arrived) / 1e6)

    async def query_batch(
        self,
        name: str,
        queries: Sequence[Vector],
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
    ) -> Timed[tuple[Answer, ...]]:
        """The nearest points of several queries, planned by the engine as one batch."""
        arrived = perf_counter_ns()
        await sleep(0)
        opened = self._shards.get(name)
        condition = native.filter_(filter_)
        requests = [self._request(opened, q, settings, using, condition, with_payload=False) for q in queries]
        batch = qe.QueryBatchRequest(requests)
        started = perf_counter_ns()
        with self._shards.native(opened, "search"):
            found = opened.shard.query_batch(batch)
        ended = perf_counter_ns()
        answers = tuple(native.answer(one, with_payload=False) for one in found)
        return Timed(answers, (ended - started) / 1e6, (perf_counter_ns() - arrived) / 1e6)

    def _request(
        self,
        opened: Opened,
        query: Vector,
        settings: SearchSettings,
        using: str,
        condition: Any,
        *,
        with_payload: bool,
    ) -> qe.QueryRequest:
        params = self._params.get(settings)
        if params is None:
            params = self._params[settings] = native.search_params(settings)
        vector = guard.query(opened.vector(using), query)
        return qe.QueryRequest(
            settings.limit,
            query=native.nearest(vector, using),
            filter=condition,
            params=params,
            with_payload=with_payload,
        )

    # --- reading -----------------------------------------------------------------------------------------------

    async def scroll(
        self,
        name: str,
        *,
        limit: int = 100,
        offset: PointId | None = None,
        filter_: Filter | None = None,
        with_payload: bool = True,
        with_vectors: bool = False,
    ) -> Page:
        """Points in id order, from `offset` on; at most 10,000 a page."""
        await sleep(0)
        if not 1 <= limit <= _LARGEST_PAGE:
            raise UsageError(f"a page must hold between 1 and {_LARGEST_PAGE} points")
        start = None if offset is None else guard.point_id(offset)
        opened = self._shards.get(name)
        request = qe.ScrollRequest(
            offset=start,
            limit=limit,
            filter=native.filter_(filter_),
            with_payload=with_payload,
            with_vector=with_vectors,
        )
        with self._shards.native(opened, "read"):
            records, following = opened.shard.scroll(request)
        points = tuple(native.point(record) for record in records)
        return Page(points, None if following is None else native.identity(following))

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """The points of `ids` that are there, in the order asked."""
        await sleep(0)
        opened = self._shards.get(name)
        wanted = [guard.point_id(i) for i in ids]
        with self._shards.native(opened, "read"):
            records = opened.shard.retrieve(list(dict.fromkeys(wanted)), with_payload, with_vectors)
        found = {point.id: point for point in map(native.point, records)}
        return tuple(found[i] for i in wanted if i in found)

    async def count(self, name: str, filter_: Filter | None = None) -> int:
        """Exact number of points that match."""
        await sleep(0)
        opened = self._shards.get(name)
        request = qe.CountRequest(exact=True, filter=native.filter_(filter_))
        with self._shards.native(opened, "count"):
            return int(opened.shard.count(request))
