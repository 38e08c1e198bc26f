"""A load into a server that breaks in the middle: what was written stays, and running it again goes on from there."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qtui.data.load import load
from qtui.engine.server import ServerEngine, open_server
from qtui.errors import Exists, Unreachable
from qtui.loads import BuildJob, BuildSpec, SourceSpec
from tests.engine.making import randoms
from tests.server.serving import QdrantServer, at_once, serving

ROWS = 300


async def loaded_until_it_breaks(engine: ServerEngine, job: BuildJob, server: QdrantServer) -> None:
    async with aclosing(load(engine, job)) as events:
        async for event in events:
            if getattr(event, "done", 0) >= 100:
                server.faults.drop, server.faults.only = 10**6, "."


@pytest.mark.parametrize("grpc", [False, True])
async def test_it_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grpc: bool) -> None:
    monkeypatch.setattr("qtui.data.load._MAX_BATCH_ROWS", 50)
    monkeypatch.setattr("qtui.data.load._EVERY_S", 0.0)
    np.save(tmp_path / "v.npy", randoms(ROWS, 32))
    job = BuildJob("", "things", "scalar", SourceSpec("file", path=str(tmp_path / "v.npy")), BuildSpec())
    async with serving(tmp_path / "store", grpc=grpc) as server:
        engine = await open_server(server.target(grpc=grpc), sleep=at_once)
        with pytest.raises(Unreachable):
            await loaded_until_it_breaks(engine, job, server)
        server.faults.drop = 0
        await engine.close()
        engine = await open_server(server.target(grpc=grpc), sleep=at_once)
        broken = await engine.view("things")
        assert (broken.status, broken.expected_points) == ("partial", ROWS)
        assert 100 <= broken.points < ROWS
        written = len([r for r in server.seen if r.method == "PUT" and r.path.endswith("/points")])
        first = None
        async for event in load(engine, job):
            first = first or getattr(event, "done", None)
        assert first is not None
        assert first > 100  # not from the start
        again = len([r for r in server.seen if r.method == "PUT" and r.path.endswith("/points")]) - written
        assert grpc or 0 < again <= 5
        whole = await engine.view("things")
        assert (whole.status, whole.points) == ("green", ROWS)
        assert whole.vector().built.complete
        other = replace(job, method="binary")
        with pytest.raises(Exists):
            async for _ in load(engine, other):
                pass
        await engine.close()
