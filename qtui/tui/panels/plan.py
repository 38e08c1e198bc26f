"""The plan editor of the Benchmark tab: controls, what they amount to, and the first thing that is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Input, Static

from qtui.errors import EngineGone, QtuiError, UsageError
from qtui.loads import SourceFacts, SourceSpec
from qtui.methods import DEFAULT_METHODS, METHODS
from qtui.model import CollectionView, Distance
from qtui.plan import DEFAULT_OVERSAMPLING, DEFAULT_PACE, DEFAULT_QUERIES, DEFAULT_SAMPLE
from qtui.tui.fold import RunState
from qtui.tui.messages import PlanEdited
from qtui.tui.planform import NOTHING, Known, Plan, PlanText, known_of, queries_of, read
from qtui.tui.planwhat import FORMATS, PAYLOAD_FORMATS, TRUTH_FORMATS, source_of
from qtui.tui.room import Room
from qtui.tui.roomapp import RoomApp
from qtui.tui.text import clean
from qtui.tui.theme import BAD, GOOD
from qtui.tui.typed import DEFAULT_SHAPE
from qtui.tui.widgets.controls import Choice, Field, MethodList, Toggle, line_input
from qtui.tui.widgets.paths import path_input
from qtui.tui.words import worded
from qtui.tui.wrapping import hanging

SOURCES = (
    ("sample", "the sample"),
    ("documents", "the documents"),
    ("file", "a file"),
    ("synthetic", "made-up vectors"),
    ("collection", "a collection"),
    ("part", "a part of one"),
)
COPIES = ("copies", "copies of one")
"""Only on a server that may be written to."""
OF_COLLECTIONS = ("collection", "part", "copies")
DISTANCES = (("", "as the file says"), *((distance.value, distance.value) for distance in Distance))
EVALUATE_AFTER_S = 0.08
"""After the first of some keys: of a plan of thousands of variants, each evaluation takes as long as a few keys."""
BUILT_ALONE = ("distance-field", "vector-field", "m-field", "ef-field", "ram-field", "keep-field", "truth-field")
"""What only concerns collections that are built for the run."""


class PlanEditor(Vertical):
    """What to measure. `plan` is None while something in it is wrong."""

    views: reactive[tuple[CollectionView, ...] | None] = reactive(None, repaint=False)
    plan: reactive[Plan | None] = reactive(None, repaint=False, bindings=True)

    class Changed(Message):
        """The plan is another one, or its size is."""

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self._due: Timer | None = None
        """Evaluates what was typed, some keys at a time."""
        self._known: Known = NOTHING
        self._facts: dict[SourceSpec, SourceFacts | str] = {}
        """What a source holds, or why it can't be read."""
        self._asked: set[SourceSpec] = set()
        self._recalled: Mapping[str, object] = {}
        self._said = Text()
        self._lines = 0
        self._controls: tuple[Input | Toggle, ...] = ()

    def compose(self) -> ComposeResult:
        """Labels on the left, values on the right, the methods under or beside them, what it amounts to below."""
        self.kind, self.collection = Choice(id="kind"), Choice(id="collection")
        self.kind.set_reactive(Choice.options, SOURCES)
        self.kind.set_reactive(Choice.value, "sample")
        with VerticalScroll(id="plan-scroll", can_focus=False):
            with Vertical(id="settings"):
                yield Field("measure", self.kind)
                yield Field("file", path_input(FORMATS, id="path", placeholder="path; → completes"), id="path-field")
                yield Field(
                    "payload", path_input(PAYLOAD_FORMATS, id="payload", placeholder="optional"), id="payload-field"
                )
                yield Field("rows x dim", line_input(DEFAULT_SHAPE, id="shape"), id="shape-field")
                yield Field("collection", self.collection, id="collection-field")
                yield Field("points", line_input(str(DEFAULT_SAMPLE), id="points"), id="points-field")
                yield Field("queries", line_input(str(DEFAULT_QUERIES), id="queries", placeholder="number or file"))
                yield Field("repeat", line_input("3", id="repeat"))
                yield Field("k", line_input("10", id="limit"))
                yield Field("hnsw_ef", line_input("128", id="hnsw-ef"))
                yield Field(
                    "oversampling",
                    line_input(",".join(f"{f:g}" for f in DEFAULT_OVERSAMPLING), id="oversampling", whole=False),
                )
                yield Field("rescore", Toggle("on, each factor", value=True, id="rescore-on"))
                yield Field("", Toggle("off", value=True, id="rescore-off"))
                yield Field("controls", Toggle("exact search", id="exact"))
                yield Field("", Toggle("ignore quantization", id="ignore"))
                yield Field("advanced", Toggle("show", id="advanced"))
                with Vertical(id="advanced-settings"):
                    yield from self._advanced()
            with Vertical(id="method-box"):
                yield Static("    methods         smaller by", markup=False, id="methods-label")
                yield MethodList(DEFAULT_METHODS, id="methods")
        yield Static(id="plan-said")

    def _advanced(self) -> ComposeResult:
        distance = Choice(id="distance")
        distance.set_reactive(Choice.options, DISTANCES)
        distance.set_reactive(Choice.value, "")
        yield Field("filter", line_input("", id="filter-text", placeholder="all points; a = b", whole=False))
        yield Field("in flight", line_input("1", id="concurrency"))
        yield Field("rate", line_input("", id="rate", placeholder="closed loop"))
        yield Field(
            "at most", line_input("", id="pace", placeholder=f"{DEFAULT_PACE:g}/s; 0: no guard"), id="pace-field"
        )
        yield Field("clients", line_input("", id="processes", placeholder="as many as help"), id="processes-field")
        yield Field("seed", line_input("0", id="seed"))
        yield Field("keep recall", line_input("0.95", id="target"))
        yield Field("cold", Toggle("a cold pass first", id="cold"))
        yield Field("vector", line_input("", id="vector-name", placeholder="the unnamed one"), id="vector-field")
        yield Field("truth", path_input(TRUTH_FORMATS, id="truth", placeholder="is computed"), id="truth-field")
        yield Field("distance", distance, id="distance-field")
        yield Field("hnsw_m", line_input("", id="hnsw-m", placeholder="16; multivectors 0"), id="m-field")
        yield Field("ef_construct", line_input("100", id="ef-construct"), id="ef-field")
        yield Field("originals", Toggle("in RAM too", id="in-ram"), id="ram-field")
        yield Field("afterwards", Toggle("keep what is built", id="keep"), id="keep-field")

    def recall(self, left: Mapping[str, object]) -> None:
        """What stood here when the app was left; to be called before it is mounted."""
        self._recalled = left

    def on_mount(self) -> None:
        """Says what the plan amounts to from the start."""
        self._controls = (*self.query(Input), *self.query(Toggle))
        for control in self._controls:
            left = self._recalled.get(control.id or "")
            if isinstance(control, Input):
                control.value = clean(left) if isinstance(left, str) else control.value
            else:
                control.value = left if isinstance(left, bool) else control.value
        kind, methods = self._recalled.get("kind"), self._recalled.get("methods")
        if kind in dict(SOURCES):
            self.query_one("#kind", Choice).value = str(kind)
        self.query_one("#collection", Choice).value = str(self._recalled.get("collection", ""))
        if isinstance(methods, list):
            self.query_one(MethodList).chosen = frozenset(("none", *(name for name in METHODS if name in methods)))
        self._check()

    @property
    def left(self) -> dict[str, object]:
        """What stands here, to be recalled: by the id of its control."""
        found: dict[str, object] = {control.id or "": control.value for control in self._controls}
        found |= {name: self.query_one(f"#{name}", Choice).value for name in ("kind", "collection")}
        return found | {"methods": list(self.query_one(MethodList).names)}

    def watch_views(self, views: tuple[CollectionView, ...] | None) -> None:
        """The collections to choose from."""
        if not self.is_mounted:
            return
        app, kind = self.app, self.query_one("#kind", Choice)
        copying = isinstance(app, RoomApp) and app.may_copy
        kind.options = (*SOURCES, COPIES) if copying else SOURCES
        if kind.value not in dict(kind.options):
            kind.value = "collection"
        choice = self.query_one("#collection", Choice)
        choice.options = tuple((view.name, clean(view.name)) for view in views or ())
        if views is not None and choice.value not in dict(choice.options):  # unread, what was left may be there
            choice.value = next(iter(dict(choice.options)), "")
        self._check()

    def measure(self, collection: str, kind: str = "collection") -> None:
        """Puts this collection into the plan: itself, a `part` of it to be tried here, or `copies` on its server."""
        self.query_one("#kind", Choice).value = kind
        self.query_one("#collection", Choice).value = collection
        self._check()

    def learn(self, state: RunState) -> None:
        """From a run: how long searches take here."""
        if any(found.round_trip_ms for found in state.measured.values()):
            self._known = known_of(state, None)
            self._check()

    @on(PlanEdited)
    def _edited(self) -> None:
        self._check()

    @on(Input.Changed)
    def _typed(self) -> None:
        """Keys that come fast are answered at once, and evaluated together."""
        self.post_message(self.Changed())
        if self._due is None:
            self._due = self.set_timer(EVALUATE_AFTER_S, self._check)

    def settled(self) -> Plan | None:
        """The plan as it stands here now, the last key included; None while something in it is wrong."""
        if self._due is not None:
            self._check()
        return self.plan

    def _check(self) -> None:
        if self._due is not None:
            self._due.stop()
            self._due = None
        text = self._text()
        self.query_one("#path-field").display = self.query_one("#payload-field").display = text.kind == "file"
        self.query_one("#shape-field").display = text.kind == "synthetic"
        self.query_one("#collection-field").display = text.kind in OF_COLLECTIONS
        self.query_one("#points-field").display = text.kind == "part"
        served = any(view.served is not None for view in self.views or ())
        for name in ("pace-field", "processes-field"):
            self.query_one(f"#{name}").display = served
        self.query_one("#advanced-settings").display = self.query_one("#advanced", Toggle).value
        for name in BUILT_ALONE:
            self.query_one(f"#{name}").display = text.kind != "collection" or name == "vector-field"
        for name in ("distance-field", "truth-field"):
            self.query_one(f"#{name}").display = text.kind not in OF_COLLECTIONS
        facts = None
        try:
            facts = self._look(source_of(text))
            queries = self._facts_of_queries(text.queries)
            known = Known(facts, self._known.about, self._known.search_ms, queries)
            self.plan = read(text, self.views or (), known)
            self._said = Text.assemble(("✓ ", GOOD), self.plan.summary)
            self.query_one(MethodList).factors = _factors(self.plan.known.facts, text.distance)
        except UsageError as error:
            self.plan = None
            self._said = Text.assemble(("✗ ", BAD), clean(worded(error)))
            if facts is None and text.kind not in OF_COLLECTIONS:  # they were those of other vectors
                self.query_one(MethodList).factors = {}
        self._say()
        self.post_message(self.Changed())

    def on_resize(self) -> None:
        """What the plan amounts to follows the width."""
        self._say()

    def _say(self) -> None:
        """Laid out anew only when it grows or shrinks: that costs more than all else that a key does."""
        widget, text = self.query_one("#plan-said", Static), hanging(self._said, self.size.width)
        lines = text.plain.count("\n")
        widget.update(text, layout=lines != self._lines or not widget.size)
        self._lines = lines

    # --- what the source holds ------------------------------------------------------------------------------------

    def _look(self, source: SourceSpec | None, label: str = "file") -> SourceFacts | None:
        """What is known of it; asks for it otherwise. Raises UsageError for one that can't be read."""
        if source is None:
            return None
        known = self._facts.get(source)
        if isinstance(known, str):
            raise UsageError(f"{label}: {known}")
        if known is None and source not in self._asked:
            self._asked.add(source)
            self._describe(source)
        return known

    def _facts_of_queries(self, typed: str) -> SourceFacts | None:
        """What a file of queries holds, as far as it is known. Raises UsageError for one that can't be read."""
        return self._look(queries_of(typed), "queries")

    @work(group="describe")
    async def _describe(self, source: SourceSpec) -> None:
        try:
            self._facts[source] = await self.room.describe_source(source)
        except EngineGone:
            self._asked.discard(source)
            return
        except QtuiError as error:
            self._facts[source] = worded(error)
        self._check()

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
            truth=typed("truth"),
            filter=typed("filter-text"),
            distance=self.query_one("#distance", Choice).value,
            vector_name=typed("vector-name"),
            hnsw_m=typed("hnsw-m"),
            ef_construct=typed("ef-construct"),
            concurrency=typed("concurrency"),
            rate=typed("rate"),
            seed=typed("seed"),
            target=typed("target"),
            cold=on_("cold"),
            in_ram=on_("in-ram"),
            keep=on_("keep"),
            points=typed("points"),
            payload=typed("payload"),
            shape=typed("shape"),
            pace=typed("pace") if self.query_one("#pace-field").display else "",
            processes=typed("processes") if self.query_one("#processes-field").display else "",
        )


def _factors(facts: SourceFacts | None, distance: str) -> dict[str, float]:
    """What each method makes of these vectors, as Setup tells it, too."""
    if facts is None:
        return {}
    for_ = Distance(distance) if distance else facts.distance or Distance.COSINE
    return {
        name: each.compression(facts.dimension, for_, multivector=facts.multivector) for name, each in METHODS.items()
    }
