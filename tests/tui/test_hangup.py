"""The terminal is closed while the real engine measures or loads: the app ends, and nothing is lost."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtui.bench.record import RunStore
from tests.cli.running import called
from tests.tui.test_terminal import PATIENCE_S, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such terminals there")
QTUI = [sys.executable, "-m", "qtui"]


def qtui(home: Path, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    done = called(*arguments, QTUI_HOME=str(home))
    assert done.code == 0, done.err
    return done.out


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    opened = Terminal(more={"QTUI_HOME": str(home)}, command=QTUI)
    yield opened
    opened.close()


def hang_up(terminal: Terminal) -> None:
    os.close(terminal.master)
    terminal.master = os.open(os.devnull, os.O_RDWR)
    assert terminal.process.wait(PATIENCE_S) == 143


def wait_for(terminal: Terminal, holds: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert terminal.read(), "the app ended"
        assert time.monotonic() < end, "\n".join(terminal.screen.display)


def test_while_it_measures(home: Path) -> None:
    # without a graph, so that the searches take their time
    qtui(home, "load", "docs", "--vectors", "synthetic:12000x256", "--methods", "none", "--hnsw-m", "0")
    terminal = Terminal(more={"QTUI_HOME": str(home)}, command=QTUI)
    runs = home / "runs"
    try:
        terminal.until("1 collection")
        terminal.press("b")
        terminal.until("measures docs alone")
        terminal.press("\x12")
        terminal.until("measuring")
        wait_for(terminal, lambda: any(b'{"block":[' in path.read_bytes() for path in runs.glob("*.journal")))
        kept = len(
            [line for line in next(runs.glob("*.journal")).read_bytes().splitlines() if line.startswith(b'{"block":[')]
        )
        hang_up(terminal)
    finally:
        terminal.close()
    (summary,) = json.loads(qtui(home, "runs", "list", "--json"))
    assert summary["status"] == "partial"
    left = RunStore(runs).unfinished(summary["id"])
    assert len(left.blocks) >= kept
    assert len(left.done) == sum(searches for _, _, searches in left.blocks)
    # nobody holds the store any more
    assert json.loads(qtui(home, "inspect", "docs", "--json"))[0]["points"] == 12_000


def test_while_it_loads(home: Path, terminal: Terminal) -> None:
    terminal.until("No collections yet")
    terminal.until("ready")
    terminal.press("d")
    terminal.until("building")
    wait_for(terminal, lambda: (home / "store").is_dir() and any((home / "store").iterdir()))
    hang_up(terminal)
    found = json.loads(qtui(home, "inspect", "--json"))
    assert all(each["status"] in ("green", "partial") for each in found), found
    again = Terminal(more={"QTUI_HOME": str(home)}, command=QTUI)
    try:
        again.until("of 5 ready")
        again.press("u")
        again.until("5 collections ready")
    finally:
        again.close()
    found = json.loads(qtui(home, "inspect", "--json"))
    assert {(each["points"], each["status"]) for each in found} == {(5_000, "green")}
    assert len(found) == 5
