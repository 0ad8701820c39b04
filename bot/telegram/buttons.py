"""Buttons under an answer: 原文 shows the cited words, 👍 and 👎 are kept as feedback; 👎 asks once for a reason.

``data`` is ``o:12``, ``u:12``, ``d:12`` or ``r:12:0`` with the number of the turn. Whoever may not ask learns nothing
from a button, and an answer is shown in its own chat only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog

from bot import texts
from bot.errors import DeliveryError, StoreError
from bot.records import Message, StoredTurn
from bot.render import telegram_quotes
from bot.service import Service
from bot.telegram.api import Bot, TelegramError, describe, make_keyboard
from bot.telegram.updates import CHANNEL, Press
from rag.records import Answer

if TYPE_CHECKING:
    from bot.telegram.channel import TelegramChannel

_DATA = re.compile(r"(?P<action>[oudr]):(?P<turn>\d{1,18})(?::(?P<reason>\d))?")

log = structlog.get_logger(__name__)
Rows = list[list[tuple[str, str]]]


def answer_buttons(turn: int, answer: Answer, *, opinion: bool = True) -> Rows:
    """The buttons under an answer; without citations there is no 原文."""
    row = [(texts.BUTTON_ORIGINAL, f"o:{turn}")] if answer.citations else []
    if opinion:
        row += [("👍", f"u:{turn}"), ("👎", f"d:{turn}")]
    return [row] if row else []


def reason_buttons(turn: int) -> Rows:
    """What may be wrong with an answer."""
    labels = [(reason, f"r:{turn}:{number}") for number, reason in enumerate(texts.REASONS)]
    return [labels[:2], labels[2:]]


class Buttons:
    """Carries out what a pressed button asks for."""

    def __init__(self, bot: Bot, service: Service, channel: TelegramChannel) -> None:
        self._bot, self._service, self._channel = bot, service, channel

    async def press(self, press: Press) -> None:
        """Nothing for whoever may not ask; a toast, messages or other buttons else. Never raises but for a fault of its own."""
        who = Message(channel=CHANNEL, id="", chat=press.chat, user=press.user, text="", sent=0.0, group=press.group)
        found = _DATA.fullmatch(press.data)
        try:
            if found is None or not await self._service.may_use(who):
                return
            turn = await self._service.find_turn(int(found["turn"]), channel=CHANNEL, chat=press.chat)
            if turn is None:
                await self._toast(press, texts.BUTTON_GONE)
            elif found["action"] == "o":
                await self._show_original(press, turn)
            else:
                await self._take_opinion(press, turn, found["action"], found["reason"])
        except StoreError:
            await self._toast(press, texts.STORE_FAILED)
        except (TelegramError, DeliveryError) as error:
            log.warning("a button failed", error=describe(error))

    async def _show_original(self, press: Press, turn: StoredTurn) -> None:
        await self._toast(press, "")
        await self._channel.send_parts(
            press.chat, telegram_quotes(turn.answer), reply_to_message_id=press.message_id, allow_sending_without_reply=True
        )

    async def _take_opinion(self, press: Press, turn: StoredTurn, action: str, reason: str | None) -> None:
        said = texts.REASONS[int(reason)] if action == "r" and reason and int(reason) < len(texts.REASONS) else ""
        await self._service.feedback(CHANNEL, press.user, turn.turn, "up" if action == "u" else "down", said)
        await self._toast(press, texts.ASK_REASON if action == "d" else texts.THANKS)
        # others of a group may still have an opinion
        rows = reason_buttons(turn.turn) if action == "d" else answer_buttons(turn.turn, turn.answer, opinion=press.group)
        await self._bot.edit_message_reply_markup(press.chat, press.message_id, reply_markup=make_keyboard(rows))

    async def _toast(self, press: Press, text: str) -> None:
        try:
            await self._bot.answer_callback_query(press.id, text or None)
        except TelegramError as error:  # older than a few minutes
            log.info("a button is not answered", error=describe(error))
