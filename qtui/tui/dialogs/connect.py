"""The dialog that connects to a server, or back to the store of this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from qtui.errors import QtuiError
from qtui.target import TIMEOUT_S, Target
from qtui.tui.connectform import ConnectText, filled, read_connection, text_of, with_key
from qtui.tui.messages import PlanEdited
from qtui.tui.text import clean, plain
from qtui.tui.theme import BAD, DIM, KEY, WARN
from qtui.tui.widgets.controls import Choice, Field, Toggle, line_input
from qtui.tui.words import worded

_KEYS = ((("Enter", KEY), " connects   "), (("Space", KEY), " ticks   "), (("Esc", KEY), " stays where it is"))


class ConnectDialog(ModalScreen[Target | None]):
    """Dismissed with what to connect to. `writes`: whether writing to a server may be allowed here."""

    AUTO_FOCUS = "#connect-address"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("enter", "take", show=False, priority=True),  # from a toggle, too
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    ConnectDialog Static { height: auto; }
    ConnectDialog #connect-said { margin-top: 1; max-height: 4; }
    """

    def __init__(
        self, now: Target | None, profiles: Mapping[str, Mapping[str, Any]], store: Path, *, writes: bool
    ) -> None:
        super().__init__()
        self._start, self._profiles, self._store = text_of(now, os.environ), profiles, store
        self._writes = writes

    def compose(self) -> ComposeResult:
        """Profile, address, key, what else there is to say, and the two keys."""
        text = self._start
        known = text.profile if text.profile in self._profiles else ""
        profile = Choice(id="connect-profile")
        profile.set_reactive(Choice.options, (("", "none"), *((name, clean(name)) for name in self._profiles)))
        profile.set_reactive(Choice.value, known)
        with Vertical(classes="dialog") as box:
            box.border_title = "Connect"
            field = Field("profile", profile)
            field.display = bool(self._profiles)
            yield field
            yield Field(
                "address",
                line_input(text.address, id="connect-address", placeholder="http://host:6333; empty: the store here"),
            )
            yield Field(
                "key variable", line_input(text.key_env, id="connect-key_env", placeholder="name, such as QDRANT_KEY")
            )
            key = line_input("", id="connect-key", placeholder="or type the key; it is kept nowhere")
            key.password = True
            yield Field("key", key)
            yield Field("CA file", line_input(text.ca, id="connect-ca", placeholder="what the system trusts"))
            yield Field(
                "time-out",
                line_input(text.timeout, id="connect-timeout", placeholder=f"{TIMEOUT_S:g} seconds a request"),
            )
            bearer = Toggle("the key is a bearer token", value=text.bearer, id="connect-bearer")
            bearer.display = text.bearer or any(said.get("bearer") for said in self._profiles.values())
            yield bearer
            yield Toggle("search over gRPC", value=text.grpc, id="connect-grpc")
            port = line_input(text.grpc_port, id="connect-grpc_port", placeholder="the one above REST's")
            yield Field("gRPC port", port, id="connect-port-row")
            if self._writes:
                yield Toggle("allow writes to it", value=text.allow_writes, id="connect-writes")
            yield Static(id="connect-said")
            yield Static(Text.assemble("\n", *(part for key in _KEYS for part in key)))

    def on_mount(self) -> None:
        """Says what will be."""
        self._say()

    @property
    def text(self) -> ConnectText:
        """The controls as they stand."""
        return ConnectText(
            self.query_one("#connect-profile", Choice).value,
            self._input("address"),
            self._input("key_env"),
            self._input("ca"),
            grpc=self.query_one("#connect-grpc", Toggle).value,
            grpc_port=self._input("grpc_port"),
            timeout=self._input("timeout"),
            bearer=self.query_one("#connect-bearer", Toggle).value,
            allow_writes=self._writes and self.query_one("#connect-writes", Toggle).value,
        )

    def _input(self, name: str) -> str:
        return self.query_one(f"#connect-{name}", Input).value

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._say()

    @on(PlanEdited)
    def _chosen(self, event: PlanEdited) -> None:
        event.stop()
        choice = self.query_one("#connect-profile", Choice)
        if choice.has_focus and choice.value in self._profiles:
            text = filled(self.text, self._profiles[choice.value])
            for name in ("address", "key_env", "ca", "grpc_port", "timeout"):
                self.query_one(f"#connect-{name}", Input).value = getattr(text, name)
            for name in ("grpc", "bearer"):
                self.query_one(f"#connect-{name}", Toggle).value = getattr(text, name)
        self._say()

    def _say(self) -> None:
        """What is wrong, what to know, or that all is well."""
        said = self.query_one("#connect-said", Static)
        self.query_one("#connect-port-row").display = self.text.grpc
        try:
            target = read_connection(self.text, self._profiles, self._store)
            lines = [Text.assemble(("⚠ ", WARN), plain(caution)) for caution in self._cautions(target)]
        except QtuiError as error:
            said.update(Text.assemble(("✗ ", BAD), plain(worded(error))))
            return
        if not target.writable:
            more = "" if self._writes else "; start qtui with --allow-writes to be able to write"
            lines.append(Text(f"It is only read{more}.", DIM))
        said.update(Text("\n").join(lines))

    def _cautions(self, target: Target) -> tuple[str, ...]:
        if self._input("key").strip():
            return target.cautions_with_key()
        return target.cautions(os.environ)

    def action_take(self) -> None:
        """Gives back what was typed, once it can be used."""
        try:
            target = read_connection(self.text, self._profiles, self._store)
            with_key(target, self._input("key"))
            target.key(os.environ)
        except QtuiError as error:
            self.query_one("#connect-said", Static).update(Text.assemble(("✗ ", BAD), plain(worded(error))))
        else:
            self.dismiss(target)
