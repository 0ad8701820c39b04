"""The stand-in of the platform behaves as the documents describe, and complains of what the platform would not take."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import connect

from tests.stand_ins.serving import serve
from tests.stand_ins.wecom_api import Interface, card_faults
from tests.stand_ins.wecom_callbacks import AppCaller, BotCaller
from tests.stand_ins.wecom_envelope import Envelope
from tests.stand_ins.wecom_gateway import Gateway

pytestmark = pytest.mark.asyncio

ENVELOPE = Envelope("token", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wwstandin")
BOT_ENVELOPE = Envelope("token", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "")
CARD = {"card_type": "button_interaction", "main_title": {"title": "依据"}, "task_id": "t", "button_list": [{"text": "原文", "key": "o"}]}


async def token_of(client: httpx.AsyncClient, **changes: str) -> dict[str, Any]:
    reply = await client.get("/cgi-bin/gettoken", params={"corpid": "wwstandin", "corpsecret": "app-secret", **changes})
    body: dict[str, Any] = reply.json()
    return body


async def send(client: httpx.AsyncClient, token: str, body: dict[str, Any]) -> int:
    reply = await client.post("/cgi-bin/message/send", params={"access_token": token}, json={"touser": "u", "agentid": 1000002, **body})
    return int(reply.json()["errcode"])


def text(content: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}}


async def test_tokens() -> None:
    """A token is the same until it runs out; another's is invalid, an old one expired; a wrong secret gets none."""
    interface = Interface()
    async with serve(interface.app()) as base, httpx.AsyncClient(base_url=base) as client:
        first = (await token_of(client))["access_token"]
        assert (await token_of(client))["access_token"] == first
        assert await send(client, first, text("x")) == 0
        assert await send(client, "forged", text("x")) == 40014
        interface.expire_tokens()
        assert await send(client, first, text("x")) == 42001
        assert (await token_of(client))["access_token"] != first
        assert (await token_of(client, corpsecret="wrong"))["errcode"] == 40001
        assert (await token_of(client, corpid="wrong"))["errcode"] == 40013


async def test_what_message_send_does_in_silence() -> None:
    """A text is cut at 2 048 bytes and the thirty-first of a minute is dropped; both are reported as success."""
    interface = Interface()
    async with serve(interface.app()) as base, httpx.AsyncClient(base_url=base) as client:
        token = (await token_of(client))["access_token"]
        assert await send(client, token, text("字" * 700)) == 0
        assert (interface.texts("u"), len(interface.complaints)) == (["字" * 682], 1)
        for number in range(31):
            assert await send(client, token, text(str(number))) == 0
        assert (len(interface.sent), len(interface.dropped)) == (30, 2)


async def test_what_message_send_refuses() -> None:
    """Scripted errors, an untrusted address, another agent, an empty text, a card's number used twice."""
    interface = Interface()
    async with serve(interface.app()) as base, httpx.AsyncClient(base_url=base) as client:
        token = (await token_of(client))["access_token"]
        interface.faults.extend([45009, -1])
        assert [await send(client, token, text("x")) for _ in range(3)] == [45009, -1, 0]
        assert await send(client, token, {**text("x"), "agentid": 5}) == 40056
        assert await send(client, token, text(" ")) == 44004
        card = {"msgtype": "template_card", "template_card": CARD}
        assert [await send(client, token, card), await send(client, token, card)] == [0, 42014]
        interface.trusted = False
        assert await send(client, token, text("x")) == 60020
        assert len(interface.sent) == 2


async def test_a_lost_answer() -> None:
    """The message arrives and its sender never learns it."""
    interface = Interface()
    async with serve(interface.app()) as base, httpx.AsyncClient(base_url=base) as client:
        token = (await token_of(client))["access_token"]
        interface.faults.append("lost")
        reply = await client.post(
            "/cgi-bin/message/send", params={"access_token": token}, json={"touser": "u", "agentid": 1000002, **text("x")}
        )
        assert reply.status_code == 500
        assert interface.texts("u") == ["x"]


