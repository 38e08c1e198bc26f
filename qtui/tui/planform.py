"""The plan editor's texts made into a request, with one line for the first thing that is wrong. No widget."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from qtui import estimate, units
from qtui.errors import UsageError
from qtui.filters import parse_filter
from qtui.loads import BuildSpec, SourceFacts, SourceSpec
from qtui.model import CollectionView, Distance
from qtui.plan import DEFAULT_PACE, DEFAULT_QUERIES, DEFAULT_SAMPLE, BenchRequest, Live, Variant, check, variants
from qtui.tui.fold import RunState
from qtui.tui.planwhat import file_of, what_of
from qtui.tui.typed import DEFAULT_SHAPE, number, numbers, whole, wholes

WITH_OTHERS = {".hdf5", ".h5"}
"""Files that hold queries beside the vectors: their rows say nothing of how many are asked."""
MOST_WARMUP = 200
"""Uncounted searches of each variant, at most."""
GRAPH_MS, SCAN_MS = 0.4, 165e-6
"""A search of 384 components through a graph, and a vector of a full scan; measured on 2 cores."""
_FLAGS = {
    "--oversampling": "oversampling",
    "--hnsw-ef": "hnsw_ef",
    "--limit": "k",
    "--repeat": "repeat",
    "--queries": "queries",
    "--rescore": "rescore",
    "--vectors": "source",
    "--concurrency": "in flight",
    "--rate": "rate",
    "--target-recall": "keep recall",
    "--hnsw-m": "hnsw_m",
    "--ef-construct": "ef_construct",
    "--sample": "points",
    "--pace": "at most",
    "--processes": "clients",
}


@dataclass(frozen=True, slots=True)
class PlanText:
    """The editor's controls as they stand."""

    kind: str
    """sample, documents, file, synthetic, collection, part (a sample of one, tried elsewhere), or copies of one."""
    path: str
    collection: str
    methods: tuple[str, ...]
    rescore_on: bool
    rescore_off: bool
    oversampling: str
    queries: str
    repeat: str
    limit: str
    hnsw_ef: str
    exact: bool
    ignore: bool
    truth: str = ""
    filter: str = ""
    distance: str = ""
    """'' is what the file says, else cosine."""
    vector_name: str = ""
    hnsw_m: str = ""
    ef_construct: str = "100"
    concurrency: str = "1"
    rate: str = ""
    seed: str = "0"
    target: str = "0.95"
    cold: bool = False
    in_ram: bool = False
    keep: bool = False
    points: str = str(DEFAULT_SAMPLE)
    """Of a collection that is only tried: how many."""
    pace: str = ""
    """On a server: searches a second at most; '' is the load guard's own."""
    processes: str = ""
    """On a server: client processes that ask it together; '' is as many as help."""
    payload: str = ""
    """Beside a file of vectors: what a filter reads."""
    shape: str = DEFAULT_SHAPE
    """Synthetic vectors: how many, of how many dimensions."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the form: what a source holds, and how long searches took in the last run."""

    facts: SourceFacts | None = None
    about: str = ""
    """What the last run measured."""
    search_ms: Mapping[str, float] = field(default_factory=dict)
    """Method → mean round trip of its searches in that run."""
    queries: SourceFacts | None = None
    """What the file of queries holds."""


