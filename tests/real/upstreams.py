"""httpbin under gunicorn, nginx, nghttpd and Node's http, each asked directly and through the gateway.

Whatever the upstream says to anybody, the gateway's caller has to hear: status, fields, and bytes.
"""

import gzip
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse
import zlib
from pathlib import Path

import brotlicffi
from place import GATEWAY, KEY, connect, same

FOLDER = Path(os.environ["FOLDER"])
HERE = Path(__file__).parent
PORTS = {name: int(os.environ[f"{name.upper()}_PORT"]) for name in ("httpbin", "nginx", "node", "nghttpd")}
DOOR = urllib.parse.urlsplit(GATEWAY)

# What the gateway ends or adds, and what is another from one moment to the next.
OWN = {"connection", "keep-alive", "transfer-encoding", "date", "set-cookie", "maton-connection", "x-request-id"}

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr; {user}
events {{ worker_connections 64; }}
http {{
    access_log off; gzip on; gzip_types text/plain; gzip_min_length 100; client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/a; fastcgi_temp_path {folder}/b; uwsgi_temp_path {folder}/c; scgi_temp_path {folder}/d;
    server {{
        listen 127.0.0.1:{port}; root {folder}/files; autoindex on; chunked_transfer_encoding on;
        location = /moved {{ return 301 /file.bin?a=%2F; }}
        location = /away {{ return 302 https://files.example.com/x; }}
        location = /teapot {{ add_header X-Tea "Earl  Grey" always; return 418 "short\\n"; }}
        location = /empty {{ return 204; }}
        location /echo/ {{ return 200 "$request_method $request_uri $http_range $http_x_mine"; }}
    }}
}}
"""


def start():
    """The four servers. They end with the test, which ends this script's process group."""
    files = FOLDER / "files"
    (files / "folder").mkdir(parents=True)
    (files / "file.bin").write_bytes(bytes(range(256)) * 400)
    (files / "text.txt").write_text("words, many words\n" * 500)
    FOLDER.chmod(0o755)
    user = "user root;" if os.geteuid() == 0 else ""
    (FOLDER / "nginx.conf").write_text(NGINX.format(folder=FOLDER, port=PORTS["nginx"], user=user))
    quiet = {"stdout": subprocess.DEVNULL}
    address = f"127.0.0.1:{PORTS['httpbin']}"
    gunicorn = [sys.executable, "-m", "gunicorn", "--bind", address, "--threads", "4", "--log-level", "warning"]
    subprocess.Popen([*gunicorn, "httpbin:app"], cwd=FOLDER, **quiet)
    subprocess.Popen([os.environ["NGINX_AT"], "-p", FOLDER, "-c", FOLDER / "nginx.conf"], **quiet)
    subprocess.Popen(["node", HERE / "odd_server.mjs", str(PORTS["node"])], **quiet)
    secure = [str(PORTS["nghttpd"]), os.environ["CERT_KEY"], os.environ["CERT"]]
    subprocess.Popen([os.environ["NGHTTPD_AT"], "--address=127.0.0.1", f"--htdocs={files}", "--echo-upload", *secure], **quiet)
    for name, port in PORTS.items():
        until_open(name, port)


def until_open(name, port):
    """Waits until somebody listens."""
    for _ in range(600):
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{name} did not come up")


def ask(port, method, target, headers=(), body=None, key=None):
    """One request over HTTP/1.1, its target as it is written; status, fields, bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, target, skip_accept_encoding=True)
    if key:
        connection.putheader("Authorization", f"Bearer {key}")
    for name, value in headers:
        connection.putheader(name, value)
    chunked = not (body is None or isinstance(body, bytes))
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    elif body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body, encode_chunked=chunked)
    answer = connection.getresponse()
    return answer.status, answer.getheaders(), answer.read()


def kept(headers):
    """The fields that have to be the same: those of one name in their order."""
    fields = [(name.lower(), value) for name, value in headers if name.lower() not in OWN]
    return sorted(fields, key=lambda field: field[0])


def both(app, method, target, headers=(), body=None):
    """Asks the upstream and the gateway; both answers."""
    again = body() if callable(body) else body
    direct = ask(PORTS[app], method, target, headers, body() if callable(body) else body)
    through = ask(DOOR.port, method, f"/{app}{target}", headers, again, KEY)
    return direct, through


def alike(app, method, target, headers=(), body=None, but=()):
    """Both answers are the same, but for the fields named."""
    (status, fields, data), (seen, passed, bytes_) = both(app, method, target, headers, body)
    what = f"{app} {method} {target} {headers}"
    same(seen, status, f"status of {what}")
    same(bytes_, data, f"body of {what}")
    found, expected = ([field for field in kept(each) if field[0] not in but] for each in (passed, fields))
    same(found, expected, f"fields of {what}")
    return seen, dict(kept(passed)), bytes_


def echoed(method, target, headers=(), body=None):
    """What httpbin and Node heard is the same, but for what is about the caller."""
    for app, path in (("httpbin", f"/anything{target}"), ("node", target)):
        direct, through = both(app, method, path, headers, body)
        what = f"{app} {method} {path}"
        same(through[0], direct[0], f"status of {what}")
        if method == "HEAD":
            continue
        same(heard(through[2], app), heard(direct[2], app), what)


def heard(answer, app):
    """What an echo heard, without host and credential."""
    said = json.loads(answer)
    if app == "node":
        pairs = zip(said["rawHeaders"][::2], said["rawHeaders"][1::2])
        said["rawHeaders"] = [(name.lower(), value) for name, value in pairs]
        ends = ("host", "authorization", "connection", "content-length", "transfer-encoding", "accept-encoding")
        framing = {name for name, _ in said["rawHeaders"]} & {"content-length", "transfer-encoding"}
        said["rawHeaders"] = [pair for pair in said["rawHeaders"] if pair[0] not in ends]
        said["framing"] = sorted(framing)
        return said
    for name in ("Host", "Authorization", "Transfer-Encoding"):
        said["headers"].pop(name, None)
    said["url"] = said["url"].split("/anything", 1)[1]
    return {name: said[name] for name in ("method", "url", "args", "form", "data", "json", "files", "headers")}


def requests_heard():
    """Methods, targets, fields and bodies as httpbin and Node hear them."""
    json_body = json.dumps({"a": [1, "ü"], "b": None}).encode()
    for method in ("GET", "HEAD", "DELETE", "PATCH", "POST", "PUT", "OPTIONS"):
        if method != "OPTIONS":
            echoed(method, "/a%2Fb/c%20d;e=1?x=1&x=2&y=%C3%A9&z=a+b%20c&empty=&bare")
    echoed("POST", "/json", [("Content-Type", "application/json")], json_body)
    form = b"a=1&a=2&b%5Bc%5D=x+y&d=%26"
    echoed("POST", "/form", [("Content-Type", "application/x-www-form-urlencoded")], form)
    parts = b'--X\r\nContent-Disposition: form-data; name="f"; filename="a b.txt"\r\n\r\n\x00\xff\r\n--X--\r\n'
    echoed("POST", "/files", [("Content-Type", "multipart/form-data; boundary=X")], parts)
    echoed("PUT", "/chunked", [("Content-Type", "text/plain")], lambda: iter([b"one ", b"two ", b"x" * 70_000]))
    echoed("POST", "/none")
    echoed("POST", "/empty", body=b"")
    many = [("X-Many", "1"), ("x-many", "2"), ("Accept", "text/html;q=0.1"), ("If-Match", '"a", W/"b"'), ("X-Mine", "a\tb")]
    echoed("GET", "/fields", many)
    direct, through = both("node", "PROPFIND", "/dav?x", [("Depth", "1")], b"<a/>")
    same(heard(through[2], "node"), heard(direct[2], "node"), "PROPFIND")


def httpbin_answers():
    """Codings, ranges, conditions, statuses, streams of httpbin."""
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, "brotli": brotlicffi.decompress}
    for path, unpacked in unpack.items():
        # Each answer tells who asked, so that the bytes can't be the same.
        direct, through = both("httpbin", "GET", f"/{path}", [("Accept-Encoding", "gzip, deflate, br")])
        same(dict(kept(through[1]))["content-encoding"], dict(kept(direct[1]))["content-encoding"], path)
        same(json.loads(unpacked(through[2]))["headers"]["Accept-Encoding"], "gzip, deflate, br", path)
    for status in (200, 201, 204, 304, 400, 401, 404, 406, 418, 429, 500, 503):
        alike("httpbin", "GET", f"/status/{status}")
    for ranged in ("bytes=0-9", "bytes=10-", "bytes=-5", "bytes=9999-"):
        alike("httpbin", "GET", "/range/1024", [("Range", ranged)])
    etag = [("If-None-Match", '"e"')]
    same(alike("httpbin", "GET", "/etag/e", etag)[0], 304, "a condition that holds")
    same(alike("httpbin", "GET", "/etag/e", [("If-Match", '"f"')])[0], 412, "a condition that fails")
    for path in ("/image/png", "/encoding/utf8", "/bytes/5000?seed=1", "/stream-bytes/5000?seed=2", "/html", "/robots.txt"):
        alike("httpbin", "GET", path)
    alike("httpbin", "GET", "/drip?duration=0&numbytes=10&code=200")
    alike("httpbin", "GET", "/response-headers?X-A=1&X-A=2&X-B=%C3%A9", but=("content-length",))
    alike("httpbin", "HEAD", "/image/png")
    redirect = ask(DOOR.port, "GET", "/httpbin/redirect-to?url=%2Fget%3Fa%3Db", key=KEY)
    same(dict(kept(redirect[1]))["location"], f"{GATEWAY}/httpbin/get?a=b", "a redirect at home")


def nginx_answers():
    """Files, ranges, codings, redirects and refusals of nginx."""
    (_, fields, data), _ = both("nginx", "GET", "/file.bin")
    etag, modified = dict(kept(fields))["etag"], dict(kept(fields))["last-modified"]
    same(len(data), 102_400, "the file")
    for headers in (
        [],
        [("Range", "bytes=100-199")],
        [("Range", "bytes=0-0,-1")],
        [("Range", "bytes=999999-")],
        [("If-None-Match", etag)],
        [("If-Modified-Since", modified)],
        [("If-Match", '"other"')],
        [("If-Range", etag), ("Range", "bytes=1-2")],
        [("If-Range", '"other"'), ("Range", "bytes=1-2")],
    ):
        for method in ("GET", "HEAD"):
            alike_but_boundary("nginx", method, "/file.bin", headers)
    packed = alike("nginx", "GET", "/text.txt", [("Accept-Encoding", "gzip")])
    same(packed[1]["content-encoding"], "gzip", "packed by nginx")
    same(gzip.decompress(packed[2]), (FOLDER / "files/text.txt").read_bytes(), "as packed, so unpacked")
    alike("nginx", "GET", "/text.txt")
    for path in ("/teapot", "/empty", "/missing", "/folder/", "/echo/a%2Fb//c?x=%20"):
        alike("nginx", "GET", path)
    alike("nginx", "POST", "/file.bin", body=b"x")  # 405
    alike("nginx", "GET", "/echo/x", [("Range", "bytes=0-1"), ("X-Mine", "1")])
    for path, target in (("/moved", "/nginx/file.bin?a=%2F"), ("/folder", "/nginx/folder/")):
        answer = ask(DOOR.port, "GET", f"/nginx{path}", key=KEY)
        same((answer[0], dict(kept(answer[1]))["location"]), (301, GATEWAY + target), path)
    away = dict(kept(ask(DOOR.port, "GET", "/nginx/away", key=KEY)[1]))["location"]
    assert away.startswith(f"{GATEWAY}/~/") and "example" not in away, away


def alike_but_boundary(app, method, target, headers):
    """As `alike`; the boundary between several ranges is another in each answer."""
    direct, through = both(app, method, target, headers)
    plain = []
    for status, fields, data in (direct, through):
        boundary = dict(kept(fields)).get("content-type", "").partition("boundary=")[2]
        cut = [(name, value.replace(boundary, "X") if boundary else value) for name, value in kept(fields)]
        plain.append((status, cut, data.replace(boundary.encode(), b"X") if boundary else data))
    same(plain[1], plain[0], f"{app} {method} {target} {headers}")


def node_answers():
    """What Node can do that others don't: early hints, chunks of any size, odd statuses, fields twice."""
    for path in ("/chunks", "/twice", "/status/299", "/status/599", "/until-close", "/latin1"):
        alike("node", "GET", path)
    alike("node", "HEAD", "/chunks")
    # Hints end at the gateway; what they announce comes whole.
    hinted = ask(DOOR.port, "GET", "/node/hints", key=KEY)
    same((hinted[0], hinted[2]), (200, b"after the hints"), "what follows hints")


def curl(url, *more):
    """Status, version, fields and bytes of one request by curl."""
    head, body = FOLDER / "head", FOLDER / "body.out"
    body.write_bytes(b"")
    command = [os.environ["CURL_AT"], "--silent", "--show-error", "--path-as-is", "--dump-header", head, "--output", body]
    written = ["--write-out", "%{http_version} %{response_code}"]
    done = subprocess.run([*command, *written, *more, url], capture_output=True, text=True, check=True)
    fields = [tuple(line.split(": ", 1)) for line in head.read_text().splitlines()[1:] if ": " in line]
    return done.stdout, kept(fields), b"" if "--head" in more else body.read_bytes()  # curl would show the head there


def over_http2():
    """nghttpd speaks nothing but HTTP/2 over TLS; curl asks it, and the gateway in both versions."""
    (FOLDER / "upload").write_bytes(bytes(range(256)) * 2000)
    upload = ["--data-binary", f"@{FOLDER}/upload"]
    direct, trust = f"https://localhost:{PORTS['nghttpd']}", ["--http2", "--cacert", os.environ["CERT"]]
    key = ["--header", f"Authorization: Bearer {KEY}"]
    for target, more in (
        ("/file.bin", []),
        ("/text.txt", ["--head"]),
        ("/missing", []),
        ("/folder", []),
        ("/file.bin", ["--header", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"]),
        ("/echo", upload),
        ("/echo", ["--data-binary", ""]),
    ):
        said = curl(direct + target, *trust, *more)
        assert said[0].startswith("2 "), said
        for version in ("--http1.1", "--http2-prior-knowledge"):
            passed = curl(f"{GATEWAY}/nghttpd{target}", version, *key, *more)
            what = f"nghttpd {target} {more} {version}"
            same(passed[0].split(), ["2" if "2" in version else "1.1", said[0].split()[1]], what)
            same(passed[2], said[2], f"body of {what}")
            own = "content-length"  # HTTP/1.1 gives one where HTTP/2 has none
            fields = [(name, value.replace(direct, f"{GATEWAY}/nghttpd")) for name, value in said[1] if name != own]
            same([field for field in passed[1] if field[0] != own], fields, f"fields of {what}")


start()
for name in PORTS:
    connect(name, api_key="sk_upstream")
requests_heard()
httpbin_answers()
nginx_answers()
node_answers()
over_http2()
print("upstreams ok")
