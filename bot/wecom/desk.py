"""The service as WeCom's channels see it, and what an event that is no question does there."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

import structlog

from bot import texts
from bot.records import Message, Receipt, StoredTurn
from bot.wecom.messages import Pressed, Rated
from bot.wecom.replies import DOWN, REASON, UP

_ANSWER = re.compile(r"ningwen-([0-9]{1,18})")

log = structlog.get_logger("ningwen.wecom")


class Desk(Protocol):
    """What ``bot.service.Service`` offers."""

    async def receive(self, message: Message) -> Receipt:
        """Keep a message. Raises StoreError."""

    async def feedback(self, channel: str, user: str, turn: int, verdict: str, reason: str = "") -> bool:
        """Keep what a person thinks of an answer. Raises StoreError."""

    async def find_turn(self, turn: int, *, channel: str | None = None, chat: str | None = None) -> StoredTurn | None:
        """The stored answer of a turn, if it was given in that chat. Raises StoreError."""

    async def may_use(self, message: Message) -> bool:
        """Whether who sent this may ask."""


def answer_id(turn: int) -> str:
    """The id under which the platform names an answer when somebody rates it."""
    return f"ningwen-{turn}"


def card_id(message: Message, turn: int) -> str:
    """The id of an answer's card: none is taken twice, not even after a database was lost and turns are counted anew."""
    return f"{answer_id(turn)}-{message_digest(message)[:8]}"


def message_digest(message: Message) -> str:
    """A short name for a message, in keys."""
    return hashlib.sha256(f"{message.channel}:{message.id}".encode()).hexdigest()[:32]


def read_answer_id(text: str) -> int | None:
    """The turn in an answer's id, or in the id of a card that was derived from it."""
    match = _ANSWER.match(text)
    return int(match[1]) if match else None


async def find_pressed(desk: Desk, channel: str, said: Pressed) -> StoredTurn | None:
    """The answer whose card was pressed; None when it was not given in this chat, or the person may not ask there.

    Raises StoreError.
    """
    turn = read_answer_id(said.task)
    if turn is None or not await may_use(desk, channel, said.user, said.chat, group=said.group):
        return None
    return await desk.find_turn(turn, channel=channel, chat=said.chat)


async def keep_pressed(desk: Desk, channel: str, said: Pressed, turn: int) -> bool:
    """Keep 👍, 👎 or the reason for it; False when the button means something else. Raises StoreError."""
    if said.key in (UP, DOWN):
        return await desk.feedback(channel, said.user, turn, said.key)
    reasons = {f"{REASON}{number}": name for number, name in enumerate(texts.REASONS)}
    if said.key not in reasons:
        return False
    return await desk.feedback(channel, said.user, turn, DOWN, reasons[said.key])


async def keep_rating(desk: Desk, channel: str, said: Rated) -> bool:
    """Keep 👍, 👎 or its withdrawal; False when there is no such answer in this chat. Raises StoreError."""
    turn = read_answer_id(said.answer)
    if turn is None or not await may_use(desk, channel, said.user, said.chat, group=said.group):
        return False
    if await desk.find_turn(turn, channel=channel, chat=said.chat) is None:
        return False
    named = [texts.WECOM_REASONS[reason] for reason in said.reasons if reason in texts.WECOM_REASONS]
    return await desk.feedback(channel, said.user, turn, said.verdict, "；".join([*named, *([said.words] if said.words else [])]))


async def may_use(desk: Desk, channel: str, user: str, chat: str, *, group: bool = False) -> bool:
    """Whether a person may ask in a chat."""
    return await desk.may_use(Message(channel, "", chat, user, "", 0.0, group))
