"""The app on a server: what is shown, what is not while it is only read, ten thousand collections, connecting."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.text import Text
from textual.widgets import Input

from qtui import config
from qtui.errors import AccessError, QtuiError, Unreachable, UsageError
from qtui.host.client import RoomState
from qtui.methods import METHODS
from qtui.model import UNREAD, CollectionView, EngineInfo, unread
from qtui.served import Limits, Rebuild, Served, Shard
from qtui.target import Target, remember_key, server, typed_key
from qtui.tui.app import QtuiApp
from qtui.tui.connectform import ConnectText, filled, read_connection, text_of
from qtui.tui.inspection import inspect
from qtui.tui.messages import PlanEdited
from qtui.tui.panels.collection_parts import FirstRun
from qtui.tui.served import told
from qtui.tui.widgets.controls import Choice
from qtui.tui.widgets.forecasts import ForecastList
from qtui.tui.widgets.tables import CollectionTable
from tests.tui.driving import screen_text, until, until_seen
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import DEMO, view

WIDE, NARROW = (120, 40), (80, 24)
URL = server("http://qdrant.example:6333")
SERVED = Served(
    aliases=("current", "[bold]old"),
    shards=(Shard(0, 11, "Active", local=True, points=900), Shard(0, 12, "Dead", local=False)),
    shard_number=1,
    replication_factor=2,
    rebuilds=(Rebuild("indexing", "building the graph", 900, 45, 90, 3.0), Rebuild("merge", "queued", 10)),
    limits=Limits(enabled=True, allow_exact=False, max_limit=100, reads_per_minute=60),
    memory_from="formula",
    built_from="estimate",
    process_bytes=2**30,
    unknown={"memory": "the key is for one collection"},
)


class ServerRoom(FakeRoom):
    """A room on a server, which counts what is asked for."""

    def __init__(self, on_state, views: Sequence[CollectionView] = (), *, target: Target = URL) -> None:
        super().__init__(on_state, views)
        self.target = target
        self.paged: list[int] = []
        self.looked: list[str] = []
        self.connect_error: QtuiError | None = None
        self.denied = False
        self.gone: QtuiError | None = None

    async def info(self) -> EngineInfo:
        kind = "embedded" if self.target.embedded else "server"
        refused = {"scalar": "needs server 1.99, this is 1.19.1"}
        return EngineInfo(kind, "1.19.1", self.target.where, self.denied, protocol="REST", refused=refused)

    async def glances(self, names: Sequence[str]) -> tuple[CollectionView, ...]:
        if self.gone is not None:
            raise self.gone
        self.paged.append(len(names))
        return await super().glances(names)

    async def view(self, name: str) -> CollectionView:
        self.looked.append(name)
        return await super().view(name)

    async def connect(self, target: Target) -> None:
        await super().connect(target)
        if self.connect_error is not None and target != URL:
            self.on_state(RoomState("closed", self.connect_error.text))
            raise self.connect_error
        self.target = target
        self.on_state(RoomState("ready"))


def on_server(
    views: Sequence[CollectionView] = DEMO, target: Target = URL, *, writes: bool = False
) -> tuple[QtuiApp, ServerRoom]:
    app = QtuiApp(
        lambda on_state: ServerRoom(on_state, views, target=target), where=target.where, target=target, writes=writes
    )
    assert isinstance(app.room, ServerRoom)
    return app, app.room


def many(count: int) -> list[CollectionView]:
    one = view("c")
    return [replace(one, name=f"c{i:05d}") for i in range(count)]


def actions(app: QtuiApp) -> set[str]:
    return {entry.binding.action for entry in app.screen.active_bindings.values() if entry.enabled}


WRITING = {"new", "change", "delete", "resume", "copies"}


async def test_a_server_that_is_only_read_shows_no_action_that_writes():
    app, _ = on_server((*DEMO, view("half", status="partial")))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "6 collections")
        assert "read-only" in screen_text(app)
        assert "http://qdrant.example:6333  Qdrant 1.19.1 REST" in screen_text(app)
        for key in ("down", "down", "d", "n", "c", "u"):
            await pilot.press(key)
            assert not actions(app) & WRITING
        assert len(app.screen_stack) == 1
        assert {"points", "measure", "copy", "refresh"} <= actions(app)


async def test_with_leave_to_write_they_are_there():
    app, _ = on_server(target=replace(URL, allow_writes=True))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        assert "read-only" not in screen_text(app)
        await until(pilot, lambda: {"new", "change", "delete", "copies"} <= actions(app))
        await pilot.press("x")
        await until_seen(pilot, "copies of one")
        assert "__qtui__" in screen_text(app)


async def test_a_method_that_the_server_is_too_old_for_is_refused_with_the_reason():
    app, _ = on_server((view("docs"),), target=replace(URL, allow_writes=True))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        await until(pilot, lambda: "change" in actions(app))
        await pilot.press("c")
        await until_seen(pilot, "in place")
        method = app.screen.query_one("#change-method", Choice)
        method.value = "scalar"
        method.post_message(PlanEdited())
        await until_seen(pilot, "scalar can't be done here: needs server 1.99")
        method.value = "binary"
        method.post_message(PlanEdited())
        await until(pilot, lambda: "can't be done here" not in screen_text(app))


async def test_a_key_that_may_only_read_counts_as_well():
    app, room = on_server(target=replace(URL, allow_writes=True))
    room.denied = True
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "read-only")
        await until_seen(pilot, "5 collections")
        assert not actions(app) & WRITING


async def test_an_empty_server_offers_nothing_that_writes():
    app, _ = on_server(())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "this server is only read")
        await pilot.press("d", "i", "n")
        assert not app.query_one(FirstRun).may_write
        assert len(app.screen_stack) == 1


async def test_ten_thousand_are_listed_and_filtered_by_reading_only_what_is_seen():
    app, room = on_server(many(10_000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "10000 collections")
        table = app.query_one(CollectionTable)
        await until(pilot, lambda: sum(room.paged) == 200)
        await pilot.press("end")
        assert table.row == "c09999"
        await until(pilot, lambda: table.found["c09999"].status == "green")
        assert sum(room.paged) < 300
        await pilot.press("slash")
        app.query_one("#filter", Input).value = "c0777"
        await until_seen(pilot, "10 of 10000 match")
        await until(pilot, lambda: table.found["c07777"].status == "green")
        assert max(room.paged) <= 50
        assert sum(room.paged) < 400
        assert len(room.looked) < 10


@pytest.mark.usefixtures("every_frame")
async def test_one_row_costs_what_a_few_do(monkeypatch):
    """Not a time: how many rows are drawn of a long list."""
    app, _ = on_server(many(3_000))
    drawn: list[int] = []
    line = CollectionTable.line

    def counted(self: CollectionTable, at: int, width: int) -> Text:
        drawn.append(at)
        return line(self, at, width)

    monkeypatch.setattr(CollectionTable, "line", counted)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "3000 collections")
        drawn.clear()
        await pilot.press("end", "home", "pagedown")
        assert 0 < len(drawn) < 1_000


async def test_setting_up_shows_what_the_server_lacks_before_it_is_chosen():
    app, _ = on_server(target=replace(URL, allow_writes=True))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("n")
        await until_seen(pilot, "S scalar         needs server 1.99")
        methods = app.screen.query_one(ForecastList)
        assert "scalar" not in methods.names
        assert "pinned" not in dict(app.screen.query_one("#setup-originals", Choice).options)
        methods.focus()
        methods.highlighted = list(METHODS).index("scalar")
        await pilot.press("space")
        await until_seen(pilot, "this is 1.19.1")
        assert "scalar" not in methods.names


async def test_the_highlighted_one_is_read_in_full_and_again_while_the_server_works_on_it(monkeypatch):
    monkeypatch.setattr("qtui.tui.roomapp.LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("qtui.tui.roomapp.LOOK_AFTER_S", 0.0)
    app, room = on_server((view("busy", status="yellow", served=SERVED), view("calm")))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: room.looked.count("busy") >= 3)
        await until_seen(pilot, "██████░░░░░░ 50%")
        room.views["busy"] = view("busy")
        await until_seen(pilot, "busy  ● green")
        await pilot.press("down")
        await until(pilot, lambda: room.looked[-1] == "calm")
        await until_seen(pilot, "calm  ● green")
        seen = len(room.looked)
        app.room_state = RoomState("building")  # what is changed from here is watched, whatever it was like before
        await until(pilot, lambda: len(room.looked) > seen + 2)
        app.room_state = RoomState("ready")
        room.views["calm"] = view("calm", status="yellow", served=SERVED)  # and what others change is noticed
        await until_seen(pilot, "██████░░░░░░ 50%")


async def test_a_server_that_is_away_is_told_of_and_so_is_its_return(monkeypatch):
    monkeypatch.setattr("qtui.tui.roomapp.LOOK_EVERY_S", 0.02)
    app, room = on_server()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "● ready")
        room.gone = Unreachable("no answer from h; is it running?")
        await until_seen(pilot, "✗ no answer")
        await until_seen(pilot, "is it running?")
        room.gone = None
        await until_seen(pilot, "● ready")
        assert [notice.severity for notice in app.notices] == ["error"]


def test_what_only_a_server_tells():
    text = "\n".join(line.plain for line in told(SERVED, 70))
    assert "██████░░░░░░ 50%, indexing: building the graph, 900" in text
    assert "waits: merge, 10 points" in text
    assert "current, [bold]old" in text
    assert "1, 2 replicas of each, on 2 nodes" in text
    assert "0  Active  here, 900 points" in text
    assert "0  Dead  node 12" in text
    assert "no exact search" in text
    assert "limit at most 100" in text
    assert "60 reads a minute" in text
    assert "no memory     the key is for one collection" in text


def test_estimates_say_so():
    found = inspect(replace(view("a", "scalar"), served=SERVED), 60).plain
    assert "est, by formulas" in found
    assert "1.0 GiB" in found
    assert "est, judged by counts" in found
    report = replace(SERVED, memory_from="report", built_from="report")
    assert "judged by counts" not in inspect(replace(view("a", "scalar"), served=report), 60).plain


def test_an_unread_one_says_nothing_that_isnt_known():
    assert "points" not in inspect(unread("far down"), 60).plain
    assert unread("x").status == UNREAD


# --- connecting -----------------------------------------------------------------------------------------------

PROFILES = {"prod": {"url": "https://prod.example", "api_key_env": "PROD_KEY", "grpc": True, "timeout": 5}}


def test_a_form_is_read_as_a_target(tmp_path):
    def target(**text: object) -> Target:
        return read_connection(ConnectText(**text), PROFILES, tmp_path)  # type: ignore[arg-type]  # the caller's names

    assert target() == Target(path=str(tmp_path))
    assert target(address="/data/store").path == "/data/store"
    assert target(address="db:7000", key_env="K", grpc=True).where == "http://db:7000"
    profile = filled(ConnectText(profile="prod"), PROFILES["prod"])
    found = read_connection(profile, PROFILES, tmp_path)
    assert (found.profile, found.timeout, found.api_key_env) == ("prod", 5, "PROD_KEY")
    other = read_connection(replace(profile, address="elsewhere"), PROFILES, tmp_path)
    assert (other.profile, other.timeout) == (None, 5)
    found = target(address="db:7000", grpc=True, grpc_port="9000", timeout="90", bearer=True)
    assert (found.grpc_port, found.timeout, found.bearer) == (9000, 90, True)
    assert (target(address="db:7000").grpc_port, target(address="db:7000").timeout) == (7001, 30)
    for wrong in ({"grpc": True, "grpc_port": "70000"}, {"timeout": "soon"}, {"timeout": "0"}, {"timeout": "nan"}):
        with pytest.raises(UsageError, match=r"gRPC port: 1 to|time-out"):
            target(address="db", **wrong)


def test_what_we_are_connected_to_stands_in_the_form(tmp_path):
    for target in (
        server("db:7000", grpc=True, grpc_port=9000, timeout=90, allow_writes=True),
        server("https://db", grpc=True, bearer=True, api_key_env="K", ca="/ca.pem"),
        server("unix:/run/q.sock", timeout=0.5),
    ):
        assert read_connection(text_of(target, {}), {}, tmp_path) == target


async def test_connecting_goes_over_reads_anew_and_is_read_only():
    app, room = on_server()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("o")
        await until_seen(pilot, "start qtui with --allow-writes")
        app.screen.query_one("#connect-address", Input).value = "other:7000"
        room.views = {"one": view("one")}
        app.screen.query_one("#connect-grpc").focus()
        assert "gRPC port" not in screen_text(app)
        await pilot.press("space", "down", *"9000")  # the space bar flips it
        await until_seen(pilot, "gRPC port")
        app.screen.query_one("#connect-timeout").focus()
        await pilot.press(*"9x", "enter")
        await until_seen(pilot, "✗ time-out: seconds")
        await pilot.press("backspace", "0", "enter")  # Enter connects wherever the focus is
        await until_seen(pilot, "1 collection")
        await until_seen(pilot, "http://other:7000")
    assert [target.where for target in room.connected] == ["http://other:7000"]
    assert not room.connected[0].writable
    remembered = app.memory.get("target", dict)
    assert remembered == {"url": "http://other:7000", "grpc": True, "grpc_port": 9000, "timeout": 90}
    assert (room.connected[0].grpc, room.connected[0].grpc_port, room.connected[0].timeout) == (True, 9000, 90)


async def test_what_cant_be_reached_is_told_once_and_it_stays_where_it_was():
    app, room = on_server()
    room.connect_error = AccessError("can't reach http://gone:6333")
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("o")
        await until_seen(pilot, "Connect")
        app.screen.query_one("#connect-address", Input).value = "gone"
        await pilot.press("enter")
        await until(pilot, lambda: len(room.connected) == 2)
        await until_seen(pilot, "can't reach http://gone")
        assert [notice.text for notice in app.notices].count("can't reach http://gone:6333") == 1
        assert "qdrant.example" in screen_text(app)
        await pilot.press("o")
        await until_seen(pilot, "address       http://gone:6333")  # to be mended, not typed again
        assert app.memory.get("target", dict) == {"url": URL.where}, "the last one that was reached"
    assert room.connected[1] == URL


async def test_a_wrong_address_or_variable_costs_a_line():
    app, room = on_server()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("o")
        await until_seen(pilot, "Connect")
        address = app.screen.query_one("#connect-address", Input)
        address.value = "ftp://x"
        await until_seen(pilot, "an address begins with http://")
        address.value = "https://x"
        app.screen.query_one("#connect-key_env", Input).value = "NOT_SET_ANYWHERE"
        await until_seen(pilot, "NOT_SET_ANYWHERE is not set")
        await pilot.press("enter")
        assert len(app.screen_stack) == 2
    assert not room.connected


async def test_a_typed_key_is_never_shown_and_plain_http_is_warned_of():
    app, room = on_server(writes=True)
    target = server("http://far.example")
    try:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            await until_seen(pilot, "5 collections")
            await pilot.press("o")
            await until_seen(pilot, "allow writes to it")
            app.screen.query_one("#connect-address", Input).value = "far.example"
            app.screen.query_one("#connect-key", Input).value = "hunter2"
            await until_seen(pilot, "over plain http")
            assert "hunter2" not in screen_text(app)
            await pilot.press("enter")
            await until(pilot, lambda: len(room.connected) == 1)
            assert "hunter2" not in screen_text(app) + repr(room.connected)
        assert typed_key(target) == "hunter2"
    finally:
        remember_key(target, "")


@pytest.mark.parametrize("status", ["measuring", "building"])
async def test_it_waits_while_something_runs(status):
    app, room = on_server()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        room.on_state(RoomState(status))
        await pilot.press("o")
        await until_seen(pilot, "has to wait")
        assert len(app.screen_stack) == 1


async def test_a_broken_configuration_is_told_and_connecting_still_works():
    config.private_dir(config.home())
    config.config_file().write_text('[profiles.x]\napi_key = "hunter2"\nurl = "y"\n')
    app, _ = on_server()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("o")
        await until_seen(pilot, "Connect")
        await until_seen(pilot, "never kept in a file")
        assert "hunter2" not in screen_text(app)
