"""`qtui bench`: measures methods and search settings, and prints the table or the run record."""

from __future__ import annotations

from argparse import Namespace
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtui import config, units
from qtui.commands import documents, live, options, paid, results, values
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import DataError, Exit, QtuiError, UsageError, shown
from qtui.methods import DEFAULT_METHODS
from qtui.plan import DEFAULT_QUERIES, BenchRequest, check
from qtui.wishes import MINIMISE, Wishes

if TYPE_CHECKING:
    from qtui.commands.progress import Watch
    from qtui.loads import SourceSpec
    from qtui.records import RunRecord


def options_text(numbers: tuple[float, ...]) -> str:
    """Numbers as they are typed: 1,2,3."""
    return ",".join(f"{number:g}" for number in numbers)


def declare(parser: Parser) -> None:
    """Declares what bench takes."""
    parser.describe(
        "Builds one collection per quantization method in a temporary store, measures\n"
        "each with and without rescoring against exact truth, and prints recall, latency\n"
        "and memory. Or measures a collection that is there.",
        usage="qtui bench (--vectors F | --collection NAME) [options]",
        examples=(
            "qtui bench --vectors sample",
            "qtui bench --vectors docs.npy --queries questions.npy --methods all",
            "qtui bench --vectors scans/ --model Qdrant/colmodernvbert --queries asked.txt",
            "qtui bench --collection glosses__scalar --json - | jq .measurements",
            "qtui bench --collection glosses --locally --sample 5000 --methods all",
        ),
    )
    declare_options(parser, BenchRequest())


def declare_options(parser: Parser, standard: BenchRequest) -> None:
    """What bench and tune take; the grid's defaults are those of `standard`."""
    _what(parser)
    live.declare(parser)
    _grid(parser, standard)
    options.add_build(parser.add_argument_group("how collections are built (with --vectors or --locally)"))
    _how(parser)
    _wishes(parser, standard)


def _what(parser: Parser) -> None:
    group = parser.add_argument_group("what is measured")
    options.add_source(group, required=False)
    group.add_argument(
        "--collection",
        metavar="NAME",
        help="a collection of the store, measured in place, with the NAME__METHOD that `load` made beside it",
    )
    group.add_argument(
        "--queries",
        metavar="F|N",
        help="file of queries, or how many to draw from the vectors and keep out of the collection"
        f" (default: {DEFAULT_QUERIES}, of the file's own where it has them). Of documents also .txt, a line a query,"
        " .jsonl or images: the same model embeds them",
    )
    documents.add_model(group)
    group.add_argument("--text-field", metavar="F", default="", help="field of .jsonl and .csv that is embedded")
    group.add_argument("--truth", metavar="F", help="file of exact neighbours, instead of computing them")
    group.add_argument("--filter", metavar="JSON", help="only points whose payload matches: Qdrant's JSON, or `a = b`")


def _grid(parser: Parser, standard: BenchRequest) -> None:
    group = parser.add_argument_group("the variants")
    options.add_methods(group)
    group.add_argument(
        "--rescore",
        type=values.switches,
        metavar="on,off",
        default=standard.rescore,
        help="with and without rescoring (default: on,off)",
    )
    group.add_argument(
        "--oversampling",
        type=values.reals(1, 1000),
        metavar="X,Y",
        default=standard.oversampling,
        help=f"factors, with rescoring (default: {options_text(standard.oversampling)})",
    )
    group.add_argument(
        "--hnsw-ef",
        type=values.wholes(1, 100_000),
        metavar="N,M",
        default=standard.hnsw_ef,
        help=f"width of the graph search (default: {options_text(standard.hnsw_ef)})",
    )
    group.add_argument(
        "--limit",
        type=values.whole(1, 100_000),
        metavar="K",
        default=standard.limit,
        help=f"neighbours asked for, the k of recall@k (default: {standard.limit})",
    )
    group.add_argument("--exact", action="store_true", help="also measure exact search, as a control")
    group.add_argument(
        "--ignore",
        action="store_true",
        help="also measure search that ignores the quantized vectors, and exact search: tells graph loss from"
        " quantization loss",
    )


