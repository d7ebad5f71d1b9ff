#!/usr/bin/env python3
"""Prints what keyferry costs beside nginx at the same job, in rounds that take turns. Asserts nothing.

    make bench                                builds it first, runs everything
    benches/gateway.py BINARY [--rounds N] [small large idle scale ...]

CPU per request is the figure to trust on a machine that does other things too. docs/performance.md tells how to read it.
"""

import argparse
import re
import resource
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import stage

LUA = """
local keys, at = {{}}, 0
for line in io.lines("{keys}") do keys[#keys + 1] = "Bearer " .. line end
request = function()
    at = at % #keys + 1
    wrk.headers["Authorization"] = keys[at]
    return wrk.format("{method}", "/bench{path}", nil, {body})
end
done = function(summary, latency)
    io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.bytes,
        summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
"""


class Load:
    """wrk with one thread and a key of its own for each request, in turn."""

    def __init__(self, folder, keys, path="/small", method="GET", body_mib=0):
        Path(folder, "keys").write_text("\n".join(keys) + "\n")
        body = f'string.rep("x", {body_mib << 20})' if body_mib else "nil"
        script = LUA.format(keys=Path(folder, "keys"), path=path, method=method, body=body)
        self.script = Path(folder, f"{method}{path.replace('/', '-')}.lua")
        self.script.write_text(script)

    def run(self, gateway, seconds, connections=64):
        """Requests, bytes, CPU microseconds per request, median and 99th percentile in microseconds."""
        command = ["taskset", "-c", stage.UPSTREAM_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout",
                   "20s", "-s", self.script, f"http://127.0.0.1:{gateway.port}"]
        before = gateway.cpu_seconds()
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cpu = gateway.cpu_seconds() - before
        requests, size, errors, median, high = map(int, re.search(r"figures (.*)", out)[1].split())
        if errors:
            raise SystemExit(f"{errors} of {requests} requests failed; the figures would mean nothing\n{out}")
        return {"cpu": cpu * 1e6 / requests, "rate": requests / seconds, "p50": median, "p99": high,
                "cpu_mb": cpu * 1e6 / (size / 1e6)}


def rounds(gateways, load, options, **more):
    """Each gateway in turn, so that what else the machine does hits all of them; the figures of all rounds."""
    samples = {name: [] for name in gateways}
    for gateway in gateways.values():
        load.run(gateway, 2, **more)
    for number in range(options.rounds):
        order = list(gateways) if number % 2 == 0 else list(reversed(gateways))
        for name in order:
            samples[name].append(load.run(gateways[name], options.seconds, **more))
    return samples


def middle(samples, name, figure):
    """Median over the rounds."""
    return statistics.median(sample[figure] for sample in samples[name])


def ratio(samples, figure):
    """keyferry over nginx within a round, median over the rounds."""
    pairs = zip(samples["keyferry"], samples["nginx"])
    return statistics.median(ours[figure] / theirs[figure] for ours, theirs in pairs)


def table(title, samples, columns):
    """One experiment."""
    print(f"\n{title}\n")
    print("| | " + " | ".join(label for label, _ in columns) + " |\n|---" * 1 + "|---" * len(columns) + "|")
    for name in samples:
        print(f"| {name} | " + " | ".join(f"{middle(samples, name, figure):,.1f}" for _, figure in columns) + " |")
    if len(samples) == 2:
        print("| ratio | " + " | ".join(f"{ratio(samples, figure):.2f}" for _, figure in columns) + " |", flush=True)


SMALL = [("CPU µs/request", "cpu"), ("requests/s", "rate"), ("p50 µs", "p50"), ("p99 µs", "p99")]


def small(gateways, keys, options, folder):
    """Small requests, a key for each."""
    samples = rounds(gateways, Load(folder, keys), options)
    table(f"1 KiB JSON, 64 connections, {len(keys):,} keys in turn", samples, SMALL)


def onekey(gateways, keys, options, folder):
    """Small requests, one key."""
    table("1 KiB JSON, 64 connections, one key", rounds(gateways, Load(folder, keys[:1]), options), SMALL)


