"""Where the gateway under test is, and how to connect an account to it; shared by the scripts beside this file."""

import json
import os
import urllib.error
import urllib.request

GATEWAY = os.environ["KEYFERRY_GATEWAY"]
CONTROL = os.environ["KEYFERRY_CONTROL"]
KEY = os.environ["KEYFERRY_KEY"]


def ask(method, path, body=None, base=CONTROL, headers=None):
    """One call with the key: status, headers, and the body as JSON."""
    request = urllib.request.Request(base + path, method=method)
    request.add_header("Authorization", f"Bearer {KEY}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as refusal:
        text = refusal.read()
        return refusal.code, refusal.headers, json.loads(text) if text else None


def connect(app, **credentials):
    """Connects an account by what would be typed in; the connection's id."""
    body = {"app": app, "method": "API_KEY", "credentials": credentials}
    status, _, answer = ask("POST", "/connections", body)
    assert status == 200 and answer["status"] == "ACTIVE", (status, answer)
    return answer["connection_id"]


def same(found, expected, what):
    """Fails with both sides when they differ."""
    assert found == expected, f"{what}:\n  found    {found!r}\n  expected {expected!r}"
