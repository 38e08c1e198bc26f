"""What the app sees of an engine room that dies, hangs, refuses or talks nonsense: real processes, scripted faults."""

import asyncio
import errno
import os
import signal
import sys

import pytest

from qtui import config
from qtui.errors import AccessError, DataError, EngineGone, NotFound, StoreInUse
from qtui.events import CollectionFailed, Progress
from qtui.host import requests
from qtui.host.client import EngineRoom, RoomState
from qtui.host.life import Limits
from qtui.host.wire import WireError
from qtui.plan import BenchRequest
from qtui.target import Target
from tests.host import until

IMPATIENT = Limits(hang_s=1.5)
QUICK = Limits(hang_s=20, close_s=5, cancel_s=5, retries=3, backoff_s=0.01)
LARGE = 1_000_000
"""More than a pipe and what waits for it hold."""
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


class Watched(EngineRoom):
    def __init__(self, folder, limits):
        self.states: list[RoomState] = []
        super().__init__(folder, on_state=self.states.append, limits=limits, module="tests.host.faulty")


@pytest.fixture
async def make(tmp_path):
    """make(store_name, limits) → a room on a faulty child, with the `states` that it announced."""
    rooms = []

    def room(store="store", limits=QUICK):
        folder = tmp_path / store
        folder.mkdir(exist_ok=True)
        rooms.append(Watched(folder, limits))
        return rooms[-1]

    yield room
    for each in rooms:
        await each.close()


async def started(room):
    await room.start()
    return room


async def pid(room):
    return int((await room.call(requests.Export("pid", ""))).split()[1])


async def test_calls_are_answered_and_closing_is_orderly(make, tmp_path):
    room = await started(make())
    assert await room.collections() == ("a", "b")
    child = await pid(room)
    await room.close()
    assert (tmp_path / "store" / "closed").exists()
    assert not until.alive(child)
    await asyncio.sleep(0)
    assert [state.status for state in room.states] == ["starting", "ready", "closed"]
    with pytest.raises(EngineGone, match="closed"):
        await room.collections()


async def test_a_closed_room_can_be_started_again(make):
    room = await started(make())
    first = await pid(room)
    await room.close()
    await room.start()
    assert await pid(room) != first


@posix
@pytest.mark.parametrize("how", ["die", "crash", "segfault"])
async def test_death_in_a_call_fails_it_at_once_and_later_calls_work(make, how):
    room = await started(make())
    first = await pid(room)
    waiting = asyncio.ensure_future(room.call(requests.Export("wait", "")))
    with pytest.raises(EngineGone) as caught:
        await room.call(requests.Export(how, ""))
    with pytest.raises(EngineGone):
        await waiting
    assert "\n" not in caught.value.text
    assert await pid(room) != first
    assert [state.status for state in room.states] == ["starting", "ready", "restarting", "ready"]
    assert f"{room.states[2].detail}; try again" == caught.value.text
    if how == "crash":
        assert "SIGABRT: 'index out of bounds'" in caught.value.text
    if how == "segfault":
        assert "SIGSEGV: 'Fatal Python error: Segmentation fault'" in caught.value.text


@posix
async def test_what_is_only_read_is_asked_once_more(make, tmp_path):
    room = await started(make())
    deaths = tmp_path / "store" / "mortal"
    deaths.write_text("1")
    assert await room.collections() == ("a", "b")
    deaths.write_text("1")
    await room.delete("half")  # the process that died over it had removed it
    with pytest.raises(NotFound):
        await room.delete("half")
    deaths.write_text("2")
    with pytest.raises(EngineGone, match="SIGKILL"):
        await room.collections()


@posix
async def test_what_ended_with_its_target_is_not_asked_of_the_next(make, tmp_path):
    room = await started(make(limits=Limits(close_s=0.2)))
    (tmp_path / "store" / "mortal").write_text("hang")
    deleting, reading = (asyncio.ensure_future(each) for each in (room.delete("half"), room.collections()))
    await until.true(lambda: len(room._life._inboxes) == 2)
    await room.connect(Target(path=str(tmp_path)))
    for each in (deleting, reading):
        with pytest.raises(EngineGone):
            await each


@posix
async def test_killed_while_idle_it_comes_back(make):
    room = await started(make())
    for _ in range(3):
        child = await pid(room)
        os.kill(child, signal.SIGKILL)
        await until.true(lambda child=child: not until.alive(child))
        await until.true(lambda: room.state.status == "ready" or room.states[-1].status == "restarting")
        for _ in range(2):  # the first may have been sent to the dead
            try:
                assert await pid(room) != child
                break
            except EngineGone:
                continue
        else:
            pytest.fail("it did not come back")


