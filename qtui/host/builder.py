"""The process that does the long native work on one collection: `python -m qtui.host.builder PARENT`.

It loads and indexes, or reconfigures, then closes the collection and hands it back. It can be ended at any moment:
what the engine acknowledged is in its log, and unfinished segments are thrown away by the next who opens it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from qtui.data.load import load
from qtui.engine.open import open_embedded, open_target
from qtui.engine.waits import told
from qtui.events import Event
from qtui.host import requests
from qtui.host.serve import Service, enter
from qtui.host.streams import closing
from qtui.target import Target, remember_key


async def _build(request: requests.Build) -> AsyncIterator[Event]:
    job = request.job
    target = job.target or Target(path=job.store)
    if request.key is not None:
        remember_key(target, request.key)
    engine = await open_target(target)
    try:
        async with closing(told(load(engine, job))) as events:
            async for event in events:
                yield event
    finally:
        await engine.close()


async def _reconfigure(request: requests.Reconfigure) -> float:
    engine = await open_embedded(Path(request.store))
    try:
        return await engine.reconfigure(request.name, request.change, request.vector_name)
    finally:
        await engine.close()


def main() -> None:
    """Serves the parent whose process id is the first argument."""
    service = Service(enter(int(sys.argv[1])))
    asyncio.run(service.run({requests.Reconfigure: _reconfigure}, {requests.Build: _build}))


if __name__ == "__main__":
    main()
