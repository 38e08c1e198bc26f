"""The real engine behind its real processes: loading, measuring, changing, killing and going on."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from qtui import config
from qtui.data.load import jobs
from qtui.errors import DiskFull, EngineGone, NotFound, StoreInUse, UsageError
from qtui.events import BuildDone, Loaded, Progress, RunFinished
from qtui.host import build
from qtui.host.client import EngineRoom
from qtui.loads import BuildJob, BuildSpec, LoadRequest, SourceSpec
from qtui.model import Change, Quantization, SearchSettings
from qtui.plan import BenchRequest
from tests.bench.test_embedded import in_process
from tests.host import until

ROWS, SIZE = 400, 16
SLOW = SourceSpec("synthetic", rows=5000, dimension=32)
"""Takes long enough to index that a kill comes in time."""
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and the death signal is Linux's")


@pytest.fixture
def vectors(tmp_path):
    rows = np.random.default_rng(1).normal(size=(ROWS, SIZE)).astype(np.float32)
    np.save(tmp_path / "v.npy", rows)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def source(vectors, tmp_path):
    return SourceSpec("file", path=str(tmp_path / "v.npy"))


@pytest.fixture
async def room():
    held = EngineRoom(config.store_dir())
    await held.start()
    yield held
    await held.close()


async def built_here(source):
    """Makes `docs` in this process, for tests of what comes after loading."""
    for job in jobs(LoadRequest("docs", source, ("none",)), config.store_dir()):
        async for _ in in_process(job):
            pass


async def loaded(room, source, *methods):
    return [event async for event in room.load(LoadRequest("docs", source, methods or ("none",)))]


async def test_load_look_search_change_and_delete(room, source, vectors):
    events = await loaded(room, source, "none", "scalar")
    assert isinstance(events[-1], Loaded)
    assert await room.collections() == ("docs", "docs__scalar")
    view = await room.view("docs__scalar")
    assert (view.status, view.points, view.vector().built.complete) == ("green", ROWS, True)

    exact = SearchSettings(limit=5, exact=True)
    best = np.argsort(-(vectors @ vectors[7]))
    found = await room.query("docs", vectors[7].tolist(), exact)
    assert list(found.value.ids) == best[:5].tolist()
    assert found.engine_ms > 0
    found = await room.query("docs", 7, exact)
    assert list(found.value.ids) == best[1:6].tolist()
    with pytest.raises(NotFound):
        await room.query("docs", ROWS + 1, exact)

    page = await room.scroll("docs", limit=3, offset=2)
    assert [point.id for point in page.points] == [2, 3, 4]
    (point,) = await room.retrieve("docs", [9], with_vectors=True)
    assert np.allclose((point.vectors or {})[""], vectors[9], atol=1e-6)
    assert await room.count("docs") == ROWS

    assert await room.reconfigure("docs", Change(quantization=Quantization("binary"))) > 0
    changed = (await room.view("docs")).vector()
    assert changed.built.complete
    assert changed.spec.quantization
    assert changed.spec.quantization.method == "binary"

    await room.delete("docs")
    assert await room.collections() == ("docs__scalar",)
    with pytest.raises(NotFound):
        await room.view("docs")


async def test_a_run_is_measured_kept_exported_and_removed(room, source):
    request = BenchRequest(source=source, methods=("none", "scalar"), queries=20, oversampling=(2.0,), repeat=1)
    events = [event async for event in room.bench(request)]
    assert isinstance(events[-1], RunFinished)
    run = events[-1].record
    assert run.status == "complete"
    assert await room.run(run.id) == run
    await room.rename_run(run.id, "first")
    (summary,) = await room.runs()
    assert (summary.id, summary.name) == (run.id, "first")
    for format_ in ("md", "csv", "json"):
        assert "scalar" in await room.export(run.id, format_)
    await room.delete_run(run.id)
    assert await room.runs() == ()
    assert not list(config.temporary_dir().iterdir())


async def test_calls_wait_while_a_collection_is_measured(room, source):
    await built_here(source)
    events = room.bench(BenchRequest(collection="docs", methods=("none",), queries=20, repeat=10_000))
    measuring = (event async for event in events if isinstance(event, Progress) and event.stage == "measure")
    await anext(measuring)
    assert room.state.status == "measuring"
    order: list[int] = []
    calls = [asyncio.ensure_future(room.count("docs")) for _ in range(3)]
    for number, call in enumerate(calls):
        call.add_done_callback(lambda _, number=number: order.append(number))
    for _ in range(3):
        await anext(measuring)
    assert order == []
    # what is kept is another process's, which answers meanwhile
    (summary,) = await room.runs()
    assert (await room.run(summary.id)).status == "partial"
    with pytest.raises(UsageError, match="is being measured"):
        await room.plan_of(summary.id)
    assert order == []
    await events.aclose()
    assert await asyncio.gather(*calls) == [ROWS] * 3
    assert order == [0, 1, 2]
    (summary,) = await room.runs()
    assert summary.status == "partial"


async def test_a_cancelled_run_goes_on(room, source):
    request = BenchRequest(source=source, methods=("none", "scalar"), queries=40, oversampling=(2.0,), repeat=60)
    events = room.bench(request)
    async for event in events:
        if isinstance(event, Progress) and event.stage == "measure" and event.done:
            break
    await events.aclose()
    (summary,) = await room.runs()
    assert (summary.status, summary.resumable) == ("partial", True)
    assert await room.plan_of(summary.id) == request
    before = await room.run(summary.id)
    last = [event async for event in room.resume_run(summary.id)][-1]
    assert isinstance(last, RunFinished)
    assert (last.record.id, last.record.status) == (summary.id, "complete")
    assert all(m.engine_ms is not None and m.engine_ms.n == 40 * 60 for m in last.record.measurements)
    assert "resumed" in {warning.code for warning in last.record.warnings}
    assert before.started == last.record.started
    with pytest.raises(UsageError, match="complete"):
        _ = [event async for event in room.resume_run(summary.id)]


# --- killing --------------------------------------------------------------------------------------------------------


def job(source, name="docs"):
    return BuildJob(str(config.store_dir()), name, "scalar", source, BuildSpec())


@linux
@pytest.mark.parametrize("stage", ["load", "index", None])
async def test_a_killed_build_goes_on(stage):
    me = os.getpid()
    events = build.build(job(SLOW))

    async def killed():
        if stage is None:
            first = asyncio.ensure_future(anext(events))
            await until.true(lambda: until.children(me))
            os.kill(until.children(me)[-1], signal.SIGKILL)
            await first
        async for event in events:
            if isinstance(event, Progress) and event.stage == stage:
                os.kill(until.children(me)[-1], signal.SIGKILL)

    with pytest.raises(EngineGone, match="SIGKILL"):
        await killed()
    *_, done = [event async for event in build.build(job(SLOW))]
    assert isinstance(done, BuildDone)
    assert done.points == SLOW.rows


@linux
async def test_cancelling_a_load_leaves_a_partial_collection(room):
    (engine,) = until.children(os.getpid())
    events = room.load(LoadRequest("docs", SLOW))
    async for event in events:
        if isinstance(event, Progress) and event.stage == "index":
            break
    await events.aclose()
    assert until.children(engine) == []
    view = await room.view("docs")
    assert (view.status, view.points, view.expected_points) == ("partial", SLOW.rows, SLOW.rows)
    assert await room.count("docs") == SLOW.rows
    assert await room.unfinished_loads() == (LoadRequest("docs", SLOW),)
    await room.give_up()
    assert await room.unfinished_loads() == ()


@linux
async def test_a_killed_engine_room_takes_its_builder_along(room):
    (engine,) = until.children(os.getpid())
    events = room.load(LoadRequest("docs", SLOW))
    await anext(events)
    builders = until.children(engine)
    os.kill(engine, signal.SIGKILL)
    with pytest.raises(EngineGone):
        async for _ in events:
            pass
    assert len(builders) == 1
    await until.true(lambda: not until.alive(builders[0]), deadline_s=5)
    assert await room.unfinished_loads() == (LoadRequest("docs", SLOW),)
    events = await loaded(room, SLOW)
    assert isinstance(events[-1], Loaded)
    assert (await room.view("docs")).points == SLOW.rows
    assert await room.unfinished_loads() == ()


@linux
async def test_a_run_whose_engine_room_is_killed_shows_as_partial_and_its_store_goes(room, source):
    (engine,) = until.children(os.getpid())
    events = room.bench(BenchRequest(source=source, methods=("none",), queries=50, repeat=1000))

    async def killed():
        async for event in events:
            if isinstance(event, Progress) and event.stage == "measure":
                os.kill(engine, signal.SIGKILL)

    with pytest.raises(EngineGone):
        await killed()
    (summary,) = await room.runs()
    assert summary.status == "partial"
    await room.collections()  # answered by the next engine room, which has cleaned up
    assert not list(config.temporary_dir().iterdir())


async def test_a_collection_that_another_process_has_open_is_told(room, source):
    await built_here(source)
    await room.count("docs")
    with pytest.raises(StoreInUse):
        await build.reconfigure(config.store_dir(), "docs", Change(quantization=Quantization("binary")))
    assert await room.count("docs") == ROWS


# --- full disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.name != "posix":
        pytest.skip("no mount command here")
    command = [mount, "-t", "tmpfs", "-o", "size=320m", "tmpfs", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"mounts aren't allowed here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True, timeout=60)


def fill(file):
    """Writes until there is no room left."""
    for size in (2**20, 2**12):
        with contextlib.suppress(OSError):
            while True:
                file.write(b"x" * size)


async def test_a_disk_that_fills_up_is_one_line_and_nothing_is_lost(small_disk):
    source = SourceSpec("synthetic", rows=60_000, dimension=96)
    work = BuildJob(str(small_disk / "store"), "docs", "none", source, BuildSpec(hnsw_m=0))
    ballast = small_disk / "ballast"

    async def filled_up():
        async for event in build.build(work):
            if isinstance(event, Progress) and event.stage == "load" and not ballast.exists():
                with ballast.open("wb", buffering=0) as file:
                    fill(file)

    with pytest.raises(DiskFull) as caught:
        await filled_up()
    assert "\n" not in caught.value.text
    ballast.unlink()
    *_, done = [event async for event in build.build(work)]
    assert isinstance(done, BuildDone)
    assert done.points == source.rows


async def test_a_source_is_described(room, source):
    facts = await room.describe_source(source)
    assert (facts.name, facts.rows, facts.dimension, facts.vectors) == ("v.npy", ROWS, SIZE, ROWS)
    with pytest.raises(NotFound):
        await room.describe_source(SourceSpec("file", path="/nowhere.npy"))


async def test_a_cancelled_load_is_partial_and_goes_on_by_its_name_alone(room):
    async with contextlib.aclosing(room.load(LoadRequest("slow", SLOW))) as events:
        async for event in events:
            if isinstance(event, Progress) and event.stage == "index":
                break
    view = await room.view("slow")
    assert view.status == "partial"
    done = [event async for event in room.resume("slow")][-1]
    assert isinstance(done, BuildDone)
    assert (done.points, (await room.view("slow")).status) == (5000, "green")


async def test_a_collection_of_unknown_origin_is_finished_when_only_its_index_lacks(room, source):
    await built_here(source)
    await room.close()
    manifest = config.store_dir() / "docs" / "manifest.json"
    kept = json.loads(manifest.read_text())
    kept["extra"], kept["state"] = {}, "indexing"
    manifest.write_text(json.dumps(kept))
    await room.start()
    assert (await room.view("docs")).status == "partial"
    assert isinstance([event async for event in room.resume("docs")][-1], BuildDone)
    assert (await room.view("docs")).status == "green"
    kept["expected_points"] = 2 * ROWS
    await room.close()
    manifest.write_text(json.dumps(kept))
    await room.start()
    with pytest.raises(UsageError, match="run the same load again"):
        [event async for event in room.resume("docs")]
