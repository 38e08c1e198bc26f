"""What each method takes, as text of a terminal's width, for the command line and the app. Standard library only."""

from __future__ import annotations

from dataclasses import replace

from qtui import units
from qtui.cost import Costed, Need, costs
from qtui.plain import fold, plain
from qtui.prices import Prices
from qtui.records import RunRecord

FORMULA = (
    "RAM: quantized vectors (the originals without quantization) + graph + 52 B a point; payload and spare room are not"
    " in it. Disk: all files"
)
GROWN = (
    "grown: vectors, graph and payload times points to be / points measured (est); a graph that so few points have not"
    " yet: points x links x 9.6 B"
)
NO_PRICE = "no price was given: [cost] in config.toml, or --ram-price P, adds money"


def costs_as_text(record: RunRecord, prices: Prices | None = None, width: int = 80) -> str:
    """RAM, disk and money of each method, today and grown; with other `prices` than the record's own."""
    return "\n".join(cost_lines(record, prices, width))


def cost_lines(
    record: RunRecord, prices: Prices | None = None, width: int = 80, priceless: str = NO_PRICE
) -> list[str]:
    """The same, line by line; `priceless` says how prices are given."""
    if prices is not None:
        record = replace(record, cost=prices)
    plan, found = record.cost or Prices(), costs(record)
    if not found:
        return ["no collection was measured: there is nothing to pay for"]
    size = f"{units.count(record.dataset.points)} points"
    lines = _table(f"cost of {size}", found, plan, [each.today for each in found], width)
    grown = [each.grown for each in found if each.grown is not None]
    if grown:
        lines += ["", *_table(f"cost of {units.count(plan.points)} points (est)", found, plan, grown, width)]
    lines.append("")
    for text in _said(plan, priceless, measured=all(each.measured for each in found), grown=bool(grown)):
        lines += fold(text, width)
    return lines


def _table(title: str, found: tuple[Costed, ...], plan: Prices, needs: list[Need], width: int) -> list[str]:
    wide = max(14, min(26, width - 54))
    heads = f"{'method':<{wide}}{'RAM':>11}{'disk':>11}"
    if plan.known:
        heads += f"{f'{plain(plan.currency)}/month'.removeprefix('/'):>12}{'a year':>10}{'saved':>10}"
    lines = [title, heads, "─" * len(heads)]
    for each, need in zip(found, needs, strict=True):
        line = f"{plain(each.method):<{wide}}{units.size(need.ram.value):>11}{units.size(need.disk.value):>11}"
        if plan.known:
            line += f"{money(need.month.value):>12}{money(need.year.value):>10}{money(need.saved_month.value):>10}"
        lines.append(line)
    return lines


def _said(plan: Prices, priceless: str, *, measured: bool, grown: bool) -> list[str]:
    bytes_ = "measured bytes of the files" if measured else "bytes of a vector times the points (est)"
    found = [f"{FORMULA}; {bytes_}", *([GROWN] if grown else [])]
    if not plan.known:
        return [*found, priceless]
    parts = [
        f"{price:g} a GiB of {what}"
        for price, what in ((plan.ram_gib_month, "RAM"), (plan.disk_gib_month, "disk"))
        if price is not None
    ]
    copies = "1 copy" if plan.replicas == 1 else f"{plan.replicas} copies"
    return [*found, f"money: {' + '.join(parts)} and month, {copies}, your prices; saved: a month, against none"]


def money(amount: float | None) -> str:
    """An amount with as many places as it needs to be more than 0."""
    if amount is None:
        return units.ABSENT
    if abs(amount) >= 0.1:
        return f"{amount:,.0f}" if abs(amount) >= 10_000 else f"{amount:,.2f}"
    return f"{amount:#.2g}" if amount else "0"
