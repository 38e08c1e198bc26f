"""Tab 4: what to use for a target recall, by a kept run. Owns the worker that asks for advice; concludes nothing."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, ScrollableContainer, Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import Input, Static

from qtui.advice import Advice
from qtui.errors import EngineGone, QtuiError
from qtui.plan import DEFAULT_TARGET_RECALL
from qtui.preferences import Memory
from qtui.records import RunSummary
from qtui.tui import advising
from qtui.tui.commands import Command, bindings, key_of, keyed
from qtui.tui.costing import about, ask_cost, export_run
from qtui.tui.dialogs.runs import PickRun
from qtui.tui.dialogs.wishes import AskWishes
from qtui.tui.messages import Aimed, Copied, Remember
from qtui.tui.room import Room, RoomState
from qtui.tui.runlist import in_a_line
from qtui.tui.text import clean
from qtui.tui.theme import ACCENT, BAD, DIM
from qtui.tui.widgets.controls import Field
from qtui.tui.widgets.curve import Curve
from qtui.tui.widgets.patience import Patience
from qtui.tui.widgets.target import TargetInput, parsed, written
from qtui.tui.wishform import in_words
from qtui.tui.wishform import written as as_typed
from qtui.tui.words import worded
from qtui.wishes import PLAIN, Wishes

STEP = 0.01
LEAST, MOST = 0.5, 1.0
"""What + and − stay within; any other target can be typed."""
PAGE_TITLES = {"choice": "choice", "curve": "recall / memory", **advising.CONFIGS}
KEYS = (
    Command("advise.higher", "plus,equals_sign", "step(1)", "Higher", "A higher target recall", "+"),
    Command("advise.lower", "minus", "step(-1)", "Lower", "A lower target recall", "-"),
    Command("advise.target", "t", "target", "Target", "Type the target recall", always="f7"),
    Command("advise.page", "c", "turn(1)", "Config", "The next page: choice, curve, Python, REST", always="f6"),
    Command("advise.page_back", "C", "turn(-1)", "", "The previous page", display="C"),
    Command(
        "advise.limits", "l", "limits", "Limits", "Limits on time and memory, and what is to be least", always="f8"
    ),
    Command("advise.run", "o", "pick", "Run", "Choose another run"),
    Command("advise.cost", "dollar_sign", "cost", "Cost", "What each method takes in RAM, disk and money", "$"),
    Command("advise.export", "e", "export", "Report", "Write a report of this run: HTML, Markdown; or its data"),
    Command("advise.refresh", "r", "refresh", "", "Read the runs, and ask again", always="ctrl+l"),
    Command("advise.copy", "y", "copy", "Copy", "Copy the configuration, or the page that is shown"),
    Command("advise.back", "escape", "back", "", "Back to the choice", "Esc"),
)


CSS = """
AdvisePanel #advise-top { height: 1; padding: 0 1; }
AdvisePanel #advise-run { width: 1fr; height: 1; padding-right: 2; text-wrap: nowrap; text-overflow: ellipsis; }
AdvisePanel #advise-limits { height: 1; padding: 0 1; color: $text-primary; display: none; }
AdvisePanel #advise-target-field { width: 26; }
AdvisePanel #advise-target-field > .label { width: 15; }
AdvisePanel #advise-pages { height: 1; padding: 0 1; margin-top: 1; display: none; }
AdvisePanel #advise-said { margin: 3 4; height: auto; }
AdvisePanel #advise-body { height: 1fr; }
AdvisePanel #advise-above { height: 1fr; }
AdvisePanel .page { height: 1fr; width: 1fr; padding: 0 1; }
AdvisePanel .page Static { height: auto; }
AdvisePanel #advise-choice { scrollbar-gutter: stable; }
AdvisePanel #advise-config { width: 56; border-left: solid $border; scrollbar-size: 1 1; }
AdvisePanel #advise-config-text { width: auto; }
AdvisePanel .page:focus { background-tint: $foreground 3%; }
AdvisePanel #advise-curve { height: 16; border-top: solid $border; }
.-wide AdvisePanel #advise-above { margin-top: 1; }
AdvisePanel.-limited #advise-limits { display: block; }
AdvisePanel.-limited #advise-pages { margin-top: 0; }
"""


class AdvisePanel(Vertical):
    """The run and the target above; the choice and the configuration side by side over the curve."""

    HELP_TITLE = "Advise"
    HELP = (
        "The variant to use: the smallest in RAM, then the fastest, whose recall keeps the target with the lower end "
        "of its 95% interval. It is chosen by one half of the queries and confirmed on the other. "
        "In the curve every row is a variant, smallest first: ● its recall, ── the interval, │ the target. "
        "The configuration is what was measured, to be pasted into your own code."
    )
    SCOPED_CSS = False  # the classes of narrow and wide windows are the screen's
    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)
    runs: reactive[tuple[RunSummary, ...] | None] = reactive(None, repaint=False, bindings=True)
    run_id: reactive[str | None] = reactive(None, repaint=False)
    target: reactive[float] = reactive(DEFAULT_TARGET_RECALL, repaint=False)
    wishes: reactive[Wishes] = reactive(PLAIN, repaint=False)
    advice: reactive[Advice | None] = reactive(None, repaint=False, bindings=True)
    page: reactive[str] = reactive("choice", repaint=False, bindings=True)

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self._newest = True
        """Whether to go with the newest run, as no other was chosen."""

    def compose(self) -> ComposeResult:
        """One row for run and target; below, what there is to say."""
        with Horizontal(id="advise-top"):
            yield Static(id="advise-run")
            box = TargetInput(self.target, id="advise-target")
            yield Field("target recall", box, id="advise-target-field")
        yield Static(id="advise-limits", markup=False)
        yield Static(id="advise-pages")
        yield Patience("advise.back", id="advise-said")
        with Vertical(id="advise-body"):
            with Horizontal(id="advise-above"):
                with VerticalScroll(id="advise-choice", classes="page"):
                    yield Static(id="advise-choice-text")
                with ScrollableContainer(id="advise-config", classes="page"):
                    yield Static(id="advise-config-text")
            yield Curve(id="advise-curve")

    def on_mount(self) -> None:
        """Nothing is known yet; what says so has the focus then, so that keys work."""
        self.query_one("#advise-said").can_focus = True
        self._show()

    def recall(self, memory: Memory) -> None:
        """The target as it was left."""
        target = memory.get("target-recall", float)
        if target is not None and 0 < target <= 1:
            self._aim(target)

    def focus_default(self) -> None:
        """The tab was opened: runs may have come or gone."""
        self._focus_page()
        self._read()

    def open(self, run_id: str) -> None:
        """Advice by this run."""
        self._newest = False
        self.run_id = run_id

    # --- asking -------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="runs")
    async def _read(self) -> None:
        try:
            self.runs = await self.room.runs()
        except EngineGone:
            return
        except QtuiError as error:
            self._say(worded(error))
            return
        known = [run.id for run in self.runs if not run.measuring]
        if self._newest or self.run_id not in known:
            with_figures = [run.id for run in self.runs if run.id in known and run.measurements]
            self._newest, self.run_id = True, next(iter((*with_figures, *known)), None)
        self._show()
        if self.advice is None:
            self._ask()

    @work(exclusive=True, group="advice")
    async def _ask(self) -> None:
        if self.run_id is None:
            self.advice = None
            return
        try:
            self.advice = await self.room.advise(self.run_id, self.target, self.wishes)
        except EngineGone:
            self.advice = None
        except QtuiError as error:
            self.advice = None
            self._say(worded(error))

    def watch_run_id(self) -> None:
        """Another run: what was said of the former one no longer holds."""
        self.advice = None
        if self.is_mounted:
            self._show()
            self._ask()

    def watch_target(self) -> None:
        """Another target is answered at once."""
        if self.is_mounted:
            self.post_message(Remember("target-recall", self.target))
            self._ask()

    def watch_wishes(self) -> None:
        """So are other limits."""
        if self.is_mounted:
            self._ask()

    def watch_room_state(self, before: RoomState, now: RoomState) -> None:
        """A run that has ended is a new one."""
        if self.is_mounted and before.status != now.status:
            self._read()

    # --- showing ------------------------------------------------------------------------------------------------

    def watch_advice(self) -> None:
        """Another answer."""
        if self.is_mounted:
            self._show()

    def watch_page(self) -> None:
        """Another page is looked at."""
        if self.is_mounted:
            self._show_pages()
            self._show_config()
            self.call_after_refresh(self._focus_page)

    def on_resize(self) -> None:
        """The curve follows the width."""
        if self.advice is not None:
            self.call_after_refresh(self._show_wide)

    def _show(self) -> None:
        found = self.advice
        run = next((run for run in self.runs or () if run.id == self.run_id), None)
        line = "" if run is None else in_a_line(run)
        limits = in_words(self.wishes)
        self.query_one("#advise-run", Static).update(Text.assemble(("run ", DIM), line))
        self.query_one("#advise-limits", Static).update(f"limits: {limits}")
        self.set_class(bool(limits), "-limited")
        self.query_one("#advise-body").display = found is not None
        said = self.query_one(Patience)
        said.display = found is None
        if found is None:
            why = advising.waiting(self.runs, self.run_id, key_of(self.app, "tab.benchmark"))
            said.wait_for("Reading the run") if why is None else said.say(why)
            self.call_after_refresh(self._keep_focus)
        else:
            said.say(Text())
            self._show_config()
            self.call_after_refresh(self._show_wide)
        self._show_pages()

    def _say(self, text: str) -> None:
        self.query_one(Patience).say(Text.assemble(("✗ ", BAD), clean(text)))

    def _show_pages(self) -> None:
        kind = "config" if self.page in advising.CONFIGS else self.page
        for name in ("choice", "curve", "config"):
            self.set_class(kind == name, f"-{name}")
        self.query_one("#advise-pages", Static).update(_page_line(self.advice, self.page))

    def _show_config(self) -> None:
        keys = keyed(self.app, "{advise.copy} copies, {advise.page} turns")
        self.query_one("#advise-config-text", Static).update(advising.config(self.advice, self.page, keys))

    def _keep_focus(self) -> None:
        """What has the focus may have gone from the screen."""
        if self.advice is None and self.display and not self.query_one(TargetInput).has_focus:
            self._focus_page()

    def _show_wide(self) -> None:
        """What is drawn as wide as its place is, once that is known."""
        if self.advice is not None:
            room = self.query_one("#advise-choice").scrollable_content_region.width or self.size.width - 3
            self.query_one("#advise-choice-text", Static).update(advising.choice(self.advice, max(30, room)))
            self.query_one(Curve).advice = self.advice
        focused = self.screen.focused
        if self.display and (focused is None or focused.id == "advise-said"):
            self._focus_page()

    # --- keys -------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """What makes sense now."""
        if action in {"step", "target", "turn", "copy", "limits"}:
            return self.advice is not None
        if action in {"cost", "export"}:
            return self.run_id is not None
        if action == "pick":
            return bool(self.runs)
        return True

    def pointless(self, action: str) -> bool:
        """Whether there is nothing to go back from, no page, no input, nothing waited for: for the palette."""
        busy = self.query_one(Patience).waiting or isinstance(self.screen.focused, TargetInput)
        return action == "back" and self.page == "choice" and not busy

    def action_step(self, by: int) -> None:
        """The next hundredth."""
        self._aim(min(MOST, max(LEAST, round(round(self.target / STEP) * STEP + by * STEP, 4))))

    @on(Aimed)
    def _aimed(self, message: Aimed) -> None:
        message.stop()
        self._aim(message.target)

    @on(TargetInput.Stepped)
    def _stepped(self, message: TargetInput.Stepped) -> None:
        message.stop()
        self.action_step(message.by)

    def _aim(self, target: float) -> None:
        self.target = target
        if self.is_mounted:
            self.query_one(TargetInput).show(self.target)

    def action_refresh(self) -> None:
        """Reads the runs again, and what the chosen one says."""
        self.advice = None
        self._show()
        self._read()

    def action_target(self) -> None:
        """The input takes the focus, its text selected."""
        box = self.query_one(TargetInput)
        box.focus()
        box.action_select_all()

    @on(Input.Changed, "#advise-target")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        target = parsed(event.value)
        if target is not None:
            self.target = target

    @on(Input.Submitted, "#advise-target")
    def _typed_all(self, event: Input.Submitted) -> None:
        event.stop()
        self._aim(parsed(event.value) or self.target)
        self._focus_page()

    def action_turn(self, by: int) -> None:
        """Another page; side by side in the wide layout, where only the two forms of the configuration differ."""
        forms = advising.configs(self.advice)
        pages = forms if self.app.size.width >= 100 else ("choice", "curve", *forms)
        at = pages.index(self.page) if self.page in pages else 0
        self.page = pages[(at + by) % len(pages)]

    def action_back(self) -> None:
        """From the input or another page to the choice; nothing more is waited for."""
        if self.query_one(Patience).waiting:
            for group in ("runs", "advice"):
                self.workers.cancel_group(self, group)
            self.query_one(Patience).say(Text(keyed(self.app, "The run was not read\n{advise.refresh} reads it again")))
        self._aim(self.target)
        self.page = "choice"
        self._focus_page()

    def _focus_page(self) -> None:
        where = {"curve": "#curve-table", **dict.fromkeys(advising.CONFIGS, "#advise-config")}
        wide = self.app.size.width >= 100
        page = "#curve-table" if wide else where.get(self.page, "#advise-choice")
        self.query_one("#advise-said" if self.advice is None else page).focus()

    def action_copy(self) -> None:
        """The configuration; the choice in words where that page alone is shown."""
        found = self.advice
        best = None if found is None else found.recommendation
        if found is not None and (best is None or (self.page == "choice" and self.app.size.width < 100)):
            self.post_message(Copied(advising.choice(found, 78).plain + "\n", "the advice"))
        elif found is not None:
            self.post_message(Copied(*advising.pasted(found, self.page)))

    @work(exclusive=True, group="cost")
    async def action_cost(self) -> None:
        """What each method of the run takes, and what that costs."""
        await about(self, self.room, self.run_id, ask_cost)

    @work(exclusive=True, group="export")
    async def action_export(self) -> None:
        """Writes a report of the run."""
        await about(self, self.room, self.run_id, export_run)

    @work(exclusive=True, group="limits")
    async def action_limits(self) -> None:
        """What else the choice must keep."""
        what = "Limits on the recommended variant, and what of it is to be least."
        text = as_typed(written(self.target), self.wishes)
        wanted = await self.app.push_screen_wait(AskWishes("Recall and limits", what, text))
        if wanted is not None:
            self._aim(wanted.target)
            self.wishes = wanted.wishes

    @work(exclusive=True, group="pick")
    async def action_pick(self) -> None:
        """Another run."""
        run_id = await self.app.push_screen_wait(PickRun(self.runs or (), self.run_id))
        if run_id is not None:
            self.open(run_id)


def _page_line(found: Advice | None, page: str) -> Text:
    line = Text()
    shown = () if found is None else ("choice", "curve", *advising.configs(found))
    for name in shown:
        chosen = name == page
        line.append("▸ " if chosen else "  ", ACCENT).append(PAGE_TITLES[name], "bold" if chosen else DIM).append("  ")
    return line
