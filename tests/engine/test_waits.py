"""Whoever waits for a server says so, from wherever it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from qtui import servertext
from qtui.commands.console import Console
from qtui.commands.progress import Watch
from qtui.engine.pace import WAITS_S, Pace
from qtui.engine.waits import listening, telling, told
from qtui.errors import NoConnection, NotFound, RateLimited
from qtui.events import Event, Progress, Waiting

STEP = Progress("copy", "docs", 1, 2, 0.0, None)


class Away:
    """Answers after so many failures."""

    def __init__(self, failures: int, error: type[Exception] = NoConnection) -> None:
        self.failures, self.error = failures, error

    async def __call__(self) -> str:
        if self.failures:
            self.failures -= 1
            raise self.error("gone")
        return "here"


async def hasty(seconds: float) -> None:
    for _ in range(9):  # whoever listens has its turn
        await asyncio.sleep(0)


@telling
async def operation(away: Away) -> AsyncGenerator[Event, None]:
    yield STEP
    await asyncio.gather(Pace(sleep=hasty).asked(away))
    yield STEP


async def test_waits_are_told_between_two_events() -> None:
    async with asyncio.timeout(10):
        events = [event async for event in operation(Away(2))]
    assert events[0] == events[-1] == STEP
    assert isinstance(events[1], Waiting)
    assert events[1].why == "nobody answers"
    assert events[-2] == Waiting("", None), "it is said that it goes on"
    assert not [event async for event in operation(Away(0)) if isinstance(event, Waiting)]


async def test_a_server_that_stays_away_never_seems_to_answer() -> None:
    heard: list[Waiting] = []
    with listening(heard.append), pytest.raises(RateLimited):
        await Pace(sleep=hasty).asked(Away(99, RateLimited))
    assert [event.again_s for event in heard] == [each for wait in WAITS_S for each in (wait, 0.0)]
    heard.clear()
    with listening(heard.append), pytest.raises(NotFound):
        await Pace(sleep=hasty).asked(Away(99, NotFound))
    assert not heard, "what waiting doesn't mend isn't waited for"


async def test_the_seconds_are_counted_down_and_closing_ends_the_wait() -> None:
    ended = asyncio.Event()

    async def waits() -> AsyncGenerator[Event, None]:
        try:
            await Pace().asked(Away(99))
            yield STEP
        finally:
            ended.set()

    async with asyncio.timeout(10):
        events = told(waits())
        first = await anext(events)
        assert first == Waiting("nobody answers", 1.0)
        await events.aclose()
        assert ended.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_cancelling_ends_the_step_that_waits() -> None:
    async def until_cancelled() -> None:
        async for _ in operation(Away(99)):
            pass

    async def forever(seconds: float) -> None:
        await asyncio.Event().wait()

    async def step() -> AsyncGenerator[Event, None]:
        await Pace(sleep=forever).asked(Away(99))
        yield STEP

    task = asyncio.ensure_future(anext(told(step())))
    async with asyncio.timeout(10):
        assert isinstance(await task, Waiting)
    events = told(step())
    await anext(events)
    task = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_words() -> None:
    text = "waiting for the server: nobody answers, trying again"
    assert servertext.waiting(Waiting("nobody answers", 7.2)) == f"{text} in 8 s"
    assert servertext.waiting(Waiting("nobody answers", 0.0)) == f"{text} now"
    assert servertext.waiting_briefly(Waiting("nobody answers", 7.2)) == "waits: nobody answers, again in 8 s"
    assert servertext.waiting(Waiting("", None)) == servertext.waiting_briefly(Waiting("", None)) == ""


def test_the_command_line_says_so_and_goes_back_to_its_progress() -> None:
    class Lines(Console):
        def __init__(self) -> None:
            super().__init__()
            self.lines: list[str] = []

        def progress(self, text: str, *, force: bool = False) -> None:
            self.lines.append(text)

    console = Lines()
    watch = Watch(console)
    for event in (STEP, Waiting("nobody answers", 2.0), Waiting("", None)):
        watch.see(event)
    assert console.lines[1].startswith("waiting for the server")
    assert console.lines[0] == console.lines[2]
