from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from qtui.bench.truth import SourceTruth, Truth, TruthCache, cache_key
from qtui.bench.truthfile import read_truth
from qtui.data.vectors import open_vectors
from qtui.errors import BadSource, DataError, NotFound, UsageError
from qtui.loads import SourceSpec
from qtui.model import Distance
from tests.bench.runs import REQUEST, run

TABLE = np.array([[4, 0, 2], [1, 3, 0]])


def written(folder, suffix, table=TABLE):
    path = folder / f"truth{suffix}"
    if suffix == ".npy":
        np.save(path, table)
    elif suffix == ".npz":
        np.savez(path, neighbors=table)
    elif suffix == ".ivecs":
        np.concatenate([np.full((len(table), 1), table.shape[1]), table], axis=1).astype("<i4").tofile(path)
    else:
        with h5py.File(path, "w") as file:
            file["neighbors"] = table
    return str(path)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".ivecs", ".hdf5"])
def test_reads_every_format(suffix, tmp_path):
    truth = read_truth(written(tmp_path, suffix), queries=2, k=2, rows=5, distance=Distance.DOT)
    assert truth.ids == ((4, 0), (1, 3))
    assert "truth" in truth.how
    assert read_truth(written(tmp_path, suffix), queries=1, k=3, rows=5, distance=Distance.DOT).ids == ((4, 0, 2),)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"queries": 3}, "for 2 queries"),
        ({"k": 4}, "3 neighbours a query"),
        ({"rows": 4}, "other data"),
    ],
)
def test_refuses_what_does_not_fit(options, words, tmp_path):
    with pytest.raises(DataError, match=words):
        read_truth(written(tmp_path, ".npy"), distance=Distance.DOT, **({"queries": 2, "k": 3, "rows": 5} | options))


@pytest.mark.parametrize(
    "table", [np.array([1, 2]), np.ones((2, 3)), np.array([[1, 1], [2, 3]]), np.array([[-1, 2], [2, 3]])]
)
def test_refuses_what_is_no_table_of_rows(table, tmp_path):
    with pytest.raises(DataError):
        read_truth(written(tmp_path, ".npy", table), queries=2, k=2, rows=9, distance=Distance.DOT)


def test_refuses_neighbours_by_another_distance(tmp_path):
    path = written(tmp_path, ".hdf5")
    with h5py.File(path, "a") as file:
        file.attrs["distance"] = "euclidean"
    assert read_truth(path, queries=2, k=2, rows=5, distance=Distance.EUCLID).ids == ((4, 0), (1, 3))
    with pytest.raises(UsageError, match="by euclid, the run searches by dot"):
        read_truth(path, queries=2, k=2, rows=5, distance=Distance.DOT)


def test_refuses_files_that_it_cannot_read(tmp_path):
    with pytest.raises(NotFound):
        read_truth(str(tmp_path / "none.npy"), queries=1, k=1, rows=5, distance=Distance.DOT)
    for name, raw in (
        ("t.npy", b"nonsense"),
        ("t.ivecs", b"\3\0\0\0\1\0\0\0"),
        ("t.ivecs", b""),
        ("t.hdf5", b"x"),
        ("t.npz", b"x"),
    ):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(DataError):
            read_truth(str(tmp_path / name), queries=1, k=1, rows=5, distance=Distance.DOT)
    (tmp_path / "t.csv").write_text("1,2")
    with pytest.raises(UsageError):
        read_truth(str(tmp_path / "t.csv"), queries=1, k=1, rows=5, distance=Distance.DOT)


async def test_a_run_takes_its_truth_from_the_file(home, tmp_path):
    vectors = np.random.default_rng(1).standard_normal((60, 8)).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    np.save(tmp_path / "q.npy", vectors[:30] + 0.01)
    # a wrong one on purpose: recall must follow it
    table = (np.arange(30)[:, None] + np.arange(5)[None, :] + 30) % 60
    request = replace(
        REQUEST,
        source=SourceSpec("file", path=str(tmp_path / "v.npy")),
        queries_file=str(tmp_path / "q.npy"),
        queries=0,
        truth_file=written(tmp_path, ".npy", table),
    )
    ran = await run(request, home)
    assert ran.record.dataset.query_origin == "file"
    assert ran.record.dataset.truth is not None
    assert "truth.npy" in ran.record.dataset.truth.how
    assert [line["ids"] for line in ran.lines() if "truth" in line] == table.tolist()
    assert ran.record.measurements[0].recall is not None
    assert ran.record.measurements[0].recall.mean < 0.5


def test_the_cache_tells_apart_all_that_an_answer_depends_on():
    queries = np.eye(3, dtype=np.float32)
    keys = {
        cache_key("a", queries, 5, Distance.DOT, None),
        cache_key("b", queries, 5, Distance.DOT, None),
        cache_key("a", queries[:2], 5, Distance.DOT, None),
        cache_key("a", queries * 2, 5, Distance.DOT, None),
        cache_key("a", queries, 6, Distance.DOT, None),
        cache_key("a", queries, 5, Distance.COSINE, None),
        cache_key("a", queries, 5, Distance.DOT, np.array([True, False])),
        cache_key("a", queries, 5, Distance.DOT, np.array([True, True])),
    }
    assert len(keys) == 8


def test_a_row_that_cannot_be_searched_is_named_while_the_truth_is_sought(tmp_path):
    vectors = np.ones((300, 4), dtype=np.float32)
    vectors[207, 1] = np.nan
    np.save(tmp_path / "x.npy", vectors)
    with open_vectors(SourceSpec("file", str(tmp_path / "x.npy"))) as source:
        search = SourceTruth(source, vectors[:2], 3, Distance.DOT)
        with pytest.raises(BadSource, match=r"row 207 of 'x\.npy' has a value that is not finite"):
            list(search.steps())


def test_a_cached_answer_is_whole_or_not_there(tmp_path):
    cache = TruthCache(tmp_path / "truth")
    truth = Truth(((3, 1), (2,), ()), 1, "x")
    assert cache.get("key", 3, "exact") is None
    cache.put("key", truth, 2)
    found = cache.get("key", 3, "exact")
    assert found is not None
    assert (found.ids, found.tied, found.how) == (truth.ids, 1, "exact (from the cache)")
    assert cache.get("key", 4, "exact") is None
    (path,) = (tmp_path / "truth").iterdir()
    path.rename(path.with_name("other.truth"))
    assert cache.get("other", 3, "exact") is None
