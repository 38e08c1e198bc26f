"""Commands: one declaration gives a key, its footer label, its palette entry and its row in the help.

A widget lists its commands in `KEYS` and binds them with `bindings(KEYS)`; what is possible right now is asked of
its `check_action`. The footer, the palette and the help all read the same active bindings.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class Command:
    """Something that the user can do."""

    id: str
    """Unique; what a configuration binds keys to."""
    keys: str
    """Textual's key names, comma-separated; the first one is shown."""
    action: str
    label: str
    """One short word for the footer; '' leaves it out there."""
    title: str
    """What it does, for the palette and the help."""
    display: str | None = None
    """How the key is written where Textual's own name reads badly."""
    always: str = ""
    """Keys that work while an input has the focus, too."""


REGISTRY: dict[str, Command] = {}
ALWAYS = ".always"
"""Behind the id of the binding that works while something is typed, too."""


def bindings(commands: Iterable[Command]) -> list[Binding]:
    """Textual's bindings for these commands; also makes them known to the footer, the palette and the help."""
    made = []
    for command in commands:
        REGISTRY[command.id] = command
        made.append(
            Binding(
                command.keys,
                command.action,
                command.label,
                show=bool(command.label),
                key_display=command.display,
                tooltip=command.title,
                id=command.id,
            )
        )
        if command.always:
            made.append(Binding(command.always, command.action, show=False, priority=True, id=f"{command.id}{ALWAYS}"))
    return made


def key_of(app: App[Any], id_: str) -> str:
    """The key of a command as it is written, by the bindings that the user has made: for texts that name it."""
    if id_ not in REGISTRY:  # of a tab that wasn't opened yet
        import_module(f"qtui.tui.panels.{id_.partition('.')[0]}")
    command = REGISTRY[id_]
    own = getattr(getattr(app, "preferences", None), "keys", {}).get(id_)
    first, display = (own, None) if own else (command.keys, command.display)
    return _written(app, Binding(first.partition(",")[0], command.action, key_display=display))


def _written(app: App[Any], binding: Binding) -> str:
    shown = app.get_key_display(binding)
    return shown.upper() if re.fullmatch(r"f\d+", shown) else shown


def keyed(app: App[Any], text: str) -> str:
    """A text of ours with the key of every command that it names: '{runs.resume} goes on with it'."""
    return _NAMED.sub(lambda found: key_of(app, found[1]), text)


_NAMED = re.compile(r"\{([a-z_]+\.[a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Active:
    """A command that works now, with the widget that it acts on and the key that it really has."""

    command: Command
    node: DOMNode
    key: str
    always: str = ""
    """Another one, which works while something is typed, too."""


def _called_now(command: Command, node: DOMNode) -> Command:
    """With the label that its widget gives it now; one that has a say in that has `label_now(action)`."""
    named = getattr(node, "label_now", None)
    label = None if named is None else named(command.action)
    return command if label is None else replace(command, label=label)


_CHARACTERS = {"slash": "/", "plus": "+", "minus": "-", "at": "@", "underscore": "_", "backslash": "\\"}
"""Of keys that Textual gives a name of their own, and then doesn't take for characters that are typed."""


def active(screen: Screen[object]) -> Iterator[Active]:
    """The commands that work on this screen now, nearest to the focus first, each once.

    Those of one widget come as they were declared, whichever keys they have. While something is typed, a command has
    the key that works then.
    """
    found: dict[str, Active] = {}
    nodes: dict[DOMNode, int] = {}
    entries = [each for each in screen.active_bindings.values() if each.enabled and not _is_typed(screen, each)]
    for entry in sorted(entries, key=lambda each: (each.binding.id or "").endswith(ALWAYS)):
        command = REGISTRY.get((entry.binding.id or "").removesuffix(ALWAYS))
        if command is None:
            continue
        written, known = _written(screen.app, entry.binding), found.get(command.id)
        if known is None:
            found[command.id] = Active(_called_now(command, entry.node), entry.node, written)
        elif (entry.binding.id or "").endswith(ALWAYS) and written != known.key:
            found[command.id] = replace(known, always=written)
    for entry in entries:
        nodes.setdefault(entry.node, len(nodes))
    declared = {id_: at for at, id_ in enumerate(REGISTRY)}
    yield from sorted(found.values(), key=lambda each: (nodes[each.node], declared[each.command.id]))


def _is_typed(screen: Screen[object], entry: ActiveBinding) -> bool:
    """Whether the key is a character for what has the focus."""
    key, focused = entry.binding.key, screen.focused
    character = _CHARACTERS.get(key)
    return character is not None and focused is not None and focused.check_consume_key(key, character)


MOVING = frozenset({"up", "down", "left", "right", "pageup", "pagedown", "home", "end"})
"""Keys that come many times a second and that no command of ours has: there is nothing to look up."""


def reason(screen: Screen[object], key: str) -> str | None:
    """Why the command of a key can't run now, in the words of the widget that would run it.

    Such a widget answers None in `check_action`, and says why in `why_not(action)`.
    """
    if key in MOVING:
        return None
    entry = screen.active_bindings.get(key)
    why_not = getattr(entry.node, "why_not", None) if entry is not None and not entry.enabled else None
    return None if entry is None or why_not is None else why_not(entry.binding.action)


def own_actions(node: DOMNode, key: str, keymap: Mapping[str, str]) -> Iterator[str]:
    """What a key does by the bindings of this widget alone; `keymap` has the keys that were bound anew, by id."""
    for binding in Binding.make_bindings(type(node).BINDINGS):
        if key in keymap.get(binding.id or "", binding.key).split(","):
            yield binding.action


def unknown(ids: Iterable[str]) -> str | None:
    """The first of these ids that no command has. Imports every panel and dialog, so that all are known."""
    from pkgutil import iter_modules

    from qtui.tui import dialogs, panels

    for package in (panels, dialogs):
        for module in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    return next((id_ for id_ in ids if id_.removesuffix(ALWAYS) not in REGISTRY), None)


class Palette(CommandPalette):
    """Textual's; a key that moves through its list does nothing while there is none yet."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether there is something to move through."""
        if action == "command_list" and not self.query_one(CommandList).virtual_size.height:
            return False
        return super().check_action(action, parameters)


class PossibleNow(Provider):
    """The palette: the commands that make sense on the screen that it was opened from, with their keys."""

    def _choices(self) -> list[tuple[str, str, Callable[[], Coroutine[object, object, bool]]]]:
        return [
            (each.command.title, each.key, partial(self.app.run_action, each.command.action, each.node))
            for each in active(self.screen)
            if each.command.title and each.command.action != "palette" and not _pointless(each)
        ]

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """All of them, before anything is typed."""
        for title, key, run in self._choices():
            yield DiscoveryHit(_with_key(Content(title), key), run, text=title)

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for title, key, run in self._choices():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, _with_key(matcher.highlight(title), key), run, text=title)


def _pointless(each: Active) -> bool:
    """Whether it would change nothing, in the words of its widget: a key may still be pressed then, for the focus."""
    asked = getattr(each.node, "pointless", None)
    return asked is not None and asked(each.command.action)


def _with_key(title: Content, key: str) -> Content:
    """A line of the palette: what it does, and the key that does it without the palette."""
    return Content.assemble(title, "  ", (key, "$foreground-muted"))
