#!/usr/bin/env python3
"""Prints what hostile callers cost a release build of `keyferry serve`, and what others notice of them. Asserts nothing.

    make soak                                     builds it first; about six minutes
    benches/soak.py path/to/keyferry [--seconds N] [--silent N]

Silent sockets and dripped heads and bodies (RP-14), then each kind of HTTP/2 flood for so many seconds (RP-15). Beside
each, another process makes one call after the other over one connection; its latencies are compared with those of a
quiet time just before. The attacker is another owner with the same generous limits. The upstream is nginx: one that can't take
the attacker's connections makes others wait for their own. Everybody shares the machine with the gateway: ratios say
more than figures, and the gateway's own part is given in cores.
"""

import argparse
import json
import multiprocessing
import os
import resource
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import stage

UPSTREAM = 'server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "ok"; }} }}'
QUIET = 5
# Calls a second of one owner: more than the others make, and far from what a flood asks for.
RATE = 500


def free_ports(count):
    """Ports nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def settings(ports, calls):
    gateway, control, admin, _ = ports
    return f"""
vault.key_file = "master.key"
store.url = "sqlite:keyferry.db"
catalog.dir = "apps"
egress = {{ allow = ["127.0.0.0/8"], plain_http = true }}
gateway = {{ listen = "127.0.0.1:{gateway}", url = "http://localhost:{gateway}" }}
control = {{ listen = "127.0.0.1:{control}", url = "http://localhost:{control}" }}
admin = {{ listen = "127.0.0.1:{admin}" }}
limits = {{ owner_rate = {calls}, owner_burst = {calls}, key_concurrency = {calls} }}
log.filter = "warn"
"""


def app(port):
    return f"""
name = "things"
display_name = "Things"
base = "http://127.0.0.1:{port}"
no_probe = "a soak's upstream"
[[auth]]
method = "API_KEY"
fields = [{{ name = "api_key", label = "Key", secret = true }}]
inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
"""


def call(port, key):
    return f"GET /things/x HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {key}\r\n\r\n".encode()


def others(port, key, stop, results):
    """One call after the other; microseconds of each."""
    times = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = call(port, key)
        while not stop.is_set():
            start = time.perf_counter()
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"ok"):
                read = connection.recv(65536)
                if not read:
                    results.put("the gateway closed")
                    return
                answer += read
            times.append((time.perf_counter() - start) * 1e6)
            time.sleep(0.002)
    results.put(times)


class Beside:
    """Measures what others notice while this runs."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.stop, self.results = multiprocessing.Event(), multiprocessing.Queue()
        arguments = (gateway.port, gateway.key, self.stop, self.results)
        self.process = multiprocessing.Process(target=others, args=arguments, daemon=True)

    def __enter__(self):
        self.process.start()
        self.start, self.before = time.monotonic(), self.gateway.cpu()
        return self

    def __exit__(self, *_):
        self.cores = (self.gateway.cpu() - self.before) / (time.monotonic() - self.start)
        self.stop.set()
        found = self.results.get(timeout=60)
        self.process.join()
        if isinstance(found, str):
            raise SystemExit(found)
        found.sort()
        self.median, self.p99 = statistics.median(found), found[int(len(found) * 0.99)]


class Gateway:
    """A running gateway with a connection for each of two owners who may make so many calls, and an upstream."""

    def __init__(self, binary, folder, upstream, calls):
        self.ports = free_ports(4)
        self.port = self.ports[0]
        (folder / "apps").mkdir()
        (folder / "apps" / "things.toml").write_text(app(self.ports[3]))
        made = subprocess.run([binary, "init", "--json"], cwd=folder, capture_output=True, text=True)
        if made.returncode:
            raise SystemExit(made.stderr)
        self.key = json.loads(made.stdout)["key"]["key"]
        (folder / "keyferry.toml").write_text(settings(self.ports, calls))
        self.upstream = upstream(self.ports[3])
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen([binary, "serve"], cwd=folder, stdout=self.log, stderr=self.log)
        self.until_ready()
        self.ask("/owners", {"name": "attacker"})
        self.attacker = self.ask("/keys?owner=attacker", {"name": "flood"})["key"]
        for owner in ("", "?owner=attacker"):
            credentials = {"app": "things", "method": "API_KEY", "credentials": {"api_key": "sk_soak"}}
            self.ask(f"/connections{owner}", credentials)

    def ask(self, path, body):
        """Of the control API, as its administrator."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.ports[1]}{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        return json.loads(urllib.request.urlopen(request).read())

    def cpu(self):
        """Seconds that its threads have run."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def until_ready(self):
        end = time.monotonic() + 30
        while True:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{self.ports[2]}/readyz").read()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def memory(self):
        """MiB that are this process' own."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024

    def floods(self):
        """The numbers of floods by kind."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.ports[2]}/metrics").read().decode()
        lines = [line for line in text.splitlines() if line.startswith("keyferry_http2_floods_total{")]
        return {line.split('"')[1]: int(line.split()[-1]) for line in lines}

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.upstream.stop()


def nginx(folder):
    """Answers every request at once."""
    folder.mkdir()
    return lambda port: stage.nginx(folder, f"0-{os.cpu_count() - 1}", port, UPSTREAM.format(port=port))


def quiet(gateway):
    with Beside(gateway) as beside:
        time.sleep(QUIET)
    return beside


def row(name, before, beside, more):
    ratio = beside.p99 / before.p99
    print(
        f"{name:26} p50 {before.median:6.0f} -> {beside.median:6.0f} us   "
        f"p99 {before.p99:6.0f} -> {beside.p99:6.0f} us (x{ratio:.2f})   "
        f"gateway {before.cores:.2f} -> {beside.cores:.2f} cores   {more}",
        flush=True,
    )


