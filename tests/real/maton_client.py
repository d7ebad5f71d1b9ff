"""The hosted original's Python client, told another base URL and key: connections, and typed calls compared byte for byte.

KEYFERRY_APPS says for each app the port of its upstream, what to type in, and what the gateway puts into the query.
"""

import json
import os
import re
import sys

from maton_ai import Maton
from maton_ai.exceptions import AccessDeniedError, ResourceNotFoundError, ValidationError
from place import CONTROL, GATEWAY, KEY, connect, same
from recorder import Recorder

APPS = json.loads(os.environ["KEYFERRY_APPS"])

# app, typed call, method, path and query that must arrive, JSON or form body that must arrive
CALLS = [
    ("slack", lambda m: m.slack.channels.list(types=["public_channel", "private_channel"], limit=5),
     "GET", "/api/conversations.list?limit=5&types=public_channel%2Cprivate_channel", b""),
    ("slack", lambda m: m.slack.messages.send(channel="C1", text="hi & bye"),
     "POST", "/api/chat.postMessage", b'{"channel":"C1","text":"hi & bye"}'),
    ("google-mail", lambda m: m.google_mail.messages.list(q='from:ada@example.com "a b"', max_results=3),
     "GET", "/gmail/v1/users/me/messages?maxResults=3&q=from%3Aada%40example.com+%22a+b%22", b""),
    ("google-mail", lambda m: m.google_mail.messages.trash(message_id="18c"),
     "POST", "/gmail/v1/users/me/messages/18c/trash", b"{}"),
    ("google-sheets", lambda m: m.google_sheets.values.get(spreadsheet_id="s1", range="My Sheet!A1:B2"),
     "GET", "/v4/spreadsheets/s1/values/My%20Sheet%21A1:B2", b""),
    ("google-sheets", lambda m: m.google_sheets.values.append(spreadsheet_id="s1", range="Été!A1", values=[[1, "x"]]),
     "POST", "/v4/spreadsheets/s1/values/%C3%89t%C3%A9%21A1:append?valueInputOption=USER_ENTERED",
     b'{"values":[[1,"x"]]}'),
    ("google-calendar", lambda m: m.google_calendar.calendars.delete(calendar_id="ada@example.com"),
     "DELETE", "/calendar/v3/calendars/ada@example.com", b""),
    ("stripe", lambda m: m.stripe.customers.list(limit=3),
     "GET", "/v1/customers?limit=3", b""),
    ("stripe", lambda m: m.stripe.customers.create(email="a@example.com", name="A B", metadata={"k": "v"}),
     "POST", "/v1/customers", b"email=a%40example.com&name=A+B&metadata%5Bk%5D=v"),
    ("github", lambda m: m.github.labels.edit(name="good first issue", repo="o/r", color="ff0000"),
     "PATCH", "/repos/o/r/labels/good%20first%20issue", b'{"color":"ff0000"}'),
    ("notion", lambda m: m.notion.blocks.children(block_id="b/1"),
     "GET", "/v1/blocks/b%2F1/children?page_size=100", b""),
    ("notion", lambda m: m.notion.search(query="road map"),
     "POST", "/v1/search", b'{"query":"road map","page_size":100}'),
    ("hubspot", lambda m: m.hubspot.contacts.update(contact_id="7", properties={"email": "x@example.com"}),
     "PATCH", "/crm/v3/objects/contacts/7", b'{"properties":{"email":"x@example.com"}}'),
    ("asana", lambda m: m.asana.tasks.search(workspace="1", text="a+b c"),
     "GET", "/api/1.0/workspaces/1/tasks/search?text=a%2Bb+c", b""),
    ("trello", lambda m: m.trello.search(query="ada & co"),
     "GET", "/1/search?query=ada+%26+co", b""),
    ("outlook", lambda m: m.outlook.contacts.list(filter="startswith(givenName,'A')", top=2),
     "GET", "/v1.0/me/contacts?%24filter=startswith%28givenName%2C%27A%27%29&%24top=2", b""),
    ("youtube", lambda m: m.youtube.channels.mine(),
     "GET", "/youtube/v3/channels?mine=true&part=snippet%2Cstatistics%2CcontentDetails", b""),
    ("google-mail", lambda m: m.api.get("/google-mail/gmail/v1/users/me/messages?q=a%2Fb&q=c"),
     "GET", "/gmail/v1/users/me/messages?q=a%2Fb&q=c", b""),
]  # fmt: skip


def client(**more):
    """The client as its own documentation makes one."""
    return Maton(KEY, base_url=GATEWAY, telemetry=False, max_retries=0, **more)


def raised(error, call):
    """The error of this class that the call ends in."""
    try:
        call()
    except error as found:
        return found
    raise AssertionError(f"no {error.__name__}")


