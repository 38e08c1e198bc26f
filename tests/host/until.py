"""Waiting for facts, with a deadline that only a failing test reaches."""

import asyncio
import os
import threading
import time
from pathlib import Path

DEADLINE_S = 20.0


async def true(fact, deadline_s=DEADLINE_S):
    """Waits until `fact()` holds."""
    ends = time.monotonic() + deadline_s
    while not fact():
        assert time.monotonic() < ends, "it did not come true in time"
        await asyncio.sleep(0.01)


def said(process, deadline_s=3 * DEADLINE_S):
    """The next line that a started process writes; one that writes none in time is killed, and '' its last."""
    late = threading.Timer(deadline_s, process.kill)
    late.start()
    try:
        return process.stdout.readline()
    finally:
        late.cancel()
        late.join()


def alive(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:  # ended between the opening and the reading
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def children(pid):
    """Process ids of the direct children of a process (Linux)."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []
