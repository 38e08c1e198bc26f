"""What every engine promises: one suite, run against the embedded engine and against the fake."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtui.engine.base import Engine, Origin, PointBatch
from qtui.engine.open import open_embedded
from qtui.engine.server import open_server
from qtui.errors import DataError, Exists, NotFound, UsageError
from qtui.filters import Filter, HasId, IsEmpty, Match, Range
from qtui.methods import METHODS, method
from qtui.model import (
    COMPONENTS,
    Built,
    Change,
    CollectionSpec,
    Distance,
    Placement,
    Quantization,
    SearchSettings,
    VectorSpec,
)
from tests.engine.making import batch, documents, filled, randoms, single
from tests.fake_search import ranked
from tests.fakes import FakeEngine
from tests.server.real import real
from tests.server.serving import at_once, serving

EXACT = SearchSettings(limit=10, exact=True)


ENGINES = ["embedded", "fake", "server"] + (["real"] if os.environ.get("QTUI_TEST_URL") else [])
"""`real` is the server that QTUI_TEST_URL names; its collections called as those of the tests are removed."""


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    match request.param:
        case "fake":
            made: Any = FakeEngine()
            yield made
            await made.close()
        case "server":
            async with serving(tmp_path / "store") as server:
                made = await open_server(server.target(), sleep=at_once)
                yield made
                await made.close()
        case "real":
            async with real() as made:
                yield made
        case _:
            made = await open_embedded(tmp_path / "store")
            yield made
            await made.close()


def truth(spec: VectorSpec, vectors: Any, query: Any, k: int = 10) -> list[tuple[float, Any]]:
    return ranked(range(len(vectors)), vectors, query, spec)[:k]


def without_defaults(spec: CollectionSpec) -> CollectionSpec:
    """Without what a server fills in where nothing was said."""
    (vector,) = spec.vectors
    assert vector.hnsw is not None
    on_disk, inline = vector.hnsw.on_disk or None, vector.hnsw.inline_storage or None
    hnsw = replace(vector.hnsw, on_disk=on_disk, inline_storage=inline)
    return replace(spec, vectors=(replace(vector, hnsw=hnsw),), on_disk_payload=None)


def agree(answer: Any, expected: list[tuple[float, Any]], tolerance: float = 1e-4) -> None:
    """Same points in the same order, but for ties within the precision of float32."""
    assert len(answer.ids) == len(answer.scores) == len(expected)
    assert answer.scores == pytest.approx([score for score, _ in expected], rel=tolerance, abs=tolerance)
    wanted = {identity for _, identity in expected}
    assert len(wanted & set(answer.ids)) >= len(expected) - 1


# --- collections ----------------------------------------------------------------------------------------------


def test_speaks_the_protocol(engine: Any) -> None:
    assert isinstance(engine, Engine)
    assert engine.info.kind in ("embedded", "server")
    assert engine.info.version


async def test_collections_come_and_go(engine: Any) -> None:
    assert await engine.collections() == ()
    for name in ("b", "a", "a__turbo-4bit", "Ünï cödé 100%"):
        await engine.create(single(name))
    assert await engine.collections() == tuple(sorted(("b", "a", "a__turbo-4bit", "Ünï cödé 100%")))
    with pytest.raises(Exists):
        await engine.create(single("a"))
    await engine.delete("a")
    assert "a" not in await engine.collections()
    for call in (engine.view("a"), engine.delete("a"), engine.count("a"), engine.build("a"), engine.evict("a")):
        with pytest.raises(NotFound):
            await call


async def test_a_new_collection_is_partial_until_it_is_built(engine: Any) -> None:
    await engine.create(single(), Origin(source="somewhere", expected_points=20))
    view = await engine.view("things")
    assert (view.status, view.points, view.expected_points, view.origin) == ("partial", 0, 20, "somewhere")
    await engine.upsert("things", batch(randoms(10, 16)))
    assert (await engine.view("things")).status == "partial"
    await engine.upsert("things", batch(randoms(10, 16), start=10))
    await engine.build("things")
    view = await engine.view("things")
    assert (view.status, view.points, view.segments) == ("green", 20, 1)


async def test_progress_of_a_load_is_remembered(engine: Any) -> None:
    await engine.create(single())
    assert await engine.loaded_rows("things") == 0
    await engine.mark("things", loaded_rows=7)
    assert await engine.loaded_rows("things") == 7


async def test_the_view_shows_what_was_asked_and_what_is_there(engine: Any) -> None:
    spec = single(method="scalar", size=32)
    await filled(engine, spec, randoms(50, 32))
    view = await engine.view("things")
    assert without_defaults(view.spec) == spec
    assert tuple(view.memory) == COMPONENTS
    vector = view.vector()
    assert vector.built.complete
    assert vector.indexed.complete
    assert (vector.vectors, vector.original_bytes, vector.quantized_bytes) == (50, 128, 36)
    assert vector.effective_rescore is False
    assert vector.measured_compression == pytest.approx(vector.theoretical_compression)
    with pytest.raises(KeyError):
        view.vector("other")


@pytest.mark.parametrize("m", [16, 0])
@pytest.mark.parametrize(("threshold", "built"), [(1, 1), (10_000, 0)])
async def test_without_quantization_what_is_indexed_is_built(engine: Any, threshold: int, built: int, m: int) -> None:
    await filled(engine, single(m=m, threshold=threshold), randoms(50, 16))
    vector = (await engine.view("things")).vector()
    assert vector.built == vector.indexed == Built(built, 1)
    assert (vector.quantized_bytes, vector.measured_compression) == (None, 1.0)


async def test_below_the_threshold_scalar_is_configured_and_not_built(engine: Any) -> None:
    await filled(engine, single(method="scalar", threshold=10_000), randoms(50, 16))
    vector = (await engine.view("things")).vector()
    assert (vector.built.segments, vector.built.of) == (0, 1)
    assert not vector.indexed.complete
    assert vector.quantized_bytes is None
    assert vector.measured_compression is None


async def test_reconfigure_sets_changes_and_drops_quantization_in_place(engine: Any) -> None:
    vectors = randoms(60, 32)
    await filled(engine, single(size=32), vectors)
    before = (await engine.query("things", vectors[3], EXACT)).value
    for name in ("binary", "turbo-4bit", "scalar"):
        seconds = await engine.reconfigure("things", Change(quantization=Quantization(name)))
        assert seconds >= 0
        view = await engine.view("things")
        assert view.vector().built.complete
        assert view.vector().spec.quantization == Quantization(name)
        formula = method(name).bytes_per_vector(32, Distance.COSINE)
        assert view.vector().quantized_bytes == pytest.approx(formula, rel=0.02)
        assert (view.status, view.points) == ("green", 60)
    await engine.reconfigure("things", Change(drop_quantization=True, placement=Placement.CACHED))
    view = await engine.view("things")
    assert view.vector().spec.quantization is None
    assert view.vector().measured_compression == 1.0
    assert view.vector().spec.placement is Placement.CACHED
    assert (await engine.query("things", vectors[3], EXACT)).value.ids == before.ids


# --- searching --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", list(Distance))
@pytest.mark.parametrize("name", ["", "text"])
async def test_exact_search_agrees_with_brute_force(engine: Any, distance: Distance, name: str) -> None:
    vectors, queries = randoms(80, 12), randoms(5, 12, seed=1)
    spec = single(size=12, distance=distance, name="things")
    spec = replace(spec, vectors=(replace(spec.vectors[0], name=name),))
    await filled(engine, spec, vectors)
    for query in queries:
        timed = await engine.query("things", query, EXACT, using=name)
        agree(timed.value, truth(spec.vectors[0], vectors, query))
        assert 0 < timed.engine_ms <= timed.round_trip_ms
        assert timed.value.payloads is None
    several = await engine.query_batch("things", list(queries), EXACT, using=name)
    assert len(several.value) == 5
    for query, answer in zip(queries, several.value, strict=True):
        agree(answer, truth(spec.vectors[0], vectors, query))


@pytest.mark.parametrize("distance", list(Distance))
async def test_multivectors_are_compared_by_maxsim(engine: Any, distance: Distance) -> None:
    vectors, queries = documents(40, 8), documents(4, 8, seed=1)
    spec = single(size=8, distance=distance, m=0, multivector=True)
    await filled(engine, spec, vectors)
    for query in queries:
        agree((await engine.query("things", query, EXACT)).value, truth(spec.vectors[0], vectors, query))
    view = await engine.view("things")
    if view.served is None:
        assert view.vector().vectors == sum(map(len, vectors))
    else:  # it says that it doesn't know
        assert view.vector().vectors == len(vectors)
        assert "tokens" in (view.served.unknown or {})


async def test_several_named_vectors_are_searched_apart(engine: Any) -> None:
    title, body, pages = randoms(50, 8), randoms(50, 24, seed=1), documents(50, 4, seed=2)
    spec = CollectionSpec(
        "things",
        (
            VectorSpec(8, Distance.DOT, "title", quantization=Quantization("binary")),
            VectorSpec(24, Distance.EUCLID, "body", quantization=Quantization("scalar")),
            VectorSpec(4, Distance.COSINE, "pages", multivector=True),
        ),
        indexing_threshold_kb=1,
    )
    await engine.create(spec)
    await engine.upsert("things", PointBatch(range(50), {"title": title, "body": body, "pages": pages}))
    await engine.build("things")
    columns: dict[str, Any] = {"title": title, "body": body, "pages": pages}
    for name, vectors in columns.items():
        found = await engine.query("things", vectors[7], EXACT, using=name)
        agree(found.value, truth(spec.vector(name), vectors, vectors[7]))
    with pytest.raises(UsageError):
        await engine.query("things", title[0], EXACT, using="other")
    with pytest.raises(UsageError):
        await engine.query("things", title[0], EXACT)
    (point,) = await engine.retrieve("things", [7], with_vectors=True)
    assert set(point.vectors) == {"title", "body", "pages"}
    assert point.vectors["title"] == pytest.approx(title[7].tolist(), abs=1e-6)
    assert np.shape(point.vectors["pages"]) == pages[7].shape


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith("product")] + ["product-x16"])
async def test_every_method_finds_the_nearest_with_enough_oversampling(engine: Any, name: str) -> None:
    if name in engine.info.refused:
        pytest.skip(engine.info.refused[name])
    vectors = randoms(120, 64)
    await filled(engine, single(size=64, method=None if name == "none" else name), vectors)
    search = SearchSettings(limit=5, hnsw_ef=128, rescore=True, oversampling=20.0)
    for row in (0, 7, 119):
        expected = truth(single(size=64).vectors[0], vectors, vectors[row], 5)
        agree((await engine.query("things", vectors[row], search)).value, expected, tolerance=1e-3)


@pytest.mark.parametrize(
    "search",
    [
        SearchSettings(limit=3),
        SearchSettings(limit=3, hnsw_ef=64),
        SearchSettings(limit=3, exact=True),
        SearchSettings(limit=3, ignore=True),
        SearchSettings(limit=3, rescore=True),
        SearchSettings(limit=3, rescore=False),
        SearchSettings(limit=3, rescore=True, oversampling=4.0, hnsw_ef=32),
        SearchSettings(limit=3, indexed_only=True),
        SearchSettings(limit=1000),
    ],
)
async def test_every_search_setting_is_taken(engine: Any, search: SearchSettings) -> None:
    vectors = randoms(80, 32)
    await filled(engine, single(size=32, method="turbo-4bit"), vectors)
    answer = (await engine.query("things", vectors[5], search)).value
    assert len(answer.ids) == min(search.limit, 80)
    assert answer.ids[0] == 5
    assert list(answer.scores) == sorted(answer.scores, reverse=True)


async def test_searching_nothing_finds_nothing(engine: Any) -> None:
    await engine.create(single())
    assert (await engine.query("things", randoms(1, 16)[0], SearchSettings())).value.ids == ()
    assert (await engine.query_batch("things", [], SearchSettings())).value == ()
    assert await engine.count("things") == 0
    assert (await engine.scroll("things")).points == ()


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
    for spec in (
        single(""),
        CollectionSpec("things", ()),
        single(size=0),
        single(method="no such method"),
    ):
        with pytest.raises(UsageError):
            await engine.create(spec)
    assert await engine.collections() == ()


async def test_closing_twice_is_harmless(engine: Any) -> None:
    await filled(engine, single(), randoms(5, 16))
    await engine.close()
    await engine.close()
