"""The models that embed images and texts: what each makes and takes, which are here, getting one, and naming one."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Static

from qtui import units
from qtui.embedders import EmbedderChoice, Modality, ModelFacts
from qtui.errors import QtuiError, UsageError
from qtui.events import Progress
from qtui.tui.commands import Command, bindings, key_of, keyed
from qtui.tui.room import Room
from qtui.tui.text import clean, fitted, plain
from qtui.tui.theme import BAD, DIM, GOOD, WARN
from qtui.tui.typed import model
from qtui.tui.widgets.controls import Field, line_input
from qtui.tui.widgets.frame import KeyLine
from qtui.tui.widgets.paths import PathSuggester
from qtui.tui.widgets.tables import RowTable
from qtui.tui.words import worded

KEYS = (
    Command("models.choose", "enter", "choose", "Choose", "Take this model", "Enter"),
    Command("models.fetch", "d", "fetch", "Download", "Download this model, with what it takes asked first"),
    Command("models.leave", "escape", "leave", "Back", "Cancel the download, or leave without choosing", "Esc"),
)
COLUMNS = (("model", 42), ("makes", 15), ("takes", 12), ("dim", 7), ("size", 9), ("here", 4), ("licence", 12))
FIGURES = ("dim", "size")
NARROW = {"makes": 0, "licence": 0, "model": 34}
"""Under 100 columns: ×M behind the dimension says that it makes several vectors, and a download says its licence."""


class ModelsDialog(ModalScreen[str | None]):
    """Lists models; dismissed with the name of one that is on this machine."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    ModelsDialog { align: left top; background: $background; }
    ModelsDialog > Vertical { height: 1fr; }
    ModelsDialog #models-title { height: 1; background: $panel; padding: 0 1; }
    ModelsDialog RowTable { height: 1fr; margin: 1 1 0 1; }
    ModelsDialog #models-said { height: auto; min-height: 2; max-height: 4; padding: 0 1; }
    """

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room
        self._facts: dict[str, ModelFacts] = {}
        self._asked = ""
        """The model whose download was offered: the key again begins it."""
        self._fetching = False
        self._at = ""
        """The model that is highlighted: columns laid out anew have the table tell of the same one again."""

    def compose(self) -> ComposeResult:
        """Title, table, what is said of the highlighted one, keys."""
        with Vertical():
            yield Static(Text("Models that embed images and texts", DIM), id="models-title")
            yield RowTable(id="models-table")
            yield Static(Text("asking which there are…", DIM), id="models-said")
        yield KeyLine()

    def on_mount(self) -> None:
        """Fills the table."""
        self.query_one(RowTable).focus()
        self._read()

    def on_resize(self) -> None:
        """The columns follow the width."""
        self._fill()

    def _fill(self) -> None:
        table, narrow = self.query_one(RowTable), self.app.size.width < 100
        widths = {name: NARROW.get(name, width) if narrow else width for name, width in COLUMNS}
        shown = [name for name, width in widths.items() if width]
        row = table.cursor_row
        table.clear(columns=True)
        for name in shown:
            table.add_column(Text(name, justify="right" if name in FIGURES else "left"), width=widths[name], key=name)
        for facts in self._facts.values():
            cells = _cells(facts, widths["model"])
            table.add_row(*[cells[name] for name in shown], key=facts.model)
        table.move_cursor(row=min(row, max(0, len(self._facts) - 1)))

    @work(exclusive=True, group="models")
    async def _read(self) -> None:
        try:
            found = await self.room.models()
        except QtuiError as error:
            self._say(Text.assemble(("✗ ", BAD), plain(worded(error))))
            return
        self._facts = {facts.model: facts for facts in sorted(found, key=lambda facts: facts.cached is None)}
        self._fill()
        self._tell()

    @property
    def highlighted(self) -> ModelFacts | None:
        """The model under the cursor."""
        return self._facts.get(self.query_one(RowTable).row or "")

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        model = self.query_one(RowTable).row or ""
        if model != self._at and not self._fetching:
            self._asked = ""
            self._tell()
        self._at = model

    @on(DataTable.RowSelected)
    def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_choose()

    def _tell(self) -> None:
        self.refresh_bindings()
        facts = self.highlighted
        if facts is None:
            return
        about = clean(facts.description, 200) or clean(facts.model)
        where = Text.assemble(("✓ ", GOOD), f"in {clean(facts.cached or '', 90)}")
        if facts.cached is None:
            where = Text.assemble(("not here: ", WARN), f"d downloads {units.size(facts.download_bytes)}")
        self._say(Text.assemble((about, DIM), "\n", where))

    def _say(self, text: Text) -> None:
        self.query_one("#models-said", Static).update(text)

    def label_now(self, action: str) -> str | None:
        """What leaving is, here."""
        return "Cancel" if action == "leave" and (self._fetching or self._asked) else None

    def action_choose(self) -> None:
        """Only what is here can be used."""
        facts = self.highlighted
        if facts is None or self._fetching:
            return
        if facts.cached is None:
            self.action_fetch()
        else:
            self.dismiss(facts.model)

    def action_fetch(self) -> None:
        """Says what a download takes; the second time, begins it."""
        facts = self.highlighted
        if facts is None or self._fetching or facts.cached is not None:
            return
        if self._asked != facts.model:
            self._asked = facts.model
            size = units.size(facts.download_bytes)
            ask = f"{clean(facts.model, 60)} is {size} under the licence {clean(facts.licence, 40)}."
            ways = keyed(self.app, "\n  {models.fetch} downloads it, {models.leave} leaves it")
            self._say(Text.assemble(("? ", WARN), ask, ways))
            self.refresh_bindings()
        else:
            self._fetching = True
            self._fetch(facts.model)

    @work(exclusive=True, group="fetch")
    async def _fetch(self, model: str) -> None:
        self._say(Text(f"asking for {clean(model, 60)}…", DIM))
        try:
            async with aclosing(self.room.fetch_model(model)) as events:
                async for event in events:
                    if isinstance(event, Progress):
                        self._say(_how_far(event, key_of(self.app, "models.leave")))
        except QtuiError as error:
            self._say(Text.assemble(("✗ ", BAD), plain(worded(error))))
        else:
            self._read()
        finally:
            self._fetching, self._asked = False, ""
            self.refresh_bindings()

    def action_leave(self) -> None:
        """Cancels first."""
        if self._fetching:
            self.workers.cancel_group(self, "fetch")
            self._say(Text(keyed(self.app, "cancelled: what came is kept, {models.fetch} goes on with it"), WARN))
        elif self._asked:
            self._asked = ""
            self._tell()
        else:
            self.dismiss(None)


@dataclass(frozen=True, slots=True)
class Named:
    """The model that was named; None: the one that the collection remembers."""

    choice: EmbedderChoice | None


class AskModel(ModalScreen[Named | None]):
    """Asks with which model texts and images are made queries of a collection."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("f10", "models", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    AskModel #model-said { margin: 1 0; max-height: 4; }
    """

    def __init__(self, room: Room, collection: str, now: EmbedderChoice | None) -> None:
        super().__init__()
        self.room, self._collection = room, collection
        self._now = "" if now is None else now.path or now.model or ""

    def compose(self) -> ComposeResult:
        """The name or folder, what it is for, the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Model"
            field = line_input(self._now, id="model-name", placeholder="name, or folder of its files")
            field.suggester = PathSuggester((), rooted=True)
            yield Field("model", field)
            about = f"Texts and images that are asked of {clean(self._collection, 60)} are embedded with it."
            yield Static(Text(f"{about} Empty: with what the collection remembers.", DIM), id="model-said")
            yield Static(Text("Enter takes it   F10 lists models   Esc leaves", DIM))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What was typed; whether it fits is seen when something is asked."""
        event.stop()
        try:
            self.dismiss(Named(model(event.value) if event.value.strip() else None))
        except UsageError as error:
            self.query_one("#model-said", Static).update(Text.assemble(("✗ ", BAD), plain(worded(error))))

    @work(exclusive=True, group="models")
    async def action_models(self) -> None:
        """Takes one of those that are here."""
        chosen = await self.app.push_screen_wait(ModelsDialog(self.room))
        if chosen is not None:
            self.query_one("#model-name", Input).value = chosen


def _cells(facts: ModelFacts, room: int) -> dict[str, Text]:
    several = facts.kind.multivector
    takes = " ".join({Modality.IMAGE: "images", Modality.TEXT: "texts"}[each] for each in facts.modalities)
    return {
        "model": Text(fitted(facts.model, room)),
        "makes": Text("vectors a token" if several else "one vector"),
        "takes": Text(takes),
        "dim": Text(f"{facts.dimension}{' ×M' if several else ''}", justify="right"),
        "size": Text(units.size(facts.download_bytes), justify="right"),
        "here": Text("✓" if facts.cached else "", GOOD),
        "licence": Text(fitted(facts.licence, dict(COLUMNS)["licence"])),
    }


def _how_far(event: Progress, key: str) -> Text:
    total = event.total or 0
    left = f", {units.duration(event.remaining_s)} left" if event.remaining_s is not None else ""
    share = event.done / total if total else 0.0
    return Text.assemble(
        ("▲ ", WARN),
        f"{clean(event.about, 60)}: {units.size(event.done)} of {units.size(total)} ({share:.0%}){left}",
        (f"\n  {key} cancels", DIM),
    )
