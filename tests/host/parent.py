"""A parent to be killed: `python -m tests.host.parent room|build STORE HOW`; prints the process id of its child."""

import asyncio
import sys
from pathlib import Path

from qtui.events import Progress
from qtui.host import build, requests
from qtui.host.client import EngineRoom
from qtui.loads import BuildJob, BuildSpec, SourceSpec


async def room(store, how):
    held = EngineRoom(store, module="tests.host.faulty")
    await held.start()
    print((await held.call(requests.Export("pid", ""))).split()[1], flush=True)
    await held.call(requests.Export(how, ""))


async def builds(store, how):
    build.MODULE = "tests.host.faulty"
    async for event in build.build(BuildJob(str(store), how, "none", SourceSpec("synthetic"), BuildSpec())):
        assert isinstance(event, Progress)
        print(event.done, flush=True)


if __name__ == "__main__":
    asyncio.run({"room": room, "build": builds}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3]))
