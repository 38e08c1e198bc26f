"""The real app in a pseudo-terminal while it measures: what drawing costs the figures, and how fast keys answer."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pyte
from numpy.typing import NDArray

from qtui.bench.record import RunStore
from qtui.records import RunRecord

from . import bare, latency
from .pairs import Ratio

Array = NDArray[np.float32]
COLUMNS, LINES = 120, 40
PATIENCE_S = 120.0
KEY_LIMIT_MS = 50.0


class Screen:
    """The app on a pseudo-terminal of its own, read by a terminal emulator."""

    def __init__(self, arguments: list[str], home: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "QTUI_HOME": str(home)}
        command = [sys.executable, "-m", "qtui", *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def take(self, wait_s: float) -> bool:
        """Reads what comes within `wait_s`; whether anything came."""
        if not select.select([self._master], [], [], wait_s)[0]:
            return False
        self._stream.feed(os.read(self._master, 65536))
        return True

    def text(self) -> str:
        return "\n".join(self._screen.display)

    def until(self, *texts: str) -> None:
        """Waits for one of these texts."""
        end = time.monotonic() + PATIENCE_S
        while not any(text in self.text() for text in texts):
            if time.monotonic() > end:
                raise TimeoutError(f"{texts} never came:\n{self.text()}")
            self.take(0.2)

    def settle(self, quiet_s: float = 0.3) -> None:
        """Reads until nothing comes for a while."""
        while self.take(quiet_s):
            pass

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def answer_ms(self, keys: str) -> float:
        """Milliseconds from a key to the first byte that it changes on the screen."""
        while self.take(0):
            pass
        began = time.perf_counter()
        self.type(keys)
        while not self.take(1.0):
            if time.perf_counter() - began > PATIENCE_S:
                raise TimeoutError(f"no answer to {keys!r}")
        return (time.perf_counter() - began) * 1e3

    def quit(self) -> None:
        self.type("q")
        self.process.wait(30)
        os.close(self._master)


def _measured_by_the_app(store: Path, home: Path, collection: str) -> tuple[RunRecord, list[float]]:
    """Runs the plan on a collection in the app, pressing keys meanwhile; the run and each key's answer time."""
    runs = RunStore(home / "runs")
    before = {summary.id for summary in runs.list()}
    screen = Screen(["--path", str(store)], home)
    screen.until(collection)
    screen.type("3")
    screen.until("measure ")
    for _ in range(20):
        if f"‹ {collection} ›" in screen.text():
            break
        screen.type("\x1b[C")
        screen.settle()
    screen.type("\x12")
    screen.until("measuring")
    answers = []
    while len(runs.list()) == len(before) or "measuring" in screen.text():
        answers.append(screen.answer_ms("\t"))
        screen.take(0.15)
    screen.settle()
    screen.quit()
    [new] = [summary.id for summary in runs.list() if summary.id not in before]
    return runs.load(new), answers


def while_drawing(vectors: Array, queries: Array, scratch: Path, pairs: int) -> list[Ratio]:
    """p50 and p99 of runs in the app, charts drawn meanwhile, over a bare loop's on the same shard; and key times."""
    import qdrant_edge as edge

    store, name, shard = latency.store_with(vectors, scratch, "none")
    home = scratch / "home"
    p50s, p99s, answers = [], [], []
    for _ in range(pairs):
        record, times = _measured_by_the_app(store, home, name)
        answers += times
        measured = latency.chosen(record, rescore=None).engine_ms
        assert measured is not None
        assert measured.p99 is not None
        asked = _asked(record, vectors)
        # a run on a collection's own points asks for one more, to drop the query itself
        params, limit = edge.SearchParams(hnsw_ef=latency.EF), latency.LIMIT + 1
        loop = bare.query_ms(shard, asked, measured.n, params, limit, "")
        p50s.append(measured.p50 / float(np.percentile(loop, 50)))
        p99s.append(measured.p99 / float(np.percentile(loop, 99)))
    p95 = float(np.percentile(answers, 95))
    return [
        Ratio("engine p50 while the app draws / bare loop", tuple(p50s), 1.10),
        Ratio("engine p99 while the app draws / bare loop", tuple(p99s), 1.25),
        Ratio(
            "key answered while measuring, p95 / 50 ms",
            (p95 / KEY_LIMIT_MS,),
            1,
            note=f"{p95:.1f} ms, {len(answers)} keys",
        ),
    ]


def _asked(record: RunRecord, vectors: Array) -> Array:
    """The very points that the run drew as its queries: ids are row numbers here."""
    drawn = random.Random(record.plan.seed).sample(range(len(vectors)), record.dataset.queries)
    return vectors[sorted(drawn)]
