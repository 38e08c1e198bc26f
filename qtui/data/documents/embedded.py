"""Documents that are embedded already, as a source of vectors like any other. Imports no model but for its name.

A source is known by what its files are called, their sizes and times: a changed one is looked at again, and what of it
was embedded before is found by its content.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qtui.data.documents.finding import Found, find, summary
from qtui.data.documents.payloads import besides
from qtui.data.documents.reading import count
from qtui.data.embed import open_embedder
from qtui.data.embed.cache import EmbeddingCache, KnownSet
from qtui.data.rows import Batch, Indices
from qtui.data.vectors import VectorSource
from qtui.embedders import EmbedderSpec, Modality
from qtui.errors import UsageError, shown
from qtui.loads import DocumentsSpec, SourceFacts
from qtui.model import Distance, Payload


def open_embedded(documents: DocumentsSpec, limit: int | None = None) -> VectorSource:
    """The documents' vectors and payloads, out of the cache. Raises UsageError where they aren't embedded yet.

    No model is looked for where `documents.embedded` says under which key they are.
    """
    if documents.embedded is not None:
        spec, key = documents.embedded.embedder, documents.embedded.key
    else:
        spec = open_embedder(documents.embedder).spec
        key = set_key(documents, find(documents.paths))
    cache = EmbeddingCache(spec)
    known = cache.known(key)
    if known is None:
        cache.close()
        raise UsageError(f"{name_of(documents, spec)} are not embedded yet; 'qtui load NAME' does that first")
    rows = _Rows(cache, known, spec)
    return VectorSource(
        known.name,
        rows,
        fingerprint=lambda: known.fingerprint,
        limit=limit,
        payload=_Payloads(cache, known),
        distance=distance_of(spec),
        embedder=spec,
    )


def distance_of(spec: EmbedderSpec) -> Distance:
    """What a model's vectors are compared by: tokens are of length one already."""
    return Distance.DOT if spec.multivector else Distance.COSINE


def name_of(documents: DocumentsSpec, spec: EmbedderSpec) -> str:
    """What records call these documents."""
    first = Path(documents.paths[0]).name or documents.paths[0]
    more = f" and {len(documents.paths) - 1} more" if len(documents.paths) > 1 else ""
    return f"{first}{more}, by {spec.model}"


def set_key(documents: DocumentsSpec, found: tuple[Found, ...]) -> str:
    """Of these files as they are now, with what lies beside them; another text field makes other documents of them."""
    digest = hashlib.blake2b(_manner(documents).encode("utf-8", "surrogatepass"), digest_size=16)
    seen: dict[Path, str] = {}
    for each in found:
        digest.update(f"\n{each.path} {each.name} {each.size} {each.modified_ns}".encode("utf-8", "surrogatepass"))
        for beside in besides(each.path):
            if beside not in seen:
                seen[beside] = _state(beside)
            digest.update(seen[beside].encode())
    return digest.hexdigest()


def source_key(documents: DocumentsSpec) -> str:
    """Of what was asked for, whatever is there now."""
    said = "\n".join((_manner(documents), *(str(Path(path).absolute()) for path in documents.paths)))
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _manner(documents: DocumentsSpec) -> str:
    """What besides the files decides what is made of them."""
    return f"\0queries {documents.text_field}" if documents.queries else documents.text_field


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_size} {status.st_mtime_ns}"


class _Rows:
    """See qtui.data.rows.Rows."""

    def __init__(self, cache: EmbeddingCache, known: KnownSet, spec: EmbedderSpec) -> None:
        self._cache, self._known = cache, known
        self.rows, self.dimension, self.multivector = known.rows, spec.dimension, spec.multivector
        self.vectors_per_row = known.vectors / max(1, known.rows)

    def blocks(self, rows_per_block: int, start: int, stop: int) -> Iterator[tuple[int, Batch]]:
        for at in range(start, stop, rows_per_block):
            yield at, self._read(range(at, min(at + rows_per_block, stop)))

    def rows_at(self, indices: Indices) -> Batch:
        return self._read([int(index) for index in indices])

    def close(self) -> None:
        self._cache.close()

    def _read(self, rows: list[int] | range) -> Batch:
        found = self._cache.vectors(self._known, rows)
        if self.multivector:
            return found
        return np.stack(found) if found else np.empty((0, self.dimension), np.float32)


class _Payloads:
    """See qtui.data.payload.Payloads."""

    def __init__(self, cache: EmbeddingCache, known: KnownSet) -> None:
        self._cache, self._known = cache, known
        self.rows = known.rows

    def read(self, start: int, stop: int) -> list[Payload | None]:
        return self._cache.payloads(self._known, start, stop)

    def close(self) -> None:
        self._cache.close()


PATIENCE_S = 4.0
"""For looking through folders while somebody is typing their name."""
_COUNTED = 100
"""Files whose pages and rows are counted; the others are taken to be like them."""
_TOKENS = {Modality.IMAGE: 1030, Modality.TEXT: 128}
"""What is reckoned of a document before it is embedded, where a model makes several vectors of one."""


def describe(documents: DocumentsSpec) -> SourceFacts:
    """What can be told of documents before they are embedded: about how many, and what the model makes of each.

    Raises as `find` and `open_embedder` do, and UsageError when the model takes none of them.
    """
    spec, taken = checked(documents, PATIENCE_S)
    rows = count(taken[:_COUNTED])
    if len(taken) > _COUNTED:
        rows = round(rows * len(taken) / _COUNTED)
    modality = taken[0].embedded_as(spec.modalities) or Modality.TEXT
    fields = ("title", "image") if modality is Modality.IMAGE else ("title", "text")
    return SourceFacts(
        name=name_of(documents, spec),
        rows=rows,
        dimension=spec.dimension,
        multivector=spec.multivector,
        vectors=rows * (_TOKENS[modality] if spec.multivector else 1),
        distance=distance_of(spec),
        payload_fields=fields,
    )


def checked(documents: DocumentsSpec, patience_s: float = math.inf) -> tuple[EmbedderSpec, tuple[Found, ...]]:
    """The model, and the files that it takes; nothing is read. Raises as `describe`."""
    spec = open_embedder(documents.embedder).spec
    found = find(documents.paths, patience_s)
    taken = tuple(each for each in found if each.embedded_as(spec.modalities))
    if not taken:
        raise wrong_kind(found, spec)
    return spec, taken


def wrong_kind(found: tuple[Found, ...], spec: EmbedderSpec) -> UsageError:
    """That a model takes none of these documents."""
    wanted = Modality.IMAGE if Modality.TEXT in spec.modalities else Modality.TEXT
    takes = " and ".join(f"{each}s" for each in spec.modalities)
    return UsageError(
        f"{shown(spec.model)} takes {takes} and there are only {summary(found)}; "
        f"choose a model for {wanted}s ('qtui models' lists them)"
    )
