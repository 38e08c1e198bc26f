"""What every test of the command line needs."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.cli import here


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """main() listens to signals; this process should not go on doing so."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="module")
def builders_here() -> Iterator[None]:
    """What `called` loads is built in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qtui.host.build.asked_once", here.asked_once)
        patch.setattr("qtui.host.once.asked_once", here.asked_once)
        yield