async def test_a_hung_child_is_killed_and_replaced(make):
    room = await started(make(limits=IMPATIENT))
    first = await pid(room)
    with pytest.raises(EngineGone, match=r"did not answer for 1\.5 s"):
        await room.call(requests.Export("hang", ""))
    assert not until.alive(first)
    assert await pid(room) != first


async def test_a_child_that_waits_is_not_taken_for_hung(make):
    room = await started(make(limits=IMPATIENT))
    waiting = asyncio.ensure_future(room.call(requests.Export("wait", "")))
    done, _ = await asyncio.wait({waiting}, timeout=IMPATIENT.hang_s * 2)
    assert not done
    waiting.cancel()


async def test_a_child_that_dies_at_start_is_not_started_for_ever(make):
    room = make("stillborn")
    with pytest.raises(EngineGone, match="exit code 1: 'no engine here', 4 times in a row; start it again"):
        await room.start()
    assert room.state.status == "closed"
    assert [state.status for state in room.states].count("restarting") == QUICK.retries
    with pytest.raises(EngineGone):
        await room.collections()


async def test_a_child_that_hangs_at_start_is_killed(make):
    room = make("slow", Limits(hang_s=0.4, start_s=0.4, retries=0))
    with pytest.raises(EngineGone, match=r"did not answer for 0\.4 s"):
        await room.start()


async def test_a_refusal_is_told_and_not_tried_again(make):
    room = make("refused")
    with pytest.raises(StoreInUse, match="open elsewhere"):
        await room.start()
    await asyncio.sleep(0)
    assert [state.status for state in room.states] == ["starting", "closed"]


async def test_closing_a_child_that_does_not_exit_kills_it(make):
    room = await started(make("stubborn", Limits(hang_s=60, close_s=0.3)))
    child = await pid(room)
    await room.close()
    assert not until.alive(child)


async def test_closing_a_child_that_never_became_ready(make, tmp_path):
    room = make("slow", Limits(hang_s=60, close_s=0.3))
    starting = asyncio.ensure_future(room.start())
    await until.true(lambda: any((tmp_path / "slow").iterdir()))
    child = int(next((tmp_path / "slow").iterdir()).name)
    await room.close()
    assert not until.alive(child)
    with pytest.raises(EngineGone):
        await starting


@posix
async def test_closing_a_child_that_says_no_word_does_not_take_the_time_of_one_that_writes(make):
    room = await started(make(limits=Limits(hang_s=600, close_s=600, answer_s=0.2)))
    child = await pid(room)
    os.kill(child, signal.SIGSTOP)
    asking = asyncio.ensure_future(room.call(requests.Export("x" * LARGE, "")))
    await until.true(lambda: room._life._inboxes)
    async with asyncio.timeout(until.DEADLINE_S):
        await room.close()
        with pytest.raises(EngineGone):
            await asking
    assert not until.alive(child)


@posix
async def test_a_hung_child_that_reads_nothing_more_is_killed_too(make):
    room = await started(make(limits=IMPATIENT))
    os.kill(await pid(room), signal.SIGSTOP)
    async with asyncio.timeout(until.DEADLINE_S):
        with pytest.raises(EngineGone, match=r"did not answer for 1\.5 s"):
            await room.call(requests.Export("x" * LARGE, ""))


async def test_errors_cross_with_type_and_text(make):
    room = await started(make())
    with pytest.raises(NotFound, match="no run 'x'; see qtui runs list"):
        await room.call(requests.Export("refuse", ""))


async def test_bugs_and_panics_are_bugs_here_too(make, home):
    room = await started(make())
    with pytest.raises(WireError, match="ZeroDivisionError") as caught:
        await room.call(requests.Export("bug", ""))
    assert "return 1 // 0" in caught.value.__notes__[0]
    with pytest.raises(WireError, match="Panic: poisoned"):
        await room.call(requests.Export("panic", ""))
    with pytest.raises(WireError, match="undecodable answer to Export"):
        await room.call(requests.Export("wrong", ""))
    with pytest.raises(WireError, match="KeyError"):
        await room.info()
    (log,) = home.joinpath("log").iterdir()
    assert "return 1 // 0" in log.read_text()
    assert await room.collections() == ("a", "b")


