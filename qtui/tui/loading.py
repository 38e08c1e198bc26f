"""How far each collection of a load or of a change is: events folded into rows, and the rows drawn. No widget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rich.text import Text

from qtui import servertext, units
from qtui.events import BuildDone, CollectionFailed, Event, Progress, Waiting
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, BAD, DIM, GOOD, KEY, WARN

SIGNS = {
    "waiting": ("·", DIM),
    "embedding": ("▲", ACCENT),
    "loading": ("▲", ACCENT),
    "indexing": ("▲", ACCENT),
    "changing": ("▲", ACCENT),
    "ready": ("✓", GOOD),
    "failed": ("✗", BAD),
    "partial": ("◐", WARN),
}
RUNNING = frozenset({"embedding", "loading", "indexing", "changing"})
_BAR, _STATE = 14, 9
_ROOMY = 90


@dataclass(frozen=True, slots=True)
class Row:
    """One collection."""

    collection: str
    state: str = "waiting"
    """One of SIGNS."""
    done: int = 0
    total: int | None = None
    remaining_s: float | None = None
    since: float = 0.0
    """When it came into this state, on the caller's clock, in seconds."""
    estimate_s: float | None = None
    """For the whole of it."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """All collections of one operation, in their order."""

    title: str
    rows: tuple[Row, ...]
    over: bool = False
    resumes: bool = False
    """It is over, and one key goes on with it."""

    @property
    def ready(self) -> int:
        """How many are done."""
        return sum(row.state == "ready" for row in self.rows)

    @property
    def failed(self) -> tuple[Row, ...]:
        """Those that could not be built."""
        return tuple(row for row in self.rows if row.state == "failed")


def started(title: str, collections: Iterable[tuple[str, float | None]]) -> Work:
    """Work that has just been asked for: each collection with the seconds that it is estimated to take."""
    return Work(title, tuple(Row(name, estimate_s=seconds) for name, seconds in collections))


def left(work: Work, statuses: Mapping[str, str]) -> Work:
    """The same work as an app that is gone left it, by the status of each collection that is there."""
    states = {name: "partial" if status == "partial" else "ready" for name, status in statuses.items()}
    rows = tuple(replace(row, state=states.get(row.collection, "waiting")) for row in work.rows)
    return replace(work, rows=rows, over=True, resumes=True)


def after(work: Work, event: Event, now: float) -> Work:
    """The work after an event, at `now` seconds."""
    match event:
        case Progress(stage="model" | "embed" | "load" as stage):
            state = "loading" if stage == "load" else "embedding"
            return _with(
                work, event.about, now, state, done=event.done, total=event.total, remaining_s=event.remaining_s
            )
        case Progress(stage="index"):
            return _with(work, event.about, now, "indexing", remaining_s=None)
        case BuildDone(collection=name, points=points, load_seconds=load, index_seconds=index):
            took = f", loaded {units.duration(load)}, indexed {units.duration(index)}" if load or index else " already"
            return _with(work, name, now, "ready", note=f"{units.count(points)} points{took}")
        case CollectionFailed(collection=name, error=error):
            return _with(work, name, now, "failed", note=error)
        case Waiting():
            return waiting(work, servertext.waiting_briefly(event))
        case _:
            return work


def waiting(work: Work, why: str) -> Work:
    """What is under way waits for a server, with words for it; '' once it goes on."""
    return replace(work, rows=tuple(replace(row, note=why) if row.state in RUNNING else row for row in work.rows))


def changing(work: Work, now: float) -> Work:
    """A change in place has begun: the engine tells nothing until it is done."""
    return replace(work, rows=tuple(replace(row, state="changing", since=now) for row in work.rows))


def ended(work: Work, *, error: str | None = None, resumes: bool = False) -> Work:
    """The work when nothing runs any more: what was under way is partial, or failed when there is an error.

    An error that came between two collections is the next one's; those behind it still wait.
    """
    rows = [_left(row, error) for row in work.rows]
    if error and not any(row.state == "failed" for row in rows):
        at = next((at for at, row in enumerate(rows) if row.state == "waiting"), None)
        rows = [replace(row, state="failed", note=error) if number == at else row for number, row in enumerate(rows)]
    whole = all(row.state == "ready" for row in rows)
    return replace(work, rows=tuple(rows), over=True, resumes=resumes and not whole)


def _left(row: Row, error: str | None) -> Row:
    if row.state not in RUNNING:
        return row
    if error:
        return replace(row, state="failed", note=error)
    # of embeddings no collection is made yet, and the cache keeps them
    state = "waiting" if row.state == "embedding" else "partial"
    return replace(row, state=state, note="kept as it is")


def _with(work: Work, name: str, now: float, state: str, **more: object) -> Work:
    def renewed(row: Row) -> Row:
        since = row.since if row.state == state else now
        return replace(row, **{"state": state, "since": since, "note": "", **more})  # type: ignore[arg-type]  # the fields of a row

    return replace(work, rows=tuple(renewed(row) if row.collection == name else row for row in work.rows))


def drawn(work: Work, now: float, width: int, height: int, cancels: str = "Esc", resumes: str = "u") -> Text:
    """The title and as many rows as fit, those that run always among them; with the keys that end it and go on."""
    lines = [_title(work, width, cancels, resumes)]
    lines += [_row(row, now, width, _name_width(work, width)) for row in _window(work.rows, height - 1)]
    return Text("\n").join(lines)


def _title(work: Work, width: int, cancels: str, resumes: str) -> Text:
    whole = work.ready == len(work.rows)
    sign, style = SIGNS["loading" if not work.over else "failed" if work.failed else "ready" if whole else "partial"]
    stops = " cancels, keeps what is finished" if width >= _ROOMY else " cancels"
    tail = Text.assemble((cancels, KEY), (" closes this" if work.over else stops, DIM))
    if work.resumes:
        tail = Text.assemble((resumes, KEY), (" goes on  ", DIM), tail)
    count = f"  {work.ready} of {len(work.rows)} ready" if len(work.rows) > 1 else ""
    title = fitted(work.title, max(10, width - tail.cell_len - len(count) - 5))
    head = Text.assemble((f"{sign} ", style), title, (count, DIM))
    return head + Text(" " * max(2, width - head.cell_len - tail.cell_len)) + tail


def _name_width(work: Work, width: int) -> int:
    longest = max((Text(clean(row.collection)).cell_len for row in work.rows), default=0)
    return min(longest, max(12, width - _STATE - _BAR - 26))


def _window(rows: tuple[Row, ...], height: int) -> tuple[Row, ...]:
    """At most `height` rows that hold the first one that is not done."""
    at = next((index for index, row in enumerate(rows) if row.state in RUNNING or row.state == "waiting"), 0)
    first = max(0, min(at - 1, len(rows) - height))
    return rows[first : first + max(1, height)]


def _row(row: Row, now: float, width: int, name_width: int) -> Text:
    sign, style = SIGNS[row.state]
    name = fitted(row.collection, name_width)
    pad = " " * (name_width - Text(name).cell_len)
    line = Text.assemble(f"  {sign} ", name, pad, f"  {row.state:<{_STATE}} ", style="")
    line.stylize(style, 2, 3)
    return line.append_text(_about(row, now, width - line.cell_len))


def _about(row: Row, now: float, room: int) -> Text:
    if row.state in RUNNING and row.note:
        return Text(fitted(row.note, max(8, room)), WARN)
    if row.state == "waiting":
        return Text(f"est {units.duration(max(0.1, row.estimate_s))}" if row.estimate_s else "", DIM)
    if row.state == "loading" or (row.state == "embedding" and row.total):
        share = row.done / row.total if row.total else 0.0
        filled = "━" * round(min(1.0, share) * _BAR)
        left = f"  {units.duration(row.remaining_s)} left" if row.remaining_s is not None else ""
        return Text.assemble((filled, ACCENT), ("░" * (_BAR - len(filled)), DIM), f" {share:4.0%}{left}")
    if row.state == "embedding":
        return Text(f"the model loads, {max(0.0, now - row.since):.0f} s")
    if row.state in RUNNING:
        whole = f"  of {units.duration(row.estimate_s)} est" if row.estimate_s else ""
        return Text.assemble(f"{max(0.0, now - row.since):.0f} s", (whole, DIM))
    return Text(fitted(row.note, max(8, room)), BAD if row.state == "failed" else DIM)
