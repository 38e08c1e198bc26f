from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from qtui import records
from qtui.bench.record import RunStore, decode
from qtui.bench.samples import read_samples
from qtui.bench.workplace import Workplace, clean, in_use
from qtui.errors import DataError, NewerFormat, NotFound, UsageError
from qtui.loads import SourceSpec
from qtui.model import Bytes
from qtui.owner import Owner, this_process
from tests.bench.runs import REQUEST, run
from tests.host import until

KEYS = {
    "environment": {"qtui", "python", "platform", "cpus", "engine", "client"},
    "plan": {"seed", "repeat", "warmup", "concurrency", "rate", "order"},
    "dataset": {
        *("source", "points", "dimension", "multivector", "distance", "filter", "queries", "query_origin", "k"),
        "truth",
    },
}
COLLECTION = {
    *("name", "method", "points", "segments", "built", "bytes_per_vector", "compression", "memory"),
    *("load_seconds", "index_seconds"),
}
MEASUREMENT = {
    *("collection", "method", "search", "effective", "concurrency", "queries", "errors", "failures", "recall"),
    *("engine_ms", "round_trip_ms", "overhead_ms", "qps", "speedup", "vs_baseline"),
    "split",
}
SEARCH = {"exact", "ignore", "rescore", "oversampling", "hnsw_ef", "limit"}
TIMES = {"n", "mean", "min", "p50", "p95", "p99", "max", "ci"}


async def test_the_record_has_the_fields_of_the_contract(home):
    ran = await run(REQUEST, home)
    record = msgspec.json.decode((home / "runs" / f"{ran.record.id}.json").read_bytes())
    assert record["schema"] == "qtui.run/1"
    assert {"id", "status", "started", "finished", "samples", "warnings", "recommendation"} <= record.keys()
    assert record["started"].endswith("Z")
    for part, keys in KEYS.items():
        assert keys <= record[part].keys(), part
    assert record["environment"]["engine"] == {"kind": "embedded", "version": "fake"}
    assert record["dataset"]["truth"].keys() == {"how", "seconds"}
    for collection in record["collections"]:
        assert collection.keys() == COLLECTION | {"settings", "using"}
        assert collection["built"].keys() == {"segments", "of"}
        assert collection["bytes_per_vector"].keys() == {"original", "quantized"}
        assert collection["compression"].keys() == {"measured", "theoretical"}
        assert collection["memory"].keys() == {"originals", "quantized", "graph", "payload", "other"}
        assert all(component.keys() == {"heap", "cached", "disk"} for component in collection["memory"].values())
    for measured in record["measurements"]:
        assert measured.keys() == MEASUREMENT
        assert measured["search"].keys() >= SEARCH
        assert measured["effective"].keys() == {"rescore", "oversampling", "candidates"}
        assert measured["recall"].keys() == {"mean", "low", "high", "min"}
        assert measured["engine_ms"].keys() == measured["round_trip_ms"].keys() == TIMES
        assert measured["engine_ms"]["ci"].keys() == {"p50", "p95"}
        assert measured["speedup"].keys() == {"engine", "round_trip"}
    for warning in record["warnings"]:
        assert warning.keys() == {"code", "text", "about"}


async def test_the_rules_of_null(home):
    ran = await run(REQUEST, home)
    record = msgspec.json.decode((home / "runs" / f"{ran.record.id}.json").read_bytes())
    none, quantized = record["collections"]
    assert none["bytes_per_vector"]["quantized"] is None
    assert none["compression"] == {"measured": 1.0, "theoretical": 1.0}
    assert quantized["bytes_per_vector"]["quantized"] == 16
    first, *others = record["measurements"]
    assert (first["search"]["rescore"], first["search"]["oversampling"]) == (None, None)
    assert first["vs_baseline"] is None
    assert first["speedup"] == {"engine": 1.0, "round_trip": 1.0}
    for measured in record["measurements"]:
        n = measured["queries"] * record["plan"]["repeat"] - measured["errors"]
        assert measured["engine_ms"]["n"] == measured["round_trip_ms"]["n"] == n == 60
        assert measured["engine_ms"]["p99"] is None
    for measured in others:
        assert measured["vs_baseline"].keys() == {"engine_p50_ratio", "low", "high", "significant"}
        assert (measured["search"]["oversampling"] is None) == (measured["search"]["rescore"] is False)


async def test_a_record_reads_back_as_it_was(home):
    ran = await run(REQUEST, home)
    store = RunStore(home / "runs")
    assert store.load(ran.record.id) == ran.record
    assert store.load(home / "runs" / f"{ran.record.id}.json") == ran.record
    (summary,) = store.list()
    assert (summary.id, summary.status, summary.dataset) == (ran.record.id, "complete", ran.record.dataset)
    assert summary.measurements == 4


async def test_rename_and_delete(home):
    ran = await run(REQUEST, home)
    store = RunStore(home / "runs")
    store.rename(ran.record.id, "before the move")
    assert store.load(ran.record.id) == replace(ran.record, name="before the move")
    store.delete(ran.record.id)
    assert store.list() == ()
    assert list((home / "runs").iterdir()) == []
    with pytest.raises(NotFound):
        store.delete(ran.record.id)
    with pytest.raises(NotFound):
        store.load(ran.record.id)
    with pytest.raises(NotFound):
        store.load(home / "nowhere.json")


