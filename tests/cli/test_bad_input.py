"""Wrong input costs one clear line, the right exit code, and leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from qtui import config
from tests.cli.files import save, save_payload, vectors
from tests.cli.running import qtui, refused

BENCH = ("bench", "--queries", 10, "--repeat", 1, "--methods", "none,binary", "--vectors")
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def nothing_is_left(home: Path) -> Iterator[None]:
    """No collection, no run, no temporary store."""
    yield
    for folder in ("store", "runs", "tmp"):
        assert not [path for path in (home / folder).rglob("*") if not path.name.startswith(".")], folder


def with_nan(path: Path) -> Path:
    rows = vectors(100, 16)
    rows[57, 3] = np.nan
    np.save(path, rows)
    return path


def with_infinity(path: Path) -> Path:
    rows = vectors(100, 16)
    rows[57, 3] = np.inf
    np.save(path, rows)
    return path


def with_zero_row(path: Path) -> Path:
    rows = vectors(100, 16)
    rows[57] = 0
    np.save(path, rows)
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def no_rows(path: Path) -> Path:
    np.save(path, np.zeros((0, 16), np.float32))
    return path


def truncated(path: Path) -> Path:
    save(path, rows=100)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def not_numpy(path: Path) -> Path:
    path.write_text("this is not an array\n" * 20)
    return path


def text_array(path: Path) -> Path:
    np.save(path, np.array([["a", "b"], ["c", "d"]]))
    return path


def one_dimensional(path: Path) -> Path:
    np.save(path, np.zeros(16, np.float32))
    return path


def unpicklable(path: Path) -> Path:
    np.save(path, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    return path


@pytest.mark.parametrize(
    ("make", "saying"),
    [
        (with_nan, "57"),
        (with_infinity, "57"),
        (with_zero_row, "57"),
        (empty, "bad.npy"),
        (no_rows, "bad.npy"),
        (truncated, "bad.npy"),
        (not_numpy, "bad.npy"),
        (text_array, "bad.npy"),
        (one_dimensional, "bad.npy"),
        (unpicklable, "bad.npy"),
    ],
)
def test_data_that_can_not_be_used(make: Callable[[Path], Path], saying: str, tmp_path: Path) -> None:
    path = make(tmp_path / "bad.npy")
    refused(4, *BENCH, path, saying=saying)


def test_load_refuses_them_too(tmp_path: Path, home: Path) -> None:
    refused(4, "load", "x", "--methods", "none", "--vectors", truncated(tmp_path / "bad.npy"))


@pytest.mark.parametrize("suffix", ["npz", "fvecs", "bvecs", "fbin", "u8bin", "parquet", "hdf5", "xyz"])
def test_mislabelled_files(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"bad.{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(999))
    refused(4, *BENCH, path, saying=f"bad.{suffix}")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    missing = tmp_path / "missing.npy"
    refused(2, *BENCH, missing, saying="missing.npy")
    refused(2, *BENCH, tmp_path, saying=tmp_path.name)
    refused(2, *BENCH, good, "--queries", missing, saying="missing.npy")
    refused(2, *BENCH, good, "--payload", tmp_path / "missing.jsonl", saying="missing.jsonl")
    queries = save(tmp_path / "queries.npy", rows=10, seed=3)
    refused(2, *BENCH, good, "--queries", queries, "--truth", missing, saying="missing.npy")
    refused(2, "bench", "--collection", "nothing", saying="'nothing'")
    refused(2, "inspect", "nothing", saying="'nothing'")
    refused(2, *BENCH, good, "--json", tmp_path / "no" / "run.json", saying="there is no folder")
    refused(2, *BENCH, good, "--json", tmp_path, saying="--json")


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    secret = save(tmp_path / "secret.npy", rows=60)
    secret.chmod(0)
    refused(3, *BENCH, secret, saying="secret.npy")


def test_a_home_that_can_not_be_used(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    (tmp_path / "file").write_text("")
    done = qtui(*BENCH, good, QTUI_HOME=str(tmp_path / "file" / "home"))
    assert (done.code, done.out) == (3, ""), done
    assert done.err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_folders_are_for_this_user_alone(tmp_path: Path) -> None:
    config.private_dir(tmp_path / "home" / "cache" / "truth")
    for folder in ("home", "home/cache", "home/cache/truth"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700


def test_queries_that_do_not_fit(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    refused(4, *BENCH, good, "--queries", save(tmp_path / "narrow.npy", 20, 16), saying="16")
    refused(4, *BENCH, good, "--queries", with_nan(tmp_path / "nan.npy"))
    refused(2, *BENCH, good, "--queries", 60, saying="60")
    refused(2, *BENCH, good, "--queries", 10**6)


def test_truth_that_does_not_fit(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    queries = save(tmp_path / "queries.npy", rows=10, seed=3)
    np.save(tmp_path / "truth.npy", np.zeros((4, 10), np.int64))
    refused(4, *BENCH, good, "--queries", queries, "--truth", tmp_path / "truth.npy")


def test_payload_that_does_not_fit(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    refused(4, *BENCH, good, "--payload", save_payload(tmp_path / "short.jsonl", rows=12))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"a": 1}\n' * 30 + "{oops\n" + '{"a": 1}\n' * 29)
    refused(4, *BENCH, good, "--payload", broken, saying="31")


def test_filters_that_can_not_be_read(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    refused(2, *BENCH, good, "--filter", "{oops")
    refused(2, *BENCH, good, "--filter", '{"must": [{"key": 1}]}')


def test_values_out_of_range(tmp_path: Path) -> None:
    good = save(tmp_path / "good.npy", rows=60)
    refused(2, *BENCH, good, "--oversampling", 0.5, saying="--oversampling")
    refused(2, *BENCH, good, "--limit", 0, saying="--limit")
    refused(2, *BENCH, good, "--ef-construct", 0, saying="--ef-construct")
    refused(2, *BENCH, good, "--hnsw-m", 2**63, saying="--hnsw-m")
