"""The setup dialog's settings, a labelled control a line; those that another source needs are hidden.

Owns the controls and what they hold; knows neither what a source holds nor what the settings amount to.
"""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input

from qtui.demos import PRESETS
from qtui.embedders import DOCUMENTS
from qtui.loads import QUERY_ENCODINGS
from qtui.model import Distance
from qtui.tui.commands import keyed
from qtui.tui.planwhat import FORMATS, PAYLOAD_FORMATS
from qtui.tui.setupform import SetupText
from qtui.tui.widgets.controls import Choice, Field, line_input
from qtui.tui.widgets.paths import path_input
from qtui.tui.widgets.said import Said

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


class SetupForm(VerticalScroll):
    """The controls; what is changed in them bubbles up as Input.Changed and PlanEdited."""

    DEFAULT_CSS = """
    SetupForm { width: 41; height: auto; max-height: 100%; }
    SetupForm .label { width: 13; }
    SetupForm #setup-facts { padding-left: 14; height: auto; max-height: 2;
        text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, text: SetupText, *, on_server: bool, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, can_focus=False)
        self.first = text
        self.on_server = on_server
        self.filling = False
        """Whether values are being put in: what they amount to is asked for after the last."""

    def compose(self) -> ComposeResult:
        """The source, then how it is built."""
        text = self.first
        yield Field("preset", _choice("preset", text.preset))
        yield Field("source", _choice("kind", text.kind))
        path = path_input(FORMATS, text.path, id="setup-path", placeholder="path; → completes")
        yield Field("file", path, id="path-row")
        payload = path_input(PAYLOAD_FORMATS, text.payload, id="setup-payload", placeholder="optional")
        yield Field("payload", payload, id="payload-row")
        hint = "folder; *.png; → completes"
        documents = path_input(DOCUMENTS, text.documents, id="setup-documents", placeholder=hint, several=True)
        yield Field("documents", documents, id="documents-row")
        hint = keyed(self.app, "{setup.models} lists them")
        yield Field("model", line_input(text.model, id="setup-model", placeholder=hint), id="model-row")
        text_field = line_input(text.text_field, id="setup-text_field", placeholder="of .jsonl and .csv")
        yield Field("text field", text_field, id="text-row")
        yield Field("rows x dim", line_input(text.shape, id="setup-shape"), id="shape-row")
        yield Said(id="setup-facts")
        yield from self._building(text)

    def _building(self, text: SetupText) -> ComposeResult:
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
        yield Field("index from", line_input(text.threshold, id="setup-threshold", placeholder="10,000 KB (default)"))
        for name in ("shards", "replicas"):
            field = Field(name, line_input(getattr(text, name), id=f"setup-{name}", placeholder="as the server does"))
            field.display = self.on_server
            yield field

    def text(self, methods: tuple[str, ...]) -> SetupText:
        """The controls as they stand, with the methods that are chosen beside them."""
        chosen = {name: self.choice(name).value for name in CHOICES}
        typed = {name: self.input(name).value for name in TYPED}
        return SetupText(methods=methods, **chosen, **typed)

    def choice(self, name: str) -> Choice:
        """The control of one of CHOICES."""
        return self.query_one(f"#setup-{name}", Choice)

    def input(self, name: str) -> Input:
        """The control of one of TYPED."""
        return self.query_one(f"#setup-{name}", Input)

    def fill(self, text: SetupText) -> None:
        """Puts other values into the controls, all at once."""
        self.filling = True
        for name in CHOICES:
            self.choice(name).value = getattr(text, name)
        with self.prevent(Input.Changed):
            for name in TYPED:
                self.input(name).value = getattr(text, name)
        self.filling = False

    def show_source(self, kind: str, facts: Text, *, multivector: bool) -> None:
        """Shows the rows of this kind of source, and under them what is known of it."""
        for row, of in ROWS.items():
            self.query_one(f"#{row}").display = of == kind
        self.input("hnsw_m").placeholder = "0, multivectors" if multivector else "16"
        self.query_one("#setup-facts", Said).say(facts)


def _choice(name: str, value: str) -> Choice:
    choice = Choice(id=f"setup-{name}")
    choice.set_reactive(Choice.options, CHOICES[name])
    choice.set_reactive(Choice.value, value)
    return choice
