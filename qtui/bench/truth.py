"""The exact answer that recall is measured against: computed, asked of the engine, or read from a file.

Imports data and the engine protocol; knows no screen. What is computed from a source is kept in a cache by content.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qtui import config
from qtui.bench.exact import ExactMaxSim, ExactSearch, Nearest
from qtui.data.checks import check
from qtui.data.rows import Batch
from qtui.engine.base import Engine
from qtui.engine.pace import FREE, Pace
from qtui.errors import QtuiError, UsageError
from qtui.filters import Filter
from qtui.model import Distance, PointId, SearchSettings

CACHE_VERSION = 1
_BLOCK_VALUES = 8 * 1024 * 1024
"""Components of a block of vectors read at once: 32 MiB of float32."""
_ENGINE_BATCH = 20


class Blocks(Protocol):
    """What exact search reads of a vector source."""

    @property
    def rows(self) -> int:
        """Rows of the source."""
        ...

    @property
    def dimension(self) -> int:
        """Components of a vector (of a token)."""
        ...

    @property
    def multivector(self) -> bool:
        """Whether a row is several vectors."""
        ...

    def blocks(self, rows_per_block: int, start: int = 0) -> Iterator[tuple[int, Any]]:
        """Float32 blocks with the number of their first row."""
        ...

    def row_name(self, row: int) -> str:
        """What messages call a row."""
        ...


@dataclass(frozen=True, slots=True)
class Truth:
    """Per query the ids of the exact answer, best first; fewer than k only where fewer match."""

    ids: tuple[tuple[PointId, ...], ...]
    tied: int
    """Queries whose k-th and next neighbour are equally near."""
    how: str


def _truth(nearest: Nearest, how: str) -> Truth:
    ids = tuple(tuple(row[row >= 0].tolist()) for row in nearest.ids)
    return Truth(ids, int(nearest.tied.sum()), how)


class SourceTruth:
    """Exact search over the rows of a source, one block a step, so that its caller stays in charge."""

    def __init__(
        self,
        source: Blocks,
        queries: Batch,
        k: int,
        distance: Distance,
        allowed: NDArray[np.bool_] | None = None,
    ) -> None:
        self._source, self._distance = source, distance
        self._allowed = allowed
        self._search: ExactSearch | ExactMaxSim
        if source.multivector:
            self._search = ExactMaxSim(list(queries), k, distance)
            # tokens a document aren't known here: assume many
            self._rows = max(1, _BLOCK_VALUES // (source.dimension * 256))
        else:
            self._search = ExactSearch(np.ascontiguousarray(queries, dtype=np.float32), k, distance)
            self._rows = max(1, _BLOCK_VALUES // source.dimension)

    def steps(self) -> Iterator[int]:
        """Searches block after block; yields rows done. Raises BadSource for a row that can't be searched."""
        for start, block in self._source.blocks(self._rows):
            check(block, start, self._distance, self._source.row_name)
            allowed = None if self._allowed is None else self._allowed[start : start + len(block)]
            self._search.add(start, block, allowed)
            yield start + len(block)

    @property
    def how(self) -> str:
        """How the answer is found."""
        kind = "MaxSim" if self._source.multivector else "search"
        return f"exact {kind} over the float32 originals, ranked in float64"

    def result(self) -> Truth:
        """The exact answer."""
        return _truth(self._search.result(), self.how)


