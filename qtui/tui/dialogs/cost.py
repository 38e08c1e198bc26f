"""The dialog that says what each method of a run takes in RAM, disk and money, for prices that the user types."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from qtui.costtext import cost_lines
from qtui.errors import UsageError
from qtui.prices import Prices, changed, points_of
from qtui.records import RunRecord
from qtui.tui.text import clean
from qtui.tui.theme import DIM, WARN
from qtui.tui.widgets.controls import Field, line_input
from qtui.tui.words import worded

LEAST_WIDTH = 68
NO_PRICE = "type what a GiB costs you a month, above: then the table says what each method costs"
COLUMNS = 3
"""Fields beside each other."""
FIELDS = (
    ("ram", "RAM a GiB", "no price"),
    ("disk", "disk a GiB", "no price"),
    ("currency", "currency", "EUR"),
    ("replicas", "replicas", "1"),
    ("points", "grow to", "10M"),
)
WANTED = {"replicas": "whole number", "points": "number of points, as 250000, 250k or 10M"}


class AskCost(ModalScreen[Prices | None]):
    """Prices above, what they make of the run below, anew with every key."""

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    AskCost .dialog { height: 90%; }
    AskCost .prices { height: auto; }
    AskCost .price { width: 1fr; margin-right: 1; }
    AskCost #cost-page { height: 1fr; margin-top: 1; scrollbar-gutter: stable; }
    AskCost #cost-text { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("enter", "take", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self, record: RunRecord, prices: Prices) -> None:
        super().__init__()
        self.record = record
        self.prices = prices
        self._sound = True
        """Whether all that is typed makes sense."""

    def compose(self) -> ComposeResult:
        """Two rows of fields, the table, the keys."""
        values = as_typed(self.prices)
        with Vertical(classes="dialog broad") as box:
            box.border_title = "Cost a month"
            for row in (FIELDS[:COLUMNS], FIELDS[COLUMNS:]):
                with Horizontal(classes="prices"):
                    for name, label, placeholder in row:
                        box_ = line_input(values[name], id=f"cost-{name}", placeholder=placeholder)
                        yield Field(label, box_, classes="price")
                    for _ in range(COLUMNS - len(row)):
                        yield Static(classes="price")
            with VerticalScroll(id="cost-page", can_focus=False):
                yield Static(id="cost-text")
            yield Static("", id="cost-said")
            yield Static(Text("Enter keeps these prices   ↑/↓ field   PgUp/PgDn scroll   Esc leaves", DIM))

    def on_mount(self) -> None:
        """With what is known."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """The table follows the width."""
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        said, self._sound = "", True
        try:
            self.prices = read_typed({name: self.query_one(f"#cost-{name}", Input).value for name, _, _ in FIELDS})
        except UsageError as error:
            said, self._sound = clean(worded(error)), False
        self.query_one("#cost-said", Static).update(Text(said, WARN))
        self._show()

    def _show(self) -> None:
        width = self.query_one("#cost-page").scrollable_content_region.width
        lines = cost_lines(self.record, self.prices, max(LEAST_WIDTH, width), NO_PRICE)
        self.query_one("#cost-text", Static).update(Text("\n".join(map(clean, lines)), no_wrap=True))

    def action_page(self, by: int) -> None:
        """Scrolls the table while a field keeps the focus."""
        page = self.query_one("#cost-page")
        page.scroll_relative(y=by * max(1, page.size.height - 2), animate=False)

    def action_take(self) -> None:
        """What was typed, when all of it makes sense."""
        if self._sound:
            self.dismiss(self.prices)


def as_typed(prices: Prices) -> dict[str, str]:
    """Prices as they stand in the fields."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.12g}"

    return {
        "ram": number(prices.ram_gib_month),
        "disk": number(prices.disk_gib_month),
        "currency": prices.currency,
        "replicas": str(prices.replicas),
        "points": "" if prices.points is None else f"{prices.points:,}",
    }


def read_typed(values: dict[str, str]) -> Prices:
    """Prices from the fields; an empty one says nothing. Raises UsageError for what makes no sense."""
    found: dict[str, object] = {"currency": values["currency"].strip()}
    for name, field, kind in (
        ("ram", "ram_gib_month", float),
        ("disk", "disk_gib_month", float),
        ("replicas", "replicas", int),
        ("points", "points", points_of),
    ):
        text = values[name].strip().replace(",", "").replace("_", "")
        if text:
            found[field] = _read(kind, text)
            if found[field] is None:
                raise UsageError(f"{text[:20]!r} is no {WANTED.get(name, 'number')}")
    return changed(Prices(), found)


def _read(kind: Callable[[str], float | None], text: str) -> float | None:
    try:
        return kind(text)
    except ValueError:
        return None
