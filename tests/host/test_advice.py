"""Advice, comparison, names and deletion of kept runs through a real engine room."""

from dataclasses import replace

import pytest

from qtui import config
from qtui.bench.record import RunStore
from qtui.bench.samples import header, sample_lines, truth_lines
from qtui.errors import NotFound, QtuiError, UsageError
from qtui.host.client import EngineRoom
from qtui.records import Sample
from tests.bench.planted import Plant, always, run

PLANTS = (
    Plant("none", always(10), always(1.0)),
    Plant("binary", lambda query: 10 if query % 4 else 7, always(0.2), 2.0, bytes_=16),
    Plant("scalar", always(10), always(0.5), bytes_=80),
)


@pytest.fixture
async def room(tmp_path):
    opened = EngineRoom(tmp_path / "store")
    await opened.start()
    yield opened
    await opened.close()


def keep(run_id, **changes):
    """A planted run on disk with its samples."""
    record, lines = run(PLANTS)
    record = replace(record, id=run_id, samples=f"{run_id}.samples.jsonl", **changes)
    store = RunStore(config.runs_dir())
    store.write(record)
    truth = [line for line in lines if not isinstance(line, Sample)]
    raw = header(run_id) + truth_lines(truth) + sample_lines([line for line in lines if isinstance(line, Sample)])
    store.samples_path(run_id).write_bytes(raw)
    return record


async def test_a_run_is_taken_in_from_a_file(room, tmp_path):
    keep("one")
    runs = config.runs_dir()
    runs.rename(tmp_path / "theirs")
    taken = await room.take_in(str(tmp_path / "theirs" / "one.json"))
    assert (taken.id, taken.new, taken.note) == ("one", True, "")
    assert (await room.advise("one", 0.95)).recommendation is not None
    with pytest.raises(NotFound, match="there is no file"):
        await room.take_in(str(tmp_path / "nowhere.json"))


async def test_the_engine_is_tried_and_what_killed_runs_left_is_found_and_removed(room):
    tried = await room.try_out()
    assert tried.engine["works"], tried
    assert tried.engine["finds a vector by itself"]
    assert tried.models.keys() == {"fastembed", "folder", "here"}
    assert await room.left_over() == ()
    dead = config.temporary_dir() / "20000101T000000-dead"
    (dead / "store").mkdir(parents=True)
    (left,) = await room.left_over()
    assert left.folder == str(dead)
    assert await room.remove_left() == ()
    assert not dead.exists()


async def test_advice_follows_the_target(room):
    keep("one")
    found = await room.advise("one", 0.95)
    assert found.recommendation is not None
    assert found.recommendation.method == "scalar"
    lower = await room.advise("one", 0.85)
    assert lower.recommendation is not None
    assert lower.recommendation.method == "binary"
    assert lower.recommendation.search.oversampling == 2.0
    with pytest.raises(NotFound):
        await room.advise("other", 0.95)
    with pytest.raises(UsageError):
        await room.advise("one", 2.0)


async def test_advice_on_a_run_of_the_same_id_that_has_changed(room):
    keep("one")
    assert (await room.advise("one", 0.95)).recommendation is not None
    RunStore(config.runs_dir()).samples_path("one").unlink()
    keep("one", status="partial")
    RunStore(config.runs_dir()).samples_path("one").unlink()
    found = await room.advise("one", 0.95)
    assert found.recommendation is None
    assert "has kept none" in found.verdict


async def test_runs_are_compared_named_and_deleted(room):
    keep("one")
    keep("two", started="2026-01-02T00:00:00Z")
    found = await room.compare("one", "two")
    assert len(found.pairs) == len(PLANTS)
    await room.rename_run("two", "second")
    assert [summary.name for summary in await room.runs()] == ["second", None]
    await room.delete_run("one")
    assert [summary.id for summary in await room.runs()] == ["two"]
    keep("three", dataset=replace(keep("three").dataset, k=20))
    with pytest.raises(UsageError, match="different k"):
        await room.compare("two", "three")


async def test_kept_runs_are_read_where_no_engine_answers(tmp_path):
    keep("one")
    (tmp_path / "store").write_text("a file where the store should be")
    held = EngineRoom(tmp_path / "store")
    try:
        with pytest.raises(QtuiError):
            await held.start()
        assert [summary.id for summary in await held.runs()] == ["one"]
        assert (await held.advise("one", 0.95)).recommendation is not None
    finally:
        await held.close()
