"""The prose of a report: what the data set is, the key questions answered, a text to share. Pure.

Every number in a sentence is a figure with its origin; sentences that the record holds are given as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.deliverable.figures import DISTANCE_SPEEDUP, speed_of
from qtui.bench.deliverable.memory import hot
from qtui.bench.deliverable.parts import Bullets, Line, Part
from qtui.bench.deliverable.reading import Method, Reading
from qtui.bench.warnings import search_name
from qtui.cost import on_disk, ram_source, saves_ram
from qtui.methods import METHODS
from qtui.plain import plain

_CHEAP_RESCORE = 1.1
_MUCH = 0.05
_LITTLE = 0.005
"""Of recall, more of which isn't worth a larger factor."""


def domain(reading: Reading) -> tuple[Part, ...]:
    """What was searched, and why quantization matters there."""
    facts, data = reading.facts, reading.record.dataset
    what = "multivectors" if data.multivector else "vectors"
    lines = [
        (f"Content: {plain(data.source)}",),
        facts.line(
            "Size: ", ("dataset.points", "count"), f" points, {what} of ", ("dataset.dimension", "whole"),
            f" dimensions, {data.distance}",
        ),
        facts.line("Queries: ", ("dataset.queries", "count"), f", {_origin(data.query_origin)}"),
    ]  # fmt: skip
    if data.filter:
        lines.append((f"Filter: {plain(data.filter)}",))
    lines += _why(reading)
    return (Bullets(tuple(lines)),)


def _origin(origin: str) -> str:
    return {
        "held-out": "drawn from the vectors and kept out of the collections",
        "collection": "points of the collection, each left out of its own answer",
        "file": "from a file",
    }[origin]


def _why(reading: Reading) -> list[Line]:
    record = reading.record
    none = next((index for index, held in enumerate(record.collections) if held.method == "none"), None)
    sized = [
        (held, index)
        for index, held in enumerate(record.collections)
        if held.bytes_per_vector.quantized and on_disk(held)
    ]
    if none is None or not sized:
        return []
    _, least = min(sized, key=lambda pair: pair[0].bytes_per_vector.quantized or 0.0)
    return [
        reading.facts.line(
            "Why quantization matters: float vectors and their graph want ", (ram_source(record, none), "size"),
            f" of RAM; {plain(record.collections[least].method)}, the smallest measured, ",
            (ram_source(record, least), "size"),
        )
    ]  # fmt: skip


# --- the key questions --------------------------------------------------------------------------------------------


def insights(reading: Reading) -> tuple[Part, ...]:
    """The questions that an optimisation has to answer, answered from the data."""
    return (
        Bullets(
            (
                _which(reading),
                *(_oversampling(reading, method) for method in reading.methods if len(method.factors) > 1),
                *_saved(reading),
                *_against_theory(reading),
            )
        ),
    )


def _which(reading: Reading) -> Line:
    best = reading.record.recommendation
    if best is None:
        return ("Which method: none could be recommended, see above.",)
    if best.method == "none" or reading.best is None or reading.none is None:
        return (f"Which method: {plain(best.method)}: nothing smaller keeps the target; see the reasons above",)
    at, base = f"measurements[{reading.best}]", f"measurements[{reading.none}]"
    return reading.facts.line(
        f"Which method, and why: {best.method} ({search_name(best.search)}): recall ", (f"{at}.recall.mean", "share"),
        " against ", (f"{base}.recall.mean", "share"), " of none, in ", (f"{at}.engine_ms.mean", "ms"),
        " ms against ", (f"{base}.engine_ms.mean", "ms"), " ms on average; the reasons stand above",
    )  # fmt: skip


