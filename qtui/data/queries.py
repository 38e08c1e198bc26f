"""Queries: from a file, or drawn from the vectors and kept out of the collection. Imports numpy, no engine."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtui.data.checks import check
from qtui.data.rows import Batch
from qtui.errors import DataError, UsageError, shown
from qtui.model import Distance, PointId


@dataclass(frozen=True, slots=True, eq=False)
class QuerySet:
    """Query vectors and where they come from."""

    vectors: Batch
    """(queries, size) float32; for multivectors one (tokens, size) array a query."""
    origin: str
    """file, held-out or collection."""
    rows: NDArray[np.int64] | None = None
    """Rows of the source that they are; None when they come from elsewhere."""
    ids: tuple[PointId, ...] | None = None
    """Their own point ids, when they are in the collection."""
    titles: tuple[str, ...] | None = None
    """What to call each of them."""

    def __len__(self) -> int:
        return len(self.vectors)

    def first(self, count: int) -> QuerySet:
        """The first `count` of them."""
        return QuerySet(
            self.vectors[:count],
            self.origin,
            None if self.rows is None else self.rows[:count],
            None if self.ids is None else self.ids[:count],
            None if self.titles is None else self.titles[:count],
        )


def held_out_rows(rows: int, n: int, seed: int) -> NDArray[np.int64]:
    """`n` of `rows` row numbers, drawn with `seed`, ascending. Raises UsageError unless some rows are left."""
    if n < 0:
        raise UsageError("the number of queries must be 0 or more")
    if n >= rows > 0 and n:
        raise UsageError(
            f"can't keep {n} queries out of {rows} vector{'' if rows == 1 else 's'}; ask for fewer with --queries N, or"
            " give a file of queries"
        )
    drawn = random.Random(seed).sample(range(rows), n)  # noqa: S311  # a fair draw, not a secret
    return np.array(sorted(drawn), dtype=np.int64)


def check_queries(queries: QuerySet, *, dimension: int, multivector: bool, distance: Distance) -> None:
    """Raises DataError when queries can't be asked of such vectors."""
    if isinstance(queries.vectors, np.ndarray) == multivector:
        what = "single vectors, the data multivectors" if multivector else "multivectors, the data single vectors"
        raise DataError(f"the queries are {what}; give queries like the data")
    size = queries.vectors[0].shape[-1]
    if size != dimension:
        raise DataError(f"the queries have {size} components, the vectors {dimension}; give queries of the same model")
    check(queries.vectors, 0, distance, lambda row: f"query {row}")


def titles_of(payloads: list[dict[str, object] | None]) -> tuple[str, ...] | None:
    """What queries are called, from the first text field that their payloads have; None when there is none."""
    for key in ("title", "text", "query", "word", "name"):
        if any(isinstance((payload or {}).get(key), str) for payload in payloads):
            return tuple(str((payload or {}).get(key) or "") for payload in payloads)
    return None


def too_few(asked: int, there: int, path: str) -> UsageError:
    """The error of a file that holds fewer queries than were asked for."""
    return UsageError(f"{shown(path)} holds {there} queries, {asked} were asked for; ask for fewer")
