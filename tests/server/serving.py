"""A Qdrant server for tests: its REST wire format over a real socket, answered from the embedded engine.

    async with serving(store) as server:
        engine = await open_target(server.target())

`server.faults` is what it does wrong; `server.seen` the requests so far; `server.most` the most
searches at once, `server.most_at_once` the most requests.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from qdrant_client.http import models as m

from qtui.engine.open import open_embedded
from qtui.errors import QtuiError
from qtui.model import Answer, Timed
from qtui.target import Target, server
from tests.server import reports
from tests.server.desk import Desk, Refused, of_error, scored
from tests.server.faults import Faults
from tests.server.http import HttpServer, Request, Response

_WRITES = {"PUT", "PATCH", "DELETE"}


class QdrantServer:
    """One server; make it with `serving`."""

    def __init__(self, desk: Desk, faults: Faults) -> None:
        self.desk = desk
        self.faults = faults
        self.http = HttpServer(self.answer)
        self.prefix = ""
        self.address = ""
        self.grpc_port = 0
        self.grpc: Any = None
        """Of tests.server.grpc_side, where gRPC was asked for."""
        self.seen: list[Request] = []
        self.searching = 0
        self.most = 0
        self.answering = 0
        self.most_at_once = 0

    def target(self, **options: Any) -> Target:
        """How to reach it; `timeout`, `allow_writes` and other options as of `qtui.target.server`."""
        found = server(self.address, **{"allow_writes": True, **options})
        return replace(found, grpc_port=self.grpc_port) if self.grpc_port else found

    def asked(self, pattern: str) -> int:
        """How many requests had `pattern` in 'METHOD path'."""
        return sum(pattern in f"{request.method} {request.path}" for request in self.seen)

    async def answer(self, request: Request) -> Response | None:
        """One request, with whatever goes wrong on the way."""
        self.seen.append(request)
        request.path = request.path.removeprefix(self.prefix) or "/"
        faults = self.faults
        is_search = "/points/query" in request.path
        self.searching += is_search
        self.answering += 1
        self.most, self.most_at_once = max(self.most, self.searching), max(self.most_at_once, self.answering)
        try:
            if faults.latency_s and faults.hits(request):
                await asyncio.sleep(faults.latency_s)
            if faults.take("drop", request):
                return None
            response = self._instead(request) or await self._answered(request)
            response.cut = faults.take("cut", request)
            return response
        finally:
            self.searching -= is_search
            self.answering -= 1

    def _instead(self, request: Request) -> Response | None:
        faults = self.faults
        if faults.take("limit", request):
            headers = {} if faults.retry_after is None else {"retry-after": faults.retry_after}
            return refusal(429, "Rate limiting exceeded: Read rate limit exceeded", headers)
        if faults.take("fail", request):
            return refusal(faults.status, "Service internal error: something went wrong")
        if faults.take("garbage", request):
            return Response(200, b'{"result": {"points": "many"}, "time": 0.1}')
        return None

    async def _answered(self, request: Request) -> Response:
        began = time.perf_counter()
        try:
            self._allow(request)
            return await self._result(request, began)
        except Refused as error:
            return refusal(error.status, error.text)
        except QtuiError as error:
            refused = of_error(error)
            return refusal(refused.status, refused.text)
        except (ValidationError, KeyError) as error:
            return refusal(400, f"Format error in JSON body: {error}")

    async def _result(self, request: Request, began: float) -> Response:
        match request.parts:
            case [""]:
                return rendered(m.VersionInfo(title="qdrant - vector search engine", version=self.faults.version))
            case ["collections"]:
                names = [m.CollectionDescription(name=name) for name in await self._visible(request)]
                result: Any = m.CollectionsResponse(collections=names)
            case ["telemetry"]:
                result = await self.desk.telemetry()
            case ["metrics"]:
                text = reports.metrics(len(await self.desk.collections()), self.faults.version)
                return Response(200, text.encode(), {"content-type": "text/plain"})
            case ["collections", name, *rest]:
                route = Desk.ROUTES.get((request.method, "/".join(rest)))
                if route is None:
                    raise Refused(404, "")
                result = await route(self.desk, self.desk.aliases.get(name, name), request)
            case _:
                raise Refused(404, "")
        return self._rendered(request, result, began)

    def _rendered(self, request: Request, result: Any, began: float) -> Response:
        seconds = time.perf_counter() - began
        match result:
            case Timed(value=Answer() as answer, engine_ms=engine_ms):
                result, seconds = scored(answer), engine_ms / 1e3
            case (float() as engine_ms, list() as answers):
                result, seconds = [scored(each) for each in answers], engine_ms / 1e3
        taken = None if self.faults.take("no_time", request) else seconds
        return rendered({"result": result, "status": "ok", "time": taken, "usage": {"hardware": None}})

    # --- keys -------------------------------------------------------------------------------------------------

    def _key(self, request: Request) -> Any:
        given = request.headers.get("api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.faults.keys.get(given)

    def _allow(self, request: Request) -> None:
        if not self.faults.keys or request.parts == [""]:
            return
        access = self._key(request)
        if access is None:
            raise Refused(401, "Must provide an API key or an Authorization bearer token")
        writes = request.method in _WRITES
        if isinstance(access, dict):
            match request.parts:
                case ["collections"]:
                    return
                case ["collections", name, *_] if name in access:
                    access = access[name]
                case ["collections", name, *_]:
                    raise Refused(403, f"Forbidden: Access to collection {name} is required")
                case _:
                    raise Refused(403, "Forbidden: Global access is required")
        if writes and access == "r":
            raise Refused(403, "Forbidden: Write access is required")

    async def _visible(self, request: Request) -> list[str]:
        names, access = await self.desk.collections(), self._key(request)
        return [name for name in names if name in access] if isinstance(access, dict) else names


def rendered(value: Any) -> Response:
    """A model, or a dictionary that may hold models, as a server writes it."""
    return Response(200, json.dumps(value, default=_plain).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(type(value))


def refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"status": {"error": text}, "time": 0.0001}).encode() if text else b""
    return Response(status, body, headers or {})


async def at_once(_: float) -> None:
    """A pause that takes no time, but lets others go on."""
    await asyncio.sleep(0)


@asynccontextmanager
async def serving(
    store: Path,
    faults: Faults | None = None,
    *,
    port: int = 0,
    prefix: str = "",
    socket: str | None = None,
    tls: ssl.SSLContext | None = None,
    grpc: bool = False,
) -> AsyncIterator[QdrantServer]:
    """A server on a store's folder; over a Unix socket or TLS, below a prefix, and with gRPC beside it where asked."""
    faults = faults or Faults()
    engine = await open_embedded(store)
    made = QdrantServer(Desk(engine, faults), faults)
    found = await made.http.start(port, socket=socket, tls=tls)
    made.prefix = prefix
    scheme = "https" if tls else "http"
    made.address = f"unix:{socket}" if socket else f"{scheme}://127.0.0.1:{found}{prefix}"
    remote = None
    if grpc:
        from tests.server.grpc_side import start

        remote, made.grpc, made.grpc_port = await start(made.desk)
    try:
        yield made
    finally:
        if remote is not None:
            await remote.stop(None)
        await made.http.stop()
        await engine.close()
