"""Builders that work in this process: starting one of its own is most of what a test of a small load costs.

Requests and answers take the way over the wire all the same. Commands that run in a process of their own (`qtui`,
`start`, `OnTerminal`) have builders of their own, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from qtui.events import Event
from qtui.host import builder, once, requests, wire
from qtui.host.embedder import Models
from qtui.host.streams import closing

ELSEWHERE = once.asked_once
ANSWERS: dict[type, Callable[[Any], Awaitable[Any]]] = {requests.Reconfigure: builder._reconfigure}
STREAMS: dict[type, Callable[[Any], AsyncIterator[Event]]] = {
    requests.Build: builder._build,
    requests.EmbedDocuments: lambda asked: Models().embed_documents(asked),
}


async def asked_once(
    module: str, request: requests.Request[Any], *, store: Path, log: str
) -> AsyncGenerator[wire.Happened | wire.Result, None]:
    """As `qtui.host.once.asked_once`; what isn't named above has a process of its own still."""
    if type(request) not in (*ANSWERS, *STREAMS):
        async with aclosing(ELSEWHERE(module, request, store=store, log=log)) as messages:
            async for message in messages:
                yield message
        return
    call = wire.message(wire.frame(wire.call(1, request))[wire.HEADER.size :])
    assert isinstance(call, wire.Call)
    asked, value = wire.request(call), None
    try:
        if type(asked) in ANSWERS:
            value = await ANSWERS[type(asked)](asked)
        else:
            async with closing(STREAMS[type(asked)](asked)) as events:
                async for event in events:
                    yield wire.happened(1, event)
    except Exception as error:
        raise wire.error(wire.failure(1, error)) from error
    yield wire.result(1, value)
