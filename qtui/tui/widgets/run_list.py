"""The kept runs as a list: the table, the filter above it, and a line below. Shows what it is given; does nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from qtui.records import RunSummary
from qtui.tui.commands import key_of, keyed
from qtui.tui.runlist import matching
from qtui.tui.theme import DIM, KEY
from qtui.tui.widgets.controls import line_input
from qtui.tui.widgets.patience import Patience
from qtui.tui.widgets.run_table import RunTable


class RunList(Vertical):
    """Every kept run, or those that match; what to do instead while there is none."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    RunList { height: 1fr; }
    RunList #runs-filter { margin: 0 1; display: none; }
    RunList #runs-table { margin: 0 1; }
    RunList #runs-said { height: 1; color: $text-muted; padding: 0 1; }
    RunList #runs-empty { margin: 3 4; height: auto; display: none; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._runs: Sequence[RunSummary] | None = None
        self._marked: str | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield line_input("", id="runs-filter", placeholder="filter by name, data, day or status", whole=False)
        yield RunTable(id="runs-table")
        yield Patience("runs.back", id="runs-empty")
        yield Static(id="runs-said")

    def on_mount(self) -> None:
        """What says that there is nothing has the focus then, so that keys work."""
        self.query_one("#runs-empty").can_focus = True
        self._show()

    @property
    def row(self) -> str | None:
        """The id of the run under the cursor."""
        return self.query_one(RunTable).row

    def take_focus(self) -> None:
        """The table, or what stands in its place."""
        self.query_one(RunTable if self._runs else "#runs-empty").focus()

    def go_to(self, run_id: str) -> None:
        """The cursor on that run, which no filter hides then."""
        self.close_filter()
        self._show()
        self.query_one(RunTable).go_to(run_id)
        self.take_focus()

    def show(self, runs: Sequence[RunSummary] | None, marked: str | None) -> None:
        """These runs, None while they are being read; the marked one carries a sign."""
        self._runs, self._marked = runs, marked
        self._show()

    def give_up(self, why: Text) -> None:
        """The runs are not being read any more, and here is why; nothing where they were read before."""
        if self._runs is None:
            self.query_one(Patience).say(why)

    def _show(self) -> None:
        runs, words = self._runs or (), self._filter.value
        found = matching(runs, words)
        table, empty = self.query_one(RunTable), self.query_one(Patience)
        table.show(found, self._marked)
        table.display, empty.display = bool(runs), not runs
        if self._runs is None:
            empty.wait_for("Reading the runs")
        else:
            empty.say(self._nothing())
        if empty.has_focus if runs else table.has_focus:
            self.call_after_refresh(self.take_focus)
        of = f"{len(runs):,} run{'' if len(runs) == 1 else 's'}"
        said = f"{len(found):,} of {of} match" if words.strip() else of if runs else ""
        if self._marked is not None:
            how = "; ● marked: {runs.mark} on another compares the two, {runs.back} takes the mark away"
            said += keyed(self.app, how)
        self.query_one("#runs-said", Static).update(Text(said))

    def _nothing(self) -> Text:
        return Text.assemble(
            ("No runs yet\n\n", "bold"),
            (key_of(self.app, "tab.benchmark"), KEY), "  measure something: every run is kept and listed here\n",
            (key_of(self.app, "runs.take_in"), KEY), "  import a run from its record file\n",
            ("$", DIM), "  qtui bench --vectors FILE  does the same without a screen",
        )  # fmt: skip

    # --- the filter ----------------------------------------------------------------------------------------------

    @property
    def _filter(self) -> Input:
        return self.query_one("#runs-filter", Input)

    @property
    def filtering(self) -> bool:
        """Whether the filter is open."""
        return bool(self._filter.display)

    def open_filter(self) -> None:
        """The filter has the focus."""
        self._filter.display = True
        self._filter.focus()

    def close_filter(self) -> None:
        """All runs again."""
        self._filter.value, self._filter.display = "", False

    @on(Input.Changed)
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()

    @on(Input.Submitted)
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(RunTable).focus()
