"""localstripe on a free port, keeping everything in memory. Prints `ready PORT`; ends when its standard input does.

Its own command line always writes one file under /tmp and listens on every address, so two of them can't run at once.
"""

import asyncio
import sys

from aiohttp import web
from localstripe import resources
from localstripe.server import app

type(resources.store).dump_to_disk = lambda _: None


async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
