"""`ServerEngine`: the engine protocol on one shared AsyncQdrantClient.

`engine_ms` is the server's own `time`: after it parsed the request, before it writes the answer. `round_trip_ms` is
what the caller waited, all of the client's work included. A search is never repeated. Nothing is written unless the
target allows it. What qtui must remember of a collection stands in that collection's metadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter, perf_counter_ns
from typing import Any

from qdrant_client.http import models as rest

from qtui.engine import guard
from qtui.engine.base import Origin, PointBatch, Vector
from qtui.engine.server import reading, wire
from qtui.engine.server.changing import Changing
from qtui.engine.server.link import Link
from qtui.engine.server.looking import Looker
from qtui.engine.server.points import Asked, Grpc, Rest, Searching
from qtui.errors import NotFound, UsageError, shown
from qtui.filters import Filter
from qtui.model import (
    Answer,
    Change,
    CollectionSpec,
    CollectionView,
    EngineInfo,
    Page,
    Point,
    PointId,
    SearchSettings,
    Timed,
    VectorSpec,
)
from qtui.names import listed
from qtui.served import Rebuild

_LARGEST_PAGE = 10_000


class ServerEngine:
    """Collections of one server. Make it with `open_server`."""

    def __init__(self, link: Link, info: EngineInfo) -> None:
        self._link = link
        self._info = info
        self._looker = Looker(link, dict(info.refused))
        self._changing = Changing(link, self._looker, info)
        self._searching: Searching = Grpc(link) if info.protocol == "gRPC" else Rest(link)
        self._specs: dict[str, CollectionSpec] = {}
        self._params: dict[SearchSettings, rest.SearchParams] = {}

    @property
    def info(self) -> EngineInfo:
        """What this is and where, and what it can't do."""
        return self._info

    # --- collections ------------------------------------------------------------------------------------------

    async def collections(self) -> tuple[str, ...]:
        """Names of all collections that the key may see, sorted."""
        return await self._looker.names()

    async def view(self, name: str) -> CollectionView:
        """The collection by all evidence that is to be had (up to seven requests). Raises NotFound."""
        return self._seen(await self._looker.view(name))

    async def glances(self, names: Sequence[str]) -> tuple[CollectionView, ...]:
        """Each collection as a request or two show it, a few at a time: no memory, aliases or shards. For long lists.

        Bytes are computed by formulas, and what is built is judged by counts. Those that are gone are left out.
        """
        return tuple(self._seen(view) for view in await self._looker.glances(tuple(names)))

    def _seen(self, view: CollectionView) -> CollectionView:
        if view.error is None:
            self._specs[view.name] = view.spec
        return view

    async def rebuilds(self, name: str) -> tuple[Rebuild, ...]:
        """What the server rebuilds of a collection now, with progress where it tells."""
        return await self._looker.rebuilds(name)

    async def create(self, spec: CollectionSpec, origin: Origin | None = None) -> None:
        """Makes an empty collection. Raises Exists, UsageError for bad settings, AccessError without leave to write."""
        await self._changing.create(spec, origin or Origin())
        self._specs.pop(spec.name, None)

    async def delete(self, name: str) -> None:
        """Removes a collection. Raises NotFound, or AccessError where writing isn't allowed."""
        self._specs.pop(name, None)
        await self._changing.delete(name)

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        """Changes settings of one vector in place and waits for the rebuild. Returns seconds."""
        started = perf_counter()
        vector = await self._vector(name, vector_name)
        await self._changing.change(self._specs[name], vector, change)
        self._specs.pop(name, None)
        await self._changing.settled(name)
        return perf_counter() - started

    # --- points -----------------------------------------------------------------------------------------------

    async def upsert(self, name: str, batch: PointBatch) -> None:
        """Writes points and waits until they are; repeated where that is safe. Large batches go in several requests."""
        self._changing.require_writable()
        spec = await self._spec(name)
        ids = guard.point_ids(batch.ids)
        rows = guard.vectors(spec, batch, ids)
        await self._changing.upsert(name, ids, rows, guard.payloads(batch.payloads, ids))

    async def build(self, name: str) -> float:
        """Waits until the server has built what awaits it, then marks the load as done. Returns seconds."""
        self._changing.require_writable()
        started = perf_counter()
        await self._changing.settled(name)
        await self._changing.finish(name)
        return perf_counter() - started

    async def mark(self, name: str, *, loaded_rows: int) -> None:
        """Remembers how many rows of the source are dealt with: where an interrupted load goes on."""
        await self._changing.mark(name, loaded_rows)

    async def loaded_rows(self, name: str) -> int:
        """Rows of the source that `mark` was last told of."""
        return await self._changing.loaded_rows(name)

    async def origin(self, name: str) -> Origin:
        """What the creator of a collection wanted remembered; nothing for one that qtui did not make."""
        return reading.origin(await self._changing.kept(name))

    # --- searching --------------------------------------------------------------------------------------------

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
        """The nearest points. `engine_ms` is the server's time, `round_trip_ms` the whole wait. Never asked twice."""
        vector = await self._vector(name, using)
        arrived = perf_counter_ns()
        asked = self._asked(vector, query, settings, wire.filter_(filter_), with_payload=with_payload)
        seconds, answer = await self._timed(name, self._searching.one, asked)
        return Timed(answer, seconds * 1e3, (perf_counter_ns() - arrived) / 1e6)

    async def query_batch(
        self,
        name: str,
        queries: Sequence[Vector],
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
    ) -> Timed[tuple[Answer, ...]]:
        """The nearest points of several queries in one request."""
        vector = await self._vector(name, using)
        if not len(queries):
            return Timed((), 0.0, 0.0)
        arrived = perf_counter_ns()
        condition = wire.filter_(filter_)
        asked = [self._asked(vector, each, settings, condition, with_payload=False) for each in queries]
        seconds, answers = await self._timed(name, self._searching.many, asked)
        return Timed(answers, seconds * 1e3, (perf_counter_ns() - arrived) / 1e6)

    async def _timed(self, name: str, send: Any, asked: Any) -> Any:
        try:
            return await self._link.once(lambda: send(name, asked), f"search {shown(name)}")
        except (NotFound, UsageError):
            self._specs.pop(name, None)  # the collection may be another one by now
            raise

    def _asked(
        self, vector: VectorSpec, query: Vector, settings: SearchSettings, condition: Any, *, with_payload: bool
    ) -> Asked:
        params = self._params.get(settings)
        if params is None:
            params = self._params[settings] = wire.search_params(settings)
        checked = guard.query(vector, query)
        return Asked(checked, settings.limit, params, vector.name, condition, with_payload)

    async def _vector(self, name: str, using: str) -> VectorSpec:
        spec = await self._spec(name)
        for vector in spec.vectors:
            if vector.name == using:
                return vector
        there = listed(vector.name for vector in spec.vectors) or "none that can be searched"
        raise UsageError(f"{shown(name)} has no vector {shown(using)}; it has {there}")

    async def _spec(self, name: str) -> CollectionSpec:
        """The collection's settings, asked for once."""
        known = self._specs.get(name)
        if known is None:
            known = self._specs[name] = reading.spec(name, await self._looker.info(name))
        return known

    # --- reading ----------------------------------------------------------------------------------------------

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
        if not 1 <= limit <= _LARGEST_PAGE:
            raise UsageError(f"a page must hold between 1 and {_LARGEST_PAGE} points")
        start = None if offset is None else guard.point_id(offset)
        condition = wire.filter_(filter_)
        records, following = await self._link.safely(
            lambda: self._link.client.scroll(
                name, condition, limit, offset=start, with_payload=with_payload, with_vectors=with_vectors
            ),
            f"read {shown(name)}",
        )
        points = tuple(_point(record, with_payload=with_payload) for record in records)
        return Page(points, None if following is None else wire.identity(following))

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """The points of `ids` that are there, in the order asked."""
        wanted = [guard.point_id(i) for i in ids]
        if not wanted:
            return ()
        records = await self._link.safely(
            lambda: self._link.client.retrieve(
                name, list(dict.fromkeys(wanted)), with_payload=with_payload, with_vectors=with_vectors
            ),
            f"read points of {shown(name)}",
        )
        found = {wire.identity(record.id): _point(record, with_payload=with_payload) for record in records}
        return tuple(found[i] for i in wanted if i in found)

    async def count(self, name: str, filter_: Filter | None = None) -> int:
        """Exact number of points that match."""
        condition = wire.filter_(filter_)
        counted = await self._link.safely(
            lambda: self._link.client.count(name, condition, exact=True), f"count the points of {shown(name)}"
        )
        return int(counted.count)

    # --- letting go -------------------------------------------------------------------------------------------

    async def evict(self, name: str) -> bool:
        """Always False: a server's page cache can't be dropped from here. Raises NotFound."""
        await self._spec(name)
        return False

    async def release(self, name: str) -> None:
        """Forgets what is known of a collection's settings: another process may have changed them."""
        self._specs.pop(name, None)
        self._changing.forget(name)

    async def close(self) -> None:
        """Ends all connections; harmless when done twice."""
        await self._link.close()


def _point(record: Any, *, with_payload: bool) -> Point:
    vectors = record.vector
    if vectors is not None and not isinstance(vectors, dict):
        vectors = {"": vectors}
    if vectors is not None:  # sparse ones are models
        vectors = {name: value if isinstance(value, list) else value.model_dump() for name, value in vectors.items()}
    payload = (record.payload or {}) if with_payload else None
    return Point(wire.identity(record.id), payload, vectors or None)