def life_of_a_connection():
    """Create, list, get, delete: through OAuth, so it stays pending until somebody opens the link."""
    maton = client()
    made = maton.connections.create(app="linear", method="OAUTH2", name="mine")["connection"]
    same((made["app"], made["method"], made["status"], made["name"]), ("linear", "OAUTH2", "PENDING", "mine"), "made")
    assert made["url"].startswith(f"{CONTROL}/connect?session_token="), made["url"]
    listed = maton.connections.list(app="linear", status="PENDING", method="OAUTH2", limit=10)
    same([one["connection_id"] for one in listed["connections"]], [made["connection_id"]], "the list")
    same(maton.connections.list(app="linear", status="ACTIVE")["connections"], [], "the list of active ones")
    same(maton.connections.get(made["connection_id"])["connection"]["status"], "PENDING", "the one")
    same(maton.connections.delete(made["connection_id"]), {}, "the deletion")
    gone = raised(ResourceNotFoundError, lambda: maton.connections.get(made["connection_id"]))
    assert gone.request_id, "a refusal carries the request's id"


def arrived(app, seen):
    """The target without what the gateway has to put into the query."""
    target = seen.target
    for name in APPS[app]["query"]:
        target, times = re.subn(rf"[?&]{name}=[^&]*", "", target)
        same(times, 1, f"{app}: parameter {name}")
    return target


def typed_calls(upstreams):
    """Each call's method, path, query and body as the client wrote them, with the app's credential and no key."""
    maton, sent = client(), []
    maton._client._client.event_hooks["request"].append(sent.append)
    for app, call, method, target, body in CALLS:
        call(maton)
        seen = upstreams[app].take()
        same((seen.method, arrived(app, seen), seen.body), (method, target, body), app)
        same(f"/{app}{target}", sent.pop().url.raw_path.decode(), f"{app}: what the client wrote")
        whole = f"{seen.target}\n{seen.headers}"
        assert KEY not in whole, f"{app}: the caller's key went upstream"
        for secret in APPS[app]["credentials"].values():
            assert secret in whole, f"{app}: its credential didn't go upstream\n{whole}"
        same(seen.headers["User-Agent"], "Maton Python SDK 0.3.1", f"{app}: user agent")
        for header in ("Maton-Connection", "X-Maton-Client-User-Agent"):
            assert header not in seen.headers, f"{app}: {header} went upstream"
    assert len({app for app, *_ in CALLS}) >= 5


def chosen_connection(upstreams, first):
    """`connection=` of one call, of one accessor and of the client; an id that isn't ours."""
    second = connect("slack", **{name: "second-" + value for name, value in APPS["slack"]["credentials"].items()})
    upstreams["slack"].seen.clear()  # its probe
    for maton, call, wanted in [
        (client(), lambda m: m.slack.users.list(connection=second), "second-"),
        (client(), lambda m: m.slack(connection=second).users.list(), "second-"),
        (client(connection=second), lambda m: m.slack.users.list(), "second-"),
        (client(connection=second), lambda m: m.slack.users.list(connection=first), ""),
        (client(), lambda m: m.slack.users.list(), ""),
    ]:
        call(maton)
        headers = str(upstreams["slack"].take().headers)
        same("second-" in headers, wanted == "second-", "whose credential went upstream")
    answer = client().api.with_raw_response.get("/slack/api/users.list", connection=second)
    same(answer.headers["Maton-Connection"], second, "the answer says which")
    upstreams["slack"].take()
    answer = client().api.with_raw_response.get("/slack/api/users.list")
    same(answer.headers["Maton-Connection"], first, "the oldest, when none is chosen")
    assert answer.headers["X-Maton-Hint"], "and that there are several"
    upstreams["slack"].take()
    unknown = "00000000-0000-7000-8000-000000000000"
    same(
        raised(ResourceNotFoundError, lambda: client().slack.users.list(connection=unknown)).status_code, 404, "unknown"
    )


def refusals():
    """The client's own errors, with the message it reads from our body."""
    wrong = Maton("kf_" + "0" * 49, base_url=GATEWAY, telemetry=False, max_retries=0)
    assert "key" in str(raised(AccessDeniedError, lambda: wrong.slack.users.list())).lower()
    assert "salesforce" in str(raised(ValidationError, lambda: client().salesforce.limits.get()))


life_of_a_connection()
RECORDERS = {app: Recorder(told["port"]) for app, told in APPS.items()}
IDS = {app: connect(app, **told["credentials"]) for app, told in APPS.items()}
for recorder in RECORDERS.values():
    recorder.seen.clear()  # the probes
typed_calls(RECORDERS)
chosen_connection(RECORDERS, IDS["slack"])
refusals()
print("maton ok")
sys.exit(0)
