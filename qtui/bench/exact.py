"""Exact nearest neighbours over streamed blocks, in bounded memory. Pure numpy: no engine, no files.

A float32 matrix product finds candidates, with a bound on its rounding error; the candidates are scored again in
float64, ties going to the smaller id. So the result depends on neither block size nor the order of additions.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtui.model import Distance

Matrix = NDArray[np.float32]
Scores = NDArray[np.float64]
Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
ROUNDING = 2.0**-24
_TILE_VALUES = 8 * 1024 * 1024
"""Float32 scores held at once: 32 MiB."""
_RESCORE_VALUES = 2 * 1024 * 1024
"""Float64 components gathered at once for scoring again: 16 MiB an array."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """Per query the nearest rows, best first: `ids` (queries, k) with -1 where there are fewer, and their scores.

    Scores are "larger is nearer" always: distances come negated, Euclid's squared. `tied[q]`: the k-th and the next
    row are equally near, so that another exact answer is just as right.
    """

    ids: Ids
    scores: Scores
    tied: Mask


def normalised(vectors: Matrix) -> Matrix:
    """Rows of length 1, in float32 as the engine stores them; zero rows stay zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32))[:, None]
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))


class Best:
    """The k + 1 best (score, id) of each query so far; the one too many shows ties at the border."""

    def __init__(self, queries: int, k: int) -> None:
        self._keep = k + 1
        self._k = k
        self.scores: Scores = np.full((queries, self._keep), -np.inf)
        self.ids: Ids = np.full((queries, self._keep), -1, dtype=np.int64)

    @property
    def border(self) -> Scores:
        """Score that a row must reach to matter, by query."""
        return self.scores[:, -1]

    def add(self, query: Ids, scores: Scores, ids: Ids) -> None:
        """Merges found pairs: arrays of one length, of query number, score and id."""
        touched = np.unique(query)
        old_query = np.repeat(touched, self._keep)
        all_query = np.concatenate([old_query, query])
        all_scores = np.concatenate([self.scores[touched].ravel(), scores])
        all_ids = np.concatenate([self.ids[touched].ravel(), ids])
        order = np.lexsort((all_ids, -all_scores, all_query))
        starts = np.searchsorted(all_query[order], touched)
        kept = order[starts[:, None] + np.arange(self._keep)]
        self.scores[touched], self.ids[touched] = all_scores[kept], all_ids[kept]

    def result(self) -> Nearest:
        """What was found."""
        border = self.scores[:, self._k - 1]
        tied = np.isfinite(border) & (border == self.scores[:, self._k])
        return Nearest(self.ids[:, : self._k].copy(), self.scores[:, : self._k].copy(), tied)