def _how(parser: Parser) -> None:
    standard = BenchRequest()
    group = parser.add_argument_group("how it is measured")
    group.add_argument(
        "--concurrency",
        type=values.wholes(1, 256),
        metavar="N,M",
        default=standard.concurrency,
        help="searches in flight at once (default: 1)",
    )
    group.add_argument(
        "--rate",
        type=values.real(1e-3, 1e6),
        metavar="QPS",
        help="fixed arrivals a second; latency then counts from the scheduled time (default: closed loop)",
    )
    group.add_argument(
        "--repeat",
        type=values.whole(1, 10_000),
        metavar="N",
        default=standard.repeat,
        help=f"times that every query is asked (default: {standard.repeat})",
    )
    group.add_argument("--cold", action="store_true", help="first a pass with the page cache emptied")
    group.add_argument(
        "--memory", action="store_true", help="then also: what search keeps in memory, and rescoring reads from disk"
    )
    group.add_argument(
        "--placements",
        action="store_true",
        help="the same with the quantized vectors cold, cached and pinned; rebuilds each collection three times",
    )
    group.add_argument(
        "--seed",
        type=values.whole(0),
        metavar="N",
        default=standard.seed,
        help="of the queries that are drawn, and of the halves for advice (default: 0)",
    )
    group = parser.add_argument_group("results")
    group.add_argument(
        "--adaptive",
        action="store_true",
        help="then try oversampling chosen query by query, learned on half of the queries and judged on the other",
    )
    group.add_argument("--keep", action="store_true", help="keep the collections that were built, and say where")
    group.add_argument("--yes", action="store_true", help="don't ask before what takes minutes")
    group.add_argument("--json", metavar="F|-", help="write the run record to a file; `-`: to stdout, alone")
    results.declare(group)
    paid.declare(parser)


def _wishes(parser: Parser, standard: BenchRequest) -> None:
    group = parser.add_argument_group("what the recommended variant must keep")
    group.add_argument(
        "--target-recall",
        type=values.real(0.01, 1),
        metavar="R",
        default=standard.target_recall,
        help=f"recall, with the lower end of its 95% interval (default: {standard.target_recall:g})".replace("%", "%%"),
    )
    group.add_argument(
        "--max-p95", type=values.real(1e-6, 1e9), metavar="MS", help="engine p95, with the upper end of its interval"
    )
    group.add_argument(
        "--max-ram",
        type=values.size,
        metavar="SIZE",
        help="bytes of the vectors and the graph that a fast search needs in RAM, for all points: 512MiB, 2GiB",
    )
    group.add_argument("--max-disk", type=values.size, metavar="SIZE", help="bytes of the collection on disk")
    group.add_argument(
        "--minimise",
        choices=MINIMISE,
        default=standard.wishes.minimise,
        metavar="WHAT",
        help=f"what of it is to be least: {', '.join(MINIMISE)} (default: {standard.wishes.minimise})",
    )


def run(args: Namespace, console: Console) -> Exit:
    """Measures, and prints what came out."""
    return carry_out(make_request(args), args, console)


def carry_out(request: BenchRequest, args: Namespace, console: Console) -> Exit:
    """Measures what was asked for, prints it, and judges it."""
    check(request)
    live.server_for(request, args)
    results.writable("--json", args.json)
    wanted = results.prepare(args, request)
    from qtui.commands import embedding, waiting
    from qtui.commands.progress import Watch

    request = embedding.embedded(request, args, console)
    if request.source is not None or request.live.locally:
        request = _considered(request, args, console)

    watch = Watch(console)
    try:
        record = waiting.run(_measure(request, args, watch))
    except BaseException:
        console.farewell = _kept(watch.run_id, request)
        raise
    code = _report(record, args, console)
    return results.finish(record, wanted, console, alone=args.json == "-") or code


def make_request(args: Namespace) -> BenchRequest:
    """The request that the options make. Raises UsageError for what doesn't go together."""
    if (args.vectors is None) == (args.collection is None):
        raise UsageError("give either --vectors F or --collection NAME; `--vectors sample` needs no file")
    if args.collection is not None and args.payload is not None:
        raise UsageError("--payload goes with --vectors; a collection has its payload already")
    queries_file, queries = _queries(args.queries)
    methods = args.methods or DEFAULT_METHODS
    return BenchRequest(
        source=_source(args),
        collection=args.collection,
        queries_file=queries_file,
        queries=queries,
        truth_file=args.truth,
        methods=tuple(dict.fromkeys(("none", *methods))),
        rescore=args.rescore,
        oversampling=args.oversampling,
        hnsw_ef=args.hnsw_ef,
        exact=args.exact or args.ignore,
        ignore=args.ignore,
        limit=args.limit,
        build=options.build_spec(args),
        filter=args.filter,
        concurrency=args.concurrency,
        rate=args.rate,
        repeat=args.repeat,
        cold=args.cold,
        memory=args.memory,
        placements=args.placements,
        seed=args.seed,
        target_recall=args.target_recall,
        wishes=Wishes(args.max_p95, args.max_ram, args.max_disk, args.minimise),
        adaptive=args.adaptive,
        keep=args.keep,
        cost=paid.of(args),
        live=live.live_of(args),
    )


