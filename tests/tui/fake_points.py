"""Points of the scripted engine room: made from their ids, so that any page and any answer is the same every time."""

from __future__ import annotations

from qtui.errors import DataError
from qtui.filters import Filter
from qtui.model import Answer, CollectionView, Page, Payload, Point, PointId, QueryVector, SearchSettings
from tests.fake_filters import matches

PARTS = ("noun", "verb", "adjective")
TITLED = tuple(
    QueryVector(f"query about {what}", [float(at)] * 384) for at, what in enumerate(("owls", "wood", "rain"))
)


def payload(point: int) -> Payload:
    """What a point holds."""
    return {"word": f"word {point}", "part": PARTS[point % 3], "length": point % 90, "tags": ["a", "b"]}


def point(view: CollectionView, id_: PointId, *, with_payload: bool, with_vectors: bool) -> Point:
    """One point, with a vector that tells its id."""
    number = int(id_)
    vectors = {each.spec.name: [float(number)] * each.spec.size for each in view.vectors} if with_vectors else None
    return Point(id_, payload(number) if with_payload else None, vectors)


def page(
    view: CollectionView,
    limit: int,
    offset: PointId | None,
    filter_: Filter | str | None = None,
    *,
    with_payload: bool,
    with_vectors: bool,
) -> Page:
    """Points that match from `offset` on, in id order."""
    found: list[Point] = []
    for id_ in range(0 if offset is None else int(offset), view.points):
        if _matches(filter_, id_):
            if len(found) == limit:
                return Page(tuple(found), id_)
            found.append(point(view, id_, with_payload=with_payload, with_vectors=with_vectors))
    return Page(tuple(found), None)


def count(view: CollectionView, filter_: Filter | str | None) -> int:
    """How many match."""
    return view.points if filter_ is None else sum(_matches(filter_, id_) for id_ in range(view.points))


def _matches(filter_: Filter | str | None, id_: int) -> bool:
    assert not isinstance(filter_, str)
    return filter_ is None or matches(filter_, id_, payload(id_))


def answer(view: CollectionView, query: object, settings: SearchSettings) -> Answer:
    """The points after the query's number; without rescoring two neighbours are exchanged and one is another."""
    assert isinstance(query, list)
    size = view.vectors[0].spec.size
    if len(query) != size:
        raise DataError(f"the query has {len(query)} components, the vectors {size}; give one of the same model")
    start = int(query[0])
    ids = [(start + step) % view.points for step in range(min(settings.limit, view.points))]
    quantized = view.vectors[0].spec.quantization is not None and not (settings.exact or settings.ignore)
    raw = quantized and not settings.rescore
    if raw and len(ids) > 3:
        ids[1], ids[2] = ids[2], ids[1]
        ids[-1] = (start + 500) % view.points
    scores = tuple((900.0 - at) if raw else 1 - 0.01 * at for at in range(len(ids)))
    return Answer(tuple(ids), scores)
