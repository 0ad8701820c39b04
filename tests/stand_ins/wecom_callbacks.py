"""The platform calling the program: the app's XML with its retries, the bot's JSON with its stream refreshes."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import httpx

from tests.stand_ins.wecom_api import Interface, card_faults
from tests.stand_ins.wecom_envelope import Envelope, xml


@dataclass(frozen=True)
class Attempt:
    """One delivery: HTTP status (0: no reply in time), seconds, body."""

    status: int
    seconds: float
    body: bytes = b""


@dataclass
class AppCaller:
    """Delivers messages and events of the self-built app."""

    address: str
    envelope: Envelope
    agent: int = 1000002
    within: float = 5.0  # seconds, then the connection is cut
    deliveries: int = 3
    pause: float = 0.0  # between a failure and the next delivery
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(limits=httpx.Limits(max_connections=None)))
    numbers: Any = field(default_factory=lambda: itertools.count(7_000_000_000_000_000_000))

    async def check_address(self, echo: bytes = b"1616140317555161061", **changes: str) -> httpx.Response:
        """The check that the platform makes when the address is entered; the answer must be the plain echo."""
        encrypted = self.envelope.encrypt(echo)
        query = {**self.envelope.query(encrypted, timestamp=int(time.time())), "echostr": encrypted, **changes}
        return await self.client.get(self.address, params=query, timeout=1.0)

    def text(self, user: str, content: str, *, identity: int | None = None, at: float | None = None) -> bytes:
        """A text message, not yet encrypted."""
        number = next(self.numbers) if identity is None else identity
        return xml(
            {"ToUserName": self.envelope.receive_id, "FromUserName": user, "CreateTime": int(at or time.time()), "MsgType": "text",
             "Content": content, "MsgId": number, "AgentID": self.agent}
        )  # fmt: skip

    def event(self, user: str, event: str, *, key: str = "", at: float | None = None, **more: object) -> bytes:
        return xml(
            {"ToUserName": self.envelope.receive_id, "FromUserName": user, "CreateTime": int(at or time.time()), "MsgType": "event",
             "Event": event, "EventKey": key, "AgentID": self.agent, **more}
        )  # fmt: skip

    async def say(self, user: str, content: str) -> list[Attempt]:
        """A person writes to the app."""
        return await self.deliver(self.text(user, content))

    async def deliver(self, plain: bytes) -> list[Attempt]:
        """Up to three deliveries until one is answered with 200 in time."""
        attempts: list[Attempt] = []
        for _ in range(self.deliveries):
            attempts.append(await self.post(plain))
            if attempts[-1].status == 200:
                break
            await asyncio.sleep(self.pause)
        return attempts

    async def post(self, plain: bytes) -> Attempt:
        """One delivery, freshly encrypted."""
        encrypted = self.envelope.encrypt(plain)
        body = xml({"ToUserName": self.envelope.receive_id, "AgentID": str(self.agent), "Encrypt": encrypted})
        return await self.post_raw(body, self.envelope.query(encrypted, timestamp=int(time.time())))

    def open_reply(self, body: bytes) -> bytes:
        """The plain XML of a reply inside the response; AssertionError when its signature is wrong."""
        fields = {element.tag: element.text or "" for element in ElementTree.fromstring(body)}
        assert fields["MsgSignature"] == self.envelope.signature(fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
        return self.envelope.decrypt(fields["Encrypt"])

    async def post_raw(self, body: bytes, query: dict[str, str]) -> Attempt:
        begun = time.perf_counter()
        try:
            reply = await self.client.post(self.address, params=query, content=body, timeout=self.within)
        except httpx.HTTPError:
            return Attempt(0, time.perf_counter() - begun)
        return Attempt(reply.status_code, time.perf_counter() - begun, reply.content)


@dataclass
class Shown:
    """One message of the bot as its reader sees it grow."""

    user: str
    question: str
    chat: str
    response_code: str
    stream: str = ""
    feedback: str = ""
    contents: list[str] = field(default_factory=list)
    finished: bool = False
    card: dict[str, Any] | None = None
    acknowledged: float = 0.0  # seconds to the first reply
    refreshes: int = 0

    @property
    def text(self) -> str:
        return self.contents[-1] if self.contents else ""


@dataclass
class BotCaller:
    """Delivers messages and events of the AI bot, and asks on until a stream is finished or its window closes."""

    address: str
    envelope: Envelope
    interface: Interface
    base: str = "http://127.0.0.1"
    every: float = 0.05  # seconds between refreshes
    window: float = 360.0
    within: float = 5.0
    deliveries: int = 3
    pause: float = 0.0  # between a failure and the next delivery
    bot: str = "AIBOTSTANDIN"
    shown: list[Shown] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    in_flight: Counter[str] = field(default_factory=Counter)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(limits=httpx.Limits(max_connections=None)))
    polling: bool = True

    def frame(self, user: str, chat: str = "", **more: Any) -> dict[str, Any]:
        where = {"chatid": chat, "chattype": "group"} if chat else {"chattype": "single"}
        return {"msgid": f"CAIQ{uuid.uuid4().hex}", "aibotid": self.bot, **where, "from": {"userid": user}, **more}

    async def say(self, user: str, content: str, *, chat: str = "", times: int = 1, kind: str = "text", **more: Any) -> Shown:
        """A person writes; returns when nothing more will be shown. ``times``: deliveries of the same message."""
        assert self.in_flight[user] < 3, "the platform takes no fourth message of a person while three are under way"
        self.in_flight[user] += 1
        code = self.interface.issue_code()
        body = self.frame(user, chat, msgtype=kind, response_url=f"{self.base}/cgi-bin/aibot/response?response_code={code}")
        body |= more or {kind: {"content": content}}
        shown = Shown(user, content, chat, code)
        self.shown.append(shown)
        begun = time.monotonic()
        try:
            for _ in range(times):
                await self._first(body, shown)
            while self.polling and shown.stream and not shown.finished and time.monotonic() - begun < self.window:
                await asyncio.sleep(self.every)
                await self._refresh(shown)
        finally:
            self.in_flight[user] -= 1
        return shown

    async def _first(self, body: dict[str, Any], shown: Shown) -> None:
        for _ in range(self.deliveries):
            reply = await self.post(body, shown)
            if reply is not None:
                self._apply(reply, shown, first=not shown.stream)
                return
            await asyncio.sleep(self.pause)

    async def _refresh(self, shown: Shown) -> None:
        body = self.frame(shown.user, shown.chat, msgtype="stream", stream={"id": shown.stream})
        reply = await self.post(body)
        shown.refreshes += 1
        if reply is not None:
            self._apply(reply, shown, first=False)

    def _apply(self, reply: dict[str, Any], shown: Shown, *, first: bool) -> None:
        stream = reply.get("stream", {})
        if reply.get("msgtype") not in ("stream", "stream_with_template_card"):
            self.complaints.append(f"msgtype {reply.get('msgtype')}")
            return
        if len(stream.get("content", "").encode()) > 20480:
            self.complaints.append("content over 20480 bytes")
        if not first and stream["id"] != shown.stream:
            self.complaints.append("another stream id")
        if first:
            shown.stream, shown.feedback = stream["id"], stream.get("feedback", {}).get("id", "")
        if shown.finished:
            return  # a second delivery of the same message, answered after the end
        if card := reply.get("template_card"):
            self.complaints.extend(card_faults(card))
            shown.card = card
        if not shown.contents or shown.contents[-1] != stream.get("content", ""):
            shown.contents.append(stream.get("content", ""))
        shown.finished = bool(stream.get("finish"))

    async def post(self, body: dict[str, Any], shown: Shown | None = None) -> dict[str, Any] | None:
        """One callback; the decrypted reply, {} for an empty one, None for none in time or an error.

        ``shown`` gets the seconds from the request to the reply, without this side's own encryption.
        """
        encrypted = self.envelope.encrypt(json.dumps(body, ensure_ascii=False).encode())
        query = self.envelope.query(encrypted, timestamp=int(time.time()))
        begun = time.perf_counter()
        try:
            reply = await self.client.post(self.address, params=query, json={"encrypt": encrypted}, timeout=self.within)
        except httpx.HTTPError:
            return None
        if shown is not None:
            shown.acknowledged = shown.acknowledged or time.perf_counter() - begun
        if reply.status_code != 200:
            return None
        if not reply.content:
            return {}
        sealed = reply.json()
        if sealed["nonce"] != query["nonce"]:
            self.complaints.append("nonce of the reply")
        if self.envelope.signature(str(sealed["timestamp"]), sealed["nonce"], sealed["encrypt"]) != sealed["msgsignature"]:
            self.complaints.append("signature of the reply")
            return None
        answer: dict[str, Any] = json.loads(self.envelope.decrypt(sealed["encrypt"]))
        return answer

    async def event(self, user: str, kind: str, *, chat: str = "", **inner: Any) -> dict[str, Any] | None:
        """An event; delivered once, whatever becomes of it."""
        event = {"eventtype": kind, kind: inner} if inner else {"eventtype": kind}
        return await self.post(self.frame(user, chat, msgtype="event", create_time=int(time.time()), event=event))

    async def rate(self, shown: Shown, verdict: int, *, content: str = "", reasons: tuple[int, ...] = ()) -> dict[str, Any] | None:
        """👍 is 1, 👎 is 2, 3 takes it back. Nothing happens to an answer that came without a feedback id."""
        if not shown.feedback:
            return None
        more = {"content": content, "inaccurate_reason_list": list(reasons)} if verdict == 2 else {}
        return await self.event(shown.user, "feedback_event", id=shown.feedback, type=verdict, **more)


def by_question(shown: list[Shown]) -> dict[str, list[Shown]]:
    found: dict[str, list[Shown]] = defaultdict(list)
    for item in shown:
        found[item.question].append(item)
    return found


Clock = Callable[[], float]
