#!/usr/bin/env python3
"""Prints what long bodies cost keyferry in memory: 1 GiB down and up, and many streams whose reader has stopped. Asserts
nothing.

    make soak                          builds it first
    benches/stream.py path/to/keyferry [--gib N] [--streams N]
"""

import argparse
import contextlib
import socket
import tempfile
import threading
import time
from pathlib import Path

import stage

PIECE = b"x" * (1 << 18)


class Upstream:
    """Sends, or takes, as many bytes as the path says, whoever asks with the upstream's token."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """A thread for each connection."""
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        """Requests in turn, until the other side leaves."""
        with contextlib.suppress(OSError), peer, peer.makefile("rb") as reader:
            while request := reader.readline().split():
                length = 0
                while (line := reader.readline()).strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                while length:
                    length -= len(reader.read(min(length, len(PIECE))))
                size = int(request[1].rsplit(b"/", 1)[1])
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size // len(PIECE)):
                    peer.sendall(PIECE)


def ask(gateway, key, method, answer, body=0):
    """A connection on which a request has been sent, without its body."""
    peer = socket.create_connection(("127.0.0.1", gateway.port))
    head = f"{method} /bench/{answer} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\nContent-Length: {body}\r\n\r\n"
    peer.sendall(head.encode())
    return peer


def whole(gateway, key, size, up):
    """One body of so many bytes; how far memory rose meanwhile, in KiB, and the seconds it took."""
    before, most, start = gateway.memory_kib(), 0, time.perf_counter()
    with ask(gateway, key, "POST" if up else "GET", 0 if up else size, size if up else 0) as peer:
        for piece in range(size // len(PIECE)):
            if up:
                peer.sendall(PIECE)
            else:
                got = 0
                while got < len(PIECE):
                    got += len(peer.recv(len(PIECE) - got)) or 1
            if piece % 256 == 0:
                most = max(most, gateway.memory_kib())
        if up and not peer.recv(64).startswith(b"HTTP/1.1 200"):
            raise SystemExit("the upload was refused")
    return most - before, time.perf_counter() - start


def standing(gateway, key, count):
    """Memory of each of so many downloads whose reader has stopped, in KiB."""
    before = gateway.memory_kib()
    held = [ask(gateway, key, "GET", 64 << 20) for _ in range(count)]
    time.sleep(3)
    during = gateway.memory_kib()
    for peer in held:
        peer.close()
    return (during - before) / count


def main():
    """Each figure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--streams", type=int, default=200)
    options = parser.parse_args()
    size = int(options.gib * (1 << 30)) // len(PIECE) * len(PIECE)
    with tempfile.TemporaryDirectory() as folder:
        gateway, keys = stage.keyferry(folder, Upstream().port, options.binary, 1)
        try:
            for up in (False, True):
                rose, took = whole(gateway, keys[0], size, up)
                print(f"{options.gib:g} GiB {'up' if up else 'down':4}  memory +{rose / 1024:.1f} MiB  {size / took / 1e6:,.0f} MB/s")
            each = standing(gateway, keys[0], options.streams)
            print(f"{options.streams} streams that nobody reads  {each:.0f} KiB each")
        finally:
            gateway.stop()


if __name__ == "__main__":
    main()
