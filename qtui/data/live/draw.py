"""Which points of a live collection to take: ids drawn with a seed, whatever the engine behind it.

Up to a million points the ids are listed and drawn fairly. Of more, runs of neighbouring ids are read at random places
of the space that the ids lie in, so that a billion points cost no more requests than a million.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from qtui.engine.base import Engine
from qtui.engine.pace import FREE, Pace
from qtui.engine.waits import AWAY
from qtui.errors import AccessError, NotFound, UsageError
from qtui.filters import Filter
from qtui.model import Page, PointId

MOST_LISTED = 1_000_000
"""Points of a collection whose ids are listed."""
PAGE = 10_000
RUN = 50
"""Neighbouring ids read at one place."""
_TRIES = 20
"""Places tried for each that would do if no two overlapped."""
_NUMBERS, _UUIDS = 2**64, 2**128


@dataclass(frozen=True, slots=True)
class Drawn:
    """Ids in the collection's order, and how they were drawn, in words."""

    ids: tuple[PointId, ...]
    how: str


async def draw(engine: Engine, name: str, count: int, *, points: int, seed: int, pace: Pace = FREE) -> Drawn:
    """`count` ids of a collection that holds about `points`; all of them where it holds no more.

    The same seed draws the same ids as long as the collection is the same. Where ids are neither all numbers nor all
    UUIDs, they are listed however many there are.
    """
    rng = random.Random(seed)  # noqa: S311  # a fair draw, not a secret
    if points > max(count, MOST_LISTED):
        bounds = await _bounds(engine, name, pace)
        if bounds is not None:
            ids = await _jump(engine, name, count, bounds, rng, pace)
            return Drawn(ids, f"in runs of {RUN} neighbouring ids at random places (seed {seed})")
    ids = await listed(engine, name, pace)
    if len(ids) <= count:
        return Drawn(ids, "all of them")
    places = sorted(rng.sample(range(len(ids)), count))
    return Drawn(tuple(ids[place] for place in places), f"drawn from all ids (seed {seed})")


async def some_of(engine: Engine, name: str, count: int, filter_: Filter, *, seed: int, pace: Pace = FREE) -> Drawn:
    """`count` ids of the points that match, drawn from the first million of them; all where there are no more."""
    ids = await listed(engine, name, pace, filter_=filter_, most=MOST_LISTED)
    if len(ids) <= count:
        return Drawn(ids, "all that match")
    places = sorted(random.Random(seed).sample(range(len(ids)), count))  # noqa: S311  # a fair draw, not a secret
    return Drawn(tuple(ids[place] for place in places), f"drawn from those that match (seed {seed})")


async def listed(
    engine: Engine, name: str, pace: Pace = FREE, *, filter_: Filter | None = None, most: int | None = None
) -> tuple[PointId, ...]:
    """All ids of a collection, page by page: those that match, and once there are `most`, no further ones."""
    ids: list[PointId] = []
    offset: PointId | None = None
    limit = PAGE
    while True:
        page, limit = await read_page(engine, name, limit, offset, pace, filter_=filter_)
        ids.extend(point.id for point in page.points)
        if page.next_offset is None or (most is not None and len(ids) >= most):
            return tuple(ids[:most])
        offset = page.next_offset


async def read_page(
    engine: Engine,
    name: str,
    limit: int,
    offset: PointId | None,
    pace: Pace,
    *,
    filter_: Filter | None = None,
    with_payload: bool = False,
    with_vectors: bool = False,
    cost: int = 1,
) -> tuple[Page, int]:
    """A page of at most `limit` points, and how many a page may have: a server's strict mode may allow fewer.

    `cost`: as how many requests it counts.
    """
    while True:
        try:
            page = await pace.asked(
                partial(
                    engine.scroll,
                    name,
                    limit=limit,
                    offset=offset,
                    filter_=filter_,
                    with_payload=with_payload,
                    with_vectors=with_vectors,
                ),
                cost,
            )
        except (UsageError, AccessError) as error:
            if limit == 1 or isinstance(error, (NotFound, *AWAY)):
                raise
            limit = max(1, limit // 10)
        else:
            return page, limit


async def _ids(
    engine: Engine, name: str, limit: int, offset: PointId | None, pace: Pace
) -> tuple[list[PointId], PointId | None]:
    page, _ = await read_page(engine, name, limit, offset, pace)
    return [point.id for point in page.points], page.next_offset


async def last_id(engine: Engine, name: str, pace: Pace = FREE) -> PointId | None:
    """The id that comes last in the collection's order (numbers, then UUIDs); None in an empty one."""
    first, _ = await _ids(engine, name, 1, None, pace)
    if not first:
        return None
    for low, end, made in ((0, _UUIDS, _uuid), (0, _NUMBERS, _number)):
        found, _ = await _ids(engine, name, 1, made(low), pace)
        if found and isinstance(found[0], str) == (made is _uuid):
            return made(await _last(engine, name, _place(found[0]), end, made, pace))
    return first[0]


async def _bounds(engine: Engine, name: str, pace: Pace) -> tuple[int, int, bool] | None:
    """First and last id as numbers, and whether they are UUIDs; None where there are both kinds."""
    (first, *_), _ = await _ids(engine, name, 1, None, pace)
    last = await last_id(engine, name, pace)
    if last is None or isinstance(first, str) != isinstance(last, str):
        return None
    return _place(first), _place(last), isinstance(first, str)


async def _last(engine: Engine, name: str, low: int, end: int, made: Callable[[int], PointId], pace: Pace) -> int:
    """The largest place below `end` that holds an id of this kind; `low` holds one."""
    step = 1
    while low + step < end:  # most ids are small: find the size first
        found, _ = await _ids(engine, name, 1, made(low + step), pace)
        if not found or isinstance(found[0], str) != isinstance(made(0), str):
            end = low + step
            break
        low, step = _place(found[0]), step * 2
    while end - low > 1:
        middle = (low + end) // 2
        found, _ = await _ids(engine, name, 1, made(middle), pace)
        if found and isinstance(found[0], str) == isinstance(made(0), str):
            low = _place(found[0])
        else:
            end = middle
    return low


async def _jump(
    engine: Engine, name: str, count: int, bounds: tuple[int, int, bool], rng: random.Random, pace: Pace
) -> tuple[PointId, ...]:
    low, high, is_uuid = bounds
    made = _uuid if is_uuid else _number
    found: dict[PointId, None] = {}
    for _ in range(_TRIES * (count // RUN + 1)):
        ids, _next = await _ids(engine, name, min(RUN, count - len(found)), made(rng.randint(low, high)), pace)
        found.update(dict.fromkeys(ids))
        if len(found) >= count:
            break
    return tuple(sorted(found, key=_place))


def _place(point_id: PointId) -> int:
    return UUID(point_id).int if isinstance(point_id, str) else point_id


def _number(place: int) -> PointId:
    return place


def _uuid(place: int) -> PointId:
    return str(UUID(int=place))