async def test_an_answer_that_is_too_large_fails_that_call_only(make):
    room = await started(make())
    with pytest.raises(DataError, match="64 MiB are too many"):
        await room.call(requests.Export("large", ""))
    assert await room.collections() == ("a", "b")


async def test_stray_output_and_input_leave_the_protocol_alone(make, home):
    room = await started(make())
    await room.call(requests.Export("print", ""))
    assert await room.collections() == ("a", "b")
    (log,) = home.joinpath("log").iterdir()
    assert log.read_text() == "stray\nmore stray bytes"
    assert config.log_dir() == home / "log"


async def test_a_flood_on_stderr_is_bounded(make, home):
    room = await started(make(limits=Limits(hang_s=4)))
    await room.call(requests.Export("flood", ""))
    (log,) = home.joinpath("log").iterdir()
    await until.true(lambda: log.stat().st_size == 0)


async def test_nonsense_on_the_wire_is_a_bug_and_the_child_is_replaced(make):
    room = await started(make())
    first = await pid(room)
    with pytest.raises(WireError, match="undecodable message"):
        await room.call(requests.Export("garbage", ""))
    assert await pid(room) != first


async def test_old_logs_go_and_empty_ones_are_not_kept(make, home):
    config.private_dir(config.log_dir())
    old = [home / "log" / f"engine-1-{number}.log" for number in range(12)]
    for age, path in enumerate(reversed(old)):
        path.write_text("said")
        os.utime(path, (age, age))
    room = await started(make())
    await room.call(requests.Export("print", ""))
    await room.close()
    kept = list(home.joinpath("log").iterdir())
    assert len(kept) == 8
    assert [path for path in old if path.exists()] == old[:7]
    room = await started(make())
    await room.close()
    assert all(path.stat().st_size for path in home.joinpath("log").iterdir())


async def test_where_nothing_can_be_written_that_is_said(make, monkeypatch):
    def read_only(path, *_):
        raise OSError(errno.EROFS, "Read-only file system", path)

    room = make()
    with monkeypatch.context() as patch:
        patch.setattr("qtui.host.process.os.open", read_only)
        with pytest.raises(AccessError, match=r"log': Read-only file system; .* set QTUI_HOME elsewhere"):
            await room.start()
    assert room.state.status == "closed"
    assert "Read-only" in room.state.detail
    await room.start()
    assert await room.collections() == ("a", "b")


# --- streams --------------------------------------------------------------------------------------------------------


def plan(script):
    return BenchRequest(collection="a", seed=script)


async def test_a_slow_reader_gets_the_newest_progress_and_every_other_event(make):
    room = await started(make())
    seen = []
    async for event in room.bench(plan(0)):
        seen.append(event)
        await room.collections()  # lets the child run ahead
    progress = [event.done for event in seen if isinstance(event, Progress)]
    assert progress == sorted(progress)
    assert progress[-1] == 499
    assert len(progress) < 500
    assert [event.error for event in seen if isinstance(event, CollectionFailed)] == ["because", "0", "1", "2"]


async def test_closing_the_iterator_cancels_and_waits_for_it(make, tmp_path):
    room = await started(make())
    events = room.bench(plan(1))
    assert isinstance(await anext(events), Progress)
    room._announce("measuring")  # as a process that measures says
    await events.aclose()
    assert [state.status for state in room.states][-2:] == ["measuring", "stopping"]
    assert (tmp_path / "store" / "cancelled").exists()
    assert await room.collections() == ("a", "b")


async def test_cancelling_the_reader_cancels_too(make, tmp_path):
    room = await started(make())
    first = asyncio.Event()

    async def read():
        async for _ in room.bench(plan(1)):
            first.set()

    reader = asyncio.ensure_future(read())
    await first.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await until.true((tmp_path / "store" / "cancelled").exists)


@posix
async def test_death_in_a_stream_ends_it_after_what_was_sent(make):
    room = await started(make())
    events = room.bench(plan(2))
    assert isinstance(await anext(events), Progress)
    with pytest.raises(EngineGone, match="SIGKILL"):
        await anext(events)
    assert await room.collections() == ("a", "b")


async def test_a_cancelled_call_is_cancelled_there(make):
    room = await started(make())
    waiting = asyncio.ensure_future(room.call(requests.Export("wait", "")))
    await room.collections()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await room.collections() == ("a", "b")