def _oversampling(reading: Reading, method: Method) -> Line:
    (low, first), (high, last) = method.factors[0], method.factors[-1]
    one, two = f"measurements[{first}]", f"measurements[{last}]"
    words: list[str | tuple[str, str]] = [
        f"How oversampling moved the trade-off, {method.name}: from ", _factor(reading, first, low), " to ",
        _factor(reading, last, high), " recall went ", (f"{one}.recall.mean", "share"), " → ",
        (f"{two}.recall.mean", "share"), " and engine p50 ", (f"{one}.engine_ms.p50", "ms"), " → ",
        (f"{two}.engine_ms.p50", "ms"), " ms",
    ]  # fmt: skip
    enough = _enough(reading, method)
    if enough is not None and enough < high:
        words += ["; ", _factor(reading, dict(method.factors)[enough], enough)]
        words.append(f" is enough: more gains less than {_LITTLE:g} of recall")
    return reading.facts.line(*words)


def _factor(reading: Reading, index: int, factor: float) -> str | tuple[str, str]:
    """A factor by its name in the record; 1 where none was sent."""
    sent = reading.of(index).search.oversampling is not None
    return (f"measurements[{index}].search.oversampling", "number") if sent else f"{factor:g}"


def _enough(reading: Reading, method: Method) -> float | None:
    """The least factor that has about the best recall; None without recall."""
    recalls = [(factor, found) for factor, index in method.factors if (found := reading.recall(index)) is not None]
    most = max((found for _, found in recalls), default=None)
    return None if most is None else next(factor for factor, found in recalls if found >= most - _LITTLE)


def _saved(reading: Reading) -> Iterator[Line]:
    record, best = reading.record, reading.record.recommendation
    none = next((index for index, held in enumerate(record.collections) if held.method == "none"), None)
    if best is None or none is None or best.method == "none":
        return
    own = next((index for index, held in enumerate(record.collections) if held.method == best.method), None)
    if own is None:
        return
    before, after = ram_source(record, none), ram_source(record, own)
    if not on_disk(record.collections[own]):
        yield reading.facts.line(
            "What RAM it saves: none, it takes ", (f"({after}) - ({before})", "size"), " more than the ",
            (before, "size"), " of vectors and graph: the originals are in RAM too; left on disk, they would save it",
        )  # fmt: skip
        return
    words: list[str | tuple[str, str]] = [
        "What RAM it saves: ", (f"({before}) - ({after})", "size"), " of ", (before, "size"), " (",
        (f"1 - ({after}) / ({before})", "percent"), ") of vectors and graph; the originals stay on disk, ",
        "where the files take ", (f"collections[{own}].memory.quantized.disk", "size"), " more",
    ]  # fmt: skip
    if (measured := hot(reading)) is not None:
        words += ["; of vectors alone, during this run's searches, ", (measured[1], "size"), " were hot instead of "]
        words += [(measured[0], "size"), " (see Memory)"]
    yield reading.facts.line(*words)


def _against_theory(reading: Reading) -> Iterator[Line]:
    for method in reading.methods:
        if method.collection is None:
            continue
        bits, advertised, speed = (
            METHODS[method.name].bits,
            DISTANCE_SPEEDUP.get(method.name),
            speed_of(reading, method),
        )
        words: list[str | tuple[str, str]] = [
            f"Against the theoretical maximum, {method.name}: ",
            (f"collections[{method.collection}].compression.measured", "ratio"),
            " smaller of ", (f"32 / {bits:g}", "ratio"),
        ]  # fmt: skip
        if speed is not None:
            words += [", ", (speed, "times"), " the speed"]
            words += ["; ", (f"{advertised}", "ratio"), " is advertised for comparing alone"] if advertised else []
        yield reading.facts.line(*words)


# --- to share -----------------------------------------------------------------------------------------------------


