"""The same over gRPC, against a servicer of the client's own stubs: translation, keys, and what errors mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grpc import StatusCode

from qtui.engine.base import PointBatch
from qtui.engine.server import ServerEngine, open_server
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
from qtui.filters import Filter, HasId, IsEmpty, IsNull, Match, Range
from qtui.model import SearchSettings
from qtui.target import remember_key
from tests.engine.making import documents, filled, randoms, single
from tests.server.faults import Faults
from tests.server.serving import QdrantServer, at_once, serving
from tests.server.stored import Stored, serving_copy, stored

ROWS = randoms(60, 16)
UUID = "00000000-0000-0000-0000-000000000007"
PAYLOADS = [{"n": i, "part": "noun" if i % 2 else "verb", "deep": {"a": [1, None, True, 2.5]}} for i in range(60)]
Served = tuple[QdrantServer, ServerEngine]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return stored(tmp_path_factory.mktemp("filled"), single(method="scalar"), ROWS, PAYLOADS)


@pytest.fixture
async def served(full: Stored, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving_copy(full, tmp_path / "store", grpc=True) as server:
        engine = await open_server(server.target(grpc=True), sleep=at_once)
        yield server, engine
        await engine.close()


async def test_it_is_searched_and_written_over_grpc(served: Served) -> None:
    server, engine = served
    assert engine.info.protocol == "gRPC"
    assert "grpc" not in engine.info.refused
    await filled(engine, single("more", method="scalar"), ROWS, payloads=PAYLOADS)
    found = await engine.query("more", ROWS[7], SearchSettings(limit=3, exact=True), with_payload=True)
    assert found.value.ids[0] == 7
    assert found.value.payloads is not None
    assert found.value.payloads[0] == PAYLOADS[7]
    assert 0 < found.engine_ms <= found.round_trip_ms
    assert server.asked("/points") == 0
    assert {name for name, _ in server.grpc.seen} == {"upsert", "query"}


async def test_no_proxy_stands_between_us_and_this_machine(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    engine = await open_server(served[0].target(grpc=True), sleep=at_once)
    assert await engine.count("things") == 60
    await engine.close()


async def test_both_ways_give_the_same_answers(served: Served) -> None:
    server, engine = served
    rest = await open_server(server.target(), sleep=at_once)
    condition = Filter(must=(Match("part", value="noun"),), must_not=(Range("n", gte=30.0),))
    for settings in (
        SearchSettings(limit=5),
        SearchSettings(limit=5, exact=True),
        SearchSettings(limit=5, rescore=True, oversampling=3.0, hnsw_ef=64),
        SearchSettings(limit=5, rescore=False, ignore=False),
        SearchSettings(limit=5, ignore=True, indexed_only=True),
    ):
        for filter_ in (None, condition):
            one = (await engine.query("things", ROWS[3], settings, filter_=filter_)).value
            other = (await rest.query("things", ROWS[3], settings, filter_=filter_)).value
            assert one.ids == other.ids
            assert one.scores == pytest.approx(other.scores)
    both = [(await each.query_batch("things", list(ROWS[:4]), SearchSettings(limit=2))) for each in (engine, rest)]
    assert [answer.ids for answer in both[0].value] == [answer.ids for answer in both[1].value]
    pages = [await each.scroll("things", limit=7, offset=20, with_vectors=True) for each in (engine, rest)]
    assert pages[0].next_offset == pages[1].next_offset == 27
    assert [p.payload for p in pages[0].points] == [p.payload for p in pages[1].points]
    vectors = [p.vectors for p in pages[0].points]
    np.testing.assert_allclose([v[""] for v in vectors if v], [p.vectors[""] for p in pages[1].points if p.vectors])
    assert await engine.retrieve("things", [5, 999, 2]) == await rest.retrieve("things", [5, 999, 2])
    bare = [await each.retrieve("things", [5], with_payload=False, with_vectors=True) for each in (engine, rest)]
    assert [point.payload for (point,) in bare] == [None, None]
    assert await engine.count("things", condition) == await rest.count("things", condition) == 15
    await rest.close()


@pytest.mark.parametrize(
    ("tree", "count"),
    [
        (Filter(must=(HasId((1, 2, 99)),)), 2),
        (Filter(must=(IsEmpty("missing"), Match("n", any_of=(1, 2, 3)))), 3),
        (Filter(must_not=(IsNull("n"),), should=(Match("part", value="verb"),)), 30),
        (Filter(must=(Match("part", none_of=("verb",)), Range("n", gt=50.0))), 5),
    ],
)
async def test_filters(served: Served, tree: Filter, count: int) -> None:
    assert await served[1].count("things", tree) == count


async def test_multivectors_and_uuids(served: Served) -> None:
    _, engine = served
    pages = documents(12, 8)
    await filled(engine, single("pages", size=8, m=0, multivector=True), pages)
    assert (await engine.query("pages", pages[4], SearchSettings(limit=2))).value.ids[0] == 4
    await engine.upsert("things", PointBatch([UUID], {"": randoms(1, 16, seed=9)}))
    found = await engine.query("things", randoms(1, 16, seed=9)[0], SearchSettings(limit=1))
    assert found.value.ids == (UUID,)
    (point,) = await engine.retrieve("things", [UUID], with_vectors=True)
    assert (point.id, point.payload) == (UUID, {})


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (StatusCode.INVALID_ARGUMENT, UsageError),
        (StatusCode.UNAUTHENTICATED, AccessError),
        (StatusCode.PERMISSION_DENIED, AccessError),
        (StatusCode.NOT_FOUND, NotFound),
        (StatusCode.UNIMPLEMENTED, UsageError),
        (StatusCode.DEADLINE_EXCEEDED, TimedOut),
        (StatusCode.ALREADY_EXISTS, Exists),
        (StatusCode.RESOURCE_EXHAUSTED, RateLimited),
        (StatusCode.UNAVAILABLE, Unreachable),
        (StatusCode.INTERNAL, AccessError),
        (StatusCode.UNKNOWN, AccessError),
    ],
)
async def test_each_code_has_its_meaning(served: Served, code: StatusCode, error: type[QtuiError]) -> None:
    server, engine = served
    await engine.query("things", ROWS[0], SearchSettings())
    calls, server.grpc.fail = len(server.grpc.seen), code
    with pytest.raises(error) as caught:
        await engine.query("things", ROWS[0], SearchSettings())
    assert type(caught.value) is error
    assert "\n" not in caught.value.text
    assert len(server.grpc.seen) == calls + 1  # a search is never asked twice


@pytest.mark.parametrize("code", [StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED])
async def test_reads_are_repeated(served: Served, code: StatusCode) -> None:
    server, engine = served
    calls, server.grpc.fail, server.grpc.trailing = len(server.grpc.seen), code, (("retry-after", "3"),)
    assert await engine.count("things") == 60
    assert len(server.grpc.seen) == calls + 2


async def test_the_key_goes_with_every_call(tmp_path: Path) -> None:
    async with serving(tmp_path, grpc=True) as server:
        remember_key(server.target(), "s3cret")
        engine = await open_server(server.target(grpc=True), sleep=at_once)
        await filled(engine, single(), ROWS)
        assert {metadata.get("api-key") for _, metadata in server.grpc.seen} == {"s3cret"}
        await engine.close()


async def test_what_is_wrong_is_said_as_over_rest(served: Served) -> None:
    _, engine = served
    with pytest.raises(NotFound):
        await engine.count("nothing")
    with pytest.raises(NotFound):
        await engine.scroll("nothing")
    with pytest.raises(DataError):
        await engine.query("things", np.ones(15, np.float32), SearchSettings())


async def test_a_port_where_nobody_speaks_grpc(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        with pytest.raises(Unreachable, match=r"nobody answers gRPC on port 1 of 127\.0\.0\.1; name the port"):
            await open_server(server.target(grpc=True, grpc_port=1), sleep=at_once)


async def test_a_port_that_leads_to_another_server(tmp_path: Path) -> None:
    older = Faults(version="1.18.1")
    async with serving(tmp_path / "a", grpc=True) as server, serving(tmp_path / "b", older, grpc=True) as other:
        mixed = replace(server.target(grpc=True), grpc_port=other.grpc_port)
        with pytest.raises(AccessError, match=r"is another server, Qdrant '1.18.1' and not '1.20.0'"):
            await open_server(mixed, sleep=at_once)
