"""The query box of the Search tab with its suggestions, the filter with its completion, and the limit."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from qtui.errors import UsageError
from qtui.filters import Filter, parse_filter
from qtui.pictured import SUFFIXES as IMAGES
from qtui.searching import asked
from qtui.searching.asked import SUFFIXES as VECTORS
from qtui.searching.columns import LARGEST_LIMIT
from qtui.searching.fields import missing, typed
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, BAD, DIM, WARN
from qtui.tui.widgets.controls import line_input
from qtui.tui.widgets.fields import FieldSuggester
from qtui.tui.widgets.paths import PathSuggester
from qtui.tui.words import worded

UNFINISHED = ", found the end"
"""How the error ends that only says that more is to come."""
BESIDE = 12
"""Cells left and right of what is said."""
WAYS = "an id · 0.1 0.2 … · [[…], […]] · vectors.npy#3 · a text · page.png"


ASKING = (
    Command("search.ask", "enter", "submit", "Ask", "Ask what is typed", "Enter"),
    Command("search.choose", "down", "choose", "Choose", "Over to the titled queries", "↓"),
)
NARROWING = (Command("search.narrow", "enter", "submit", "Search", "Search with this filter", "Enter"),)


class QueryBox(Input):
    """An input that takes pasted text of several lines as one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ASKING)]

    class Choose(Message):
        """The user wants to choose from the suggestions."""

    def on_paste(self, event: events.Paste) -> None:
        """All lines count: a pretty-printed vector has many."""
        event.prevent_default()
        event.stop()
        line = " ".join(event.text.split())
        if self.selection.is_empty:
            self.insert_text_at_cursor(line)
        else:
            self.replace(line, *self.selection)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """Suggestions can be chosen from while there are some."""
        return action != "choose" or any(each.display for each in self.screen.query(Suggestions))

    def action_choose(self) -> None:
        """Over to the suggestions."""
        self.post_message(self.Choose())


class FilterBox(Input):
    """An input whose Enter stands among the keys below."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(NARROWING)]


class Suggestions(OptionList):
    """The titled queries, under the query box while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def action_leave(self) -> None:
        """Back to the box."""
        self.screen.query_one(QueryBox).focus()


