"""The app in a pseudo-terminal: what really reaches it, and how it is left."""

from __future__ import annotations

import fcntl
import functools
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyte
import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.tui.fake_app"]
PATIENCE_S = 60
# Makes the terminal its own, so that closing it hangs up on it. Before the program itself and not in a `preexec_fn`:
# that forks this process, with all the threads that other tests started, and their libraries' handlers of forks.
OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
ENTERS_ALTERNATE_SCREEN = b"\x1b[?1049h"
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"


class Terminal:
    """A process on a pseudo-terminal, with an emulator that reads it."""

    def __init__(
        self,
        columns: int = 80,
        lines: int = 24,
        more: dict[str, str] | None = None,
        controlling: bool = True,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [*([sys.executable, "-IS", "-c", OWN_TERMINAL] if controlling else []), *command],
            stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(more or {})},
        )  # fmt: skip
        os.close(slave)

    def read(self) -> bool:
        """Takes in what has come; False when the other end is closed."""
        ready, _, _ = select.select([self.master], [], [], 0.1)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def until(self, text: str) -> None:
        """Waits for a text on the screen."""
        end = time.monotonic() + PATIENCE_S
        while not any(text in line for line in self.screen.display):
            assert self.read(), "the app ended"
            assert time.monotonic() < end, "\n".join(self.screen.display)

    def press(self, keys: str) -> None:
        """Types."""
        os.write(self.master, keys.encode())

    def ended(self) -> int:
        """Reads to the end; returns the exit code."""
        end = time.monotonic() + PATIENCE_S
        while self.read():
            if self.process.poll() is not None and not select.select([self.master], [], [], 0.2)[0]:
                break
            assert time.monotonic() < end, "the app never ended:\n" + "\n".join(self.screen.display)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """Ends what is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


def test_hostile_name_reaches_the_terminal_as_text_alone(terminal: Terminal) -> None:
    terminal.until("6 collections")
    terminal.until("[@click=app.")
    terminal.press("3")
    terminal.until("oversampling")
    terminal.press("q")
    assert terminal.ended() == 0
    for sequence in (b"\x1b]52", b"\x9b2J", b"\xc2\x9b", b"\x1b[31m\xc2", "\u202e".encode(), "\u200b".encode()):
        assert sequence not in terminal.raw
    assert LEAVES_ALTERNATE_SCREEN in terminal.raw


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_signal_leaves_the_terminal_as_it_was(terminal: Terminal, sent: signal.Signals) -> None:
    terminal.until("6 collections")
    terminal.process.send_signal(sent)
    assert terminal.ended() == 143
    assert LEAVES_ALTERNATE_SCREEN in terminal.raw
    assert b"\x1b[?25h" in terminal.raw


@pytest.mark.parametrize(
    ("more", "fits"),
    [
        ({"TERM": "xterm-16color", "COLORTERM": ""}, lambda red, green, blue: False),
        ({"NO_COLOR": "1"}, lambda red, green, blue: red == green == blue),
    ],
    ids=["16 colours", "no colour"],
)
def test_poor_terminal_gets_what_it_can_show(more: dict[str, str], fits: Callable[[int, int, int], bool]) -> None:
    terminal = Terminal(more=more)
    try:
        terminal.until("6 collections")
        terminal.press("3")
        terminal.until("oversampling")
        terminal.press("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    for color in re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", terminal.raw):
        assert fits(*map(int, color)), color


@pytest.mark.parametrize("told", [True, False], ids=["by signal", "by reading"])
def test_closed_terminal_ends_the_app(told: bool) -> None:
    terminal = Terminal(controlling=told)
    try:
        terminal.until("6 collections")
        terminal.press("3jjj")
        os.close(terminal.master)
        terminal.master = os.open(os.devnull, os.O_RDWR)
        assert terminal.process.wait(PATIENCE_S) == 143
    finally:
        terminal.close()


def test_whole_benchmark_from_the_keyboard(terminal: Terminal) -> None:
    terminal.until("6 collections")
    terminal.press("3")
    terminal.until("21 measurements")
    terminal.press("b")
    terminal.until("T turbo-4bit")
    terminal.press("c")
    terminal.until("n=600 searches each")
    terminal.press("q")
    assert terminal.ended() == 0


@pytest.mark.tmux
@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
def test_in_tmux(tmp_path: Path) -> None:
    server = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    run = functools.partial(subprocess.run, timeout=PATIENCE_S)
    run(
        [*server, "new-session", "-d", "-x", "120", "-y", "40", "-c", str(ROOT), *COMMAND], check=True,
        env=dict(os.environ),  # without the COLUMNS and LINES that readline puts where os.environ doesn't show them
    )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_S
        shown = ""
        while "Settings" not in shown:
            assert time.monotonic() < end, shown
            time.sleep(0.1)  # each look starts a process
            shown = run([*server, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout
        assert "1 Collections" in shown
    finally:
        run([*server, "kill-server"], check=False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_going_on_is_answered_whenever_it_comes_and_starts_no_second_reader(terminal: Terminal) -> None:
    def threads() -> int:
        return len(list(Path(f"/proc/{terminal.process.pid}/task").iterdir()))

    terminal.until("6 collections")
    before, times, end = threads(), 10, time.monotonic() + PATIENCE_S
    while terminal.raw.count(ENTERS_ALTERNATE_SCREEN) <= times:
        terminal.process.send_signal(signal.SIGCONT)  # as the system does with a hang-up, too
        assert terminal.read(), "the app ended"
        assert time.monotonic() < end
    while not any("oversampling" in line for line in terminal.screen.display):
        terminal.press("3")  # again: what is typed while the terminal is taken anew is dropped
        assert terminal.read(), "the app ended"
        assert time.monotonic() < end
    assert threads() < before + times, "a reader and a writer more each time; a few are asyncio's own"
    terminal.press("q")
    assert terminal.ended() == 0
