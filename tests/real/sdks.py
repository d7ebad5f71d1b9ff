"""PyGithub, elevenlabs, requests with Basic, urllib and Node's fetch: the key stands where each client puts its own.

Every upstream here is a double that writes down what it is asked; none of them may ever see the caller's key.
"""

import base64
import json
import os
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from elevenlabs.client import ElevenLabs
from github import Auth, Github
from place import GATEWAY, KEY, connect, same

PORTS = {name: int(os.environ[f"{name}_PORT"]) for name in ("GITHUB", "VOICES", "FILES", "FOREIGN")}
FOREIGN = f"https://localhost:{PORTS['FOREIGN']}"
FILE = bytes(range(256)) * 300

Seen = namedtuple("Seen", "method path headers")


class Double:
    """An upstream that answers by a function of the request: status, fields, bytes."""

    def __init__(self, port, script, secure=False):
        self.seen = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen = Seen(self.command, self.path, self.headers)
                double.seen.append(seen)
                status, fields, data = script(seen)
                self.send_response(status)
                for name, value in {"Content-Length": len(data), **fields}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_HEAD = do_PATCH = answer

            def log_message(self, *_):
                """Silence: what came is in `seen`."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.environ["CERT"], os.environ["CERT_KEY"])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def carried(self, name, value):
        """Every request had exactly this in this field, and the key nowhere."""
        assert self.seen, "nothing came"
        for seen in self.seen:
            same(seen.headers.get_all(name), value and [value], f"{name} of {seen.path}")
            assert KEY not in f"{seen.path} {seen.headers}" and "kf_" not in str(seen.headers), seen.headers
            basic = base64.b64encode(KEY.encode()).decode()[:20]
            assert basic not in str(seen.headers), seen.headers


def api_of_github(request):
    """25 issues by tens, as GitHub pages them: links that name its own host and a path by number."""
    path, _, query = request.path.partition("?")
    asked = dict(urllib.parse.parse_qsl(query))
    api = f"http://127.0.0.1:{PORTS['GITHUB']}"
    if path == "/user":
        return 200, {}, b'{"id": 1, "login": "ada", "email": null}'
    if path == "/repos/o/r":
        return 200, {}, json.dumps({"id": 7, "name": "r", "full_name": "o/r", "url": f"{api}/repos/o/r"}).encode()
    if path == "/repos/o/old":  # GitHub's way of saying that a repository has been renamed
        return 301, {"Location": f"{api}/repositories/7"}, b'{"message": "Moved Permanently"}'
    if path == "/repositories/7":
        return 200, {}, b'{"id": 7, "name": "r", "full_name": "o/r"}'
    page, size = int(asked.get("page", 1)), int(asked.get("per_page", 10))
    links = {"first": 1, "prev": page - 1, "next": page + 1, "last": 3}
    base = f"{api}/repositories/7/issues?state=all&per_page={size}&labels=a%2Cb+c"
    wanted = [(rel, number) for rel, number in links.items() if 1 <= number <= 3]
    link = ", ".join(f'<{base}&page={number}>; rel="{rel}"' for rel, number in wanted)
    issues = [{"number": n, "title": f"issue {n}"} for n in range((page - 1) * size + 1, min(page * size, 25) + 1)]
    return 200, {"Link": link}, json.dumps(issues).encode()


def github():
    """`Authorization: token KEY`; pages, forwards and backwards; a repository that has moved."""
    double = Double(PORTS["GITHUB"], api_of_github)
    connect("github", api_key="ghp_upstream")
    options = {"auth": Auth.Token(KEY), "base_url": f"{GATEWAY}/github", "per_page": 10, "retry": None}
    options |= {"seconds_between_requests": None, "seconds_between_writes": None}
    # Bodies are the upstream's own, so the address in a whole repository would be GitHub's.
    repository = Github(lazy=True, **options).get_repo("o/r")
    issues = [issue.number for issue in repository.get_issues(state="all", labels=["a,b c"])]
    same(issues, list(range(1, 26)), "all pages together")
    pages = [seen.path for seen in double.seen if seen.path.startswith("/repositories/")]
    # The library sorts what it finds in a link; the path by number is GitHub's own.
    expected = [f"/repositories/7/issues?labels=a%2Cb+c&page={page}&per_page=10&state=all" for page in (2, 3)]
    same(pages, expected, "where the links led")
    last = repository.get_issues(state="all").reversed
    same([issue.number for issue in last][:3], [25, 24, 23], "from the last page on")
    same(Github(**options).get_repo("o/old").full_name, "o/r", "a repository that has moved")
    double.carried("Authorization", "Bearer ghp_upstream")


def voices():
    """The app's own header, as its own library sends it."""
    answer = json.dumps({"user_id": "u", "models": []}).encode()
    double = Double(PORTS["VOICES"], lambda request: (200, {"Content-Type": "application/json"}, b"[]" if "models" in request.path else answer))
    connect("elevenlabs", api_key="xi_upstream")
    client = ElevenLabs(api_key=KEY, base_url=f"{GATEWAY}/elevenlabs")
    same(client.models.list(), [], "the list of models")
    same([seen.path for seen in double.seen], ["/v1/models"], "the path of the library")
    double.carried("xi-api-key", "xi_upstream")
    double.carried("Authorization", None)


def files():
    """Basic, and redirects to a foreign host by clients that keep the key attached."""

    def at_home(request):
        if request.path.startswith("/download"):
            return 302, {"Location": f"{FOREIGN}/bucket/a%20b?sig=1%2F2&sig=3"}, b""
        if request.path.startswith("/chain"):
            return 307, {"Location": f"{FOREIGN}/again"}, b""
        return 200, {}, b"at home"

    def abroad(request):
        if request.path == "/again":
            return 302, {"Location": "/bucket/a%20b?sig=1%2F2&sig=3"}, b""
        if request.headers.get("Range"):
            return 206, {"Content-Range": f"bytes 5-9/{len(FILE)}"}, FILE[5:10]
        return 200, {"Content-Type": "application/zip"}, FILE

    home, foreign = Double(PORTS["FILES"], at_home), Double(PORTS["FOREIGN"], abroad, secure=True)
    connect("files", api_key="sk_upstream")
    for pair in ((KEY, ""), ("me@example.com", KEY), (KEY, "x"), ("api", KEY)):
        same(requests.get(f"{GATEWAY}/files/x", auth=pair, timeout=30).text, "at home", f"Basic {pair}")
    for path in ("download", "chain"):
        request = urllib.request.Request(f"{GATEWAY}/files/{path}", headers={"Authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            same(answer.read(), FILE, f"the file behind {path}")
            assert answer.url.startswith(f"{GATEWAY}/~/"), answer.url
        request.add_header("Range", "bytes=5-9")
        with urllib.request.urlopen(request, timeout=30) as answer:
            same((answer.status, answer.read()), (206, FILE[5:10]), f"a part of the file behind {path}")
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {KEY}"
        same(session.get(f"{GATEWAY}/files/{path}", timeout=30).content, FILE, f"{path} by requests")
    printed = subprocess.run(["node", os.environ["NODE"]], capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0 and "fetch ok" in printed.stdout, printed.stdout + printed.stderr
    targets = {seen.path for seen in foreign.seen}
    same(targets, {"/again", "/bucket/a%20b?sig=1%2F2&sig=3"}, "the targets as they were written")
    foreign.carried("Authorization", None)
    foreign.carried("xi-api-key", None)
    foreign.carried("Cookie", None)
    home.carried("Authorization", "Bearer sk_upstream")


github()
voices()
files()
print("sdks ok")
