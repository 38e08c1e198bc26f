"""Advice as text: the choice, its reasons, and the curve of recall against memory. Imports rich; draws no widget.

The curve is a row a variant, smallest first: the 95% interval of its recall on an axis of its own, with the target
as a line through all rows. A sign says the verdict, so that nothing rests on colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from rich.text import Text

from qtui import advice, units
from qtui.advice import Advice, Weighed
from qtui.choices import Span
from qtui.methods import METHODS
from qtui.model import SearchSettings
from qtui.records import Recommendation, RunSummary
from qtui.tui.shades import SERIES
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, BAD, DIM, GOOD, KEY, WARN
from qtui.tui.words import in_app_words

SIGNS = {
    advice.CHOSEN: ("▶", ACCENT, "the choice"),
    advice.RUNNER_UP: ("2", GOOD, "runner-up"),
    advice.HOLDS: ("✓", GOOD, "holds"),
    advice.OVER: ("!", WARN, "over a limit"),
    advice.UNCONFIRMED: ("~", WARN, "not confirmed"),
    advice.SKIPPED: ("·", DIM, "not asked on"),
    advice.MISSES: ("✗", BAD, "misses"),
    advice.UNKNOWN: ("?", DIM, "too little to tell"),
}
ALIKE = ("≈", ACCENT, "can't be told apart from the choice")
FRONT = ("◆", KEY, "Pareto front")
LEAST_STRIP = 16
LONGEST_COMMAND = 54


def asked(search: SearchSettings) -> str:
    """What is asked of the search, short: 'rescore x3, ef 128'."""
    parts = []
    if search.rescore is not None:
        factor = "" if search.oversampling is None else f" x{search.oversampling:g}"
        parts.append(f"rescore{factor}" if search.rescore else "no rescore")
    if search.hnsw_ef is not None:
        parts.append(f"ef {search.hnsw_ef}")
    return ", ".join(parts)


def choice(found: Advice, width: int) -> Text:
    """The choice in large, its figures, its reasons, the runner-up, what can't be told apart, and the caveats."""
    best = found.recommendation
    lines = _none(found, width) if best is None else [*_head(found, best), *_body(found, best, width)]
    lines += _listed("Take with care", ("⚠", WARN), found.caveats, width)
    lines += _listed("Not measured", ("–", DIM), found.unmeasured, width)
    if found.adaptive is not None:
        adaptive = found.adaptive
        lines += _listed("Oversampling by query", ("·", DIM), (f"by {adaptive.predictor}: {adaptive.verdict}",), width)
    lines += [Text(), *(Text(line, DIM) for line in wrap(found.saved, width))] if found.saved else []
    return Text("\n").join([*lines, Text(), *(Text(line, DIM) for line in wrap(found.memory, width))])


def _none(found: Advice, width: int) -> list[Text]:
    head, _, rest = clean(found.verdict).partition(": ")
    lines = [Text.assemble(("✗ ", BAD), (head.capitalize(), "bold")), Text(), *map(Text, wrap(rest, width))]
    if any(each.verdict != advice.UNKNOWN for each in found.weighed):  # else it is queries that lack
        lines += [Text(), *map(Text, wrap(_ways_out(found), width))]
    return lines


def _ways_out(found: Advice) -> str:
    looser = "Looser limits, a" if any(each.verdict == advice.OVER for each in found.weighed) else "A"
    return f"{looser} lower target, more oversampling or a larger method may do."


def _head(found: Advice, best: Recommendation) -> Iterator[Text]:
    yield Text.assemble(("▶ Use ", ACCENT), (best.method, "bold underline"), "  ", (asked(best.search), "bold"))
    yield Text()
    chosen = found.chosen
    ram = None if chosen is None else chosen.ram_bytes
    tiles = (
        (units.ABSENT if ram is None else f"{ram:,.0f} B", f"RAM a {found.unit}"),
        (units.ratio(best.compression), "smaller"),
        (units.share(best.recall.mean), f"recall@{found.k}"),
        (f"{units.millis(chosen.p50_ms if chosen else None)} ms", "engine p50"),
        (units.ABSENT if best.speedup is None else f"{best.speedup:.2f}x", "none's speed"),
    )
    widths = [max(len(value), len(label)) + 2 for value, label in tiles]
    yield Text().join(Text(f"{value:<{width}}", KEY) for (value, _), width in zip(tiles, widths, strict=True))
    yield Text().join(Text(f"{label:<{width}}", DIM) for (_, label), width in zip(tiles, widths, strict=True))


