"""What every engine promises of points and of what it refuses, as in test_contract."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qtui.engine.base import PointBatch
from qtui.errors import DataError, UsageError
from qtui.filters import Filter, HasId, IsEmpty, Match, Range
from qtui.model import (
    CollectionSpec,
    SearchSettings,
)
from tests.engine.making import batch, filled, randoms, single

EXACT = SearchSettings(limit=10, exact=True)


# --- points -----------------------------------------------------------------------------------------------------


async def test_payloads_come_back_when_asked_for(engine: Any) -> None:
    payloads = [{"n": i, "text": "ein Wört\x00", "deep": {"a": [1, None, True, 2.5]}} for i in range(5)]
    await filled(engine, single(), randoms(5, 16), payloads=payloads)
    found = (await engine.query("things", randoms(5, 16)[2], SearchSettings(limit=2), with_payload=True)).value
    assert found.payloads[0] == payloads[2]
    points = await engine.retrieve("things", [4, 99, 1])
    assert [(point.id, point.payload) for point in points] == [(4, payloads[4]), (1, payloads[1])]
    assert all(point.vectors is None for point in points)
    (bare,) = await engine.retrieve("things", [3], with_payload=False)
    assert bare.payload is None


async def test_ids_are_numbers_of_64_bits_or_uuids(engine: Any) -> None:
    unique = str(uuid.UUID(int=5))
    await engine.create(single())
    ids: list[Any] = [0, 2**64 - 1, unique]
    await engine.upsert("things", PointBatch(ids, {"": randoms(3, 16)}))
    assert await engine.count("things") == 3
    assert {point.id for point in (await engine.scroll("things")).points} == set(ids)
    assert (await engine.query("things", randoms(3, 16)[2], EXACT)).value.ids[0] == unique
    assert [point.id for point in await engine.retrieve("things", [unique, 0])] == [unique, 0]


async def test_writing_an_id_again_replaces_it(engine: Any) -> None:
    vectors = randoms(10, 16)
    await filled(engine, single(), vectors, payloads=[{"n": i} for i in range(10)])
    await engine.upsert("things", batch(-vectors[3:4], start=3, payloads=[{"m": 1}]))
    assert await engine.count("things") == 10
    (point,) = await engine.retrieve("things", [3])
    assert point.payload == {"m": 1}
    assert (await engine.query("things", vectors[3], EXACT)).value.ids[0] != 3


async def test_scrolling_visits_every_point_once_in_order(engine: Any) -> None:
    await filled(engine, single(), randoms(25, 16))
    seen, offset = [], None
    while True:
        page = await engine.scroll("things", limit=10, offset=offset, with_payload=False)
        seen += [point.id for point in page.points]
        offset = page.next_offset
        if offset is None:
            break
    assert seen == list(range(25))


PAYLOADS = [
    {"kind": "report", "pages": 3, "ok": True, "price": 1.5, "made": "2024-01-02T00:00:00Z", "tags": ["x", "y"]},
    {"kind": "letter", "pages": 10, "ok": False, "price": 9.0, "made": "2025-06-01T00:00:00Z", "tags": ["y"]},
    {"kind": "report", "pages": 30, "ok": True, "price": None, "nested": {"deep": 1}},
    {},
]
FILTERS = {
    "match text": (Filter(must=(Match("kind", value="report"),)), {0, 2}),
    "match number": (Filter(must=(Match("pages", value=10),)), {1}),
    "match true": (Filter(must=(Match("ok", value=True),)), {0, 2}),
    "match false": (Filter(must=(Match("ok", value=False),)), {1}),
    "match nested": (Filter(must=(Match("nested.deep", value=1),)), {2}),
    "match an item": (Filter(must=(Match("tags", value="x"),)), {0}),
    "any of": (Filter(must=(Match("kind", any_of=("report", "memo")),)), {0, 2}),
    "any of mixed": (Filter(must=(Match("pages", any_of=(3, "report")),)), {0}),
    "none of": (Filter(must=(Match("kind", none_of=("report",)),)), {1}),
    "words": (Filter(must=(Match("kind", text="report"),)), {0, 2}),
    "range": (Filter(must=(Range("pages", gt=3, lte=30),)), {1, 2}),
    "range of floats": (Filter(must=(Range("price", gte=1.5),)), {0, 1}),
    "range of times": (Filter(must=(Range("made", lt="2025-01-01T00:00:00Z"),)), {0}),
    "empty": (Filter(must=(IsEmpty("kind"),)), {3}),
    "ids": (Filter(must=(HasId((1, 3, 77)),)), {1, 3}),
    "should": (Filter(should=(Match("kind", value="letter"), Range("pages", gte=30))), {1, 2}),
    "must not": (Filter(must_not=(Match("kind", value="report"),)), {1, 3}),
    "all three": (
        Filter(
            must=(Range("pages", gte=0),),
            should=(Match("ok", value=True), Match("kind", value="letter")),
            must_not=(HasId((0,)),),
        ),
        {1, 2},
    ),
    "nested filter": (Filter(must=(Filter(should=(HasId((0,)), HasId((3,)))),)), {0, 3}),
    "nothing asked": (Filter(), {0, 1, 2, 3}),
}


@pytest.mark.parametrize("is_indexed", [False, True])
async def test_filters(engine: Any, *, is_indexed: bool) -> None:
    spec = single()
    if is_indexed:
        kinds = {"kind": "keyword", "pages": "integer", "price": "float", "ok": "bool", "made": "datetime"}
        spec = replace(spec, payload_indexes=kinds)
    await filled(engine, spec, randoms(4, 16), payloads=PAYLOADS)
    for what, (filter_, expected) in FILTERS.items():
        if what == "any of mixed" and is_indexed:
            continue
        assert await engine.count("things", filter_) == len(expected), what
        timed = await engine.query("things", randoms(1, 16)[0], EXACT, filter_=filter_)
        assert set(timed.value.ids) == expected, what
        page = await engine.scroll("things", filter_=filter_)
        assert {point.id for point in page.points} == expected, what


# --- refusals ---------------------------------------------------------------------------------------------------

GOOD = randoms(3, 16)
BAD_VECTORS: dict[str, Any] = {
    "one too short": [GOOD[0], GOOD[1], GOOD[2][:15]],
    "wrong size": randoms(3, 15),
    "NaN": np.where(np.arange(48).reshape(3, 16) == 20, np.nan, GOOD).astype(np.float32),
    "infinity": np.where(np.arange(48).reshape(3, 16) == 47, np.inf, GOOD).astype(np.float32),
    "zero under cosine": GOOD * np.array([[1], [0], [1]], dtype=np.float32),
    "too few": GOOD[:2],
}


@pytest.mark.parametrize("what", BAD_VECTORS)
async def test_a_batch_with_one_bad_vector_is_refused_whole(engine: Any, what: str) -> None:
    await engine.create(single())
    with pytest.raises(DataError):
        await engine.upsert("things", PointBatch([1, 2, 3], {"": BAD_VECTORS[what]}))
    assert await engine.count("things") == 0
    await engine.upsert("things", PointBatch([1, 2, 3], {"": GOOD}))
    assert await engine.count("things") == 3


@pytest.mark.parametrize("bad", [-1, 2**64, "not a uuid", ""])
async def test_bad_ids_are_refused(engine: Any, bad: Any) -> None:
    await engine.create(single())
    with pytest.raises(DataError):
        await engine.upsert("things", PointBatch([1, bad], {"": randoms(2, 16)}))
    assert await engine.count("things") == 0


@pytest.mark.parametrize("bad", [np.ones(15), np.full(16, np.nan), np.full(16, np.inf), np.zeros(16), np.ones((2, 16))])
async def test_bad_queries_are_refused(engine: Any, bad: Any) -> None:
    await filled(engine, single(), randoms(5, 16))
    with pytest.raises(DataError):
        await engine.query("things", bad.astype(np.float32), SearchSettings())
    with pytest.raises(DataError):
        await engine.query_batch("things", [randoms(1, 16)[0], bad.astype(np.float32)], SearchSettings())


async def test_bad_settings_are_refused(engine: Any) -> None:
    before = await engine.collections()
    for spec in (
        single(""),
        CollectionSpec("things", ()),
        single(size=0),
        single(method="no such method"),
    ):
        with pytest.raises(UsageError):
            await engine.create(spec)
    assert await engine.collections() == before


async def test_closing_twice_is_harmless(engine: Any) -> None:
    await filled(engine, single(), randoms(5, 16))
    await engine.close()
    await engine.close()
