"""What is measured together with a collection that is there."""

from dataclasses import replace

import pytest

from qtui.errors import NotFound
from tests.bench.runs import REQUEST, loaded, run
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine


async def test_a_collection_is_measured_in_place(home):
    engine = FakeEngine(clock=FakeClock())
    await loaded(engine, "docs", ("none", "binary"))
    request = replace(REQUEST, source=None, collection="docs")
    ran = await run(request, home, engine)
    assert ran.record.dataset.query_origin == "collection"
    assert ran.record.dataset.points == 80
    assert [m.method for m in ran.record.measurements] == ["none", "binary", "binary", "binary"]
    assert all(m.search.limit == 5 for m in ran.record.measurements)
    assert {call.settings.limit for call in engine.calls if not call.settings.exact} == {6}
    assert ran.record.collections[0].load_seconds is None
    assert ran.record.measurements[0].recall is not None
    assert ran.record.measurements[0].recall.mean == 1.0
    searches = [line for line in ran.lines() if "measurement" in line]
    assert all(len(line["ids"]) == 5 for line in searches)
    assert await engine.collections() == ("docs", "docs__binary")


async def test_a_quantized_collection_is_measured_beside_its_originals(home):
    engine = FakeEngine(clock=FakeClock())
    await loaded(engine, "docs", ("none", "binary", "scalar"))
    ran = await run(replace(REQUEST, source=None, collection="docs__binary"), home, engine)
    assert [found.name for found in ran.record.collections] == ["docs", "docs__binary"]
    await engine.delete("docs")
    await engine.delete("docs__scalar")
    alone = await run(replace(REQUEST, source=None, collection="docs__binary"), home, engine)
    assert [found.name for found in alone.record.collections] == ["docs__binary"]
    assert "no-baseline" in alone.codes
    assert all(m.speedup is None and m.vs_baseline is None for m in alone.record.measurements)


@pytest.mark.parametrize("asked", ["docs", "docs__scalar"])
async def test_copies_without_originals_of_their_own_are_measured_together(home, asked):
    engine = FakeEngine(clock=FakeClock())
    await loaded(engine, "docs", ("binary", "scalar"))
    methods = ("none", "binary", "scalar", "turbo-4bit")
    ran = await run(replace(REQUEST, source=None, collection=asked, methods=methods), home, engine)
    assert {found.name for found in ran.record.collections} == {"docs__binary", "docs__scalar"}
    assert {"no-baseline", "left-out"} <= set(ran.codes)
    with pytest.raises(NotFound, match="no collection 'others'"):
        await run(replace(REQUEST, source=None, collection="others"), home, engine)