async def test_runs_are_listed_newest_first_and_unreadable_files_are_named(home):
    store = RunStore(home / "runs")
    assert store.list() == ()
    first = await run(REQUEST, home)
    second = await run(REQUEST, home)
    (home / "runs" / "broken.json").write_text("{")
    (home / "runs" / "other.json").write_text('{"schema": "something/1"}')
    (home / "runs" / "newer.json").write_text('{"schema": "qtui.run/2", "all": "different"}')
    (home / "runs" / "empty.journal").write_text("")
    (home / "runs" / "cut.json").write_bytes((home / "runs" / f"{first.record.id}.json").read_bytes()[:900])
    assert [summary.id for summary in store.list()] == [second.record.id, first.record.id]
    assert len(store.problems) == 5
    assert any("newer qtui" in problem for problem in store.problems)
    with pytest.raises(NewerFormat, match="update qtui"):
        store.load("newer")
    for name in ("broken", "other", "cut", "empty"):
        with pytest.raises(DataError):
            store.load(name)


def test_a_record_that_lacks_a_field_is_data_error():
    with pytest.raises(DataError, match="no readable run record"):
        decode(b'{"schema": "qtui.run/1", "id": "x"}', "x.json")


KILLED = """
import asyncio, os, sys
from pathlib import Path
from dataclasses import replace
from qtui.events import Progress
from tests.bench.runs import REQUEST, stream
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

async def main():
    clock = FakeClock()
    request = replace(REQUEST, repeat=1000)
    async for event in stream(request, Path(sys.argv[1]), FakeEngine(clock=clock), clock):
        if isinstance(event, Progress) and event.stage == sys.argv[2] and event.done >= int(sys.argv[3]):
            print("now", flush=True)
            input()

asyncio.run(main())
"""


def killed(home, stage, done):
    """A run in a process of its own, killed at a stage."""
    command = [sys.executable, "-c", KILLED, str(home), stage, str(done)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as child:
        assert child.stdout is not None
        assert until.said(child) == b"now\n"
        (alive,) = (home / "runs").glob("*.journal")
        with pytest.raises(UsageError, match="being measured"):
            RunStore(home / "runs").delete(alive.stem)
        assert clean(home).removed == ()
        child.send_signal(signal.SIGKILL)
    return alive.stem


def test_a_killed_run_shows_as_partial_with_what_it_had(home):
    run_id = killed(home, "measure", 400)
    store = RunStore(home / "runs")
    (summary,) = store.list()
    assert (summary.id, summary.status) == (run_id, "partial")
    record = store.load(run_id)
    assert record.status == "partial"
    searches = read_samples(home / "runs" / f"{run_id}.samples.jsonl").searches
    assert len(searches) >= 400
    for index, measured in enumerate(record.measurements):
        assert measured.engine_ms is not None
        assert measured.engine_ms.n == sum(1 for sample in searches if sample.measurement == index)
        assert measured.recall is not None
        assert measured.qps is not None
    assert [found.method for found in record.collections] == ["none", "binary"]
    # the temporary store is still there, and goes; the run stays
    cleaned = clean(home)
    assert [Path(path).name for path in cleaned.removed] == [run_id]
    assert cleaned.settled == (run_id,)
    assert list((home / "tmp").iterdir()) == []
    assert store.load(run_id) == record
    assert not list((home / "runs").glob("*.journal"))
    assert clean(home).removed == ()


def test_a_run_killed_before_it_measured_shows_what_it_was_to_be(home):
    run_id = killed(home, "load", 0)
    record = RunStore(home / "runs").load(run_id)
    assert (record.status, record.measurements) == ("partial", ())
    assert record.dataset.points == 50
    assert record.dataset.truth is not None


def test_a_line_that_a_kill_cut_short_is_left_out(home):
    run_id = killed(home, "measure", 200)
    samples, journal = (home / "runs" / f"{run_id}{suffix}" for suffix in (".samples.jsonl", ".journal"))
    before = RunStore(home / "runs").load(run_id)
    for path in (samples, journal):
        with path.open("ab") as file:
            file.write(b'{"measurement": 0, "rep')
    assert RunStore(home / "runs").load(run_id) == before


def test_an_owner_is_a_process_and_when_it_began():
    assert this_process().alive
    assert not Owner(this_process().pid, "another start").alive or this_process().started is None
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait(until.DEADLINE_S)
        gone = Owner(child.pid, None)
    assert not gone.alive


def test_a_folder_without_an_owner_is_nobodys(tmp_path):
    place = Workplace(tmp_path, "run")
    place.make()
    assert in_use(place.folder)
    (place.folder / "owner.json").write_text("nonsense")
    assert not in_use(place.folder)
    assert clean(tmp_path).removed == (str(place.folder),)
    assert not place.folder.exists()


def test_memory_figures_are_three_things():
    assert {field.name for field in fields(Bytes)} == {"heap", "cached", "disk"}
    assert records.SCHEMA == "qtui.run/1"


async def test_a_file_name_that_is_no_text_costs_one_error_and_no_state(home, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.npy")
    try:
        with open(path, "wb") as file:  # noqa: PTH123 - the name is the point
            np.save(file, np.ones((60, 4), dtype=np.float32))
    except OSError:
        pytest.skip("this file system takes no such names")
    with pytest.raises(UsageError, match="is not valid UTF-8: rename"):
        await run(replace(REQUEST, source=SourceSpec("file", path=path)), home)
    assert list((home / "runs").iterdir()) == []
