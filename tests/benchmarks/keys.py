"""The real app in a pseudo-terminal while it works: what drawing costs the figures, and how fast keys answer.

The app is driven to where a run begins with a terminal emulator, which is slow; while it works only the bytes that it
writes are looked at, so that whoever measures takes no time from what is measured.
"""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import random
import re
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
TURNS = 20
"""Repeats of the run that keys are timed in: so that it measures for long enough."""
LOADS = 3
"""Loads of the sample, five methods each, that keys are timed in."""
MEASURING, BUILDING = {"measuring ": "measuring"}, {"loading": "loading", "indexing": "indexing"}
"""What is said on the screen, and what is done then."""
RESTS = "● ready"
_CODE = re.compile(rb"\x1b\[[0-9;:?<>=]*[ -/]*[@-~]")
_VARIANT = re.compile(r"▸ +(\S \S+ +\S+)")
_COLLECTION = re.compile(r"(\w+) +● green")
"""Heads what is told of the collection under the cursor."""
UP, DOWN, RIGHT, RUN, CLEAR, LOAD = "\x1b[A", "\x1b[B", "\x1b[C", "\x12", "\x15", "\x1b[20~"


class Screen:
    """A program on a pseudo-terminal of its own, read by a terminal emulator."""

    def __init__(self, command: list[str], home: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "QTUI_HOME": str(home)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has been compiled
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
        data = self.bytes(wait_s)
        self._stream.feed(data)
        return bool(data)

    def bytes(self, wait_s: float) -> bytes:
        """What comes within `wait_s`, which the emulator then never sees; b"" where nothing does."""
        try:
            self.came_s, data = self._came.get(timeout=wait_s) if wait_s else self._came.get_nowait()
        except queue.Empty:
            return b""
        return data

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

    def quit(self, keys: str = "q") -> None:
        self.type(keys)
        self.process.wait(30)
        os.close(self._master)


class Fingers:
    """Presses keys in a table, and knows by the bytes that come which row is chosen and what is done."""

    def __init__(self, screen: Screen, chosen: re.Pattern[str], doing: dict[str, str]) -> None:
        self.screen = screen
        self._chosen, self._signs = chosen, doing
        self.answers: dict[str, list[float]] = {}
        """What was done then → milliseconds from the key until another row was drawn as the chosen one."""
        self.over = False
        self._doing, self._row, self._down = "", "", True

    def rest(self, seconds: float) -> None:
        """Takes in what comes meanwhile."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            for row in self._seen(self.screen.bytes(left)):
                self._row = row

    def press(self) -> None:
        """One key, and the wait for its answer."""
        self.rest(0.001)
        doing, before, came = self._doing, self._row, b""
        began = time.perf_counter()
        self.screen.type(DOWN if self._down else UP)
        self._down = not self._down
        while self._row == before:
            came += self.screen.bytes(0.2)
            self._row = next((row for row in self._seen(came) if row != before), before)
            if time.perf_counter() - began > PATIENCE_S:
                raise TimeoutError(f"no answer to a key while {doing}")
            if self.over:
                return
        self.answers.setdefault(doing, []).append((self.screen.came_s - began) * 1e3)

    def _seen(self, data: bytes) -> list[str]:
        """The rows that were drawn as the chosen one; notes what is done."""
        text = _CODE.sub(b"", data).decode(errors="replace")
        for sign, doing in self._signs.items():
            if sign in text:
                self._doing = doing
        self.over |= RESTS in text
        return self._chosen.findall(text)


def _opened(command: list[str], home: Path, source: str) -> Screen:
    """The app at its plan, with this kind of source chosen."""
    screen = Screen([sys.executable, *command], home)
    screen.until("● ready")
    screen.type("3")
    screen.until("measure ")
    screen.settle()
    for _ in range(20):
        if f"‹ {source} ›" in screen.text():
            break
        screen.type(RIGHT)
        screen.settle()
    screen.until(f"‹ {source} ›")
    return screen


def _type_in_turn(screen: Screen, *steps: tuple[str, str]) -> None:
    """Keys, each followed by what is seen of their effect before the next ones are pressed."""
    for keys, effect in steps:
        screen.type(keys)
        screen.settle()
        screen.until(effect)


def _press_until_done(screen: Screen, pause_s: tuple[float, float]) -> dict[str, list[float]]:
    """Runs the plan with keys pressed all the time; the milliseconds of their answers, by what was done then."""
    fingers = Fingers(screen, _VARIANT, MEASURING)
    screen.type(RUN)
    screen.until("◆ measuring")
    screen.type("t")  # the table, which then has the keys
    while not fingers.over:
        fingers.rest(random.uniform(*pause_s))
        fingers.press()
    fingers.rest(0.5)
    screen.quit()
    return fingers.answers


def _while_building(home: Path) -> dict[str, list[float]]:
    """Loads the sample in the app, with keys pressed in the list of collections; the milliseconds of their answers."""
    few = home.with_suffix(".npy")
    np.save(few, np.random.default_rng(0).standard_normal((300, 32), dtype=np.float32))
    store = ["-m", "qtui", "--path", str(home / "store")]
    first = [*store, "load", "a", "--vectors", str(few), "--methods", "none,scalar", "--quiet"]
    subprocess.run([sys.executable, *first], check=True, env={**os.environ, "QTUI_HOME": str(home)})
    screen = Screen([sys.executable, *store], home)
    screen.until("● ready")
    screen.until("a__scalar")
    screen.type("n")
    screen.until("✓ 5 collections")
    fingers = Fingers(screen, _COLLECTION, BUILDING)
    screen.type(LOAD)
    screen.until("▲ building")
    while not fingers.over:
        fingers.rest(random.uniform(0.02, 0.12))
        fingers.press()
    fingers.rest(0.5)
    screen.quit()
    return fingers.answers


def _measured_by_the_app(store: Path, home: Path, collection: str) -> tuple[RunRecord, list[float]]:
    """Runs the plan on a collection in the app, pressing keys meanwhile; the run and each key's answer time."""
    runs = RunStore(home / "runs")
    screen = _opened(["-m", "qtui", "--path", str(store)], home, "a collection")
    _type_in_turn(
        screen,
        ("", f"‹ {collection} ›"),
        ("\t\t", ""),
        (CLEAR, "number or file"),
        (str(QUERIES), f"queries       {QUERIES}"),
        ("\t", ""),
        (CLEAR, "repeat         "),
        (str(REPEAT), f"repeat        {REPEAT} "),
    )
    answers = _press_until_done(screen, (0.05, 0.25))
    [new] = runs.list()
    return runs.load(new.id), answers["measuring"]


def answered(vectors: Array, scratch: Path) -> list[Ratio]:
    """How fast keys are answered while a file is loaded, indexed and measured; p95 over 50 ms, for each."""
    source, log = scratch / "rows.npy", scratch / "answers"
    np.save(source, vectors)
    home = scratch / "home"
    inside = ["-m", "tests.benchmarks.inside", str(log), "--path", str(home / "store")]
    screen = _opened(inside, home, "a file")
    _type_in_turn(
        screen,
        ("\t", ""),
        (str(source), "rows.npy"),
        ("\t\t\t", ""),
        (CLEAR, "repeat         "),
        (str(TURNS), f"repeat        {TURNS} "),
        ("", "✓"),
    )
    found = _press_until_done(screen, (0.02, 0.12))
    for load in range(LOADS):
        for doing, answers in _while_building(scratch / f"building-{load}").items():
            found.setdefault(doing, []).extend(answers)
    within = [float(line) for line in log.read_text(encoding="utf-8").split()]
    return [_ratio(f"key answered while {doing}", found[doing]) for doing in ("loading", "indexing", "measuring")] + [
        _ratio("key to frame within the process, of all", within)
    ]


def _ratio(what: str, answers: list[float]) -> Ratio:
    p50, p95 = np.percentile(answers, (50, 95))
    note = f"p50 {p50:.1f}, p95 {p95:.1f}, max {max(answers):.1f} ms, {len(answers)} keys"
    return Ratio(f"{what}, p95 / 50 ms", (float(p95) / KEY_LIMIT_MS,), 1, note=note)


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
    searches = f"{QUERIES * REPEAT:,} searches a side and pair"
    return [
        Ratio("engine p50 while the app draws / bare loop", tuple(p50s), 1.10, note=searches),
        Ratio("engine p99 while the app draws / bare loop", tuple(p99s), 1.25, note=searches),
        _ratio("key answered while measuring alone", answers),
    ]
