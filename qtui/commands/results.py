"""What becomes of a run once it is measured, for `bench` and `tune` alike: reports, and the gate.

All that could be refused is refused before anything is measured.
"""

from __future__ import annotations

import os
from argparse import Namespace, _ArgumentGroup
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtui import config, limits
from qtui.commands.console import Console
from qtui.errors import AccessError, Exit, UsageError, shown

if TYPE_CHECKING:
    from qtui.bench.judge import Kept
    from qtui.limits import Limit, Verdict
    from qtui.plan import BenchRequest
    from qtui.records import RunRecord


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of the run."""

    report: Path | None
    summary: Path | None
    limits: tuple[Limit, ...]
    baseline: Kept | None


def declare(group: _ArgumentGroup) -> None:
    """--report, --baseline, --fail-under, --fail-over and --summary."""
    group.add_argument("--report", metavar="F", help="write a report: F.md, or F.html, which needs no other file")
    group.add_argument(
        "--baseline", metavar="RUN", help="a kept run or its file: what `+20%%` is against, and what is compared"
    )
    group.add_argument(
        "--fail-under",
        metavar="LIMIT",
        action="append",
        default=[],
        help="exit 1 when a figure is lower: recall=0.95, speedup=1.5, qps=-10%%; of the recommended variant (else the"
        " best recall), or METHOD[:rescore=on,oversampling=3]:recall=0.95; repeatable",
    )
    group.add_argument(
        "--fail-over",
        metavar="LIMIT",
        action="append",
        default=[],
        help="exit 1 when a figure is higher: p95=2.5 (ms), p95=+20%% against --baseline; repeatable",
    )
    group.add_argument(
        "--summary", metavar="F", help="write the gate's verdict: F.xml as JUnit, any other name as Markdown"
    )


def prepare(args: Namespace, request: BenchRequest) -> Wanted:
    """Reads and checks what is asked. Raises UsageError, NotFound, AccessError or DataError."""
    found = (
        *(limits.parse(text, floor=True) for text in args.fail_under),
        *(limits.parse(text, floor=False) for text in args.fail_over),
    )
    for limit in found:
        if limit.relative and args.baseline is None:
            raise UsageError(f"{limit.text} is against a baseline: name one with --baseline RUN")
        _in_plan(limit, request)
    if args.summary is not None and not found:
        raise UsageError("--summary tells what became of limits: give --fail-under or --fail-over")
    if args.report is not None and Path(args.report).suffix.lower() not in (".md", ".html"):
        raise UsageError(f"--report writes F.md or F.html, not {shown(args.report)}")
    writable("--report", args.report)
    writable("--summary", args.summary)
    return Wanted(
        None if args.report is None else Path(args.report),
        None if args.summary is None else Path(args.summary),
        found,
        None if args.baseline is None else _baseline(args.baseline, request),
    )


def writable(option: str, target: str | None) -> None:
    """Refuses before measuring what could not be written after it."""
    if target in (None, "-"):
        return
    folder = Path(target).absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{option} can't write to {shown(target)}: there is no folder {shown(folder)}; make it first")
    if Path(target).is_dir():
        raise UsageError(f"{option} can't write to {shown(target)}, which is a folder; name a file in it")
    if not os.access(folder, os.W_OK):
        raise AccessError(f"{option} may not write to {shown(target)}; name a file in a folder that you may write to")


def finish(record: RunRecord, wanted: Wanted, console: Console, *, alone: bool) -> Exit:
    """Writes the report and judges. `alone`: stdout belongs to the record, so that the verdict goes to stderr."""
    from qtui.commands.files import write_text

    if wanted.report is not None:
        from qtui.bench.export import EXPORTS

        write_text(wanted.report, EXPORTS[wanted.report.suffix.lower()[1:]](record))
        console.note(f"wrote {shown(wanted.report)}")
    if record.residency and not alone:
        from qtui import hottext

        console.result("\n" + "\n".join(hottext.lines(record)))
    if record.cost is not None and not alone:
        from qtui.costtext import costs_as_text

        console.result(f"\n{costs_as_text(record)}")
    if not wanted.limits:
        if wanted.baseline is not None and not alone:
            _compare(record, wanted.baseline, console)
        return Exit.DONE
    from qtui.bench import summary
    from qtui.bench.judge import judge

    verdict = judge(kept(record), wanted.limits, wanted.baseline)
    if wanted.summary is not None:
        make = summary.to_junit if wanted.summary.suffix.lower() == ".xml" else summary.to_markdown
        write_text(wanted.summary, make(verdict))
    return _told(verdict, console, alone=alone)


def _told(verdict: Verdict, console: Console, *, alone: bool) -> Exit:
    from qtui.bench import summary

    if not alone:
        console.result("\n" + summary.to_text(verdict))
    elif verdict.passed:
        console.note(summary.to_text(verdict))
    if not verdict.passed:
        missed = next(check for check in verdict.checks if not check.passed)
        console.error(f"{summary.headline(verdict)}: {summary.sentence(missed)}")
    return Exit.DONE if verdict.passed else Exit.GATE_MISSED


def _compare(record: RunRecord, baseline: Kept, console: Console) -> None:
    """A baseline without limits: both runs side by side."""
    from qtui.bench.compare import diff

    console.result(f"\n{diff(baseline.record, record)}")


def kept(record: RunRecord, beside: Path | None = None) -> Kept:
    """A run with its searches, from the file beside its record or from where runs are kept."""
    from qtui.bench.evidence import tally_of
    from qtui.bench.judge import Kept
    from qtui.bench.record import RunStore
    from qtui.bench.samples import stream

    places = [RunStore(config.runs_dir()).samples_path(record.id)]
    if beside is not None and record.samples is not None:
        places.insert(0, beside.with_name(Path(record.samples).name))
    found = next((path for path in places if path.is_file()), None)
    return Kept(record, None if found is None else tally_of(record, stream(found)))


def _baseline(which: str, request: BenchRequest) -> Kept:
    from qtui.bench.record import RunStore
    from qtui.commands.runs import find

    record = find(RunStore(config.runs_dir()), which)
    if record.dataset.k != request.limit:
        raise UsageError(
            f"the baseline measured recall@{record.dataset.k} and this run measures recall@{request.limit};"
            f" give --limit {record.dataset.k}"
        )
    if record.dataset.filter != request.filter:
        raise UsageError("the baseline was measured with another --filter; give the same one")
    source = request.source
    named = None if source is None or source.kind != "file" else source.label or Path(source.path or "").name
    is_there = source is not None and source.path is not None and Path(source.path).exists()
    if named is not None and is_there and record.dataset.source != named:
        raise UsageError(
            f"the baseline measured {shown(record.dataset.source)} and this run measures {shown(named)}: they can't be"
            " compared; name a baseline of the same data"
        )
    return kept(record, Path(which) if Path(which).is_file() else None)


def _in_plan(limit: Limit, request: BenchRequest) -> None:
    """Refuses a limit on a variant that this run doesn't measure."""
    from qtui.bench.judge import fits
    from qtui.plan import variants

    which = limit.which
    if not any(fits(which, cell.method, cell.search, cell.concurrency) for cell in variants(request)):
        raise UsageError(f"{shown(limit.text)} is about a variant that this run doesn't measure; see --methods")
