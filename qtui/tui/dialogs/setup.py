"""The setup dialog: what to load, how to build it, what that will take, and the same as Python and REST.

Owns the look at the source and the verdict; the controls are `setup_form`'s, the figures `setup_preview`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from qtui import units
from qtui.errors import QtuiError, UsageError
from qtui.loads import SourceFacts, SourceSpec
from qtui.methods import DEFAULT_METHODS
from qtui.model import CollectionView
from qtui.tui.commands import Command, bindings, key_of, keyed
from qtui.tui.messages import Copied, PlanEdited
from qtui.tui.room import Room
from qtui.tui.setupform import Setup, SetupText, forecasts, preset_text, read, read_source
from qtui.tui.text import clean, plain
from qtui.tui.theme import BAD, DIM, GOOD, KEY, WARN
from qtui.tui.widgets.controls import concerned
from qtui.tui.widgets.said import Said
from qtui.tui.widgets.setup_form import SOURCE_FIELDS, SetupForm
from qtui.tui.widgets.setup_preview import SetupPreview
from qtui.tui.words import worded

SETTLE_S = 0.25
NOT_LOADED = "nothing is loaded yet"
"""Of quiet typing before a source is looked at."""
KEYS = (
    Command("setup.leave", "escape", "dismiss(None)", "Leave", "Leave without loading", "Esc"),
    Command("setup.load", "f9", "load", "Load", "Load", always="f9"),
    Command("setup.models", "f10", "models", "Models", "Choose or download a model", always="f10"),
    Command("setup.page", "f6", "page", "Request", "Figures, Python, REST in turn", always="f6"),
    Command("setup.lower", "f7", "lower", "Lower", "Lower the indexing threshold", always="f7"),
    Command("setup.copy", "f8", "copy", "Copy", "Copy the request", always="f8"),
)


class SetupDialog(ModalScreen[Setup | None]):
    """Asks what to load; dismissed with a setup whose every value was checked."""

    AUTO_FOCUS = "#setup-kind"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    SetupDialog #setup {
        width: 100%; max-width: 116; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; border-title-color: $primary; background: $surface;
    }
    SetupDialog #setup-body { height: auto; }
    SetupDialog #setup-said { height: auto; max-height: 6; margin: 1 0; }
    SetupDialog #setup-keys { height: 1; }
    """
    facts: reactive[SourceFacts | None] = reactive(None)
    setup: reactive[Setup | None] = reactive(None)

    def __init__(
        self,
        room: Room,
        views: tuple[CollectionView, ...],
        text: SetupText | None = None,
        *,
        on_server: bool = False,
        refused: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`refused`: methods that the engine can't do → why."""
        super().__init__()
        self.refused = refused
        self.room = room
        self.on_server = on_server
        self.views = views
        self.first = text or SetupText(methods=DEFAULT_METHODS, name=_free_name(views))
        self._preset = ""
        self._problem = ""
        """Of the source."""
        self._said = ""
        """What is wrong now."""
        self._looked: SourceSpec | None = None
        self._settle: Timer | None = None
        self._wanted = False
        """Whether it is loaded as soon as the source was read."""
        self._not_done = ""
        """What was asked for and isn't done; told until something is edited."""
        self._before: str | None = None
        """The distance that was chosen here, while the one that a source says stands there instead."""

    def compose(self) -> ComposeResult:
        """Settings on the left; methods with what each takes, or the request, on the right; the verdict below."""
        with Vertical(id="setup") as box:
            guide = "New collections: what to load on the left, methods on the right, {setup.load} loads"
            box.border_title = keyed(self.app, guide)
            with Horizontal(id="setup-body"):
                yield SetupForm(self.first, on_server=self.on_server, id="setup-form")
                yield SetupPreview(self.first.methods, self.refused, id="setup-right")
            yield Said(id="setup-said")
            yield Said(id="setup-keys")

    def on_mount(self) -> None:
        """Looks at the source at once."""
        self._look()
        self._check()

    @property
    def form(self) -> SetupForm:
        """The settings."""
        return self.query_one(SetupForm)

    @property
    def preview(self) -> SetupPreview:
        """What they amount to."""
        return self.query_one(SetupPreview)

    # --- what is edited -----------------------------------------------------------------------------------------

    @property
    def text(self) -> SetupText:
        """The controls as they stand."""
        return self.form.text(self.preview.list.names)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._edited(source=event.input.id in SOURCE_FIELDS)

    @on(PlanEdited)
    def _chosen(self, event: PlanEdited) -> None:
        event.stop()
        text = self.text
        if text.preset != self._preset:
            name = text.name if text.preset else _free_name(self.views)
            filled = preset_text(text.preset, text)
            text = filled if text.preset else replace(filled, methods=DEFAULT_METHODS, name=name)
            self.form.fill(text)
            self.preview.choose(text.methods)
            self._preset, self._before = text.preset, None
        if self.facts is not None and self.facts.distance is not None and text.distance != self.facts.distance.value:
            self._before = None  # chosen here after all
        self._edited(source=True)

    def _edited(self, *, source: bool) -> None:
        self._wanted, self._not_done = False, ""
        if source:
            self._problem = ""  # of a source that may be another one now
            self._look_soon()
        self._check()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()  # what loads is a key that nobody presses to end a line

    @on(DescendantFocus)
    def _focused(self, event: DescendantFocus) -> None:
        self.preview.hint((event.widget.id or "").removeprefix("setup-"))

    # --- the source ---------------------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE_S, self._look)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        try:
            source = read_source(self.text)
            if source == self._looked and self.facts is not None:  # without facts, the look at it was given up
                return
            self._looked, self.facts, self._problem = source, None, ""
            self._check()
            facts = await self.room.describe_source(source)
        except QtuiError as error:
            self._looked, self.facts, self._problem = None, None, worded(error)
            if self._wanted:
                self._wanted, self._not_done = False, NOT_LOADED
        else:
            self.facts = facts
            self._take_distance(facts)
        self._check()

    def _take_distance(self, facts: SourceFacts) -> None:
        """A source that says its distance sets it; the next one that doesn't has the one of before again."""
        distance = self.form.choice("distance")
        if self.text.preset:
            return
        if facts.distance is not None:
            if self._before is None:
                self._before = distance.value
            distance.value = facts.distance.value
        elif self._before is not None:
            distance.value, self._before = self._before, None

    def _is_read(self, text: SetupText) -> bool:
        """Whether what is known is known of this source."""
        return self.facts is not None and read_source(text) == self._looked

    # --- what it amounts to -------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self.form.filling:
            return
        text, facts = self.text, self.facts
        problem, self.setup = "", None
        try:
            if self._is_read(text) and facts is not None:
                self.setup = read(text, facts, self.views)
            else:
                read_source(text)
        except UsageError as error:
            problem = worded(error)
        known = {} if facts is None else forecasts(text, facts)
        self._said = problem or self._problem
        self.form.show_source(text.kind, self._facts_line(text), multivector=facts is not None and facts.multivector)
        self.preview.show(self.setup, known, locked=bool(text.preset))
        self._say(self._said)
        if self._wanted and self.setup is not None:
            self.dismiss(self.setup)

    def _facts_line(self, text: SetupText) -> Text:
        given = {"file": (text.path,), "embed": (text.documents, text.model)}.get(text.kind, ())
        if not all(each.strip() for each in given):
            return Text()
        try:
            facts = self.facts if self._is_read(text) else None
        except UsageError:
            return Text()
        if facts is None:
            wrong = Text("✗ can't be read", BAD) if self._problem else Text()
            return wrong if self._said else Text("reading…", DIM)
        tokens = f" × {round(facts.vectors / max(1, facts.rows)):,} tokens" if facts.multivector else ""
        fields = f"\n{clean(', '.join(facts.payload_fields), 60)}" if facts.payload_fields else ""
        held = f"{units.count(facts.rows)}{tokens} × {facts.dimension}"
        return Text.assemble(("✓ ", GOOD), held, (fields, DIM), no_wrap=True, overflow="ellipsis")

    def _say(self, problem: str) -> None:
        said, not_done = self.query_one("#setup-said", Said), self._not_done
        if problem:
            said.say(Text.assemble(("✗ ", BAD), (f"{not_done}: " if not_done else "", WARN), plain(problem)))
        elif self.setup is None:
            said.say(Text("reading the source…" + (" then it is loaded" if self._wanted else ""), DIM))
        else:
            whose = ", by this machine's rates" if self.on_server else ""
            lines = [Text.assemble(("✓ ", GOOD), self.setup.summary, whose)]
            lines += [Text.assemble(("⚠ ", WARN), plain(note)) for note in self.setup.notes]
            said.say(Text("\n").join(lines))
        self.query_one("#setup-keys", Said).say(self._keys())

    def _keys(self) -> Text:
        key = partial(key_of, self.app)
        embeds = self.text.kind == "embed"
        kb = None if self.setup is None else self.setup.lower_kb
        doing = {
            **({"models": "models"} if embeds else {}),
            "load": "load",
            "page": "request" if embeds else "figures/Python/REST",  # all keys in one line
            "copy": "copy",
            **({} if kb is None else {"lower": f"index from {kb} KB"}),
            "leave": "leave",
        }
        return Text.assemble(*(part for name, what in doing.items() for part in _key(key(f"setup.{name}"), what)))

    # --- what the keys do ---------------------------------------------------------------------------------------

    def action_page(self) -> None:
        """Figures, Python, REST, figures."""
        self.preview.turn()
        self.query_one("#setup").set_class(self.preview.shows_request, "-request")
        self.query_one("#setup-request" if self.preview.shows_request else "#setup-kind").focus()

    def action_copy(self) -> None:
        """The request that is shown, or the Python."""
        if self.setup is None:
            self._refuse("nothing is copied yet")
        else:
            self.post_message(Copied(self.preview.request(), "the request"))

    @work(exclusive=True, group="models")
    async def action_models(self) -> None:
        """Takes a model from the list of those that are here."""
        from qtui.tui.dialogs.models import ModelsDialog

        chosen = await self.app.push_screen_wait(ModelsDialog(self.room))
        if chosen is not None:
            self.form.choice("kind").value = "embed"
            self.form.input("model").value = chosen
            self._edited(source=True)

    def action_lower(self) -> None:
        """Takes the offered threshold."""
        if self.setup is not None and self.setup.lower_kb is not None:
            self.form.input("threshold").value = str(self.setup.lower_kb)

    def action_load(self) -> None:
        """Only what was checked is loaded; what is being read is loaded right after."""
        if self.setup is not None:
            self.dismiss(self.setup)
            return
        try:
            self._wanted = not self._is_read(self.text) and not self._problem
        except UsageError:
            self._wanted = False
        if self._wanted:
            self._say("")
        else:
            self._refuse(NOT_LOADED)
            if not self.preview.shows_request:
                self._blamed().focus()

    def _blamed(self) -> Widget:
        """The control that keeps it from being loaded."""
        of = {"file": "path", "embed": "documents", "synthetic": "shape"}.get(self.text.kind, "kind")
        return concerned(self.form, self._said) or self.form.query_one(f"#setup-{of}")

    def _refuse(self, what: str) -> None:
        """Says what is not done because of what is wrong."""
        self._not_done = what
        self._say(self._said or "the source is still being read")


def _key(key: str, what: str) -> tuple[tuple[str, str], str]:
    return (key, KEY), f" {what}   "


def _free_name(views: tuple[CollectionView, ...]) -> str:
    """`docs`, or the first `docs-N` that isn't taken."""
    taken = {view.name.partition("__")[0] for view in views}
    number = 1
    while (name := "docs" if number == 1 else f"docs-{number}") in taken:
        number += 1
    return name