class ExactSearch:
    """Brute force for single vectors: add every block once, then take the result.

    Holds the queries (n, d), one tile of scores (32 MiB) and one block of the vectors.
    """

    def __init__(self, queries: Matrix, k: int, distance: Distance) -> None:
        self._distance = distance
        self._queries = normalised(queries) if distance is Distance.COSINE else queries
        self._k = k
        self._best = Best(len(queries), k)
        self._lengths = np.linalg.norm(self._queries.astype(np.float64), axis=1)

    def add(self, start: int, block: Matrix, allowed: Mask | None = None) -> None:
        """Takes rows `start`… of the source, shape (rows, d). `allowed` (rows,) leaves rows out."""
        ids = np.arange(start, start + len(block), dtype=np.int64)
        if allowed is not None and not allowed.all():
            block, ids = block[allowed], ids[allowed]
        if self._distance is Distance.COSINE:
            block = normalised(block)
        tile = max(64, _TILE_VALUES // max(len(self._queries), 1))
        # a small first tile sets a border that nearly all later rows fail
        first = min(tile, max(1024, 8 * self._k)) if not np.isfinite(self._best.border).all() else tile
        bounds = [0, *range(first, len(block), tile), len(block)]
        for low, high in itertools.pairwise(bounds):
            if high > low:
                self._add_tile(block[low:high], ids[low:high])

    def result(self) -> Nearest:
        """The nearest rows of all that was added."""
        return self._best.result()

    def _add_tile(self, block: Matrix, ids: Ids) -> None:
        rough, slack = self._rough(block)
        border = (self._best.border - slack).astype(np.float32)
        # rounding the border up would lose rows that are exactly on it
        border = np.nextafter(border, np.float32(-np.inf))
        passing = rough >= border[:, None]
        if np.count_nonzero(passing) > 8 * (self._k + 1) * len(rough) and rough.shape[1] > self._k + 1:
            nth = rough.shape[1] - self._k - 1
            own = np.partition(rough, nth, axis=1)[:, nth] - 2 * slack.astype(np.float32)
            passing = rough >= np.maximum(border, np.nextafter(own, np.float32(-np.inf)))[:, None]
        # one flat pass is several times faster than nonzero over two axes
        query, column = np.divmod(np.flatnonzero(passing), rough.shape[1])
        step = max(1, _RESCORE_VALUES // block.shape[1])
        for low in range(0, len(query), step):
            some_query, some_column = query[low : low + step], column[low : low + step]
            scores = self._scored(self._queries[some_query], block[some_column])
            self._best.add(some_query, scores, ids[some_column])

    def _rough(self, block: Matrix) -> tuple[Matrix, Scores]:
        """Float32 scores (queries, rows), and by query how far one can be off."""
        if self._distance is Distance.MANHATTAN:
            return self._rough_manhattan(block)
        terms = block.shape[1] + 8
        product = self._queries @ block.T
        if self._distance is Distance.COSINE:
            return product, ROUNDING * terms * 1.001 * self._lengths
        squares = np.einsum("ij,ij->i", block, block, dtype=np.float64)
        longest = float(np.sqrt(squares.max(initial=0.0)))
        if self._distance is Distance.DOT:
            return product, ROUNDING * terms * self._lengths * longest
        product *= 2
        product -= squares.astype(np.float32)
        # the query's own square is left out of the product; the border holds it
        own = (self._lengths**2).astype(np.float32)
        product -= own[:, None]
        return product, 2 * ROUNDING * terms * (self._lengths + longest) ** 2

    def _rough_manhattan(self, block: Matrix) -> tuple[Matrix, Scores]:
        rough = np.empty((len(self._queries), len(block)), dtype=np.float32)
        work = np.empty_like(block)
        for row, query in enumerate(self._queries):
            np.abs(np.subtract(block, query, out=work), out=work)
            rough[row] = -work.sum(axis=1)
        farthest = -rough.min(axis=1, initial=0.0).astype(np.float64)
        return rough, 2 * ROUNDING * (block.shape[1] + 8) * farthest

    def _scored(self, queries: Matrix, rows: Matrix) -> Scores:
        """Float64 scores of pairs, shape (pairs, d) each; summed along one row at a time, so always the same."""
        return pair_scores(queries.astype(np.float64), rows.astype(np.float64), self._distance)


def pair_scores(queries: Scores, rows: Scores, distance: Distance) -> Scores:
    """Scores along the last axis, larger is nearer; Euclid's is squared."""
    if distance is Distance.EUCLID:
        return np.asarray(-((queries - rows) ** 2).sum(axis=-1))
    if distance is Distance.MANHATTAN:
        return np.asarray(-np.abs(queries - rows).sum(axis=-1))
    return np.asarray((queries * rows).sum(axis=-1))


class ExactMaxSim:
    """Brute force for multivectors: the sum over a query's tokens of their best match among a document's tokens."""

    def __init__(self, queries: Sequence[Matrix], k: int, distance: Distance) -> None:
        self._distance = distance
        self._queries = [normalised(query) if distance is Distance.COSINE else query for query in queries]
        self._k = k
        self._best = Best(len(queries), k)

    def add(self, start: int, block: Sequence[Matrix], allowed: Mask | None = None) -> None:
        """Takes documents `start`… of the source, each (tokens, d). `allowed` (documents,) leaves some out."""
        kept = [row for row in range(len(block)) if allowed is None or allowed[row]]
        if not kept:
            return
        documents = [normalised(block[row]) if self._distance is Distance.COSINE else block[row] for row in kept]
        ids = np.asarray(kept, dtype=np.int64) + start
        tokens = np.concatenate(documents).astype(np.float64)
        starts = np.cumsum([0, *(len(document) for document in documents[:-1])])
        for number, query in enumerate(self._queries):
            scores = self._max_sim(query.astype(np.float64), tokens, starts)
            near = self._candidates(scores, float(self._best.border[number]))
            exact = np.asarray([self._one(query, documents[row]) for row in near], dtype=np.float64)
            if len(near):
                self._best.add(np.full(len(near), number, dtype=np.int64), exact, ids[near])

    def result(self) -> Nearest:
        """The nearest documents of all that was added."""
        return self._best.result()

    def _candidates(self, scores: Scores, border: float) -> Ids:
        """Documents that may matter; a matrix product rounds by its shape, so a little below the border too."""
        if len(scores) > self._k + 1:
            border = max(border, float(np.partition(scores, -self._k - 1)[-self._k - 1]))
        slack = 1e-9 * max(1.0, float(np.abs(scores).max())) if np.isfinite(border) else 0.0
        return np.flatnonzero(scores >= border - slack).astype(np.int64)

    def _max_sim(self, query: Scores, tokens: Scores, starts: Ids) -> Scores:
        total = np.zeros(len(starts))
        squares = (tokens**2).sum(axis=1) if self._distance is Distance.EUCLID else None
        for token in query:
            if self._distance is Distance.MANHATTAN:
                similarity = -np.abs(tokens - token).sum(axis=1)
            elif squares is not None:
                similarity = 2 * (tokens @ token) - squares - float((token**2).sum())
            else:
                similarity = tokens @ token
            total += np.maximum.reduceat(similarity, starts)
        return total

    def _one(self, query: Matrix, document: Matrix) -> float:
        """MaxSim of one pair, summed the same way whatever the block."""
        wide, rows = query.astype(np.float64), document.astype(np.float64)
        return float(sum(pair_scores(token[None, :], rows, self._distance).max() for token in wide))
