"""What must not reach the native engine: each panics, hangs, poisons the log or alters data there."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtui.engine.base import PointBatch
from qtui.errors import DataError, DiskFull, NotFound, QtuiError, UsageError
from qtui.filters import Filter, Match, Range
from qtui.model import CollectionSpec, Distance, Hnsw, Quantization, SearchSettings, VectorSpec
from tests.engine.making import batch, documents, filled, opened, randoms, single


def vector(**changes: Any) -> CollectionSpec:
    spec = single()
    return replace(spec, vectors=(replace(spec.vectors[0], **changes),))


SPECS: dict[str, CollectionSpec] = {
    "size 0": vector(size=0),
    "negative size": vector(size=-1),
    "huge size": vector(size=8_388_609),
    "unknown datatype": vector(datatype="float8"),
    "huge m": vector(hnsw=Hnsw(m=2**63)),
    "negative m": vector(hnsw=Hnsw(m=-1)),
    "ef_construct 0": vector(hnsw=Hnsw(ef_construct=0)),
    "huge ef_construct": vector(hnsw=Hnsw(ef_construct=2**63)),
    "huge scan threshold": vector(hnsw=Hnsw(full_scan_threshold=2**63)),
    "quantile NaN": vector(quantization=Quantization("scalar", quantile=float("nan"))),
    "quantile 0": vector(quantization=Quantization("scalar", quantile=0.0)),
    "quantile infinite": vector(quantization=Quantization("scalar", quantile=float("inf"))),
    "quantile of binary": vector(quantization=Quantization("binary", quantile=0.9)),
    "quantization none": vector(quantization=Quantization("none")),
    "unknown method": vector(quantization=Quantization("octal")),
    "unknown query encoding": vector(quantization=Quantization("binary", query_encoding="sixbits")),
    "query encoding of turbo": vector(quantization=Quantization("turbo-4bit", query_encoding="binary")),
    "negative threshold": replace(single(), indexing_threshold_kb=-1),
    "huge threshold": replace(single(), indexing_threshold_kb=2**63),
    "0 segments": replace(single(), segments=0),
    "no vectors": CollectionSpec("things", ()),
    "one name twice": CollectionSpec("things", (VectorSpec(3), VectorSpec(4))),
    "vector name with a slash": vector(name="a/b"),
    "vector name that climbs": vector(name=".."),
    "vector name with a control": vector(name="a\x1bb"),
    "long vector name": vector(name="x" * 101),
    "unknown index": replace(single(), payload_indexes={"a": "geometry"}),
    "index without a field": replace(single(), payload_indexes={"": "integer"}),
    "index of no path": replace(single(), payload_indexes={"a[": "integer"}),
}
NAMES = [
    "",
    " ",
    ".",
    "..",
    "a/b",
    "../up",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a\x1b[1m",
    "\ud800",
    "x" * 201,
    "ü" * 100,
    " a",
    "C:a",
]


@pytest.mark.parametrize("what", SPECS)
async def test_settings(tmp_path: Path, what: str) -> None:
    async with opened(tmp_path) as engine:
        with pytest.raises(UsageError) as caught:
            await engine.create(SPECS[what])
        assert "\n" not in caught.value.text
        assert await engine.collections() == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
async def test_names_of_collections(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path / "store") as engine:
        with pytest.raises(UsageError) as caught:
            await engine.create(single(name))
        assert caught.value.text.isprintable()
        for call in (engine.view(name), engine.count(name), engine.delete(name)):
            with pytest.raises(UsageError):
                await call
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.b", "100%", "a b", "%41", "ünï", "日本", ".hidden", "end.", "con", "-x", "a'b;c"])
async def test_names_that_are_fine_keep_to_the_store(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path / "store") as engine:
        await engine.create(single(name))
        assert await engine.collections() == (name,)
        assert (await engine.view(name)).name == name
        await engine.delete(name)
        assert await engine.collections() == ()


def nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return {"k": value}


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


PAYLOADS: dict[str, Any] = {
    "NaN": {"a": float("nan")},
    "infinity": {"a": [float("inf")]},
    "number as key": {1: 2},
    "number as inner key": {"a": {"b": {3: 4}}},
    "beyond 64 bits": {"a": 2**64},
    "below 64 bits": {"a": {"b": -(2**63) - 1}},
    "lone surrogate": {"a": "\ud800"},
    "lone surrogate in a key": {"\ud800": 1},
    "bytes": {"a": b"xx"},
    "time": {"a": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)},
    "set": {"a": {1}},
    "not an object": [1],
    "too deep": nested(123),
    "far too deep": nested(20_000),
    "cyclic": cyclic(),
}


@pytest.mark.parametrize("what", PAYLOADS)
async def test_payloads(tmp_path: Path, what: str) -> None:
    async with opened(tmp_path) as engine:
        await engine.create(single())
        with pytest.raises(DataError) as caught:
            await engine.upsert("things", PointBatch([1, 2], {"": randoms(2, 16)}, [{"fine": 1}, PAYLOADS[what]]))
        assert "'2'" in caught.value.text
        assert caught.value.text.isprintable()
        assert await engine.count("things") == 0


async def test_the_largest_payloads_survive_a_reload(tmp_path: Path) -> None:
    payloads: list[Any] = [nested(98), {"a": "x" * 5_000_000, "": {}, "n": [2**64 - 1, -(2**63), 1e308]}, None]
    async with opened(tmp_path) as engine:
        await engine.create(single())
        await engine.upsert("things", batch(randoms(3, 16), payloads=payloads))
    async with opened(tmp_path) as engine:
        points = await engine.retrieve("things", [0, 1, 2])
        assert [point.payload for point in points] == [payloads[0], payloads[1], {}]


@pytest.mark.parametrize("ids", [[True], [1.0], [None], ["5"], [-1], [2**64], [[1]], [1, 1], [b"x"]])
async def test_ids(tmp_path: Path, ids: list[Any]) -> None:
    async with opened(tmp_path) as engine:
        await engine.create(single())
        with pytest.raises(DataError):
            await engine.upsert("things", PointBatch(ids, {"": randoms(len(ids), 16)}))
        unique = uuid.UUID(int=7)
        with pytest.raises(DataError, match="twice"):
            await engine.upsert("things", PointBatch([str(unique), unique.hex], {"": randoms(2, 16)}))
        assert await engine.count("things") == 0


SINGLES: dict[str, tuple[dict[str, Any], Any]] = {
    "texts": ({}, np.array([["a"] * 16])),
    "complex": ({}, np.ones((1, 16), complex)),
    "three axes": ({}, np.ones((1, 1, 16))),
    "ragged": ({}, [[1.0] * 16, [1.0]]),
    "beyond float32": ({}, np.full((1, 16), 1e300)),
    "squares overflow": ({"distance": Distance.EUCLID}, np.full((1, 16), 1e18)),
    "beyond float16": ({"distance": Distance.DOT, "datatype": "float16"}, np.full((1, 16), 1e5)),
    "fraction in uint8": ({"distance": Distance.DOT, "datatype": "uint8"}, np.full((1, 16), 1.5)),
    "negative in uint8": ({"distance": Distance.DOT, "datatype": "uint8"}, np.full((1, 16), -1)),
    "beyond uint8": ({"distance": Distance.DOT, "datatype": "uint8"}, np.full((1, 16), 256)),
}


@pytest.mark.parametrize("what", SINGLES)
async def test_vectors(tmp_path: Path, what: str) -> None:
    options, rows = SINGLES[what]
    async with opened(tmp_path) as engine:
        await engine.create(single(**options))
        with pytest.raises(DataError):
            await engine.upsert("things", PointBatch(range(len(rows)), {"": rows}))
        assert await engine.count("things") == 0


MULTIVECTORS: dict[str, Any] = {
    "no tokens": np.empty((0, 16), np.float32),
    "ragged": [[1.0] * 16, [1.0] * 15],
    "one axis": np.ones(16),
    "wrong size": np.ones((2, 15)),
    "NaN": np.full((2, 16), np.nan),
    "zero token": np.concatenate([np.ones((1, 16)), np.zeros((1, 16))]),
    "too many tokens": np.broadcast_to(np.float32(1), (2**19 + 1, 16)),
}


@pytest.mark.parametrize("what", MULTIVECTORS)
async def test_multivectors(tmp_path: Path, what: str) -> None:
    async with opened(tmp_path) as engine:
        await engine.create(single(m=0, multivector=True))
        with pytest.raises(DataError):
            await engine.upsert("things", PointBatch([1, 2], {"": [np.ones((2, 16), np.float32), MULTIVECTORS[what]]}))
        assert await engine.count("things") == 0
    async with opened(tmp_path) as engine:
        await engine.upsert("things", PointBatch([1], {"": documents(1, 16)}))
        if what not in ("one axis", "too many tokens"):
            with pytest.raises(DataError):
                await engine.query("things", MULTIVECTORS[what], SearchSettings())
        assert (await engine.query("things", np.ones(16, np.float32), SearchSettings())).value.ids == (1,)


async def test_names_of_vectors_must_be_the_collections(tmp_path: Path) -> None:
    spec = CollectionSpec("things", (VectorSpec(4, name="a"), VectorSpec(4, name="b")))
    rows = randoms(2, 4)
    async with opened(tmp_path) as engine:
        await engine.create(spec)
        wrong: list[dict[str, Any]] = [{}, {"a": rows}, {"": rows}, {"a": rows, "b": rows, "c": rows}]
        for vectors in wrong:
            with pytest.raises(DataError):
                await engine.upsert("things", PointBatch([1, 2], vectors))
        await engine.upsert("things", PointBatch([], {"a": rows[:0], "b": rows[:0]}))
        assert await engine.count("things") == 0


SETTINGS = {
    "limit 0": SearchSettings(limit=0),
    "huge limit": SearchSettings(limit=2**63),
    "ef 0": SearchSettings(hnsw_ef=0),
    "huge ef": SearchSettings(hnsw_ef=2**40),
    "oversampling below 1": SearchSettings(oversampling=0.5),
    "oversampling NaN": SearchSettings(oversampling=float("nan")),
    "oversampling infinite": SearchSettings(oversampling=float("inf")),
}
DEEP = Filter(must=(Match("a", value=1),))
for _ in range(100):
    DEEP = Filter(must_not=(DEEP,))
FILTERS = {
    "deep": DEEP,
    "NaN": Filter(must=(Range("a", gt=float("nan")),)),
    "bad time": Filter(must=(Range("a", gt="yesterday"),)),
    "time and number": Filter(must=(Range("a", gt="2024-01-01T00:00:00Z", lt=5),)),
    "bad path": Filter(must=(Match("a[", value=1),)),
    "no path": Filter(must=(Match("", value=1),)),
    "beyond 64 bits": Filter(must=(Match("a", value=2**63),)),
    "nothing": Filter(must=(Match("a"),)),
    "lone surrogate": Filter(must=(Match("a", value="\ud800"),)),
    "mixed exclusion": Filter(must=(Match("a", none_of=(1, "x")),)),
}


async def test_searches(tmp_path: Path) -> None:
    rows = randoms(30, 16)
    async with opened(tmp_path) as engine:
        spec = replace(single(method="scalar"), payload_indexes={"a": "float"})
        await filled(engine, spec, rows, payloads=[{"a": 1.5}] * 30)
        for settings in SETTINGS.values():
            with pytest.raises(UsageError):
                await engine.query("things", rows[0], settings)
        for filter_ in FILTERS.values():
            for call in (
                engine.query("things", rows[0], SearchSettings(), filter_=filter_),
                engine.count("things", filter_),
                engine.scroll("things", filter_=filter_),
            ):
                with pytest.raises(UsageError):
                    await call
        for limit in (0, -1, 10_001):
            with pytest.raises(UsageError):
                await engine.scroll("things", limit=limit)
        with pytest.raises(DataError):
            await engine.scroll("things", offset="no id")
        with pytest.raises(DataError):
            await engine.retrieve("things", [-1])
        assert await engine.count("things") == 30


@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1.0, 1e4, 1e25])
async def test_length_means_nothing_under_cosine(tmp_path: Path, scale: float) -> None:
    rows = randoms(30, 16)
    async with opened(tmp_path) as engine:
        await filled(engine, single(), (rows.astype(np.float64) * scale).astype(np.float32))
        for query in (rows[3], (rows[3] * np.float32(scale)).astype(np.float32)):
            found = (await engine.query("things", query, SearchSettings(limit=1))).value
            assert found.ids == (3,)
            assert found.scores[0] == pytest.approx(1, abs=1e-5)


async def test_a_full_disk_is_seen_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = randoms(30, 16)
    async with opened(tmp_path) as engine:
        await filled(engine, single(), rows)
        usage = __import__("shutil").disk_usage(tmp_path)
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1_000_000))
        for call in (engine.upsert("things", batch(rows)), engine.build("things")):
            with pytest.raises(DiskFull):
                await call
        assert (await engine.query("things", rows[3], SearchSettings())).value.ids[0] == 3


@pytest.mark.parametrize("threads", [0, 65, 100_000])
async def test_search_threads(tmp_path: Path, threads: int) -> None:
    from qtui.engine.open import open_embedded

    with pytest.raises(QtuiError):
        await open_embedded(tmp_path, search_threads=threads)


async def test_a_store_that_is_a_file(tmp_path: Path) -> None:
    from qtui.engine.open import open_embedded

    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(QtuiError):
            await open_embedded(path)


async def test_looking_for_collections_makes_no_folder(tmp_path: Path) -> None:
    async with opened(tmp_path / "mistyped" / "store") as engine:
        assert await engine.collections() == ()
        with pytest.raises(NotFound):
            await engine.view("a")
    assert not list(tmp_path.iterdir())