def large(gateways, keys, options, folder):
    """Large bodies, down and up."""
    columns = [("CPU µs/MB", "cpu_mb"), ("CPU µs/request", "cpu")]
    samples = rounds(gateways, Load(folder, keys[:1], "/large"), options, connections=4)
    table("10 MiB down, 4 connections", samples, columns)
    samples = rounds(gateways, Load(folder, keys[:1], "/sink", "POST", 10), options, connections=4)
    table("10 MiB up, 4 connections", samples, columns[1:])


def ask(sockets, request):
    """All of them ask at once, and all get their answer."""
    for each in sockets:
        each.sendall(request)
    for each in sockets:
        answer = b""
        while not answer.endswith(b'"}'):
            answer += (more := each.recv(65536))
            if not more or not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a connection got no good answer; the figures would mean nothing\n{answer[:500]}")


def idle(gateways, keys, options, folder):
    """Memory of keep-alive connections that rest, then all ask at once, then are gone."""
    # While all ask, each of them has one to the upstream too.
    count = min(10_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1_000) // 2)
    print(f"\nMemory, PSS in MiB; {count:,} connections that rest after one request each, then all ask at once\n\n"
          "| | after a little load | with them | KiB each | when all have asked | 30 s after they closed |\n|---|---|---|---|---|---|")
    for name, gateway in gateways.items():
        request = f"GET /bench/small HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {keys[0]}\r\n\r\n".encode()
        Load(folder, keys[:1]).run(gateway, 2)
        before, held = gateway.memory_kib(), []
        for _ in range(count):
            held.append(socket.create_connection(("127.0.0.1", gateway.port)))
            ask(held[-1:], request)
        time.sleep(3)
        during = gateway.memory_kib()
        ask(held, request)
        after = gateway.memory_kib()
        for each in held:
            each.close()
        time.sleep(30)
        print(f"| {name} | {before / 1024:.1f} | {during / 1024:.1f} | {(during - before) / count:.2f} | "
              f"{after / 1024:.1f} | {gateway.memory_kib() / 1024:.1f} |", flush=True)


def scale(target, options, folder):
    """Cost against what is stored: the same 10 busy keys, ever more rows around them."""
    print("\nRows in the database: CPU per request of 10 busy keys, start to listening, memory\n\n"
          "| owners, keys and connections | CPU µs/request | start ms | PSS MiB |\n|---|---|---|---|")
    for count in (10, 10_000, options.most):
        with tempfile.TemporaryDirectory(dir=folder) as home:
            gateway, keys = stage.keyferry(home, target, options.binary, count)
            samples = rounds({"keyferry": gateway}, Load(home, keys[:10]), options)
            print(f"| {count:,} | {middle(samples, 'keyferry', 'cpu'):.1f} | {gateway.start_seconds * 1000:.0f} | "
                  f"{gateway.memory_kib() / 1024:.1f} |", flush=True)
            gateway.stop()


BESIDE = {"small": small, "onekey": onekey, "large": large, "idle": idle}


def main():
    """All experiments, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("experiments", nargs="*", choices=[*BESIDE, "scale", []])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--most", type=int, default=1_000_000, help="rows of the last step of scale")
    options = parser.parse_intermixed_args()
    wanted = options.experiments or [*BESIDE, "scale"]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, most), most))
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder, name) for name in ("upstream", "nginx", "keyferry", "load")]
        for home in homes:
            home.mkdir()
        behind = stage.upstream(homes[0])
        ours, keys = stage.keyferry(homes[2], behind.port, options.binary)
        gateways = {"nginx": stage.peer(homes[1], behind.port, keys), "keyferry": ours}
        try:
            for name in wanted:
                if name in BESIDE:
                    BESIDE[name](gateways, keys, options, homes[3])
            if "scale" in wanted:
                scale(behind.port, options, folder)
        finally:
            for each in [*gateways.values(), behind]:
                each.stop()


if __name__ == "__main__":
    main()