class QueryForm(Vertical, can_focus=False):
    """What is asked, of which points, and how many are wanted."""

    titles: reactive[tuple[str, ...]] = reactive(())
    """Of the queries to choose from."""
    fields: reactive[tuple[str, ...]] = reactive(())
    """Names of payload fields."""
    said: reactive[str] = reactive("")
    """What is wrong with the query."""

    class Asked(Message):
        """The user asks for something."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Narrowed(Message):
        """Another filter or limit holds."""

    class Left(Message):
        """Filter and limit are as they are wanted: over to the answers."""

    def __init__(self) -> None:
        super().__init__()
        self.filter: Filter | None = None
        self.limit = 10
        self._suggester = FieldSuggester()
        self._filter_error = ""

    def compose(self) -> ComposeResult:
        """The query, its suggestions, then filter and limit, and a line for what is wrong."""
        with Horizontal():
            yield Static("query", markup=False, classes="label")
            paths = PathSuggester((*IMAGES, *VECTORS), rooted=True)
            yield QueryBox(id="query", placeholder=WAYS, compact=True, select_on_focus=True, suggester=paths)
        yield Suggestions(id="suggestions", markup=False, compact=True)
        with Horizontal():
            yield Static("filter", markup=False, classes="label")
            yield FilterBox(
                id="search-filter", placeholder="none", compact=True, select_on_focus=False, suggester=self._suggester
            )
            yield Static("limit", markup=False, id="limit-label", classes="label")
            yield line_input(str(self.limit), id="search-limit")
        yield Static(id="query-said")

    # --- what comes down --------------------------------------------------------------------------------------

    @property
    def query_text(self) -> str:
        """What the query box holds."""
        return self.query_one(QueryBox).value

    def put(self, text: str) -> None:
        """Writes a query into the box."""
        self.query_one(QueryBox).value = clean(text, 100_000)

    def put_limit(self, limit: int) -> None:
        """Sets how many are wanted."""
        self.limit = limit
        self.query_one("#search-limit", Input).value = str(limit)

    def watch_titles(self) -> None:
        """Other queries to choose from."""
        self._suggest("")

    def watch_fields(self) -> None:
        """Other fields to complete."""
        self._suggester.fields = self.fields
        self._say()

    def watch_said(self) -> None:
        """An error, or its end."""
        if self.is_mounted:
            self._show_suggestions()  # they would hide it
            self._say()

    # --- suggestions ------------------------------------------------------------------------------------------

    def on_descendant_focus(self) -> None:
        """The suggestions stand under the box while it has the focus."""
        self._show_suggestions()
        self._say()

    def on_descendant_blur(self) -> None:
        """They go with the focus."""
        self.call_after_refresh(self._show_suggestions)
        self.call_after_refresh(self._say)

    def _show_suggestions(self) -> None:
        choices = self.query_one(Suggestions)
        wanted = self.screen.focused in (self.query_one(QueryBox), choices) and not self.said
        choices.display = wanted and choices.option_count > 0
        self.refresh_bindings()

    def _suggest(self, text: str) -> None:
        if not self.is_mounted:
            return
        choices = self.query_one(Suggestions)
        choices.clear_options()
        found = asked.matching(text, self.titles)
        choices.add_options([Option(Content(clean(title, 58)), id=str(self.titles.index(title))) for title in found])
        self._show_suggestions()

    @on(Input.Changed, "#query")
    def _typing(self, event: Input.Changed) -> None:
        event.stop()
        self.said = ""
        self._suggest("" if event.value in self.titles else event.value)

    @on(QueryBox.Choose)
    def _choose(self, event: QueryBox.Choose) -> None:
        event.stop()
        choices = self.query_one(Suggestions)
        if choices.display:
            choices.focus()
            choices.highlighted = choices.highlighted or 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        title = self.titles[int(event.option_id or 0)]
        self.put(title)
        self.post_message(self.Asked(title))

    @on(Input.Submitted, "#query")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Asked(event.value))

    # --- filter and limit ---------------------------------------------------------------------------------------

    @on(Input.Changed, "#search-filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter_error = ""
        try:
            self._parsed = parse_filter(event.value) if event.value.strip() else None
        except UsageError as error:
            self._filter_error = worded(error)
        self._say()

    @on(Input.Submitted, "#search-filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        if self._filter_error:
            return
        if self._parsed != self.filter:
            self.filter = self._parsed
            self._say()
            self.post_message(self.Narrowed())
        self.post_message(self.Left())

    @on(Input.Changed, "#search-limit")
    def _limit_typed(self, event: Input.Changed) -> None:
        event.stop()
        text = event.value.strip()
        limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
        right = 1 <= limit <= LARGEST_LIMIT
        self.said = "" if right else f"limit: a whole number from 1 to {LARGEST_LIMIT:,}"
        if right and limit != self.limit:
            self.limit = limit
            self.post_message(self.Narrowed())

    @on(Input.Submitted, "#search-limit")
    def _limit_done(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.said:
            self.post_message(self.Left())

    _parsed: Filter | None = None

    def _say(self) -> None:
        if not self.is_mounted:
            return
        said = self.query_one("#query-said", Static)
        line = self._line()
        said.display = bool(line)
        said.update(line)

    def _line(self) -> Text:
        here = self.screen.focused is self.query_one("#search-filter", Input)
        if here and self._filter_error.endswith(UNFINISHED):
            return Text(clean(self._filter_error.removesuffix(UNFINISHED)), DIM)
        error = self._filter_error if here else self.said or self._filter_error
        if error:
            return Text.assemble(("✗ ", BAD), clean(error))
        return self._about_filter(here=here)

    def _about_filter(self, *, here: bool) -> Text:
        """What to know of one that can be read."""
        if self._parsed != self.filter and not here:
            key = keyed(self.app, "{search.filter} Enter")
            return Text.assemble(("⚠ ", WARN), "this filter isn't searched with yet: ", (key, ACCENT))
        unseen = missing(self._parsed, self.fields) if self._parsed and self.fields else None
        if unseen is not None:
            named = clean(typed(unseen), 40)
            return Text.assemble(("⚠ ", WARN), f"no field {named} in the first points of this collection")
        if self._parsed != self.filter:
            return Text.assemble(("Enter", ACCENT), (" searches with this filter", DIM))
        if not here:
            return Text()
        named = " · ".join(clean(typed(name), 40) for name in self.fields[:12])
        return Text(fitted(f"→ completes   fields: {named or 'none seen'}", self.size.width - BESIDE), DIM)