async def test_a_response_url_once_within_an_hour() -> None:
    """The second reply is refused, and so is one after an hour."""
    now = [1000.0]
    interface = Interface(clock=lambda: now[0])
    async with serve(interface.app()) as base, httpx.AsyncClient(base_url=base) as client:
        body = {"msgtype": "markdown", "markdown": {"content": "x"}}
        first, second = interface.issue_code(), interface.issue_code()
        codes = []
        for code, wait in ((first, 0), (first, 0), (second, 3601)):
            now[0] += wait
            codes.append((await client.post("/cgi-bin/aibot/response", params={"response_code": code}, json=body)).json()["errcode"])
        assert codes == [0, 40008, 40008]


async def test_cards_that_would_not_be_shown() -> None:
    """Titles, texts and buttons that are too long are complaints."""
    assert card_faults(CARD) == []
    long = {**CARD, "main_title": {"title": "题" * 27}, "button_list": [{"text": "字" * 11, "key": "k"}], "task_id": "t" * 129}
    assert len(card_faults(long)) == 3


async def test_the_app_is_called_three_times() -> None:
    """No reply in time and a reply that is no success are repeated, twice; a success ends it."""
    calls: list[float] = []

    async def slow(_: Request) -> Response:
        calls.append(time.monotonic())
        if len(calls) == 1:
            await asyncio.sleep(1)
        return Response(status_code=200 if len(calls) == 3 else 503)

    async with serve(Starlette(routes=[Route("/", slow, methods=["POST"])])) as base:
        caller = AppCaller(base + "/", ENVELOPE, within=0.2)
        attempts = await caller.say("u", "x")
        assert [attempt.status for attempt in attempts] == [0, 503, 200]
        assert [attempt.status for attempt in await caller.say("u", "x")] == [503, 503, 503]


class Echo:
    """The smallest bot: it repeats the question, and ends at the third look."""

    def __init__(self, *, wrong: str = "") -> None:
        self.wrong, self.looks = wrong, 0

    async def reply(self, request: Request) -> Response:
        encrypted = (await request.json())["encrypt"]
        query = dict(request.query_params)
        assert BOT_ENVELOPE.signature(query["timestamp"], query["nonce"], encrypted) == query["msg_signature"]
        body = json.loads(BOT_ENVELOPE.decrypt(encrypted))
        self.looks += body["msgtype"] == "stream"
        content = "长" * 7000 if self.wrong == "long" else "…" * (self.looks + 1)
        stream: dict[str, Any] = {"id": "S", "finish": self.looks == 3, "content": content}
        if body["msgtype"] == "text":
            stream["feedback"] = {"id": "F"}
        sealed = BOT_ENVELOPE.encrypt(json.dumps({"msgtype": "stream", "stream": stream}).encode())
        nonce = "other" if self.wrong == "nonce" else query["nonce"]
        signature = BOT_ENVELOPE.signature(query["timestamp"], nonce, sealed)
        return JSONResponse(
            {
                "encrypt": sealed,
                "nonce": nonce,
                "timestamp": int(query["timestamp"]),
                "msgsignature": "x" if self.wrong == "sign" else signature,
            }
        )


async def test_a_stream_is_asked_about_until_it_ends() -> None:
    """The reader sees each state, whole, and the platform asks no more after the end."""
    echo = Echo()
    async with serve(Starlette(routes=[Route("/", echo.reply, methods=["POST"])])) as base:
        caller = BotCaller(base + "/", BOT_ENVELOPE, Interface(), every=0.01, window=3)
        shown = await caller.say("u", "x")
        assert (shown.contents, shown.finished, shown.feedback, echo.looks) == (["…", "……", "………", "…………"], True, "F", 3)
        assert caller.complaints == []