def dripping(gateway, name, count, first, drop, patience):
    """Holds `count` sockets that send `first` and then a byte each ten seconds; until when all are closed."""
    before, memory = quiet(gateway), gateway.memory()
    with Beside(gateway) as beside:
        start, ends, selector = time.monotonic(), [], selectors.DefaultSelector()
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", gateway.port))
            connection.sendall(first)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
        held, next_drop = gateway.memory() - memory, start + 10
        while selector.get_map() and time.monotonic() - start < patience:
            for key, _ in selector.select(timeout=0.2):
                try:
                    closed = not key.fileobj.recv(4096)
                except BlockingIOError:
                    continue
                except OSError:
                    closed = True
                if closed:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    ends.append(time.monotonic() - start)
            if drop and time.monotonic() > next_drop:
                next_drop += 10
                for key in list(selector.get_map().values()):
                    try:
                        key.fileobj.send(drop)
                    except OSError:
                        pass
    left = len(selector.get_map())
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    closed = f"closed after {min(ends):.0f} to {max(ends):.0f} s" if ends else "none closed"
    row(name, before, beside, f"{closed}, {left} left, {held:+.1f} MiB while held")


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(key, path):
    fields = {":method": "POST", ":scheme": "http", ":authority": "localhost", ":path": path}
    fields["authorization"] = f"Bearer {key}"
    text = lambda value: bytes([len(value)]) + value.encode()
    return b"".join(b"\x10" + text(name) + text(value) for name, value in fields.items())


def kinds(key):
    """For each kind what is sent first, and a function from a number to what is sent then."""
    head = block(key, "/things/x")
    open_stream = frame(1, 4, 1, head)
    pairs = lambda at, second: frame(1, 5, 2 * at + 1, head) + second(2 * at + 1)
    return {
        # To compare with: what it costs others that somebody computes here.
        "nothing": (b"", lambda at: pairs(at, lambda s: frame(3, 0, s, struct.pack(">I", 8)))),
        "rapid_reset": (b"", lambda at: pairs(at, lambda s: frame(3, 0, s, struct.pack(">I", 8)))),
        "made_you_reset": (b"", lambda at: pairs(at, lambda s: frame(8, 0, s, struct.pack(">I", 2**31 - 1)))),
        "continuation": (frame(1, 1, 1, head), lambda at: frame(9, 0, 1)),
        "settings": (b"", lambda at: frame(4, 0, 0)),
        "ping": (b"", lambda at: frame(6, 0, 0, bytes(8))),
        "empty_data": (open_stream, lambda at: frame(0, 0, 1)),
        "priority": (b"", lambda at: frame(2, 0, 1, bytes([0, 0, 0, 0, 16]))),
        "window_update": (b"", lambda at: frame(8, 0, 0, struct.pack(">I", 1))),
    }


def flooding(port, key, kind, stop, results):
    """Floods, and begins again on a new connection whenever one is ended; how many there were, and frames."""
    first, then = kinds(key)[kind]
    connections, frames = 0, 0
    while kind == "nothing" and not stop.is_set():
        frames += len([then(number) for number in range(50)])
    while not stop.is_set():
        connections += 1
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + first)
                at = 0
                while not stop.is_set():
                    connection.sendall(b"".join(then(number) for number in range(at, at + 50)))
                    at, frames = at + 50, frames + 50
                    connection.setblocking(False)
                    try:
                        if not connection.recv(65536):
                            break
                    except BlockingIOError:
                        pass
                    connection.settimeout(5)
        except OSError:
            pass
    results.put((connections, frames))


def flood(gateway, kind, seconds):
    before, memory, counted = quiet(gateway), gateway.memory(), gateway.floods().get(kind, 0)
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    arguments = (gateway.port, gateway.attacker, kind, stop, results)
    attacker = multiprocessing.Process(target=flooding, args=arguments, daemon=True)
    with Beside(gateway) as beside:
        attacker.start()
        peak, end = memory, time.monotonic() + seconds
        while time.monotonic() < end:
            peak = max(peak, gateway.memory())
            time.sleep(0.2)
        stop.set()
        connections, frames = results.get(timeout=60)
        attacker.join()
    ended = gateway.floods().get(kind, 0) - counted
    more = f"{frames} frames, {ended} of {connections} connections ended for it, {peak - memory:+.1f} MiB at most"
    row(f"flood of {kind}", before, beside, more)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("--seconds", type=int, default=30, help="of each flood (30)")
    arguments.add_argument("--silent", type=int, default=5000, help="silent sockets (5000)")
    arguments.add_argument("--only", default="", help="parts whose name holds this")
    given = arguments.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory() as folder:
        upstream = nginx(Path(folder, "upstream"))
        gateway = Gateway(os.path.abspath(given.binary), Path(folder), upstream, RATE)
        port, key = gateway.port, gateway.attacker
        head = f"GET /things/x HTTP/1.1\r\nhost: localhost:{port}\r\nx: ".encode()
        body = (
            f"POST /things/x HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {key}\r\n"
            "content-length: 100000\r\n\r\n"
        ).encode()
        try:
            if given.only in "silent":
                dripping(gateway, f"{given.silent} silent sockets", given.silent, b"", b"", 60)
            if given.only in "heads":
                dripping(gateway, "200 dripped heads", 200, head, b"x", 90)
            if given.only in "bodies":
                dripping(gateway, "50 dripped bodies", 50, body, b"x", 120)
            for kind in kinds(key):
                if given.only in kind:
                    flood(gateway, kind, given.seconds)
        finally:
            gateway.end()


if __name__ == "__main__":
    sys.exit(main())
