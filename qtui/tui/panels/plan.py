"""The plan editor of the Benchmark tab: controls, what they amount to, and the first thing that is wrong."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from qtui.errors import UsageError
from qtui.methods import DEFAULT_METHODS
from qtui.model import CollectionView
from qtui.plan import DEFAULT_OVERSAMPLING, DEFAULT_QUERIES
from qtui.tui.messages import PlanEdited
from qtui.tui.planform import Plan, PlanText, read
from qtui.tui.text import clean, plain
from qtui.tui.theme import BAD, GOOD
from qtui.tui.widgets.controls import Choice, Field, MethodList, Toggle, line_input

SOURCES = (("sample", "the sample"), ("file", "a file"), ("collection", "a collection"))


class PlanEditor(VerticalScroll, can_focus=False):
    """What to measure. `plan` is None while something in it is wrong."""

    views: reactive[tuple[CollectionView, ...] | None] = reactive(None)
    plan: reactive[Plan | None] = reactive(None, bindings=True)

    class Changed(Message):
        """The plan is another one, or its size is."""

    def compose(self) -> ComposeResult:
        """Labels on the left, values on the right, the methods under or beside them."""
        self.kind, self.collection = Choice(id="kind"), Choice(id="collection")
        self.kind.set_reactive(Choice.options, SOURCES)
        self.kind.set_reactive(Choice.value, "sample")
        with Vertical(id="settings"):
            yield Field("measure", self.kind)
            yield Field("file", line_input("", id="path", placeholder="path of a vector file"), id="path-field")
            yield Field("collection", self.collection, id="collection-field")
            yield Field("queries", line_input(str(DEFAULT_QUERIES), id="queries"))
            yield Field("repeat", line_input("3", id="repeat"))
            yield Field("k", line_input("10", id="limit"))
            yield Field("hnsw_ef", line_input("128", id="hnsw-ef"))
            yield Field("oversampling", line_input(",".join(f"{f:g}" for f in DEFAULT_OVERSAMPLING), id="oversampling"))
            yield Field("rescore", Toggle("on, each factor", value=True, id="rescore-on"))
            yield Field("", Toggle("off", value=True, id="rescore-off"))
            yield Field("controls", Toggle("exact search", id="exact"))
            yield Field("", Toggle("ignore quantization", id="ignore"))
            yield Static(id="plan-said")
        with Vertical(id="method-box"):
            yield Static("    methods           smaller by", markup=False, id="methods-label")
            yield MethodList(DEFAULT_METHODS, id="methods")

    def on_mount(self) -> None:
        """Says what the plan amounts to from the start."""
        self._check()

    def watch_views(self, views: tuple[CollectionView, ...] | None) -> None:
        """The collections to choose from."""
        if not self.is_mounted:
            return
        choice = self.query_one("#collection", Choice)
        choice.options = tuple((view.name, clean(view.name)) for view in views or ())
        if choice.value not in dict(choice.options):
            choice.value = next(iter(dict(choice.options)), "")
        self._check()

    def measure(self, collection: str) -> None:
        """Puts this collection into the plan."""
        self.query_one("#kind", Choice).value = "collection"
        self.query_one("#collection", Choice).value = collection
        self._check()

    @on(Input.Changed)
    @on(PlanEdited)
    def _edited(self) -> None:
        self._check()

    def _check(self) -> None:
        text = self._text()
        self.query_one("#path-field").display = text.kind == "file"
        self.query_one("#collection-field").display = text.kind == "collection"
        said = self.query_one("#plan-said", Static)
        try:
            self.plan = read(text, self.views or ())
            said.update(Text.assemble(("✓ ", GOOD), self.plan.summary.replace("\n", "\n  ")))
        except UsageError as error:
            self.plan = None
            said.update(Text.assemble(("✗ ", BAD), plain(error.text)))
        self.post_message(self.Changed())

    def _text(self) -> PlanText:
        def typed(name: str) -> str:
            return self.query_one(f"#{name}", Input).value

        def on_(name: str) -> bool:
            return self.query_one(f"#{name}", Toggle).value

        return PlanText(
            kind=self.query_one("#kind", Choice).value,
            path=typed("path"),
            collection=self.query_one("#collection", Choice).value,
            methods=self.query_one(MethodList).names,
            rescore_on=on_("rescore-on"),
            rescore_off=on_("rescore-off"),
            oversampling=typed("oversampling"),
            queries=typed("queries"),
            repeat=typed("repeat"),
            limit=typed("limit"),
            hnsw_ef=typed("hnsw-ef"),
            exact=on_("exact"),
            ignore=on_("ignore"),
        )
