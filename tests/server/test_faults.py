"""A server that breaks, limits, slows down or lies: asked again where that is safe, else reported, never made up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from qtui.engine.server import ServerEngine, open_server
from qtui.engine.server.link import PAUSES_S
from qtui.engine.waits import listening
from qtui.errors import (
    AccessError,
    DataError,
    Exists,
    NotFound,
    QtuiError,
    RateLimited,
    TimedOut,
    Unreachable,
    UsageError,
)
from qtui.events import Waiting
from qtui.filters import Filter, Match
from qtui.model import SearchSettings
from tests.engine.making import batch, filled, randoms, single
from tests.server.serving import QdrantServer, at_once, serving
from tests.server.stored import Stored, serving_copy, stored

ROWS = randoms(40, 16)
SEARCH = SearchSettings(limit=3)

PATIENT_S = 0.6
"""Before a time-out: a busy machine takes its time for an answer that isn't held back."""


class Pauses:
    """Instead of waiting: what was waited."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return stored(tmp_path_factory.mktemp("filled"), single(), ROWS)


@pytest.fixture
async def served(full: Stored, tmp_path: Path) -> AsyncIterator[tuple[QdrantServer, ServerEngine, Pauses]]:
    """A server with a collection of 40 points, an engine on it, and the pauses that it took since."""
    pauses = Pauses()
    async with serving_copy(full, tmp_path / "store") as server:
        engine = await open_server(server.target(timeout=5), sleep=pauses)
        await engine.query("things", ROWS[0], SEARCH)
        pauses.taken.clear()
        yield server, engine, pauses
        await engine.close()


Served = tuple[QdrantServer, ServerEngine, Pauses]
READS = {
    "count": lambda engine: engine.count("things"),
    "scroll": lambda engine: engine.scroll("things", limit=5),
    "retrieve": lambda engine: engine.retrieve("things", [1]),
    "collections": lambda engine: engine.collections(),
    "view": lambda engine: engine.view("things"),
    "upsert": lambda engine: engine.upsert("things", batch(ROWS[:5])),
}
PASSING = {"drop": Unreachable, "cut": Unreachable, "fail": AccessError, "limit": RateLimited}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("what", ["count", "upsert"])
async def test_what_is_harmless_is_repeated(served: Served, fault: str, what: str) -> None:
    server, engine, pauses = served
    server.faults.only = "/points"
    setattr(server.faults, fault, 2)
    await READS[what](engine)
    assert len(pauses.taken) == 2
    assert getattr(server.faults, fault) == 0
    assert await engine.count("things") == 40


@pytest.mark.parametrize("what", READS)
async def test_every_read_survives_a_moment_of_trouble(served: Served, what: str) -> None:
    server, engine, _ = served
    server.faults.fail, server.faults.status = 1, 503
    await READS[what](engine)


@pytest.mark.parametrize("fault", PASSING)
async def test_it_gives_up_and_says_what_happened(served: Served, fault: str) -> None:
    server, engine, pauses = served
    setattr(server.faults, fault, 99)
    with pytest.raises(PASSING[fault]) as caught:
        await engine.count("things")
    assert len(pauses.taken) == len(PAUSES_S)
    assert server.address in caught.value.text
    assert caught.value.text.isprintable()


@pytest.mark.parametrize("fault", PASSING)
async def test_a_search_is_never_asked_twice(served: Served, fault: str) -> None:
    server, engine, pauses = served
    setattr(server.faults, fault, 1)
    server.faults.only = "/points/query"
    before = server.asked("/points/query")
    with pytest.raises(PASSING[fault]):
        await engine.query("things", ROWS[0], SEARCH)
    assert server.asked("/points/query") == before + 1
    assert pauses.taken == []
    assert (await engine.query("things", ROWS[0], SEARCH)).value.ids[0] == 0


async def test_it_waits_as_long_as_the_server_asks(served: Served) -> None:
    server, engine, pauses = served
    server.faults.limit, server.faults.retry_after = 1, "17"
    await engine.count("things")
    assert pauses.taken == [17]
    server.faults.limit, server.faults.retry_after = 1, "86400"
    with pytest.raises(RateLimited, match="Read rate limit"):
        await engine.count("things")
    server.faults.limit, server.faults.retry_after = 1, None
    await engine.count("things")
    assert pauses.taken == [17, PAUSES_S[0]]
    server.faults.limit, server.faults.retry_after = 1, "soon"
    with pytest.raises(QtuiError):
        await engine.count("things")


@pytest.mark.parametrize("fault", ["garbage", "no_time"])
async def test_an_answer_that_is_none(served: Served, fault: str) -> None:
    server, engine, _ = served
    server.faults.only = "/points/query"
    setattr(server.faults, fault, 1)
    with pytest.raises(DataError):
        await engine.query("things", ROWS[0], SEARCH)


async def test_what_takes_too_long_is_given_up(served: Served) -> None:
    server, _, pauses = served
    engine = await open_server(server.target(timeout=PATIENT_S), sleep=pauses)
    await engine.query("things", ROWS[0], SEARCH)
    server.faults.latency_s, server.faults.only = 30, "query"
    with pytest.raises(TimedOut, match="--timeout"):
        await engine.query("things", ROWS[0], SEARCH)
    server.faults.latency_s = 0
    assert (await engine.query("things", ROWS[0], SEARCH)).value.ids[0] == 0
    await engine.close()


async def test_after_a_time_out_it_is_asked_once_more(served: Served) -> None:
    server, _, pauses = served
    engine = await open_server(server.target(timeout=PATIENT_S), sleep=pauses)
    server.faults.latency_s, server.faults.only = 30, "count"
    with pytest.raises(TimedOut):
        await engine.count("things")
    assert server.asked("/points/count") == 2
    await engine.close()


async def test_creating_and_deleting_are_not_repeated(served: Served) -> None:
    server, engine, pauses = served
    server.faults.drop, server.faults.only = 1, "PUT /collections/new$|DELETE"
    with pytest.raises(Unreachable):
        await engine.create(single("new"))
    server.faults.drop = 1
    with pytest.raises(Unreachable):
        await engine.delete("things")
    assert pauses.taken == []
    assert (server.asked("PUT /collections/new"), server.asked("DELETE")) == (1, 1)
    with pytest.raises(Exists):
        await engine.create(single("things"))


async def test_a_server_that_is_gone_comes_back(tmp_path: Path) -> None:
    pauses = Pauses()
    async with serving(tmp_path / "store") as server:
        engine = await open_server(server.target(), sleep=pauses)
        await filled(engine, single(), ROWS)
        port = int(server.address.rpartition(":")[2])
    with pytest.raises(Unreachable, match="is the server running"):
        await engine.count("things")
    with pytest.raises(Unreachable):
        await engine.query("things", ROWS[0], SEARCH)
    async with serving(tmp_path / "store", port=port):
        assert await engine.count("things") == 40
        assert (await engine.query("things", ROWS[0], SEARCH)).value.ids[0] == 0
    await engine.close()


# --- in flight --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("concurrency", "latency_s"), [(1, 0.002), (4, 0.1)])
async def test_never_more_in_flight_than_asked(served: Served, concurrency: int, latency_s: float) -> None:
    server, engine, _ = served
    # long enough for all of them to meet there on a machine that is busy
    server.faults.latency_s, server.faults.only, server.most = latency_s, "query", 0
    queue = list(range(12))

    async def worker() -> None:
        while queue:
            await engine.query("things", ROWS[queue.pop()], SEARCH)

    connections = server.http.connections
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    assert server.most == concurrency
    assert server.http.connections - connections < concurrency  # those that were open are used again


async def test_a_long_list_is_asked_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtui.engine.server.looking.AT_ONCE", 2)
    async with serving(tmp_path / "store") as server:
        engine = await open_server(server.target(), sleep=at_once)
        for number in range(8):
            await engine.create(single(f"c{number:02}"))
        server.faults.latency_s, server.faults.only = 0.05, "GET /collections/c"
        before = len(server.seen)
        views = await engine.glances(await engine.collections())
        assert [view.name for view in views] == [f"c{number:02}" for number in range(8)]
        assert len(server.seen) - before == 17  # names; info and segments of each
        assert server.most_at_once == 2
        await engine.close()


# --- what it means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, UsageError) for status in (400, 405, 418)),
        *((status, AccessError) for status in (401, 403, 500, 507)),
        *((status, Unreachable) for status in (502, 503, 504)),
        (404, NotFound),
        (408, TimedOut),
        (409, Exists),
        (413, DataError),
        (429, RateLimited),
    ],
)
async def test_each_status_has_its_meaning(served: Served, status: int, error: type[QtuiError]) -> None:
    server, engine, _ = served
    server.faults.fail, server.faults.status, server.faults.only = 1, status, "query"
    with pytest.raises(error) as caught:
        await engine.query("things", ROWS[0], SEARCH)
    assert type(caught.value) is error
    assert "\n" not in caught.value.text


async def test_a_collection_that_became_another_one_is_read_anew(served: Served) -> None:
    server, engine, _ = served
    other = await open_server(server.target(), sleep=at_once)
    await other.delete("things")
    with pytest.raises(NotFound):
        await engine.query("things", ROWS[0], SEARCH)
    await filled(other, single(size=24), randoms(5, 24))
    assert (await engine.query("things", randoms(5, 24)[2], SEARCH)).value.ids[0] == 2
    await other.close()


async def test_a_large_batch_goes_in_pieces(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    server, engine, _ = served
    monkeypatch.setattr("qtui.engine.server.changing._LARGEST_REQUEST", 10 * 16)
    before = server.asked("PUT")
    await engine.upsert("things", batch(randoms(34, 16, seed=1), start=100, payloads=[{"n": i} for i in range(34)]))
    assert server.asked("PUT") == before + 4
    assert await engine.count("things") == 74
    assert await engine.count("things", Filter(must=(Match("n", value=33),))) == 1


async def test_the_servers_time_is_not_ours(served: Served) -> None:
    server, engine, _ = served
    server.faults.latency_s, server.faults.only = 0.05, "query"
    timed: Any = await engine.query("things", ROWS[0], SEARCH)
    assert timed.round_trip_ms > 50
    assert timed.engine_ms < timed.round_trip_ms - 49


async def test_writes_keep_to_strict_mode(served: Served) -> None:
    server, engine, pauses = served
    server.faults.strict = {"enabled": True, "upsert_max_batchsize": 30, "write_rate_limit": 600}
    await engine.create(single("slow"))
    pauses.taken.clear()
    heard: list[Waiting] = []
    with listening(heard.append):
        await engine.upsert("slow", batch(ROWS))
    puts = [json.loads(request.body) for request in server.seen if request.method == "PUT"]
    sizes = [len(body["batch"]["ids"]) for body in puts if "batch" in body][-2:]
    assert sizes == [27, 13], "three seconds of nine tenths of what is allowed, not more than 30"
    (waited,) = (pause for pause in pauses.taken if pause > 1)
    assert 2 < waited <= 3
    assert heard[0].why == "its strict mode wants it slow"
    assert heard[-1].again_s is None
