"""Loading, on the real engine: what is in the file is in the collection, whatever happened on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtui.data.load import collection_spec, jobs, load, origin_of, remembered_job
from qtui.data.queries import held_out_rows
from qtui.data.vectors import open_vectors
from qtui.engine.base import Origin, PointBatch
from qtui.engine.open import open_embedded
from qtui.errors import BadSource, DiskFull, Exists, QtuiError, UsageError
from qtui.events import BuildDone, Event, Progress
from qtui.loads import BuildJob, BuildSpec, LoadRequest, SourceSpec
from qtui.model import Distance, Hnsw, Placement, Quantization
from tests.data.writers import npy, random_vectors


@pytest.fixture
async def engine(tmp_path):
    opened = await open_embedded(tmp_path / "store")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Several batches, each marked and told."""
    monkeypatch.setattr("qtui.data.load._BATCH_BYTES", 16 * 4 * 64)
    monkeypatch.setattr("qtui.data.load._EVERY_S", 0.0)


def job_of(tmp_path: Path, vectors, method: str = "none", *, payload: bool = True, **more) -> BuildJob:
    npy(tmp_path / "x.npy", vectors)
    (tmp_path / "p.jsonl").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(len(vectors))))
    source = SourceSpec("file", str(tmp_path / "x.npy"), payload=str(tmp_path / "p.jsonl") if payload else None)
    return BuildJob(str(tmp_path / "store"), "c", method, source, BuildSpec(), **more)


