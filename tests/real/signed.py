"""AWS's own client with a keyferry key for an access key, and OAuth 1.0a calls: the upstream holds each signature against
one that botocore or oauthlib makes."""

import hashlib
import json

import botocore.session
from botocore.config import Config
from place import GATEWAY, KEY, ask, same

SESSION = "session/token+=="


def connect(app, method, credentials, **fields):
    body = {"app": app, "method": method, "credentials": credentials, "fields": fields}
    status, _, answer = ask("POST", "/connections", body)
    assert status == 200 and answer["status"] == "ACTIVE", (status, answer)


def client(service):
    """What a user of AWS's library changes: address, and key for access key."""
    return botocore.session.get_session().create_client(
        service, region_name="eu-west-1", endpoint_url=f"{GATEWAY}/{service}", aws_access_key_id=KEY,
        aws_secret_access_key="unused",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def storage():
    s3 = client("s3")
    for name in ["plain", "a b/c+d", "ünï/✓", "a(1)!'*~:@&=$,;.txt", "double//slash", "tab\tand%25percent"]:
        s3.put_object(Bucket="bucket", Key=name, Body=b"hello" * 1000, Metadata={"by": "two  words"}, ACL="private")
        seen = json.load(s3.get_object(Bucket="bucket", Key=name, Range="bytes=0-9")["Body"])
        same(seen["made"], seen["came"], name)
    s3.delete_object(Bucket="bucket", Key="a b", VersionId="v&=+ 1")


def services():
    connect_answer = client("sqs").send_message(QueueUrl="https://sqs.test/1/q", MessageBody="a=b&c +%")
    same(connect_answer["MessageId"], "1", "the queue's answer")
    same(client("dynamodb").list_tables(Limit=3)["TableNames"], ["one"], "the tables")


def by_hand():
    """What no library of AWS would send."""
    for path in ["/", "/a%2Fb", "/a//b/", "/a(b)!:@", "/x?b=2&a=1&a=0&empty&e=", "/x?a=%20~&B=1"]:
        for app in ["s3", "sqs"]:
            status, _, seen = ask("GET", f"/{app}{path}", base=GATEWAY)
            same((status, seen["path"]), (200, path), f"{app}{path} {seen}")
    _, _, seen = ask("PUT", "/s3/b/k", {"a": "b"}, GATEWAY)
    same(seen["sha256"], "UNSIGNED-PAYLOAD", "over TLS S3 takes a body unsigned")
    status, _, seen = ask("POST", "/sqs/", {"a": "b"}, GATEWAY)
    same((status, seen["sha256"]), (200, None), "another service has it signed")
    stated = hashlib.sha256(b'{"a": "b"}').hexdigest()
    status, _, seen = ask("PUT", "/s3/b/k", {"a": "b"}, GATEWAY, {"x-amz-content-sha256": stated})
    same((status, seen["sha256"]), (200, stated), "a stated hash")


def oauth1():
    for app in ["sha1", "sha256", "plaintext"]:
        for path in ["/", "/a%2Fb//c", "/x?b=2&a=1&a=0&e=", "/x?a=%20~&B=1&c=%C3%BC", "/record/v1/customer/1?expand=true"]:
            status, _, seen = ask("GET", f"/{app}{path}", base=GATEWAY)
            same((status, seen["path"]), (200, path), f"{app}{path} {seen}")
        status, _, seen = ask("POST", f"/{app}/x?q=1", {"not": "signed"}, GATEWAY)
        same(status, 200, f"a JSON body: {seen}")
        form(app)


def form(app):
    import urllib.request

    request = urllib.request.Request(f"{GATEWAY}/{app}/x?a=2", b"a=1&b=%20+%26&c=%C3%BC&a=0&empty=", method="POST")
    request.add_header("Authorization", f"Bearer {KEY}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        same(answer.status, 200, f"{app}: a form")


for name in ["s3", "sqs", "dynamodb"]:
    connect(name, "API_KEY", {"id": "AKIDEXAMPLE", "key": "secret/key", "session": SESSION})
for name in ["sha1", "sha256", "plaintext"]:
    values = {"consumer_key": "consumer&key", "consumer_secret": "consumer secret", "token": "token"}
    connect(name, "OAUTH1", values | {"token_secret": "token+secret", "account": "1234567_SB1"})
storage()
services()
by_hand()
oauth1()
print("signed ok")
