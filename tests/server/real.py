"""The real server that QTUI_TEST_URL names, for suites that must pass there too.

Only collections with the names that the suites use are touched, and removed before and after each test. Over gRPC when
QTUI_TEST_GRPC is set; a key comes from QDRANT_API_KEY.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from qtui.engine.server import ServerEngine, open_server
from qtui.target import KEY_VARIABLE, remember_key, server

URL = os.environ.get("QTUI_TEST_URL", "")
_GRPC = bool(os.environ.get("QTUI_TEST_GRPC"))
_KEY = os.environ.get(KEY_VARIABLE, "")
NAMES = ("things", "a", "b", "a__turbo-4bit", "Ünï cödé 100%")


@asynccontextmanager
async def real() -> AsyncIterator[ServerEngine]:
    """An engine on that server, without the suites' collections; a test may close it."""
    target = server(URL, allow_writes=True, grpc=_GRPC)
    remember_key(target, _KEY)
    cleaner, engine = await open_server(target), await open_server(target)
    try:
        await _clear(cleaner)
        yield engine
        await _clear(cleaner)
    finally:
        await engine.close()
        await cleaner.close()


async def _clear(engine: ServerEngine) -> None:
    for name in set(NAMES) & set(await engine.collections()):
        await engine.delete(name)
