"""A collection's configuration to paste elsewhere, looked at before it is copied: as Python, as REST, or in words."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from qtui import snippets
from qtui.model import CollectionView
from qtui.tui.commands import Command, bindings
from qtui.tui.inspection import inspect
from qtui.tui.messages import Copied
from qtui.tui.text import clean, fitted
from qtui.tui.theme import CHOSEN, DIM, WARN

FORMS = (("Python", "its configuration as Python"), ("REST", "its configuration as REST"), ("text", "its inspection"))
KEYS = (
    Command("copy.take", "enter,y", "take", "Copy", "Copy what is shown", "Enter"),
    Command("copy.next", "right,tab", "turn(1)", "Form", "The next form", "→"),
    Command("copy.previous", "left,shift+tab", "turn(-1)", "", "The form before"),
    Command("copy.close", "escape", "dismiss", "Leave", "Back to the collections", "Esc"),
)
TEXT_WIDTH = 68
"""Of the inspection: what is copied is what is shown, in the narrowest window, too."""


def left_out(view: CollectionView) -> tuple[str, ...]:
    """What a server's collection has beside what both forms say, in clean words."""
    served = view.served
    if served is None:
        return ()
    sparse = ", ".join(clean(name, 30) for name in served.sparse_vectors[:3])
    named = f"its sparse vectors ({sparse})" if sparse else ""
    return tuple(each for each in (named, "strict mode" if served.limits.enabled else "") if each)


class Preview(VerticalScroll, inherit_bindings=False):
    """Scrolls up and down; left and right are the dialog's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", show=False),
        Binding("down,j", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]


class CopyConfiguration(ModalScreen[None]):
    """Shows one form at a time; Enter copies it."""

    AUTO_FOCUS = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    CopyConfiguration Preview { height: auto; max-height: 26; margin: 1 0; }
    """

    def __init__(self, view: CollectionView) -> None:
        super().__init__()
        self.view = view
        self._at = 0

    def compose(self) -> ComposeResult:
        """The forms, the text of one, the keys."""
        with Vertical(classes="dialog broad") as box:
            box.border_title = Text(f"Copy {fitted(self.view.name, 50)}")
            yield Static(id="copy-forms")
            with Preview():
                yield Static(id="copy-text")
            lacks = left_out(self.view)
            if lacks:
                yield Static(Text.assemble(("⚠ ", WARN), f"not in the Python and the REST: {', '.join(lacks)}"))
            yield Static(Text("←/→ form   ↑/↓ scroll   Enter copies   Esc leaves", DIM))

    def on_mount(self) -> None:
        """The first form."""
        self._show()

    def _text(self) -> str:
        if self._at == 0:
            return snippets.collection_python(self.view.spec)
        if self._at == 1:
            return snippets.collection_rest(self.view.spec)
        return inspect(self.view, TEXT_WIDTH).plain + "\n"

    def _show(self) -> None:
        forms = Text()
        for at, (name, _) in enumerate(FORMS):
            forms.append(f"‹{name}›" if at == self._at else f" {name} ", CHOSEN if at == self._at else DIM).append(" ")
        self.query_one("#copy-forms", Static).update(forms)
        lines = "\n".join(clean(line) for line in self._text().splitlines())
        self.query_one("#copy-text", Static).update(Text(lines))
        self.query_one(Preview).scroll_home(animate=False)

    def action_turn(self, by: int) -> None:
        """Another form."""
        self._at = (self._at + by) % len(FORMS)
        self._show()

    def action_take(self) -> None:
        """To the clipboard."""
        self.post_message(Copied(self._text(), FORMS[self._at][1]))
        self.dismiss()
