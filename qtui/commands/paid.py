"""Options about what memory costs and what a collection grows to; what they leave open is read from config.toml."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from qtui import config
from qtui.commands import values
from qtui.errors import shown
from qtui.prices import MOST_PRICE, MOST_REPLICAS, Prices, changed, points_of, read


def declare(parser: ArgumentParser) -> None:
    """--ram-price, --disk-price, --currency, --replicas and --grow-to."""
    group = parser.add_argument_group("cost (defaults: [cost] in config.toml)")
    group.add_argument(
        "--ram-price", type=values.real(0, MOST_PRICE), metavar="P", help="price of a GiB of RAM for a month"
    )
    group.add_argument(
        "--disk-price", type=values.real(0, MOST_PRICE), metavar="P", help="price of a GiB of disk for a month"
    )
    group.add_argument("--currency", metavar="C", help="what prices are in, as EUR")
    group.add_argument(
        "--replicas", type=values.whole(1, MOST_REPLICAS), metavar="N", help="copies that are paid for (default: 1)"
    )
    group.add_argument(
        "--grow-to", type=points, metavar="N", help="also say what so many points would take: 10M, 250000"
    )


def points(text: str) -> int:
    """A number of points, as 250000, 250k or 1.5M."""
    count = points_of(text)
    if count is None:
        raise ArgumentTypeError(f"takes a number of points, as 250000, 250k or 10M, not {shown(text)}")
    return count


def of(args: Namespace, before: Prices | None = None) -> Prices | None:
    """What the options say over `before` (default: config.toml); None when nothing is said anywhere.

    Raises UsageError for what is out of range, or for a [cost] that can't be read.
    """
    known = before if before is not None else read(config.config_file())
    if known is None and not given(args):
        return None
    return changed(known or Prices(), _said(args))


def given(args: Namespace) -> bool:
    """Whether any of the options was given."""
    return any(value is not None for value in _said(args).values())


def _said(args: Namespace) -> dict[str, Any]:
    return {
        "ram_gib_month": args.ram_price,
        "disk_gib_month": args.disk_price,
        "currency": args.currency,
        "replicas": args.replicas,
        "points": args.grow_to,
    }
