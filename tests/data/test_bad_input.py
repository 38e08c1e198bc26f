"""Every bad input costs one clear line of the right type, and leaves nothing open."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qtui.data.checks import check
from qtui.data.vectors import _FORMATS, open_vectors, queries_of
from qtui.errors import AccessError, BadSource, DataError, NotFound, QtuiError, UsageError
from qtui.loads import SourceSpec
from qtui.model import Distance
from qtui.searching.asked import SUFFIXES
from tests.data.writers import WRITERS, random_vectors, sample_for, vecs


def read_all(path: Path, **more) -> None:
    with open_vectors(SourceSpec("file", str(path), **more)) as source:
        for start, block in source.blocks(16):
            check(block, start, Distance.COSINE, source.row_name)
            source.payloads(start, start + len(block))


def refusal(path: Path, kind: type[QtuiError], **more) -> str:
    """The message of opening and reading all of a file, which must fail with `kind` itself."""
    with pytest.raises(QtuiError) as raised:
        read_all(path, **more)
    assert type(raised.value) is kind, raised.value
    assert raised.value.text.isprintable()
    return raised.value.text


def test_every_file_that_is_taken_for_vectors_can_be_read_as_such():
    assert set(SUFFIXES) == {*_FORMATS, ".h5"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_that_are_not_there_or_hold_nothing(suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    assert "no file" in refusal(path, NotFound)
    path.touch()
    assert "is empty" in refusal(path, DataError)
    path.unlink()
    path.mkdir()
    assert "is a folder" in refusal(path, UsageError)
    assert "no file" in refusal(path / "in" / "x.npy", NotFound)


@pytest.mark.skipif(os.name != "posix", reason="permissions and devices of POSIX")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_that_may_not_be_read(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"x")

    def refuse(self, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "not allowed to read" in refusal(path, AccessError)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    assert "not a regular file" in refusal(tmp_path / "x.npy", UsageError)


@pytest.mark.parametrize("text", ["a\0b.npy", "x" * 5000 + ".npy", "\x1b[31m.npy"])
def test_odd_names(text):
    with pytest.raises(QtuiError) as raised:
        open_vectors(SourceSpec("file", text))
    assert raised.value.text.isprintable()


@pytest.mark.parametrize("kind", WRITERS)
def test_truncated_anywhere(kind, tmp_path):
    """Cut at any byte, a file is refused, or still holds whole rows with the right content (row by row formats)."""
    suffix, dtype, write = WRITERS[kind]
    vectors = sample_for(dtype, 20, 8)
    whole = tmp_path / f"whole{suffix}"
    write(whole, vectors)
    data = whole.read_bytes()
    path = tmp_path / f"x{suffix}"
    for cut in sorted({1, 3, 5, 9, 60, 127, 128, len(data) // 2, len(data) - 9, len(data) - 1}):
        path.write_bytes(data[:cut])
        try:
            with open_vectors(SourceSpec("file", str(path))) as source:
                rows = np.concatenate([np.asarray(block) for _, block in source.blocks(7)])
        except DataError as error:
            assert error.text.isprintable()  # noqa: PT017  # either outcome may be right here
        else:
            assert suffix in (".fvecs", ".bvecs"), f"cut at {cut} of {len(data)} went unnoticed"
            np.testing.assert_array_equal(rows, vectors[: len(rows)].astype(np.float32))


@pytest.mark.parametrize("kind", WRITERS)
def test_garbled_bytes_never_crash(kind, tmp_path):
    suffix, dtype, write = WRITERS[kind]
    whole = tmp_path / f"whole{suffix}"
    write(whole, sample_for(dtype, 20, 8))
    data = whole.read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / f"x{suffix}"
    for _ in range(40):
        garbled = bytearray(data)
        for at in random.integers(0, min(len(data), 300), size=3):
            garbled[at] = random.integers(256)
        path.write_bytes(garbled)
        try:
            with open_vectors(SourceSpec("file", str(path))) as source:
                assert sum(len(block) for _, block in source.blocks(7)) == source.rows
        except QtuiError as error:
            assert error.text.isprintable()  # noqa: PT017  # reading it is right as well


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.npy", b"PK\x03\x04" + bytes(40), "is a .npz file by its content"),
        ("x.parquet", b"\x93NUMPY" + bytes(40), "is a .npy file by its content"),
        ("x.fvecs", b"\x89HDF\r\n\x1a\n" + bytes(40), "is a .hdf5 file by its content"),
        ("x.fbin", b"PAR1" + bytes(40), "is a .parquet file by its content"),
        ("x.npy", pickle.dumps([1.0]), "is not a .npy file by its content, but pickle"),
        ("x.npz", b"\x1f\x8b" + bytes(40), "but gzip"),
        ("x.hdf5", b"version https://git-lfs.github.com/spec/v1\n", "but Git LFS pointer"),
        ("x.parquet", b"<!DOCTYPE html>", "but HTML"),
        ("x.csv", b"1,2,3\n", "its name must end in"),
        ("x", b"1", "its name must end in"),
        ("x.npy", b"\x93NUMPY\x09\x00" + bytes(40), "damaged array header"),
        ("x.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "damaged array header"),
        ("x.npy", b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16, "damaged array header"),
        ("x.fvecs", struct.pack("<i", 0) + bytes(20), "starts with a size of 0"),
        ("x.bvecs", struct.pack("<i", -4) + bytes(20), "starts with a size of -4"),
        ("x.fvecs", b"\x01", "ends in the middle"),
        ("x.fbin", struct.pack("<ii", 0, 4), "says 0 rows"),
        ("x.fbin", struct.pack("<ii", 2, 4) + bytes(36), "longer than its header says"),
        ("x.u8bin", struct.pack("<ii", 2**31 - 1, 2**23), "is truncated"),
    ],
)
def test_mislabelled_or_damaged(name, content, says, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert says in refusal(tmp_path / name, DataError)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.array([{"a": 1}], dtype=object), "never unpickled"),
        (np.zeros(5), "is a 1-d array"),
        (np.float32(3), "is a 0-d array"),
        (np.zeros((2, 2, 2, 2)), "is a 4-d array"),
        (np.zeros((0, 4)), "holds no vectors"),
        (np.zeros((4, 0)), "holds no vectors"),
        (np.zeros((3, 0, 4)), "holds no vectors"),
        (np.zeros(3, dtype=[("x", "f4"), ("y", "f4")]), "structures of fields"),
        (np.array([["a", "b"]]), "not numbers"),
        (np.ones((2, 2), dtype=complex), "not numbers"),
        (np.ones((2, 2), dtype=bool), "not numbers"),
        (np.array([["2020-01-01"]], dtype="datetime64[D]"), "not numbers"),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays_that_are_no_vectors(array, says, suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    if suffix == ".npy":
        np.save(path, array, allow_pickle=True)
    else:
        np.savez_compressed(path, vectors=array)
    assert says in refusal(path, DataError)


def test_pickles_are_never_loaded(tmp_path):
    """An object array whose unpickling would leave a mark."""

    class Mark:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "mark"),)

    np.save(tmp_path / "x.npy", np.array([Mark()], dtype=object), allow_pickle=True)
    refusal(tmp_path / "x.npy", DataError)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("offsets", "says"),
    [
        ([0, 3, 2, 10], "row 1 in"),
        ([0, 3, 3, 10], "is empty"),
        ([-1, 3, 10], "must run from 0 to 10"),
        ([0, 3, 9], "must run from 0 to 10"),
        ([0, 12, 10], "go back"),
        ([0], "one more than there are rows"),
        ([[0, 10]], "must be a list"),
        ([0.0, 10.0], "whole numbers"),
        (np.array([0, 2**64 - 1, 10], dtype=np.uint64), "reach past"),
    ],
)
def test_bad_offsets(offsets, says, tmp_path):
    np.savez(tmp_path / "x.npz", vectors=np.ones((10, 4), dtype=np.float32), offsets=np.array(offsets))
    assert says in refusal(tmp_path / "x.npz", DataError)


def test_an_npz_of_several_arrays_without_vectors(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones((2, 2)), b=np.ones((2, 2)))
    assert "holds the arrays 'a', 'b'; its vectors must be called 'vectors'" in refusal(tmp_path / "x.npz", DataError)


def test_a_header_that_disagrees_with_its_member(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive, archive.open("vectors.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 99)})
        member.write(bytes(400))
    assert "header and its size disagree" in refusal(tmp_path / "x.npz", DataError)


def test_ragged_records_say_which_row(tmp_path):
    path = tmp_path / "x.fvecs"
    vecs(path, random_vectors(30, 4))
    data = bytearray(path.read_bytes())
    data[20 * 17 : 20 * 17 + 4] = struct.pack("<i", 5)
    path.write_bytes(data)
    assert "row 17 in" in refusal(path, DataError)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda v: v.__setitem__((41, 2), np.nan), "row 41 of 'x.npy' has a value that is not finite"),
        (lambda v: v.__setitem__((41, 2), -np.inf), "row 41 of 'x.npy' has a value that is not finite"),
        (lambda v: v.__setitem__(41, 0), "row 41 of 'x.npy' is all zeros"),
        (lambda v: v.__setitem__(41, 1e-6), "row 41 of 'x.npy' is too short"),
        (lambda v: v.__setitem__(41, 1e20), "row 41 of 'x.npy' is too long"),
    ],
)
def test_vectors_that_can_not_be_compared(spoil, says, tmp_path):
    vectors = random_vectors(60, 4)
    spoil(vectors)
    np.save(tmp_path / "x.npy", vectors)
    assert says in refusal(tmp_path / "x.npy", BadSource)


def test_float64_beyond_float32(tmp_path):
    vectors = np.ones((5, 4))
    vectors[3, 1] = 1e300
    np.save(tmp_path / "x.npy", vectors)
    assert "row 3 of 'x.npy' has a value that is not finite" in refusal(tmp_path / "x.npy", BadSource)


def test_tokens_are_named(tmp_path):
    flat = random_vectors(10, 4)
    flat[6] = 0
    np.savez(tmp_path / "x.npz", vectors=flat, offsets=[0, 2, 5, 10])
    assert "row 2 of 'x.npz', token 1, is all zeros" in refusal(tmp_path / "x.npz", BadSource)


@pytest.mark.parametrize("distance", [Distance.DOT, Distance.EUCLID, Distance.MANHATTAN])
def test_what_only_cosine_refuses(distance):
    block = np.array([[0, 0], [1e20, 1e20], [1e-30, 0]], dtype=np.float32)
    check(block, 0, distance, str)
    block[1, 1] = np.inf
    with pytest.raises(BadSource):
        check(block, 0, distance, str)


def test_hdf5_without_vectors(tmp_path):
    path = tmp_path / "x.hdf5"
    with h5py.File(path, "w") as file:
        file["test"] = np.ones((2, 2))
        file.create_group("group")
    assert "has no data set 'train', only 'group', 'test'; call" in refusal(path, DataError)
    with h5py.File(path, "w") as file:
        file.create_group("train")
    assert "no data set 'train'" in refusal(path, DataError)
    with h5py.File(path, "w") as file:
        file["train"] = np.ones(4)
    assert "must be (rows, size)" in refusal(path, DataError)
    with h5py.File(path, "w") as file:
        file["train"] = ["a", "b"]
    assert "not numbers" in refusal(path, DataError) or "objects" in refusal(path, DataError)


def test_parquet_without_vectors(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": [1], "text": ["a"]}), path)
    assert "no column with lists of numbers, only 'id' (int64), 'text' (string)" in refusal(path, DataError)
    pq.write_table(pa.table({"a": [[1.0]], "b": [[1.0]]}), path)
    assert "several columns of numbers" in refusal(path, DataError)
    pq.write_table(pa.table({"a": pa.array([], pa.list_(pa.float32()))}), path)
    assert "holds no rows" in refusal(path, DataError)
    pq.write_table(pa.table({"a": [[], [1.0]]}), path)
    assert "row 0 in" in refusal(path, DataError)
    pq.write_table(pa.table({"a": [[1.0, 2.0], [1.0, 2.0], [1.0]]}), path)
    assert "row 2 in" in refusal(path, DataError)
    pq.write_table(pa.table({"a": [[1.0, 2.0], None]}), path)
    assert "row 1 in" in refusal(path, DataError)
    pq.write_table(pa.table({"a": [[1.0, 2.0], [1.0, None]]}), path)
    assert "row 1 in" in refusal(path, DataError)


def test_sources_that_do_not_exist():
    for spec in (
        SourceSpec("ftp"),
        SourceSpec("file"),
        SourceSpec("synthetic", rows=5),
        SourceSpec("synthetic", rows=5, dimension=0),
        SourceSpec("synthetic", rows=5, dimension=4, seed=-1),
        SourceSpec("sample", rows=0),
    ):
        with pytest.raises(UsageError):
            open_vectors(spec)


def test_queries_that_do_not_fit(tmp_path):
    np.save(tmp_path / "x.npy", random_vectors(20, 8))
    np.save(tmp_path / "narrow.npy", random_vectors(5, 6))
    np.save(tmp_path / "multi.npy", random_vectors(40, 8).reshape(5, 8, 8))
    nan = random_vectors(5, 8)
    nan[3, 3] = np.nan
    np.save(tmp_path / "nan.npy", nan)
    cases = (
        ("narrow", 0, DataError, "6 components, the vectors 8"),
        ("multi", 0, DataError, "are multivectors, the data single"),
        ("nan", 0, DataError, "query 3 has a value"),
        ("x", 21, UsageError, "holds 20 queries, 21 were asked for"),
        ("missing", 0, NotFound, "no file"),
    )
    with open_vectors(SourceSpec("file", str(tmp_path / "x.npy"))) as source:
        for name, limit, kind, says in cases:
            with pytest.raises(kind, match=says):
                queries_of(SourceSpec("file", str(tmp_path / f"{name}.npy")), source, Distance.COSINE, limit=limit)
        for count in (20, 21):
            with pytest.raises(UsageError, match="out of 20 vectors"):
                source.held_out(count, 0, Distance.COSINE)
