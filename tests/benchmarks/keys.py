"""The real app in a pseudo-terminal while it measures: what drawing costs the figures, and how fast keys answer."""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import random
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import numpy as np
import pyte
import qdrant_edge as edge
from numpy.typing import NDArray

from qtui.bench.record import RunStore
from qtui.records import RunRecord

from . import bare, latency
from .pairs import Ratio

Array = NDArray[np.float32]
COLUMNS, LINES = 120, 40
PATIENCE_S = 120.0
KEY_LIMIT_MS = 50.0
QUERIES, REPEAT = 600, 10
UP, DOWN, RIGHT, RUN, CLEAR = "\x1b[A", "\x1b[B", "\x1b[C", "\x12", "\x15"


class Screen:
    """A program on a pseudo-terminal of its own, read by a terminal emulator."""

    def __init__(self, command: list[str], home: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "QTUI_HOME": str(home)}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.came_s = 0.0
        self._came: queue.Queue[tuple[float, bytes]] = queue.Queue()
        # a terminal takes what comes at once; the emulator is slower, and would hold the app up
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            self._came.put((time.perf_counter(), data))

    def take(self, wait_s: float) -> bool:
        """Takes in what comes within `wait_s`; whether anything came."""
        try:
            self.came_s, data = self._came.get(timeout=wait_s) if wait_s else self._came.get_nowait()
        except queue.Empty:
            return False
        self._stream.feed(data)
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

    def cursor(self) -> str:
        """What stands right of the mark of the chosen row."""
        return next((line.split("▸", 1)[1] for line in self._screen.display[4:20] if "▸" in line), "")

    def answer_ms(self, keys: str) -> float:
        """Milliseconds from a key until the chosen row of the table is another."""
        self.settle(0.02)
        before = self.cursor()[:24]
        began = time.perf_counter()
        self.type(keys)
        while self.cursor()[:24] == before:
            self.take(1.0)
            if time.perf_counter() - began > PATIENCE_S:
                raise TimeoutError(f"no answer to {keys!r}:\n{self.text()}")
        return (self.came_s - began) * 1e3

    def quit(self, keys: str = "q") -> None:
        self.type(keys)
        self.process.wait(30)
        os.close(self._master)


def _measured_by_the_app(store: Path, home: Path, collection: str) -> tuple[RunRecord, list[float]]:
    """Runs the plan on a collection in the app, pressing keys meanwhile; the run and each key's answer time."""
    runs = RunStore(home / "runs")
    before = {summary.id for summary in runs.list()}
    screen = Screen([sys.executable, "-m", "qtui", "--path", str(store)], home)
    screen.until(collection)
    screen.type("3")
    screen.until("measure ")
    screen.settle()
    for _ in range(20):
        if "‹ a collection ›" in screen.text():
            break
        screen.type(RIGHT)
        screen.settle()
    screen.until(f"‹ {collection} ›")
    # each key waits for the effect of the one before
    for keys, effect in (
        ("\t\t", ""),
        (CLEAR, "number or file"),
        (str(QUERIES), f"queries       {QUERIES}"),
        ("\t", ""),
        (CLEAR, "repeat         "),
        (str(REPEAT), f"repeat        {REPEAT} "),
        (RUN, "measuring"),
    ):
        screen.type(keys)
        screen.settle()
        screen.until(effect)
    screen.type("t")  # the table, which then has the keys
    answers: list[float] = []
    while len(runs.list()) == len(before) or "measuring" in screen.text():
        if "measuring" in screen.text():
            answers.append(screen.answer_ms(UP if len(answers) % 2 else DOWN))
        screen.take(random.uniform(0.05, 0.25))
    screen.settle()
    screen.quit()
    [new] = [summary.id for summary in runs.list() if summary.id not in before]
    return runs.load(new), answers


def while_drawing(vectors: Array, scratch: Path, pairs: int) -> list[Ratio]:
    """p50 and p99 of runs in the app, charts drawn meanwhile, over a bare loop's on the same shard; and key times.

    The bare loop runs before and after each run, half of its searches each time.
    """
    store, name, shard = latency.store_with(vectors, scratch, "turbo-4bit")
    drawn = random.Random(0).sample(range(len(vectors)), QUERIES)
    params = edge.SearchParams(hnsw_ef=latency.EF, quantization=edge.QuantizationSearchParams(rescore=False))

    def loop() -> Array:
        # a run on a collection's own points asks for one more, to drop the query itself
        return bare.query_ms(shard, vectors[sorted(drawn)], QUERIES * REPEAT // 2, params, latency.LIMIT + 1, "")

    p50s, p99s, answers = [], [], []
    for pair in range(pairs):
        before = loop()
        # the app would open where it was left: each time it is new
        record, times = _measured_by_the_app(store, scratch / f"home-{pair}", name)
        both = np.concatenate([before, loop()])
        answers += times
        measured = latency.chosen(record, rescore=False).engine_ms
        assert measured is not None
        assert measured.p99 is not None
        assert measured.n == len(both)
        p50s.append(measured.p50 / float(np.percentile(both, 50)))
        p99s.append(measured.p99 / float(np.percentile(both, 99)))
    p95 = float(np.percentile(answers, 95))
    searches = f"{QUERIES * REPEAT:,} searches a side and pair"
    return [
        Ratio("engine p50 while the app draws / bare loop", tuple(p50s), 1.10, note=searches),
        Ratio("engine p99 while the app draws / bare loop", tuple(p99s), 1.25, note=searches),
        Ratio(
            "key answered while measuring, p95 / 50 ms",
            (p95 / KEY_LIMIT_MS,),
            1,
            note=f"{p95:.1f} ms, {len(answers)} keys",
        ),
    ]
