"""Options that several commands share, and the requests that are made of them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtui import config
from qtui.commands import values
from qtui.commands.console import Console
from qtui.errors import AccessError
from qtui.plain import plain

if TYPE_CHECKING:
    from qtui.engine.base import Engine
    from qtui.events import Waiting
    from qtui.loads import BuildSpec
    from qtui.preferences import Memory
    from qtui.target import Target


def add_source(group: _ArgumentGroup | ArgumentParser, *, required: bool) -> None:
    """--vectors and --payload."""
    group.add_argument(
        "--vectors",
        metavar="F",
        required=required,
        help="file of vectors: .npy .npz .fvecs .bvecs .fbin .u8bin .parquet .hdf5; or what ships with qtui: `sample`,"
        " short texts, or `documents`, four pages as multivectors; or `synthetic:ROWSxDIM[:SEED]` (a file of such a"
        " name: give ./sample)",
    )
    group.add_argument("--payload", metavar="F", help="file with one payload a row: .jsonl or .parquet")


def add_methods(group: _ArgumentGroup | ArgumentParser) -> None:
    """--methods."""
    from qtui.methods import DEFAULT_METHODS

    group.add_argument(
        "--methods",
        type=values.methods,
        metavar="A,B",
        default=None,
        help=f"methods, or `all` (default: {','.join(DEFAULT_METHODS)})",
    )


def add_build(group: _ArgumentGroup | ArgumentParser) -> None:
    """How collections are built."""
    from qtui.loads import BuildSpec
    from qtui.model import Distance

    standard = BuildSpec()
    group.add_argument(
        "--distance",
        type=values.distance,
        metavar="D",
        help=f"{', '.join(Distance)} (default: what the file says, else {standard.distance})",
    )
    group.add_argument("--vector-name", metavar="NAME", help="name of the vector (default: unnamed)")
    place = group.add_mutually_exclusive_group()
    place.add_argument(
        "--on-disk",
        action="store_true",
        default=True,
        dest="on_disk",
        help="originals stay on disk, only quantized vectors in RAM (default)",
    )
    place.add_argument("--in-ram", action="store_false", dest="on_disk", help="originals in RAM as well")
    group.add_argument(
        "--hnsw-m",
        type=values.whole(0, 512),
        metavar="M",
        help="links a node; 0: no graph, full scan (default: 16, 0 for multivectors)",
    )
    group.add_argument(
        "--ef-construct",
        type=values.whole(4, 10_000),
        metavar="N",
        default=standard.ef_construct,
        help=f"width of the search that builds the graph (default: {standard.ef_construct})",
    )


def build_spec(args: Namespace) -> BuildSpec:
    """What the build options say."""
    from qtui.loads import BuildSpec

    standard = BuildSpec()
    return BuildSpec(
        distance=args.distance or standard.distance,
        vector_name=args.vector_name or "",
        on_disk=args.on_disk,
        hnsw_m=args.hnsw_m,
        ef_construct=args.ef_construct,
        indexing_threshold_kb=getattr(args, "indexing_threshold", standard.indexing_threshold_kb),
    )


def target(args: Namespace) -> Target:
    """The store or server that the command works on, found once. Raises what `profiles.choose` raises."""
    found: Target | None = getattr(args, "target", None)
    if found is None:
        from qtui.profiles import Asked, choose

        asked = Asked(
            path=None if args.path is None else str(Path(args.path).absolute()),
            url=args.url,
            profile=args.profile,
            api_key_env=args.api_key_env,
            grpc=args.grpc,
            grpc_port=args.grpc_port,
            ca=None if args.ca is None else str(Path(args.ca).absolute()),
            allow_writes=args.allow_writes,
            timeout=args.timeout,
        )
        found = args.target = choose(asked, os.environ, config.config_file(), config.store_dir())
    return found


def app_target(args: Namespace, memory: Memory) -> Target:
    """What the options or the environment name; where they name nothing, what the app was on when it was left."""
    from dataclasses import replace

    from qtui.profiles import last
    from qtui.target import URL_VARIABLE

    options = (args.path, args.url, args.profile, args.api_key_env, args.ca, args.grpc_port)
    named = args.grpc or os.environ.get(URL_VARIABLE) or any(each is not None for each in options)
    said = memory.get("target", dict)
    if named or said is None:
        return target(args)
    found = last(said, os.environ, config.config_file())
    if found is None or found.embedded:
        return found or target(args)
    timeout = found.timeout if args.timeout is None else args.timeout
    return replace(found, allow_writes=args.allow_writes, timeout=timeout)


def store(args: Namespace) -> Path:
    """The embedded store: the one that was named, else qtui's own."""
    path = target(args).path
    return config.store_dir() if path is None else Path(path)


def writable(args: Namespace, what: str) -> Target:
    """The target, once it is sure that it may be written to; `what` wants to. Raises AccessError, naming the flag."""
    found = target(args)
    if not found.writable:
        raise AccessError(f"{found.where} is only read: {what} needs --allow-writes")
    return found


@asynccontextmanager
async def engine(args: Namespace) -> AsyncIterator[Engine]:
    """The engine on that target, closed afterwards."""
    from qtui.engine.open import open_target
    from qtui.engine.waits import listening

    found = target(args)
    if not args.quiet and not getattr(args, "cautioned", False):
        args.cautioned = True
        for caution in found.cautions():
            print(f"qtui: {plain(caution)}", file=sys.stderr)
    with listening(partial(_waiting, Console(quiet=args.quiet))):
        opened = await open_target(found)
        try:
            yield opened
        finally:
            await opened.close()


def _waiting(console: Console, event: Waiting) -> None:
    """Says that a server is waited for, as long as it is."""
    from qtui import servertext

    text = servertext.waiting(event)
    console.progress(text, force=True) if text else console.clear()