def share(reading: Reading) -> tuple[Part, ...]:
    """A few lines to post."""
    record, best = reading.record, reading.record.recommendation
    data = record.dataset
    lines = [
        reading.facts.line(
            f"Domain: I optimised search over {data.source} (", ("dataset.points", "count"), " points, ",
            ("dataset.dimension", "whole"), " dimensions) with quantization",
        )
    ]  # fmt: skip
    if best is not None:
        asked = search_name(best.search) or "as it is"
        lines.append((f"Winner: {plain(best.method)}, {asked}",))
    else:
        lines.append(("Winner: none could be recommended",))
    if reading.best is not None and reading.none is not None and reading.best != reading.none:
        at, base = f"measurements[{reading.best}]", f"measurements[{reading.none}]"
        lines.append(
            reading.facts.line(
                "Performance: ", (f"{base}.engine_ms.mean / {at}.engine_ms.mean", "times"),
                " the speed of float32 with ",
                (f"{at}.recall.mean / {base}.recall.mean", "percent"), " of its accuracy", *_shrunk(reading),
            )
        )  # fmt: skip
    return (Bullets((*lines, surprise(reading))),)


def _shrunk(reading: Reading) -> Iterator[str | tuple[str, str]]:
    """How much smaller vectors got in RAM, where the originals aren't in it."""
    best = reading.record.recommendation
    if best is not None and best.compression is not None and saves_ram(reading.record):
        yield from (", ", ("recommendation.compression", "ratio"), " smaller vectors in RAM")


def surprise(reading: Reading) -> Line:
    """The finding that is furthest from what one expects."""
    found = sorted(_surprises(reading), key=lambda each: -each[0])
    return found[0][1] if found else ("Surprise: none that stands out",)


def _surprises(reading: Reading) -> Iterator[tuple[float, Line]]:
    """Weight and sentence; weights are how far a ratio is from what was to be expected."""
    none_ms, none_recall = reading.mean(reading.none), reading.recall(reading.none)
    for method in reading.methods:
        off, on = method.off, method.on
        if off is not None and none_ms and (slow := reading.mean(off)) and slow > none_ms:
            yield slow / none_ms - 1, _surprise_slow(reading, method, off)
        if off is not None and on is not None and (gain := _gain(reading, off, on)) > _MUCH:
            yield gain, _surprise_gain(reading, method, off, on)
        bits = METHODS[method.name].bits
        if off is not None and none_recall and bits <= 4 and (reading.recall(off) or 0.0) > 0.99 * none_recall:
            yield 4 / bits * 0.1, _surprise_good(reading, method, off)


def _gain(reading: Reading, off: int, on: int) -> float:
    """What rescoring adds to recall where it costs next to nothing, else 0."""
    slow, fast = reading.p50(on), reading.p50(off)  # an average may go down, by a few slow searches without
    if not slow or not fast or slow / fast > _CHEAP_RESCORE:
        return 0.0
    return (reading.recall(on) or 0.0) - (reading.recall(off) or 0.0)


def _surprise_slow(reading: Reading, method: Method, off: int) -> Line:
    return reading.facts.line(
        f"Surprise: {method.name} was slower than float32 here: ", (f"measurements[{off}].engine_ms.mean", "ms"),
        " ms against ", (f"measurements[{reading.none}].engine_ms.mean", "ms"), " ms; it saves memory, not time",
    )  # fmt: skip


def _surprise_gain(reading: Reading, method: Method, off: int, on: int) -> Line:
    one, two = f"measurements[{off}]", f"measurements[{on}]"
    return reading.facts.line(
        f"Surprise: rescoring took {method.name} from ", (f"{one}.recall.mean", "share"), " to ",
        (f"{two}.recall.mean", "share"), " recall at next to no cost: engine p50 ", (f"{one}.engine_ms.p50", "ms"),
        " → ", (f"{two}.engine_ms.p50", "ms"), " ms",
    )  # fmt: skip


def _surprise_good(reading: Reading, method: Method, off: int) -> Line:
    return reading.facts.line(
        f"Surprise: {method.name} keeps ", (f"measurements[{off}].recall.mean", "share"),
        " recall without any rescoring, at ", (f"collections[{method.collection}].compression.measured", "ratio"),
        " smaller vectors",
    )  # fmt: skip
