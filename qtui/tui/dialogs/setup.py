"""The setup dialog: what to load, how to build it, what that will take, and the same as Python and REST."""

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
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from qtui import estimate, snippets, units
from qtui.demos import PRESETS
from qtui.embedders import DOCUMENTS
from qtui.errors import QtuiError, UsageError
from qtui.methods import DEFAULT_METHODS
from qtui.model import CollectionView, Distance
from qtui.plan import QUERY_ENCODINGS, SourceFacts, SourceSpec
from qtui.tui.commands import Command, bindings, key_of, keyed
from qtui.tui.messages import Copied, PlanEdited
from qtui.tui.planwhat import FORMATS, PAYLOAD_FORMATS
from qtui.tui.room import Room
from qtui.tui.setupform import Setup, SetupText, forecasts, preset_text, read, read_source
from qtui.tui.text import clean, plain
from qtui.tui.theme import BAD, DIM, GOOD, KEY, WARN
from qtui.tui.widgets.controls import Choice, Field, line_input
from qtui.tui.widgets.forecasts import ForecastList
from qtui.tui.widgets.paths import path_input

SOURCES = (
    ("sample", "the sample"),
    ("documents", "the documents"),
    ("file", "a file of vectors"),
    ("embed", "images and texts"),
    ("synthetic", "synthetic"),
)
PRESET_CHOICES = (("", "none"), *((name, name) for name in PRESETS))
ORIGINALS = (("cold", "on disk (cold)"), ("cached", "page cache"), ("pinned", "in RAM"), ("", "not set"))
QUANTIZED = (("pinned", "in RAM, always"), ("cached", "page cache"), ("cold", "on disk (cold)"))
ENCODINGS = (("", "not set"), *((name, name) for name in QUERY_ENCODINGS))
DISTANCES = tuple((each.value, each.value) for each in Distance)
PAGES = ("figures", "Python", "REST")
CHOICES = {
    "preset": PRESET_CHOICES,
    "kind": SOURCES,
    "distance": DISTANCES,
    "originals": ORIGINALS,
    "quantized": QUANTIZED,
    "encoding": ENCODINGS,
}
_SOURCE = ("path", "payload", "documents", "model", "text_field", "shape")
_BUILD = ("name", "vector_name", "hnsw_m", "ef_construct", "quantile", "threshold", "shards", "replicas")
TYPED = (*_SOURCE, *_BUILD)
SOURCE_FIELDS = frozenset(f"setup-{name}" for name in _SOURCE)
ROWS = {
    "path-row": "file",
    "payload-row": "file",
    "documents-row": "embed",
    "model-row": "embed",
    "text-row": "embed",
    "shape-row": "synthetic",
}
"""Row of the form → the kind of source that it is for."""
SETTLE_S = 0.25
"""Of quiet typing before a source is looked at."""
KEYS = (
    Command("setup.leave", "escape", "dismiss(None)", "Back", "Leave without loading", "Esc"),
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
    SetupDialog #setup-form { width: 41; height: auto; max-height: 100%; }
    SetupDialog #setup-form .label { width: 13; }
    SetupDialog #setup-facts { padding-left: 14; height: auto; max-height: 2; }
    SetupDialog #setup-right { width: 1fr; height: auto; margin-left: 3; }
    SetupDialog #setup-figures { height: auto; }
    SetupDialog #setup-request { height: 19; display: none; }
    SetupDialog #setup-text { height: auto; }
    SetupDialog #setup-head { height: 1; color: $text-muted; }
    SetupDialog #setup-basis { height: auto; margin-top: 1; color: $text-muted; }
    SetupDialog #setup-said { height: auto; max-height: 6; margin: 1 0; }
    SetupDialog #setup-keys { height: 1; }
    SetupDialog .-request #setup-figures { display: none; }
    SetupDialog .-request #setup-request { display: block; }
    """
    facts: reactive[SourceFacts | None] = reactive(None)
    setup: reactive[Setup | None] = reactive(None)
    page: reactive[str] = reactive(PAGES[0])

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
        self._problem = ""
        self._looked: SourceSpec | None = None
        self._filling = False

    def compose(self) -> ComposeResult:
        """Settings on the left; methods with what each takes, or the request, on the right; the verdict below."""
        text = self.first
        with Vertical(id="setup") as box:
            box.border_title = "New collections"
            with Horizontal(id="setup-body"):
                with VerticalScroll(id="setup-form", can_focus=False):
                    yield from self._form(text)
                with Vertical(id="setup-right"):
                    with Vertical(id="setup-figures"):
                        yield Static(id="setup-head")
                        methods = ForecastList(self._possible(text.methods), id="setup-methods")
                        methods.set_reactive(ForecastList.refused, self.refused)
                        yield methods
                        basis = f"est: RAM {estimate.RAM_FORMULA}; build by {estimate.RATES}"
                        yield Static(Text(basis), id="setup-basis")
                    with VerticalScroll(id="setup-request"):
                        yield Static(id="setup-text")
            yield Static(id="setup-said")
            yield Static(id="setup-keys")

    def _form(self, text: SetupText) -> ComposeResult:
        yield Field("preset", _choice("preset", text.preset))
        yield Field("source", _choice("kind", text.kind))
        path = path_input(FORMATS, text.path, id="setup-path", placeholder="path; → completes")
        yield Field("file", path, id="path-row")
        payload = path_input(PAYLOAD_FORMATS, text.payload, id="setup-payload", placeholder="optional")
        yield Field("payload", payload, id="payload-row")
        hint = "folder; *.png; → completes"
        documents = path_input(DOCUMENTS, text.documents, id="setup-documents", placeholder=hint, several=True)
        yield Field("documents", documents, id="documents-row")
        listed = keyed(self.app, "{setup.models} lists them")
        yield Field("model", line_input(text.model, id="setup-model", placeholder=listed), id="model-row")
        text_field = line_input(text.text_field, id="setup-text_field", placeholder="of .jsonl and .csv")
        yield Field("text field", text_field, id="text-row")
        yield Field("rows x dim", line_input(text.shape, id="setup-shape"), id="shape-row")
        yield Static(id="setup-facts")
        yield Field("name", line_input(text.name, id="setup-name"))
        yield Field("vector name", line_input(text.vector_name, id="setup-vector_name", placeholder="unnamed"))
        yield Field("distance", _choice("distance", text.distance))
        originals = _choice("originals", text.originals)
        if self.on_server:  # which pins no originals
            originals.set_reactive(Choice.options, tuple(each for each in ORIGINALS if each[0] != "pinned"))
        yield Field("originals", originals)
        yield Field("quantized", _choice("quantized", text.quantized))
        yield Field("HNSW m", line_input(text.hnsw_m, id="setup-hnsw_m", placeholder="16"))
        yield Field("ef_construct", line_input(text.ef_construct, id="setup-ef_construct"))
        yield Field("quantile", line_input(text.quantile, id="setup-quantile"))
        yield Field("query bits", _choice("encoding", text.encoding))
        yield Field("index from", line_input(text.threshold, id="setup-threshold", placeholder="10000 (default), KB"))
        for name in ("shards", "replicas"):
            field = Field(name, line_input(getattr(text, name), id=f"setup-{name}", placeholder="as the server does"))
            field.display = self.on_server
            yield field

    def on_mount(self) -> None:
        """Looks at the source at once."""
        self._settle: Timer | None = None
        self._look()
        self._check()

    # --- what is edited -----------------------------------------------------------------------------------------

    @property
    def text(self) -> SetupText:
        """The controls as they stand."""
        chosen = {name: self.query_one(f"#setup-{name}", Choice).value for name in CHOICES}
        typed = {name: self.query_one(f"#setup-{name}", Input).value for name in TYPED}
        return SetupText(methods=self.query_one(ForecastList).names, **chosen, **typed)

    def _fill(self, text: SetupText) -> None:
        """Puts other values into the controls, all at once."""
        self._filling = True
        for name in CHOICES:
            self.query_one(f"#setup-{name}", Choice).value = getattr(text, name)
        with self.prevent(Input.Changed):
            for name in TYPED:
                self.query_one(f"#setup-{name}", Input).value = getattr(text, name)
        self.query_one(ForecastList).chosen = frozenset(self._possible(text.methods))
        self._filling = False

    def _possible(self, methods: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in methods if name not in self.refused)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.id in SOURCE_FIELDS:
            self._look_soon()
        self._check()

    @on(PlanEdited)
    def _chosen(self, event: PlanEdited) -> None:
        event.stop()
        text = self.text
        if text.preset != self._preset:
            name = text.name if text.preset else _free_name(self.views)
            filled = preset_text(text.preset, text)
            self._fill(filled if text.preset else replace(filled, methods=DEFAULT_METHODS, name=name))
        self._preset = self.text.preset
        self._look_soon()
        self._check()

    _preset = ""

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_load()

    @on(ForecastList.Widened)
    def _widened(self, event: ForecastList.Widened) -> None:
        event.stop()
        self.query_one("#setup-head", Static).update(self.query_one(ForecastList).head())

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
            self._looked, self.facts, self._problem = None, None, error.text
        else:
            self.facts = facts
            if facts.distance is not None and not self.text.preset:
                self.query_one("#setup-distance", Choice).value = facts.distance.value
        self._check()

    # --- what it amounts to -------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._filling:
            return
        text = self.text
        for row, kind in ROWS.items():
            self.query_one(f"#{row}").display = text.kind == kind
        methods = self.query_one(ForecastList)
        methods.locked = bool(text.preset)
        methods.forecasts = {} if self.facts is None else forecasts(text, self.facts)
        multivector = self.facts is not None and self.facts.multivector
        self.query_one("#setup-hnsw_m", Input).placeholder = "0, multivectors" if multivector else "16"
        self.query_one("#setup-head", Static).update(methods.head())
        self.query_one("#setup-facts", Static).update(self._facts_line())
        problem = ""
        self.setup = None
        try:
            read_source(text)
            if self.facts is not None:
                self.setup = read(text, self.facts, self.views)
        except UsageError as error:
            problem = error.text
        self._say(problem or self._problem)
        self._show_request()

    def _facts_line(self) -> Text:
        facts = self.facts
        text = self.text
        given = {"file": (text.path,), "embed": (text.documents, text.model)}.get(text.kind, ())
        if facts is None and not all(each.strip() for each in given):
            return Text()
        if facts is None:
            return Text("✗ can't be read" if self._problem else "reading…", BAD if self._problem else DIM)
        tokens = f" × {round(facts.vectors / max(1, facts.rows)):,} tokens" if facts.multivector else ""
        fields = f"\n{clean(', '.join(facts.payload_fields), 60)}" if facts.payload_fields else ""
        return Text.assemble(("✓ ", GOOD), f"{units.count(facts.rows)}{tokens} × {facts.dimension}", (fields, DIM))

    def _say(self, problem: str) -> None:
        said = self.query_one("#setup-said", Static)
        setup = self.setup
        if problem:
            said.update(Text.assemble(("✗ ", BAD), plain(problem)))
        elif setup is None:
            said.update(Text("reading the source…", DIM))
        else:
            lines = [Text.assemble(("✓ ", GOOD), setup.summary)]
            lines += [Text.assemble(("⚠ ", WARN), plain(note)) for note in setup.notes]
            said.update(Text("\n").join(lines))
        key = partial(key_of, self.app)
        kb = setup.lower_kb if setup is not None else None
        lower = f"  {key('setup.lower')} index from {kb} KB" if kb is not None else ""
        with_model = self.text.kind == "embed"
        pages = "request" if with_model else "figures/Python/REST"  # all keys in one line
        doing = {"load": "load", "page": pages, "copy": "copy"}
        keys = Text.assemble(*(part for name, what in doing.items() for part in _key(key(f"setup.{name}"), what)))
        if with_model:
            keys = Text.assemble(*_key(key("setup.models"), "models")) + keys
        if lower:
            keys.append_text(Text.assemble(*_key(key("setup.lower"), f"index from {kb} KB")))
        keys.append_text(Text.assemble(*_key("Esc", "leave")))
        self.query_one("#setup-keys", Static).update(keys)

    # --- the request --------------------------------------------------------------------------------------------

    def _show_request(self) -> None:
        self.query_one("#setup").set_class(self.page != PAGES[0], "-request")
        if self.page != PAGES[0]:
            head = Text(keyed(self.app, f"{self.page}, {{setup.page}} for the next\n\n"), DIM)
            self.query_one("#setup-text", Static).update(head + plain_lines(self._request()))

    def _request(self) -> str:
        if self.setup is None:
            return "nothing to show before the line below says ✓"
        specs = [each.spec for each in self.setup.planned]
        if self.page == "REST":
            return "\n".join(map(snippets.collection_rest, specs))
        bodies = [snippets.collection_python(spec).removeprefix(snippets.PYTHON_CLIENT) for spec in specs]
        return snippets.PYTHON_CLIENT + "".join(bodies)

    def action_page(self) -> None:
        """Figures, Python, REST, figures."""
        self.page = PAGES[(PAGES.index(self.page) + 1) % len(PAGES)]
        self._show_request()
        if self.page == PAGES[0]:
            self.query_one("#setup-kind").focus()
        else:
            self.query_one("#setup-request").focus()

    def action_copy(self) -> None:
        """The request that is shown, or the Python."""
        if self.setup is not None:
            self.post_message(Copied(self._request(), "the request"))

    @work(exclusive=True, group="models")
    async def action_models(self) -> None:
        """Takes a model from the list of those that are here."""
        from qtui.tui.dialogs.models import ModelsDialog

        chosen = await self.app.push_screen_wait(ModelsDialog(self.room))
        if chosen is not None:
            self.query_one("#setup-kind", Choice).value = "embed"
            self.query_one("#setup-model", Input).value = chosen
            self._look_soon()
            self._check()

    def action_lower(self) -> None:
        """Takes the offered threshold."""
        if self.setup is not None and self.setup.lower_kb is not None:
            self.query_one("#setup-threshold", Input).value = str(self.setup.lower_kb)

    def action_load(self) -> None:
        """Only what was checked is loaded."""
        if self.setup is not None and read_source(self.text) == self._looked:
            self.dismiss(self.setup)
        else:
            self.app.bell()


def plain_lines(text: str) -> Text:
    """Lines of our own making, each cleaned."""
    return Text("\n").join(Text(clean(line)) for line in text.splitlines())


def _key(key: str, what: str) -> tuple[tuple[str, str], str]:
    return (key, KEY), f" {what}   "


def _choice(name: str, value: str) -> Choice:
    choice = Choice(id=f"setup-{name}")
    choice.set_reactive(Choice.options, CHOICES[name])
    choice.set_reactive(Choice.value, value)
    return choice


def _free_name(views: tuple[CollectionView, ...]) -> str:
    """`docs`, or the first `docs-N` that isn't taken."""
    taken = {view.name.partition("__")[0] for view in views}
    number = 1
    while (name := "docs" if number == 1 else f"docs-{number}") in taken:
        number += 1
    return name
