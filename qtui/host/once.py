"""One request to a process of its own, which ends with it: how long work is done and cancelled. Imports no engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from qtui import config
from qtui.errors import GOES_ON
from qtui.events import Event
from qtui.host import requests, wire
from qtui.host.process import Child
from qtui.loads import DocumentsSpec

GRACE_S = 5.0
"""For a process that has answered to exit, and for a dead one to be reported as such."""
_CALL = 1


async def asked_once(
    module: str, request: requests.Request[Any], *, store: Path, log: str
) -> AsyncGenerator[wire.Happened | wire.Result, None]:
    """What a new process of `module` says to `request`, up to and with its Result.

    It has exited however this ends; closing the generator ends it at once. Raises what it raised, DiskFull when it
    died for want of room in `store`, and EngineGone when it died otherwise.
    """
    child = await Child.spawn(module, store=store, log=log, remedy=GOES_ON)
    result: wire.Result | None = None
    grace_s = 0.0
    try:
        await child.send(wire.call(_CALL, request))
        async with aclosing(child.messages()) as messages:
            async for message in messages:
                child.bound_log()
                if isinstance(message, wire.Happened):
                    yield message
                elif isinstance(message, wire.Result):
                    result = message
                    break
                elif isinstance(message, wire.Failure):
                    grace_s = GRACE_S
                    raise wire.error(message)
        grace_s = GRACE_S
    finally:
        end = await child.end(grace_s)
    if result is None:
        raise end
    yield result


async def fetch(model: str, store: Path) -> AsyncGenerator[Event, None]:
    """Downloads a model, with Progress; closing the generator ends it. `store` says which disk it may fill."""
    async with aclosing(_events(requests.FetchModel(model), store)) as events:
        async for event in events:
            yield event


async def embed(documents: DocumentsSpec, about: str) -> AsyncGenerator[Event, None]:
    """Embeds documents into the cache, in a process that has the model only meanwhile; ends with Embedded.

    Closing the generator ends it, and keeps what is embedded. Raises as `qtui.data.documents.ingest.prepare`.
    """
    async with aclosing(_events(requests.EmbedDocuments(documents, about), config.home())) as events:
        async for event in events:
            yield event


async def try_out(store: Path) -> requests.Tried:
    """Tries the engine in a process of its own. Raises EngineGone when that died."""
    request, found = requests.TryOut(), None
    async with aclosing(asked_once("qtui.host.doctor", request, store=store, log="doctor")) as messages:
        async for message in messages:
            if isinstance(message, wire.Result):
                found = wire.value(request, message)
    assert found is not None
    return found


async def _events(request: requests.Request[Any], store: Path) -> AsyncGenerator[Event, None]:
    async with aclosing(asked_once("qtui.host.embedder", request, store=store, log="embedder")) as messages:
        async for message in messages:
            if isinstance(message, wire.Happened):
                yield wire.event(message)