NOTHING = Known()


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with its size."""

    request: BenchRequest
    about: str
    beside: str = ""
    """Which collections are measured, where they are there already."""
    known: Known = NOTHING
    served: bool = False
    """Whether it is measured on a server."""

    @property
    def _cells(self) -> tuple[tuple[Variant, int], ...]:
        """The grid of one factor, one width of the graph search and one concurrency, and how often the plan has each.

        A key must not wait for thousands.
        """
        request = self.request
        each = replace(
            request,
            oversampling=request.oversampling[:1],
            hnsw_ef=request.hnsw_ef[:1],
            concurrency=request.concurrency[:1],
        )
        times, factors = len(request.hnsw_ef) * len(request.concurrency), len(request.oversampling)
        return tuple((cell, times * (1 if cell.search.oversampling is None else factors)) for cell in variants(each))

    @property
    def measurements(self) -> int:
        """How many variants the whole plan has."""
        return sum(times for _, times in self._cells)

    @property
    def _in_place(self) -> bool:
        return self.request.collection is not None and not self.request.live.locally

    @property
    def _built(self) -> tuple[str, ...]:
        """Methods that a collection is built for; of copies the first is the collection itself."""
        methods = self.request.methods
        return methods[1:] if self.request.live.copies else () if self._in_place else methods

    @property
    def _pace(self) -> float | None:
        """Searches a second that the load guard lets pass."""
        request = self.request
        if not (self.served and self._in_place) or request.rate is not None:
            return None
        if request.live.pace is not None:
            return request.live.pace or None
        return None if max(request.concurrency) > 1 else DEFAULT_PACE

    @property
    def _queries(self) -> int:
        """How many are asked; 0 while that isn't known of their file."""
        facts, asked = self.known.facts, self.known.queries
        if self.request.queries and facts is not None and facts.queries:
            return min(self.request.queries, facts.queries)
        return self.request.queries or (0 if asked is None else asked.rows)

    @property
    def summary(self) -> str:
        """How many measurements and searches it is, and how long it may take."""
        request = self.request
        count = self.measurements
        asked = f"{count:,} measurement{'' if count == 1 else 's'}"
        if self._queries:
            asked += f", {count * self._queries * request.repeat:,} searches"
        builds = len(self._built)
        built = f"{builds} collection{'' if builds == 1 else 's'} to build first" if builds else ""
        return "\n".join(line for line in (asked, self._read(), built, self.beside, self._load(), self._time()) if line)

    def _read(self) -> str:
        """What the file holds; of all else the form or the list of collections says it."""
        facts, source = self.known.facts, self.request.source
        if facts is None or source is None or source.kind != "file":
            return ""
        return f"the file holds {units.count(facts.rows)} × {facts.dimension}{' × M' if facts.multivector else ''}"

    def _load(self) -> str:
        """What a server will notice of it."""
        if not (self.served and self._in_place):
            return ""
        if self._pace is not None:
            return f"load guard: one at a time, at most {self._pace:g}/s"
        flight = max(self.request.concurrency)
        return f"no load guard: {flight} in flight; others on this server may notice"

    def _time(self) -> str:
        """By rates of the last run on the same data, else by formula; '' as long as the data isn't known."""
        facts = self.known.facts
        if facts is None:
            return ""
        measuring_s = self._measuring_s(facts)
        if not self._built:
            return "" if measuring_s is None else f"est {units.duration(measuring_s)} {self._by}"
        building_s = sum(
            estimate.build_seconds(
                name,
                facts.rows,
                facts.dimension,
                graph=self._m(facts) > 0,
                tokens=facts.vectors if facts.multivector else None,
            )
            for name in self._built
        )
        if measuring_s is None:
            return f"est {units.duration(building_s)} to build {units.count(facts.rows)} × {facts.dimension}"
        whole, building = units.duration(building_s + measuring_s), units.duration(building_s)
        return f"est {whole}, build {building} {self._by}"

    def _m(self, facts: SourceFacts) -> int:
        asked = self.request.build.hnsw_m
        return asked if asked is not None else 0 if facts.multivector else 16

    @property
    def _by(self) -> str:
        if self._measured:
            return "(as last run)"
        return "(local rates)" if self.served and self._in_place else "(by formula)"

    @property
    def _measured(self) -> bool:
        return self.known.about == self.about and all(name in self.known.search_ms for name in self.request.methods)

    def _measuring_s(self, facts: SourceFacts) -> float | None:
        request = self.request
        if not self._queries:
            return None
        searches = self._queries * request.repeat + min(self._queries, MOST_WARMUP)
        wide = facts.dimension / estimate.MEASURED_DIMENSION
        scan_ms = SCAN_MS * max(facts.rows, facts.vectors) * wide
        graph_ms = GRAPH_MS * wide if self._m(facts) else scan_ms
        total_ms = 0.0
        for cell, times in self._cells:
            known = self.known.search_ms.get(cell.method) if self._measured else None
            total_ms += times * (scan_ms if cell.search.exact else known if known is not None else graph_ms)
        seconds = total_ms * searches / 1000
        rate = request.rate or self._pace
        return seconds if rate is None else max(seconds, self.measurements * searches / rate)


def known_of(state: RunState, facts: SourceFacts | None) -> Known:
    """What a run teaches about the next one on the same data."""
    times: dict[str, list[float]] = {}
    for found in state.measured.values():
        if found.round_trip_ms is not None and not found.search.exact and found.concurrency == 1:
            times.setdefault(found.method, []).append(found.round_trip_ms.mean)
    return Known(facts, state.about, {method: sum(each) / len(each) for method, each in times.items()})


