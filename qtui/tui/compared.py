"""Two runs side by side as text, as wide as there is room. Imports rich; draws no widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from qtui import units
from qtui.comparison import Change, Comparison, Pair
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, BAD, DIM, GOOD, WARN
from qtui.tui.wrapping import hanging

REFUSED = "the runs can't be compared: "
"""What the reason begins with; the heading says it already."""
NUMBERS = 47
"""Cells that the figures take beside the variant's name."""


def compared(found: Comparison, before: str, after: str, width: int) -> Text:
    """What makes the runs doubtful to compare, then the variants of both, then those of one alone."""
    name = max(20, min(36, width - NUMBERS))
    lines = [Text.assemble(("before ", DIM), clean(before)), Text.assemble((" after ", DIM), clean(after)), Text()]
    lines += [Text.assemble(("⚠ ", WARN), "not quite comparable: ", clean(doubt)) for doubt in found.doubts]
    lines += [Text()] if found.doubts else []
    lines += _table(found.pairs, name) if found.pairs else [Text("No variant is in both runs.", "bold"), Text()]
    for title, names in (("only before", found.only_before), ("only after", found.only_after)):
        lines += [Text.assemble((f"{title}: ", DIM), clean(", ".join(names)))] if names else []
    return Text("\n").join(hanging(line, width) for line in lines)


def _table(pairs: Sequence[Pair], name: int) -> list[Text]:
    heads = f"{'variant':<{name}}{'before':>8}{'after':>8}    {'before':>8}{'after':>8}{'ratio':>8}"
    return [
        Text(f"{'':<{name}}{'recall':^19} {'engine p50, ms':^25}", DIM),
        Text(heads, "bold"),
        *(_row(pair, name) for pair in pairs),
        Text(),
        Text.assemble(("▲ ", GOOD), "better  ", ("▼ ", BAD), "worse  ", ("~ ", DIM), _CHANCE),
    ]


_CHANCE = "the 95% intervals overlap: the difference may be chance"


def _row(pair: Pair, name: int) -> Text:
    recall, p50 = pair.recall, pair.engine_p50_ms
    text = Text(f"{fitted(pair.variant, name - 1):<{name}}")
    text.append(_both(units.share, recall)).append_text(_sign(recall, more_is_better=True))
    text.append(f"  {_both(units.millis, p50)}")
    text.append(f"{units.ABSENT if p50 is None or p50.ratio is None else f'{p50.ratio:.2f}x':>8}")
    return text.append_text(_sign(p50, more_is_better=False))


def _both(text: Callable[[float | None], str], change: Change | None) -> str:
    before, after = (None, None) if change is None else (change.before, change.after)
    return f"{text(before):>8}{text(after):>8}"


def _sign(change: Change | None, *, more_is_better: bool) -> Text:
    if change is None:
        return Text("  ")
    if not change.significant:
        return Text(" ~", DIM)
    better = (change.after > change.before) == more_is_better
    return Text(" ▲" if better else " ▼", GOOD if better else BAD)


def refused(reason: str, before: str, after: str) -> Text:
    """Why two runs can't be compared."""
    return Text.assemble(
        ("✗ These two can't be compared\n\n", f"bold {BAD}"), clean(reason.removeprefix(REFUSED)),
        ("\n\nbefore ", DIM), clean(before), ("\n after ", DIM), clean(after),
        ("\n\nEsc", ACCENT), "  back to the list",
    )  # fmt: skip
