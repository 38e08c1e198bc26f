"""The exact answer for a collection of the store, over the vectors that it was loaded from while they are there."""

import msgspec
import numpy as np
import pytest

from qtui.bench.session import bench
from qtui.data.load import load
from qtui.engine.embedded.adapter import EmbeddedEngine
from qtui.engine.open import open_embedded
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.loads import BuildJob, BuildSpec, SourceSpec
from qtui.plan import BenchRequest

ROWS, HELD_OUT = 300, 20


@pytest.fixture
def drawn(tmp_path):
    rng = np.random.default_rng(7)
    np.save(tmp_path / "vectors.npy", rng.standard_normal((ROWS, 16)).astype(np.float32))
    np.save(tmp_path / "queries.npy", rng.standard_normal((25, 16)).astype(np.float32))
    return tmp_path


async def truths(drawn, home, before):
    """What the truth is and how it was found, of one run after each of the steps in `before`."""
    source, store = SourceSpec("file", path=str(drawn / "vectors.npy")), home / "store"
    job = BuildJob(str(store), "docs", "none", source, BuildSpec(hnsw_m=0), held_out=HELD_OUT)
    request = BenchRequest(
        collection="docs", queries_file=str(drawn / "queries.npy"), queries=25, methods=("none",), repeat=1
    )
    engine = await open_embedded(store)
    found = []
    try:
        async for _ in load(engine, job):
            pass
        for step in before:
            step()
            *_, last = [each async for each in bench(request, engine=engine, home=home, build=build)]
            assert isinstance(last, RunFinished)
            truth = last.record.dataset.truth
            assert truth is not None
            lines = map(msgspec.json.decode, (home / "runs" / last.record.samples).read_bytes().splitlines())
            found.append((truth.how, [line["ids"] for line in lines if "truth" in line]))
    finally:
        await engine.close()
    return found


async def test_a_collection_that_lost_points_since_is_asked_itself(drawn, home, monkeypatch):
    count = EmbeddedEngine.count

    async def one_less(self, name, filter_=None):
        return await count(self, name, filter_) - 1

    ((how, _),) = await truths(drawn, home, (lambda: monkeypatch.setattr(EmbeddedEngine, "count", one_less),))
    assert how.startswith("the engine's exact search in docs")


async def test_found_in_the_file_then_in_the_cache_and_by_the_engine_where_the_file_is_another_one(drawn, home):
    vectors = drawn / "vectors.npy"
    steps = (lambda: None, lambda: None, lambda: np.save(vectors, np.load(vectors)[::-1]), vectors.unlink)
    file, cache, other, gone = await truths(drawn, home, steps)
    ranked = "exact search over the float32 originals, ranked in float64, in vectors.npy"
    assert [how for how, _ in (file, cache)] == [ranked, f"{ranked} (from the cache)"]
    assert all(how.startswith("the engine's exact search in docs") for how, _ in (other, gone))
    assert file[1] == cache[1] == other[1] == gone[1]
    assert len(file[1]) == 25
