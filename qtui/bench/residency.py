"""What search keeps in memory, and what rescoring reads from disk: measured after the latencies, on its own.

For each variant the collection is closed, its pages are dropped and it is loaded again; then its bytes are taken,
every query is asked once, and its bytes are taken again. What the search brought in is the difference: pages resident
by mincore, and the heap. What came from disk meanwhile is the process's own count. Then some queries are asked alone,
each after such an emptying: what one search reads when nothing of an earlier one is left, as under a memory cap that
leaves originals no room. Where a control group may be made (`cap`), queries are asked under a real one, too. No figure
of time is made here, and no time of it goes into another.

Where the page cache can't be emptied or asked, nothing is measured, and a warning says why.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qtui import units
from qtui.bench import cap
from qtui.bench.measure import Ask, run_block
from qtui.bench.running import ask_of
from qtui.bench.state import RunState, Stage
from qtui.engine.base import Engine
from qtui.events import Event
from qtui.model import Bytes, Change, Placement, Quantization, SearchSettings
from qtui.records import Residency

ALONE = 3
"""Queries that are asked alone."""
CAP_SHARE = 10
"""What part of the originals has room under a cap: one in so many."""
MOST_READ = 4 * 2**30
"""Bytes that searches under a cap may read from disk, by what one reads alone: a scan reads all of the originals."""
_IO = Path("/proc/self/io")
_UNCAPPED = "what rescoring reads under a memory cap was not measured: {}; what one search reads alone stands for it"


@dataclass(frozen=True, slots=True)
class _Turn:
    """One variant to look at: its measurement, and where its quantized vectors are to be (None: as configured)."""

    measurement: int
    placement: Placement | None = None


async def watch(state: RunState, engine: Engine) -> AsyncGenerator[Event, None]:
    """Looks at every variant but controls, at the least hnsw_ef and concurrency; keeps what it finds in the state."""
    found: list[Residency] = []
    turns = _turns(state)
    stage = Stage(state.clock, "measure", "memory", len(turns))
    placed: dict[str, Placement | None] = {}
    for done, turn in enumerate(turns):
        yield stage.tell(done)
        collection = state.collection_names[state.cells[turn.measurement].method]
        if turn.placement is not None and placed.get(collection) != turn.placement:
            await _place(state, engine, turn)
            placed[collection] = turn.placement
        seen = await _look(state, engine, turn)
        if seen is not None and turn.placement is None:
            seen, why = await _capped(state, engine, seen)
            for event in state.warn("memory-not-capped", why) if why else ():
                yield event
        if seen is None:
            for event in state.warn("memory-not-measured", _why(engine)):
                yield event
            return
        found.append(seen)
        state.residency = tuple(found)
    yield stage.tell(len(turns))


def _turns(state: RunState) -> list[_Turn]:
    """As configured first, every variant; then, where that is asked, each placement of the quantized vectors."""
    cells = [(index, cell) for index, cell in enumerate(state.cells) if not cell.is_control]
    if not cells:
        return []
    efs, levels = [cell.search.hnsw_ef or 0 for _, cell in cells], [cell.concurrency for _, cell in cells]
    usable = [
        index
        for index, cell in cells
        if (cell.search.hnsw_ef or 0, cell.concurrency) == (min(efs), min(levels))
        and cell.method in state.targets
        and state.targets[cell.method].can_measure(cell.search)
    ]
    turns = [_Turn(index) for index in usable]
    if state.request.placements:
        for method in dict.fromkeys(state.cells[index].method for index in usable):
            own = [index for index in usable if state.cells[index].method == method and method != "none"]
            turns += [_Turn(index, placement) for placement in Placement for index in _ends(state, own)]
    return turns


def _ends(state: RunState, own: list[int]) -> list[int]:
    """Of one method's variants the one that touches least and the one that touches most: the others lie between."""
    ordered = sorted(own, key=lambda index: _touched(state.cells[index].search))
    return list(dict.fromkeys((*ordered[:1], *ordered[-1:])))


def _touched(search: SearchSettings) -> float:
    return (search.oversampling or 1.0) if search.rescore else 0.0


