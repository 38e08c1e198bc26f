"""The query of `qtui search` as the engine takes it: a point, a row of a file, a titled query, a text or an image.

Texts and images are embedded here, in the command's own process, by the model that the collection remembers.
"""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from qtui.errors import UsageError, shown

if TYPE_CHECKING:
    from qtui.embedders import EmbedderChoice
    from qtui.engine.base import Engine
    from qtui.model import CollectionView, QueryVector
    from qtui.searching.ask import Target

WAYS = ("id", "vector", "query", "text", "image")
_MODELS = ("model", "model_path")


def check(args: Namespace) -> None:
    """Raises UsageError unless one query is given, and a model only with what it embeds."""
    if sum(getattr(args, way) is not None for way in WAYS) != 1:
        raise UsageError(
            "give one of --text T, --image F, --id N, --vector F[#ROW] and --query TITLE; see qtui search --help"
        )
    if args.text is None and args.image is None and any(getattr(args, name) is not None for name in _MODELS):
        raise UsageError("--model and --model-path go with --text and --image")
    if args.text is not None and not args.text.strip():
        raise UsageError("--text is empty; say what to search for")


async def target(args: Namespace, engine: Engine, view: CollectionView, using: str) -> Target:
    """The query, for a vector of the first collection. Raises UsageError where it doesn't fit that."""
    import numpy as np

    from qtui.data import single
    from qtui.searching import asked
    from qtui.searching.ask import Target, point_target

    if args.id is not None:
        found = await point_target(engine, view.name, asked.point_id(args.id), using)
    elif args.vector is not None:
        file = asked.file_row(args.vector)
        row = single.vector_from(file.path, file.row)
        found = Target(row.values, row.title)
    else:
        found = _said(args, view, using)
    with suppress(ValueError):  # a ragged one is refused by the engine, in a line
        found = replace(found, values=np.asarray(found.values, dtype=np.float32))
    return found


def _said(args: Namespace, view: CollectionView, using: str) -> Target:
    from qtui.data import single
    from qtui.searching import asked
    from qtui.searching.ask import Target

    titled: dict[str, QueryVector] = {each.title: each for each in single.titled_queries(view.origin)}
    words = args.query if args.text is None else args.text
    if args.query is not None and not titled:
        raise UsageError(f"{shown(view.name)} has no titled queries: it isn't the sample; use --id or --vector")
    if args.image is None and titled and _choice(args, view) is None:
        title = asked.title(words, tuple(titled))
        return Target(titled[title].values, title)
    return _embedded(args, view, using)


def _choice(args: Namespace, view: CollectionView) -> EmbedderChoice | None:
    """The model to embed with: the one that is named, else the one that the collection remembers."""
    from qtui.embedders import EmbedderChoice

    if args.model is not None or args.model_path is not None:
        return EmbedderChoice(args.model, args.model_path)
    return None if view.embedder is None else view.embedder.choice


def _embedded(args: Namespace, view: CollectionView, using: str) -> Target:
    from qtui.searching.ask import Target, searched
    from qtui.searching.session import no_model

    choice = _choice(args, view)
    if choice is None:
        raise UsageError(f"{no_model(view.name)}, or name the model by --model")
    from qtui.data.embed import open_embedder
    from qtui.data.embed.queries import embed

    embedder = open_embedder(choice)
    try:
        found = embed(embedder, args.text or "", args.image or "", searched(view, using))
        return Target(found.values, found.title, embedder=embedder.spec)
    finally:
        embedder.close()
