"""What a view gathers from a server, with every version, limit and state of it; over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client.http import models as m

from qtui.engine.base import Origin
from qtui.engine.server import ServerEngine, looking, open_server
from qtui.errors import AccessError, UsageError
from qtui.model import Built, Change, Placement, Quantization, SearchSettings
from qtui.served import Rebuild
from tests.engine.making import batch, documents, filled, randoms, single
from tests.server.faults import Faults
from tests.server.serving import QdrantServer, at_once, serving
from tests.server.stored import Stored, serving_copy, stored

ROWS = randoms(60, 32)
Served = tuple[QdrantServer, ServerEngine]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return stored(tmp_path_factory.mktemp("filled"), single(size=32, method="scalar"), ROWS)


@pytest.fixture
async def served(full: Stored, tmp_path: Path) -> AsyncIterator[Served]:
    """A server that holds `things`, scalar and built."""
    async with serving_copy(full, tmp_path / "store") as server:
        engine = await open_server(server.target(), sleep=at_once)
        yield server, engine
        await engine.close()


async def again(server: QdrantServer, version: str) -> ServerEngine:
    """An engine that finds the server at another version."""
    server.faults.version = version
    return await open_server(server.target(), sleep=at_once)


@pytest.mark.parametrize(
    ("version", "memory", "built"),
    [("1.20.0", "report", "report"), ("1.17.0", "formula", "telemetry"), ("1.12.0", "formula", "telemetry")],
)
async def test_each_version_is_asked_what_it_can_tell(served: Served, version: str, memory: str, built: str) -> None:
    server, _ = served
    engine = await again(server, version)
    view = await engine.view("things")
    assert view.served is not None
    assert (view.served.memory_from, view.served.built_from) == (memory, built)
    assert view.vector().built == Built(1, 1)
    assert view.vector().quantized_bytes == 36.0
    assert view.segments == 1
    assert (view.memory["quantized"].disk or 0) == 60 * 36
    assert server.asked("/memory") == (memory == "report")
    assert server.asked("/telemetry") == (built == "telemetry")
    assert view.served.process_bytes == (None if memory == "report" else 123_456_789)
    assert ("memory" in (view.served.unknown or {})) is (memory == "formula")
    await engine.close()


async def test_without_telemetry_the_process_is_read_from_metrics(served: Served) -> None:
    server, _ = served
    server.faults.only, server.faults.fail, server.faults.status = "telemetry", 1, 403
    engine = await again(server, "1.16.0")
    view = await engine.view("things")
    assert view.served is not None
    assert (view.served.built_from, view.served.process_bytes) == ("estimate", 123_456_789)
    await engine.close()


async def test_among_very_many_collections_telemetry_is_not_asked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = served
    monkeypatch.setattr(looking, "MOST_IN_TELEMETRY", 0)
    engine = await again(server, "1.16.0")
    await engine.collections()
    view = await engine.view("things")
    assert server.asked("/telemetry") == 0
    assert view.served is not None
    assert "telemetry would list all" in (view.served.unknown or {})["segments"]
    await engine.close()


async def test_what_is_not_built_is_proven_not_to_be(served: Served) -> None:
    server, engine = served
    await filled(engine, single("small", size=32, method="scalar", threshold=10_000), ROWS)
    for version in ("1.20.0", "1.17.0", "1.16.0"):
        other = await again(server, version)
        seen = await other.view("small")
        await other.close()
        assert (seen.vector().built, seen.vector().quantized_bytes) == (Built(0, 1), None)
        assert "not-built" in {finding.code for finding in seen.findings}


async def test_quantized_multivectors_are_proven_by_telemetry(served: Served) -> None:
    server, engine = served
    await filled(engine, single("pages", size=32, method="binary", m=0, multivector=True), documents(20, 32))
    view = await engine.view("pages")
    assert view.served is not None
    assert (view.vector().built, view.served.built_from) == (Built(1, 1), "telemetry")
    assert view.vector().quantized_from == "formula"
    assert server.asked("/telemetry") == 1
    (glanced,) = await engine.glances(("pages",))
    assert glanced.served is not None
    assert glanced.served.memory_from == "unasked"
    assert "memory-estimated" not in {finding.code for finding in glanced.findings}, "it was not asked for more"
    assert view.documents is glanced.documents is None, "nobody counts the tokens, at a glance or whole"


async def test_aliases_shards_and_replicas_are_shown(served: Served) -> None:
    server, engine = served
    server.desk.aliases = {"now": "things", "then": "things", "else": "others"}
    server.desk.shards = [
        m.RemoteShardInfo(shard_id=0, peer_id=7, state=m.ReplicaState.ACTIVE),
        m.RemoteShardInfo(shard_id=1, peer_id=7, state=m.ReplicaState.DEAD),
    ]
    view = await engine.view("things")
    assert view.served is not None
    assert view.served.aliases == ("now", "then")
    assert [(s.id, s.peer, s.state, s.local, s.points) for s in view.served.shards] == [
        (0, 4242, "Active", True, 60),
        (0, 7, "Active", False, None),
        (1, 7, "Dead", False, None),
    ]
    assert "replicas" in {finding.code for finding in view.findings}
    assert (await engine.query("now", ROWS[3], SearchSettings())).value.ids[0] == 3


async def test_originals_are_not_pinned_where_a_server_knows_no_such_thing(served: Served) -> None:
    server, engine = served
    asked = server.asked("PUT"), server.asked("PATCH")
    with pytest.raises(UsageError, match="does not pin originals: choose cold or cached"):
        await engine.create(single("other", placement=Placement.PINNED))
    with pytest.raises(UsageError, match="does not pin originals"):
        await engine.reconfigure("things", Change(placement=Placement.PINNED))
    assert (server.asked("PUT"), server.asked("PATCH")) == asked


async def test_strict_mode_is_shown_and_its_refusals_passed_on(served: Served) -> None:
    server, engine = served
    server.faults.strict = {"enabled": True, "search_allow_exact": False, "max_query_limit": 5, "read_rate_limit": 100}
    view = await engine.view("things")
    assert view.served is not None
    limits = view.served.limits
    assert (limits.exact, limits.max_limit, limits.reads_per_minute) == (False, 5, 100)
    assert any("no exact search" in finding.text for finding in view.findings)
    with pytest.raises(UsageError, match="Exact search disabled"):
        await engine.query("things", ROWS[0], SearchSettings(limit=3, exact=True))
    with pytest.raises(UsageError, match="Limit exceeded"):
        await engine.query("things", ROWS[0], SearchSettings(limit=6))
    server.faults.strict = {"enabled": False, "search_allow_exact": False}
    assert (await engine.view("things")).served.limits.exact  # type: ignore[union-attr]  # it was there before


@pytest.mark.parametrize(
    ("status", "code"),
    [("yellow", "optimizing"), ("grey", "optimization-waits"), ("red", "optimizer-failed"), ("green", None)],
)
async def test_every_status_is_shown_with_what_is_rebuilt(served: Served, status: str, code: str | None) -> None:
    server, engine = served
    server.faults.collection_status = status
    view = await engine.view("things")
    assert (view.status, view.points) == (status, 60)
    codes = {finding.code for finding in view.findings}
    assert codes & {"optimizing", "optimization-waits", "optimizer-failed"} == ({code} if code else set())
    assert view.served is not None
    rebuilds = await engine.rebuilds("things")
    assert [r.step for r in rebuilds] == [r.step for r in view.served.rebuilds]
    if status == "yellow":
        (rebuild,) = rebuilds
        assert (rebuild.optimizer, rebuild.step, rebuild.points) == ("indexing", "main_graph", 60)
        assert rebuild.fraction == pytest.approx(0.4)
        assert (rebuild.elapsed_s or 0) > 0
    if status == "grey":
        assert rebuilds == (Rebuild("indexing", "queued", 60),)


async def test_a_server_that_cannot_tell_of_rebuilds(served: Served) -> None:
    server, _ = served
    engine = await again(server, "1.16.0")
    assert await engine.rebuilds("things") == ()
    assert server.asked("/optimizations") == 0
    await engine.close()


# --- waiting ----------------------------------------------------------------------------------------------------


async def test_building_waits_until_it_is_green(served: Served) -> None:
    server, engine = served
    server.faults.collection_status = "yellow"
    building = asyncio.create_task(engine.build("things"))
    while server.asked("GET /collections/things") < 12 and not building.done():
        await asyncio.sleep(0)
    assert not building.done()
    server.faults.collection_status = None
    await building


async def test_a_server_in_grey_is_woken(served: Served) -> None:
    server, engine = served
    server.faults.collection_status, server.faults.nudged = "grey", False
    building = asyncio.create_task(engine.build("things"))
    while not server.faults.nudged and not building.done():
        await asyncio.sleep(0)
    server.faults.collection_status = "green"
    await building


async def test_a_rebuild_that_fails_is_no_success(served: Served) -> None:
    server, engine = served
    server.faults.collection_status = "red"
    with pytest.raises(AccessError, match="no space left on device"):
        await engine.build("things")


# --- what qtui remembers with it --------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "kept"), [("1.20.0", True), ("1.15.0", False)])
async def test_a_load_that_stopped_is_known_to_the_next_process(tmp_path: Path, version: str, kept: bool) -> None:
    origin = Origin("a file", 60, {"job": "{}"})
    async with serving(tmp_path, Faults(version=version)) as server:
        first = await open_server(server.target(), sleep=at_once)
        await first.create(single(size=32), origin)
        await first.upsert("things", batch(ROWS[:20]))
        await first.mark("things", loaded_rows=20)
        assert await first.loaded_rows("things") == 20
        await first.close()
        second = await open_server(server.target(), sleep=at_once)
        assert await second.loaded_rows("things") == (20 if kept else 0)
        assert await second.origin("things") == (origin if kept else Origin())
        view = await second.view("things")
        assert (view.status, view.expected_points) == (("partial", 60) if kept else ("green", None))
        await second.upsert("things", batch(ROWS[20:], start=20))
        await second.build("things")
        assert (await second.view("things")).status == "green"
        await second.close()


async def test_what_others_keep_there_stays(served: Served) -> None:
    server, engine = served
    held = await server.desk.found("things")
    held.config.metadata = {**(held.config.metadata or {}), "team": "search"}
    await engine.mark("things", loaded_rows=5)
    metadata: Any = (await server.desk.found("things")).config.metadata
    assert metadata["team"] == "search"
    assert metadata["qtui"]["loaded_rows"] == 5
    assert metadata["qtui"]["source"] == "a test"


# --- changing ---------------------------------------------------------------------------------------------------


async def test_dropping_what_the_whole_collection_has_leaves_the_others_theirs(served: Served) -> None:
    server, engine = served
    vectors = {name: m.VectorParams(size=8, distance=m.Distance.DOT) for name in ("a", "b")}
    scalar = m.ScalarQuantization(scalar=m.ScalarQuantizationConfig(type=m.ScalarType.INT8))
    await engine._link.client.create_collection("common", vectors, quantization_config=scalar)
    before = server.asked("PATCH")
    await engine.reconfigure("common", Change(drop_quantization=True), "a")
    view = await engine.view("common")
    assert view.vector("a").spec.quantization is None
    assert view.vector("b").spec.quantization == Quantization("scalar")
    assert server.asked("PATCH") == before + 1


@pytest.mark.parametrize("change", [Change(), Change(quantization=Quantization("binary"), drop_quantization=True)])
async def test_changes_that_make_no_sense(served: Served, change: Change) -> None:
    server, engine = served
    before = server.asked("PATCH")
    with pytest.raises(UsageError):
        await engine.reconfigure("things", change)
    assert server.asked("PATCH") == before


async def test_an_older_server_is_changed_by_its_own_flags(served: Served) -> None:
    server, _ = served
    engine = await again(server, "1.18.0")
    await engine.reconfigure("things", Change(quantization=Quantization("binary", placement=Placement.PINNED)))
    assert b'"always_ram":true' in next(r for r in reversed(server.seen) if r.method == "PATCH").body
    await engine.close()
