"""`qtui load NAME`: vectors into collections of the store, one per quantization method."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from qtui import units
from qtui.commands import documents, options, values
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit, UsageError
from qtui.events import Loaded
from qtui.loads import BuildSpec, LoadRequest, SourceSpec, check_build
from qtui.methods import DEFAULT_METHODS
from qtui.model import Distance

_VECTORS = "qtui load docs --vectors docs.npy"
_DOCUMENTS = "qtui load scans scans/ --model M"


def declare(parser: Parser) -> None:
    """Declares what load takes."""
    parser.describe(
        "Loads vectors into collections, one per method: NAME for `none`, NAME__METHOD\n"
        "for the others; or documents, which a model makes vectors of. Run it again after\n"
        "an interruption: it goes on where it was, and embeds nothing twice.",
        usage="qtui load NAME --vectors F [options]\n       qtui load NAME DOCUMENT... --model M [options]",
        examples=(
            "qtui load docs --vectors docs.npy --payload docs.jsonl",
            "qtui load docs --vectors docs.parquet --methods none,turbo-4bit --distance dot",
            "qtui load scans scans/ --model Qdrant/colpali-v1.3-fp16 --methods binary",
        ),
    )
    group = parser.add_argument_group("what is loaded")
    group.add_argument("name", metavar="NAME", nargs="?", help="name of the collection")
    options.add_source(group, required=False)
    documents.add_documents(parser.add_argument_group("documents, in place of --vectors"))
    options.add_methods(group)
    group = parser.add_argument_group("how collections are built")
    options.add_build(group)
    group.add_argument(
        "--indexing-threshold",
        type=values.whole(0, 2**40),
        metavar="KB",
        default=BuildSpec().indexing_threshold_kb,
        help="KB of vectors that a segment must hold before index and quantization are built;"
        f" 0: never (default: {BuildSpec().indexing_threshold_kb})",
    )
    group.add_argument("--shards", type=values.whole(1, 1000), metavar="N", help="parts of a server's collection")
    group.add_argument("--replicas", type=values.whole(1, 100), metavar="N", help="copies of each shard, on a cluster")


def run(args: Namespace, console: Console) -> Exit:
    """Loads, and says what it made."""
    if args.name is None:
        raise UsageError(f"say what to load, and as what: `{_VECTORS}`, or `{_DOCUMENTS}`")
    request = LoadRequest(
        name=args.name,
        source=_source(args, console),
        methods=args.methods or DEFAULT_METHODS,
        build=replace(options.build_spec(args), shards=args.shards, replicas=args.replicas),
    )
    check_build(request.build)
    if options.writable(args, "loading").embedded and (args.shards or args.replicas):
        raise UsageError("--shards and --replicas are for a server; a collection of the store is one shard")
    if args.distance is None:
        request = _with_own_distance(request)
    from qtui.commands import waiting

    console.farewell = "what was written is kept: the same command goes on from there"
    loaded = waiting.run(_load(request, args, console))
    for name in loaded.collections:
        console.result(f"{name}  {units.count(loaded.points)} points")
    took = units.duration(loaded.seconds)
    made = len(loaded.collections)
    console.note(f"{made} collection{'' if made == 1 else 's'} in {took}; `qtui inspect` shows what was made")
    return Exit.DONE


def _source(args: Namespace, console: Console) -> SourceSpec:
    """Vectors, or documents with their model on this machine."""
    if bool(args.documents) == (args.vectors is not None):
        raise UsageError(f"give --vectors F, or documents and --model M: `{_VECTORS}`, or `{_DOCUMENTS}`")
    if args.vectors is not None:
        if args.model or args.model_path or args.text_field:
            raise UsageError("--model, --model-path and --text-field are for documents, not for --vectors")
        if documents.are_meant(args.vectors):
            raise UsageError(f"images and texts are given without --vectors, with a model: `{_DOCUMENTS}`")
        return values.source(args.vectors, args.payload)
    source = documents.source(args, args.documents)
    if args.model is not None and args.model_path is None:
        documents.obtain(args.model, console, yes=args.yes)
    return source


def _with_own_distance(request: LoadRequest) -> LoadRequest:
    """Takes the distance that the source names, where it names one."""
    from qtui.data.vectors import open_vectors

    if request.source.documents is not None:
        from qtui.data.documents.embedded import checked, distance_of

        own: Distance | None = distance_of(checked(request.source.documents)[0])
    else:
        with open_vectors(request.source) as source:
            own = source.distance
    return request if own is None else replace(request, build=replace(request.build, distance=own))


async def _load(request: LoadRequest, args: Namespace, console: Console) -> Loaded:
    from qtui.commands.progress import Watch
    from qtui.host.build import load_all
    from qtui.host.streams import closing

    watch, loaded = Watch(console), None
    found = options.target(args)
    server = None if found.embedded else found
    async with closing(load_all(request, options.store(args), target=server)) as events:
        async for event in events:
            watch.see(event)
            if isinstance(event, Loaded):
                loaded = event
    if loaded is None:
        raise RuntimeError("the load ended without a result")
    watch.tell()
    return loaded
