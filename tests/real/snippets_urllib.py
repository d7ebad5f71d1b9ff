"""The same calls as people write them with Python's standard library."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

GATEWAY, CONTROL = os.environ["KEYFERRY_GATEWAY"], os.environ["KEYFERRY_CONTROL"]

data = json.dumps({"app": "stripe"}).encode()
req = urllib.request.Request(f"{CONTROL}/connections", data=data, method="POST")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
req.add_header("Content-Type", "application/json")
created = json.load(urllib.request.urlopen(req))
assert created["status"] == "PENDING" and created["connection"]["url"] == created["url"], created

req = urllib.request.Request(f"{CONTROL}/connections/{created['connection_id']}")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
got = json.load(urllib.request.urlopen(req))["connection"]
assert got["connection_id"] == created["connection_id"] and got["app"] == "stripe", got

req = urllib.request.Request(f"{CONTROL}/connections?app=stripe&status=ACTIVE")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
active = json.load(urllib.request.urlopen(req))["connections"]
assert os.environ["KEYFERRY_SECOND"] in [one["connection_id"] for one in active], active

req = urllib.request.Request(f"{CONTROL}/connections/{created['connection_id']}", method="DELETE")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
assert json.load(urllib.request.urlopen(req)) == {}

try:
    urllib.request.urlopen(req)
except urllib.error.HTTPError as gone:
    assert gone.code == 404 and json.load(gone)["code"] == 404
else:
    raise AssertionError("deleted twice")

query = urllib.parse.urlencode({"limit": 10})
req = urllib.request.Request(f"{GATEWAY}/stripe/v1/customers?{query}")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
assert json.load(urllib.request.urlopen(req))["object"] == "list"

req = urllib.request.Request(f"{GATEWAY}/stripe/v1/customers")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
req.add_header("Maton-Connection", os.environ["KEYFERRY_SECOND"])
with urllib.request.urlopen(req) as answer:
    assert answer.headers["Maton-Connection"] == os.environ["KEYFERRY_SECOND"]

data = urllib.parse.urlencode({"email": "urllib@example.com", "metadata[source]": "a+b & c"}).encode()
req = urllib.request.Request(f"{GATEWAY}/stripe/v1/customers", data=data, method="POST")
req.add_header("Authorization", f"Bearer {os.environ['KEYFERRY_KEY']}")
req.add_header("Content-Type", "application/x-www-form-urlencoded")
assert json.load(urllib.request.urlopen(req))["metadata"] == {"source": "a+b & c"}

print("urllib ok")
