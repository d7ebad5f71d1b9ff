#!/usr/bin/env python3
"""Prints what a release build of `keyferry serve` with SQLite needs at rest and how soon it answers. Asserts nothing.

    make bench                      builds it first
    benches/rest.py path/to/keyferry
"""

import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROUNDS = 9
PATIENCE = 20


def free_ports(count):
    """Ports nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def settings(ports):
    """A settings file of one node."""
    gateway, control, admin = ports
    return f"""
vault.key_file = "master.key"
store.url = "sqlite:keyferry.db"
gateway = {{ listen = "127.0.0.1:{gateway}", url = "http://localhost:{gateway}" }}
control = {{ listen = "127.0.0.1:{control}", url = "http://localhost:{control}" }}
admin = {{ listen = "127.0.0.1:{admin}" }}
"""


def first_answer(port, key, process):
    """Asks the control API through the gateway door, which needs key and database, until it answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/connections", headers={"Authorization": f"Bearer {key}"})
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.read()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.001)


def memory(process):
    """Proportional set size in KiB, once it has stopped moving."""
    path, before = Path(f"/proc/{process.pid}/smaps_rollup"), None
    while True:
        now = int(re.search(r"^Pss:\s+(\d+)", path.read_text(), re.MULTILINE)[1])
        if now == before:
            return now
        before = now
        time.sleep(0.5)


def main(binary):
    """Nine starts on one database."""
    starts, sizes = [], []
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run([binary, "init"], cwd=folder, capture_output=True, text=True, check=True).stdout
        key = re.search(r"\bkf_\w+", said)[0]
        for _ in range(ROUNDS):
            ports = free_ports(3)
            Path(folder, "keyferry.toml").write_text(settings(ports), encoding="utf-8")
            started = time.perf_counter()
            with open(Path(folder, "log"), "w", encoding="utf-8") as log:
                process = subprocess.Popen([binary, "serve"], cwd=folder, stdout=log, stderr=log)
            try:
                first_answer(ports[0], key, process)
                starts.append((time.perf_counter() - started) * 1000)
                sizes.append(memory(process) / 1024)
            finally:
                process.terminate()
                process.wait(PATIENCE)
    print(f"binary                 {Path(binary).stat().st_size / 1024 / 1024:8.1f} MiB")
    print(f"memory at rest (PSS)   {statistics.median(sizes):8.1f} MiB   {min(sizes):.1f} to {max(sizes):.1f}")
    print(f"start to first answer  {statistics.median(starts):8.0f} ms    {min(starts):.0f} to {max(starts):.0f}")


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
