"""Bytes per vector: the catalogue's formulas against the files that the engine writes, for every method."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from qtui.engine import files
from qtui.engine.base import PointBatch
from qtui.methods import METHODS, method
from qtui.model import CollectionSpec, Distance, Hnsw, Placement, Quantization, SearchSettings, VectorSpec
from tests.engine.making import documents, filled, opened, randoms, single

QUICK = [name for name, entry in METHODS.items() if entry.family not in ("none", "product")]
ROWS = 100
PRODUCT = [name for name, entry in METHODS.items() if entry.family == "product"]


@pytest.mark.parametrize(
    ("size", "distance"),  # each distance with two sizes, each size with two distances
    [(size, [*Distance, *Distance][at + more]) for at, size in enumerate((3, 60, 129, 384)) for more in (0, 1)],
)
async def test_formulas_equal_the_files(tmp_path: Path, size: int, distance: Distance) -> None:
    """All methods at once, as named vectors of one collection."""
    methods = QUICK + (PRODUCT if size <= 60 else [])
    rows = randoms(ROWS, size)
    vectors = tuple(
        VectorSpec(size, distance, name, quantization=Quantization(name), hnsw=Hnsw(m=0)) for name in methods
    )
    async with opened(tmp_path) as engine:
        await engine.create(CollectionSpec("all", vectors, indexing_threshold_kb=1, segments=1))
        await engine.upsert("all", PointBatch(range(ROWS), dict.fromkeys(methods, rows)))
        await engine.build("all")
        view = await engine.view("all")
        for found in view.vectors:
            name = found.spec.name
            expected = method(name).bytes_per_vector(size, distance)
            assert found.built.complete, name
            assert found.quantized_bytes == expected, name
            (data,) = tmp_path.glob(f"all/shard/segments/*/vector_storage-{name}/quantized.data")
            assert data.stat().st_size == ROWS * (expected or 0), name
            assert found.original_bytes == 4 * size
            assert found.vectors == ROWS


@pytest.mark.parametrize("name", ["scalar", "binary-2bit", "turbo-4bit", "product-x16"])
async def test_of_a_multivector_the_bytes_are_a_tokens(tmp_path: Path, name: str) -> None:
    docs = documents(60, 32)
    async with opened(tmp_path) as engine:
        await filled(engine, single(size=32, method=name, m=0, multivector=True), docs)
        vector = (await engine.view("things")).vector()
        assert vector.vectors == sum(map(len, docs))
        assert vector.quantized_bytes == method(name).bytes_per_vector(32, Distance.COSINE, multivector=True)
        assert vector.built.complete


@pytest.mark.parametrize("size", [3, 11, 16, 17, 21, 22, 33, 43, 65, 100, 130, 300])
async def test_binary_tokens_are_packed_in_small_words(tmp_path: Path, size: int) -> None:
    methods = [name for name in QUICK if name.startswith("binary")]
    docs = documents(120, size)
    vectors = tuple(
        VectorSpec(size, name=name, multivector=True, quantization=Quantization(name), hnsw=Hnsw(m=0))
        for name in methods
    )
    async with opened(tmp_path) as engine:
        await engine.create(CollectionSpec("all", vectors, indexing_threshold_kb=1))
        await engine.upsert("all", PointBatch(range(120), dict.fromkeys(methods, docs)))
        await engine.build("all")
        for found in (await engine.view("all")).vectors:
            expected = method(found.spec.name).bytes_per_vector(size, Distance.COSINE, multivector=True)
            assert found.quantized_bytes == expected, found.spec.name
            assert found.measured_compression == found.theoretical_compression


@pytest.mark.parametrize("name", ["binary", "binary-1.5bit", "binary-2bit", "turbo-1bit", "turbo-4bit", "turbo-8bit"])
async def test_appendable_segments_are_quantized_at_once(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(size=100, method=name, threshold=10_000), randoms(30, 100))
        vector = (await engine.view("things")).vector()
        assert vector.built.complete
        assert not vector.indexed.complete
        assert vector.quantized_bytes == method(name).bytes_per_vector(100, Distance.COSINE)


@pytest.mark.parametrize(("threshold", "scanned"), [(10_000, 1), (10, 0)])
async def test_a_graph_is_there_only_above_the_full_scan_threshold(
    tmp_path: Path, threshold: int, scanned: int
) -> None:
    vector = VectorSpec(32, hnsw=Hnsw(m=4, full_scan_threshold=threshold))
    queries = randoms(30, 32, seed=1)
    async with opened(tmp_path) as engine:
        spec = CollectionSpec("things", (vector,), indexing_threshold_kb=1, segments=1)
        await filled(engine, spec, randoms(2000, 32))
        view = (await engine.view("things")).vector()
        assert (view.indexed.complete, view.scanned) == (True, scanned)
        answers = [
            [(await engine.query("things", query, search)).value.ids for query in queries]
            for search in (SearchSettings(exact=True), SearchSettings(hnsw_ef=10))
        ]
        assert (answers[0] == answers[1]) == bool(scanned)


@pytest.mark.parametrize(("datatype", "width"), [("float32", 4), ("float16", 2), ("uint8", 1)])
async def test_originals_are_as_wide_as_their_datatype(tmp_path: Path, datatype: str, width: int) -> None:
    rows = np.random.default_rng(0).integers(0, 255, size=(30, 24)).astype(np.float32)
    async with opened(tmp_path) as engine:
        await filled(engine, single(size=24, distance=Distance.DOT, datatype=datatype), rows)
        vector = (await engine.view("things")).vector()
        assert (vector.original_bytes, vector.vectors) == (24 * width, 30)
        (point,) = await engine.retrieve("things", [3], with_vectors=True)
        assert point.vectors == {"": rows[3].tolist()}


@pytest.mark.parametrize(
    ("originals", "quantized", "is_on_heap"),
    [
        (Placement.COLD, Placement.PINNED, True),
        (Placement.COLD, Placement.CACHED, False),
        (Placement.COLD, Placement.COLD, False),
        (Placement.COLD, None, False),
        (Placement.CACHED, None, True),
    ],
)
async def test_heap_holds_what_is_pinned(
    tmp_path: Path, originals: Placement, quantized: Placement | None, *, is_on_heap: bool
) -> None:
    spec = VectorSpec(32, placement=originals, quantization=Quantization("scalar", placement=quantized))
    async with opened(tmp_path) as engine:
        await filled(engine, CollectionSpec("things", (spec,), indexing_threshold_kb=1), randoms(100, 32))
        memory = (await engine.view("things")).memory
    assert memory["quantized"].heap == (3600 if is_on_heap else 0)
    assert memory["originals"].heap == 0


def test_memory_counts_every_file_once(tmp_path: Path) -> None:
    inner = tmp_path / "shard" / "segments" / "x"
    places = {
        "originals": inner / "vector_storage-a" / "matrix.dat",
        "quantized": inner / "vector_storage" / "quantized_data" / "chunk_0.mmap",
        "graph": inner / "vector_index" / "links.bin",
        "payload": inner / "payload_index" / "n-map" / "data.bin",
        "other": tmp_path / "shard" / "wal" / "open-1",
    }
    for path in places.values():
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(10_000))
    memory = files.memory(tmp_path)
    for component, path in places.items():
        assert memory[component].disk == files.allocated(path)
    assert sum(found.disk or 0 for found in memory.values()) == files.disk_bytes(tmp_path)


def test_sparse_files_take_only_their_blocks(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    if not hasattr(path.stat(), "st_blocks"):
        pytest.skip("this system does not tell allocated blocks")
    assert files.allocated(path) < 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells resident pages")
def test_resident_pages_follow_eviction(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(1_000_000))
    if files.resident(path) != 1_000_000:
        pytest.skip("this file system keeps no page cache of its own")
    assert files.evict(tmp_path)
    found = files.resident(path)
    if found == 1_000_000:
        pytest.skip("this file system can't drop pages")
    assert found == 0
