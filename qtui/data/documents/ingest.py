"""Embedding documents into the cache, batch by batch, with progress: what a load does before it writes a point.

While one batch is embedded the next is read and the one before is kept, each in a thread, so that the model waits for
neither; memory is bounded by the contents of two batches and the vectors of two. What was embedded once, in whatever
source, is not embedded again; a document that can't be read is told and left out.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from qtui.data.checks import check
from qtui.data.documents.embedded import distance_of, name_of, set_key, source_key, wrong_kind
from qtui.data.documents.finding import Found, find
from qtui.data.documents.payloads import Beside, called
from qtui.data.documents.reading import Broken, Document, count, documents, image_of
from qtui.data.embed import open_embedder
from qtui.data.embed.base import Embedder, Vector
from qtui.data.embed.cache import EmbeddingCache, encoded
from qtui.embedders import Embedded, Modality
from qtui.errors import AccessError, DataError, NotFound, shown
from qtui.events import Cut, Event, Progress, Skipped
from qtui.loads import DocumentsSpec

if TYPE_CHECKING:
    from PIL.Image import Image

TEXTS_AT_ONCE = 32
IMAGES_AT_ONCE = 8
LATE_IMAGES_AT_ONCE = 2
"""Of a model that makes a vector a patch, which takes gigabytes for each."""
_WINDOW = 512
"""Documents whose rows are written together; texts are embedded shortest first within it, which wastes no padding."""
_MOST_CHARACTERS = 1 << 23
"""Of their texts together, if that is less."""
_NAMED = 3
"""Documents that are named of those that were cut."""
_EVERY_S = 0.25
_Item = TypeVar("_Item")


@dataclass(slots=True)
class _State:
    """How far it is."""

    about: str
    total: int
    rows: int = 0
    done: int = 0
    embedded: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    """Not told yet."""
    worst: str = ""
    """What was wrong with the first of them."""
    digest: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    began: float = field(default_factory=time.monotonic)
    embedding_s: float = 0.0
    told: float = -1.0

    def progress(self) -> Progress:
        left = max(0, self.total - self.done)
        remaining = left * self.embedding_s / self.embedded if self.embedded else None
        now = time.monotonic()
        self.told = now
        return Progress("embed", self.about, self.done, max(self.total, self.done), now - self.began, remaining)

    def due(self) -> bool:
        return time.monotonic() - self.told >= _EVERY_S

    def skip(self, broken: Broken) -> None:
        self.done += 1
        self.broken.append((broken.name, broken.reason))
        self.worst = self.worst or f"{shown(broken.name)}: {broken.reason}"

    def skipped(self) -> Skipped:
        told, self.broken = self.broken, []
        return Skipped(tuple(told))


async def prepare(asked: DocumentsSpec, about: str) -> AsyncGenerator[Event, None]:
    """Embeds what isn't embedded yet; ends with Embedded, which `open_embedded` takes. `about` is whom it is for.

    Raises what `find` and `open_embedder` raise, UsageError when the model takes none of the documents, and DataError
    when not one could be embedded.
    """
    found = await asyncio.to_thread(find, asked.paths)
    embedder = await asyncio.to_thread(open_embedder, asked.embedder)
    if not any(each.embedded_as(embedder.spec.modalities) for each in found):
        raise wrong_kind(found, embedder.spec)
    with EmbeddingCache(embedder.spec) as cache:
        key = set_key(asked, found)
        known = cache.known(key)
        if known is not None:
            for told in _told(cache, known.id):
                yield told
            yield Embedded(embedder.spec, key)
            return
        state = _State(about, await asyncio.to_thread(count, found))
        set_ = cache.begin(key, source_key(asked), name_of(asked, embedder.spec))
        work = _Work(embedder, cache, state, set_, queries=asked.queries)
        yield state.progress()
        try:
            async with aclosing(_ahead(_windows(found, asked, embedder.spec.modalities))) as windows:
                async for window, broken in windows:
                    for each in broken:
                        state.skip(each)
                    async with aclosing(work.through(window)) as events:
                        async for event in events:
                            yield event
        finally:
            embedder.close()
        if state.broken:
            yield state.skipped()
        if not state.rows:
            raise DataError(f"not one of the documents could be embedded; {state.worst or 'they are empty'}")
        cache.finish(set_, state.rows, state.digest.hexdigest())
        yield state.progress()
        for told in _told(cache, set_):
            yield told
        yield Embedded(embedder.spec, key)


def _told(cache: EmbeddingCache, set_: int) -> Iterator[Cut]:
    """That only the beginnings of some documents are embedded."""
    number, window, first = cache.cut(set_, _NAMED)
    if number:
        yield Cut(number, window, tuple(called(payload) or f"row {row}" for row, payload in first))


def _windows(
    found: tuple[Found, ...], asked: DocumentsSpec, modalities: tuple[Modality, ...]
) -> Iterator[tuple[list[Document], list[Broken]]]:
    """Documents in their order, some at a time; and what is broken among them."""
    beside, characters = Beside(), 0
    window: list[Document] = []
    broken: list[Broken] = []
    for file in found:
        for document in documents(file, modalities, beside, asked.text_field, queries=asked.queries):
            if isinstance(document, Broken):
                broken.append(document)
            else:
                window.append(document)
                characters += len(document.text)
            if len(window) == _WINDOW or characters > _MOST_CHARACTERS:
                yield window, broken
                window, broken, characters = [], [], 0
    yield window, broken


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is embedded together, read: images or texts, one a document; and what could not be read."""

    documents: list[Document]
    contents: list[Image | str]
    broken: list[Broken]


