"""Everything that the command line can do can be done in the app: every option of every command has its place there.

Read from the real parsers, so that a new option fails until it has a place, or a reason why it has no meaning there.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from textual.app import App
from textual.compose import compose
from textual.widget import Widget

from qtui.commands import SUMMARIES
from qtui.commands.parser import Parser, command_parser, root_parser
from qtui.commands.runs import ACTIONS
from qtui.prices import Prices
from qtui.tui.commands import REGISTRY, unknown
from qtui.tui.dialogs.ask import ConfirmByName, ExportTo
from qtui.tui.dialogs.change import ChangeDialog
from qtui.tui.dialogs.connect import ConnectDialog
from qtui.tui.dialogs.cost import AskCost
from qtui.tui.dialogs.models import AskModel
from qtui.tui.dialogs.runs import TakeInRun
from qtui.tui.dialogs.setup import SetupDialog
from qtui.tui.dialogs.wishes import AskWishes
from qtui.tui.tabs import TABS
from qtui.tui.wishform import WishText
from tests.tui import fake_runs, scripted
from tests.tui.fake_room import FakeRoom


class No(str):
    """Why something of the command line has no meaning in the app."""

    __slots__ = ()


JSON = No("a form of output for programs; in the app every figure is on the screen, and copying gives text")
ASKED = No("the app asks where the command line would, and Esc is no")
GATE = No("an exit code for continuous integration; nobody waits for one of the app")

GLOBAL: dict[str, str] = {
    "--path": "#connect-address",
    "--url": "#connect-address",
    "--profile": "#connect-profile",
    "--api-key-env": "#connect-key_env",
    "--grpc": "#connect-grpc",
    "--grpc-port": "#connect-grpc_port",
    "--ca": "#connect-ca",
    "--allow-writes": "#connect-writes",
    "--timeout": "#connect-timeout",
    "--quiet": No("progress has its line, and remarks can be read again: neither gets between results"),
    "--debug": No("a traceback is for whoever mends qtui; an error of the user's is a notification"),
    "--help": "app.help",
    "--version": "app.doctor",
}
SOURCE = {"--vectors": "#setup-kind #setup-path", "--payload": "#setup-payload"}
BUILD = {
    "--distance": "#setup-distance",
    "--vector-name": "#setup-vector_name",
    "--on-disk": "#setup-originals",
    "--in-ram": "#setup-originals",
    "--hnsw-m": "#setup-hnsw_m",
    "--ef-construct": "#setup-ef_construct",
}
EMBEDDED = {
    "--model": "#setup-model setup.models",
    "--model-path": "#setup-model",
    "--text-field": "#setup-text_field",
}
COST = {
    "--ram-price": "#cost-ram",
    "--disk-price": "#cost-disk",
    "--currency": "#cost-currency",
    "--replicas": "#cost-replicas",
    "--grow-to": "#cost-points",
}
BENCH = {
    **EMBEDDED,  # a set of documents is made vectors of by a load, and its collection is measured
    **COST,
    "--vectors": "#kind #path #shape",
    "--payload": "#payload",
    "--collection": "#collection collections.measure",
    "--queries": "#queries",
    "--truth": "#truth",
    "--filter": "#filter-text",
    "--locally": "#kind collections.what_if",
    "--copies": "#kind collections.copies",
    "--sample": "#points",
    "--pace": "#pace",
    "--processes": "#processes",
    "--methods": "#methods",
    "--rescore": "#rescore-on #rescore-off",
    "--oversampling": "#oversampling",
    "--hnsw-ef": "#hnsw-ef",
    "--limit": "#limit",
    "--exact": "#exact",
    "--ignore": "#ignore",
    "--distance": "#distance",
    "--vector-name": "#vector-name",
    "--on-disk": "#in-ram",
    "--in-ram": "#in-ram",
    "--hnsw-m": "#hnsw-m",
    "--ef-construct": "#ef-construct",
    "--concurrency": "#concurrency",
    "--rate": "#rate",
    "--repeat": "#repeat",
    "--cold": "#cold",
    "--memory": "benchmark.memory",
    "--placements": "benchmark.memory",
    "--seed": "#seed",
    "--adaptive": "#wish-by-query",
    "--keep": "#keep",
    "--yes": No("the plan says how long it takes before its key is pressed"),
    "--json": "benchmark.export",
    "--report": "benchmark.export",
    "--baseline": "runs.take_in runs.mark",
    "--fail-under": GATE,
    "--fail-over": GATE,
    "--summary": GATE,
    "--target-recall": "#target #wish-target",
    "--max-p95": "#wish-p95",
    "--max-ram": "#wish-ram",
    "--max-disk": "#wish-disk",
    "--minimise": "#wish-least",
}
PLACES: dict[str, dict[str, str]] = {
    "demo": {"--documents": "first.documents #setup-kind", "--model-path": "#setup-model"},
    "inspect": {"name": "collections.inspect", "--json": JSON},
    "load": {
        **SOURCE,
        **BUILD,
        **EMBEDDED,
        "name": "#setup-name",
        "documents": "#setup-documents",
        "--methods": "#setup-methods",
        "--yes": ASKED,
        "--indexing-threshold": "#setup-threshold",
        "--shards": "#setup-shards",
        "--replicas": "#setup-replicas",
    },
    "models": {
        "--here": No("those that are on this machine come first"),
        "--takes": No("a column says what each takes"),
        "--json": JSON,
        "--download": "models.fetch",
        "--yes": ASKED,
    },
    "search": {
        "names": "#column-collection search.pick search.add",
        "--text": "#query",
        "--image": "#query",
        "--id": "#query",
        "--vector": "#query",
        "--query": "#query #suggestions",
        "--model": "search.model",
        "--model-path": "search.model #model-name",
        "--filter": "#search-filter",
        "--vector-name": "search.pick",
        "--rescore": "#column-rescore search.flip",
        "--oversampling": "#column-factor search.more",
        "--hnsw-ef": "#column-ef",
        "--ignore": "#column-ignore",
        "--exact": "#column-exact",
        "--limit": "#search-limit",
        "--json": JSON,
    },
    "bench": BENCH,
    "tune": {**BENCH, "--survey": "#wish-survey", "--build-all": "#wish-build", "--analysis": "#wish-grid"},
    "runs": {
        **COST,
        "list": "tab.runs",
        "show": "runs.open",
        "diff": "runs.mark",
        "export": "runs.export",
        "import": "runs.take_in",
        "rename": "runs.name",
        "which": "#runs-table #take-in-path",
        "--json": JSON,
        "--format": "#format",
        "--output": "#path",
    },
    "delete": {"name": "collections.delete", "--confirm": "#typed"},
    "reconfigure": {
        "name": "collections.change",
        "--vector-name": "#change-vector",
        "--method": "#change-method",
        "--quantile": "#change-quantile",
        "--query-encoding": "#change-encoding",
        "--placement": "#change-quantized",
        "--always-ram": "#change-quantized",
        "--originals": "#change-originals",
        "--hnsw-m": "#change-hnsw_m",
        "--ef-construct": "#change-ef_construct",
        "--indexing-threshold": "#change-threshold",
        "--back": "collections.undo",
        "--confirm": "#change-typed",
    },
    "clean": {"--dry-run": "app.doctor", "--copies": "doctor.clean", "--confirm": "collections.delete"},
    "doctor": {"--json": "doctor.copy"},
}


def options(parser: Parser) -> set[str]:
    """What it takes: the long name of each option, the place of each argument."""
    return {(action.option_strings or [action.dest])[-1] for action in parser._actions}


def declared(command: str) -> set[str]:
    """All that a command takes beside the global options; the actions of `runs` are its arguments."""
    parser = command_parser(command)
    import_module(f"qtui.commands.{command}").declare(parser)
    found = options(parser)
    return found - {"action"} | set(ACTIONS) if command == "runs" else found


def test_every_option_has_a_place_in_the_app_or_a_reason() -> None:
    assert PLACES.keys() == SUMMARIES.keys()
    for command, places in PLACES.items():
        assert places.keys() == declared(command), command
        assert all(places.values()), command
    assert GLOBAL.keys() == options(root_parser(SUMMARIES))


@pytest.fixture(scope="module")
def places() -> dict[str, list[str]]:
    """Every place that is named, with what is done there."""
    found: dict[str, list[str]] = {}
    for command, table in {"": GLOBAL, **PLACES}.items():
        for option, named in table.items():
            for place in [] if isinstance(named, No) else named.split():
                found.setdefault(place, []).append(f"{command} {option}")
    return found


def test_every_command_that_is_named_is_there(places: dict[str, list[str]]) -> None:
    import_module("qtui.tui.app")  # which `unknown` needn't: it asks for it
    named = {place for place in places if not place.startswith("#")}
    assert unknown(named) is None
    assert all(REGISTRY[place].title for place in named), "the palette lists what has a title"


def ids(node: Widget) -> Iterator[str]:
    """Ids of all that a widget is composed of, without anything being laid out or drawn."""
    with node._context():
        todo = compose(node)
    while todo:
        widget = todo.pop()
        if widget.id is not None:
            yield widget.id
        todo += widget._pending_children
        yield from ids(widget)


async def test_every_control_that_is_named_is_there(places: dict[str, list[str]]) -> None:
    room = FakeRoom(lambda _: None)
    (run, *_), collection = fake_runs.three(), scripted.view("docs", "scalar")
    found: set[str] = set()
    app: App[None] = App()
    async with app.run_test():
        forms: list[Widget] = [
            SetupDialog(room, (collection,)),
            ChangeDialog(collection),
            ConfirmByName("docs", ""),
            ConnectDialog(None, {}, Path(), writes=True),
            AskWishes("", "", WishText("0.95"), tuning=True),
            AskCost(run, Prices()),
            ExportTo(run.id),
            TakeInRun(room.take_in),
            AskModel(room, "docs", None),
            *(tab.make(room) for tab in TABS),
        ]
        for form in forms:
            found |= {f"#{id_}" for id_ in ids(form)}
    missing = {place: what for place, what in places.items() if place.startswith("#") and place not in found}
    assert not missing
