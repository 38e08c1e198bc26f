"""The process that runs models for the app, `python -m qtui.host.embedder PARENT`: lists, downloads, embeds.

It keeps the last model loaded, until it hasn't been asked for a while: the large ones take gigabytes. No engine.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from qtui.data.embed import models, open_embedder
from qtui.data.embed.base import Embedder
from qtui.data.embed.queries import embed
from qtui.embedders import EmbedderChoice, ModelFacts
from qtui.events import Event
from qtui.host import requests
from qtui.host.serve import Service, enter
from qtui.host.streams import closing
from qtui.model import QueryVector

IDLE_S = 600.0


class Models:
    """The models, and the one that is loaded."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        """One at a time: they share the processor's cores."""
        self._loaded: tuple[EmbedderChoice, Embedder] | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def models(self, _: requests.Models) -> tuple[ModelFacts, ...]:
        """What can be chosen."""
        return await asyncio.to_thread(models)

    async def embed_query(self, asked: requests.EmbedQuery) -> QueryVector:
        """A text or an image as a query vector."""
        async with self._turn:
            if self._loaded is None or self._loaded[0] != asked.choice:
                self._unload()
                self._loaded = asked.choice, await asyncio.to_thread(open_embedder, asked.choice)
            self._wait()
            return await asyncio.to_thread(embed, self._loaded[1], asked.text, asked.image, asked.collection)

    async def fetch_model(self, asked: requests.FetchModel) -> AsyncIterator[Event]:
        """Downloads a model."""
        from qtui.data.embed.fetch import fetch

        async with closing(fetch(asked.model)) as events:
            async for event in events:
                yield event

    async def embed_documents(self, asked: requests.EmbedDocuments) -> AsyncIterator[Event]:
        """Embeds documents into the cache."""
        from qtui.data.documents.ingest import prepare

        async with closing(prepare(asked.documents, asked.about)) as events:
            async for event in events:
                yield event

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._unload)

    def _unload(self) -> None:
        if self._loaded is not None and not self._turn.locked():
            self._loaded[1].close()
            self._loaded = None


def main() -> None:
    """Serves the parent whose process id is the first argument."""
    service = Service(enter(int(sys.argv[1])))

    async def serve() -> None:
        kept = Models()
        await service.run(
            {requests.Models: kept.models, requests.EmbedQuery: kept.embed_query},
            {requests.FetchModel: kept.fetch_model, requests.EmbedDocuments: kept.embed_documents},
        )

    asyncio.run(serve())


if __name__ == "__main__":
    main()
