"""The platform's HTTP interface on loopback: gettoken, message/send, response_url, with the errors that can be scripted.

Where the platform cuts or drops in silence, so does this: a text is cut at 2 048 bytes, the thirty-first message of a
minute to one person vanishes. What the program may never do is noted in ``complaints``.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

OK = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class Sent:
    """One message that reached a person."""

    user: str
    kind: str
    text: str
    card: dict[str, Any] | None = None


@dataclass
class Interface:
    """State of the interface: who may call, what has been sent, what goes wrong next."""

    corporation: str = "wwstandin"
    secret: str = "app-secret"
    agent: int = 1000002
    clock: Callable[[], float] = time.time
    token_life: float = 7200
    trusted: bool = True
    per_minute: int = 30
    faults: deque[int | str] = field(default_factory=deque)  # errcode, 「lost」 (done, answer lost) or 「html」, one a call
    sent: list[Sent] = field(default_factory=list)
    dropped: list[Sent] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # response_code → markdown
    complaints: list[str] = field(default_factory=list)
    tokens: dict[str, float] = field(default_factory=dict)
    fetches: int = 0
    calls: int = 0
    codes: dict[str, float] = field(default_factory=dict)  # response_code → issued
    tasks: set[str] = field(default_factory=set)
    times: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def to(self, user: str) -> list[Sent]:
        """What a person has got, in order."""
        return [message for message in self.sent if message.user == user]

    def texts(self, user: str) -> list[str]:
        """The words of it, without the cards."""
        return [message.text for message in self.to(user) if message.kind in ("text", "markdown")]

    def expire_tokens(self) -> None:
        """Every token runs out now."""
        self.tokens = dict.fromkeys(self.tokens, 0.0)

    def issue_code(self) -> str:
        code = secrets.token_hex(16)
        self.codes[code] = self.clock()
        return code

    def app(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/cgi-bin/gettoken", self._get_token),
                Route("/cgi-bin/message/send", self._send, methods=["POST"]),
                Route("/cgi-bin/aibot/response", self._respond, methods=["POST"]),
            ]
        )

    async def _get_token(self, request: Request) -> Response:
        if request.query_params.get("corpid") != self.corporation:
            return _refuse(40013)
        if request.query_params.get("corpsecret") != self.secret:
            return _refuse(40001)
        self.fetches += 1
        valid = [token for token, until in self.tokens.items() if until > self.clock()]
        token = valid[0] if valid else secrets.token_urlsafe(32)
        self.tokens.setdefault(token, self.clock() + self.token_life)
        return JSONResponse({**OK, "access_token": token, "expires_in": int(self.tokens[token] - self.clock())})

    async def _send(self, request: Request) -> Response:
        self.calls += 1
        until = self.tokens.get(request.query_params.get("access_token", ""))
        if until is None or until <= self.clock():
            return _refuse(40014 if until is None else 42001)
        if not self.trusted:
            return _refuse(60020)
        fault = self.faults.popleft() if self.faults else 0
        if fault == "html":
            return PlainTextResponse("<html>bad gateway</html>", 502)
        if isinstance(fault, int) and fault:
            return _refuse(fault)
        body = await request.json()
        if body.get("agentid") != self.agent:
            return _refuse(40056)
        refusal = self._accept(body)
        if fault == "lost":
            raise ConnectionError("the answer is lost")
        return _refuse(refusal) if refusal else JSONResponse({**OK, "msgid": secrets.token_hex(8), "invaliduser": ""})

    def _accept(self, body: dict[str, Any]) -> int:
        """0, or the errcode."""
        user, kind = str(body.get("touser", "")), body.get("msgtype")
        if not user or user == "@all":
            self.complaints.append(f"recipient {user!r}")
            return 40031
        if kind == "template_card":
            return self._accept_card(user, body[kind])
        if kind not in ("text", "markdown"):
            return 40008
        content = body[kind]["content"]
        if not content.strip():
            return 44004
        whole = content.encode()
        if len(whole) > 2048:
            self.complaints.append(f"{len(whole)} bytes to {user}")
        self._deliver(Sent(user, kind, whole[:2048].decode("utf-8", "ignore")))
        return 0

    def _accept_card(self, user: str, card: dict[str, Any]) -> int:
        self.complaints.extend(card_faults(card))
        if card["task_id"] in self.tasks:
            return 42014
        self.tasks.add(card["task_id"])
        self._deliver(Sent(user, "template_card", card["main_title"]["title"], card))
        return 0

    def _deliver(self, message: Sent) -> None:
        times, now = self.times[message.user], self.clock()
        while times and times[0] <= now - 60:
            times.popleft()
        times.append(now)
        (self.sent if len(times) <= self.per_minute else self.dropped).append(message)

    async def _respond(self, request: Request) -> Response:
        code = request.query_params.get("response_code", "")
        issued = self.codes.get(code)
        if issued is None or self.clock() - issued > 3600 or self.replies[code]:
            return _refuse(40008)
        body = await request.json()
        if body.get("msgtype") != "markdown" or len(body["markdown"]["content"].encode()) > 20480:
            self.complaints.append(f"response_url {body.get('msgtype')}")
            return _refuse(40008)
        self.replies[code].append(body["markdown"]["content"])
        return JSONResponse(OK)


def _refuse(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": "refused"})


def card_faults(card: dict[str, Any]) -> list[str]:
    """What the platform would not show of a card with buttons."""
    buttons = card.get("button_list", [])
    checks = {
        "card_type": card.get("card_type") in ("button_interaction", "text_notice"),
        "title": 0 < len(card.get("main_title", {}).get("title", "")) <= 26,
        "desc": len(card.get("main_title", {}).get("desc", "")) <= 30,
        "text": len(card.get("sub_title_text", "")) <= 112,
        "task_id": 0 < len(card.get("task_id", "").encode()) <= 128,
        "buttons": len(buttons) <= 6 and all(0 < len(button["text"]) <= 10 and button["key"] for button in buttons),
    }
    return [f"card: {name}" for name, right in checks.items() if not right]
