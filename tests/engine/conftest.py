"""The engines that keep the promises: the embedded one, the fake, and the adapter of a server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from qtui.engine.open import open_embedded
from qtui.engine.server import open_server
from tests.fakes import FakeEngine
from tests.server.real import real
from tests.server.serving import at_once, serving

ENGINES = ["embedded", "fake", "server"] + (["real"] if os.environ.get("QTUI_TEST_URL") else [])
"""`real` is the server that QTUI_TEST_URL names; its collections called as those of the tests are removed."""


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    match request.param:
        case "fake":
            made: Any = FakeEngine()
            yield made
            await made.close()
        case "server":
            async with serving(tmp_path / "store") as server:
                made = await open_server(server.target(), sleep=at_once)
                yield made
                await made.close()
        case "real":
            async with real() as made:
                yield made
        case _:
            made = await open_embedded(tmp_path / "store")
            yield made
            await made.close()
