"""What lies beside vectors: payloads, queries, the sample, and the synthetic generator."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from importlib import resources

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtui.data.documents.finding import are_documents
from qtui.data.payload import JsonLines
from qtui.data.queries import held_out_rows
from qtui.data.samples import NAME, open_sample, titled_queries
from qtui.data.vectors import open_vectors, queries_of
from qtui.errors import DataError, NotFound, UsageError
from qtui.loads import SourceSpec
from qtui.model import Distance
from tests.data.writers import npy, random_vectors


def with_payload(tmp_path, rows: int, lines: str | bytes, limit: int | None = None, name: str = "p.jsonl"):
    npy(tmp_path / "x.npy", random_vectors(rows, 4))
    (tmp_path / name).write_bytes(lines.encode() if isinstance(lines, str) else lines)
    return open_vectors(SourceSpec("file", str(tmp_path / "x.npy"), payload=str(tmp_path / name), rows=limit))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_json_lines(ending, last, tmp_path):
    payloads = [{"n": n, "text": f"ligne {n} é"} if n % 7 else None for n in range(2500)]
    text = ending.join(json.dumps(payload, ensure_ascii=False) for payload in payloads) + (ending if last else "")
    with with_payload(tmp_path, 2500, text) as source:
        assert source.has_payload
        assert source.payloads(0, 10) + source.payloads(10, 2500) == payloads
        for start, stop in ((1023, 1026), (2047, 2050), (0, 1), (2499, 2500), (7, 7), (1024, 1024), (5, 9)):
            assert source.payloads(start, stop) == payloads[start:stop]
        assert source.payloads(2490, 9999) == payloads[2490:]


@pytest.mark.parametrize("chunk", [7, 64, 4096])
def test_lines_are_found_whatever_the_chunk(chunk, tmp_path, monkeypatch):
    monkeypatch.setattr("qtui.data.payload._CHUNK", chunk)
    monkeypatch.setattr("qtui.data.payload._STEP", 3)
    (tmp_path / "p.jsonl").write_text("".join(json.dumps({"n": "x" * (n % 11)}) + "\n" for n in range(50)))
    lines = JsonLines(tmp_path / "p.jsonl")
    assert lines.rows == 50
    for start in (49, 0, 17, 31, 3, 2):
        assert lines.read(start, start + 1) == [{"n": "x" * (start % 11)}]
    lines.close()


@pytest.mark.parametrize(
    ("lines", "limit", "kind", "says"),
    [
        ('{"a":1}\n' * 4, None, DataError, "has 4 payloads for 5 vectors"),
        ('{"a":1}\n' * 6, None, DataError, "has 6 payloads for 5 vectors"),
        ('{"a":1}\n' * 2, 3, DataError, "has 2 payloads for 3 vectors"),
        ('{"a":1}\n' * 2 + "{\n" + "{}\n" * 2, None, DataError, "line 3 of .*p.jsonl' is not JSON"),
        ('{"a":1}\n' * 2 + "\n" + "{}\n" * 2, None, DataError, "line 3 of .* is empty"),
        ('{"a":1}\n' * 2 + "[1]\n" + "{}\n" * 2, None, DataError, "line 3 of .* is not an object"),
        ('{"a":NaN}\n' * 5, None, DataError, "line 1 of .* is not JSON"),
        (b'{"a":"\xff"}\n' * 5, None, DataError, "line 1 of .* is not JSON"),
        ('{"a":' * 100_000 + "\n" + "{}\n" * 4, None, DataError, "line 1 of .* is not JSON"),
        ("", None, DataError, "is empty"),
    ],
)
def test_bad_payloads(lines, limit, kind, says, tmp_path):
    def read() -> None:
        with with_payload(tmp_path, 5, lines, limit) as source:
            source.payloads(0, 5)

    with pytest.raises(kind, match=says):
        read()


def test_a_line_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("qtui.data.payload._LONGEST_LINE", 1000)
    with with_payload(tmp_path, 1, '{"a": "' + "x" * 5000) as source, pytest.raises(DataError, match="longer than"):
        source.payloads(0, 1)


def test_payload_files_that_can_not_be_used(tmp_path):
    with pytest.raises(UsageError, match=r"give a \.jsonl or \.parquet"):
        with_payload(tmp_path, 1, "x", name="p.csv")
    with pytest.raises(NotFound):
        open_vectors(SourceSpec("file", str(tmp_path / "x.npy"), payload=str(tmp_path / "none.jsonl")))
    with pytest.raises(DataError, match=r"not a \.parquet file"):
        with_payload(tmp_path, 1, "x", name="p.parquet")


def test_more_payloads_than_the_rows_asked_for(tmp_path):
    with with_payload(tmp_path, 5, "".join(f'{{"n":{n}}}\n' for n in range(5)), 3) as source:
        assert source.payloads(0, 5) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_parquet_columns_are_the_payload(tmp_path):
    vectors = random_vectors(30, 4)
    when = dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)
    table = pa.table(
        {
            "title": [f"t{n}" for n in range(30)],
            "vector": list(vectors),
            "when": [when] * 30,
            "deep": [{"tags": ["a", "b"], "raw": b"\x01\xff"}] * 30,
            "gap": [None if n % 2 else n for n in range(30)],
        }
    )
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=7)
    npy(tmp_path / "x.npy", vectors)
    pq.write_table(table.drop(["vector"]), tmp_path / "p.parquet")

    def expected(n):
        deep = {"tags": ["a", "b"], "raw": "01ff"}
        gap = None if n % 2 else n
        return {"title": f"t{n}", "when": "2026-01-31T10:00:00+00:00", "deep": deep, "gap": gap}

    specs = (
        SourceSpec("file", str(tmp_path / "x.parquet")),
        SourceSpec("file", str(tmp_path / "x.npy"), payload=str(tmp_path / "p.parquet")),
    )
    for spec in specs:
        with open_vectors(spec) as source:
            assert source.payloads(0, 4) + source.payloads(4, 30) == [expected(n) for n in range(30)]
            for start, stop in ((20, 22), (0, 1), (0, 3), (29, 30), (13, 15), (15, 16)):
                assert source.payloads(start, stop) == [expected(n) for n in range(start, stop)]
            np.testing.assert_array_equal(source.rows_at([29, 0]), vectors[[29, 0]])


def test_a_parquet_file_of_vectors_alone_has_no_payload(tmp_path):
    pq.write_table(pa.table({"v": list(random_vectors(3, 4))}), tmp_path / "x.parquet")
    with open_vectors(SourceSpec("file", str(tmp_path / "x.parquet"))) as source:
        assert not source.has_payload
        assert source.payloads(0, 2) == [None, None]


@given(st.integers(2, 2000), st.integers(0, 2000), st.integers(0, 2**40))
def test_held_out_rows(rows, n, seed):
    n %= rows
    drawn = held_out_rows(rows, n, seed)
    assert drawn.dtype == np.int64
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    assert len(drawn) == n
    assert n == 0 or 0 <= drawn[0] <= drawn[-1] < rows
    np.testing.assert_array_equal(drawn, held_out_rows(rows, n, seed))


def test_held_out_queries_are_the_rows(tmp_path):
    vectors = random_vectors(50, 4)
    npy(tmp_path / "x.npy", vectors)
    with open_vectors(SourceSpec("file", str(tmp_path / "x.npy"))) as source:
        queries = source.held_out(10, 3, Distance.COSINE)
        assert queries.rows is not None
        assert queries.origin == "held-out"
        np.testing.assert_array_equal(queries.vectors, vectors[queries.rows])
    assert held_out_rows(50, 10, 3).tolist() != held_out_rows(50, 10, 4).tolist()


def test_queries_from_a_file(tmp_path):
    npy(tmp_path / "x.npy", random_vectors(20, 4))
    queries = random_vectors(9, 4, seed=1)
    npy(tmp_path / "q.npy", queries)
    np.savez(tmp_path / "m.npz", vectors=queries, offsets=[0, 4, 9])
    (tmp_path / "q.jsonl").write_text("".join(json.dumps({"title": f"q{n}"}) + "\n" for n in range(9)))
    asked = SourceSpec("file", str(tmp_path / "q.npy"))
    with open_vectors(SourceSpec("file", str(tmp_path / "x.npy"))) as source:
        found = queries_of(replace(asked, payload=str(tmp_path / "q.jsonl")), source, Distance.COSINE)
        np.testing.assert_array_equal(found.vectors, queries)
        assert found.titles == tuple(f"q{n}" for n in range(9))
        assert len(queries_of(asked, source, Distance.COSINE, limit=4)) == 4
    with open_vectors(SourceSpec("file", str(tmp_path / "m.npz"))) as source:
        multi = queries_of(SourceSpec("file", str(tmp_path / "m.npz")), source, Distance.COSINE)
        assert [len(tokens) for tokens in multi.vectors] == [4, 5]


@pytest.mark.parametrize(
    ("said", "distance"), [("angular", Distance.COSINE), ("euclidean", Distance.EUCLID), ("hamming", None)]
)
def test_ann_benchmarks(said, distance, tmp_path):
    train, test = random_vectors(40, 4), random_vectors(6, 4, seed=1)
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["train"], file["test"] = train, test
        file.attrs["distance"] = said
    with open_vectors(SourceSpec("file", str(tmp_path / "x.hdf5"))) as source:
        queries = source.queries()
        assert queries is not None
        assert source.distance is distance
        np.testing.assert_array_equal(queries.vectors, test)
        np.testing.assert_array_equal(
            queries_of(SourceSpec("file", str(tmp_path / "x.hdf5")), source, Distance.COSINE, limit=4).vectors, test[:4]
        )


def test_ann_benchmarks_that_contradict_themselves(tmp_path):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["train"], file["test"] = random_vectors(40, 4), np.ones((2, 5))
    says = pytest.raises(DataError, match="5 components and vectors of 4")
    with open_vectors(SourceSpec("file", str(tmp_path / "x.hdf5"))) as source, says:
        source.queries()


def test_the_sample():
    folder = resources.files("qtui.data") / "sample"
    assert sum(len(entry.read_bytes()) for entry in folder.iterdir() if entry.is_file()) <= 5_000_000
    assert "WordNet 3.0 Copyright" in (folder / "LICENSE-WordNet.txt").read_text()
    with open_sample() as source:
        assert (source.rows, source.dimension) == (5000, 384)
        vectors = source.rows_at(range(5000))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        payloads = source.payloads(0, 5000)
        assert all(payload and set(payload) == {"word", "part", "text", "length"} for payload in payloads)
        assert all(payload and len(payload["text"]) == payload["length"] for payload in payloads)
        queries = source.queries()
        assert queries is not None
        assert queries.titles is not None
        assert len(queries) == len(queries.titles) == 300
        assert not {payload["text"] for payload in payloads if payload} & set(queries.titles)
        titled = titled_queries(f"{NAME} [0a]")
        assert len({query.title for query in titled}) == 12
        words = {query.title: (payloads[int((vectors @ query.vector).argmax())] or {})["word"] for query in titled}
        assert words["to move very fast on foot"] == "run"
        assert words["a tool for cutting wood"] == "power saw"
    with open_vectors(SourceSpec("sample", rows=100)) as source:
        assert source.rows == 100


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9000), st.integers(0, 8999), st.integers(0, 3))
def test_synthetic_rows_do_not_depend_on_how_they_are_read(size, start, seed):
    with open_vectors(SourceSpec("synthetic", rows=9000, dimension=8, seed=seed)) as source:
        whole = np.asarray(source.rows_at(range(9000)))
        parts = [block for _, block in source.blocks(size, start)]
        np.testing.assert_array_equal(np.concatenate(parts), whole[start:])
        np.testing.assert_array_equal(source.rows_at([start, 0, 8999]), whole[[start, 0, 8999]])


def test_synthetic_vectors():
    sources = [open_vectors(SourceSpec("synthetic", rows=5000, dimension=32, seed=seed)) for seed in (0, 1)]
    vectors = [source.rows_at(range(5000)) for source in sources]
    assert all(source.name.startswith("synthetic") for source in sources)
    np.testing.assert_allclose(np.linalg.norm(vectors[0], axis=1), 1, atol=1e-5)
    assert sources[0].fingerprint() != sources[1].fingerprint()
    assert not np.array_equal(vectors[0], vectors[1])
    nearest = np.sort(np.asarray(vectors[0][:50]) @ np.asarray(vectors[0]).T, axis=1)
    assert nearest[:, -2].mean() > 0.5, "rows of one cluster lie together"
    assert abs(nearest.mean()) < 0.1, "and clusters apart"
    with open_vectors(SourceSpec("synthetic", rows=10**12 // 4, dimension=4)) as huge:
        assert len(next(huge.blocks(10, 10**11))[1]) == 10


def test_a_file_of_vectors_is_one_whatever_its_name(tmp_path):
    for name in ("data[1].npy", "a*.npz"):
        (tmp_path / name).touch()
        assert not are_documents(str(tmp_path / name))
    (tmp_path / "notes[1]").touch()
    (tmp_path / "pages.npy").mkdir()
    assert not are_documents(str(tmp_path / "notes[1]"))
    assert are_documents(str(tmp_path / "pages.npy"))
    assert are_documents(str(tmp_path / "*"))
