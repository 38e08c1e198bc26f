"""What each REST call of the test server does, on the embedded engine. Bodies are parsed by the client's models."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import numpy as np
from qdrant_client.http import models as m

from qtui.engine.base import PointBatch
from qtui.engine.embedded import EmbeddedEngine
from qtui.errors import Exists, NotFound, QtuiError
from qtui.filters import Filter, from_json
from qtui.model import Answer, Point, SearchSettings, Timed
from tests.server import held as holding
from tests.server import reports
from tests.server.faults import Faults
from tests.server.held import Held
from tests.server.http import Request


class Refused(Exception):
    """An answer that is no result: a status and Qdrant's words for it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def of_error(error: QtuiError) -> Refused:
    """The engine's error as the server would say it."""
    if isinstance(error, NotFound):
        return Refused(404, f"Not found: {error.text}")
    if isinstance(error, Exists):
        return Refused(409, f"Wrong input: {error.text}")
    return Refused(400, f"Wrong input: {error.text}")


class Desk:
    """Collections of one store, as a server shows them."""

    def __init__(self, engine: EmbeddedEngine, faults: Faults) -> None:
        self.engine = engine
        self.faults = faults
        self.held: dict[str, Held] = {}
        self.aliases: dict[str, str] = {}
        self.shards: list[m.RemoteShardInfo] = []
        """Replicas on other nodes, of every collection."""

    async def collections(self) -> list[str]:
        return list(await self.engine.collections())

    async def found(self, name: str) -> Held:
        """The collection of that name."""
        if name not in self.held:
            if name not in await self.engine.collections():
                raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
            self.held[name] = holding.of_spec((await self.engine.view(name)).spec)
        return self.held[name]

    async def settle(self, name: str) -> None:
        """Builds what was written, as a server does by itself."""
        held = await self.found(name)
        if held.dirty:
            await self.engine.build(name)
            held.dirty = False

    # --- collections ------------------------------------------------------------------------------------------

    async def create(self, name: str, request: Request) -> bool:
        body = m.CreateCollection.model_validate_json(request.body)
        if name in await self.engine.collections():
            raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
        if body.metadata is not None and not self.faults.since(16):
            raise Refused(400, "Format error in JSON body: unknown field `metadata`")
        held = Held(holding.config(body))
        await self.engine.create(holding.spec(name, held))
        self.held[name] = held
        return True

    async def update(self, name: str, request: Request) -> bool:
        before = await self.found(name)
        after = holding.updated(before, m.UpdateCollection.model_validate_json(request.body))
        self.faults.nudged = True
        changes = holding.changes(holding.spec(name, before), holding.spec(name, after))
        for vector, change in changes:
            await self.settle(name)
            await self.engine.reconfigure(name, change, vector)
        self.held[name] = after
        return True

    async def delete(self, name: str, _: Request) -> bool:
        if name not in await self.engine.collections():
            return False
        self.held.pop(name, None)
        await self.engine.delete(name)
        return True

    async def info(self, name: str, _: Request) -> m.CollectionInfo:
        held = await self.found(name)
        await self.settle(name)
        view = await self.engine.view(name)
        return reports.info(held, view, await self.engine.count(name), self.status(), self.faults.strict)

    def status(self) -> str:
        return self.faults.collection_status or "green"

    async def memory(self, name: str, _: Request) -> dict[str, Any]:
        if not self.faults.since(18):
            raise Refused(404, "")
        await self.found(name)
        return reports.memory(await self.engine.view(name))

    async def optimizations(self, name: str, _: Request) -> m.OptimizationsResponse:
        if not self.faults.since(17):
            raise Refused(404, "")
        await self.found(name)
        return reports.optimizations(await self.engine.view(name), self.status(), await self.engine.count(name))

    async def cluster(self, name: str, _: Request) -> m.CollectionClusterInfo:
        await self.found(name)
        count = await self.engine.count(name)
        local = m.LocalShardInfo(shard_id=0, points_count=count, state=m.ReplicaState.ACTIVE)
        return m.CollectionClusterInfo(
            peer_id=reports.PEER, shard_count=1, local_shards=[local], remote_shards=self.shards, shard_transfers=[]
        )

    async def aliases_of(self, name: str, _: Request) -> m.CollectionsAliasesResponse:
        await self.found(name)
        pairs = [m.AliasDescription(alias_name=a, collection_name=c) for a, c in self.aliases.items() if c == name]
        return m.CollectionsAliasesResponse(aliases=pairs)

    async def index(self, name: str, request: Request) -> m.UpdateResult:
        body = m.CreateFieldIndex.model_validate_json(request.body)
        held = await self.found(name)
        held.indexes[body.field_name] = m.PayloadSchemaType(body.field_schema).value
        return _done()

    async def telemetry(self) -> m.TelemetryData:
        found = {}
        for name in await self.engine.collections():
            await self.settle(name)
            await self.engine.view(name)  # so that its files are complete
            found[name] = (await self.found(name), self.engine._store.folder(name).shard)
        return reports.telemetry(found, self.faults.version)

    # --- points -----------------------------------------------------------------------------------------------

    async def upsert(self, name: str, request: Request) -> m.UpdateResult:
        body = json.loads(request.body)
        if "batch" in body:
            batch = m.PointsBatch.model_validate_json(request.body).batch
            return await self.write(name, batch.ids, batch.vectors, batch.payloads)
        points: list[Any] = m.PointsList.model_validate_json(request.body).points
        vectors: Any = [p.vector for p in points]
        if isinstance(vectors[0], dict):
            vectors = {key: [each[key] for each in vectors] for key in vectors[0]}
        return await self.write(name, [p.id for p in points], vectors, [p.payload for p in points])

    async def write(self, name: str, ids: Any, vectors: Any, payloads: Any) -> m.UpdateResult:
        held = await self.found(name)
        columns = vectors if isinstance(vectors, dict) else {"": vectors}
        multi = {key: params.multivector_config is not None for key, params in held.vectors.items()}
        rows = {key: _rows(value, multi=multi[key]) for key, value in columns.items()}
        await self.engine.upsert(name, PointBatch([_id(i) for i in ids], rows, payloads or ()))
        held.dirty = True
        return _done()

    async def query(self, name: str, request: Request) -> Timed[Answer]:
        body = json.loads(request.body)
        return await self.search(name, m.QueryRequest.model_validate(body), _filter(body))

    async def search(self, name: str, asked: m.QueryRequest, condition: Filter | None) -> Timed[Answer]:
        self._within_limits(asked)
        await self.found(name)
        await self.settle(name)
        params = asked.params or m.SearchParams()
        quantization = params.quantization or m.QuantizationSearchParams()
        settings = SearchSettings(
            limit=asked.limit or 10,
            hnsw_ef=params.hnsw_ef,
            exact=bool(params.exact),
            ignore=bool(quantization.ignore),
            rescore=quantization.rescore,
            oversampling=quantization.oversampling,
            indexed_only=bool(params.indexed_only),
        )
        nearest: Any = asked.query.nearest if isinstance(asked.query, m.NearestQuery) else asked.query
        query: Any = np.asarray(nearest, np.float32)
        return await self.engine.query(
            name,
            query,
            settings,
            using=asked.using or "",
            filter_=condition,
            with_payload=asked.with_payload is True,
        )

    def _within_limits(self, asked: m.QueryRequest) -> None:
        strict = self.faults.strict or {}
        if not strict.get("enabled"):
            return
        params = asked.params or m.SearchParams()
        if params.exact and strict.get("search_allow_exact") is False:
            raise Refused(400, "Bad request: Exact search disabled!. Help: Set exact=false.")
        if (most := strict.get("max_query_limit")) and (asked.limit or 10) > most:
            raise Refused(400, f'Bad request: Limit exceeded {asked.limit} > {most} for "limit"')

    async def batch(self, name: str, request: Request) -> tuple[float, list[Answer]]:
        searches = json.loads(request.body)["searches"]
        found = [await self.search(name, m.QueryRequest.model_validate(each), _filter(each)) for each in searches]
        return sum(each.engine_ms for each in found), [each.value for each in found]

    async def scroll(self, name: str, request: Request) -> m.ScrollResult:
        body = json.loads(request.body)
        asked = m.ScrollRequest.model_validate(body)
        return await self.page(name, asked, _filter(body))

    async def page(self, name: str, asked: m.ScrollRequest, condition: Filter | None) -> m.ScrollResult:
        await self.found(name)
        page = await self.engine.scroll(
            name,
            limit=asked.limit or 10,
            offset=None if asked.offset is None else _id(asked.offset),
            filter_=condition,
            with_payload=asked.with_payload is not False,
            with_vectors=bool(asked.with_vector),
        )
        return m.ScrollResult(points=[record(point) for point in page.points], next_page_offset=page.next_offset)

    async def retrieve(self, name: str, request: Request) -> list[m.Record]:
        return await self.some(name, m.PointRequest.model_validate_json(request.body))

    async def some(self, name: str, asked: m.PointRequest) -> list[m.Record]:
        await self.found(name)
        points = await self.engine.retrieve(
            name,
            [_id(i) for i in asked.ids],
            with_payload=asked.with_payload is not False,
            with_vectors=bool(asked.with_vector),
        )
        return [record(point) for point in points]

    async def count(self, name: str, request: Request) -> m.CountResult:
        await self.found(name)
        return m.CountResult(count=await self.engine.count(name, _filter(json.loads(request.body))))

    ROUTES: ClassVar[dict[tuple[str, str], Callable[[Any, str, Request], Awaitable[Any]]]] = {
        ("PUT", ""): create,
        ("PATCH", ""): update,
        ("DELETE", ""): delete,
        ("GET", ""): info,
        ("GET", "memory"): memory,
        ("GET", "optimizations"): optimizations,
        ("GET", "cluster"): cluster,
        ("GET", "aliases"): aliases_of,
        ("PUT", "index"): index,
        ("PUT", "points"): upsert,
        ("POST", "points"): retrieve,
        ("POST", "points/query"): query,
        ("POST", "points/query/batch"): batch,
        ("POST", "points/scroll"): scroll,
        ("POST", "points/count"): count,
    }
    """Of one collection: method and what stands behind its name."""


def scored(answer: Answer) -> m.QueryResponse:
    payloads = answer.payloads or (None,) * len(answer.ids)
    return m.QueryResponse(
        points=[
            m.ScoredPoint(id=i, version=0, score=score, payload=payload)
            for i, score, payload in zip(answer.ids, answer.scores, payloads, strict=True)
        ]
    )


def record(point: Point) -> m.Record:
    vectors: Any = point.vectors
    if vectors is not None and list(vectors) == [""]:
        vectors = vectors[""]
    return m.Record(id=point.id, payload=point.payload, vector=vectors)


def _filter(body: dict[str, Any]) -> Filter | None:
    found = body.get("filter")
    return from_json(found) if found else None


def _rows(rows: Any, *, multi: bool) -> Any:
    if multi:
        return [np.asarray(row, np.float32) for row in rows]
    return np.asarray(rows, np.float32)


def _id(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def _done() -> m.UpdateResult:
    return m.UpdateResult(operation_id=1, status=m.UpdateStatus.COMPLETED)
