"""The three streams of a command: results on stdout, progress and notes on stderr, questions on a terminal.

Standard library only. Progress is one line, rewritten in place, and only where stderr is a terminal; no escape
sequence is ever written, so there is nothing that NO_COLOR or a dumb terminal would have to switch off.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import time

from qtui.errors import DiskFull, Exit
from qtui.plain import cells_of, cut_to, plain, plain_lines

REDRAW_S = 0.2
"""Progress is rewritten at most this often."""


class HelpAsked(Exception):
    """--help was given; carries the text to print."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Ended(BaseException):
    """A signal asks the process to end; unwinds like KeyboardInterrupt does, with clean-up.

    Also for Ctrl-C: a KeyboardInterrupt that passes through an import of generated code would make Python kill
    itself at exit, and the exit code would not be ours.
    """

    def __init__(self, name: str) -> None:
        interrupted = name == "SIGINT"
        super().__init__("interrupted" if interrupted else f"ended by {name}")
        self.exit = Exit.INTERRUPTED if interrupted else Exit.TERMINATED


ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_SPELT = "qtui.spelt"


class _Signs(dict[int, str]):
    """What stands for a sign, in one column each so that tables keep theirs; '?' for any other."""

    def __missing__(self, key: int) -> str:
        return next((sign for first, last, sign in _DRAWN if first <= key <= last), "?")


_ASCII = _Signs(
    zip(
        map(ord, "×·–─│▲▼✓✗⚠→…±≥≤Δ◆µ‘’“”‹›▸▾▴◂▶◀»←↑↓−≈━┃┄┊║‖●◐○◌↻▏▎"),
        "x---|^v+x!>~~><d*u''\"\"<>>v^<><><^v-~-|-:||*%oo@||",
        strict=True,
    )
)
_DRAWN = (
    (0x2500, 0x257F, "+"),  # corners and crossings
    (0x2580, 0x2590, "#"),
    (0x2591, 0x2591, "."),
    (0x2592, 0x259F, "#"),
    (0x2800, 0x2800, " "),
    (0x2801, 0x28FF, "."),  # dots of a chart
)
"""First and last of a block of characters that lines and charts are drawn with, and what stands for them."""


class Console:
    """Where a command writes and asks."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.farewell = ""
        """What to add to the line that says it was interrupted: what was kept, and how to see it."""
        self._drawn = 0
        self._drawn_at = 0.0
        codecs.register_error(_SPELT, _spelt)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and hasattr(stream, "reconfigure"):
                stream.reconfigure(errors=_SPELT)

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    @property
    def shows_progress(self) -> bool:
        """Whether progress is wanted and can be rewritten in place."""
        return not self.quiet and _is_terminal(sys.stderr)

    def result(self, text: str) -> None:
        """Writes a result to stdout."""
        self.clear()
        try:
            print(plain_lines(text))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error

    def flush(self) -> None:
        """Hands all results over, so that a reader that has gone is noticed here and not at exit."""
        self.clear()
        if sys.stdout is None:
            return
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error

    def note(self, text: str) -> None:
        """Writes a remark to stderr, unless --quiet."""
        if not self.quiet:
            self._stderr(f"qtui: {text}")

    def error(self, text: str) -> None:
        """Writes the one line that says what went wrong."""
        self._stderr(f"qtui: {' '.join(text.split())}")

    def ask(self, question: str) -> str:
        """Asks on the terminal and returns the answer, stripped; '' at end of input."""
        self.clear()
        answer = ""
        try:
            print(plain(question), end=" ", file=sys.stderr, flush=True)
            if sys.platform != "win32":
                # a signal that comes just before a blocking read would go unheard until the next key
                while not select.select([sys.stdin], [], [], REDRAW_S)[0]:
                    pass
            answer = sys.stdin.readline()
        finally:
            if not answer.endswith("\n"):  # Ctrl-C or Ctrl-D: what is said next has a line of its own
                print(file=sys.stderr, flush=True)
        return answer.strip()

    def progress(self, text: str, *, force: bool = False) -> None:
        """Rewrites the progress line."""
        now = time.monotonic()
        if not self.shows_progress or (not force and now - self._drawn_at < REDRAW_S):
            return
        room = _columns() - 1
        line = cut_to(plain(text), room)
        width = cells_of(line)
        print(f"\r{line}{' ' * (self._drawn - width)}", end="", file=sys.stderr, flush=True)
        self._drawn, self._drawn_at = width, now

    def clear(self) -> None:
        """Takes the progress line away."""
        if self._drawn:
            print("\r" + " " * self._drawn + "\r", end="", file=sys.stderr, flush=True)
            self._drawn = 0

    def _stderr(self, text: str) -> None:
        self.clear()
        if sys.stderr is not None:
            print(plain_lines(text), file=sys.stderr, flush=True)


def _spelt(error: UnicodeError) -> tuple[str, int]:
    """An encoding's error handler: signs that the locale doesn't have, each as one that ASCII has."""
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].translate(_ASCII), error.end


def _unwritable(error: OSError) -> DiskFull:
    return DiskFull(f"can't write the result to stdout: {error.strerror}; make room or write elsewhere")


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty and isatty())
    except ValueError:  # the stream is closed
        return False


def _columns() -> int:
    try:
        return max(20, os.get_terminal_size(2).columns)
    except OSError:
        return 80
