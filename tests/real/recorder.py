"""An upstream that writes down what it is asked, byte for byte, and answers everything kindly."""

import json
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Seen = namedtuple("Seen", "method target headers body")

# What most APIs would say; enough for clients that look at `ok`, `object` or `data`.
ANSWER = json.dumps({"ok": True, "object": "list", "data": [], "id": "1", "has_more": False}).encode()


class Recorder:
    """One upstream on one port of this machine."""

    def __init__(self, port):
        self.seen = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                recorder.seen.append(Seen(self.command, self.path, self.headers, body))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                """Silence: what came is in `seen`."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def take(self):
        """The one request since the last look."""
        (one,) = self.seen
        self.seen.clear()
        return one
