"""A server that goes away while it is measured: what could not be sent is asked later, in no time and in no error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtui.bench.measure import AWAY_IN_A_ROW, Ask, run_block
from qtui.engine.pace import WAITS_S
from qtui.errors import NoConnection, Unreachable
from qtui.events import Started, Waiting
from qtui.model import SearchSettings
from tests.bench.runs import REQUEST, run
from tests.bench.test_measure import QUERIES, ask, engine
from tests.fake_clock import FakeClock
from tests.fakes import Call, FakeEngine

FEW = replace(REQUEST, methods=("none",), repeat=1)
WARM_UP = 1 + 30
GONE = NoConnection("connection refused")
BROKE = Unreachable("it broke")


def during(first: int, last: int, error: Exception) -> Any:
    """The failure of the searches from number `first` to `last`."""

    def failure(call: Call) -> Exception | None:
        return error if first <= call.index <= last else None

    return failure


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_block_stops_when_nothing_can_be_sent(concurrency: int) -> None:
    made, clock = await engine(latency_ms=lambda _: 10.0, overhead_ms=0.0, failure=during(3, 99, GONE))
    found = await run_block(made, ask(), QUERIES, range(6), concurrency=concurrency, rate=None, clock=clock)
    assert [outcome.query for outcome in found.outcomes] == [0, 1, 2]
    assert not any(outcome.error for outcome in found.outcomes)
    assert found.unsent == (3, 4, 5)
    assert "refused" in found.why
    assert found.wall_s == pytest.approx(0.010 * 3 / concurrency), "what was not sent took no time"


async def test_a_block_stops_after_some_in_a_row_without_an_answer() -> None:
    made, clock = await engine(failure=lambda call: BROKE if call.index > 0 else None)
    queries = [QUERIES[0]] * 9
    one = Ask("c", "", SearchSettings(limit=2))
    found = await run_block(made, one, queries, range(9), concurrency=1, rate=None, clock=clock)
    assert len([outcome for outcome in found.outcomes if outcome.error]) == AWAY_IN_A_ROW
    assert found.unsent == (6, 7, 8)


async def test_what_could_not_be_sent_is_asked_when_it_is_back(home: Path) -> None:
    # killed in the middle of the first block: one search breaks off, the others find nobody
    def failure(call: Call) -> Exception | None:
        at = call.index - WARM_UP - 10
        return None if at < 0 or at > 3 else GONE if at else BROKE

    ran = await run(FEW, home, FakeEngine(clock=FakeClock(), latency_ms=lambda _: 20.0, failure=failure))
    (measured,) = ran.record.measurements
    assert measured.engine_ms is not None
    assert (measured.errors, measured.engine_ms.n) == (1, 29)
    assert [each.error for each in measured.failures] == ["Unreachable: it broke"]
    assert measured.engine_ms.max == 20.0
    assert measured.qps == pytest.approx(29 / (30 * 0.02005), rel=0.01), "of the time that it was away nothing counts"
    warnings = {warning.code: warning for warning in ran.record.warnings}
    assert warnings["interrupted"].about == "none ef 128"
    assert "14 of its searches" in warnings["interrupted"].text
    assert "once" in warnings["server-away"].text
    told = [event for event in ran.events if isinstance(event, Waiting)]
    assert told[0].why == "nobody answers"
    assert told[-1].again_s is None


async def test_one_that_stays_away_ends_the_run_and_the_record_says_why(home: Path) -> None:
    from qtui.bench.record import RunStore
    from tests.bench.runs import stream

    clock, events = FakeClock(), []
    made = FakeEngine(clock=clock, failure=during(WARM_UP + 27, 10**6, GONE))

    async def until_it_ends() -> None:
        async for event in stream(FEW, home, made, clock):
            events.append(event)

    with pytest.raises(NoConnection):
        await until_it_ends()
    (run_id,) = (event.id for event in events if isinstance(event, Started))
    kept = RunStore(home / "runs").load(run_id)
    assert kept.status == "partial"
    assert {"interrupted", "server-away"} <= {warning.code for warning in kept.warnings}
    assert made.calls[-1].index < WARM_UP + 27 + len(WAITS_S) + 3, "it is not asked for ever"


async def test_one_that_comes_and_goes_is_not_asked_for_ever(home: Path) -> None:
    # every other search finds nobody, from the middle of the run on
    made = FakeEngine(
        clock=FakeClock(), failure=lambda call: GONE if call.index > WARM_UP + 10 and call.index % 2 else None
    )
    ran = await run(FEW, home, made)
    (measured,) = ran.record.measurements
    assert measured.engine_ms is not None
    assert measured.engine_ms.n + measured.errors == 30
    assert measured.errors
