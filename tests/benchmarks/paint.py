"""How much later qtui paints first than a bare Textual app."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from .keys import Screen
from .pairs import Ratio

LIMIT_MS = 150.0
MARK = "Nothing but a line"
BARE = f"""
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static({MARK!r})
Bare().run()
"""


def first_paint(scratch: Path, pairs: int) -> Ratio:
    """From the start of the process to the first byte that shows the tabs, over the bare app's; new homes each time."""
    extra = []
    for pair in range(pairs + 1):
        bare = _painted_ms([sys.executable, "-c", BARE], scratch / f"bare-{pair}", MARK, "\x11")
        home = scratch / f"home-{pair}"
        ours = _painted_ms([sys.executable, "-m", "qtui", "--path", str(home / "store")], home, "1 Collections", "q")
        if pair:  # the first one finds nothing in the page cache
            extra.append(ours - bare)
    note = f"{', '.join(f'{ms:+.0f}' for ms in extra)} ms"
    return Ratio("first paint later than bare Textual's / 150 ms", tuple(ms / LIMIT_MS for ms in extra), 1, note=note)


def _painted_ms(command: list[str], home: Path, text: str, leave: str) -> float:
    began = time.perf_counter()
    screen = Screen(command, home)
    screen.until(text)
    painted_ms = (screen.came_s - began) * 1e3
    screen.settle()
    screen.quit(leave)
    return painted_ms
