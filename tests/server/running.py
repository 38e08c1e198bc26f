"""A test server that runs beside a test which blocks: in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from tests.server.faults import Faults
from tests.server.serving import QdrantServer, serving


@contextmanager
def running(store: Path, faults: Faults | None = None) -> Iterator[QdrantServer]:
    """The server, until the block ends. Switch its faults from here; ask it nothing else while it serves."""
    ready: Future[tuple[QdrantServer, asyncio.Event]] = Future()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        try:
            async with serving(store, faults) as server:
                over = asyncio.Event()
                ready.set_result((server, over))
                await over.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        server, over = ready.result(30)
        try:
            yield server
        finally:
            loop.call_soon_threadsafe(over.set)
    finally:
        thread.join(30)
        loop.close()
