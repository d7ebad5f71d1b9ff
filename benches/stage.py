"""What `make bench` runs: an upstream, nginx beside keyferry in front of it, and what each of them costs.

Loopback only. The gateway under test has core 0 alone; upstream and load share core 1. Python's standard library, nginx
and wrk from Debian, nothing else.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

KEYS = 10_000
UPSTREAM_CORE, GATEWAY_CORE = "1", "0"


def free_port():
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def wait_for(port, process, limit=60):
    """Until somebody listens."""
    end = time.monotonic() + limit
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise SystemExit(f"{process.args[-1]} did not begin to listen; see its log")


class Running:
    """A process that listens, pinned to a core."""

    def __init__(self, folder, core, port, command):
        self.port = port
        with open(Path(folder, "log"), "ab") as log:
            self.started = time.perf_counter()
            self.process = subprocess.Popen(["taskset", "-c", core, *command], cwd=folder, stdout=log, stderr=log)
        wait_for(port, self.process)
        self.start_seconds = time.perf_counter() - self.started

    def pids(self):
        """It and its children: nginx works in a child."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def cpu_seconds(self):
        """Time its threads have run, from the scheduler, in nanosecond steps."""
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory_kib(self):
        """Proportional set size."""
        pss = re.compile(r"^Pss:\s+(\d+)", re.MULTILINE)
        return sum(int(pss.search(Path(f"/proc/{pid}/smaps_rollup").read_text())[1]) for pid in self.pids())

    def stop(self):
        """Ends it and waits."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


# Started by root it would work as somebody who can't read a folder of root's.
USER = "user root;" if os.geteuid() == 0 else ""

NGINX = """
daemon off; {user} worker_processes 1; worker_rlimit_nofile 48000; pid {folder}/pid; error_log {folder}/error.log error;
events {{ worker_connections 24000; multi_accept on; }}
http {{
    access_log off; keepalive_timeout 600s; keepalive_requests 100000000; client_max_body_size 0; default_type application/json;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; map_hash_bucket_size 256; map_hash_max_size 65536;
    {rest}
}}
"""

# Answers only who presents an upstream token: a gateway that does not swap the key would show.
UPSTREAM = """
    map $http_authorization $known {{ default 0; "~^Bearer tok_[0-9]+$" 1; }}
    server {{
        listen 127.0.0.1:{port} reuseport; root {folder}; sendfile on; tcp_nopush off;
        if ($known = 0) {{ return 401; }}
        location /small {{ return 200 '{small}'; }}
        location /sink {{ client_body_buffer_size 16m; proxy_pass http://127.0.0.1:{port}/swallowed; }}
        location /swallowed {{ return 204; }}
    }}
"""

# The same job as keyferry's: look the key up, limit its rate, put the upstream's token in its place, strip the prefix.
PEER = """
    map $http_authorization $token {{ default ""; include {folder}/keys.map; }}
    limit_req_zone $http_authorization zone=keys:64m rate=1000000r/s;
    upstream up {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000; keepalive_timeout 600s; }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location /bench/ {{
            if ($token = "") {{ return 401; }}
            limit_req zone=keys burst=1000000 nodelay;
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization $token;
            proxy_buffering off; proxy_request_buffering off;
            proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 64k;
            proxy_pass http://up/;
        }}
    }}
"""

SETTINGS = """
vault.key_file = "master.key"
store.url = "sqlite:keyferry.db"
gateway = {{ listen = "127.0.0.1:{port}", url = "http://localhost:{port}", workers = 1 }}
control.listen = "127.0.0.1:{control}"
admin.listen = "127.0.0.1:{admin}"
catalog.dir = "apps"
egress = {{ allow = ["127.0.0.0/8"], plain_http = true }}
limits = {{ owner_rate = 1000000, owner_burst = 1000000, key_concurrency = 100000 }}
bounds.connections = 30000
log.format = "json"
"""

APP = """
name = "bench"
display_name = "Benchmark"
base = "http://127.0.0.1:{upstream}"
no_probe = "a benchmark"
[[auth]]
method = "API_KEY"
fields = [{{ name = "api_key", label = "Key", secret = true }}]
inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
"""


def nginx(folder, core, port, rest):
    """nginx with one worker."""
    Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, rest=rest, user=USER))
    return Running(folder, core, port, [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"),
                                        "-p", str(folder), "-c", f"{folder}/nginx.conf"])


def upstream(folder):
    """Answers 1 KiB of JSON at /small, 10 MiB at /large, and takes bodies at /sink."""
    port = free_port()
    Path(folder, "large").write_bytes(os.urandom(10 << 20))
    small = '{"object":"list","data":"' + "x" * 990 + '"}'
    return nginx(folder, UPSTREAM_CORE, port, UPSTREAM.format(folder=folder, port=port, small=small))


def peer(folder, target, keys):
    """nginx as the gateway."""
    port = free_port()
    lines = (f'"Bearer {key}" "Bearer tok_{number}";\n' for number, key in enumerate(keys))
    Path(folder, "keys.map").write_text("".join(lines))
    return nginx(folder, GATEWAY_CORE, port, PEER.format(folder=folder, port=port, upstream=target))


def keyferry(folder, target, binary, count=KEYS):
    """keyferry with so many owners, keys and connections in its database; and its keys."""
    run = lambda *command: subprocess.run(command, cwd=folder, check=True, capture_output=True)
    run(binary, "init")
    port, control, admin = free_port(), free_port(), free_port()
    Path(folder, "keyferry.toml").write_text(SETTINGS.format(port=port, control=control, admin=admin))
    Path(folder, "apps").mkdir()
    Path(folder, "apps/bench.toml").write_text(APP.format(upstream=target))
    tokens = (f"{number}\t{number}\ttok_{number}\n" for number in range(count))
    Path(folder, "list.tsv").write_text("".join(tokens))
    run(Path(binary).parent / "examples/seed", ".", "bench", "list.tsv", "keys.tsv")
    keys = [line.split("\t")[0] for line in Path(folder, "keys.tsv").read_text().splitlines()]
    return Running(folder, GATEWAY_CORE, port, [binary, "serve", "--role", "gateway"]), keys
