"""The parent's side of the builder, with builders that fail in every way."""

import os
import signal
import sys
from pathlib import Path

import pytest

from qtui.engine.store import Store
from qtui.errors import BadSource, DataError, DiskFull, EngineGone, Exists
from qtui.events import BuildDone, CollectionFailed, Loaded, Progress
from qtui.host import build, process
from qtui.host.wire import WireError
from qtui.loads import BuildJob, BuildSpec, LoadRequest, SourceSpec
from qtui.model import Change
from tests.host import until

SOURCE = SourceSpec("synthetic", rows=10, dimension=4)


@pytest.fixture(autouse=True)
def faulty(monkeypatch):
    monkeypatch.setattr(build, "MODULE", "tests.host.faulty")


def job(how, store):
    return BuildJob(str(store), how, "none", SOURCE, BuildSpec())


async def run(how, store):
    return [event async for event in build.build(job(how, store))]


async def test_events_are_relayed_and_the_builder_has_exited(tmp_path):
    progress, done = await run("a", tmp_path)
    assert isinstance(progress, Progress)
    assert done == BuildDone("a", 10, 0.1, 0.2)
    assert not until.alive(progress.done)


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("bad", DataError, "^row 3 is not finite; remove it$"),
        ("full", DiskFull, "no space is left"),
        ("panic", WireError, "Panic: poisoned"),
        ("exit", EngineGone, "process ended; run it again"),
        pytest.param(
            "die",
            EngineGone,
            "SIGKILL .*; run it again",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX"),
        ),
        pytest.param(
            "crash",
            EngineGone,
            "SIGABRT: 'index out of bounds'; run it again",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX"),
        ),
        pytest.param("bus", EngineGone, "SIGBUS", marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX")),
    ],
)
async def test_each_end_has_its_error(tmp_path, how, error, text):
    with pytest.raises(error, match=text) as caught:
        await run(how, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("how", ["bus", "crash"])
async def test_a_builder_that_dies_on_a_full_disk_says_so(tmp_path, monkeypatch, how):
    monkeypatch.setattr(process, "TIGHT_BYTES", 2**62)
    with pytest.raises(DiskFull, match="no space is left"):
        await run(how, tmp_path)


def collection(store, name):
    folder = Store(store).path / name
    (folder / "shard" / "temp_segments" / "x").mkdir(parents=True)
    return folder / "shard" / "temp_segments"


@pytest.mark.parametrize("how", ["native", "a"])
async def test_closing_the_iterator_ends_the_builder_and_clears_what_it_left(tmp_path, how):
    left = collection(tmp_path, how)
    other = collection(tmp_path, "other")
    events = build.build(job(how, tmp_path))
    progress = await anext(events)
    assert isinstance(progress, Progress)
    await events.aclose()
    assert not until.alive(progress.done)
    assert not left.exists()
    assert other.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
async def test_a_killed_builder_is_cleared_after(tmp_path):
    left = collection(tmp_path, "native")
    events = build.build(job("native", tmp_path))
    progress = await anext(events)
    assert isinstance(progress, Progress)
    os.kill(progress.done, signal.SIGKILL)
    with pytest.raises(EngineGone, match="SIGKILL"):
        await anext(events)
    assert not left.exists()


async def test_reconfigure_answers_with_its_seconds(tmp_path):
    assert await build.reconfigure(tmp_path, "a", Change(drop_quantization=True)) == 1.5


# --- several collections --------------------------------------------------------------------------------------------


async def scripted(each):
    yield Progress("load", each.collection, 0, None, 0.0, None)
    if each.method == "scalar":
        raise DataError("one bad apple")
    if each.method == "binary":
        raise DiskFull("no space")
    if each.method == "binary-2bit":
        raise BadSource("row 3 is rotten")
    if each.method == "product-x4":
        raise Exists("there is another one")
    yield BuildDone(each.collection, 7, 0.0, 0.0)


async def load(tmp_path, *methods):
    request = LoadRequest("docs", SOURCE, methods)
    return [event async for event in build.load_all(request, Path(tmp_path), builder=scripted)]


async def test_a_load_goes_on_past_a_collection_that_fails(tmp_path):
    events = await load(tmp_path, "none", "scalar", "turbo-4bit")
    assert CollectionFailed("docs__scalar", "scalar", "one bad apple") in events
    assert isinstance(events[-1], Loaded)
    assert events[-1].collections == ("docs", "docs__turbo-4bit")
    assert events[-1].points == 7


async def test_a_load_of_nothing_but_failures_raises_the_first(tmp_path):
    with pytest.raises(DataError, match="one bad apple"):
        await load(tmp_path, "scalar")


@pytest.mark.parametrize(("method", "error"), [("binary", DiskFull), ("binary-2bit", BadSource)])
async def test_a_load_stops_on_a_full_disk_and_on_a_source_that_no_collection_can_take(method, error, tmp_path):
    with pytest.raises(error):
        await load(tmp_path, "none", method, "turbo-4bit")


async def test_a_load_stops_where_its_name_is_taken_by_other_points(tmp_path):
    with pytest.raises(Exists):
        await load(tmp_path, "product-x4", "turbo-4bit")
    events = await load(tmp_path, "none", "product-x4", "turbo-4bit")
    assert events[-1].collections == ("docs", "docs__turbo-4bit")
