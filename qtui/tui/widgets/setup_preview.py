"""The right side of the setup dialog: the methods with what each would take, or the request as Python and as REST.

Owns the pages and the hint under the methods; what the settings amount to is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import OptionList, Static

from qtui import estimate, snippets
from qtui.estimate import Forecast
from qtui.tui import setuphints
from qtui.tui.commands import keyed
from qtui.tui.setupform import Setup
from qtui.tui.text import clean
from qtui.tui.theme import DIM
from qtui.tui.widgets.forecasts import ForecastList
from qtui.tui.widgets.said import Said

PAGES = ("figures", "Python", "REST")


class SetupPreview(Vertical):
    """One of PAGES."""

    DEFAULT_CSS = """
    SetupPreview { width: 1fr; height: auto; margin-left: 3; }
    SetupPreview #setup-figures { height: auto; }
    SetupPreview #setup-request { height: 22; display: none; }
    SetupPreview #setup-text { height: auto; }
    SetupPreview #setup-head { height: 1; color: $text-muted; }
    SetupPreview #setup-hint { height: 3; margin-top: 1; color: $text-muted; }
    SetupPreview #setup-basis { height: auto; margin-top: 1; color: $text-muted; }
    """
    page: reactive[str] = reactive(PAGES[0])
    setup: Setup | None = None
    BASIS: ClassVar[str] = f"est: RAM {estimate.RAM_FORMULA}; build by {estimate.RATES}"

    def __init__(self, methods: tuple[str, ...], refused: Mapping[str, str], *, id: str) -> None:  # noqa: A002 - textual's
        """`refused`: methods that the engine can't do → why."""
        super().__init__(id=id)
        self._first = methods
        self._refused = refused

    def compose(self) -> ComposeResult:
        """Both pages, of which one is shown."""
        with Vertical(id="setup-figures"):
            yield Said(id="setup-head")
            methods = ForecastList(self.possible(self._first), id="setup-methods")
            methods.set_reactive(ForecastList.refused, self._refused)
            yield methods
            yield Said(id="setup-hint")
            yield Static(Text(self.BASIS), id="setup-basis")
        with VerticalScroll(id="setup-request"):
            yield Static(id="setup-text")

    @property
    def list(self) -> ForecastList:
        """The methods."""
        return self.query_one(ForecastList)

    def possible(self, methods: tuple[str, ...]) -> tuple[str, ...]:
        """Those of these methods that the engine can do."""
        return tuple(name for name in methods if name not in self._refused)

    def choose(self, methods: tuple[str, ...]) -> None:
        """Other methods are the chosen ones."""
        self.list.chosen = frozenset(self.possible(methods))

    def show(self, setup: Setup | None, forecasts: dict[str, Forecast], *, locked: bool) -> None:
        """What the settings amount to, if they are right, and what each method would take."""
        self.setup = setup
        self.list.locked = locked
        self.list.forecasts = forecasts
        self._show_head()
        self._show_request()

    def hint(self, control: str) -> None:
        """Says what a control of the form is for; of the list, the method under its cursor."""
        shown = setuphints.CONTROLS.get(control, "")
        at = self.list.highlighted
        if control == "methods" and at is not None:
            name = self.list.get_option_at_index(at).id or ""
            shown = setuphints.of_method(name, self.list.forecasts.get(name))
        self.query_one("#setup-hint", Said).say(Text(shown))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.list.has_focus:
            self.hint("methods")

    @on(ForecastList.Widened)
    def _widened(self, event: ForecastList.Widened) -> None:
        event.stop()
        self._show_head()

    def _show_head(self) -> None:
        self.query_one("#setup-head", Said).say(Text(self.list.head()))

    def turn(self) -> None:
        """Figures, Python, REST, figures."""
        self.page = PAGES[(PAGES.index(self.page) + 1) % len(PAGES)]
        self._show_request()

    @property
    def shows_request(self) -> bool:
        """Whether it isn't the figures that are shown."""
        return self.page != PAGES[0]

    def _show_request(self) -> None:
        self.query_one("#setup-figures").display = not self.shows_request
        self.query_one("#setup-request").display = self.shows_request
        if self.shows_request:
            head = Text(keyed(self.app, f"{self.page}, {{setup.page}} for the next\n\n"), DIM)
            lines = Text("\n").join(Text(clean(line)) for line in self.request().splitlines())
            self.query_one("#setup-text", Static).update(head + lines)

    def request(self) -> str:
        """What makes the collections, as REST where that is shown, else as Python."""
        if self.setup is None:
            return "nothing to show before the line below says ✓"
        specs = [each.spec for each in self.setup.planned]
        if self.page == "REST":
            return "\n".join(map(snippets.collection_rest, specs))
        bodies = [snippets.collection_python(spec).removeprefix(snippets.PYTHON_CLIENT) for spec in specs]
        return snippets.PYTHON_CLIENT + "".join(bodies)
