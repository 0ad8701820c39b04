"""A Bot API on a loopback port that behaves like the real one, as far as a bot can tell.

Update ids, acknowledgement by offset, 409 for two pollers or for polling beside a webhook, 429 with retry_after,
400 for bad markup and text that is too long, edits, callbacks, drafts, a webhook with its secret. What is not scripted
is refused: an unknown method is 404, an unknown chat is 400, a wrong token is 401. Faults are asked for by the test.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.stand_ins.http import HttpServer, Request, Response
from tests.stand_ins.telegram_text import BadText, Entity, read_text

TOKEN = "123456:AAF-stand-in-token-of-thirty-five-chars"
BOT = {"id": 123456, "is_bot": True, "first_name": "宁问", "username": "ning_bot"}
Json = dict[str, Any]


@dataclass
class Sent:
    """A message of the bot, as its reader sees it now."""

    chat: int
    id: int
    text: str
    entities: tuple[Entity, ...]
    markup: list[list[Json]]
    at: float
    reply_to: int | None = None
    thread: int | None = None
    edits: int = 0


@dataclass
class Fault:
    """What happens to the next calls of a method: an error instead, or the connection cut before or after it is carried out."""

    method: str
    status: int = 0
    description: str = ""
    retry_after: float | None = None
    cut: str = ""  # 「before」 or 「after」
    chat: int | None = None
    times: int = 1
    skip: int = 0  # calls that go through before


class ApiError(Exception):
    """An answer that is not ok."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.body = {"ok": False, "error_code": status, "description": description, **({"parameters": parameters} if parameters else {})}
        self.status = status


@dataclass
class Webhook:
    """Where updates are posted to."""

    url: str
    secret: str | None


