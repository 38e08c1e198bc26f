"""A run that was interrupted goes on: the same record, nothing measured twice, and it says so."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import aclosing
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from qtui.bench.record import RunStore
from qtui.data.load import load
from qtui.errors import DiskFull, UsageError
from qtui.events import Measured, Progress
from qtui.loads import BuildJob, BuildSpec, SourceSpec
from tests.bench.runs import REQUEST, run, stream
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

LONG = replace(REQUEST, repeat=8)
TOTAL = 4 * 30 * 8


def fake():
    """Slow enough that events come every 100 searches or so."""
    return FakeEngine(clock=FakeClock(), latency_ms=lambda _: 3.0)


def measuring(searches):
    return lambda event: isinstance(event, Progress) and event.stage == "measure" and event.done >= searches


async def interrupted(request, home, stop, engine=None):
    """The store after a run that was closed at the first event of a kind, and the searches that it made."""
    engine = engine or fake()
    async with aclosing(stream(request, home, engine, engine._clock)) as events:
        async for event in events:
            if stop(event):
                break
    return RunStore(home / "runs")


async def gone_on(runs, home, **options):
    (summary,) = runs.list()
    assert summary.resumable
    left = runs.unfinished(summary.id)
    return left, await run(left.request, home, **{"engine": fake(), "left": left} | options)


def counted(ran):
    """Measurement, pass and query of every search in the samples file."""
    lines = [line for line in ran.lines() if "measurement" in line and line["repeat"] >= 0]
    return Counter((line["measurement"], line["repeat"], line["query"]) for line in lines)


async def test_what_was_measured_is_not_measured_twice(home):
    runs = await interrupted(LONG, home, measuring(400))
    before = runs.load(runs.list()[0].id)
    assert before.status == "partial"
    left, ran = await gone_on(runs, home)
    assert 400 <= len(left.done) < TOTAL
    assert ran.record.status == "complete"
    assert (ran.record.id, ran.record.started, ran.record.plan) == (before.id, before.started, before.plan)
    assert set(counted(ran).values()) == {1}
    assert len(counted(ran)) == TOTAL
    # it warmed up, and asked what was left
    assert len(ran.engine.calls) == 2 + 2 * 30 + 2 * 25 + TOTAL - len(left.done)
    assert all(m.engine_ms is not None and m.engine_ms.n == 240 for m in ran.record.measurements)
    assert ran.record.recommendation is not None
    assert [summary.id for summary in runs.list()] == [before.id]
    assert not runs.list()[0].resumable
    assert {path.suffix for path in (home / "runs").iterdir()} == {".json", ".jsonl"}


async def test_the_record_says_that_it_was_interrupted(home):
    runs = await interrupted(LONG, home, measuring(400))
    left, ran = await gone_on(runs, home)
    (told,) = [warning for warning in ran.record.warnings if warning.code == "resumed"]
    assert f"after {len(left.done)} of {TOTAL} searches" in told.text
    assert "collections were built again" in told.text
    assert ran.codes.count("build-failed") == 0
    assert RunStore(home / "runs").load(ran.record.id) == ran.record


async def test_the_screen_sees_at_once_what_was_there(home):
    runs = await interrupted(LONG, home, measuring(400))
    left, ran = await gone_on(runs, home)
    first = next(event for event in ran.events if isinstance(event, Measured))
    assert sum(m.engine_ms.n for _, m in first.measurements if m.engine_ms is not None) == len(left.done)
    progress = [event for event in ran.events if isinstance(event, Progress) and event.stage == "measure"]
    assert (progress[0].done, progress[0].total, progress[-1].done) == (len(left.done), TOTAL, TOTAL)
    assert progress[0].remaining_s is None


async def test_figures_of_both_parts_are_one(home):
    """Recall and times of a run in two parts are those of the same run in one."""
    whole = await run(LONG, home, fake())
    RunStore(home / "runs").delete(whole.record.id)
    runs = await interrupted(LONG, home, measuring(500))
    _, ran = await gone_on(runs, home)
    assert [m.recall for m in ran.record.measurements] == [m.recall for m in whole.record.measurements]
    assert [m.engine_ms for m in ran.record.measurements] == [m.engine_ms for m in whole.record.measurements]
    assert [m.qps for m in ran.record.measurements] == pytest.approx([m.qps for m in whole.record.measurements])


async def test_it_may_be_interrupted_again_and_again(home):
    runs = await interrupted(LONG, home, measuring(200))
    for searches in (400, 600):
        left = runs.unfinished(runs.list()[0].id)
        engine = fake()
        async with aclosing(stream(left.request, home, engine, engine._clock, left=left)) as events:
            async for event in events:
                if measuring(searches)(event):
                    break
        (summary,) = runs.list()
        assert (summary.status, summary.resumable) == ("partial", True)
    _, ran = await gone_on(runs, home)
    assert ran.record.status == "complete"
    assert set(counted(ran).values()) == {1}
    assert ran.codes.count("resumed") == 3


async def test_one_that_is_interrupted_before_it_measures_again_loses_nothing(home):
    runs = await interrupted(LONG, home, measuring(400))
    before = runs.load(runs.list()[0].id)
    left = runs.unfinished(before.id)
    engine = fake()
    async with aclosing(stream(left.request, home, engine, engine._clock, left=left)) as events:
        async for event in events:
            if isinstance(event, Progress) and event.stage == "truth":
                break
    assert runs.load(before.id) == before
    assert runs.unfinished(before.id).done == left.done


async def test_a_block_that_a_kill_cut_short_is_measured_anew(home):
    runs = await interrupted(LONG, home, measuring(400))
    (summary,) = runs.list()
    samples = runs.samples_path(summary.id)
    torn = b'{"measurement":0,"repeat":7,"query":0,"ids":[],"engine_ms":1.0,"round_trip_ms":1.0}\n{"measurem'
    journal = home / "runs" / f"{summary.id}.unfinished"
    with samples.open("ab") as file:
        file.write(torn)
    with journal.open("ab") as file:
        file.write(b'{"block":[0,')
    left, ran = await gone_on(runs, home)
    assert (0, 7, 0) not in left.done
    assert set(counted(ran).values()) == {1}
    assert len(counted(ran)) == TOTAL


async def test_a_killed_run_goes_on_from_its_journal(home):
    """Without the record that its end would have written, and with its temporary store still there."""
    runs = await interrupted(LONG, home, measuring(400))
    (summary,) = runs.list()
    journal = home / "runs" / f"{summary.id}.unfinished"
    lines = journal.read_bytes().replace(str(os.getpid()).encode(), b"4194305").splitlines(keepends=True)
    (home / "runs" / f"{summary.id}.journal").write_bytes(b"".join(lines))
    journal.unlink()
    (home / "runs" / f"{summary.id}.json").unlink()
    (home / "tmp" / summary.id / "store" / "half").mkdir(parents=True)
    assert runs.list()[0].measurements == 4
    left = runs.unfinished(summary.id)
    ran = await run(left.request, home, fake(), left=left)
    assert ran.record.status == "complete"
    assert set(counted(ran).values()) == {1}
    assert list((home / "tmp").iterdir()) == []


async def test_a_run_whose_record_finds_no_room_goes_on_once_there_is_some(home, monkeypatch):
    def full(path, raw):
        raise DiskFull("no space is left")

    runs = RunStore(home / "runs")
    with monkeypatch.context() as patch:
        patch.setattr("qtui.bench.record.write_private", full)
        for request in (LONG, replace(LONG, tune=True)):
            with pytest.raises(DiskFull):
                await interrupted(
                    request, home, measuring(400) if not request.tune else lambda e: isinstance(e, Measured)
                )
        found = {summary.resumable: summary for summary in runs.list()}
        assert [(each.status, each.measuring) for each in found.values()] == [("partial", False)] * 2
        assert runs.settle() == ()
        with pytest.raises(DiskFull):
            runs.unfinished(found[True].id)
    left = runs.unfinished(found[True].id)
    ran = await run(left.request, home, fake(), left=left)
    assert ran.record.status == "complete"
    assert set(counted(ran).values()) == {1}
    assert runs.settle() == (found[False].id,)
    assert runs.load(found[False].id).status == "partial"
    with pytest.raises(UsageError, match="its plan was not kept"):
        runs.unfinished(found[False].id)


async def test_a_name_stays(home):
    runs = await interrupted(LONG, home, measuring(400))
    runs.rename(runs.list()[0].id, "before the move")
    _, ran = await gone_on(runs, home)
    assert ran.record.name == "before the move"


async def test_the_cold_pass_is_made_once(home):
    runs = await interrupted(replace(LONG, cold=True), home, measuring(400))
    _, ran = await gone_on(runs, home)
    cold = [line for line in ran.lines() if line.get("repeat") == -1]
    assert len(cold) == 4 * 30
    assert ran.codes.count("cold-pass") == 4


async def test_a_file_that_changed_since_is_refused(home, tmp_path):
    path = tmp_path / "vectors.npy"
    rng = np.random.default_rng(1)
    np.save(path, rng.standard_normal((80, 8), dtype=np.float32))
    request = replace(LONG, source=SourceSpec("file", path=str(path)))
    runs = await interrupted(request, home, measuring(400))
    before = runs.load(runs.list()[0].id)
    np.save(path, rng.standard_normal((80, 8), dtype=np.float32))
    with pytest.raises(UsageError, match=r"data of run .* have changed"):
        await gone_on(runs, home)
    assert runs.load(before.id) == before
    assert runs.list()[0].resumable


async def test_queries_that_changed_since_are_refused(home, tmp_path):
    path = tmp_path / "queries.npy"
    rng = np.random.default_rng(1)
    np.save(path, rng.standard_normal((30, 8), dtype=np.float32))
    runs = await interrupted(replace(LONG, queries_file=str(path)), home, measuring(400))
    np.save(path, rng.standard_normal((30, 8), dtype=np.float32))
    with pytest.raises(UsageError, match=r"queries or vectors of run .* have changed"):
        await gone_on(runs, home)
    assert runs.list()[0].resumable


async def test_paths_mean_the_same_from_another_folder(home, tmp_path, monkeypatch):
    np.save(tmp_path / "v.npy", np.random.default_rng(1).standard_normal((80, 8), dtype=np.float32))
    monkeypatch.chdir(tmp_path)
    runs = await interrupted(replace(LONG, source=SourceSpec("file", path="v.npy")), home, measuring(400))
    name = runs.load(runs.list()[0].id).dataset.source
    monkeypatch.chdir("/")
    _, ran = await gone_on(runs, home)
    assert ran.record.dataset.source == name


async def test_a_collection_is_measured_on_in_place(home):
    engine = fake()
    source = SourceSpec("synthetic", rows=80, dimension=8, seed=3)
    for name, method in (("docs", "none"), ("docs__binary", "binary")):
        _ = [event async for event in load(engine, BuildJob("", name, method, source, BuildSpec()))]
    request = replace(LONG, source=None, collection="docs")
    runs = await interrupted(request, home, measuring(400), engine)
    left, ran = await gone_on(runs, home, engine=engine)
    assert set(counted(ran).values()) == {1}
    (told,) = [warning for warning in ran.record.warnings if warning.code == "resumed"]
    assert "built again" not in told.text
    assert left.request == request


async def test_a_complete_run_and_one_that_goes_on_are_refused(home):
    ran = await run(REQUEST, home)
    runs = RunStore(home / "runs")
    with pytest.raises(UsageError, match="is complete"):
        runs.unfinished(ran.record.id)
    runs.delete(ran.record.id)
    runs = await interrupted(LONG, home, measuring(400))
    left = runs.unfinished(runs.list()[0].id)
    (home / "runs" / f"{left.record.id}.unfinished").rename(home / "runs" / "elsewhere")
    with pytest.raises(UsageError, match="measured by another qtui"):
        await run(left.request, home, fake(), left=left)
    with pytest.raises(UsageError, match="plan was not kept"):
        runs.unfinished(left.record.id)


async def test_another_engine_is_said(home):
    runs = await interrupted(LONG, home, measuring(400))
    (summary,) = runs.list()
    record = home / "runs" / f"{summary.id}.json"
    raw = msgspec.json.decode(record.read_bytes())
    raw["environment"]["engine"]["version"] = "0.1"
    record.write_bytes(msgspec.json.encode(raw))
    _, ran = await gone_on(runs, home)
    (told,) = [warning for warning in ran.record.warnings if warning.code == "resumed-elsewhere"]
    assert "0.1" in told.text