async def _place(state: RunState, engine: Engine, turn: _Turn) -> None:
    """Rebuilds a temporary collection with its quantized vectors elsewhere."""
    cell = state.cells[turn.measurement]
    target = state.targets[cell.method]
    view = await engine.view(target.name)
    now = view.vector(target.using).spec.quantization or Quantization(cell.method)
    change = Change(quantization=replace(now, always_ram=None, placement=turn.placement))
    await engine.reconfigure(target.name, change, target.using)


async def _look(state: RunState, engine: Engine, turn: _Turn) -> Residency | None:
    """None where it can't be told here."""
    ask = ask_of(state, state.cells[turn.measurement])
    if not await engine.evict(ask.collection):
        return None
    loaded = (await engine.view(ask.collection)).memory
    if loaded["originals"].cached is None:
        return None
    before = read_bytes()
    await _ask(state, engine, ask, range(len(state.queries)))
    read = _since(before)
    searched = (await engine.view(ask.collection)).memory
    alone = await _alone(state, engine, ask)
    return Residency(
        measurement=turn.measurement,
        placement=None if turn.placement is None else turn.placement.value,
        queries=len(state.queries),
        loaded=_parts(loaded),
        searched=_parts(searched),
        read_bytes=read,
        alone_queries=len(alone),
        alone_read_bytes=sum(alone) / len(alone) if alone else None,
    )


async def _alone(state: RunState, engine: Engine, ask: Ask) -> list[int]:
    """Bytes that each of a few searches read from disk, nothing being in memory but what loading brings."""
    found = []
    for query in range(min(ALONE, len(state.queries))):
        await engine.evict(ask.collection)
        before = read_bytes()
        await _ask(state, engine, ask, range(query, query + 1))
        read = _since(before)
        if read is not None:
            found.append(read)
    return found


def cap_of(originals: int | None) -> int | str:
    """Bytes that a cap leaves: a tenth of the originals; or why they are too few for one."""
    limit = (originals or 0) // CAP_SHARE
    if limit < cap.LEAST:
        least = units.size(cap.LEAST * CAP_SHARE)
        return f"a tenth of the originals is too small a cap: they are {units.size(originals)}, {least} is the least"
    return limit


async def _capped(state: RunState, engine: Engine, seen: Residency) -> tuple[Residency, str]:
    """With what queries read under a cap once they were asked: what found no room; why not, where there is none."""
    ask = ask_of(state, state.cells[seen.measurement])
    where, limit = cap.groups(), cap_of(seen.loaded["originals"].disk)
    if isinstance(where, str) or isinstance(limit, str):
        return seen, _UNCAPPED.format(where if isinstance(where, str) else limit)
    span = range(queries_under_cap(len(state.queries), seen.alone_read_bytes))
    await engine.evict(ask.collection)
    try:
        with cap.capped(where, limit):
            await _ask(state, engine, ask, span)
            before = read_bytes()
            await _ask(state, engine, ask, span)
            return replace(seen, cap_bytes=limit, capped_read_bytes=_since(before), capped_queries=len(span)), ""
    except OSError as error:
        return seen, _UNCAPPED.format(f"the system refused it ({error.strerror or type(error).__name__})")


def queries_under_cap(queries: int, alone: float | None) -> int:
    """How many are asked there, twice each; `alone`: bytes that one reads where nothing is in memory."""
    return max(1, min(queries, int(MOST_READ / (2 * alone)))) if alone else queries


async def _ask(state: RunState, engine: Engine, ask: Ask, span: range) -> None:
    await run_block(engine, ask, state.queries, span, concurrency=1, rate=None, clock=state.clock)


def read_bytes() -> int | None:
    """Bytes that this process made the system read from storage so far; None where the system doesn't count them."""
    with suppress(OSError, ValueError):
        for line in _IO.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "read_bytes":
                return int(value)
    return None


def _since(before: int | None) -> int | None:
    now = read_bytes()
    return None if before is None or now is None else now - before


def _parts(memory: dict[str, Bytes]) -> dict[str, Bytes]:
    """The components that a search touches."""
    names: Sequence[str] = ("originals", "quantized", "graph")
    return {name: memory.get(name, Bytes()) for name in names}


def _why(engine: Engine) -> str:
    if engine.info.kind != "embedded":
        return "memory during search was not measured: a server's page cache can't be emptied from here"
    reason = "the page cache can be emptied and looked at on Linux only"
    return f"memory during search was not measured: {reason}{'' if sys.platform != 'linux' else ', and not here'}"
