"""Memory during search, on the real engine where the system can tell, and its refusals on a scripted one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qtui import hottext, units
from qtui.bench import cap, residency
from qtui.bench.deliverable.document import document
from qtui.bench.export import to_html, to_markdown
from qtui.bench.session import bench
from qtui.choices import Span
from qtui.engine.files import resident
from qtui.errors import UsageError
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.loads import BuildSpec, SourceSpec
from qtui.model import Bytes, Placement, SearchSettings
from qtui.plan import BenchRequest, check
from qtui.records import Recommendation, Residency
from tests.bench.planted import Plant, always
from tests.bench.planted import run as planted
from tests.bench.runs import REQUEST, run
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

ROWS, DIMENSION = 3000, 256
ORIGINALS = ROWS * DIMENSION * 4


def pages(memory: dict[str, Bytes], component: str) -> int:
    found = memory[component].cached
    assert found is not None
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the page cache can be asked on Linux only")
async def test_originals_stay_on_disk_until_rescoring_reads_them(home, monkeypatch):
    monkeypatch.setattr(residency, "ALONE", 1)
    request = BenchRequest(
        source=SourceSpec("synthetic", rows=ROWS + 20, dimension=DIMENSION),
        queries=20,
        methods=("none", "scalar"),
        oversampling=(1.0, 8.0),
        repeat=1,
        placements=True,
        build=BuildSpec(hnsw_m=0),
    )
    record = None
    async for event in bench(request, engine=None, home=home, build=build):
        if isinstance(event, RunFinished):
            record = event.record
    assert record is not None
    if resident(home / "runs" / f"{record.id}.json") is None:
        pytest.skip("mincore says nothing here")
    seen = {}
    for each in record.residency:
        search = record.measurements[each.measurement].search
        method = record.measurements[each.measurement].method
        seen[method, search.oversampling, each.placement] = each
    assert len(seen) == 1 + 3 + 6, "with each placement, what touches least and what touches most"
    quantized = (record.collections[1].bytes_per_vector.quantized or 0) * ROWS
    none, off = seen["none", None, None], seen["scalar", None, None]
    few, many = seen["scalar", 1.0, None], seen["scalar", 8.0, None]
    assert pages(none.searched, "originals") > 0.9 * ORIGINALS, "a full scan reads all of them"
    assert pages(off.searched, "originals") < 0.01 * ORIGINALS
    assert pages(off.searched, "originals") < pages(few.searched, "originals") < pages(many.searched, "originals")
    pinned, cached, cold = (seen["scalar", None, where] for where in ("pinned", "cached", "cold"))
    assert (pinned.loaded["quantized"].heap, cached.loaded["quantized"].heap) == (quantized, 0)
    assert pages(cached.loaded, "quantized") > 0.99 * quantized, "read when it was loaded"
    assert pages(cold.loaded, "quantized") < 0.1 * quantized < pages(cold.searched, "quantized")
    if many.read_bytes:  # a system that counts what is read from disk
        assert off.read_bytes == 0
        assert many.read_bytes == pytest.approx(pages(many.searched, "originals"), rel=0.2)
        assert (few.alone_read_bytes or 0) < (many.alone_read_bytes or 0) < many.read_bytes
    assert [each.code for each in record.warnings].count("memory-not-capped") == 1, "skipped, with its reason, once"
    text = to_markdown(record)
    assert "under a memory cap was not measured" in text
    assert "| scalar | rescore x8 | cached |" in text
    assert 'data-from="residency[0].searched.originals.cached"' in to_html(record)


async def test_where_nothing_can_be_emptied_a_warning_says_so(home):
    ran = await run(replace(REQUEST, memory=True), home, FakeEngine(clock=FakeClock(), can_evict=False))
    assert ran.record.residency == ()
    (said,) = [warning.text for warning in ran.record.warnings if warning.code == "memory-not-measured"]
    assert "was not measured" in said
    memory = next(section for section in document(ran.record).sections if section.title == "Memory")
    assert said in str(memory.parts)


async def test_where_pages_can_not_be_counted_a_warning_says_so(home):
    ran = await run(replace(REQUEST, memory=True), home, FakeEngine(clock=FakeClock()))
    assert ran.record.residency == ()
    assert "memory-not-measured" in ran.codes


async def test_without_being_asked_nothing_is_emptied(home):
    ran = await run(REQUEST, home)
    assert ran.engine.evicted == []
    assert "qtui bench --memory" in to_markdown(ran.record)


def test_placements_take_temporary_collections():
    with pytest.raises(UsageError, match="--placements"):
        check(BenchRequest(collection="mine", placements=True))


def test_what_the_system_does_not_count_is_not_known(monkeypatch, tmp_path):
    monkeypatch.setattr(residency, "_IO", tmp_path / "none")
    assert residency.read_bytes() is None
    (tmp_path / "io").write_text("rchar: 5\nread_bytes: 4096\n")
    monkeypatch.setattr(residency, "_IO", tmp_path / "io")
    assert residency.read_bytes() == 4096


def tree(folder: Path, control: str = "memory pids") -> tuple[Path, Path]:
    """A process in a session's group, as the system shows it: its /proc folder, and where groups are mounted."""
    proc, mount = folder / "proc", folder / "groups"
    own = mount / "session" / "terminal.scope"
    own.mkdir(parents=True)
    proc.mkdir()
    (proc / "cgroup").write_text("4:memory:/old\n0::/session/terminal.scope\n")
    (own.parent / "cgroup.subtree_control").write_text(control)
    (own.parent / "cgroup.procs").write_text("")
    return proc, mount


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_a_cap_is_set_only_where_a_group_is_handed_on(tmp_path, monkeypatch):
    proc, mount = tree(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid or 1000)
    if not tmp_path.stat().st_uid:
        assert "is delegated" in str(cap.groups(proc, mount)), "root's own groups are not ours to change"
        monkeypatch.setattr(os, "getxattr", lambda *_: b"1", raising=False)
    found = cap.groups(proc, mount)
    assert isinstance(found, cap.Groups)
    seen = []
    with cap.capped(found, 123):
        (folder,) = found.parent.glob("qtui-*")
        seen = [(folder / name).read_text() for name in ("memory.high", "cgroup.procs")]
    assert seen == ["123", str(os.getpid())]
    assert (folder / "memory.high").read_text() == "max"
    assert (found.own / "cgroup.procs").read_text() == str(os.getpid()), "back where it was"
    (proc / "cgroup").write_text("0::/\n")
    for name in ("cgroup.subtree_control", "cgroup.procs"):
        (mount / name).write_text("memory")
    top = cap.groups(proc, mount)
    assert isinstance(top, cap.Groups)
    assert top.own == top.parent == mount, "there is nothing above it"
    (proc / "cgroup").write_text("0::/session/terminal.scope\n")
    (found.parent / "cgroup.subtree_control").write_text("pids")
    assert "no memory controller" in str(cap.groups(proc, mount))
    assert "version 2" in str(cap.groups(tmp_path / "none", mount))


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_what_belongs_to_root_is_roots_only_when_it_was_handed_on(tmp_path, monkeypatch):
    proc, mount = tree(tmp_path)
    owner = SimpleNamespace(st_uid=0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getxattr", lambda *_: b"0", raising=False)
    monkeypatch.setattr(Path, "stat", lambda *_, **__: owner)
    assert "is delegated" in str(cap.groups(proc, mount))
    monkeypatch.setattr(os, "getxattr", lambda *_: b"1", raising=False)
    assert isinstance(cap.groups(proc, mount), cap.Groups)


def test_a_cap_is_a_tenth_of_the_originals_and_not_too_small():
    assert residency.cap_of(100 * 2**20) == 10 * 2**20
    assert "80.0 MiB is the least" in str(residency.cap_of(2**20))


# --- under a cap, wherever these tests run ---------------------------------------------------------------------------


@dataclass
class Watched:
    """A run's state and an engine, as far as looking at memory needs them; counts what is read and where."""

    within: bool = False
    asked: list[tuple[int, bool]] = field(default_factory=list)
    """Queries at once, and whether under the cap."""
    read: int = 0
    limits: list[int] = field(default_factory=list)
    evicted: int = 0
    refuses: bool = False

    async def evict(self, name: str) -> bool:
        self.evicted += 1
        return True

    async def view(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(memory={"originals": Bytes(0, self.read, 10**6)})

    async def ask(self, state: object, engine: object, ask: object, span: range) -> None:
        self.asked.append((len(span), self.within))
        self.read += 1000 * len(self.asked)

    @contextmanager
    def capped(self, where: object, limit: int) -> Iterator[None]:
        if self.refuses:
            raise PermissionError(13, "not yours")
        self.limits.append(limit)
        self.within = True
        yield
        self.within = False


@pytest.fixture
def watched(monkeypatch) -> Watched:
    found = Watched()
    monkeypatch.setattr(cap, "groups", lambda: cap.Groups(Path("own"), Path("parent")))
    monkeypatch.setattr(cap, "capped", found.capped)
    monkeypatch.setattr(residency, "_ask", found.ask)
    monkeypatch.setattr(residency, "read_bytes", lambda: found.read)
    monkeypatch.setattr(residency, "ask_of", lambda state, cell: SimpleNamespace(collection="c"))
    return found


STATE: Any = SimpleNamespace(cells=[None], queries=range(20))


def seen(originals: int) -> Residency:
    memory = {"originals": Bytes(0, 0, originals)}
    return Residency(0, None, 20, memory, memory, None, 0, None)


async def test_under_a_cap_all_are_asked_and_what_they_read_again_is_counted(watched):
    engine: Any = watched
    found, why = await residency._capped(STATE, engine, seen(100 * 2**20))
    assert why == ""
    assert watched.limits == [10 * 2**20]
    assert watched.evicted == 1
    assert watched.asked == [(20, True), (20, True)]
    assert (found.cap_bytes, found.capped_read_bytes) == (10 * 2**20, 2000), "the second time alone"
    assert found.capped_queries == 20
    scanning = replace(seen(100 * 2**20), alone_read_bytes=2**30 / 5)
    assert (await residency._capped(STATE, engine, scanning))[0].capped_queries == 10
    assert watched.asked[2:] == [(10, True), (10, True)]
    least = cap.LEAST * residency.CAP_SHARE
    assert (await residency._capped(STATE, engine, seen(least)))[0].cap_bytes == cap.LEAST
    assert "80.0 MiB is the least" in (await residency._capped(STATE, engine, seen(least - 10)))[1]
    watched.refuses = True
    refused, why = await residency._capped(STATE, engine, seen(least))
    assert (refused.cap_bytes, refused.capped_read_bytes) == (None, None)
    assert "the system refused it (not yours)" in why


@pytest.mark.parametrize(("alone", "asked"), [(None, 200), (0.0, 200), (4096.0, 200), (2**30 / 5, 10), (2.0**40, 1)])
def test_what_scans_all_originals_is_asked_fewer_queries_under_a_cap(alone, asked):
    assert residency.queries_under_cap(200, alone) == asked


def test_what_was_read_under_a_cap_stands_in_the_report_with_what_one_query_read():
    record, _ = planted([Plant("none", always(10), always(1.0)), Plant("scalar", always(9), always(0.5), bytes_=68)])
    found = replace(seen(100 * 2**20), measurement=1, cap_bytes=10 * 2**20, capped_read_bytes=5 * 2**20,
                    capped_queries=20)  # fmt: skip
    text = to_markdown(replace(record, residency=(found,)))
    assert "| scalar | no rescore | 10.0 MiB | 20 | 5.0 MiB | 256.0 KiB |" in text
    assert "`residency[0].capped_read_bytes / residency[0].capped_queries`" in text
    assert "under a memory cap was not measured" not in text
    shown = hottext.lines(replace(record, residency=(found,)))
    (row,) = [line for line in shown if "10.0 MiB" in line]
    assert row.split() == ["scalar", "off", "10.0", "MiB", "20", "5.0", "MiB", "256.0", "KiB"]
    assert max(map(len, shown)) <= 80
    uncapped = hottext.lines(replace(record, residency=(replace(found, cap_bytes=None, capped_read_bytes=None),)))
    assert "cap" not in " ".join(uncapped)


def test_beside_none_each_other_method_shows_what_touches_least_and_most():
    plants = [Plant("none", always(10), always(1.0)), Plant("scalar", always(8), always(0.5))]
    plants += [Plant("scalar", always(9), always(0.5), oversampling=factor) for factor in (1.0, 2.0, 3.0)]
    record, _ = planted(plants)
    looked = [replace(seen(0), measurement=at) for at in range(5)] + [replace(seen(0), measurement=4, placement="cold")]
    record = replace(record, residency=tuple(looked))

    def asked(method):
        rows = [line.split() for line in hottext.lines(record, method) if line.startswith(("none ", "scalar "))]
        return [row[1:3] if row[1] == "on" else row[1:2] for row in rows]

    assert asked("none") == [["–"], ["off"], ["on", "x3"]]
    assert len(asked("scalar")) == len(asked(None)) == 6


@pytest.mark.parametrize("touched", [100_000, 256_000])
def test_the_report_says_what_hot_memory_was_saved_or_that_none_was(touched):
    plants = [Plant("none", always(10), always(1.0)), Plant("scalar", always(9), always(0.5), bytes_=68)]
    record, _ = planted(plants)
    search = record.measurements[1].search
    best = Recommendation("scalar", search, Span(1, 1, 1), None, 3.8, (), None, "", "")
    whole = {"originals": Bytes(0, 256_000, 256_000), "quantized": Bytes(0, 0, 0)}
    less = {"originals": Bytes(0, touched, 256_000), "quantized": Bytes(68_000, 0, 68_000)}
    before = {"originals": Bytes(0, 0, 256_000), "quantized": Bytes(0, 0, 0)}
    residency = tuple(Residency(at, None, 20, before, seen, None, 0, None) for at, seen in enumerate((whole, less)))
    collections = tuple(replace(held, memory=less) for held in record.collections)
    text = to_markdown(replace(record, residency=residency, recommendation=best, collections=collections))
    (line,) = [line for line in text.splitlines() if line.startswith("Hot memory")]
    assert line.endswith("saved") is (touched < 188_000)
    assert line.endswith("so few originals") is (touched > 188_000)
    rest = units.size(256_000 - touched)
    assert f"| scalar | no rescore | {units.size(touched)} | {rest} |" in text


async def test_alone_is_the_mean_of_searches_that_find_nothing_in_memory(watched):
    engine: Any = watched
    ask: Any = SimpleNamespace(collection="c")
    assert await residency._alone(STATE, engine, ask) == [1000, 2000, 3000]
    assert watched.evicted == residency.ALONE
    assert watched.asked == [(1, False)] * 3
    looked = await residency._look(STATE, engine, residency._Turn(0))
    assert looked is not None
    assert (looked.alone_queries, looked.alone_read_bytes) == (3, 6000.0)
    assert looked.read_bytes == pages(looked.searched, "originals") - pages(looked.loaded, "originals") == 4000


def test_memory_is_looked_at_where_search_does_least_beside():
    def cell(method: str, ef: int, at_once: int, factor: float | None = None) -> SimpleNamespace:
        search = SearchSettings(10, ef, rescore=None if method == "none" else factor is not None, oversampling=factor)
        return SimpleNamespace(is_control=False, search=search, concurrency=at_once, method=method)

    variants = [("none", None), ("binary", None), ("binary", 2.0), ("binary", 8.0)]
    cells = [cell(name, ef, at_once, factor) for ef in (64, 32) for at_once in (4, 1) for name, factor in variants]
    target = SimpleNamespace(can_measure=lambda search: True)
    state: Any = SimpleNamespace(
        cells=cells, targets={"none": target, "binary": target}, request=SimpleNamespace(placements=True)
    )
    turns = residency._turns(state)
    assert [turn.measurement for turn in turns if turn.placement is None] == [12, 13, 14, 15]
    placed = {(turn.measurement, turn.placement) for turn in turns if turn.placement is not None}
    assert placed == {(index, where) for index in (13, 15) for where in Placement}
