"""A server that was filled over the wire once, to be copied for every test: building takes several times as long."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtui.engine.server import open_server
from qtui.model import CollectionSpec
from tests.cli.files import copy_sparse
from tests.engine.making import Floats, filled
from tests.server.held import Held
from tests.server.serving import QdrantServer, at_once, serving


@dataclass(frozen=True)
class Stored:
    """What a server that has ended held: its store's folder, and what it knew of the collections."""

    folder: Path
    held: dict[str, Held]


def stored(folder: Path, spec: CollectionSpec, rows: Floats, payloads: Sequence[Any] = ()) -> Stored:
    """Makes a collection as a client makes it."""

    async def fill() -> dict[str, Held]:
        async with serving(folder) as server:
            engine = await open_server(server.target(), sleep=at_once)
            await filled(engine, spec, rows, payloads=payloads)
            await engine.close()
            return server.desk.held

    return Stored(folder, asyncio.run(fill()))


@asynccontextmanager
async def serving_copy(of: Stored, folder: Path, *, grpc: bool = False) -> AsyncIterator[QdrantServer]:
    """A server of its own that holds the same, in `folder`."""
    copy_sparse(of.folder, folder)
    async with serving(folder, grpc=grpc) as server:
        server.desk.held = copy.deepcopy(of.held)
        yield server
