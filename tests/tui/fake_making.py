"""What of the scripted engine room makes and changes collections: describing a source, reconfiguring, resuming."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from qtui.embedders import Kind, ModelFacts
from qtui.errors import NotFound, QtuiError, UsageError
from qtui.events import BuildDone, Event, Progress
from qtui.host.client import RoomState
from qtui.host.requests import WayBack
from qtui.loads import LoadRequest, SourceFacts, SourceSpec
from qtui.model import Change, CollectionView, Distance
from qtui.plan import BenchRequest

SAMPLE_FACTS = SourceFacts(
    "sample of WordNet glosses", 5_000, 384, vectors=5_000, payload_fields=("word", "part", "text", "length")
)
DOCUMENT_FACTS = SourceFacts("four documents", 4, 128, multivector=True, vectors=1_835, distance=Distance.DOT)


MODELS = (
    ModelFacts("Qdrant/colpali-v1.3-fp16", Kind.LATE_MULTIMODAL, 128, "gemma", 6_500_000_000, None, "Pages as images"),
    ModelFacts("colbert-ir/colbertv2.0", Kind.LATE_TEXT, 128, "mit", 440_000_000, "/cache", "Texts, token by token"),
    ModelFacts("Qdrant/clip-ViT-B-32", Kind.DENSE_PAIR, 512, "mit", 590_000_000, None, "Images and texts"),
)


class FakeMaking:
    """Keeps what it was asked; the room that derives from it has the collections and plays the events."""

    views: dict[str, CollectionView]
    on_state: Callable[[RoomState], None]
    gate: asyncio.Semaphore | None
    error_at_end: QtuiError | None

    def __init__(self) -> None:
        self.changes: list[tuple[str, Change, str]] = []
        self.resumed: list[str] = []
        self.way: WayBack | None = None
        self.models_here: tuple[ModelFacts, ...] = MODELS
        self.fetched: list[str] = []
        self.facts: dict[str, SourceFacts] = {"sample": SAMPLE_FACTS, "documents": DOCUMENT_FACTS}

    def remake(self, name: str, method: str, points: int) -> None:
        """Puts another collection in the place of one."""
        raise NotImplementedError

    def _play(
        self, status: str, request: BenchRequest | LoadRequest, happened: list[Event]
    ) -> AsyncGenerator[Event, None]:
        raise NotImplementedError

    async def describe_source(self, source: SourceSpec) -> SourceFacts:
        """By the name of the file, or the kind of the source."""
        if source.kind == "synthetic":
            rows, dimension = source.rows or 0, source.dimension or 0
            return SourceFacts(f"synthetic {rows}x{dimension}", rows, dimension, vectors=rows)
        documents = source.documents
        if documents is not None:
            if documents.embedder.model not in {facts.model for facts in self.models_here if facts.cached}:
                raise UsageError("that model is not on this machine")
            return SourceFacts("images", 4, 128, multivector=True, vectors=4_120, distance=Distance.DOT)
        facts = self.facts.get((source.path or source.kind).rpartition("/")[2])
        if facts is None:
            raise NotFound(f"there is no file {source.path!r}; check the path")
        return facts

    async def models(self) -> tuple[ModelFacts, ...]:
        return self.models_here

    async def fetch_model(self, model: str, /) -> AsyncGenerator[Event, None]:
        self.fetched.append(model)
        yield Progress("download", model, 2**29, 2**30, 1.0, 1.0)
        if self.gate is not None:
            await self.gate.acquire()
        if self.error_at_end is not None:
            raise self.error_at_end
        self.models_here = tuple(
            replace(facts, cached="/cache") if facts.model == model else facts for facts in self.models_here
        )

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        self.changes.append((name, change, vector_name))
        self.on_state(RoomState("building"))
        try:
            if self.gate is not None:
                await self.gate.acquire()
            if self.error_at_end is not None:
                raise self.error_at_end
            method = change.quantization.method if change.quantization else "none"
            self.remake(name, method, self.views[name].points)
        finally:
            self.on_state(RoomState("ready"))
        return 3.2

    async def way_back(self, name: str) -> WayBack:
        if self.way is None:
            raise NotFound(f"qtui keeps no earlier settings of {name}")
        return self.way

    async def go_back(self, name: str) -> float:
        assert self.way is not None
        return await self.reconfigure(name, self.way.change, self.way.vector)

    async def resume(self, name: str) -> AsyncGenerator[Event, None]:
        self.resumed.append(name)
        request = LoadRequest(name, SourceSpec("sample"))
        async for event in self._play("building", request, [Progress("load", name, 3_000, 5_000, 0.2, 0.1)]):
            yield event
        self.remake(name, name.partition("__")[2] or "none", 5_000)
        yield BuildDone(name, 5_000, 0.4, 1.0)