def read(text: PlanText, views: tuple[CollectionView, ...], known: Known = NOTHING) -> Plan:
    """The plan that the controls describe. Raises UsageError with a line for the user."""
    what = what_of(text, views)
    rescore = tuple(value for value, on in ((True, text.rescore_on), (False, text.rescore_off)) if on)
    queries_file, queries = _queries(text.queries)
    if text.filter.strip():
        parse_filter(text.filter)
    request = BenchRequest(
        source=what.source,
        collection=what.collection,
        queries_file=queries_file,
        queries=queries,
        truth_file=str(file_of(text.truth, "truth")) if text.truth.strip() else None,
        methods=what.methods,
        rescore=rescore,
        oversampling=tuple(numbers(text.oversampling, "oversampling")) if text.rescore_on else (),
        repeat=whole(text.repeat, "repeat"),
        limit=whole(text.limit, "k"),
        hnsw_ef=wholes(text.hnsw_ef, "hnsw_ef"),
        exact=text.exact,
        ignore=text.ignore,
        build=_build(text, known),
        filter=text.filter.strip() or None,
        concurrency=wholes(text.concurrency, "in flight"),
        rate=number(text.rate, "rate", whole=False) if text.rate.strip() else None,
        cold=text.cold,
        seed=whole(text.seed, "seed"),
        keep=text.keep and text.kind != "collection",
        target_recall=number(text.target, "keep recall", whole=False),
        live=_live(text),
    )
    try:
        check(request)
    except UsageError as error:
        raise UsageError(_in_form_words(error.text)) from None
    if request.seed < 0:
        raise UsageError("seed: 0 or more")
    facts = what.facts or known.facts
    if facts is not None:
        _check_queries(request, facts, known.queries)
    served = any(view.name == what.collection and view.served is not None for view in views)
    return Plan(request, what.about, what.beside, replace(known, facts=facts), served)


def queries_of(typed: str) -> SourceSpec | None:
    """The file of queries that is typed; None for a number, while there is no such file, or where it holds more."""
    with suppress(UsageError):
        path, _ = _queries(typed)
        return None if path is None or Path(path).suffix in WITH_OTHERS else SourceSpec(kind="file", path=path)
    return None


def _check_queries(request: BenchRequest, facts: SourceFacts, asked: SourceFacts | None) -> None:
    """Raises UsageError for queries that these vectors can't be asked, as far as that is known before any is read."""
    if request.queries_file is None:
        own = facts.queries or (request.source is not None and Path(request.source.path or "").suffix in WITH_OTHERS)
        if request.queries >= facts.rows and not own:
            raise UsageError(f"queries: the data holds {facts.rows:,} in all; ask for fewer, or give a file of queries")
        if facts.queries and request.queries > max(facts.queries, DEFAULT_QUERIES):
            raise UsageError(f"queries: the data brings {facts.queries:,} of its own; ask for no more")
    elif asked is not None and asked.multivector != facts.multivector:
        what = "single vectors, the data multivectors" if facts.multivector else "multivectors, the data single vectors"
        raise UsageError(f"queries: the file holds {what}")
    elif asked is not None and asked.dimension != facts.dimension:
        raise UsageError(f"queries: {asked.dimension} components, the vectors have {facts.dimension}")


def _live(text: PlanText) -> Live:
    """How a collection that others use is treated."""
    pace = number(text.pace, "at most", whole=False) if text.pace.strip() else None
    processes = whole(text.processes, "clients") if text.processes.strip() else None
    if text.kind != "part":
        return Live(pace=pace, copies=text.kind == "copies", processes=processes)
    return Live(locally=True, sample=whole(text.points, "points"), pace=pace, processes=processes)


def _build(text: PlanText, known: Known) -> BuildSpec:
    """How collections are built; the distance is what the file says where none is chosen."""
    own = known.facts.distance if known.facts is not None else None
    return BuildSpec(
        distance=Distance(text.distance) if text.distance else own or Distance.COSINE,
        vector_name=text.vector_name.strip(),
        on_disk=not text.in_ram,
        hnsw_m=whole(text.hnsw_m, "hnsw_m") if text.hnsw_m.strip() else None,
        ef_construct=whole(text.ef_construct, "ef_construct"),
    )


def _queries(text: str) -> tuple[str | None, int]:
    """A number of queries to draw, or a file of them."""
    typed = text.strip()
    if typed.lstrip("+-").isdigit() or not typed or not set(typed) & set("./~"):
        return None, whole(typed, "queries")
    return str(file_of(typed, "queries")), 0


def _in_form_words(line: str) -> str:
    for flag, name in _FLAGS.items():
        line = line.replace(f"{flag} ", f"{name}: ", 1)
    return line
