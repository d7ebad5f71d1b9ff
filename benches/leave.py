#!/usr/bin/env python3
"""Prints what is left of thousands of callers who hang up at once (PF-5). Asserts nothing.

    make soak                                     builds it first
    benches/leave.py path/to/keyferry [--callers N]

Each caller has a connection of its own and waits for an upstream that says nothing. Then all of them close, half of them
with a reset. Printed is how long it took until the upstream had lost every call, and the gateway's memory,
descriptors and calls in flight before, meanwhile and after.
"""

import argparse
import multiprocessing
import os
import resource
import selectors
import socket
import struct
import tempfile
import time
import urllib.request
from pathlib import Path

import soak


def hanging(port, count):
    """Takes connections and their requests, says nothing, and counts who is there."""
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)
    asked = set()
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection = listener.accept()[0]
                selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                read = key.fileobj.recv(65536)
            except OSError:
                read = b""
            if read:
                asked.add(key.fileobj)
            else:
                asked.discard(key.fileobj)
                selector.unregister(key.fileobj)
                key.fileobj.close()
            count.value = len(asked)


def until(wanted, count, limit=120):
    """Seconds until so many calls hang."""
    start = time.monotonic()
    while count.value != wanted:
        if time.monotonic() - start > limit:
            raise SystemExit(f"{count.value} calls hang upstream, not {wanted}")
        time.sleep(0.005)
    return time.monotonic() - start


def state(gateway):
    """Memory, descriptors and calls in flight of the gateway."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{gateway.ports[2]}/metrics").read().decode()
    flying = next(line.split()[-1] for line in text.splitlines() if "requests_in_flight " in line and line[0] != "#")
    held = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
    return f"{gateway.memory():.1f} MiB, {held} descriptors, {flying} in flight"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("--callers", type=int, default=10_000, help="who hang up (10000)")
    given = arguments.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    # The gateway holds two sockets for each, and some more.
    callers = min(given.callers, (limit - 200) // 2)
    count = multiprocessing.Value("i", 0)
    with tempfile.TemporaryDirectory() as folder:
        gateway = soak.Gateway(
            os.path.abspath(given.binary), Path(folder), lambda port: Hanging(port, count), callers
        )
        try:
            before = state(gateway)
            request, held = soak.call(gateway.port, gateway.key), []
            for _ in range(callers):
                held.append(socket.create_connection(("127.0.0.1", gateway.port)))
                held[-1].sendall(request)
            until(callers, count)
            meanwhile = state(gateway)
            for connection in held[::2]:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            start = time.monotonic()
            for connection in held:
                connection.close()
            closed = time.monotonic() - start
            until(0, count)
            print(f"{callers} callers left within {closed:.2f} s; "
                  f"{time.monotonic() - start - closed:.2f} s later no call was left upstream")
            print(f"before: {before}\nmeanwhile: {meanwhile}\nafter: {state(gateway)}")
            time.sleep(30)
            print(f"30 s later: {state(gateway)}")
        finally:
            gateway.end()


class Hanging:
    """The upstream as a process."""

    def __init__(self, port, count):
        self.process = multiprocessing.Process(target=hanging, args=(port, count), daemon=True)
        self.process.start()

    def stop(self):
        self.process.terminate()


if __name__ == "__main__":
    main()