class BotApi:
    """The emulator. Methods may be called from any thread; use as a context manager."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, str, Json]] = []
        self.sent: list[Sent] = []
        self.drafts: list[tuple[int, int, str]] = []
        self.toasts: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.blocked: set[int] = set()
        self.migrated: dict[int, int] = {}
        self.webhook: Webhook | None = None
        self.per_chat_rate = 0.0  # messages a second and chat; 0: unlimited
        self.delivered_at: dict[int, float] = {}  # update id → when it was handed out first
        self._chats: set[int] = set()
        self._people: dict[int, set[int]] = {}
        self._queries: set[str] = set()
        self._updates: deque[Json] = deque()
        self._allowed: list[str] = []
        self._last_sent: dict[int, float] = {}
        self._next_update = 1000
        self._next_message = 1
        self._lock = threading.RLock()
        self._poll: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._server = HttpServer(self._handle)
        self.address = self._server.address
        self._poster = asyncio.run_coroutine_threadsafe(self._post_updates(), self._server.loop)

    def __enter__(self) -> BotApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    # ── people ──

    def say(self, chat: int, text: str | None, *, user: int | None = None, kind: str | None = None, times: int = 1, **extra: Any) -> int:
        """Somebody writes; the id of the message. ``times``: deliver the update as often, each with an update id of its own."""
        with self._lock:
            message_id = self._number()
            message = {
                "message_id": message_id, "date": int(time.time()), "chat": self._chat(chat, kind), "from": self._person(user or chat),
                **({"text": text} if text is not None else {}), **extra,
            }  # fmt: skip
            for _ in range(times):
                self.push({"message": message})
        return message_id

    def edit(self, chat: int, message_id: int, text: str) -> None:
        """Somebody changes what they wrote."""
        message = {"message_id": message_id, "date": int(time.time()), "chat": self._chat(chat), "from": self._person(chat), "text": text}
        self.push({"edited_message": message})

    def press(self, sent: Sent, data: str, *, user: int | None = None) -> str:
        """Somebody presses a button; the id of the query."""
        with self._lock:
            query = f"q{self._number()}"
            self._queries.add(query)
            message = {"message_id": sent.id, "date": int(time.time()), "chat": self._chat(sent.chat), "from": BOT, "text": sent.text}
            self.push({"callback_query": {"id": query, "from": self._person(user or sent.chat), "message": message, "data": data}})
        return query

    def push(self, update: Json) -> int:
        """Any update; its id. A kind that the bot did not ask for never reaches it."""
        with self._lock:
            self._next_update += 1
            kind = next(iter(update))
            if not self._allowed or kind in self._allowed:
                self._updates.append({"update_id": self._next_update, **update})
            number = self._next_update
        self._server.loop.call_soon_threadsafe(self._wake.set)
        return number

    # ── what a test looks at ──

    def in_chat(self, chat: int) -> list[Sent]:
        """What the bot has sent there."""
        with self._lock:
            return [message for message in self.sent if message.chat == chat]

    def pending(self) -> int:
        """Updates that are not acknowledged."""
        with self._lock:
            return len(self._updates)

    def wait(self, condition: Callable[[], object], seconds: float = 15.0) -> None:
        """Until a condition holds; fails otherwise."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not in {seconds} s; sent: {[(m.chat, m.text[:40]) for m in self.sent[-5:]]}"
            time.sleep(0.01)

    def wait_for(self, chat: int, count: int = 1, seconds: float = 15.0) -> list[Sent]:
        """The messages of a chat, once there are so many."""
        self.wait(lambda: len(self.in_chat(chat)) >= count, seconds)
        return self.in_chat(chat)

    # ── HTTP ──

    async def _handle(self, request: Request) -> Response | None:
        _, _, rest = request.path.partition("/bot")
        token, _, method = urllib.parse.unquote(rest).partition("/")
        try:
            if token != TOKEN:
                raise ApiError(401, "Unauthorized")
            handler = getattr(self, f"_do_{method.lower()}", None)
            if handler is None:
                raise ApiError(404, "Not Found")
            parameters = _parameters(request)
            with self._lock:
                self.calls.append((time.time(), method, parameters))
                fault = self._fault(method, parameters)
            if fault is not None:
                if fault.cut == "before":
                    return None
                if fault.status:
                    again = {} if fault.retry_after is None else {"retry_after": fault.retry_after}
                    raise ApiError(fault.status, fault.description, **again)
            if method.lower() == "getupdates":
                result = await self._poll_updates(parameters)
            else:
                with self._lock:
                    result = handler(parameters)
            if fault is not None and fault.cut == "after":
                return None
            body, status = {"ok": True, "result": result}, 200
        except ApiError as error:
            body, status = error.body, error.status
        return Response(status, json.dumps(body, ensure_ascii=False).encode())

    def _fault(self, method: str, parameters: Json) -> Fault | None:
        for fault in self.faults:
            chat = parameters.get("chat_id")
            if fault.method.lower() == method.lower() and (fault.chat is None or (chat is not None and int(chat) == fault.chat)):
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None

    # ── updates ──

    async def _poll_updates(self, parameters: Json) -> list[Json]:
        if self.webhook is not None:
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(
                ApiError(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
            )
        mine = self._poll = asyncio.get_running_loop().create_future()
        with self._lock:
            if "allowed_updates" in parameters:
                self._allowed = list(_json(parameters["allowed_updates"]))
            offset = int(parameters.get("offset", 0))
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()
        end = time.monotonic() + float(parameters.get("timeout", 0))
        while True:
            self._wake.clear()
            with self._lock:
                found = list(self._updates)[: int(parameters.get("limit", 100))]
            if found or time.monotonic() >= end:
                if not mine.done():
                    mine.set_result(None)
                mine.result()
                now = time.time()
                for update in found:
                    self.delivered_at.setdefault(update["update_id"], now)
                return found
            waking = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait({waking, mine}, timeout=end - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            if mine.done():
                mine.result()

    async def _post_updates(self) -> None:
        """Deliver to the webhook: in order, again until it says 2xx."""
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                hook, update = self.webhook, self._updates[0] if self._updates else None
                if hook is None or update is None:
                    await asyncio.sleep(0.02)
                    continue
                headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
                try:
                    done = await client.post(hook.url, json=update, headers=headers)
                    taken = done.is_success
                except httpx.HTTPError:
                    taken = False
                if taken:
                    with self._lock:
                        self._updates.popleft()
                else:
                    await asyncio.sleep(0.1)

    # ── methods ──

    def _do_getme(self, _: Json) -> Json:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    def _do_getupdates(self, _: Json) -> None:
        raise AssertionError("handled above")

    def _do_setmycommands(self, parameters: Json) -> bool:
        if not all({"command", "description"} <= set(command) for command in _json(parameters["commands"])):
            raise ApiError(400, "Bad Request: can't parse BotCommand")
        return True

    def _do_setwebhook(self, parameters: Json) -> bool:
        self.webhook = Webhook(parameters["url"], parameters.get("secret_token")) if parameters.get("url") else None
        if "allowed_updates" in parameters:
            self._allowed = list(_json(parameters["allowed_updates"]))
        return True

    def _do_deletewebhook(self, _: Json) -> bool:
        self.webhook = None
        return True

    def _do_sendchataction(self, parameters: Json) -> bool:
        self._reachable(parameters)
        return True

    def _do_sendmessagedraft(self, parameters: Json) -> bool:
        chat = self._reachable(parameters)
        if chat < 0:
            raise ApiError(400, "Bad Request: drafts can be sent in private chats only")
        if not int(parameters.get("draft_id", 0)):
            raise ApiError(400, "Bad Request: draft_id must be non-zero")
        text = self._text(parameters)[0] if parameters.get("text") else ""
        self.drafts.append((chat, int(parameters["draft_id"]), text))
        return True

    def _do_sendmessage(self, parameters: Json) -> Json:
        chat = self._reachable(parameters)
        text, entities = self._text(parameters)
        reply = _json(parameters.get("reply_parameters", "null")) or {}
        now = time.time()
        if self.per_chat_rate and now - self._last_sent.get(chat, 0) < 1 / self.per_chat_rate:
            raise ApiError(429, "Too Many Requests: retry after 1", retry_after=1)
        self._last_sent[chat] = now
        thread = parameters.get("message_thread_id")
        message = Sent(
            chat, self._number(), text, entities, _markup(parameters), now, reply.get("message_id"), int(thread) if thread else None
        )  # fmt: skip
        self.sent.append(message)
        return self._show(message)

    def _do_editmessagetext(self, parameters: Json) -> Json:
        message = self._own(parameters)
        text, entities = self._text(parameters)
        markup = _markup(parameters)
        if (text, entities, markup) == (message.text, message.entities, message.markup):
            raise ApiError(400, "Bad Request: message is not modified: specified new message content is exactly the same")
        message.text, message.entities, message.markup = text, entities, markup
        message.edits += 1
        return self._show(message)

    def _do_editmessagereplymarkup(self, parameters: Json) -> Json:
        message = self._own(parameters)
        markup = _markup(parameters)
        if markup == message.markup:
            raise ApiError(400, "Bad Request: message is not modified: specified new message content is exactly the same")
        message.markup = markup
        return self._show(message)

    def _do_answercallbackquery(self, parameters: Json) -> bool:
        query = parameters["callback_query_id"]
        if query not in self._queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._queries.discard(query)
        self.toasts.append((query, parameters.get("text", "")))
        return True

    # ── inside ──

    def _reachable(self, parameters: Json) -> int:
        chat = int(parameters["chat_id"])
        if chat in self.migrated:
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.migrated[chat])
        if chat in self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat not in self._chats:
            raise ApiError(400, "Bad Request: chat not found")
        return chat

    def _own(self, parameters: Json) -> Sent:
        chat, number = self._reachable(parameters), int(parameters["message_id"])
        for message in self.sent:
            if (message.chat, message.id) == (chat, number):
                return message
        raise ApiError(400, "Bad Request: message to edit not found")

    @staticmethod
    def _text(parameters: Json) -> tuple[str, tuple[Entity, ...]]:
        try:
            return read_text(parameters.get("text", ""), parameters.get("parse_mode"))
        except BadText as error:
            raise ApiError(400, str(error)) from None

    def _number(self) -> int:
        self._next_message += 1
        return self._next_message

    def _chat(self, chat: int, kind: str | None = None) -> Json:
        self._chats.add(chat)
        return {"id": chat, "type": kind or ("private" if chat > 0 else "supergroup"), "title" if chat < 0 else "first_name": "名"}

    @staticmethod
    def _person(user: int) -> Json:
        return {"id": user, "is_bot": False, "first_name": "人"}

    def _show(self, message: Sent) -> Json:
        return {"message_id": message.id, "date": int(message.at), "chat": self._chat(message.chat), "from": BOT, "text": message.text}


def _parameters(request: Request) -> Json:
    if "json" in request.headers.get("content-type", ""):
        return dict(json.loads(request.body or b"{}"))
    return {name: values[0] for name, values in urllib.parse.parse_qs(request.body.decode(), keep_blank_values=True).items()}


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _markup(parameters: Json) -> list[list[Json]]:
    rows = (_json(parameters.get("reply_markup", "null")) or {}).get("inline_keyboard", [])
    for row in rows:
        for button in row:
            if len(button.get("callback_data", "").encode()) > 64 or not button.get("text"):
                raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return [list(row) for row in rows]
