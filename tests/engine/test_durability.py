"""What survives: restarts, kill -9 at any moment, damage, foreign folders, other processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from qtui.engine.base import Origin
from qtui.errors import DataError, EngineGone, NewerFormat, StoreInUse, UsageError
from qtui.model import Change, Hnsw, Quantization, SearchSettings
from tests.engine.making import batch, filled, opened, randoms, single
from tests.host import until

ROOT = Path(__file__).parents[2]
PRELUDE = """
import asyncio, sys
from pathlib import Path
from qtui.model import *
from tests.engine.making import *
store = Path(sys.argv[1])
def say(text):
    print(text, flush=True)
"""


def child(store: Path, code: str) -> subprocess.Popen[str]:
    """Another Python on the same store; `code` is the body of an async function."""
    source = f"{PRELUDE}\nasync def main():\n{textwrap.indent(textwrap.dedent(code), '    ')}\nasyncio.run(main())\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", source, str(store)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )


def kill_after(process: subprocess.Popen[str], line: str) -> None:
    """Ends the process by SIGKILL as soon as it has said `line`."""
    assert process.stdout is not None
    said = until.said(process).strip()
    process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    process.wait(until.DEADLINE_S)
    process.stdout.close()
    assert said == line


async def test_collections_survive_a_restart(tmp_path: Path) -> None:
    vectors = randoms(50, 16)
    async with opened(tmp_path) as engine:
        await filled(engine, single(method="turbo-4bit"), vectors, payloads=[{"n": i} for i in range(50)])
        await engine.mark("things", loaded_rows=50)
        before, answer = await engine.view("things"), await engine.query("things", vectors[3], SearchSettings())
    async with opened(tmp_path) as engine:
        after = await engine.view("things")
        assert (after.spec, after.points, after.status, after.origin) == (before.spec, 50, "green", "a test")
        assert after.vectors == before.vectors
        assert (await engine.query("things", vectors[3], SearchSettings())).value == answer.value
        assert await engine.loaded_rows("things") == 50
        assert await engine.origin("things") == Origin("a test", 50)


async def test_how_long_loading_and_building_took_is_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(method="scalar"), randoms(400, 16))
        first = await engine.view("things")
        await engine.reconfigure("things", Change(quantization=Quantization("binary")))
    async with opened(tmp_path) as engine:
        again = await engine.view("things")
    assert first.load_seconds is not None
    assert 0 < first.load_seconds == again.load_seconds
    assert first.index_seconds is not None
    assert again.index_seconds is not None
    assert 0 < first.index_seconds != again.index_seconds > 0


async def test_a_kill_during_loading_loses_nothing_acknowledged(tmp_path: Path) -> None:
    code = """
    async with opened(store) as engine:
        await engine.create(single(), Origin(expected_points=1_000_000))
        for start in range(0, 1_000_000, 100):
            await engine.upsert("things", batch(randoms(100, 16, seed=start), start=start))
            await engine.mark("things", loaded_rows=start + 100)
            if start == 2000:
                say("written")
    """
    kill_after(child(tmp_path, code), "written")
    async with opened(tmp_path) as engine:
        rows = await engine.loaded_rows("things")
        view = await engine.view("things")
        assert rows >= 2100
        assert view.status == "partial"
        assert rows <= view.points <= rows + 100
        expected = randoms(100, 16, seed=2000)
        (point,) = await engine.retrieve("things", [2050], with_vectors=True)
        assert point.vectors is not None
        assert (await engine.query("things", expected[50], SearchSettings(limit=1))).value.ids == (2050,)
        await engine.upsert("things", batch(randoms(100, 16), start=rows))
        await engine.build("things")
        assert await engine.count("things") == max(view.points, rows + 100)


@pytest.mark.parametrize("doing", ["build", "reconfigure"])
async def test_a_kill_while_building_loses_nothing(tmp_path: Path, doing: str) -> None:
    vectors = randoms(3000, 64)
    async with opened(tmp_path) as engine:
        await engine.create(single(size=64, method="turbo-4bit"))
        await engine.upsert("things", batch(vectors))
        if doing == "reconfigure":
            await engine.build("things")
    call = {
        "build": 'engine.build("things")',
        "reconfigure": 'engine.reconfigure("things", Change(quantization=Quantization("binary")))',
    }[doing]
    code = f"""
    async with opened(store) as engine:
        await engine.count("things")
        say("building")
        await {call}
        say("done")
        await asyncio.sleep(1000)
    """
    kill_after(child(tmp_path, code), "building")
    async with opened(tmp_path) as engine:
        assert (await engine.view("things")).points == 3000
        assert await engine.count("things") == 3000
        await engine.build("things")
        view = await engine.view("things")
        assert (view.status, view.points, view.segments) == ("green", 3000, 1)
        assert view.vector().built.complete
        assert view.vector().vectors == 3000
        found = await engine.query("things", vectors[77], SearchSettings(limit=1, exact=True))
        assert found.value.ids == (77,)


async def test_leftovers_of_killed_work_are_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(), randoms(20, 16))
    unfinished = tmp_path / "things" / "shard" / "temp_segments" / "x"
    unfinished.mkdir(parents=True)
    for name in (".new-123", ".trash-456"):
        (tmp_path / name).mkdir()
    async with opened(tmp_path) as engine:
        assert await engine.collections() == ("things",)
        assert await engine.count("things") == 20
        assert not unfinished.exists()
    assert not list(tmp_path.glob(".*"))


async def test_a_collection_open_elsewhere_is_in_use(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(), randoms(20, 16))
        await filled(engine, single("other"), randoms(20, 16))
    code = """
    async with opened(store) as engine:
        await engine.count("things")
        say("open")
        await asyncio.sleep(1000)
    """
    process = child(tmp_path, code)
    try:
        assert process.stdout is not None
        assert until.said(process).strip() == "open"
        async with opened(tmp_path) as engine:
            point = batch(randoms(1, 16))
            for call in (engine.count("things"), engine.delete("things"), engine.upsert("things", point)):
                with pytest.raises(StoreInUse):
                    await call
            assert (await engine.view("things")).points == 20
            assert await engine.count("other") == 20
    finally:
        kill_after_all(process)
    async with opened(tmp_path) as engine:
        assert await engine.count("things") == 20


def kill_after_all(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(until.DEADLINE_S)
    assert process.stdout is not None
    process.stdout.close()


async def test_a_released_collection_can_be_opened_by_another_engine(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        await filled(one, single(), randoms(20, 16))
        with pytest.raises(StoreInUse):
            await two.count("things")
        await one.release("things")
        assert await two.count("things") == 20


async def test_foreign_and_damaged_folders_show_as_broken(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        for name in ("good", "cut", "newer", "emptied"):
            await filled(engine, single(name), randoms(20, 16))
    (tmp_path / "foreign").mkdir()
    (tmp_path / "stray file").write_text("x")
    (tmp_path / "cut" / "manifest.json").write_text('{"schema": 1, "spec"')
    manifest = json.loads((tmp_path / "newer" / "manifest.json").read_text())
    (tmp_path / "newer" / "manifest.json").write_text(json.dumps({**manifest, "schema": 99}))
    for path in (tmp_path / "emptied" / "shard" / "segments").rglob("matrix.dat"):
        path.unlink()
    async with opened(tmp_path) as engine:
        names = await engine.collections()
        assert names == ("cut", "emptied", "foreign", "good", "newer")
        views = {name: await engine.view(name) for name in names}
        assert {name: view.status for name, view in views.items()} == {
            "cut": "broken", "emptied": "broken", "foreign": "broken", "good": "green", "newer": "broken"
        }  # fmt: skip
        assert all(view.error and "\n" not in view.error and view.findings for n, view in views.items() if n != "good")
        with pytest.raises(NewerFormat):
            await engine.count("newer")
        for name in ("cut", "emptied", "foreign"):
            with pytest.raises(DataError):
                await engine.count(name)
        with pytest.raises(UsageError):
            await engine.delete("foreign")
        assert list((tmp_path / "foreign").iterdir()) == []
        await engine.delete("cut")
        await engine.delete("emptied")


@pytest.mark.parametrize("what", ["matrix.dat", "id_tracker.mappings", "quantized.data", "links*.bin"])
async def test_garbled_files_are_found_before_they_answer(tmp_path: Path, what: str) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(method="scalar"), randoms(60, 16))
    for path in tmp_path.rglob(what):
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        path.write_bytes(raw)
    async with opened(tmp_path) as engine:
        with pytest.raises(DataError, match="damaged"):
            await engine.count("things")


async def test_listing_many_collections_opens_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        for number in range(12):
            await engine.create(single(f"c{number:02}"))
        assert len(await engine.collections()) == 12
        await engine.build("c00")
        await engine.release("c00")
        assert (await engine.view("c00")).status == "green"
        assert engine._shards.opened == {}


async def test_the_least_recently_used_shard_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtui.engine.embedded.shards.MOST_OPEN", 2)
    async with opened(tmp_path) as engine:
        for name in ("a", "b", "c"):
            await filled(engine, single(name), randoms(10, 16))
        assert set(engine._shards.opened) == {"b", "c"}
        await engine.count("b")
        assert await engine.count("a") == 10
        assert set(engine._shards.opened) == {"a", "b"}


async def test_idle_shards_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(), randoms(10, 16))
        monkeypatch.setattr("qtui.engine.embedded.shards.IDLE_S", 0.0)
        engine._shards._close_idle()
        assert engine._shards.opened == {}
        assert await engine.count("things") == 10


async def test_a_panic_costs_one_call(tmp_path: Path) -> None:
    class PanicException(BaseException):
        """Named as the engine's."""

    class Panicking:
        def query(self, _: object) -> None:
            raise PanicException("length must be\ngreater than zero")

        def close(self) -> None:
            raise PanicException("poisoned")

    async with opened(tmp_path) as engine:
        vectors = randoms(10, 16)
        await filled(engine, single(), vectors)
        real = engine._shards.opened["things"].shard
        engine._shards.opened["things"].shard = Panicking()
        real.close()
        with pytest.raises(EngineGone, match="length must be"):
            await engine.query("things", vectors[0], SearchSettings())
        assert (await engine.query("things", vectors[0], SearchSettings())).value.ids[0] == 0


async def test_a_failed_reconfiguration_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await filled(engine, single(), randoms(30, 16))
        before = await engine.view("things")
        for change in (
            Change(),
            Change(quantization=Quantization("scalar", quantile=float("nan"))),
            Change(quantization=Quantization("scalar"), drop_quantization=True),
            Change(indexing_threshold_kb=-1),
        ):
            with pytest.raises(UsageError):
                await engine.reconfigure("things", change)
        assert (await engine.view("things")).spec == before.spec
        assert (await engine.view("things")).status == "green"


async def test_a_real_panic_leaves_a_collection_that_can_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = single()
    broken = replace(spec, vectors=(replace(spec.vectors[0], hnsw=Hnsw(ef_construct=0)),))
    async with opened(tmp_path) as engine:
        with monkeypatch.context() as patch:
            patch.setattr("qtui.engine.guard.check_spec", lambda _: None)
            await engine.create(broken)
        await engine.upsert("things", batch(randoms(300, 16)))
        with pytest.raises(EngineGone):
            await engine.build("things")
        capfd.readouterr()
        assert await engine.count("things") == 300
        await engine.reconfigure("things", Change(hnsw=Hnsw()))
        assert (await engine.view("things")).vector().indexed.complete
