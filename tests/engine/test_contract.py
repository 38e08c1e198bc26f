"""What every engine promises: one suite, run against the embedded engine and against the fake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qtui.engine.base import Engine, Origin, PointBatch
from qtui.errors import Exists, NotFound, UsageError
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

EXACT = SearchSettings(limit=10, exact=True)


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
    others = await engine.collections()  # of a real server; the suite leaves them alone
    made = ("b", "a", "a__turbo-4bit", "Ünï cödé 100%")
    assert not set(others) & set(made)
    for name in made:
        await engine.create(single(name))
    assert await engine.collections() == tuple(sorted((*made, *others)))
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
        assert (view.vector().vectors, view.documents) == (sum(map(len, vectors)), len(vectors))
    else:  # it says that it doesn't know
        assert view.vector().vectors == len(vectors)
        assert "tokens" in (view.served.unknown or {})
        assert view.documents is None


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