def _body(found: Advice, best: Recommendation, width: int) -> list[Text]:
    lines = _listed("Why", ("·", DIM), best.reasons, width)
    if best.runner_up is not None:
        second = best.runner_up
        lines += [
            Text(),
            Text.assemble(("Runner-up  ", "bold"), f"{second.method}  {asked(second.search)}"),
            _bullet(("·", DIM), second.why, width),
        ]
    lines += _listed("Can't be told apart from it", ALIKE[:2], found.alike, width)
    return lines + _listed("Cheaper, and not excluded by these queries", ("?", WARN), found.undecided, width)


def _listed(title: str, sign: tuple[str, str], texts: Sequence[str], width: int) -> list[Text]:
    return [Text(), Text(title, "bold"), *(_bullet(sign, text, width) for text in texts)] if texts else []


def _bullet(sign: tuple[str, str], text: str, width: int) -> Text:
    """A sign, then the text; its further lines stand under its first."""
    lines = wrap(clean(in_app_words(text)), max(20, width - 2), break_on_hyphens=False)
    return Text.assemble(sign, " ", "\n  ".join(lines))


def waiting(runs: Sequence[RunSummary] | None, run_id: str | None, key: str) -> Text | None:
    """Why there is no advice to be seen, None while it is being read; `key` opens the tab that measures."""
    if runs is not None and not runs:
        return Text.assemble(
            ("No runs to go by yet\n\n", "bold"),
            (key, KEY), "  measure something: its run is kept, and advice is given here\n",
            ("$", DIM), "  qtui bench --vectors FILE  does the same without a screen",
        )  # fmt: skip
    if runs and run_id is None:
        return Text("The first run is still being measured: advice comes when it ends.")
    return None


# --- what may be pasted ---------------------------------------------------------------------------------------------

CONFIGS = {"python": "Python", "rest": "REST", "qtui": "qtui", "adaptive": "adaptive"}
"""Page → its title."""


def configs(found: Advice | None) -> tuple[str, ...]:
    """The pages that there are."""
    return tuple(page for page in CONFIGS if page != "adaptive" or (found is not None and found.adaptive is not None))


def pasted(found: Advice, page: str) -> tuple[str, str]:
    """What is copied from a page, and its name; '' without a choice."""
    best = found.recommendation
    if page == "adaptive" and found.adaptive is not None:
        return found.adaptive.python, "the function"
    if best is None:
        return "", "nothing"
    forms = {"rest": (best.rest, "the REST form"), "qtui": (_folded(best.command), "the commands")}
    return forms.get(page, (best.python, "the Python form"))


def _folded(commands: str) -> str:
    """Commands with an option a line where they are long, as a shell takes them."""
    return "\n".join(
        line if len(line) <= LONGEST_COMMAND else line.replace(" --", " \\\n    --") for line in commands.splitlines()
    )


def config(found: Advice | None, page: str, keys: str) -> Text:
    """The configuration, or the function that chooses oversampling, to be pasted; `keys` says how."""
    if found is None or not pasted(found, page)[0]:
        return Text("Nothing to paste without a choice.", DIM)
    title = CONFIGS.get(page, "Python")
    head = Text.assemble((title, "bold"), (f"  {keys}", DIM), "\n\n", no_wrap=True)
    return head.append("\n".join(clean(line) for line in pasted(found, page)[0].splitlines()))


