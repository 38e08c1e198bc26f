"""`qtui reconfigure NAME`: other quantization, index or placement for a collection that is there."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtui import config, units
from qtui.commands import options, values
from qtui.commands.confirm import add_confirm, confirm
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit, UsageError, shown
from qtui.model import Change, CollectionView, Hnsw, Placement, Quantization, VectorView
from qtui.names import listed

ENCODINGS = ("default", "binary", "scalar4bits", "scalar8bits")


def declare(parser: Parser) -> None:
    """Declares what reconfigure takes."""
    parser.describe(
        "Changes a collection's settings in place and rebuilds what they touch. What is\n"
        "not named stays as it is. Asks for the collection's name to be typed.",
        usage="qtui reconfigure NAME [settings] [--confirm NAME]",
        examples=(
            "qtui reconfigure docs --method turbo-4bit --confirm docs",
            "qtui reconfigure docs --method none           # drops the quantization",
            "qtui reconfigure docs --back --confirm docs   # as it was before that",
        ),
    )
    group = parser.add_argument_group("what is changed")
    group.add_argument("name", metavar="NAME", help="name of the collection")
    group.add_argument("--vector-name", metavar="NAME", help="its vector (default: the only one)")
    group.add_argument("--method", metavar="M", type=values.methods, help="quantization method, or `none` to drop it")
    group.add_argument("--quantile", type=values.real(0.5, 1), metavar="Q", help="scalar only: 0.5 to 1")
    group.add_argument("--query-encoding", metavar="E", help=f"binary only: {', '.join(ENCODINGS)}")
    group.add_argument(
        "--placement", type=values.placement, metavar="P", help=f"quantized vectors: {', '.join(Placement)}"
    )
    group.add_argument("--always-ram", action="store_true", help="quantized vectors pinned in RAM")
    group.add_argument("--originals", type=values.placement, metavar="P", help=f"originals: {', '.join(Placement)}")
    group.add_argument("--hnsw-m", type=values.whole(0, 512), metavar="M", help="links a node; 0: no graph")
    group.add_argument("--ef-construct", type=values.whole(4, 10_000), metavar="N", help="width when building")
    group.add_argument("--indexing-threshold", type=values.whole(0, 2**40), metavar="KB", help="0: never build")
    group.add_argument("--back", action="store_true", help="the settings that the last change from here replaced")
    add_confirm(parser)


def run(args: Namespace, console: Console) -> Exit:
    """Asks, changes, and says what is in force now."""
    from qtui.commands import waiting
    from qtui.data.before import forget, keep, last, way_back

    _check(args)
    options.writable(args, "reconfiguring")
    view = waiting.run(_view(args))
    vector = _vector(view, args.vector_name)
    where = options.target(args).where
    before = last(config.home(), where, args.name, vector.spec.name) if args.back else None
    change = _change(args, vector) if before is None else way_back(before, view)
    confirm(args, console, f"rebuilding {shown(args.name)} with its {units.count(view.points)} points")
    console.progress(f"index  {shown(args.name)}", force=True)
    if before is None:
        keep(config.home(), where, view, vector.spec.name)
    seconds, after = waiting.run(_reconfigure(args, change, vector.spec.name))
    if before is not None:
        forget(config.home(), before)
    configured = after.spec.quantization.method if after.spec.quantization else "none"
    console.result(
        f"reconfigured {shown(args.name)[1:-1]} in {units.duration(seconds)}: quantization {configured},"
        f" built {after.built.segments}/{after.built.of}"
    )
    if before is None:
        console.note("the settings from before are kept: --back goes back to them")
    return Exit.DONE


def _check(args: Namespace) -> None:
    """Raises UsageError for what doesn't go together, before anything is opened."""
    if args.method is not None and len(args.method) != 1:
        raise UsageError("--method takes one method")
    if args.query_encoding not in (None, *ENCODINGS):
        raise UsageError(f"--query-encoding takes {', '.join(ENCODINGS)}, not {shown(args.query_encoding)}")
    if args.always_ram and args.placement is not None:
        raise UsageError("--always-ram is the older word for --placement pinned: give one of them")
    asked = ("method", "quantile", "query_encoding", "placement", "originals", "hnsw_m", "ef_construct")
    named = args.always_ram or any(getattr(args, name) is not None for name in (*asked, "indexing_threshold"))
    if args.back and named:
        raise UsageError("--back takes all settings from before; name no others with it")
    if not args.back and not named:
        raise UsageError("nothing to change was named; see qtui reconfigure --help")


async def _view(args: Namespace) -> CollectionView:
    from qtui.engine.view import unreadable

    async with options.engine(args) as engine:
        view = await engine.view(args.name)
    error = unreadable(view)
    if error is not None:
        raise error
    return view


async def _reconfigure(args: Namespace, change: Change, vector_name: str) -> tuple[float, VectorView]:
    from qtui.host.build import reconfigure

    found = options.target(args)
    if found.path is not None:
        seconds = await reconfigure(Path(found.path), args.name, change, vector_name)
    else:
        async with options.engine(args) as engine:
            seconds = await engine.reconfigure(args.name, change, vector_name)
    return seconds, (await _view(args)).vector(vector_name)


def _vector(view: CollectionView, name: str | None) -> VectorView:
    """The vector that is meant."""
    if name is None and len(view.vectors) == 1:
        return view.vectors[0]
    for vector in view.vectors:
        if vector.spec.name == (name or ""):
            return vector
    there = listed(vector.spec.name for vector in view.vectors)
    which = "it has several vectors; choose one" if name is None else f"there is no vector {shown(name)}; choose one"
    raise UsageError(f"{shown(view.name)}: {which} with --vector-name: {there}")


def _change(args: Namespace, vector: VectorView) -> Change:
    """The change that the options ask for, on top of what the vector has."""
    spec = vector.spec
    drop = args.method == ("none",)
    hnsw: Hnsw | None = None
    if args.hnsw_m is not None or args.ef_construct is not None:
        now = spec.hnsw or Hnsw()
        hnsw = replace(
            now,
            m=now.m if args.hnsw_m is None else args.hnsw_m,
            ef_construct=now.ef_construct if args.ef_construct is None else args.ef_construct,
        )
    return Change(
        quantization=None if drop else _quantization(args, spec.quantization),
        drop_quantization=drop,
        hnsw=hnsw,
        placement=args.originals,
        indexing_threshold_kb=args.indexing_threshold,
    )


def _quantization(args: Namespace, now: Quantization | None) -> Quantization | None:
    """The quantization that is asked for; None when none of its settings was named."""
    details: dict[str, Any] = {
        name: value
        for name, value in (
            ("quantile", args.quantile),
            ("query_encoding", args.query_encoding),
            ("placement", args.placement),
            ("always_ram", True if args.always_ram else None),
        )
        if value is not None
    }
    if args.method is None and not details:
        return None
    if args.method is not None and (now is None or now.method != args.method[0]):
        now = Quantization(args.method[0], always_ram=now.always_ram if now else True)
    if now is None:
        raise UsageError(f"{shown(args.name)} has no quantization to adjust: name one with --method")
    if "quantile" in details and now.method != "scalar":
        raise UsageError(f"--quantile is for scalar, not for {now.method}")
    if "query_encoding" in details and not now.method.startswith("binary"):
        raise UsageError(f"--query-encoding is for the binary methods, not for {now.method}")
    return replace(now, **details)
