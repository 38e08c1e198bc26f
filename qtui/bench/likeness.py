"""Whether queries say as much as their number promises: whether they are alike, or points of the collection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from qtui.bench.state import RunState
from qtui.engine.base import Engine
from qtui.errors import RateLimited
from qtui.model import Distance, PointId
from qtui.records import RunWarning

ALIKE = 0.8
"""Share of the exact answer that two queries have in common from which they count as one question."""
MANY = 0.1
"""Share of the queries from which it is worth saying."""
_PAGE = 500
_SAME = 1e-3
"""Distance, in lengths of the query, up to which it is the point itself; stored vectors are rounded."""


async def doubts(state: RunState, engine: Engine) -> tuple[RunWarning, ...]:
    """What a run's reader must know of its queries, once the exact answers are known and a collection is there."""
    truth = state.truth or ()
    points = 0
    if state.dataset.query_origin == "file" and not state.dataset.multivector and state.targets:
        with suppress(RateLimited):  # what strict mode doesn't let be looked at isn't worth a run
            points = await _points(state, truth, engine)
    # answers of more than half of all points have most of them in common, however different the questions
    telling = [ids for ids in truth if 2 * len(ids) <= state.dataset.points]
    return tuple(of_queries(len(truth), alike=repeated(telling), points=points))


async def _points(state: RunState, truth: Sequence[Sequence[PointId]], engine: Engine) -> int:
    target = state.targets.get("none") or next(iter(state.targets.values()))
    asked = [query for query, ids in enumerate(truth) if ids]
    wanted = tuple(dict.fromkeys(truth[query][0] for query in asked))
    held: dict[PointId, NDArray[np.float32]] = {}
    for start in range(0, len(wanted), _PAGE):
        for point in await engine.retrieve(
            target.name, wanted[start : start + _PAGE], with_payload=False, with_vectors=True
        ):
            vector = (point.vectors or {}).get(target.using)
            if vector is not None:
                held[point.id] = np.asarray(vector, dtype=np.float32)
    pairs = [(np.asarray(state.queries[query]), held[truth[query][0]]) for query in asked if truth[query][0] in held]
    if not pairs:
        return 0
    mine, theirs = (np.stack(side) for side in zip(*pairs, strict=True))
    return same(mine, theirs, cosine=state.distance is Distance.COSINE)


def repeated(truth: Sequence[Sequence[PointId]]) -> int:
    """How many queries find nearly the same as an earlier one."""
    holders: defaultdict[PointId, list[int]] = defaultdict(list)
    found = 0
    for query, ids in enumerate(truth):
        shared = Counter(earlier for each in ids for earlier in holders[each])
        if ids and shared and max(shared.values()) >= ALIKE * len(ids):
            found += 1
        for each in ids:
            holders[each].append(query)
    return found


def same(queries: NDArray[np.float32], nearest: NDArray[np.float32], *, cosine: bool) -> int:
    """How many queries are their own nearest point; both (queries, size), row by row."""
    if cosine:
        queries, nearest = _unit(queries), _unit(nearest)
    lengths = np.maximum(np.linalg.norm(queries, axis=1), np.finfo(np.float32).tiny)
    return int((np.linalg.norm(queries - nearest, axis=1) <= _SAME * lengths).sum())


def of_queries(queries: int, *, alike: int, points: int) -> Iterator[RunWarning]:
    """What is worth saying of so many queries."""
    if alike > MANY * queries:
        text = (
            f"{alike} of {queries} queries find nearly the same as another one: they count as fewer than they are, and"
            " intervals are narrower than they should be; ask more different ones"
        )
        yield RunWarning("alike-queries", text)
    if points > MANY * queries:
        text = (
            f"{points} of {queries} queries are points of the collection themselves: each finds itself first, so recall"
            " is higher than for real questions; ask others"
        )
        yield RunWarning("queries-are-points", text)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
