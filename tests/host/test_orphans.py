"""Nobody outlives its parent: parents of real children are killed, and the children must vanish."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tests
from qtui.host import requests, wire
from tests.host import until

ROOT = Path(tests.__file__).parents[1]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the death signal is Linux's")


async def parent(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.host.parent", *arguments, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    line = await process.stdout.readline()
    return process, int(line)


@linux
@pytest.mark.parametrize("what", ["room", "build"])
@pytest.mark.parametrize("how", ["native", "wait"])
async def test_a_child_goes_with_its_killed_parent(tmp_path, what, how):
    process, child = await parent(what, str(tmp_path), "native" if what == "build" else how)
    assert until.alive(child)
    process.kill()
    await process.wait()
    await until.true(lambda: not until.alive(child), deadline_s=5)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
async def test_ctrl_c_reaches_the_parent_alone(tmp_path):
    process, child = await parent("room", str(tmp_path), "wait")
    assert os.getpgid(child) != os.getpgid(process.pid)
    os.kill(child, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert await process.wait() in (1, 130, -signal.SIGINT)  # as an interrupted interpreter ends
    await until.true(lambda: not until.alive(child))


async def test_a_closed_pipe_ends_a_child_too(tmp_path):
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.host.faulty", str(os.getpid()), str(tmp_path)),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin
    assert child.stdout
    child.stdin.write(wire.frame(wire.call(1, requests.Export("hang", ""))))  # its loop never gets to see the end
    await child.stdin.drain()
    size = wire.length(await child.stdout.readexactly(wire.HEADER.size))
    assert wire.message(await child.stdout.readexactly(size)) == wire.State("ready", "")
    child.stdin.close()
    await asyncio.wait_for(child.wait(), until.DEADLINE_S)


@linux
def test_a_child_whose_parent_died_before_it_was_ready_ends_at_once():
    child = subprocess.run(
        [sys.executable, "-m", "tests.host.faulty", "1", "store"],
        cwd=ROOT,
        input=b"",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert child.returncode == 1
    assert child.stdout == b""