@dataclass(frozen=True, slots=True)
class _Made:
    """A vector each; the tokens that the model reads of a text, and which of these have more."""

    vectors: list[Vector]
    window: int = 0
    long: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """The numbers of a batch's embeddings in the cache; and what could not be kept."""

    numbers: dict[bytes, int]
    broken: list[Broken]


@dataclass(slots=True)
class _Work:
    """One source on its way into the cache."""

    embedder: Embedder
    cache: EmbeddingCache
    state: _State
    set_: int
    queries: bool

    async def through(self, window: list[Document]) -> AsyncGenerator[Event, None]:
        """Embeds what is new in a window, and appends all of it in its order."""
        numbers = self.cache.ids([document.key for document in window])
        new = {document.key: document for document in window if document.key not in numbers}
        self.state.done += len(window) - len(new)
        for modality in Modality:
            wanted = [document for document in new.values() if document.modality is modality]
            if wanted:
                async with aclosing(self._embedded(modality, wanted, numbers)) as events:
                    async for event in events:
                        yield event
        self._append([document for document in window if document.key in numbers], numbers)
        for document in window:
            if document.key not in numbers and document is not new[document.key]:
                self.state.broken.append((document.name, f"it is the same as {new[document.key].name}"))
        if self.state.broken:
            yield self.state.skipped()
        if self.state.due():
            yield self.state.progress()

    async def _embedded(
        self, modality: Modality, wanted: list[Document], numbers: dict[bytes, int]
    ) -> AsyncGenerator[Event, None]:
        async with aclosing(_meanwhile(lambda: self.embedder.load(modality), self.state.about)) as waiting:
            async for event in waiting:
                yield event
        keeping: asyncio.Future[_Kept] | None = None
        before = time.monotonic()
        try:
            async with aclosing(_ahead(map(_read, _batches(wanted, _size(modality, self.embedder))))) as batches:
                async for batch in batches:
                    for each in batch.broken:
                        self.state.skip(each)
                    made = await asyncio.to_thread(self._vectors, modality, batch.contents)
                    batch.contents.clear()  # before the batch after the next one is read
                    if keeping is not None:
                        self._take(await asyncio.shield(keeping), numbers)
                    keeping = asyncio.ensure_future(asyncio.to_thread(self._keep, batch.documents, made))
                    self.state.embedded += len(batch.documents)
                    now = time.monotonic()
                    self.state.embedding_s, before = self.state.embedding_s + now - before, now
                    if self.state.due():
                        yield self.state.progress()
            if keeping is not None:
                self._take(await asyncio.shield(keeping), numbers)
        finally:
            if keeping is not None:
                await asyncio.wait({keeping})  # what was embedded is kept, whatever happens
                keeping.exception()  # already told, or of less account than what is

    def _vectors(self, modality: Modality, given: list[Any]) -> _Made:
        if not given:
            return _Made([])
        if modality is Modality.IMAGE:
            return _Made(self.embedder.embed_images(given))
        if self.queries:
            return _Made([self.embedder.embed_query(text) for text in given])
        return _Made(self.embedder.embed_texts(given), *self.embedder.too_long(given))

    def _keep(self, batch: list[Document], made: _Made) -> _Kept:
        """Puts a batch into the cache, but for the vectors that no engine would take."""
        distance = distance_of(self.embedder.spec)
        usable, broken = [], []
        for document, vector in zip(batch, made.vectors, strict=True):
            try:
                check([vector] if vector.ndim == 2 else vector[None], 0, distance, lambda _: "its embedding")
                usable.append((document.key, vector))
            except DataError as error:
                broken.append(Broken(document.name, error.text))
        numbers = self.cache.put(usable) if usable else {}
        cut = [numbers[batch[at].key] for at in made.long if batch[at].key in numbers]
        if cut:
            self.cache.mark_cut(cut, made.window)
        return _Kept(numbers, broken)

    def _take(self, kept: _Kept, numbers: dict[bytes, int]) -> None:
        for each in kept.broken:
            self.state.skip(each)
        numbers.update(kept.numbers)
        self.state.done += len(kept.numbers)

    def _append(self, window: list[Document], numbers: dict[bytes, int]) -> None:
        rows = []
        for document in window:
            try:
                said = encoded(document.payload)
            except DataError as error:
                self.state.broken.append((document.name, error.text))
                continue
            self.state.digest.update(document.key + said)
            rows.append((numbers[document.key], document.payload))
        self.cache.append(self.set_, self.state.rows, rows)
        self.state.rows += len(rows)


