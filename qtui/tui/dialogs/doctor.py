"""Checks what qtui stands on, as `qtui doctor` does, and removes what killed runs left, as `qtui clean` does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from qtui import checks, config, units
from qtui.checks import Section
from qtui.errors import NotFound, QtuiError
from qtui.names import variant_of
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.messages import CollectionsWanted, Copied
from qtui.tui.room import LeftOver, Room
from qtui.tui.roomapp import RoomApp
from qtui.tui.text import clean
from qtui.tui.theme import BAD, DIM, GOOD, HEAD, WARN
from qtui.tui.words import worded
from qtui.tui.wrapping import hanging

KEYS = (
    Command("doctor.close", "escape,q,enter", "leave", "Back", "Back to the tab", "Esc"),
    Command("doctor.copy", "y", "copy", "Copy", "Copy what was found"),
    Command("doctor.again", "r", "again", "Again", "Check again"),
    Command("doctor.clean", "c", "clean", "Clean", "Remove what killed runs left, with what it is said first"),
)
WAITS = "trying it on a tiny collection…"
NOT_TRIED = "not tried while something runs here that it would disturb"
LEFT = "left over"
ORDER = ("engine", LEFT, "server", "folders", "terminal", "machine", "models", "versions")
"""Of the sections: what may go wrong first."""


class Doctor(ModalScreen[None]):
    """The sections one under the other, what is in the way first. The engine is only tried while nothing runs."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    Doctor .dialog { height: 96%; max-height: 96%; }
    Doctor #doctor-page { height: 1fr; margin-bottom: 1; }
    """

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room
        self._found: dict[str, Section] = {}
        self._left: tuple[LeftOver, ...] = ()
        self._over = False
        """Whether all was looked at."""
        self._sure = False
        """Whether what would be removed was said: the key again removes it."""

    def compose(self) -> ComposeResult:
        """What was found, then the keys, or what a key is about to do."""
        with Vertical(classes="dialog broad") as box:
            box.border_title = "Check"
            with VerticalScroll(id="doctor-page"):
                yield Static(id="doctor-text")
            yield Static(id="doctor-keys")

    def on_mount(self) -> None:
        """Looks."""
        self.action_again()

    def on_resize(self) -> None:
        """Long lines are folded to the width."""
        self.call_after_refresh(self._show)

    @property
    def _host(self) -> RoomApp:
        assert isinstance(self.app, RoomApp)
        return self.app

    @property
    def _idle(self) -> bool:
        return self._host.room_state.status in {"ready", "closed"}

    @property
    def _copies(self) -> tuple[str, ...]:
        """Copies on the server that runs made, by their names."""
        engine = self._host.engine
        if engine is None or engine.kind != "server":
            return ()
        return tuple(view.name for view in self._host.views or () if variant_of(view.name) is not None)

    # --- looking --------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Everything anew."""
        self._over = self._sure = False
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        target = self._host.target
        store = Path(target.path) if target is not None and target.path is not None else config.store_dir()
        idle = self._idle
        found = self._found = {
            "versions": await asyncio.to_thread(checks.versions),
            "engine": {"works": WAITS if idle else NOT_TRIED},
            "folders": checks.folders(store),
            "terminal": checks.terminal() | {"shown here": self._shown},
            "machine": checks.machine(),
        }
        if target is not None and not target.embedded:
            found["server"] = self._server(target.where)
        self._show()
        try:
            self._left = await self.room.left_over()
        except QtuiError as error:
            found[LEFT] = {"unknown": worded(error)}
        else:
            found[LEFT] = self._left_over()
        if idle:
            self._show()
            await self._try_out()
        self._over = True
        self._show()

    async def _try_out(self) -> None:
        try:
            tried = await self.room.try_out()
        except QtuiError as error:
            self._found["engine"] = {"works": False, "error": worded(error)}
        else:
            self._found |= {"engine": tried.engine, "models": tried.models}

    def _server(self, where: str) -> Section:
        info, views = self._host.engine, self._host.views
        if info is None or self._host.room_state.status == "closed":
            return {"address": where, "answers": False, "error": "it was not reached; see the notifications"}
        return checks.server(where, info, len(views or ())) | {"may be written to": self._host.may_write}

    def _left_over(self) -> Section:
        found = [f"{each.folder}, {units.size(each.bytes)}" for each in self._left]
        found += [f"the copy {name} on the server" for name in self._copies]
        return {f"{at}": what for at, what in enumerate(found, 1)} or {"of killed runs": "nothing"}

    @property
    def _shown(self) -> str:
        size = self.app.size
        return f"{size.width}x{size.height}, {self.app.console.color_system or 'no colours'}, theme {self.app.theme}"

    # --- showing --------------------------------------------------------------------------------------------------

    @property
    def _sections(self) -> Iterator[tuple[str, Section]]:
        return ((title, self._found[title]) for title in ORDER if title in self._found)

    @property
    def _verdict(self) -> Iterator[tuple[str, str, str]]:
        """Sign, style and words of what is in the way; that nothing is, once all was looked at."""
        tried = {
            name: section for name, section in self._found.items() if section.get("works") not in {WAITS, NOT_TRIED}
        }
        problems = checks.problems(tried)
        yield from (("✗", BAD, problem) for problem in problems)
        if not problems and self._over:
            yield "✓", GOOD, "nothing is in the way" + ("" if "engine" in tried else f"; the engine was {NOT_TRIED}")
        elif not problems:
            yield "…", DIM, "checking"

    def _show(self) -> None:
        if not self._found:
            return
        width = max(20, self.query_one("#doctor-page").scrollable_content_region.width)
        lines = [
            hanging(Text.assemble((f"{sign} ", style), clean(words)), width) for sign, style, words in self._verdict
        ]
        for title, section in self._sections:
            rows = checks.lines(section)
            broad = max(len(name) for name, _ in rows)
            lines.append(Text(f"\n{title}", HEAD))
            for name, value in rows:
                start = f"  {name:<{broad}}  "
                lines.append(hanging(Text.assemble((start, DIM), clean(value)), width, len(start)))
        self.query_one("#doctor-text", Static).update(Text("\n").join(lines))
        self._say()

    def _say(self) -> None:
        what = "   {doctor.clean} removes leftovers" if self._removable else ""
        keys = keyed(
            self.app, "↑↓ scroll   {doctor.copy} copies   {doctor.again} again" + what + "   {doctor.close} back"
        )
        self.query_one("#doctor-keys", Static).update(Text(keys, DIM))

    @property
    def _text(self) -> str:
        parts = [f"{sign} {words}" for sign, _, words in self._verdict]
        for title, section in self._sections:
            parts += [title, *(f"  {name}: {value}" for name, value in checks.lines(section))]
        return "\n".join(map(clean, parts)) + "\n"

    # --- keys -----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """Removing is for when nothing runs that may need it."""
        return self._removable if action == "clean" else True

    @property
    def _removable(self) -> bool:
        return self._over and self._idle and bool(self._left or (self._copies and self._host.may_write))

    def action_copy(self) -> None:
        """All sections."""
        self.post_message(Copied(self._text, "what was found"))

    def action_leave(self) -> None:
        """Not to remove anything, where that was asked; else back to the tab."""
        if self._sure:
            self._sure = False
            self._say()
        else:
            self.dismiss()

    def action_clean(self) -> None:
        """Says what goes; the second time, removes it."""
        if self._sure:
            self._sure = False
            self._remove()
            return
        self._sure = True
        folders, size = len(self._left), units.size(sum(each.bytes for each in self._left))
        parts = [f"{folders} folder{'' if folders == 1 else 's'} here, {size}"] if folders else []
        names = ", ".join(clean(name, 60) for name in self._goes)
        parts += [f"the cop{'y' if len(self._goes) == 1 else 'ies'} {names} on the server"] if names else []
        ask = f"Remove {' and '.join(parts)}? An interrupted run that would go on with it starts anew."
        ways = keyed(self.app, "\n  {doctor.clean} removes it, {doctor.close} leaves it")
        self.query_one("#doctor-keys", Static).update(Text.assemble(("? ", WARN), ask, ways))

    @property
    def _goes(self) -> tuple[str, ...]:
        """Copies that may be removed."""
        return self._copies if self._host.may_write else ()

    @work(exclusive=True, group="remove")
    async def _remove(self) -> None:
        try:
            kept = await self.room.remove_left()
            for name in self._goes:
                with suppress(NotFound):  # somebody else was faster
                    await self.room.delete(name)
        except QtuiError as error:
            self.notify(worded(error), severity="error", timeout=10)
        else:
            what = f"; kept as partial: {', '.join(kept)}" if kept else ""
            self.notify(f"What was left over is removed{what}")
        self._host.post_message(CollectionsWanted())
        self.action_again()
