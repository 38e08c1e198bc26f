"""The notifications since the start, newest first, to be read again and copied."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.messages import Copied
from qtui.tui.notices import Notice
from qtui.tui.theme import BAD, DIM, HEAD, WARN
from qtui.tui.wrapping import hanging

SIGNS = {"information": ("i", DIM), "warning": ("⚠", WARN), "error": ("✗", BAD)}
WIDTH, BESIDE = 66, 12
"""Cells of a line, and what a narrow window has beside it."""
KEYS = (
    Command("notices.close", "escape,m,q,enter,ctrl+n", "dismiss", "Back", "Back to the tab", "Esc"),
    Command("notices.copy", "y", "copy", "Copy", "Copy the notifications"),
)


class Notices(ModalScreen[None]):
    """Closed by the key that opened it, too."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]

    def __init__(self, notices: tuple[Notice, ...]) -> None:
        super().__init__()
        self.notices = notices

    def compose(self) -> ComposeResult:
        """A paragraph each."""
        with VerticalScroll(classes="dialog wide") as box:
            box.border_title = "Notifications"
            for notice in reversed(self.notices):
                yield Static(_line(notice, min(WIDTH, self.app.size.width - BESIDE)))
            if not self.notices:
                yield Static(Text("There was none yet."))
            yield Static(Text(keyed(self.app, "\n↑↓ scroll   {notices.copy} copies them   {notices.close} back"), DIM))

    def action_copy(self) -> None:
        """All of them, oldest first."""
        lines = [" ".join(filter(None, (each.at, each.title, each.text))) for each in self.notices]
        if lines:
            self.post_message(Copied("\n".join(lines) + "\n", "the notifications"))


def _line(notice: Notice, width: int) -> Text:
    sign, style = SIGNS.get(notice.severity, SIGNS["information"])
    title = f"{notice.title}: " if notice.title else ""
    start = Text.assemble((notice.at, DIM), (f"  {sign} ", style))
    return hanging(start + Text.assemble((title, HEAD), notice.text), width, start.cell_len)
