"""gRPC beside the test server: a servicer of the client's own stubs, for what qtui sends that way."""

from __future__ import annotations

from typing import Any

from grpc import StatusCode, aio
from qdrant_client import grpc
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.grpc.points_service_pb2_grpc import PointsServicer, add_PointsServicer_to_server
from qdrant_client.grpc.qdrant_pb2_grpc import QdrantServicer, add_QdrantServicer_to_server
from qdrant_client.http import models as m

from qtui.errors import QtuiError
from qtui.filters import from_json
from tests.server.desk import Desk, Refused, of_error, scored

_CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    409: StatusCode.ALREADY_EXISTS,
}


class Points(PointsServicer):
    """Search, read and write. `fail` is the code of the next call; `seen` names the calls."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.fail: StatusCode | None = None
        self.trailing: tuple[tuple[str, str], ...] = ()
        self.seen: list[tuple[str, dict[str, str]]] = []

    async def _answer(self, context: Any, call: Any) -> Any:
        sent = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
        self.seen.append((call.__name__.strip("_"), sent))
        if self.fail is not None:
            code, self.fail = self.fail, None
            call.close()
            await context.abort(code, "told to fail", self.trailing)
        try:
            return await call
        except (Refused, QtuiError) as error:
            refused = error if isinstance(error, Refused) else of_error(error)
            await context.abort(_CODES.get(refused.status, StatusCode.INTERNAL), refused.text)

    async def Query(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._query(request))

    async def _query(self, request: Any) -> Any:
        found = await self._desk.search(request.collection_name, _asked(request), _filter(request))
        return grpc.QueryResponse(result=_scored(found.value), time=found.engine_ms / 1e3)

    async def QueryBatch(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._batch(request))

    async def _batch(self, request: Any) -> Any:
        found = [
            await self._desk.search(request.collection_name, _asked(each), _filter(each))
            for each in request.query_points
        ]
        results = [grpc.BatchResult(result=_scored(each.value)) for each in found]
        return grpc.QueryBatchResponse(result=results, time=sum(each.engine_ms for each in found) / 1e3)

    async def Upsert(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._upsert(request))

    async def _upsert(self, request: Any) -> Any:
        points: list[Any] = [GrpcToRest.convert_point_struct(point) for point in request.points]
        vectors: Any = [point.vector for point in points]
        if isinstance(vectors[0], dict):
            vectors = {key: [each[key] for each in vectors] for key in vectors[0]}
        await self._desk.write(request.collection_name, [p.id for p in points], vectors, [p.payload for p in points])
        return grpc.PointsOperationResponse(
            result=grpc.UpdateResult(operation_id=1, status=grpc.UpdateStatus.Completed), time=0.001
        )

    async def Scroll(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._scroll(request))

    async def _scroll(self, request: Any) -> Any:
        asked = m.ScrollRequest(
            limit=request.limit,
            offset=GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None,
            with_payload=request.with_payload.enable,
            with_vector=request.with_vectors.enable,
        )
        page = await self._desk.page(request.collection_name, asked, _filter(request))
        following = page.next_page_offset
        return grpc.ScrollResponse(
            result=[_retrieved(each) for each in page.points],
            next_page_offset=None if following is None else RestToGrpc.convert_extended_point_id(following),
            time=0.001,
        )

    async def Get(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._get(request))

    async def _get(self, request: Any) -> Any:
        asked = m.PointRequest(
            ids=[GrpcToRest.convert_point_id(i) for i in request.ids],
            with_payload=request.with_payload.enable,
            with_vector=request.with_vectors.enable,
        )
        found = await self._desk.some(request.collection_name, asked)
        return grpc.GetResponse(result=[_retrieved(each) for each in found], time=0.001)

    async def Count(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._count(request))

    async def _count(self, request: Any) -> Any:
        await self._desk.found(request.collection_name)
        count = await self._desk.engine.count(request.collection_name, _filter(request))
        return grpc.CountResponse(result=grpc.CountResult(count=count), time=0.001)


def _asked(request: Any) -> m.QueryRequest:
    nearest = request.query.nearest
    if nearest.WhichOneof("variant") == "multi_dense":
        query: Any = [list(row.data) for row in nearest.multi_dense.vectors]
    else:
        query = list(nearest.dense.data)
    return m.QueryRequest(
        query=query,
        using=request.using or None,
        params=GrpcToRest.convert_search_params(request.params),
        limit=request.limit,
        with_payload=request.with_payload.enable,
    )


def _filter(request: Any) -> Any:
    if not request.HasField("filter"):
        return None
    return from_json(
        GrpcToRest.convert_filter(request.filter).model_dump(mode="json", exclude_none=True, by_alias=True)
    )


def _scored(answer: Any) -> list[Any]:
    return [RestToGrpc.convert_scored_point(point) for point in scored(answer).points]


def _retrieved(point: Any) -> Any:
    return RestToGrpc.convert_record(point.model_copy(update={"payload": point.payload or {}}))


class Root(QdrantServicer):
    """Says which version it is."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def HealthCheck(self, _: Any, __: Any) -> Any:
        return grpc.HealthCheckReply(title="qdrant - vector search engine", version=self._desk.faults.version)


async def start(desk: Desk) -> tuple[Any, Points, int]:
    """A running gRPC server, its servicer, and the port."""
    remote, points = aio.server(), Points(desk)
    add_PointsServicer_to_server(points, remote)
    add_QdrantServicer_to_server(Root(desk), remote)
    port = remote.add_insecure_port("127.0.0.1:0")
    await remote.start()
    return remote, points, port