async def events_of(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


async def stored(engine, name: str = "c") -> dict[int, tuple[Any, np.ndarray]]:
    page = await engine.scroll(name, limit=10_000, with_vectors=True)
    assert page.next_offset is None
    return {point.id: (point.payload, np.array(point.vectors[""], dtype=np.float32)) for point in page.points}


def normalised(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("method", ["none", "scalar", "binary"])
async def test_all_rows_arrive(method, engine, tmp_path):
    vectors = random_vectors(500, 16)
    events = await events_of(load(engine, job_of(tmp_path, vectors, method)))
    done = events[-1]
    assert isinstance(done, BuildDone)
    assert (done.collection, done.points) == ("c", 500)
    steps = [event.done for event in events if isinstance(event, Progress) and event.stage == "load"]
    assert steps == sorted(steps)
    assert steps[-1] == 500
    assert [event.stage for event in events[-2:-1] if isinstance(event, Progress)] == ["index"]
    found = await stored(engine)
    assert list(found) == list(range(500))
    for row in (0, 63, 64, 499):
        payload, vector = found[row]
        assert payload == {"n": row}
        np.testing.assert_allclose(vector, normalised(vectors[row]), atol=1e-6)
    view = await engine.view("c")
    assert view.status == "green"
    assert view.vector().built.complete


async def test_held_out_rows_stay_out(engine, tmp_path):
    await events_of(load(engine, job_of(tmp_path, random_vectors(500, 16), held_out=37, held_out_seed=5)))
    found = await stored(engine)
    kept_out = set(held_out_rows(500, 37, 5).tolist())
    assert set(found) == set(range(500)) - kept_out
    assert all(payload == {"n": row} for row, (payload, _) in found.items())


async def test_multivectors(engine, tmp_path):
    flat = random_vectors(300, 16)
    offsets = np.array([0, 5, 6, 100, 140, 300])
    np.savez(tmp_path / "m.npz", vectors=flat, offsets=offsets)
    job = replace(job_of(tmp_path, flat), source=SourceSpec("file", str(tmp_path / "m.npz")), method="binary")
    done = (await events_of(load(engine, job)))[-1]
    assert isinstance(done, BuildDone)
    assert done.points == 5
    for row, (_, vector) in (await stored(engine)).items():
        np.testing.assert_allclose(vector, normalised(flat[offsets[row] : offsets[row + 1]]), atol=1e-6)


async def test_a_cancelled_load_goes_on_where_it_was(engine, tmp_path, monkeypatch):
    vectors = random_vectors(1000, 16)
    job = job_of(tmp_path, vectors, "scalar", held_out=10)
    async with aclosing(load(engine, job)) as stream:
        async for event in stream:
            if isinstance(event, Progress) and event.done >= 300:
                break
    reached = await engine.loaded_rows("c")
    assert 300 <= reached < 1000
    assert (await engine.view("c")).status == "partial"
    await engine.close()
    again = await open_embedded(tmp_path / "store")
    written: list[int] = []
    upsert = again.upsert

    async def counted(name: str, batch: PointBatch) -> None:
        written.extend(int(each) for each in batch.ids)
        await upsert(name, batch)

    monkeypatch.setattr(again, "upsert", counted)
    done = (await events_of(load(again, job)))[-1]
    assert isinstance(done, BuildDone)
    assert done.points == 990
    assert min(written) >= reached
    found = await stored(again)
    assert set(found) == set(range(1000)) - set(held_out_rows(1000, 10, 0).tolist())
    for row, (payload, vector) in found.items():
        assert payload == {"n": row}
        np.testing.assert_allclose(vector, normalised(vectors[row]), atol=1e-6)
    await again.close()


async def test_a_task_can_be_cancelled_between_batches(engine, tmp_path):
    job = job_of(tmp_path, random_vectors(2000, 16))
    begun = asyncio.Event()

    async def run() -> None:
        async for _ in load(engine, job):
            begun.set()

    task = asyncio.create_task(run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await engine.view("c")).status == "partial"
    assert await engine.count("c") < 2000


async def test_loading_again_does_nothing_and_another_source_is_refused(engine, tmp_path):
    vectors = random_vectors(300, 16)
    job = job_of(tmp_path, vectors)
    await events_of(load(engine, job))
    assert await events_of(load(engine, job)) == [BuildDone("c", 300, 0.0, 0.0)]
    others = (
        replace(job, held_out=5),
        replace(job, build=replace(job.build, distance=Distance.DOT)),
        replace(job, source=replace(job.source, payload=None)),
        replace(job, source=replace(job.source, rows=200)),
        job_of(tmp_path, vectors + 1),
    )
    for other in others:
        with pytest.raises(Exists, match=r"is there already, from 'x\.npy"):
            await events_of(load(engine, other))
    assert await engine.count("c") == 300


@pytest.mark.parametrize(
    ("row", "value", "says"),
    [(450, np.nan, "row 450 .* not finite"), (450, 0, "row 450 .* all zeros"), (0, np.inf, "row 0 .* not finite")],
)
async def test_a_bad_row_leaves_nothing_and_the_mended_file_loads(row, value, says, engine, tmp_path):
    vectors = random_vectors(500, 16)
    vectors[row] = value
    with pytest.raises(BadSource, match=says):
        await events_of(load(engine, job_of(tmp_path, vectors)))
    assert await engine.collections() == ()
    vectors[row] = 1
    await events_of(load(engine, job_of(tmp_path, vectors)))
    assert await engine.count("c") == 500


async def test_a_full_disk_keeps_what_was_written(engine, tmp_path, monkeypatch):
    job, upsert = job_of(tmp_path, random_vectors(500, 16)), engine.upsert

    async def filling(name: str, batch: PointBatch) -> None:
        if int(batch.ids[0]) >= 256:
            raise DiskFull("no space is left")
        await upsert(name, batch)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "upsert", filling)
        with pytest.raises(DiskFull):
            await events_of(load(engine, job))
    assert await engine.count("c") == 256
    await events_of(load(engine, job))
    assert await engine.count("c") == 500


async def test_a_bad_file_makes_no_collection(engine, tmp_path):
    job = job_of(tmp_path, random_vectors(5, 16))
    for bad in (
        replace(job, source=SourceSpec("file", str(tmp_path / "none.npy"))),
        replace(job, held_out=5),
        replace(job, build=replace(job.build, quantile=float("nan"))),
    ):
        with pytest.raises(QtuiError):
            await events_of(load(engine, bad))
    assert await engine.collections() == ()


async def test_progress_is_told_a_few_times_a_second(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("qtui.data.load._EVERY_S", 3600.0)
    events = await events_of(load(engine, job_of(tmp_path, random_vectors(2000, 16))))
    assert [type(event).__name__ for event in events] == ["Progress", "Progress", "Progress", "BuildDone"]


def test_jobs_are_named_by_method(tmp_path):
    source = SourceSpec("sample")
    made = jobs(LoadRequest("glosses", source, ("none", "scalar", "turbo-4bit", "scalar")), tmp_path)
    assert [job.collection for job in made] == ["glosses", "glosses__scalar", "glosses__turbo-4bit"]
    assert [job.method for job in made] == ["none", "scalar", "turbo-4bit"]
    with pytest.raises(UsageError):
        jobs(LoadRequest("glosses", source, ("nonesuch",)), tmp_path)
    for name, build in (
        ("glosses", BuildSpec(ef_construct=0)),
        ("glosses", BuildSpec(vector_name="a/b")),
        *((name, BuildSpec()) for name in ("", "..", "a" * 195)),
    ):
        with pytest.raises(UsageError):
            jobs(LoadRequest(name, source, ("none", "turbo-4bit"), build=build), tmp_path)


def test_what_a_collection_is_created_with(tmp_path):
    np.savez(tmp_path / "m.npz", vectors=random_vectors(6, 4), offsets=[0, 2, 6])
    build = BuildSpec(Distance.DOT, "text", on_disk=False, quantile=0.95, indexing_threshold_kb=7)
    job = BuildJob("store", "c", "scalar", SourceSpec("sample"), build)
    with open_vectors(job.source) as source, open_vectors(SourceSpec("file", str(tmp_path / "m.npz"))) as multi:
        spec = collection_spec(job, source)
        assert (spec.name, spec.indexing_threshold_kb, spec.segments) == ("c", 7, 1)
        (vector,) = spec.vectors
        assert (vector.size, vector.distance, vector.name, vector.on_disk) == (384, Distance.DOT, "text", False)
        assert vector.hnsw == Hnsw(m=16, ef_construct=100)
        assert vector.quantization == Quantization("scalar", quantile=0.95, always_ram=True)
        binary = collection_spec(replace(job, method="binary"), source).vectors[0]
        assert binary.quantization == Quantization("binary", always_ram=True)
        assert collection_spec(replace(job, method="none"), source).vectors[0].quantization is None
        assert collection_spec(job, multi).vectors[0].hnsw == Hnsw(m=0, ef_construct=100)
        assert collection_spec(job, multi).vectors[0].multivector
        asked = replace(job, build=replace(build, hnsw_m=8))
        assert collection_spec(asked, multi).vectors[0].hnsw == Hnsw(m=8, ef_construct=100)


async def test_a_collection_remembers_the_job_that_makes_it(engine, tmp_path, monkeypatch):
    job = job_of(tmp_path, random_vectors(300, 16), "scalar")
    relative = replace(job, source=replace(job.source, path="x.npy", payload="p.jsonl"))
    monkeypatch.chdir(tmp_path)
    async with aclosing(load(engine, relative)) as steps:
        await anext(steps)
    monkeypatch.chdir("/")
    again = remembered_job(await engine.origin("c"), tmp_path / "elsewhere")
    assert again == replace(job, store=str(tmp_path / "elsewhere"))
    assert isinstance((await events_of(load(engine, replace(again, store=job.store))))[-1], BuildDone)
    assert (await engine.view("c")).points == 300


async def test_what_has_no_job_or_a_strange_one_has_none(tmp_path):
    assert remembered_job(Origin("x"), tmp_path) is None
    assert remembered_job(Origin("x", extra={"job": '{"store": 3}'}), tmp_path) is None


def test_the_hash_of_an_origin_forgets_defaults(tmp_path):
    job = job_of(tmp_path, random_vectors(5, 4))
    with open_vectors(job.source) as source:
        plain = origin_of(job, source)
        assert origin_of(replace(job, build=BuildSpec(query_encoding=None)), source) == plain
        assert origin_of(replace(job, build=BuildSpec(query_encoding="scalar8bits")), source) != plain
        assert origin_of(replace(job, build=BuildSpec(on_disk=None)), source) != plain


async def test_placements_and_encoding_reach_the_engine(engine, tmp_path):
    build = BuildSpec(
        originals=Placement.COLD, placement=Placement.CACHED, query_encoding="scalar8bits", indexing_threshold_kb=None
    )
    await events_of(load(engine, replace(job_of(tmp_path, random_vectors(100, 16), "binary"), build=build)))
    spec = (await engine.view("c")).spec
    assert spec.indexing_threshold_kb is None
    vector = spec.vector()
    assert (vector.on_disk, vector.placement) == (None, Placement.COLD)
    assert vector.quantization == Quantization("binary", placement=Placement.CACHED, query_encoding="scalar8bits")
