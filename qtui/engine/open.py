"""From a target to an engine; imports exactly one adapter, when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtui.engine.embedded import EmbeddedEngine
    from qtui.engine.server import ServerEngine
    from qtui.target import Target


async def open_target(target: Target) -> EmbeddedEngine | ServerEngine:
    """The engine on what a target names. A server is asked for its version first, an embedded store opens nothing yet.

    Raises what `open_embedded` and `open_server` raise.
    """
    if target.path is not None:
        return await open_embedded(Path(target.path))
    return await open_server(target)


async def open_server(target: Target) -> ServerEngine:
    """The engine on a server. Imports the client, which takes more than a second.

    Raises UsageError for a certificate file that can't be read; Unreachable, TimedOut, or AccessError for a server that
    isn't there, is no Qdrant, is too old, or wants another key.
    """
    from qtui.engine.server import open_server as opened

    return await opened(target)


async def open_embedded(store: Path, *, search_threads: int = 1) -> EmbeddedEngine:
    """The embedded engine on a store's folder, which is made when it isn't there. Opens no collection yet.

    Raises UsageError for a path that is no folder, or threads outside 1 to 64; AccessError without permission.
    """
    from qtui.engine.embedded import EmbeddedEngine

    return EmbeddedEngine(store, search_threads=search_threads)
