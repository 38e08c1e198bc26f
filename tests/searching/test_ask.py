"""Asking columns of the fake engine: warm-up, the query itself, titles, failures."""

from __future__ import annotations

import numpy as np
import pytest

from qtui.engine.base import PointBatch
from qtui.errors import EngineGone, NotFound
from qtui.filters import parse_filter
from qtui.model import CollectionSpec, SearchSettings, VectorSpec
from qtui.searching.ask import Asker, Target, point_target
from qtui.searching.columns import Column, Place
from tests.fakes import FakeEngine

PLACE = Place("none", built=True, segments=1, points=8)
ROWS = np.eye(8, 4, dtype=np.float32) + 0.1


async def engine(*names: str) -> FakeEngine:
    made = FakeEngine()
    for name in names:
        await made.create(CollectionSpec(name, (VectorSpec(4),)))
        payloads = [{"title": f"point {at}", "even": at % 2 == 0} for at in range(8)]
        await made.upsert(name, PointBatch(list(range(8)), {"": ROWS}, payloads))
        await made.build(name)
    return made


async def test_the_query_itself_is_left_out_of_its_collection_and_its_siblings() -> None:
    made = await engine("a", "a__scalar", "b")
    target = await point_target(made, "a", 3)
    target = Target(np.asarray(target.values, np.float32), target.title, target.point, target.home)
    assert target.title == "point 3: point 3"
    asker = Asker(made)
    for name, itself in (("a", False), ("a__scalar", False), ("b", True)):
        outcome = await asker.outcome(Column(name, SearchSettings(limit=4)), PLACE, target)
        assert outcome.error is None
        assert len(outcome.ids) == 4
        assert (3 in outcome.ids) is itself
        assert [hit.title for hit in outcome.hits] == [f"point {hit.id}" for hit in outcome.hits]


async def test_the_first_search_of_a_column_is_not_the_timed_one() -> None:
    made = await engine("a")
    times = iter([50.0, 0.25, 0.5, 40.0, 0.75])
    made._latency_ms = lambda _: next(times)
    asker, column = Asker(made), Column("a", SearchSettings(limit=2))
    target = Target(ROWS[0], "x")
    assert (await asker.outcome(column, PLACE, target)).engine_ms == 0.25
    assert (await asker.outcome(column, PLACE, target)).engine_ms == 0.5
    asker.forget()
    assert (await asker.outcome(column, PLACE, target)).engine_ms == 0.75


async def test_a_filter_narrows() -> None:
    made = await engine("a")
    found = await Asker(made).outcome(
        Column("a", SearchSettings(limit=8)), PLACE, Target(ROWS[0], "x"), parse_filter("even = true")
    )
    assert sorted(found.ids) == [0, 2, 4, 6]


async def test_failures_are_outcomes() -> None:
    made = await engine("a")
    column, target = Column("a", SearchSettings()), Target(ROWS[0], "x")
    wrong = await Asker(made).outcome(column, PLACE, Target(np.ones(3, np.float32), "short"))
    assert wrong.error is not None
    assert not wrong.gone
    made._failure = lambda _: EngineGone("it was killed; try again")
    gone = await Asker(made).outcome(column, PLACE, target)
    assert (gone.error, gone.gone, gone.hits) == ("it was killed; try again", True, ())
    with pytest.raises(NotFound, match="no point 99;"):
        await point_target(made, "a", 99)
    with pytest.raises(NotFound, match="no vector 'x'"):
        await point_target(made, "a", 1, "x")
