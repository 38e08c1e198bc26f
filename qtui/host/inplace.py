"""Changes in place, on whatever engine, each with its way back: the settings from before are kept until it is taken."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from qtui import config
from qtui.data import before
from qtui.engine.base import Engine
from qtui.engine.waits import told
from qtui.events import BuildDone, Event, Progress
from qtui.host import build, requests
from qtui.model import Change, CollectionView
from qtui.target import Target


class InPlace:
    """Changes collections of one store, which then must have released them, or of one server."""

    def __init__(self, engine: Engine, store: Path, server: Target | None, where: str) -> None:
        """`where` is what the settings from before are kept under: the folder of the store, or the server's address."""
        self._engine, self._store, self._server, self._where = engine, store, server, where

    async def change(self, view: CollectionView, change: Change, vector_name: str) -> float:
        """Changes one vector's settings and waits for the rebuild. Returns seconds."""
        before.keep(config.home(), self._where, view, vector_name)
        return await self._apply(view.name, change, vector_name)

    def way_back(self, view: CollectionView) -> requests.WayBack:
        """What takes the last change back. Raises NotFound where none was made from here."""
        kept = before.newest(config.home(), self._where, view)
        return requests.WayBack(kept.vector.name, before.way_back(kept, view), kept.changed)

    async def back(self, view: CollectionView) -> float:
        """Takes the last change back, and forgets it. Returns seconds; raises as `way_back`."""
        kept = before.newest(config.home(), self._where, view)
        seconds = await self._apply(view.name, before.way_back(kept, view), kept.vector.name)
        before.forget(config.home(), kept)
        return seconds

    def finish(self, view: CollectionView) -> AsyncGenerator[Event, None]:
        """Builds what an interrupted load or change has left unbuilt; ends with BuildDone."""
        return build.finish(view, self._store) if self._server is None else told(self._indexed(view))

    async def _indexed(self, view: CollectionView) -> AsyncGenerator[Event, None]:
        yield Progress("index", view.name, 0, None, 0.0, None)
        yield BuildDone(view.name, view.points, 0.0, await self._engine.build(view.name))

    async def _apply(self, name: str, change: Change, vector_name: str) -> float:
        if self._server is not None:
            return await self._engine.reconfigure(name, change, vector_name)
        return await build.reconfigure(self._store, name, change, vector_name)