async def engine_truth(
    engine: Engine,
    collection: str,
    queries: Batch,
    k: int,
    *,
    using: str,
    filter_: Filter | None,
    own: Sequence[PointId] | None,
    pace: Pace = FREE,
) -> AsyncIterator[tuple[int, tuple[tuple[PointId, ...], ...], int]]:
    """Exact answers by the engine's own full scan: yields queries done, their ids, and how many of them are tied.

    With `own`, each query is a point of the collection and is left out of its answer. Under a load guard each query is
    a request of its own: a full scan of a large collection is work enough.
    """
    settings = SearchSettings(limit=k + 1 + (own is not None), exact=True)
    step = _ENGINE_BATCH if pace.per_second is None else 1
    for start in range(0, len(queries), step):
        batch = list(queries[start : start + step])
        async with pace.turn():
            timed = await engine.query_batch(collection, batch, settings, using=using, filter_=filter_)
        answers = timed.value
        found, tied = [], 0
        for number, answer in enumerate(answers):
            ranked = list(zip(answer.ids, answer.scores, strict=True))
            if own is not None:
                ranked = [pair for pair in ranked if pair[0] != own[start + number]]
            tied += len(ranked) > k and ranked[k - 1][1] == ranked[k][1]
            found.append(tuple(point_id for point_id, _ in ranked[:k]))
        yield start + len(batch), tuple(found), tied


async def matching_rows(engine: Engine, collection: str, filter_: Filter, rows: int) -> NDArray[np.bool_]:
    """Which rows of the source match a filter, by the engine's own reading of it."""
    allowed = np.zeros(rows, dtype=np.bool_)
    offset: PointId | None = None
    while True:
        page = await engine.scroll(collection, limit=5000, offset=offset, filter_=filter_, with_payload=False)
        allowed[[int(point.id) for point in page.points]] = True
        if page.next_offset is None:
            return allowed
        offset = page.next_offset


def hold_out(
    allowed: NDArray[np.bool_] | None, held_out: NDArray[np.int64] | None, rows: int
) -> NDArray[np.bool_] | None:
    """Rows that the collection holds: `allowed` without those that are queries."""
    if held_out is None:
        return allowed
    mask = np.ones(rows, dtype=np.bool_) if allowed is None else allowed.copy()
    mask[held_out] = False
    return mask


def cache_key(
    fingerprint: str,
    queries: Batch,
    k: int,
    distance: Distance,
    allowed: NDArray[np.bool_] | None,
) -> str:
    """Names an exact answer by all that it depends on."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {fingerprint} {k} {distance.value}".encode())
    for query in queries:
        digest.update(f"{query.shape}".encode())
        digest.update(np.ascontiguousarray(query, dtype=np.float32).tobytes())
    if allowed is not None:
        digest.update(np.packbits(allowed).tobytes())
    return digest.hexdigest()


class TruthCache:
    """Exact answers by key, each a file of its own. A damaged one counts as not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str, queries: int, how: str) -> Truth | None:
        """The answer, which was found like `how`, when it is there, whole, and for so many queries."""
        try:
            raw = self._path(key).read_bytes()
        except OSError:
            return None
        checksum, body = raw[:32], raw[32:]
        if hashlib.sha256(key.encode() + body).digest() != checksum:
            return None
        values = np.frombuffer(body, dtype="<i8")
        tied, width = int(values[0]), int(values[1])
        table = values[2:].reshape(-1, width)
        if len(table) != queries:
            return None
        ids = tuple(tuple(row[row >= 0].tolist()) for row in table)
        return Truth(ids, tied, f"{how} (from the cache)")

    def put(self, key: str, truth: Truth, k: int) -> None:
        """Keeps an answer whose ids are row numbers. A full or read-only disk only costs the next run its time."""
        table = np.full((len(truth.ids), k), -1, dtype="<i8")
        for row, ids in enumerate(truth.ids):
            table[row, : len(ids)] = ids
        body = np.concatenate([np.asarray([truth.tied, k], dtype="<i8"), table.ravel()]).tobytes()
        path = self._path(key)
        try:
            config.private_dir(self._folder)
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(hashlib.sha256(key.encode() + body).digest() + body)
            part.replace(path)
        except (OSError, QtuiError):
            return

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.truth"


def check_truth_use(truth_file: str | None, origin: str, filter_: str | None) -> None:
    """Raises UsageError where a file of exact neighbours can't belong to the queries."""
    if truth_file is None:
        return
    if origin != "file":
        raise UsageError("--truth belongs to queries from a file; give that one with --queries F too")
    if filter_ is not None:
        raise UsageError("--truth doesn't know about --filter; leave one of them out")
