"""Reply → messages in a Telegram chat: the port that the service answers through."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot import texts
from bot.errors import DeliveryError
from bot.records import Message, Reply
from bot.render import TELEGRAM_LIMIT, Part, Shorten, mark_text, telegram_notice, telegram_parts
from bot.split import split_text, utf16_units
from bot.telegram.api import BadRequest, Bot, ChatMigrated, TelegramError, delivery_errors, describe, make_keyboard
from bot.telegram.buttons import answer_buttons
from bot.telegram.updates import CHANNEL

TYPING_SECONDS = 4.5
"""Telegram shows a chat action for five seconds, or until a message comes."""
_GLIMPSE = 1.0
"""Whoever is answered sooner after the last reply needs no other sign of life."""
_TYPING_AT_MOST = 180.0
_REMEMBERED = 2000

log = structlog.get_logger(__name__)


@dataclass
class _Progress:
    """How far an answer has come: a second try of the same process goes on where the first stopped."""

    sent: int = 0  # parts that have arrived
    growing: int | None = None  # message that grows, in a group
    typing: asyncio.Task[None] | None = field(default=None, repr=False)


class TelegramChannel:
    """One bot. Drafts in private chats, edits in groups; see ``bot.records.Channel``."""

    name = CHANNEL

    def __init__(self, bot: Bot, shorten: Shorten) -> None:
        self._bot = bot
        self._shorten = shorten
        self._progress: OrderedDict[str, _Progress] = OrderedDict()
        self._acted: dict[str, float] = {}  # chat → when it last saw typing
        self._moved: dict[str, str] = {}
        self._drafts = True

    async def greet(self, message: Message) -> None:
        """Typing, at once; in a chat that sees it already, nothing."""
        if self._sees_typing(message.chat):
            return
        try:
            await self._act(message)
        except TelegramError as error:
            log.info("not greeted", error=describe(error))

    async def begin(self, message: Message) -> None:
        """Typing, as long as the answer takes."""
        progress = self._progress_of(message)
        if progress.typing is None:
            progress.typing = asyncio.create_task(self._keep_typing(message))

    async def grow(self, message: Message, text: str) -> None:
        """The text so far: a draft in a private chat, an edited message in a group or where there are no drafts."""
        shown = split_text(mark_text(text), TELEGRAM_LIMIT, utf16_units)[:1]
        if not shown:
            return
        if not message.group and self._drafts:
            try:
                await self._bot.send_message_draft(int(self._chat(message)), int(message.address["message"]), shown[0])
                return
            except TelegramError as error:
                self._drafts = False  # this Bot API has none
                log.info("no drafts", error=describe(error))
        progress = self._progress_of(message)
        if progress.growing is None:
            sent = await self._bot.send_message(self._chat(message), shown[0], **self._place(message))
            progress.growing = sent.message_id
        else:
            await self._bot.edit_message_text(shown[0], self._chat(message), progress.growing)

    async def deliver(self, message: Message, reply: Reply) -> None:
        """Send all parts, the buttons under the last; parts that have arrived are not sent again."""
        progress = self._progress_of(message)
        self._stop_typing(progress)
        parts = telegram_parts(reply.answer, self._shorten) if reply.answer else telegram_notice(reply.notice)
        buttons = answer_buttons(reply.turn, reply.answer) if reply.answer else None
        for number in range(progress.sent, len(parts)):
            last = number == len(parts) - 1
            await self._send_part(message, parts[number], progress, {"reply_markup": make_keyboard(buttons)} if last and buttons else {})
            progress.sent = number + 1
            self._acted.pop(message.chat, None)
        self._progress.pop(message.id, None)

    async def tell(self, chat: str, text: str) -> None:
        """One sentence outside of any turn; a failure is logged and forgotten."""
        try:
            await self._bot.send_message(chat, text)
        except TelegramError as error:
            log.warning("not told", error=describe(error))

    async def send_parts(self, chat: str, parts: list[Part], **place: Any) -> None:
        """Send messages that belong to no turn. Raises DeliveryError."""
        for part in parts:
            await self._guarded(self._moved.get(chat, chat), part, place)

    def close(self) -> None:
        """Stop every typing indicator."""
        for progress in self._progress.values():
            self._stop_typing(progress)

    async def _send_part(self, message: Message, part: Part, progress: _Progress, extra: dict[str, Any]) -> None:
        if progress.growing is not None and progress.sent == 0:
            try:
                await self._guarded(self._chat(message), part, extra, edit=progress.growing)
                return
            except DeliveryError as error:
                if error.retryable:
                    raise  # the message that grows was deleted: send a new one
        place = self._place(message) if progress.sent == 0 else {k: v for k, v in self._place(message).items() if k == "message_thread_id"}
        try:
            await self._guarded(self._chat(message), part, {**place, **extra})
        except ChatMigrated as error:
            self._moved[message.chat] = str(error.new_chat_id)
            await self._guarded(self._chat(message), part, extra)

    async def _guarded(self, chat: str, part: Part, extra: dict[str, Any], edit: int | None = None) -> None:
        """Send or edit with markup, and plain when the markup is refused. Raises DeliveryError or ChatMigrated."""
        async with delivery_errors():
            try:
                try:
                    await self._call(chat, part.html, {"parse_mode": "HTML", **extra}, edit)
                except BadRequest as error:
                    if "parse entities" not in error.message.lower():
                        raise
                    log.warning("markup refused", error=describe(error))
                    await self._call(chat, part.plain, extra, edit)
            except BadRequest as error:
                if "not modified" not in error.message.lower():
                    raise DeliveryError(texts.DELIVERY_FAILED, detail=describe(error), retryable=False) from error

    async def _call(self, chat: str, text: str, extra: dict[str, Any], edit: int | None) -> None:
        if edit is None:
            await self._bot.send_message(chat, text, **extra)
        else:
            await self._bot.edit_message_text(text, chat, edit, **extra)

    def _chat(self, message: Message) -> str:
        return self._moved.get(message.chat, message.chat)

    @staticmethod
    def _place(message: Message) -> dict[str, Any]:
        """Where in the chat: in the topic, and in a group under the question."""
        place: dict[str, Any] = {}
        if thread := message.address.get("thread"):
            place["message_thread_id"] = int(thread)
        if message.group and (asked := message.address.get("message")):
            place["reply_to_message_id"] = int(asked)
            place["allow_sending_without_reply"] = True
        return place

    def _progress_of(self, message: Message) -> _Progress:
        progress = self._progress.setdefault(message.id, _Progress())
        while len(self._progress) > _REMEMBERED:
            self._stop_typing(self._progress.popitem(last=False)[1])
        return progress

    def _sees_typing(self, chat: str) -> bool:
        return time.monotonic() - self._acted.get(chat, -TYPING_SECONDS) < TYPING_SECONDS

    async def _act(self, message: Message) -> None:
        if len(self._acted) > _REMEMBERED:
            self._acted.clear()
        self._acted[message.chat] = time.monotonic()
        thread = message.address.get("thread")
        await self._bot.send_chat_action(self._chat(message), "typing", message_thread_id=int(thread) if thread else None)

    async def _keep_typing(self, message: Message) -> None:
        end = time.monotonic() + _TYPING_AT_MOST
        while time.monotonic() < end:
            await asyncio.sleep(_GLIMPSE)
            if not self._sees_typing(message.chat):
                with suppress(TelegramError):
                    await self._act(message)

    @staticmethod
    def _stop_typing(progress: _Progress) -> None:
        if progress.typing is not None:
            progress.typing.cancel()
            progress.typing = None
