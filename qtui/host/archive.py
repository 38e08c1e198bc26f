"""The process that reads and changes kept runs, `python -m qtui.host.archive PARENT STORE`. It has no engine.

It answers while a run is measured, and where no engine can be reached. What it reads stays here: another target for
the same run, or another page of its distributions, needs no reading again.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtui import config
from qtui.advice import Advice
from qtui.bench import advise, export, intake, leftover, spread
from qtui.bench.compare import diff
from qtui.bench.evidence import Evidence
from qtui.bench.record import RunStore
from qtui.comparison import Comparison
from qtui.distribution import Distribution
from qtui.errors import UsageError, shown
from qtui.host import requests
from qtui.host.serve import Answering, Service, enter
from qtui.plan import BenchRequest
from qtui.records import RunRecord, RunSummary, TakenIn


class Archive:
    """The kept runs, and what was last read of one."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs
        self._evidence: Evidence | None = None
        """Of the run that advice was last asked on."""
        self._times: tuple[tuple[Path, int], spread.Times] | None = None
        """Of the run whose distributions were last asked for, by the length of its file: it may still grow."""

    async def runs(self, _: requests.Runs) -> tuple[RunSummary, ...]:
        """The runs that are kept."""
        return self._runs.list()

    async def run(self, asked: requests.Run) -> RunRecord:
        """One run."""
        return self._runs.load(asked.id)

    async def plan_of(self, asked: requests.PlanOf) -> BenchRequest:
        """What an interrupted run was asked for."""
        return self._runs.unfinished(asked.id).request

    async def export(self, asked: requests.Export) -> str:
        """One run as text."""
        writer = export.EXPORTS.get(asked.format)
        if writer is None:
            raise UsageError(f"no export format {shown(asked.format)}; choose from {', '.join(export.EXPORTS)}")
        record = self._runs.load(asked.id)
        priced = asked.prices is not None and asked.format in ("md", "html")
        return writer(replace(record, cost=asked.prices) if priced else record)

    async def advise(self, asked: requests.Advise) -> Advice:
        """What a run says to use; its samples are read in a thread, since a long run has millions."""
        record = self._runs.load(asked.id)
        if self._evidence is None or self._evidence.record != record:
            self._evidence = await asyncio.to_thread(advise.of_kept, self._runs, asked.id)
        return advise.advise(self._evidence, asked.target, asked.wishes)

    async def compare(self, asked: requests.Compare) -> Comparison:
        """Two runs side by side."""
        return diff(self._runs.load(asked.before), self._runs.load(asked.after))

    async def spread(self, asked: requests.Spread) -> tuple[Distribution, ...]:
        """Distributions of a run's times; its samples are read in a thread."""
        path = self._runs.samples_path(asked.id)
        key = path, path.stat().st_size if path.is_file() else 0
        if self._times is None or self._times[0] != key:
            self._times = key, await asyncio.to_thread(spread.times_of, path)
        return spread.distributions(self._times[1], asked.measurements)

    async def delete_run(self, asked: requests.DeleteRun) -> None:
        """Removes a run."""
        self._runs.delete(asked.id)

    async def rename_run(self, asked: requests.RenameRun) -> None:
        """Gives a run a name."""
        self._runs.rename(asked.id, asked.name)

    async def take_in(self, asked: requests.TakeIn) -> TakenIn:
        """Keeps the run of a record file; its samples are checked in a thread, since a long run has millions."""
        return await asyncio.to_thread(intake.take_in, self._runs, Path(asked.path))

    async def find_left(self, _: requests.FindLeft) -> tuple[requests.LeftOver, ...]:
        """What killed runs left on this disk."""
        found = await asyncio.to_thread(leftover.abandoned, config.home())
        return tuple(requests.LeftOver(str(folder), size) for folder, size in found.items())

    async def remove_left(self, _: requests.RemoveLeft) -> tuple[str, ...]:
        """Removes it."""
        return await asyncio.to_thread(leftover.remove, config.home())


async def _serve(service: Service) -> None:
    archive = Archive(RunStore(config.runs_dir()))
    answers: dict[type[requests.Request[Any]], Answering] = {
        requests.Runs: archive.runs,
        requests.Run: archive.run,
        requests.PlanOf: archive.plan_of,
        requests.Export: archive.export,
        requests.Advise: archive.advise,
        requests.Compare: archive.compare,
        requests.Spread: archive.spread,
        requests.DeleteRun: archive.delete_run,
        requests.RenameRun: archive.rename_run,
        requests.TakeIn: archive.take_in,
        requests.FindLeft: archive.find_left,
        requests.RemoveLeft: archive.remove_left,
    }
    await service.run(answers, {})


def main() -> None:
    """Serves the parent whose process id is the first argument."""
    asyncio.run(_serve(Service(enter(int(sys.argv[1])))))


if __name__ == "__main__":
    main()
