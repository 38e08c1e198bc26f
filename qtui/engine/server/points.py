"""Searches over REST and over gRPC, by the client's low-level calls: their answers hold the server's own time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from qdrant_client import grpc
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.http import models as rest

from qtui.engine.base import Vector
from qtui.engine.server.link import Link
from qtui.engine.server.wire import identity
from qtui.errors import DataError
from qtui.model import Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """One search, ready to be sent: all but its vector can be shared by many."""

    vector: Vector
    """(size,), or (tokens, size) for a multivector."""
    limit: int
    params: rest.SearchParams
    using: str
    filter: rest.Filter | None
    with_payload: bool = False


class Searching(Protocol):
    """How searches are sent. Both return the server's seconds; they raise what the client raises."""

    async def one(self, name: str, asked: Asked) -> tuple[float, Answer]:
        """One search."""
        ...

    async def many(self, name: str, asked: Sequence[Asked]) -> tuple[float, tuple[Answer, ...]]:
        """Several searches in one request."""
        ...


class Rest:
    """Over REST."""

    def __init__(self, link: Link) -> None:
        self._api = link.http.search_api

    async def one(self, name: str, asked: Asked) -> tuple[float, Answer]:
        """One search."""
        answer = await self._api.query_points(collection_name=name, query_request=_request(asked))
        return _seconds(answer.time), _answer(answer.result.points, with_payload=asked.with_payload)

    async def many(self, name: str, asked: Sequence[Asked]) -> tuple[float, tuple[Answer, ...]]:
        """Several searches in one request."""
        batch = rest.QueryRequestBatch(searches=[_request(each) for each in asked])
        answer = await self._api.query_batch_points(collection_name=name, query_request_batch=batch)
        found = [_answer(each.points, with_payload=False) for each in answer.result]
        return _seconds(answer.time), tuple(found)


def _request(asked: Asked) -> rest.QueryRequest:
    return rest.QueryRequest(
        query=asked.vector.tolist(),
        using=asked.using or None,
        filter=asked.filter,
        params=asked.params,
        limit=asked.limit,
        with_vector=False,
        with_payload=asked.with_payload,
    )


def _answer(found: Sequence[Any], *, with_payload: bool) -> Answer:
    return Answer(
        tuple([identity(p.id) for p in found]),
        tuple([p.score for p in found]),
        tuple([p.payload for p in found]) if with_payload else None,
    )


def _seconds(time: float | None) -> float:
    """The server's time. Raises DataError where there is none: a figure can't be made up."""
    if time is None:
        raise DataError("the answer lacks the server's time: is there a proxy that changes answers?")
    return time


class Grpc:
    """Over gRPC."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def one(self, name: str, asked: Asked) -> tuple[float, Answer]:
        """One search."""
        stub = self._link.client.grpc_points
        response = await stub.Query(_message(name, asked), timeout=self._link.target.timeout)
        return response.time, _of_messages(response.result, with_payload=asked.with_payload)

    async def many(self, name: str, asked: Sequence[Asked]) -> tuple[float, tuple[Answer, ...]]:
        """Several searches in one request."""
        stub = self._link.client.grpc_points
        batch = grpc.QueryBatchPoints(collection_name=name, query_points=[_message(name, each) for each in asked])
        response = await stub.QueryBatch(batch, timeout=self._link.target.timeout)
        return response.time, tuple(_of_messages(each.result, with_payload=False) for each in response.result)


def _message(name: str, asked: Asked) -> Any:
    return grpc.QueryPoints(
        collection_name=name,
        query=grpc.Query(nearest=_input(asked.vector)),
        using=asked.using or None,
        filter=None if asked.filter is None else RestToGrpc.convert_filter(asked.filter),
        params=RestToGrpc.convert_search_params(asked.params),
        limit=asked.limit,
        with_vectors=grpc.WithVectorsSelector(enable=False),
        with_payload=grpc.WithPayloadSelector(enable=asked.with_payload),
    )


def _input(vector: np.ndarray[Any, Any]) -> Any:
    if vector.ndim == 1:
        return grpc.VectorInput(dense=grpc.DenseVector(data=vector.tolist()))
    tokens = [grpc.DenseVector(data=row.tolist()) for row in vector]
    return grpc.VectorInput(multi_dense=grpc.MultiDenseVector(vectors=tokens))


def _of_messages(found: Sequence[Any], *, with_payload: bool) -> Answer:
    return Answer(
        tuple([p.id.num if p.id.WhichOneof("point_id_options") == "num" else p.id.uuid for p in found]),
        tuple([p.score for p in found]),
        tuple([GrpcToRest.convert_payload(p.payload) for p in found]) if with_payload else None,
    )
