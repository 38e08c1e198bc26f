"""Asking one query of several columns, of an engine or of the engine room alike. Imports no screen and no numpy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from qtui.embedders import EmbedderSpec, SearchedVector, check_fits
from qtui.errors import DataError, EngineGone, NotFound, QtuiError, UsageError, shown
from qtui.filters import Filter
from qtui.model import Answer, CollectionView, Payload, Point, PointId, SearchSettings, Timed
from qtui.pictured import named
from qtui.searching import compare
from qtui.searching.columns import Column, Place, effective, has_raw_scores, related
from qtui.searching.compare import Found, Outcome

_TITLED_RANKS = 200
"""Of the ranks below, no titles are read."""
_AT_ONCE = 25
"""Payloads read in one call: with a megabyte each they still fit into one message of the engine's process."""


class Searching(Protocol):
    """What searching needs of an engine, or of the engine room."""

    async def query(
        self,
        name: str,
        query: Any,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        """The nearest points."""
        ...

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """Points by id."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A query that can be asked: its numbers, and where they come from."""

    values: Any
    """A list of floats, a list of such lists for a multivector, or an array of the engine's."""
    title: str
    """What it is called on the screen."""
    point: PointId | None = None
    """The point that it is, when it is one."""
    home: str = ""
    """The collection of that point."""
    embedder: EmbedderSpec | None = None
    """The model that made it of a text or an image."""

    @property
    def about(self) -> str:
        """Its title, with what is done about a point that would find itself."""
        return self.title if self.point is None else f"{self.title} (left out of its own answers)"

    def is_itself_in(self, collection: str) -> bool:
        """Whether that collection holds the query itself: its own, and the siblings, which share its ids."""
        return self.point is not None and related(self.home, collection)


def searched(view: CollectionView, using: str = "") -> SearchedVector:
    """What a query for that vector of the collection must fit. Raises KeyError when there is no such vector."""
    spec = view.vector(using).spec
    return SearchedVector(view.name, spec.size, spec.multivector, view.embedder)


def misfit(target: Target, view: CollectionView, using: str = "") -> str | None:
    """Why the query can't be asked of that vector, by its model or by its shape; None when it can."""
    where = searched(view, using)
    try:
        if target.embedder is not None:
            check_fits(target.embedder, where)
    except UsageError as error:
        return error.text
    return _misshapen(target.values, where)


def _misshapen(values: Any, where: SearchedVector) -> str | None:
    """Why numbers of this shape can't be asked there; an empty list or a ragged one is the engine's to refuse."""
    inner = (len(row) for row in values[:1] if hasattr(row, "__len__"))
    shape = getattr(values, "shape", None) or (len(values), *inner)
    *tokens, size = shape
    its = f"{shown(where.collection)} takes {where.size:,}"
    if tokens and not where.multivector:
        return f"the query is a multivector of {tokens[0]:,} × {size:,}; {its} dimensions in one vector"
    return None if size in (0, where.size) else f"the query has {size:,} dimension{'s' if size > 1 else ''}; {its}"


async def point_target(engine: Searching, collection: str, point: PointId, using: str = "") -> Target:
    """The query that a stored point is: its vector as stored there. Raises NotFound."""
    points = await engine.retrieve(collection, (point,), with_payload=True, with_vectors=True)
    if not points:
        raise NotFound(f"{shown(collection)} has no point {point}; choose another id")
    values = (points[0].vectors or {}).get(using)
    if values is None:
        raise NotFound(f"point {shown(point, 40)} of {shown(collection)} has no vector {shown(using)}; choose another")
    title = compare.title(points[0].payload)
    return Target(values, f"point {point}: {title}" if title else f"point {point}", point, collection)


def _found(point: PointId, score: float, payload: Payload | None) -> Found:
    return Found(point, score, compare.title(payload), compare.preview(payload), named(payload))


class Asker:
    """Asks columns, and warms a collection up before its first timed search: that one opens it and reads it in."""

    def __init__(self, engine: Searching) -> None:
        self._engine = engine
        self._warm: set[Column] = set()

    def forget(self) -> None:
        """The engine was started anew: nothing is warm."""
        self._warm.clear()

    async def outcome(self, column: Column, where: Place, target: Target, filter_: Filter | None = None) -> Outcome:
        """What a column finds; the titles are read after the search, outside its time. Never raises a QtuiError."""
        try:
            return await self._outcome(column, where, target, filter_)
        except QtuiError as error:
            return Outcome(error=error.text, gone=isinstance(error, EngineGone))

    async def _outcome(self, column: Column, where: Place, target: Target, filter_: Filter | None) -> Outcome:
        search, itself = column.search, target.is_itself_in(column.collection)
        sent = replace(search, limit=search.limit + 1) if itself else search
        if column not in self._warm:
            await self._engine.query(column.collection, target.values, sent, using=column.using, filter_=filter_)
            self._warm.add(column)
        timed = await self._engine.query(column.collection, target.values, sent, using=column.using, filter_=filter_)
        answer = timed.value
        if itself and target.point is not None:
            answer = compare.without(answer, target.point, search.limit)
        payloads = await self._payloads(column.collection, answer.ids)
        return Outcome(
            hits=tuple(
                _found(point, score, payloads.get(point))
                for point, score in zip(answer.ids, answer.scores, strict=True)
            ),
            engine_ms=timed.engine_ms,
            round_trip_ms=timed.round_trip_ms,
            effective=effective(where, sent),
            raw_scores=has_raw_scores(where, search),
        )

    async def _payloads(self, collection: str, ids: Sequence[PointId]) -> dict[PointId, Payload | None]:
        """Payloads of the first ranks; fewer where they are too large to be handed over."""
        found: dict[PointId, Payload | None] = {}
        with suppress(DataError):
            for start in range(0, min(len(ids), _TITLED_RANKS), _AT_ONCE):
                points = await self._engine.retrieve(collection, ids[start : start + _AT_ONCE])
                found |= {point.id: point.payload for point in points}
        return found
