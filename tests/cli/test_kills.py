"""Interrupted and killed at any moment: one line, the right code, nothing corrupt, what was finished is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.files import save, vectors
from tests.cli.running import PATIENCE_S, called, refused, start

BENCH = ("bench", "--queries", 100, "--methods", "none,binary", "--oversampling", 1, "--repeat", 10_000, "--vectors")
MANY = 20_000
"""Vectors that take several marks of how far the load is, four a second, so that it can be ended between two."""


def wait(fact: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Waits until the fact holds; fails when the process ends before."""
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert process.poll() is None, process.communicate(timeout=PATIENCE_S)
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.005)  # between two looks at a fact outside this process


def samples(home: Path) -> int:
    """Bytes of searches that runs have written so far."""
    return sum(path.stat().st_size for path in (home / "runs").glob("*.samples.jsonl"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return save(tmp_path / "vectors.npy")


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "qtui: interrupted"),
        (signal.SIGHUP, 143, "qtui: ended by SIGHUP"),
    ],
)
def test_a_run_that_is_interrupted_keeps_what_it_measured(
    number: signal.Signals, code: int, said: str, source: Path, home: Path
) -> None:
    process = start(*BENCH, source)
    wait(lambda: samples(home) > 100_000, process)
    assert "  measuring  " in called("runs", "list").out
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (code, "")
    assert err.count("\n") == 1
    assert err.startswith(said)
    (run,) = called("runs", "list", "--json").json
    assert run["status"] == "partial"
    assert f"qtui runs show {run['id']}" in err
    record = called("runs", "show", run["id"], "--json").json
    assert any(each["engine_ms"] for each in record["measurements"])
    assert not list((home / "tmp").iterdir())


def test_a_run_interrupted_before_it_measured_leaves_nothing(source: Path, home: Path) -> None:
    process = start(*BENCH, source)
    wait(lambda: (home / "tmp").exists() and list((home / "tmp").iterdir()), process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err.count("\n") == 1
    assert not list((home / "tmp").iterdir())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells when the process listens to signals")
@pytest.mark.parametrize("delay_ms", [0, 50, 150, 300, 600])
def test_ctrl_c_at_any_moment_is_one_line(delay_ms: int, source: Path) -> None:
    process = start("bench", "--queries", 20, "--repeat", 1, "--methods", "none,binary", "--vectors", source)
    wait(lambda: _listens(process.pid), process)
    time.sleep(delay_ms / 1000)  # the moment itself is what varies here
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (0, 130), err
    assert err.count("\n") == 1, err


def _listens(pid: int) -> bool:
    """Whether the command line has begun, and so hears SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_a_killed_run_shows_as_partial_and_its_store_is_cleaned(source: Path, home: Path) -> None:
    process = start(*BENCH, source)
    wait(lambda: samples(home) > 100_000, process)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    (run,) = called("runs", "list", "--json").json
    assert run["status"] == "partial"
    assert "partial" in called("runs", "list").out
    record = called("runs", "show", run["id"], "--json").json
    assert any(each["engine_ms"] for each in record["measurements"])
    assert "binary" in called("runs", "show", run["id"]).out
    assert list((home / "tmp").iterdir())
    done = called("clean")
    assert done.code == 0, done
    assert not list((home / "tmp").iterdir())
    assert called("runs", "show", run["id"], "--json").json["status"] == "partial"


def test_clean_leaves_what_is_in_use(source: Path, home: Path) -> None:
    process = start(*BENCH, source)
    wait(lambda: samples(home) > 10_000, process)
    done = called("clean")
    assert (done.code, done.out) == (0, "nothing is left over\n"), done
    assert list((home / "tmp").iterdir())
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_load_that_is_interrupted_goes_on(number: signal.Signals, tmp_path: Path, home: Path) -> None:
    source = save(tmp_path / "many.npy", rows=MANY, dimension=32)
    load = ("load", "docs", "--vectors", source, "--methods", "none", "--hnsw-m", 0)
    process = start(*load)
    wait(lambda: _loaded(home) > 0, process)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert out == ""
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "goes on from there" in err
    (found,) = called("inspect", "--json").json
    assert found["status"] == "partial"
    assert 0 < found["points"] < MANY
    assert found["expected_points"] == MANY
    assert "partial" in called("inspect", "docs").out
    done = called(*load)
    assert done.code == 0, done
    (found,) = called("inspect", "--json").json
    assert (found["status"], found["points"]) == ("green", MANY)
    assert samples_of(source, home)


def _loaded(home: Path) -> int:
    """Rows that the manifest says are loaded."""
    for manifest in (home / "store").glob("*/manifest.json"):
        try:
            return int(json.loads(manifest.read_text()).get("loaded_rows", 0))
        except (OSError, ValueError):
            return 0
    return 0


def samples_of(source: Path, home: Path) -> bool:
    """Whether a few vectors find themselves, and so lie under their own ids."""
    import asyncio

    from qtui.engine.open import open_embedded
    from qtui.model import SearchSettings

    rows = vectors(MANY, 32)

    async def check() -> bool:
        engine = await open_embedded(home / "store")
        try:
            answers = [
                await engine.query("docs", rows[row], SearchSettings(limit=1, exact=True))
                for row in range(0, MANY, 3_501)
            ]
            return [answer.value.ids[0] for answer in answers] == list(range(0, MANY, 3_501))
        finally:
            await engine.close()

    return asyncio.run(check())


def test_an_unfinished_load_can_be_discarded(tmp_path: Path, home: Path) -> None:
    source = save(tmp_path / "many.npy", rows=MANY, dimension=32)
    process = start("load", "docs", "--vectors", source, "--methods", "none", "--hnsw-m", 0)
    wait(lambda: _loaded(home) > 0, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)
    assert "unfinished and stays" in called("clean").err
    assert called("clean", "--confirm", "docs").code == 0
    assert called("inspect", "--json").json == []


def test_a_store_in_use_is_refused(source: Path, home: Path) -> None:
    assert called("load", "docs", "--vectors", source, "--methods", "none").code == 0
    process = start("bench", "--collection", "docs", "--queries", 50, "--repeat", 10_000)
    wait(lambda: samples(home) > 10_000, process)
    process.send_signal(signal.SIGSTOP)  # it holds the store all the same, and no processor
    refused(3, "delete", "docs", "--confirm", "docs")
    refused(3, "reconfigure", "docs", "--method", "scalar", "--confirm", "docs")
    refused(3, "bench", "--collection", "docs", "--queries", 5)
    assert process.poll() is None
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    (found,) = called("inspect", "--json").json
    assert (found["status"], found["points"], found["method"]) == ("green", 400, "none")


def test_a_store_of_a_newer_version_is_left_alone(source: Path, home: Path) -> None:
    assert called("load", "docs", "--vectors", source, "--methods", "none").code == 0
    (manifest,) = (home / "store").glob("*/manifest.json")
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(content | {"schema": content["schema"] + 1}))
    before = manifest.read_bytes()
    done = called("inspect", "docs")
    assert (done.code, done.err.count("\n")) == (4, 1), done
    assert "newer" in done.err
    assert "upgrade" in done.out
    refused(4, "bench", "--collection", "docs", saying="newer")
    refused(4, "load", "docs", "--vectors", source, "--methods", "none", saying="newer")
    refused(4, "reconfigure", "docs", "--method", "scalar", "--confirm", "docs", saying="newer")
    assert manifest.read_bytes() == before