def _size(modality: Modality, embedder: Embedder) -> int:
    if modality is Modality.TEXT:
        return TEXTS_AT_ONCE
    return LATE_IMAGES_AT_ONCE if embedder.spec.multivector else IMAGES_AT_ONCE


def _batches(wanted: list[Document], size: int) -> Iterator[list[Document]]:
    ordered = sorted(wanted, key=lambda document: len(document.text))
    for at in range(0, len(ordered), size):
        yield ordered[at : at + size]


def _read(batch: list[Document]) -> _Batch:
    read = _Batch([], [], [])
    for document in batch:
        try:
            read.contents.append(document.text if document.modality is Modality.TEXT else image_of(document))
            read.documents.append(document)
        except (DataError, NotFound, AccessError) as error:
            read.broken.append(Broken(document.name, error.text))
    return read


async def _ahead(items: Iterator[_Item]) -> AsyncGenerator[_Item, None]:
    """The items, made in a thread: while whoever takes them is at one, the next is made, and no more."""
    making = asyncio.ensure_future(asyncio.to_thread(next, items, None))
    try:
        while (item := await making) is not None:
            making = asyncio.ensure_future(asyncio.to_thread(next, items, None))
            yield item
    finally:
        if not making.cancel() and not making.cancelled():
            making.exception()  # of an item that nobody takes any more


async def _meanwhile(work: Callable[[], None], about: str) -> AsyncGenerator[Event, None]:
    """Says that the model is loading for as long as it does."""
    began = time.monotonic()
    running = asyncio.ensure_future(asyncio.to_thread(work))
    while not (await asyncio.wait({running}, timeout=_EVERY_S))[0]:
        yield Progress("model", about, 0, None, time.monotonic() - began, None)
    await running
