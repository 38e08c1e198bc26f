"""Every format, written by its own library, comes back as the same float32 rows however it is read."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtui.data.vectors import VectorSource, open_vectors
from qtui.loads import SourceSpec
from tests.data.writers import WRITERS, npy, random_vectors, sample_for


def opened(path, **more) -> VectorSource:
    return open_vectors(SourceSpec("file", str(path), **more))


def all_of(source: VectorSource, size: int, start: int = 0):
    blocks = list(source.blocks(size, start))
    assert [at for at, _ in blocks] == list(range(start, source.rows, size))
    assert all(len(block) == min(size, source.rows - at) for at, block in blocks)
    return [row for _, block in blocks for row in block]


@pytest.mark.parametrize("kind", WRITERS)
def test_rows_come_back_as_float32(kind, tmp_path):
    suffix, dtype, write = WRITERS[kind]
    vectors = sample_for(dtype, 103, 12)
    path = tmp_path / f"x{suffix}"
    write(path, vectors)
    with opened(path) as source:
        assert (source.rows, source.dimension, source.multivector) == (103, 12, False)
        assert source.bytes_per_row == 48
        found = np.concatenate([block for _, block in source.blocks(10)])
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, vectors.astype(np.float32))


@pytest.mark.parametrize("kind", WRITERS)
def test_block_sizes_and_starts_do_not_matter(kind, tmp_path):
    suffix, dtype, write = WRITERS[kind]
    vectors = sample_for(dtype, 61, 5)
    path = tmp_path / f"x{suffix}"
    write(path, vectors)
    expected = vectors.astype(np.float32)
    with opened(path) as source:

        @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.integers(1, 80), st.integers(0, 61), st.lists(st.integers(0, 60), max_size=9))
        def same(size, start, rows):
            np.testing.assert_array_equal(np.array(all_of(source, size, start)).reshape(-1, 5), expected[start:])
            np.testing.assert_array_equal(source.rows_at(rows), expected[rows])

        same()


@pytest.mark.parametrize("kind", WRITERS)
def test_first_rows_only(kind, tmp_path):
    suffix, dtype, write = WRITERS[kind]
    vectors = sample_for(dtype, 30, 4)
    path = tmp_path / f"x{suffix}"
    write(path, vectors)
    with opened(path, rows=17) as source, opened(path) as whole, opened(path, rows=99) as more:
        assert source.rows == 17
        np.testing.assert_array_equal(np.array(all_of(source, 5)), vectors[:17].astype(np.float32))
        with pytest.raises(IndexError):
            source.rows_at([17])
        assert source.fingerprint() != whole.fingerprint()
        assert more.fingerprint() == whole.fingerprint()


@pytest.mark.parametrize("suffix", ["npy", "npz", "compressed"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">f8", "<f2", ">i2", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(23, 6), (23, 3, 4)])
def test_byte_order_and_fortran_order(suffix, dtype, order, shape, tmp_path):
    values = np.random.default_rng(1).integers(0, 200, size=shape)
    array = np.asarray(values.astype(dtype), order=order)
    path = tmp_path / ("x.npy" if suffix == "npy" else "x.npz")
    if suffix == "npy":
        np.save(path, array)
    else:
        (np.savez if suffix == "npz" else np.savez_compressed)(path, vectors=array)
    with opened(path) as source:
        assert source.multivector == (len(shape) == 3)
        for size, start in ((4, 0), (7, 5), (50, 22)):
            np.testing.assert_array_equal(np.array(all_of(source, size, start)), values[start:].astype(np.float32))
        np.testing.assert_array_equal(np.array(source.rows_at([22, 0, 7])), values[[22, 0, 7]].astype(np.float32))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("offset_type", ["<i8", "<u4", ">i4"])
def test_ragged_multivectors(save, offset_type, tmp_path):
    flat = random_vectors(50, 6)
    sizes = np.array([1, 9, 3, 20, 2, 15])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    path = tmp_path / "m.npz"
    save(path, vectors=flat, offsets=offsets.astype(offset_type))
    with opened(path) as source:
        assert (source.rows, source.dimension, source.multivector) == (6, 6, True)
        assert source.bytes_per_row == 50 / 6 * 24
        for size, start in ((1, 0), (4, 0), (2, 3), (9, 5)):
            for row, tokens in enumerate(all_of(source, size, start), start):
                np.testing.assert_array_equal(tokens, flat[offsets[row] : offsets[row + 1]])
                assert tokens.flags.c_contiguous
        for tokens, row in zip(source.rows_at([5, 1, 1]), [5, 1, 1], strict=True):
            np.testing.assert_array_equal(tokens, flat[offsets[row] : offsets[row + 1]])
    with opened(path, rows=2) as source:
        assert len(all_of(source, 5)) == 2


def test_an_npz_with_one_array_of_any_name(tmp_path):
    vectors = random_vectors(5, 3)
    np.savez(tmp_path / "x.npz", embeddings=vectors)
    with opened(tmp_path / "x.npz") as source:
        np.testing.assert_array_equal(source.rows_at(range(5)), vectors)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_header_version(version, tmp_path):
    vectors = random_vectors(5, 3)
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array(file, vectors, version=version)
    with opened(tmp_path / "x.npy") as source:
        np.testing.assert_array_equal(source.rows_at(range(5)), vectors)


def test_the_fingerprint_is_the_content(tmp_path):
    vectors = random_vectors(20, 4)
    for name in ("a.npy", "b.npy"):
        npy(tmp_path / name, vectors)
    with opened(tmp_path / "a.npy") as a, opened(tmp_path / "b.npy") as b:
        before = a.fingerprint()
        assert before == b.fingerprint()
    vectors[7, 3] += 1
    npy(tmp_path / "a.npy", vectors)
    with opened(tmp_path / "a.npy") as a:
        assert a.fingerprint() != before


MEMORY = """
import sys
from qtui.data.vectors import open_vectors
from qtui.loads import SourceSpec
total = 0
with open_vectors(SourceSpec("file", sys.argv[1])) as source:
    source.fingerprint()
    for at, block in source.blocks(500):
        total += len(block)
    source.rows_at([0, source.rows - 1])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(total, int(peak.split()[1]) // 1024)
"""


def read_in_a_process(path) -> tuple[int, int]:
    """Rows read, and the peak memory of doing so, MiB (`ru_maxrss` would count this process's too)."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    rows, peak = done.stdout.split()
    return int(rows), int(peak)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["npy", "npz", "npz compressed", "hdf5", "parquet"])
def test_memory_does_not_grow_with_the_file(kind, tmp_path):
    import h5py
    import pyarrow as pa
    import pyarrow.parquet as pq

    peaks = []
    for rows in (1000, 80_000):
        path = tmp_path / f"{rows}.{kind.split()[0]}"
        zeros = np.zeros((rows, 256), dtype=np.float32)
        if kind == "npy":
            np.save(path, zeros)
        elif kind == "npz":
            np.savez(path, vectors=zeros)
        elif kind == "npz compressed":
            np.savez_compressed(path, vectors=zeros)
        elif kind == "hdf5":
            with h5py.File(path, "w") as file:
                file.create_dataset("train", data=zeros, chunks=(1000, 256))
        else:
            column = pa.FixedSizeListArray.from_arrays(pa.array(zeros.ravel()), 256)
            pq.write_table(pa.table({"v": column}), path, use_dictionary=False, row_group_size=rows)
        found, peak = read_in_a_process(path)
        assert found == rows
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 30, f"{peaks} MiB for a file of 78 MiB"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_zip_bomb_is_streamed(tmp_path):
    """A member that unpacks to 150 MB is read in bounded memory."""
    with (
        zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("vectors.npy", "w", force_zip64=True) as member,
    ):
        header = {"descr": "<f4", "fortran_order": False, "shape": (150_000, 256)}
        np.lib.format.write_array_header_1_0(member, header)
        for _ in range(150):
            member.write(bytes(1_024_000))
    rows, peak = read_in_a_process(tmp_path / "bomb.npz")
    assert rows == 150_000
    assert peak < 110
