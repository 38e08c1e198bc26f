"""`qtui runs`: list, show, compare and export the runs that were kept, and take in one from elsewhere."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtui import config, units
from qtui.commands import paid, tables
from qtui.commands.console import Console
from qtui.commands.parser import Parser, nearest
from qtui.errors import Exit, NotFound, UsageError, shown

if TYPE_CHECKING:
    from qtui.bench.record import RunStore
    from qtui.records import RunRecord, RunSummary

ACTIONS = {"list": 0, "show": 1, "diff": 2, "export": 1, "import": 1, "rename": 2}
"""How many runs each takes; of rename, the second is a name, and import takes a file."""
FORMATS = ("md", "html", "csv", "json")


def declare(parser: Parser) -> None:
    """Declares what runs takes."""
    parser.describe(
        "Every run is kept, also one that was interrupted. ID is what `qtui runs list`\n"
        "shows, or its beginning as far as that is unique; FILE is a run record. import\n"
        "keeps the run of a FILE like one made here, with the samples that lie beside it.",
        usage="qtui runs list [--json]\n"
        "       qtui runs show ID|FILE [--json]\n"
        "       qtui runs diff A B [--json]\n"
        "       qtui runs export ID --format md|html|csv|json [-o F]\n"
        "       qtui runs import FILE\n"
        "       qtui runs rename ID NAME",
        examples=(
            "qtui runs list",
            "qtui runs diff 2025-03 ./before.json",
            "qtui runs export 2025-03 --format html -o report.html",
        ),
    )
    group = parser.add_argument_group("what is asked")
    actions = "|".join(ACTIONS)
    group.add_argument("action", metavar=actions, nargs="?", default="list", help="(default: list)")
    group.add_argument("which", metavar="ID|FILE", nargs="*", help="the run, or the two runs to compare")
    group.add_argument("--json", action="store_true", help="print JSON instead of a table")
    group.add_argument("--format", metavar="FORMAT", help=f"export: {', '.join(FORMATS)}")
    group.add_argument("-o", "--output", metavar="F", help="export: write to a file (default: stdout)")
    paid.declare(parser)


def run(args: Namespace, console: Console) -> Exit:
    """Does what is asked."""
    _check(args)
    from qtui.bench.record import RunStore

    store = RunStore(config.runs_dir())
    if args.action == "list":
        _list(store, args, console)
        return Exit.DONE
    if args.action == "import":
        _import(store, args.which[0], console)
        return Exit.DONE
    if args.action == "rename":
        _rename(store, args.which, console)
        return Exit.DONE
    records = [_priced(find(store, which), args) for which in args.which]
    {"show": _show, "diff": _diff, "export": _export}[args.action](records, args, console)
    return Exit.DONE


def _check(args: Namespace) -> None:
    """Raises UsageError for what doesn't go together."""
    if args.action not in ACTIONS:
        close = nearest(args.action, ACTIONS)
        more = f"did you mean {close}?" if close else f"it takes {', '.join(ACTIONS)}"
        raise UsageError(f"runs has no action {shown(args.action)}; {more}")
    wanted = ACTIONS[args.action]
    if len(args.which) != wanted:
        counted = {"rename": "a run and a name", "import": "one file"}.get(
            args.action, ("no run", "one run", "two runs")[wanted]
        )
        raise UsageError(f"runs {args.action} takes {counted}, not {len(args.which)}; see qtui runs --help")
    if args.action == "export":
        if args.json:
            raise UsageError("runs export takes --format json rather than --json")
        if args.format not in FORMATS:
            given = "is missing" if args.format is None else f"takes {', '.join(FORMATS)}, not {shown(args.format)}"
            raise UsageError(f"--format {given}; see qtui runs --help")
    elif args.format is not None or args.output is not None:
        raise UsageError(f"runs {args.action} takes no --format and no -o: those are for export")


def _priced(record: RunRecord, args: Namespace) -> RunRecord:
    """The run with the prices that are given now, over those that it was made with; as JSON it stays as it was kept."""
    if (args.json or args.format == "json") and not paid.given(args):
        return record
    return replace(record, cost=paid.of(args, record.cost))


def find(store: RunStore, which: str) -> RunRecord:
    """The run with this id or unique beginning of one, or in this file.

    Raises NotFound, UsageError for a beginning of several, and why a run that is there can't be read.
    """
    matches = [run_id for run_id in store.ids() if run_id.startswith(which)] if which else []
    if which in matches:
        return store.load(which)
    if len(matches) == 1:
        return store.load(matches[0])
    path = Path(which)
    if which and path.is_file():
        return store.load(path)
    if matches:
        raise UsageError(
            f"{shown(which)} begins {len(matches)} runs, as {matches[0]} and {matches[1]}; give more of it"
        )
    raise NotFound(f"no run and no file {shown(which)}; `qtui runs list` shows the runs")


def _list(store: RunStore, args: Namespace, console: Console) -> None:
    summaries = store.list()
    for problem in store.problems:
        console.note(problem)
    if args.json:
        console.result(tables.as_json([_summary(summary) for summary in summaries]))
    elif not summaries:
        console.result("no runs yet; `qtui bench --vectors sample` makes one")
    else:
        rows = [
            (
                summary.id,
                "measuring" if summary.measuring else summary.status,
                summary.dataset.source if summary.name is None else summary.name,
                units.count(summary.dataset.points),
                summary.dataset.dimension,
                summary.measurements,
            )
            for summary in summaries
        ]
        console.result(tables.table(("id", "status", "data", "points", "dim", "figures"), rows, right="345", cut=2))


def _summary(summary: RunSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "status": summary.status,
        "started": summary.started,
        "dataset": summary.dataset,
        "name": summary.name,
        "measurements": summary.measurements,
    }


def _rename(store: RunStore, which: list[str], console: Console) -> None:
    """What the user calls a run; '' takes the name away."""
    run_id, name = find(store, which[0]).id, which[1].strip()
    store.rename(run_id, name)
    console.note(f"{run_id} is now called {shown(name)}" if name else f"{run_id} has no name any more")


def _import(store: RunStore, path: str, console: Console) -> None:
    """Keeps the run of a record file; prints its id."""
    from qtui.bench.intake import take_in

    taken = take_in(store, Path(path))
    console.result(taken.id)
    for text in (*(() if taken.new else ("a run of this id is here already",)), *filter(None, (taken.note,))):
        console.note(text)


def _show(records: list[RunRecord], args: Namespace, console: Console) -> None:
    from qtui.bench.export import to_json
    from qtui.bench.report import table
    from qtui.costtext import costs_as_text

    console.result(to_json(records[0]).rstrip("\n") if args.json else table(records[0]))
    if not args.json and records[0].residency:
        from qtui import hottext

        console.result("\n" + "\n".join(hottext.lines(records[0])))
    if not args.json and records[0].cost is not None:
        console.result(f"\n{costs_as_text(records[0])}")


def _diff(records: list[RunRecord], args: Namespace, console: Console) -> None:
    from qtui.bench.compare import diff

    comparison = diff(records[0], records[1])
    console.result(tables.as_json(comparison) if args.json else str(comparison))


def _export(records: list[RunRecord], args: Namespace, console: Console) -> None:
    from qtui.bench import export
    from qtui.commands.files import write_text

    text = export.EXPORTS[args.format](records[0])
    if args.output in (None, "-"):
        console.result(text.rstrip("\n"))
    else:
        write_text(Path(args.output), text)
        console.note(f"wrote {shown(args.output)}")
