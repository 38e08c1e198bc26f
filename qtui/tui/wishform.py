"""The texts of the limits dialog made into a target and wishes, and wishes in words. No widget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from qtui import units
from qtui.errors import UsageError
from qtui.plan import SURVEY, TUNE_OVERSAMPLING, BenchRequest
from qtui.tui.widgets.target import parsed
from qtui.wishes import Wishes

LEAST = (("ram", "the least RAM"), ("latency", "the least time"), ("disk", "the least disk"))
GRIDS = (
    ("fine", "1 to 16, fine steps"),
    ("plan", "those of the plan"),
    ("table", "the plan's, figures for every variant"),
)
"""How oversampling is searched; `table` surveys every variant, so that each has figures."""
BUILDS = (("few", "those that can decide"), ("all", "all of the plan"))
"""Which methods' collections tuning builds."""
BY_QUERY = (("no", "one factor for all queries"), ("yes", "try one for each, too"))
"""Whether oversampling is also chosen query by query."""


@dataclass(frozen=True, slots=True)
class WishText:
    """The dialog's controls as they stand."""

    target: str
    p95: str = ""
    ram: str = ""
    disk: str = ""
    minimise: str = "ram"
    grid: str = "fine"
    by_query: str = "no"
    build: str = "few"
    survey: str = ""
    """Queries that every variant is asked all the same; '' is what `grid` says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the dialog was left with."""

    target: float
    wishes: Wishes
    fine: bool = True
    """Search oversampling in fine steps instead of the plan's factors."""
    survey: int = 0
    """Queries that every variant is asked, so that the whole plan has figures."""
    build_all: bool = False
    """Build every method, even those that can't change the choice any more."""
    adaptive: bool = False
    """Then try to choose oversampling query by query."""


def read(text: WishText) -> Wanted:
    """What was typed. Raises UsageError with a line for the user."""
    target = parsed(text.target)
    if target is None:
        raise UsageError("recall: above 0 and at most 1, as 0.95")
    p95 = _millis(text.p95)
    wishes = Wishes(p95, _size(text.ram, "RAM"), _size(text.disk, "disk"), text.minimise)
    survey = _queries(text.survey) if text.survey.strip() else SURVEY if text.grid == "table" else 0
    fine, all_, adaptive = text.grid == "fine", text.build == "all", text.by_query == "yes"
    return Wanted(target, wishes, fine=fine, survey=survey, build_all=all_, adaptive=adaptive)


def written(target: str, wishes: Wishes) -> WishText:
    """Wishes as they stand in the dialog."""
    p95 = "" if wishes.p95_ms is None else f"{wishes.p95_ms:g}"
    return WishText(target, p95, _as_typed(wishes.ram_bytes), _as_typed(wishes.disk_bytes), wishes.minimise)


def tuned(request: BenchRequest, wanted: Wanted) -> BenchRequest:
    """The plan as a search for what keeps these."""
    factors = TUNE_OVERSAMPLING if wanted.fine and True in request.rescore else request.oversampling
    return replace(
        request,
        tune=True,
        target_recall=wanted.target,
        wishes=wanted.wishes,
        oversampling=factors,
        survey=wanted.survey,
        build_all=wanted.build_all,
        adaptive=wanted.adaptive,
    )


def in_words(wishes: Wishes) -> str:
    """What is asked beside the recall: 'least time, p95 ≤ 2 ms'; '' for the least RAM without a limit."""
    return ", ".join(_parts(wishes))


def _parts(wishes: Wishes) -> Iterator[str]:
    if wishes.minimise != "ram":
        yield dict(LEAST).get(wishes.minimise, wishes.minimise).removeprefix("the ")
    if wishes.p95_ms is not None:
        yield f"p95 ≤ {wishes.p95_ms:g} ms"
    for what, limit in (("RAM", wishes.ram_bytes), ("disk", wishes.disk_bytes)):
        if limit is not None:
            yield f"{what} ≤ {units.size(limit)}"


def _as_typed(limit: float | None) -> str:
    return "" if limit is None else units.size(limit) if units.bytes_of(units.size(limit)) == limit else f"{limit:.0f}"


def _millis(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text.strip().removesuffix("ms").replace(",", "."))
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise UsageError("p95: milliseconds, as 2.5, or nothing for no limit")
    return value


def _queries(text: str) -> int:
    line = text.strip().replace(",", "")
    if not (line.isascii() and line.isdecimal() and len(line) < 10):
        raise UsageError("ask each: a number of queries, or nothing")
    return int(line)


def _size(text: str, label: str) -> float | None:
    if not text.strip():
        return None
    found = units.bytes_of(text)
    if found is None:
        raise UsageError(f"{label}: bytes, as 512 MiB or 2 GiB, or nothing for no limit")
    return found
