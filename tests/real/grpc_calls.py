"""gRPC through the gateway, with grpcio on both sides: every kind of call, metadata, errors, deadlines, cancelling.

KEYFERRY_UPSTREAM is the port at which the upstream of the app `calls` is to listen, with the certificate in
KEYFERRY_CERT and the key in KEYFERRY_CERT_KEY.
"""

import os
import threading
from concurrent import futures
from pathlib import Path

import grpc
from place import GATEWAY, KEY, ask, connect, same

PORT = os.environ["KEYFERRY_UPSTREAM"]
SERVICE = "acme.v1.Calls"
LARGE = bytes(range(256)) * 8192  # 2 MiB
asked = []  # the metadata of every call that reached the upstream
gone = threading.Semaphore(0)  # calls whose caller has left


def echo(request, context):
    asked.append(dict(context.invocation_metadata()))
    context.send_initial_metadata((("x-initial", "1"),))
    context.set_trailing_metadata((("x-trailing", "ok"), ("x-trailing-bin", b"\x00\xff"), ("set-cookie", "a=b")))
    return request


def fail(request, context):
    context.set_trailing_metadata((("x-trailing", "failed"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: ünïcode")


def hang(request, context):
    context.add_callback(gone.release)
    yield b"first"
    while context.is_active():
        if not waiting.wait(0.05):
            continue


def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()


def total(requests, context):
    return str(sum(len(request) for request in requests)).encode()


def turns(requests, context):
    for request in requests:
        yield request[::-1]


waiting = threading.Event()
HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(echo),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Hang": grpc.unary_stream_rpc_method_handler(hang),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Total": grpc.stream_unary_rpc_method_handler(total),
    "Turns": grpc.stream_stream_rpc_method_handler(turns),
}


def upstream():
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, HANDLERS),))
    pair = (Path(os.environ["KEYFERRY_CERT_KEY"]).read_bytes(), Path(os.environ["KEYFERRY_CERT"]).read_bytes())
    assert server.add_secure_port(f"localhost:{PORT}", grpc.ssl_server_credentials([pair]))
    server.start()
    return server


def channel():
    """By the app's host; where names below localhost don't resolve, the authority alone says it."""
    port = GATEWAY.rsplit(":", 1)[1]
    options = [
        ("grpc.default_authority", f"calls.localhost:{port}"),
        ("grpc.max_receive_message_length", -1),
        ("grpc.enable_http_proxy", 0),
    ]
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=options)


def metadata(key=KEY):
    return (("authorization", f"Bearer {key}"), ("x-custom", "1"), ("x-custom-bin", b"\x00\xff"))


def refused(call, key=KEY, more=()):
    """The status and text with which a call fails."""
    try:
        call(b"", metadata=metadata(key) + more, timeout=30)
    except grpc.RpcError as error:
        return error.code(), error
    raise AssertionError("the call was served")


def calls(channel):
    path = f"/{SERVICE}/"
    unary, stream = channel.unary_unary, channel.unary_stream

    reply, call = unary(path + "Echo").with_call(LARGE, metadata=metadata(), timeout=30)
    same(reply == LARGE, True, "an echo of 2 MiB")
    same(dict(call.initial_metadata()).get("x-initial"), "1", "metadata before the answer")
    trailing = dict(call.trailing_metadata())
    same((trailing["x-trailing"], trailing["x-trailing-bin"]), ("ok", b"\x00\xff"), "metadata behind the answer")
    same("set-cookie" in trailing, False, "a cookie behind the answer")
    (seen,) = asked
    same((seen["x-custom"], seen["x-custom-bin"]), ("1", b"\x00\xff"), "the caller's metadata")
    same(seen["authorization"], "Bearer sk_calls", "the credential")

    code, error = refused(unary(path + "Fail"))
    same((code, error.details()), (grpc.StatusCode.FAILED_PRECONDITION, "not now: ünïcode"), "a failure")
    same(dict(error.trailing_metadata())["x-trailing"], "failed", "metadata of a failure")
    same(refused(unary(path + "Nothing"))[0], grpc.StatusCode.UNIMPLEMENTED, "a method that is not there")

    numbers = list(stream(path + "Count")(b"1000", metadata=metadata(), timeout=60))
    same(numbers, [str(number).encode() for number in range(1000)], "a stream of answers")
    parts = [b"x" * 10_000] * 100
    total = channel.stream_unary(path + "Total")(iter(parts), metadata=metadata(), timeout=60)
    same(total, b"1000000", "a stream of requests")


def conversation(channel):
    """Each request is sent only when the answer to the one before has come."""
    said, more = [b"ab", b"cd", b"ef"], threading.Semaphore(1)

    def requests():
        for word in said:
            assert more.acquire(timeout=30)
            yield word

    answers = []
    for answer in channel.stream_stream(f"/{SERVICE}/Turns")(requests(), metadata=metadata(), timeout=60):
        answers.append(answer)
        more.release()
    same(answers, [b"ba", b"dc", b"fe"], "a conversation")


def endings(channel):
    hang = channel.unary_stream(f"/{SERVICE}/Hang")
    call = hang(b"", metadata=metadata(), timeout=60)
    same(next(call), b"first", "the first answer of a stream")
    call.cancel()
    assert gone.acquire(timeout=30), "the upstream does not hear that the caller has cancelled"
    call = hang(b"", metadata=metadata(), timeout=1)
    try:
        list(call)
    except grpc.RpcError as error:
        same(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED, "a deadline")
    assert gone.acquire(timeout=30), "the upstream does not hear that the deadline has passed"


def refusals(channel):
    echo = channel.unary_unary(f"/{SERVICE}/Echo")
    before = len(asked)
    code, error = refused(echo, "kf_wrong")
    same(code, grpc.StatusCode.UNAUTHENTICATED, "a wrong key")
    same("401" in error.details(), True, "what is said of it")
    unknown = "00000000-0000-0000-0000-000000000000"
    for wanted, code in [([unknown], grpc.StatusCode.UNIMPLEMENTED), ([unknown, "x"], grpc.StatusCode.INTERNAL)]:
        fields = tuple(("maton-connection", one) for one in wanted)
        same(refused(echo, more=fields)[0], code, f"the status for the connection {wanted}")
    status, _, limited = ask("POST", "/keys", {"rules": {"read_only": True}})
    same((status, refused(echo, limited["key"])[0]), (200, grpc.StatusCode.PERMISSION_DENIED), "a key that may read")
    same(len(asked), before, "calls that reached the upstream")


server = upstream()
connect("calls", api_key="sk_calls")
with channel() as one:
    calls(one)
    conversation(one)
    endings(one)
    refusals(one)
waiting.set()
server.stop(0)
print("grpc ok")
