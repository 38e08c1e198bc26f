"""Trying oversampling by query, apart from a run: what is asked of the engine, and when it counts as a gain."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from qtui.bench.adapting import _Judged, _Trial, _why_not, outcome
from qtui.choices import Span
from qtui.model import Distance, SearchSettings, Timed
from qtui.records import Recall, Recommendation

BEST = Recommendation(
    "binary", SearchSettings(2, 64, rescore=True, oversampling=4.0), Span(1, 1, 1), None, None, (), None, "", ""
)


@pytest.mark.parametrize(
    ("mean", "low", "is_slower", "helps", "says"),
    [
        (0.02, 0.01, False, True, "a gain"),
        (0.02, 0.0, False, False, "no gain on this data"),
        (0.0009, 0.0005, False, False, "no gain on this data"),
        (0.02, 0.01, True, False, "no gain in time"),
        (-0.02, -0.03, True, False, "no gain on this data"),
    ],
)
def test_a_gain_is_sure_worth_naming_and_costs_no_time(mean, low, is_slower, helps, says):
    found = outcome(Recall(mean, low, 0.03, 0.0), is_slower=is_slower)
    assert found[0] is helps
    assert found[1].startswith(says)


def test_there_must_be_a_factor_to_choose():
    assert _why_not(BEST) is None
    plain = replace(BEST, search=replace(BEST.search, oversampling=1.0))
    assert "nothing to save" in str(_why_not(plain))
    assert "doesn't rescore" in str(_why_not(replace(BEST, search=SearchSettings(2))))
    assert "nothing is recommended" in str(_why_not(None))


def test_a_mix_of_fixed_factors_has_the_share_of_its_cost():
    judged = _Judged((1.0, 2.0, 4.0), range(3), {0: 2.0, 1: 4.0, 2: 4.0, 3: 4.0})
    for query in range(4):
        judged.kinds["adaptive"].recalls[query] = 0.9
        judged.kinds["low"].recalls[query], judged.kinds["high"].recalls[query] = 0.4, 0.8
    assert judged.gains() == pytest.approx([0.9 - 0.25 * 0.4 - 0.75 * 0.8] * 4)


def test_what_may_be_as_fast_is_not_slower():
    judged = _Judged((1.0, 2.0), range(2), dict.fromkeys(range(40), 2.0))
    for query in range(40):
        judged.kinds["adaptive"].ms[query] = [1.1 if query % 2 else 0.92]
        judged.kinds["low"].ms[query] = judged.kinds["high"].ms[query] = [1.0]
    assert not judged.is_slower(0)


def trial(answers: tuple[tuple[int, float], ...], *, own: int | None, distance: Distance) -> tuple[_Trial, list[Any]]:
    """One query whose exact answer is 1 and 2, and an engine that notes what it is asked."""
    asked: list[Any] = []

    async def query(name: str, vector: object, settings: SearchSettings, **_: object) -> Timed[Any]:
        asked.append(settings)
        ids, scores = zip(*answers, strict=True)
        return Timed(SimpleNamespace(ids=ids, scores=scores), 1.0, 1.0)

    state: Any = SimpleNamespace(
        targets={"binary": SimpleNamespace(name="c", using="")},
        request=SimpleNamespace(oversampling=(), limit=2),
        truth=[(1, 2)],
        queries=[[0.0]],
        own_ids=None if own is None else [own],
        filter_=None,
        distance=distance,
    )
    engine: Any = SimpleNamespace(query=query)
    evidence: Any = None
    return _Trial(state, engine, evidence, BEST), asked


async def test_candidates_are_those_of_the_largest_factor_without_the_query_itself():
    tried, asked = trial(((7, 0.0), (1, 1.0), (3, 2.0), (2, 3.0)), own=7, distance=Distance.EUCLID)
    scores, recalls = await tried._candidates(0)
    assert asked == [SearchSettings(limit=2 * 8 + 1, hnsw_ef=64, rescore=False)], "up to twice the fixed factor"
    assert scores == (-1.0, -2.0, -3.0), "larger is nearer, whatever the distance"
    assert (recalls[0], recalls[-1]) == (0.5, 1.0)
    similar, asked = trial(((1, 3.0), (3, 2.0)), own=None, distance=Distance.COSINE)
    assert (await similar._candidates(0))[0] == (3.0, 2.0)
    assert asked[0].limit == 16


async def test_what_was_asked_more_for_the_query_itself_is_left_out():
    tried, asked = trial(((1, 1.0), (3, 2.0), (2, 3.0)), own=7, distance=Distance.EUCLID)
    (ids, _), ms = await tried._ask(0, rescore=True, factor=3.0, limit=2)
    assert (ids, ms) == ([1, 3], 1.0), "the query wasn't found, so one too many was"
    assert asked == [SearchSettings(limit=3, hnsw_ef=64, rescore=True, oversampling=3.0)]
