"""The engine room on a server: a real child process, the real client, and a real socket."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qtui.errors import AccessError, NotFound, QtuiError
from qtui.events import BuildDone, Loaded
from qtui.host import requests, wire
from qtui.host.client import EngineRoom
from qtui.loads import LoadRequest, SourceSpec
from qtui.model import Change, Quantization, SearchSettings
from qtui.target import remember_key, server
from tests.server.faults import Faults
from tests.server.serving import serving

ROWS = 60
KEY = "hunter2-hunter2"


@pytest.fixture
def source(tmp_path):
    np.save(tmp_path / "v.npy", np.random.default_rng(2).normal(size=(ROWS, 8)).astype(np.float32))
    return SourceSpec("file", path=str(tmp_path / "v.npy"))


async def test_load_look_search_change_and_delete(tmp_path, source):
    async with serving(tmp_path / "served") as there:
        room = EngineRoom(there.target())
        await room.start()
        try:
            info = await room.info()
            assert (info.kind, info.where, info.read_only) == ("server", there.address, False)
            events = [event async for event in room.load(LoadRequest("docs", source, ("none",)))]
            assert isinstance(events[-1], Loaded)
            assert any(isinstance(event, BuildDone) for event in events)
            (glance,) = await room.glances(("docs", "gone"))
            view = await room.view("docs")
            assert (glance.points, view.points) == (ROWS, ROWS)
            assert view.served is not None
            answer = await room.query("docs", 3, SearchSettings(limit=2))
            assert len(answer.value.ids) == 2
            assert 3 not in answer.value.ids
            await room.reconfigure("docs", Change(quantization=Quantization("scalar", always_ram=True)))
            assert (await room.view("docs")).vector().built.complete
            assert (await room.way_back("docs")).change.drop_quantization
            await room.go_back("docs")
            assert (await room.view("docs")).vector().spec.quantization is None
            with pytest.raises(NotFound, match="no earlier settings"):
                await room.go_back("docs")
            await room.delete("docs")
            assert await room.collections() == ()
        finally:
            await room.close()


async def test_a_typed_key_reaches_the_child_and_the_next_one_and_no_process_list(tmp_path):
    async with serving(tmp_path / "served", Faults(keys={KEY: "r"})) as there:
        target = there.target(api_key_env="NOT_SET_AT_ALL")
        remember_key(target, KEY)
        room = EngineRoom(target)
        try:
            await room.start()
            assert room._child is not None
            if sys.platform.startswith("linux"):
                for name in ("cmdline", "environ"):
                    assert KEY not in Path(f"/proc/{room._child.pid}/{name}").read_text(errors="replace")
            with pytest.raises(AccessError):
                await room.delete("docs")
            room._child.kill("the test wants it")
            assert (await asyncio.wait_for(room.info(), 30)).kind == "server"  # asked again, of the next one
            assert await room.collections() == ()
        finally:
            remember_key(target, "")
            await room.close()


async def test_connecting_elsewhere_fails_in_a_line_and_goes_on_from_there(tmp_path):
    async with serving(tmp_path / "one") as one:
        room = EngineRoom(tmp_path / "store")
        await room.start()
        try:
            with pytest.raises(AccessError, match="can't reach"):
                await room.connect(server("http://127.0.0.1:9"))
            with pytest.raises(QtuiError):
                await room.collections()
            await room.connect(one.target())
            assert (await room.info()).where == one.address
        finally:
            await room.close()


def test_what_crosses_the_wire_shows_no_key():
    assert KEY not in repr(wire.Key(KEY))
    assert KEY not in repr(requests.Build.__struct_fields__)
    text = wire.target_text(server("https://x", api_key_env="NAME"))
    assert wire.target(text) == server("https://x", api_key_env="NAME")


def test_the_app_imports_no_client_to_connect():
    code = "import sys, qtui.tui.app, qtui.tui.dialogs.connect, qtui.host.client; print('qdrant_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
