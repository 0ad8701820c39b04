"""智能机器人 by long connection: questions come as frames, answers go as frames of one stream, or later as a push."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog

from bot import texts
from bot.errors import DeliveryError, StoreError
from bot.records import Message, Reply
from bot.render import Shorten, long_label
from bot.wecom import limits
from bot.wecom.attempts import Attempts
from bot.wecom.bot import press
from bot.wecom.connection import Connection, Line
from bot.wecom.desk import Desk, answer_id, card_id, keep_rating, may_use
from bot.wecom.messages import SOCKET, Displaced, Entered, Pressed, Rated, read_bot
from bot.wecom.pace import Pace
from bot.wecom.replies import answer_card, growing_content, push_body, reply_content, stream_body, welcome_body

_SPARE = 6
"""Messages of a chat's minute that are kept for answers: growth stops before."""
_GONE = frozenset({limits.BAD_REQUEST_ID, limits.STREAM_EXPIRED})
_LATER = {limits.BUSY: 5.0, limits.CONCURRENT: 5.0, limits.RATE_LIMITED: 60.0}

log = structlog.get_logger("ningwen.wecom")


class SocketChannel:
    """The channel 「wecom-socket」. ``run`` keeps the connection; the service speaks to people through the rest."""

    name = SOCKET
    counts_sends = True

    def __init__(
        self, line: Line, attempts: Attempts, *, bot_name: str = "", shorten: Shorten = long_label, card: bool = False,
        window: float = limits.STREAM_WINDOW, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """``card``: 👍 👎 as a card, for clients without their own."""
        self.connection = Connection(line, self._take)
        self._attempts = attempts
        self._bot_name, self._shorten, self._card, self._window, self._clock = bot_name, shorten, card, window, clock
        self._pace = Pace(limits.CHAT_PER_MINUTE, limits.CHAT_PER_HOUR)
        self._desk: Desk | None = None

    async def run(self, desk: Desk) -> None:
        """Stay connected and hand over what comes, until cancelled or displaced."""
        self._desk = desk
        await self.connection.run()

    # ── what the service says ───────────────────────────────────────────────────────────────────

    async def begin(self, message: Message) -> None:
        """Nothing: the first frame went out when the question came in."""

    async def grow(self, message: Message, text: str) -> None:
        """The verified text so far, as long as the chat's pace leaves enough for answers."""
        if self._pace.wait(message.chat, spare=_SPARE) == 0 and self._is_open(message):
            await self._stream(message, growing_content(text), finish=False)

    async def deliver(self, message: Message, reply: Reply) -> None:
        """The whole reply as the last frame of the stream; when the stream is gone, as a message of its own."""
        wait = self._pace.wait(message.chat)
        if wait:
            raise DeliveryError(texts.WECOM_SLOW, detail="pace", after=wait)
        content = reply_content(reply, self._shorten)
        await self._attempts.send(message, [content], lambda whole: self._finish(message, reply, whole))

    async def _finish(self, message: Message, reply: Reply, content: str) -> None:
        if self._is_open(message):
            card = answer_card(card_id(message, reply.turn), original=False) if self._card and reply.answer else None
            code = await self._stream(message, content, finish=True, card=card)
            if code == 0:
                return
            if code not in _GONE:
                raise _said_no(code)
        code = await self._send("aibot_send_msg", push_body(message, content), uuid.uuid4().hex, message.chat)
        if code:
            raise _said_no(code)

    async def _stream(self, message: Message, content: str, *, finish: bool, answer: str = "", card: dict[str, Any] | None = None) -> int:
        body = stream_body(message.address.get("stream", ""), content, finish=finish, answer=answer, card=card)
        return await self._send("aibot_respond_msg", body, message.address.get("request", ""), message.chat)

    async def _send(self, command: str, body: dict[str, Any], request: str, chat: str) -> int:
        code = await self.connection.request(command, body, request)
        if code == 0:
            self._pace.count(chat)
        return code

    def _is_open(self, message: Message) -> bool:
        age = self._clock() - message.sent
        return bool(message.address.get("request")) and age < self._window - min(limits.STREAM_MARGIN, self._window / 10)

    # ── what the platform says ──────────────────────────────────────────────────────────────────

    async def _take(self, command: str, request: str, body: dict[str, Any]) -> None:
        assert self._desk is not None
        said = read_bot(body, SOCKET, self._clock(), name=self._bot_name, request=request)
        if isinstance(said, Message):
            await self._keep(self._desk, said)
        elif isinstance(said, Entered):
            if await may_use(self._desk, SOCKET, said.user, said.user):
                await self.connection.request("aibot_respond_welcome_msg", welcome_body(), request)
        elif isinstance(said, Rated):
            await keep_rating(self._desk, SOCKET, said)
        elif isinstance(said, Pressed):
            update = await press(self._desk, SOCKET, said)
            if update is not None:
                await self.connection.request("aibot_respond_update_msg", update, request)
        elif isinstance(said, Displaced):
            self.connection.give_up()
        else:
            log.debug("wecom.ignored", command=command)

    async def _keep(self, desk: Desk, message: Message) -> None:
        """Keep a question and show at once that it has arrived. There is no second delivery: what can't be kept is said."""
        try:
            receipt = await desk.receive(message)
        except StoreError:
            if await desk.may_use(message):
                await self._stream(message, texts.STORE_FAILED, finish=True)
            raise
        if receipt.new:
            await self._stream(message, texts.WECOM_WAITING, finish=False, answer=answer_id(receipt.turn))


def _said_no(code: int) -> DeliveryError:
    after = _LATER.get(code)
    return DeliveryError(texts.WECOM_SAID_NO.format(code=code), detail=f"errcode {code}", retryable=after is not None, after=after)
