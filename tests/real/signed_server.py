"""An upstream that believes nobody: it signs each request it got once more with botocore or oauthlib, and compares.

Its settings are the secrets of `signed.rs`. It answers 200 with what it saw, or 403 with the two signatures.
"""

import hashlib
import json
import os
import re
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from oauthlib.oauth1 import Client

SESSION = "session/token+=="
AWS = re.compile(r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)")
EMPTY = hashlib.sha256(b"").hexdigest()


def aws(handler, url, body):
    """The signature that botocore makes of what came, and the one that came."""
    region, service, names, came = AWS.fullmatch(handler.headers["authorization"]).groups()
    signed = {name: ",".join(handler.headers.get_all(name)) for name in names.split(";")}
    stated = handler.headers.get("x-amz-content-sha256")
    if re.fullmatch("[0-9a-f]{64}", stated or ""):
        assert stated == hashlib.sha256(body).hexdigest(), "the stated hash is not the body's"
    if service == "s3":  # which reads the path, and writes it in its own way; botocore signs what it wrote itself
        path, _, query = handler.path.partition("?")
        path = "/".join(quote(unquote_to_bytes(part), safe="-._~") for part in path.split("/"))
        url = f"https://{handler.headers['host']}{path}" + ("?" + query if query else "")
    request = AWSRequest(handler.command, url, data=body, headers=signed)
    request.context["timestamp"] = handler.headers["x-amz-date"]
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    signer = kind(Credentials("AKIDEXAMPLE", "secret/key", SESSION), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert handler.headers["x-amz-security-token"] == SESSION and "x-amz-security-token" in signed
    return signer.signature(text, request), came


def oauth(handler, url, body):
    """The `Authorization` that oauthlib makes of what came, and the one that came, parameter by parameter."""
    value = handler.headers["authorization"]
    came = dict(re.findall(r'(\w+)="([^"]*)"', value))
    method = came["oauth_signature_method"]
    signer = Client(
        "consumer&key", "consumer secret", "token", "token+secret", signature_method=method, realm=came.get("realm"),
        nonce=came["oauth_nonce"], timestamp=came["oauth_timestamp"],
    )
    kind = handler.headers.get("content-type", "")
    is_form = kind.startswith("application/x-www-form-urlencoded")
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if is_form else {}
    _, headers, _ = signer.sign(url, handler.command, body.decode() if is_form else None, headers, came.get("realm"))
    return dict(re.findall(r'(\w+)="([^"]*)"', headers["Authorization"])), came


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def serve(self):
        body = self.body()
        url = f"https://{self.headers['host']}{self.path}"
        compare = aws if self.headers.get("authorization", "").startswith("AWS4") else oauth
        try:
            made, came = compare(self, url, body)
        except Exception as error:  # what can't be read is answered too, so that the client says it
            made, came = repr(error), self.headers.get("authorization")
        seen = {"path": self.path, "body": body.decode("latin-1"), "sha256": self.headers.get("x-amz-content-sha256")}
        seen |= {"made": made, "came": came, "MessageId": "1", "TableNames": ["one"]}
        answer = json.dumps(seen).encode()
        if self.command in ("PUT", "DELETE") and "Botocore" in self.headers["user-agent"] and made == came:
            answer = b""  # its S3 client reads nothing but XML there
        self.send_response(200 if made == came else 403)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = serve


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["CERT"], os.environ["CERT_KEY"])
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", server.server_port, flush=True)
server.serve_forever()
