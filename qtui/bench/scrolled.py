"""Truth without the server's exact search, which strict mode may forbid: points are read, and ranked here.

Where few enough points can be answers (of a small collection all, with a filter those that match) every one of them is
read, and the truth is exact. Of more a drawn sample is, with all that a wide search on the originals finds: neighbours
that neither holds stay unknown, which the truth then says of itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np

from qtui.bench.exact import ExactMaxSim, ExactSearch
from qtui.bench.state import RunState
from qtui.bench.truth import Truth
from qtui.data.live.draw import draw, some_of
from qtui.engine.base import Engine
from qtui.engine.pace import Pace
from qtui.errors import AccessError, DataError, UsageError, shown
from qtui.model import PointId, SearchSettings

_READ = 250
"""Points read at once."""
_WIDER = 4
"""How much wider than the widest measured search the one is that finds candidates."""


class ScrolledTruth:
    """Ranks the points of one collection for the queries of a run, as far as it may read them."""

    def __init__(self, state: RunState, engine: Engine, name: str, using: str, pace: Pace) -> None:
        self._state, self._engine, self._name, self._using, self._pace = state, engine, name, using, pace
        # each query may be a point of the collection itself, which is left out in the end
        self._k = state.request.limit + (state.own_ids is not None)
        queries = state.queries
        self._search: ExactSearch | ExactMaxSim
        if isinstance(queries, np.ndarray):
            self._search = ExactSearch(np.ascontiguousarray(queries, dtype=np.float32), self._k, state.distance)
        else:
            self._search = ExactMaxSim(list(queries), self._k, state.distance)
        self._ids: list[PointId] = []
        self._how = ""
        self._whole = True

    async def steps(self) -> AsyncGenerator[tuple[int, int], None]:
        """Reads and ranks; yields points read, of how many. Raises what reading raises."""
        bound, seed, filter_ = self._state.request.live.sample, self._state.request.seed, self._state.filter_
        points = self._state.dataset.points
        if filter_ is None:
            drawn = await draw(self._engine, self._name, bound, points=points, seed=seed, pace=self._pace)
        else:
            points = await self._pace.asked(lambda: self._engine.count(self._name, filter_))
            drawn = await some_of(self._engine, self._name, bound, filter_, seed=seed, pace=self._pace)
        self._whole, self._how = points <= bound, drawn.how
        wanted = list(drawn.ids)
        if not self._whole:
            wanted = list(dict.fromkeys([*await self._candidates(), *wanted]))
        for start in range(0, len(wanted), _READ):
            self._add(await self._read(wanted[start : start + _READ]))
            yield min(start + _READ, len(wanted)), len(wanted)

    def result(self, reason: str) -> Truth:
        """The truth; `reason` is why the engine's exact search isn't it."""
        nearest = self._search.result()
        own, limit = self._state.own_ids, self._state.request.limit
        ids = []
        for query, row in enumerate(nearest.ids):
            ranked = [self._ids[place] for place in row.tolist() if place >= 0]
            ids.append(tuple(each for each in ranked if own is None or each != own[query])[:limit])
        matching = "" if self._state.filter_ is None else " that match the filter,"
        read = f"{len(self._ids):,} points{matching} read from {self._name}"
        if self._whole:
            how = f"exact search here over all {read}, since the server refused its own: {reason}"
        else:
            how = (
                f"search here over {read} ({self._how}, and what a search on the originals {_WIDER} times as wide"
                f" found), since the server refused its own: {reason}. Neighbours outside of those are unknown:"
                " recall may be shown too high"
            )
        return Truth(tuple(ids), int(nearest.tied.sum()), how)

    async def _candidates(self) -> list[PointId]:
        """What a wide search finds for any query; a narrower one where the server's limits refuse that."""
        found: dict[PointId, None] = {}
        ef = max(self._state.request.hnsw_ef)
        wide = SearchSettings(limit=2 * self._k, hnsw_ef=_WIDER * ef, ignore=True)
        modest = SearchSettings(limit=self._k, hnsw_ef=ef)
        for query in self._state.queries:
            try:
                answer = await self._ask(query, wide)
            except (AccessError, UsageError):
                wide = modest
                answer = await self._ask(query, wide)
            found.update(dict.fromkeys(answer))
        return list(found)

    async def _ask(self, query: np.ndarray, settings: SearchSettings) -> tuple[PointId, ...]:
        async with self._pace.turn():
            timed = await self._engine.query(
                self._name, query, settings, using=self._using, filter_=self._state.filter_
            )
        return timed.value.ids

    async def _read(self, ids: Sequence[PointId]) -> list[tuple[PointId, np.ndarray]]:
        points = await self._pace.asked(
            lambda: self._engine.retrieve(self._name, ids, with_payload=False, with_vectors=True)
        )
        held = [(point.id, (point.vectors or {}).get(self._using)) for point in points]
        return [(point_id, np.asarray(vector, dtype=np.float32)) for point_id, vector in held if vector is not None]

    def _add(self, read: list[tuple[PointId, np.ndarray]]) -> None:
        if not read:
            return
        start = len(self._ids)
        self._ids.extend(point_id for point_id, _ in read)
        vectors = [vector for _, vector in read]
        if isinstance(self._search, ExactSearch):
            self._search.add(start, np.stack(vectors))
        else:
            self._search.add(start, vectors)

    def check(self) -> None:
        """Raises DataError when nothing could be read."""
        if not self._ids and self._state.filter_ is None:
            raise DataError(f"no point of {shown(self._name)} has the vector {shown(self._using)}")
