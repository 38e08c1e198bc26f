"""What ships with qtui, so that it works at once: embeddings of texts, and four documents as multivectors.

What they are and how they were made: sample/README.md and sample_documents/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtui.data.queries import QuerySet, titles_of
from qtui.data.vectors import VectorSource, open_file
from qtui.demos import DOCUMENTS_NAME
from qtui.model import Distance

_FOLDER = Path(__file__).parent / "sample"
_DOCUMENTS = Path(__file__).parent / "sample_documents"
NAME = "sample of WordNet glosses"
TITLED = 12
"""The first queries were written by hand; the others are glosses that aren't among the vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class TitledQuery:
    """A query to choose from."""

    title: str
    vector: NDArray[np.float32]
    """(size,), or (tokens, size) for the documents."""


def open_sample(limit: int | None = None) -> VectorSource:
    """The sample: 5,000 x 384, with payload `word`, `part`, `text` and `length`, and its queries."""
    return open_file(
        _FOLDER / "vectors.npy",
        payload=str(_FOLDER / "payload.jsonl"),
        limit=limit,
        name=NAME,
        queries=sample_queries,
        unit_length=True,
    )


def sample_queries() -> QuerySet:
    """All 300 queries, the titled ones first; a gloss is its own title."""
    with open_file(
        _FOLDER / "queries.npy", payload=str(_FOLDER / "queries.jsonl"), name="sample queries", unit_length=True
    ) as file:
        _, vectors = next(file.blocks(file.rows))
        return QuerySet(vectors, "file", titles=titles_of(file.payloads(0, file.rows)))


def open_documents(limit: int | None = None) -> VectorSource:
    """The four documents: multivectors of 128 dimensions with payload `title`, `type`, `topic` and `image`."""
    return open_file(
        _DOCUMENTS / "documents.npz",
        payload=str(_DOCUMENTS / "payload.jsonl"),
        limit=limit,
        name=DOCUMENTS_NAME,
        queries=document_queries,
        distance=Distance.DOT,
    )


def document_queries() -> QuerySet:
    """The twelve questions about the documents."""
    with open_file(
        _DOCUMENTS / "queries.npz", payload=str(_DOCUMENTS / "queries.jsonl"), name="questions about the documents"
    ) as file:
        _, vectors = next(file.blocks(file.rows))
        return QuerySet(vectors, "file", titles=titles_of(file.payloads(0, file.rows)))


def titled_queries(origin: str | None) -> tuple[TitledQuery, ...]:
    """The queries that were written by hand, of the sample that a collection's origin names; () for another origin."""
    said = f"{origin} "
    if said.startswith(f"{NAME} "):
        return _titled(sample_queries(), TITLED)
    return _titled(document_queries()) if said.startswith(f"{DOCUMENTS_NAME} ") else ()


def _titled(queries: QuerySet, count: int | None = None) -> tuple[TitledQuery, ...]:
    titles = (queries.titles or ())[:count]
    return tuple(TitledQuery(title, np.asarray(queries.vectors[at])) for at, title in enumerate(titles))
