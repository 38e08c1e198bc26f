"""From a target to an engine; imports exactly one adapter, when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtui.engine.embedded import EmbeddedEngine


async def open_embedded(store: Path, *, search_threads: int = 1) -> EmbeddedEngine:
    """The embedded engine on a store's folder, which is made when it isn't there. Opens no collection yet.

    Raises UsageError for a path that is no folder, or threads outside 1 to 64; AccessError without permission.
    """
    from qtui.engine.embedded import EmbeddedEngine

    return EmbeddedEngine(store, search_threads=search_threads)
