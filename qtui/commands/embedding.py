"""What `qtui bench` and `tune` do first: documents, and queries that are texts or images, are embedded."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from qtui import units
from qtui.commands import documents, options
from qtui.commands.console import Console
from qtui.embedders import EmbedderSpec
from qtui.plan import BenchRequest

_SHARE = 5
"""Of fewer documents than queries are drawn by default, one in so many is held out."""


def embedded(request: BenchRequest, args: Namespace, console: Console) -> BenchRequest:
    """The request, once all that it is about is in the cache; asks before a model is downloaded.

    Raises what `qtui.data.documents.ingest.prepare` raises, and UsageError when a download is refused.
    """
    from qtui.data.documents.finding import are_documents

    of_documents = request.source is not None and request.source.documents is not None
    texts = request.queries_file is not None and are_documents(request.queries_file)
    if not of_documents and not (texts and request.collection is not None):
        return request
    from qtui.commands import waiting

    if args.model is not None and args.model_path is None:
        documents.obtain(args.model, console, yes=args.yes)
    console.farewell = "what was embedded is kept: the same command goes on from there"
    request = waiting.run(_prepared(request, args, console))
    console.farewell = ""
    if of_documents and args.queries is None:
        request = _fewer_queries(request, console)
    return request


def _fewer_queries(request: BenchRequest, console: Console) -> BenchRequest:
    """Where nobody said how many queries, no more than a share of the documents."""
    from qtui.data.vectors import open_vectors

    assert request.source is not None
    with open_vectors(request.source) as source:
        share = max(1, source.rows // _SHARE)
        if share < request.queries:
            console.note(
                f"{units.count(share)} of {units.count(source.rows)} documents are held out as queries;"
                " --queries takes a file of questions"
            )
    return replace(request, queries=min(share, request.queries))


async def _prepared(request: BenchRequest, args: Namespace, console: Console) -> BenchRequest:
    from qtui.bench.family import asked_for
    from qtui.commands.progress import Watch
    from qtui.host.preparing import Preparation
    from qtui.host.streams import closing

    made_by: EmbedderSpec | None = None
    if request.collection is not None:
        async with options.engine(args) as engine:
            made_by = (await asked_for(engine, request.collection, request.methods)).embedder
    preparation, watch = Preparation(request, made_by), Watch(console)
    async with closing(preparation.events()) as events:
        async for event in events:
            watch.see(event)
    watch.tell()
    return preparation.request
