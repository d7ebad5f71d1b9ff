"""WebSockets through the gateway, with the websockets library on both sides: what people send, and how it ends.

KEYFERRY_UPSTREAM is the port at which the upstream of the app `chat` is to listen.
"""

import asyncio
import os
import secrets

from place import GATEWAY, KEY, connect, same
from websockets.asyncio.client import connect as dial
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError, InvalidStatus

URL = GATEWAY.replace("http:", "ws:") + "/chat"
MEBI = 1 << 20
asked = []  # the heads that the upstream has seen
ended = asyncio.Queue()  # the close codes that it has seen


async def upstream(socket):
    """Echoes; `ping` makes it ping, and `close 4001 why` close."""
    asked.append(socket.request)
    try:
        async for message in socket:
            match message.split() if isinstance(message, str) else []:
                case ["ping"]:
                    await (await socket.ping(b"from upstream"))
                    await socket.send("ponged")
                case ["close", code, why]:
                    await socket.close(int(code), why)
                case _:
                    await socket.send(message)
    except ConnectionClosedError:
        pass  # any end but 1000 and 1001
    await ended.put((socket.close_code, socket.close_reason))


def caller(path="/", key=KEY, **more):
    # The upstream asks for one.
    more.setdefault("subprotocols", ["v1.chat"])
    headers = {"Authorization": f"Bearer {key}"}
    return dial(URL + path, additional_headers=headers, max_size=4 * MEBI, proxy=None, **more)


async def echoes():
    async with caller("/room/a%20b?x=1&x=%2F", subprotocols=["v2.chat", "v1.chat"]) as socket:
        same(socket.subprotocol, "v1.chat", "the subprotocol that the upstream chose")
        same(socket.protocol.extensions[0].name, "permessage-deflate", "compression, end to end")
        for message in ["text", "ünïcode 🚢", "", b"\x00\xff binary", b"", "x" * 70_000]:
            await socket.send(message)
            same(await socket.recv(), message, "an echo")
        # A frame of 1 MiB that compresses badly, and a message in fragments.
        large = secrets.token_bytes(MEBI)
        await socket.send(large)
        same(await socket.recv() == large, True, "an echo of 1 MiB")
        await socket.send(["one ", "two ", "three"])
        same(await socket.recv(), "one two three", "an echo of fragments")
        same(await (await socket.ping(b"from caller")) >= 0, True, "a pong for the caller's ping")
        await socket.send("ping")
        same(await socket.recv(), "ponged", "the caller's pong for the upstream's ping")
    (head,) = asked
    asked.clear()
    same(head.path, "/room/a%20b?x=1&x=%2F", "the target")
    same(head.headers.get_all("Authorization"), ["Bearer sk_chat"], "the credential")
    same(any(KEY in value for _, value in head.headers.raw_items()), False, "the key in what went upstream")
    same(await ended.get(), (1000, ""), "how it ended")


async def plain_frames():
    async with caller(compression=None) as socket:
        large = secrets.token_bytes(MEBI)
        for _ in range(8):
            await socket.send(large)
        for _ in range(8):
            same(await socket.recv() == large, True, "an echo of 1 MiB in one uncompressed frame")
    await ended.get()


async def close_codes():
    async with caller() as socket:
        await socket.send("close 4001 enough")
        try:
            await socket.recv()
        except ConnectionClosedError as closed:
            same((closed.rcvd.code, closed.rcvd.reason), (4001, "enough"), "the upstream's close")
    same(await ended.get(), (4001, "enough"), "the upstream's close as it saw it")
    async with caller() as socket:
        await socket.close(3999, "bye")
    same(await ended.get(), (3999, "bye"), "the caller's close")
    async with caller() as socket:
        socket.transport.abort()
    same(await ended.get(), (1006, ""), "a caller who is gone")


async def refusals():
    for path, key, status, reason in [("", "kf_wrong", 401, "key_invalid"), ("-unknown", KEY, 404, "app_unknown")]:
        try:
            async with caller(path, key):
                raise AssertionError(f"{path} with {key} was served")
        except InvalidStatus as refused:
            same(refused.response.status_code, status, "the status of a refusal")
            same(refused.response.headers["Keyferry-Error"], reason, "its reason")
    same(asked, [], "what went upstream")


async def main():
    connect("chat", api_key="sk_chat")
    port = int(os.environ["KEYFERRY_UPSTREAM"])
    async with serve(upstream, "127.0.0.1", port, subprotocols=["v1.chat"], max_size=4 * MEBI):
        async with asyncio.timeout(60):
            await echoes()
            await plain_frames()
            await close_codes()
            asked.clear()
            await refusals()


asyncio.run(main())
print("websocket ok")
