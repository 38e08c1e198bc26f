"""`Link`: the one client of a server, with a time limit on every request and retries where they are harmless.

A search is asked once: a failure is counted, never repeated inside what is timed. Reads, and writes that change nothing
when they come twice, are repeated a few times with growing pauses, or after as long as the server asks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

import grpc
from qdrant_client import AsyncQdrantClient
from qdrant_client.http.exceptions import UnexpectedResponse

from qtui.engine.server.failures import CLIENT_ERRORS, by_proxy, may_pass, retry_after, translated, was_late
from qtui.engine.server.proxies import proxy_of
from qtui.engine.waits import Waits
from qtui.errors import QtuiError, Unreachable
from qtui.target import Target

T = TypeVar("T")
PAUSES_S = (0.2, 0.8, 2.4)
"""Before the second, third and last try."""
PATIENT_S = (*PAUSES_S, 5.0, 10.0, 15.0, 20.0)
"""The same for what goes on for minutes, such as a load: long enough for a restart."""
LONGEST_PAUSE_S = 60.0
"""Who asks for a longer one is told of, not waited for."""
Sleep = Callable[[float], Awaitable[None]]


class Link:
    """One AsyncQdrantClient, shared by all who ask."""

    def __init__(self, client: AsyncQdrantClient, target: Target, sleep: Sleep = asyncio.sleep) -> None:
        self.client = client
        self.target = target
        self._sleep = sleep
        self._closed = False

    @property
    def http(self) -> Any:
        """The low-level REST interface, whose answers hold the server's time."""
        return self.client.http

    async def once(self, call: Callable[[], Awaitable[T]], doing: str) -> T:
        """Asks once. Raises errors of ours; `doing` completes "can't …"."""
        try:
            async with asyncio.timeout(self.target.timeout):
                return await call()
        except CLIENT_ERRORS as error:
            raise self.failure(error, doing) from error

    async def safely(self, call: Callable[[], Awaitable[T]], doing: str, pauses: tuple[float, ...] = PAUSES_S) -> T:
        """Asks again when it may pass, once only after a time-out; for what changes nothing when it is done twice."""
        late = 0
        with Waits(self._sleep) as waits:
            for pause in pauses:
                try:
                    async with asyncio.timeout(self.target.timeout):
                        return await call()
                except CLIENT_ERRORS as error:
                    wished, failure = retry_after(error), self.failure(error, doing)
                    late += was_late(error)
                    if not may_pass(error) or late > 1 or (wished or 0) > LONGEST_PAUSE_S:
                        raise failure from error
                    await waits.wait(failure, pause if wished is None else max(pause, wished))
            return await self.once(call, doing)

    def failure(self, error: BaseException, doing: str) -> QtuiError:
        """The error of ours for what a request raised."""
        failure = translated(error, doing, self.target.where)
        if isinstance(failure, Unreachable) and failure is not error:
            proxy = proxy_of(self.target, grpc=isinstance(error, grpc.RpcError))
            return failure if proxy is None else by_proxy(failure, proxy)
        return failure

    async def raw(self, path: str, doing: str, type_: Any = object, **params: Any) -> Any:
        """The answer to a GET that the client has no method for; `path` is quoted already."""
        api = self.http.client
        return await self.safely(lambda: api.request(type_=type_, method="GET", url=path, params=params), doing)

    async def text(self, path: str) -> str:
        """The answer to a GET that is no JSON; asked once. Raises what the client raises."""
        api = self.http.client
        # The client would decode it as JSON.
        connections = api._async_client  # noqa: SLF001  # it lends them no other way
        response = await connections.get(f"{api.host.rstrip('/')}{path}")
        if response.status_code != HTTPStatus.OK:
            raise UnexpectedResponse.for_response(response)
        return str(response.text)

    async def pause(self, seconds: float) -> None:
        """Waits, between two looks at something that takes its time."""
        await self._sleep(seconds)

    async def close(self) -> None:
        """Ends all connections; harmless when done twice."""
        if not self._closed:
            self._closed = True
            await self.client.close()
