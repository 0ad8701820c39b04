"""The platform's gateway of long connections on loopback, with what can go wrong on a connection."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection, serve

from tests.stand_ins.wecom_api import card_faults
from tests.stand_ins.wecom_callbacks import Shown


@dataclass
class Pushed:
    """A message that the bot sent of its own accord."""

    chat: str
    chat_type: int
    text: str


@dataclass
class Gateway:
    """One bot's gateway. Only the newest connection counts; the one before it is told and closed."""

    bot: str = "AIBOTSTANDIN"
    secret: str = "socket-secret"
    window: float = 360.0  # seconds from the first frame of a stream
    per_minute: int = 30
    answers_pings: bool = True
    deaf: bool = False  # half-open: takes everything, answers nothing
    address: str = ""
    current: ServerConnection | None = None
    subscriptions: list[float] = field(default_factory=list)
    refusals: int = 0
    pings: int = 0
    requests: dict[str, Shown] = field(default_factory=dict)  # req_id → what its message shows
    begun: dict[str, float] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # chats that have written
    pushed: list[Pushed] = field(default_factory=list)
    welcomes: list[str] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    cards: dict[str, str] = field(default_factory=dict)  # req_id of a card event that still may be answered
    complaints: list[str] = field(default_factory=list)
    faults: deque[int] = field(default_factory=deque)  # errcodes for the next replies
    times: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    forgets: bool = False  # a new connection knows no request of an earlier one

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Gateway]:
        """Listen while the block runs."""
        async with serve(self._talk, "127.0.0.1", 0) as server:
            self.address = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            yield self
            if self.current is not None:
                self.current.transport.abort()

    # ── what the test does ──────────────────────────────────────────────────────────────────────

    async def connected(self, seconds: float = 10.0) -> None:
        """Wait until a connection is subscribed."""
        await asyncio.wait_for(self.arrived.wait(), seconds)

    async def say(self, user: str, content: str, *, chat: str = "", times: int = 1, kind: str = "text", **more: Any) -> Shown:
        """A person writes; returns once the message is on its way."""
        where = {"chatid": chat, "chattype": "group"} if chat else {"chattype": "single"}
        body = {"msgid": uuid.uuid4().hex, "aibotid": self.bot, **where, "from": {"userid": user}, "msgtype": kind,
                "create_time": int(time.time()), **(more or {kind: {"content": content}})}  # fmt: skip
        shown = Shown(user, content, chat or user, "")
        await self.redeliver(body, shown, times)
        return shown

    async def redeliver(self, body: dict[str, Any], shown: Shown, times: int = 1) -> None:
        self.known.add(shown.chat)
        for _ in range(times):
            request = uuid.uuid4().hex
            self.requests[request] = shown
            await self._send({"cmd": "aibot_msg_callback", "headers": {"req_id": request}, "body": body})

    async def event(self, user: str, kind: str, *, chat: str = "", **inner: Any) -> str:
        where = {"chatid": chat, "chattype": "group"} if chat else {"chattype": "single"}
        event = {"eventtype": kind, kind: inner} if inner else {"eventtype": kind}
        request = uuid.uuid4().hex
        self.cards[request] = kind
        body = {"msgid": uuid.uuid4().hex, "aibotid": self.bot, **where, "from": {"userid": user}, "msgtype": "event",
                "create_time": int(time.time()), "event": event}  # fmt: skip
        await self._send({"cmd": "aibot_event_callback", "headers": {"req_id": request}, "body": body})
        return request

    async def rate(self, shown: Shown, verdict: int, *, content: str = "", reasons: tuple[int, ...] = ()) -> None:
        more = {"content": content, "inaccurate_reason_list": list(reasons)} if verdict == 2 else {}
        await self.event(shown.user, "feedback_event", id=shown.feedback, type=verdict, **more)

    def abort(self) -> None:
        """The line breaks."""
        self._lose().transport.abort()

    async def close(self) -> None:
        """The gateway says goodbye properly."""
        await self._lose().close(1000)

    def _lose(self) -> ServerConnection:
        lost, self.current = self.current, None
        self.arrived.clear()
        assert lost is not None
        return lost

    # ── what the bot sees ───────────────────────────────────────────────────────────────────────

    async def _send(self, frame: dict[str, Any]) -> None:
        assert self.current is not None
        await self.current.send(json.dumps(frame, ensure_ascii=False))

    async def _talk(self, connection: ServerConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for raw in connection:
                if self.deaf:
                    continue
                frame = json.loads(raw)
                request = frame["headers"]["req_id"]
                if frame["cmd"] == "ping":
                    self.pings += 1
                    if not self.answers_pings:
                        continue
                    code = 0
                elif frame["cmd"] == "aibot_subscribe":
                    code = await self._subscribe(connection, frame["body"])
                elif connection is not self.current:
                    self.complaints.append(f"{frame['cmd']} before subscribing")
                    code = 40008
                else:
                    code = self._take(frame["cmd"], request, frame["body"])
                await connection.send(json.dumps({"headers": {"req_id": request}, "errcode": code, "errmsg": "ok" if code == 0 else "no"}))
        if connection is self.current:
            self.current = None
            self.arrived.clear()

    async def _subscribe(self, connection: ServerConnection, body: dict[str, Any]) -> int:
        if (body.get("bot_id"), body.get("secret")) != (self.bot, self.secret):
            self.refusals += 1
            return 853000
        if self.current is not None and self.current is not connection:
            displaced = {"msgid": uuid.uuid4().hex, "msgtype": "event", "event": {"eventtype": "disconnected_event"}}
            await self._send({"cmd": "aibot_event_callback", "headers": {"req_id": uuid.uuid4().hex}, "body": displaced})
            await self.current.close(1000)
        if self.forgets:
            self.requests.clear()
        self.current = connection
        self.subscriptions.append(time.monotonic())
        self.arrived.set()
        return 0

    def _take(self, command: str, request: str, body: dict[str, Any]) -> int:
        if self.faults and (code := self.faults.popleft()):
            return code
        if command == "aibot_respond_msg":
            return self._respond(request, body)
        if command == "aibot_send_msg":
            return self._push(body)
        if command == "aibot_respond_welcome_msg" and self.cards.pop(request, "") == "enter_chat":
            self.welcomes.append(body["text"]["content"])
            return 0
        if command == "aibot_respond_update_msg" and self.cards.pop(request, "") == "template_card_event":
            self.complaints.extend(card_faults(body["template_card"]))
            self.updates.append(body["template_card"])
            return 0
        self.complaints.append(f"{command} to {request[:8]}")
        return 846605

    def _respond(self, request: str, body: dict[str, Any]) -> int:
        shown = self.requests.get(request)
        if shown is None:
            return 846605
        stream = body.get("stream", {})
        if body.get("msgtype") not in ("stream", "stream_with_template_card") or len(stream.get("content", "").encode()) > 20480:
            self.complaints.append(f"reply {body.get('msgtype')} of {len(stream.get('content', '').encode())} bytes")
            return 40008
        if not self._within_pace(shown.chat):
            return 45009
        begun = self.begun.setdefault(stream["id"], time.monotonic())
        if time.monotonic() - begun > self.window or shown.finished:
            return 846608
        if not shown.stream:
            shown.stream, shown.feedback = stream["id"], stream.get("feedback", {}).get("id", "")
        elif "feedback" in stream:
            self.complaints.append("feedback id after the first reply")
        if card := body.get("template_card"):
            self.complaints.extend(card_faults(card))
            shown.card = card
        shown.contents.append(stream["content"])
        shown.finished = bool(stream["finish"])
        return 0

    def _push(self, body: dict[str, Any]) -> int:
        if body.get("chatid") not in self.known:
            return 40008
        if not self._within_pace(body["chatid"]):
            return 45009
        self.pushed.append(Pushed(body["chatid"], body["chat_type"], body["markdown"]["content"]))
        return 0

    def _within_pace(self, chat: str) -> bool:
        times, now = self.times[chat], time.monotonic()
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= self.per_minute:
            return False
        times.append(now)
        return True
