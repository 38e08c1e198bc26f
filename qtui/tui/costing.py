"""The cost of a run, and its export, as Advise and Runs both offer them; the one owner of the prices typed last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from textual.app import App
from textual.widget import Widget

from qtui import config
from qtui.errors import EngineGone, QtuiError, UsageError
from qtui.preferences import Memory
from qtui.prices import Prices, changed, read
from qtui.records import RunRecord
from qtui.tui.dialogs.ask import ExportTo
from qtui.tui.dialogs.cost import AskCost
from qtui.tui.messages import Remember
from qtui.tui.room import Room
from qtui.tui.saving import save
from qtui.tui.text import clean
from qtui.tui.words import worded

REMEMBERED = "prices"
OfRun = Callable[[Widget, Room, str], Awaitable[None]]
"""Does something with one run, by its id, for a panel."""


def prices_of(app: App[object], record: RunRecord | None = None) -> Prices | None:
    """What was typed last, else what the run was made with, else what config.toml says.

    Raises UsageError for prices in config.toml that make no sense.
    """
    memory = getattr(app, "memory", None)
    typed = memory.get(REMEMBERED, dict) if isinstance(memory, Memory) else None
    if typed is not None:
        try:
            return changed(Prices(), {name: typed.get(name) for name in asdict(Prices())})
        except UsageError:  # the file was edited: it counts as not remembered
            return None
    if record is not None and record.cost is not None:
        return record.cost
    return read(config.config_file())


async def ask_cost(owner: Widget, room: Room, run_id: str) -> None:
    """Shows what each method of the run takes, for prices that can be typed. Raises the errors of the room."""
    record = await room.run(run_id)
    prices = _known(owner, record)
    found = await owner.app.push_screen_wait(AskCost(record, prices or Prices()))
    if found is not None and found != prices:
        owner.post_message(Remember(REMEMBERED, asdict(found)))


async def export_run(owner: Widget, room: Room, run_id: str) -> None:
    """Writes the run, as a report or as data, to a file that isn't there yet. Raises the errors of the room."""
    answer = await owner.app.push_screen_wait(ExportTo(run_id))
    if answer is not None:
        format_, path = answer
        save(owner, path, await room.export(run_id, format_, _known(owner)))


async def about(owner: Widget, room: Room, run_id: str | None, show: OfRun) -> None:
    """Does one of these with a run, where there is one; tells of an error that the app doesn't tell of itself."""
    try:
        if run_id is not None:
            await show(owner, room, run_id)
    except EngineGone:
        return
    except QtuiError as error:
        owner.notify(clean(worded(error)), severity="error", markup=False, timeout=10)


def _known(owner: Widget, record: RunRecord | None = None) -> Prices | None:
    try:
        return prices_of(owner.app, record)
    except UsageError as error:
        owner.notify(clean(worded(error)), severity="warning", markup=False)
        return None