async def test_a_window_closes() -> None:
    """A stream that doesn't end is left as it is."""
    echo = Echo()
    echo.looks = -1000
    async with serve(Starlette(routes=[Route("/", echo.reply, methods=["POST"])])) as base:
        shown = await BotCaller(base + "/", BOT_ENVELOPE, Interface(), every=0.01, window=1.0).say("u", "x")
        assert not shown.finished
        assert shown.refreshes > 1


@pytest.mark.parametrize("wrong", ["long", "nonce", "sign"])
async def test_the_bot_is_watched(wrong: str) -> None:
    """Content that is too long, another nonce and a wrong signature are complaints."""
    async with serve(Starlette(routes=[Route("/", Echo(wrong=wrong).reply, methods=["POST"])])) as base:
        caller = BotCaller(base + "/", BOT_ENVELOPE, Interface(), every=0.01, window=0.1)
        await caller.say("u", "x")
        assert caller.complaints


class Client:
    """The smallest long connection."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def call(self, command: str, body: Any = None, request: str = "r") -> int:
        await self.socket.send(json.dumps({"cmd": command, "headers": {"req_id": request}, "body": body}))
        while True:
            frame = await self.hear()
            if "cmd" not in frame and frame["headers"]["req_id"] == request:
                return int(frame["errcode"])

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 2))
        return frame

    async def subscribe(self, secret: str = "socket-secret") -> int:
        return await self.call("aibot_subscribe", {"bot_id": "AIBOTSTANDIN", "secret": secret})


def stream(content: str, *, finish: bool = False) -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": "S", "finish": finish, "content": content}}


async def test_the_gateway_answers_what_it_knows() -> None:
    """Subscription, heartbeat, a stream on the id of a message; nothing for another id, after the end, or too long."""
    async with Gateway().serving() as gateway, connect(gateway.address) as socket:
        client = Client(socket)
        assert await client.subscribe("wrong") == 853000
        assert await client.subscribe() == 0
        assert await client.call("ping") == 0
        shown = await gateway.say("u", "x")
        request = (await client.hear())["headers"]["req_id"]
        assert await client.call("aibot_respond_msg", stream("a"), request) == 0
        assert await client.call("aibot_respond_msg", stream("a"), "other") == 846605
        assert await client.call("aibot_respond_msg", stream("长" * 7000), request) == 40008
        assert await client.call("aibot_respond_msg", stream("ab", finish=True), request) == 0
        assert await client.call("aibot_respond_msg", stream("abc"), request) == 846608
        assert (shown.contents, shown.finished) == (["a", "ab"], True)


async def test_the_gateway_closes_a_window_and_counts() -> None:
    """A stream is not updated after its window, nor a chat beyond its pace; a push needs a chat that has written."""
    async with Gateway(window=0.05, per_minute=3).serving() as gateway, connect(gateway.address) as socket:
        client = Client(socket)
        await client.subscribe()
        await gateway.say("u", "x")
        request = (await client.hear())["headers"]["req_id"]
        push = {"chatid": "u", "chat_type": 1, "msgtype": "markdown", "markdown": {"content": "x"}}
        assert await client.call("aibot_respond_msg", stream("a"), request) == 0
        await asyncio.sleep(0.1)
        assert await client.call("aibot_respond_msg", stream("b"), request) == 846608
        assert [await client.call("aibot_send_msg", push) for _ in range(2)] == [0, 45009]
        assert await client.call("aibot_send_msg", {**push, "chatid": "stranger"}) == 40008


async def test_the_newest_connection_counts() -> None:
    """The one before is told and closed."""
    async with Gateway().serving() as gateway, connect(gateway.address) as old, connect(gateway.address) as new:
        assert await Client(old).subscribe() == 0
        assert await Client(new).subscribe() == 0
        frame = await Client(old).hear()
        assert frame["body"]["event"]["eventtype"] == "disconnected_event"
        await asyncio.wait_for(old.wait_closed(), 2)
        assert await Client(new).call("ping") == 0