# --- the curve ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Axis:
    """The recall axis of the curve: from `low` to 1 over `width` cells, with the target's column."""

    low: float
    width: int
    target: float

    @classmethod
    def over(cls, found: Advice, width: int) -> Axis:
        """From the lowest recall, or a little under the target, to 1."""
        means = [each.choosing.mean for each in found.weighed if each.choosing is not None]
        low = min([*means, found.target - 0.05])
        return cls(max(0.0, low - 0.02), max(LEAST_STRIP, width), found.target)

    def column(self, recall: float) -> int:
        """The cell of a recall; what lies left of the axis is on its edge."""
        along = (recall - self.low) / (1 - self.low)
        return min(self.width - 1, max(0, round(along * (self.width - 1))))

    def strip(self, span: Span | None, style: str) -> Text:
        """One row: the interval, the mean, and the target's line."""
        cells = [" "] * self.width
        at = self.column(self.target)
        if span is not None:
            low, high = self.column(span.low), self.column(span.high)
            cells[low : high + 1] = "─" * (high - low + 1)
            cells[self.column(span.mean)] = "●"
        strip = Text("".join(cells), style)
        if cells[at] != "●":
            crossed = "┼" if cells[at] == "─" else "│"
            strip = Text.assemble(strip[:at], (crossed, ACCENT), strip[at + 1 :])
        return strip

    def ruler(self) -> str:
        """The heading of the strips: both ends, and the target where there is room."""
        left, middle, right = f"{self.low:.2f}", f"{self.target:.4g}", "1"
        at = self.column(self.target) - len(middle) // 2
        line = left + " " * (self.width - len(left) - len(right)) + right
        if len(left) < at and at + len(middle) < self.width - len(right):
            line = line[:at] + middle + line[at + len(middle) :]
        return line


CURVE = (("", 2), ("variant", 25), ("RAM B", 7), ("p50 ms", 6), ("recall", 6))
GAP = 1


def strip_width(width: int) -> int:
    """Cells that the strips have in a table of `width`."""
    return max(LEAST_STRIP, width - sum(cells + GAP for _, cells in CURVE) - 2)


def on_the_curve(found: Advice, most: int) -> list[Weighed]:
    """The best `most` variants, smallest first, then by recall: what lies right of the line holds."""
    shown = [each for each in found.weighed if each.ram_bytes is not None][:most]
    return sorted(shown, key=lambda each: (each.ram_bytes or 0.0, each.choosing.mean if each.choosing else 0.0))


def several_efs(found: Advice) -> bool:
    """Whether the width of the graph search tells variants apart."""
    return len({each.search.hnsw_ef for each in found.weighed}) > 1


def curve_row(each: Weighed, axis: Axis, *, ef: bool) -> list[Text]:
    """The cells of one variant; `ef` names the width of its graph search, too."""
    sign, style, _ = ALIKE if each.alike else SIGNS[each.verdict]
    series = f"color({SERIES[each.method]})" if each.method in METHODS else ""
    weight = "bold" if each.verdict == advice.CHOSEN else ""
    letter = METHODS[each.method].letter if each.method in METHODS else " "
    search = each.search if ef else replace(each.search, hnsw_ef=None)
    figures = (
        units.ABSENT if each.ram_bytes is None else f"{each.ram_bytes:,.0f}",
        units.millis(each.p50_ms),
        units.share(each.choosing.mean if each.choosing else None),
    )
    widths = [width for _, width in CURVE]
    return [
        Text.assemble((sign, style), FRONT[:2] if each.front else " "),
        Text(fitted(f"{letter} {each.method} {asked(search)}", CURVE[1][1]), weight),
        *(Text(f"{value:>{width}}", weight) for value, width in zip(figures, widths[2:], strict=True)),
        axis.strip(each.choosing, series),
    ]


def legend(found: Advice, shown: int) -> Text:
    """What the signs stand for, those that occur, and how many rows are left out."""
    used = [SIGNS[verdict] for verdict in SIGNS if any(each.verdict == verdict for each in found.weighed)]
    used += [ALIKE] if any(each.alike for each in found.weighed) else []
    used += [FRONT]
    text = Text("  ").join(Text.assemble((sign, style), " ", (said, DIM)) for sign, style, said in used)
    left = len(found.weighed) - shown
    return text.append(f"  {left} more" if left else "", DIM)
