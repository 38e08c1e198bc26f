"""The texts and embeddings that ship with qtui, so that it works at once. What they are: sample/README.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtui.data.queries import QuerySet, titles_of
from qtui.data.vectors import VectorSource, open_file

_FOLDER = Path(__file__).parent / "sample"
NAME = "sample of WordNet glosses"
TITLED = 12
"""The first queries were written by hand; the others are glosses that aren't among the vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class TitledQuery:
    """A query to choose from."""

    title: str
    vector: NDArray[np.float32]


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


def titled_queries() -> tuple[TitledQuery, ...]:
    """The queries that were written by hand."""
    queries = sample_queries()
    titles = queries.titles or ()
    return tuple(TitledQuery(titles[i], np.asarray(queries.vectors[i])) for i in range(TITLED))
