"""A test server by itself: `python -m tests.server STORE [PORT]`. Says its address, and serves until it is ended."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.server.serving import serving


async def main() -> None:
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    async with serving(Path(sys.argv[1]), port=port, grpc=True) as server:
        print(server.address, server.grpc_port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
