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
from collections.abc import Callable, Iterator
from itertools import count, cycle
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
TOLD_LIMIT_MS = 300.0
"""Until what is told of a row follows it."""
QUERIES, REPEAT = 600, 10
TURNS = 20
"""Repeats of the run that keys are timed in: so that it measures for long enough."""
LOADS = 3
"""Loads of the sample, five methods each, that keys are timed in."""
TOLD = 5
"""Every so many keys in the list of collections, no other comes until what is told of the row is drawn, too."""
MEASURING, BUILDING = {"measuring ": "measuring"}, {"loading": "loading", "indexing": "indexing"}
"""What is said on the screen, and what is done then."""
RESTS = "● ready"
UP, DOWN, RIGHT, BACK, RUN, CLEAR, LOAD = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[Z", "\x12", "\x15", "\x1b[20~"
ERASE = "\x7f"
TOLD_OF = ", until its details"
_CODE = re.compile(rb"\x1b\[[0-9;:?<>=]*[ -/]*[@-~]")
_PAUSES_S = (0.02, 0.12)
Times = dict[str, list[float]]
"""What was done then → milliseconds of keys."""
Look = Callable[[bytes], list[str]]
"""Finds in what was drawn what is chosen, or was typed."""


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
    """Presses keys in turn, and knows by the bytes that come what they chose or typed, and what is done meanwhile."""

    def __init__(
        self, screen: Screen, keys: tuple[str, ...], look: Look, doing: dict[str, str], details: Look | None = None
    ) -> None:
        """`details` finds of what the details are told."""
        self.screen = screen
        self._keys, self._look, self._signs, self._details = cycle(keys), look, doing, details
        self.answers: Times = {}
        """From the key until another choice, or what was typed, was drawn."""
        self.over = False
        self._doing, self._chosen, self._told, self._began = "", "", "", 0.0

    def rest(self, seconds: float) -> None:
        """Takes in what comes meanwhile."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            for chosen in self._seen(self.screen.bytes(left)):
                self._chosen = chosen

    def press(self) -> None:
        """One key, and the wait for its answer."""
        self.rest(0.001)
        doing, before = self._doing, self._chosen
        self._began = time.perf_counter()
        self.screen.type(next(self._keys))
        if self._wait(doing, lambda came: next((now for now in self._seen(came) if now != before), None)):
            self.answers.setdefault(doing, []).append((self.screen.came_s - self._began) * 1e3)

    def told(self) -> None:
        """After a key and its answer: the wait for what is told of the choice, with no other key."""
        doing, chosen = self._doing + TOLD_OF, self._chosen

        def holds(came: bytes) -> str | None:
            self._seen(came)
            return chosen if chosen == self._told else None

        if chosen != self._told and self._wait(doing, holds):
            self.answers.setdefault(doing, []).append((self.screen.came_s - self._began) * 1e3)

    def _wait(self, doing: str, holds: Callable[[bytes], str | None]) -> bool:
        came, found = b"", None
        while found is None:
            came += self.screen.bytes(0.2)
            found = holds(came)
            if time.perf_counter() - self._began > PATIENCE_S:
                raise TimeoutError(f"no answer to a key while {doing}")
            if self.over:
                return False
        self._chosen = found
        return True

    def _seen(self, data: bytes) -> list[str]:
        """What was drawn as chosen or typed; notes what is done."""
        text = _plain(data)
        for sign, doing in self._signs.items():
            if sign in text:
                self._doing = doing
        self.over |= RESTS in text
        if self._details is not None:
            self._told = next(reversed(self._details(data)), self._told)
        return self._look(data)


def _plain(data: bytes) -> str:
    return _CODE.sub(b"", data).decode(errors="replace")


def _in_text(pattern: str) -> Look:
    """What a pattern finds in the characters that were drawn."""
    found = re.compile(pattern)
    return lambda data: found.findall(_plain(data))


def _in_bold(pattern: str) -> Look:
    """What a pattern finds right behind the code for bold: so the choice is drawn in a list that has the keys."""
    found = re.compile(rb"\x1b\[1;[0-9;]*m" + pattern.encode())
    return lambda data: [match.decode() for match in found.findall(data)]


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


def _press_until_done(screen: Screen, pause_s: tuple[float, float]) -> Times:
    """Runs the plan with keys pressed all the time; the milliseconds of their answers, by what was done then."""
    fingers = Fingers(screen, (DOWN, UP), _in_text(r"▸ +(\S \S+ +\S+)"), MEASURING)
    screen.type(RUN)
    screen.until("◆ measuring")
    screen.type("t")  # the table, which then has the keys
    while not fingers.over:
        fingers.rest(random.uniform(*pause_s))
        fingers.press()
    fingers.rest(0.5)
    screen.quit()
    return fingers.answers


def _begin_building(home: Path) -> Screen:
    """The app when it has just begun to load the sample, with two other collections in its list."""
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
    screen.type(LOAD)
    screen.until("▲ building")
    return screen


def _in_the_list(home: Path) -> Times:
    """Keys in the list of collections; every few of them, what is told of the row is waited for, too."""
    screen = _begin_building(home)
    fingers = Fingers(screen, (DOWN, UP), _in_bold(r"(\w+) +\d"), BUILDING, _in_text(r"(\w+) +● green"))
    for number in count(1):
        fingers.rest(random.uniform(*_PAUSES_S))
        fingers.press()
        if fingers.over:
            break
        if number % TOLD == 0:
            fingers.told()
    fingers.rest(0.5)
    screen.quit()
    return fingers.answers


def _elsewhere(
    home: Path, doing: str, opening: tuple[tuple[str, str], ...], keys: tuple[str, ...], look: Look
) -> Times:
    """Keys in another tab, opened by what is typed once its texts are seen, until all is built."""
    screen = _begin_building(home)
    for typed, seen in opening:
        screen.type(typed)
        screen.until(seen)
    fingers = Fingers(screen, keys, look, {"": doing})
    while not fingers.over:
        fingers.rest(random.uniform(*_PAUSES_S))
        fingers.press()
    fingers.rest(0.5)
    screen.quit("\x11")
    return fingers.answers


def _while_building(scratch: Path) -> Iterator[Times]:
    """What keys took in the list, then in the Search and in the Benchmark tab, each in loads of its own."""
    for load in range(LOADS):
        yield _in_the_list(scratch / f"listed-{load}")
    yield _elsewhere(
        scratch / "searched",
        "a query is typed while building",
        (("2", "overlap"), ("/", "F12 Help"), (CLEAR, "an id"), ("Y", " Y ")),
        ("Z", ERASE),
        _in_text(r"Y(Z?) {40}"),
    )
    yield _elsewhere(
        scratch / "planned",
        "methods are chosen while building",
        (("3", "turbo-8bit"), (BACK, "turbo-8bit")),
        (DOWN, UP),
        _in_bold(r" \S (\S+) +"),
    )


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
    found = _press_until_done(screen, _PAUSES_S)
    for times in _while_building(scratch):
        for doing, answers in times.items():
            found.setdefault(doing, []).extend(answers)
    within = [float(line) for line in log.read_text(encoding="utf-8").split()]
    bounded = [_ratio(f"key answered while {doing}", found[doing]) for doing in ("loading", "indexing", "measuring")]
    bounded += [
        _ratio(f"key answered while {doing}", found[doing]) for doing in found if doing.endswith("while building")
    ]
    bounded.append(_ratio("key to frame within the process, of all", within))
    told = [ms for doing, answers in found.items() if doing.endswith(TOLD_OF) for ms in answers]
    return [*bounded, _ratio("key to the details of the row, while loading and indexing", told, TOLD_LIMIT_MS)]


def _ratio(what: str, answers: list[float], limit_ms: float = KEY_LIMIT_MS) -> Ratio:
    p50, p95 = np.percentile(answers, (50, 95))
    note = f"p50 {p50:.1f}, p95 {p95:.1f}, max {max(answers):.1f} ms, {len(answers)} keys"
    return Ratio(f"{what}, p95 / {limit_ms:g} ms", (float(p95) / limit_ms,), 1, note=note)


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