def _source(args: Namespace) -> SourceSpec | None:
    """Vectors, or documents that a model makes vectors of; None for a collection."""
    if args.vectors is not None and (args.model is not None or args.model_path is not None):
        return documents.source(args, (args.vectors,))
    if args.model is not None or args.model_path is not None or args.text_field:
        raise UsageError("--model, --model-path and --text-field go with documents: --vectors scans/ --model M")
    if args.vectors is None:
        return None
    if documents.are_meant(args.vectors):
        raise UsageError(
            f"{shown(args.vectors)} holds no vectors: images and texts need --model M, which makes vectors of them;"
            " 'qtui models' lists models"
        )
    return values.source(args.vectors, args.payload)


def _queries(text: str | None) -> tuple[str | None, int]:
    """A file, or how many to draw."""
    if text is None:
        return None, DEFAULT_QUERIES
    if text.lstrip("-").isdigit():
        if int(text) < 1:
            raise UsageError(f"--queries must be at least 1, not {text}")
        return None, int(text)
    return text, 0


def _considered(request: BenchRequest, args: Namespace, console: Console) -> BenchRequest:
    """Looks at what is measured: takes its distance where none was asked for, and asks before what takes minutes."""
    from qtui import estimate
    from qtui.commands import waiting
    from qtui.data.vectors import open_vectors

    if request.source is None:
        rows, dimension, graph = waiting.run(live.facts(request, args))
    else:
        with open_vectors(request.source) as source:
            rows, dimension, multivector, own = source.rows, source.dimension, source.multivector, source.distance
        if args.distance is None and own is not None:
            request = replace(request, build=replace(request.build, distance=own))
        m = request.build.hnsw_m if request.build.hnsw_m is not None else 0 if multivector else 16
        graph = m > 0
    total, worst, worst_s = estimate.slowest(request.methods, rows, dimension, graph=graph)
    if total > estimate.ASK_ABOVE_S:
        text = (
            f"building {len(request.methods)} collections of {units.count(rows)} points takes"
            f" {units.duration(total)} (est), {units.duration(worst_s)} of it {worst}"
        )
        if console.interactive and not args.yes:
            if console.ask(f"qtui: {text}. Go on? [y/N]").lower() not in ("y", "yes"):
                raise UsageError("nothing was done; choose fewer --methods, or give --yes")
        else:
            console.note(text)
    return request


async def _measure(request: BenchRequest, args: Namespace, watch: Watch) -> RunRecord:
    """Runs the session and returns its record."""
    from qtui.bench.session import bench
    from qtui.events import RunFinished
    from qtui.host.build import build
    from qtui.host.crew import hiring
    from qtui.host.streams import closing

    record = None
    async with AsyncExitStack() as stack:
        there = live.server_for(request, args)
        needed = request.collection is not None or there is not None
        engine = await stack.enter_async_context(options.engine(args)) if needed else None
        hire = None if engine is None or options.target(args).embedded else hiring(options.target(args))
        session = bench(request, engine=engine, home=config.home(), build=build, hire=hire, target=there)
        async for event in await stack.enter_async_context(closing(session)):
            watch.see(event)
            if isinstance(event, RunFinished):
                record = event.record
    if record is None:
        raise RuntimeError("the run ended without a record")
    watch.tell()
    return record


def _report(record: RunRecord, args: Namespace, console: Console) -> Exit:
    """Prints the table, or the record; raises DataError when not one variant could be measured."""
    from qtui.bench.export import to_json
    from qtui.bench.report import table
    from qtui.commands.files import write_text

    if args.json == "-":
        console.result(to_json(record).rstrip("\n"))
    else:
        console.result(table(record))
    measured = any(measurement.engine_ms for measurement in record.measurements)
    if measured and args.json != "-":  # before anything is written elsewhere, where the disk may be full
        console.note(f"kept as run {record.id}; `qtui runs show {record.id}` shows it again")
    if args.json not in (None, "-"):
        write_text(Path(args.json), to_json(record))
    if not measured:
        raise DataError(f"no variant could be measured; the reasons are in `qtui runs show {record.id}`")
    return Exit.DONE


def _kept(run_id: str | None, request: BenchRequest) -> str:
    """What to say of a run that was interrupted: where it is kept, when it is."""
    from qtui.bench.record import RunStore

    try:
        there = run_id in RunStore(config.runs_dir()).ids()
    except QtuiError:  # it was said, or is about to be
        return ""
    if there:
        return f"what was measured is kept as a partial run: qtui runs show {run_id}"
    return "; ".join(part for part in ("nothing was measured yet", request.live.stays) if part)
