"""What a run wants embedded before it begins: the documents that it is about, and queries that are images or texts.

Embedding happens in a process of its own, into the cache; the run reads it there and needs no model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from qtui.data.documents.finding import are_documents
from qtui.embedders import Embedded, EmbedderChoice, EmbedderSpec
from qtui.events import Event
from qtui.host.build import Embedding, embedded
from qtui.host.once import embed
from qtui.host.streams import closing
from qtui.loads import DocumentsSpec, SourceSpec
from qtui.plan import BenchRequest


class Preparation:
    """One request on its way: when `events` has ended, `request` is ready to be run."""

    def __init__(
        self, request: BenchRequest, made_by: EmbedderSpec | None = None, *, embedder: Embedding = embed
    ) -> None:
        """`made_by`: the model of the collection that is measured in place, where that is known."""
        self.request = request
        self._made_by, self._embedder = made_by, embedder

    @property
    def needed(self) -> bool:
        """Whether there is anything that a model has to embed."""
        source = self.request.source
        return self._queries() is not None or (source is not None and source.documents is not None)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Embeds what isn't embedded yet. Raises as `qtui.data.documents.ingest.prepare`."""
        source = self.request.source
        if source is not None and source.documents is not None:
            async with closing(self._through(source)) as events:
                async for event in events:
                    yield event
        asked = self._queries()
        if asked is not None:
            async with closing(self._through(asked)) as events:
                async for event in events:
                    yield event

    def _queries(self) -> SourceSpec | None:
        """The file of queries, where the model has to embed it."""
        file, choice = self.request.queries_file, self._choice()
        if file is None or choice is None or not are_documents(file):
            return None
        return SourceSpec("embed", documents=DocumentsSpec((file,), choice, queries=True))

    def _choice(self) -> EmbedderChoice | None:
        source = self.request.source
        if source is not None:
            return None if source.documents is None else source.documents.embedder
        return None if self._made_by is None else self._made_by.choice

    async def _through(self, source: SourceSpec) -> AsyncGenerator[Event, None]:
        assert source.documents is not None
        documents = source.documents
        async with closing(embedded(source, "queries" if documents.queries else "", self._embedder)) as events:
            async for event in events:
                if not isinstance(event, Embedded):
                    yield event
                elif documents.queries:
                    self.request = replace(self.request, queries_embedded=event)
                else:
                    found = replace(documents, embedded=event)
                    self.request = replace(self.request, source=replace(source, documents=found))
