"""自建应用 by callback: what comes in is acknowledged with nothing, and answered by message/send.

A reply is one or more texts and a card with buttons. Which of them were sent is kept, so that a second attempt, of this
process or of the next, goes on where the first ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot import texts
from bot.errors import DeliveryError, StoreError
from bot.records import Message, Reply
from bot.render import Shorten, long_label
from bot.wecom import limits
from bot.wecom.api import Api
from bot.wecom.attempts import Attempts
from bot.wecom.desk import Desk, card_id, find_pressed, keep_pressed
from bot.wecom.messages import APP, Entered, Inbound, Pressed
from bot.wecom.pace import SharedPace
from bot.wecom.replies import DOWN, ORIGINAL, answer_card, app_parts, card_body, original_parts, reason_card, text_body

_CARD_KNOWN = frozenset({limits.CARD_SENT})

log = structlog.get_logger("ningwen.wecom")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the app answers. ``agent``: its id."""

    agent: int
    markdown: bool = False  # can't be read in personal WeChat
    buttons: bool = True
    shorten: Shorten = long_label


class AppChannel:
    """The channel 「wecom-app」. ``handle`` is what its callback address calls."""

    name = APP

    counts_sends = True

    def __init__(self, api: Api, attempts: Attempts, pace: SharedPace, shape: Shape) -> None:
        self._api, self._attempts, self._pace, self._shape = api, attempts, pace, shape
        self._sending: set[asyncio.Task[None]] = set()
        self._desk: Desk | None = None

    async def open(self, desk: Desk) -> None:
        """Hand over to this service what comes from now on."""
        self._desk = desk

    async def close(self) -> None:
        """Finish what is being sent."""
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._api.close()

    # ── what the service says ───────────────────────────────────────────────────────────────────

    async def begin(self, message: Message) -> None:
        """Nothing: the app has no sign for it."""

    async def grow(self, message: Message, text: str) -> None:
        """Nothing: a text that was sent can't grow."""

    async def deliver(self, message: Message, reply: Reply) -> None:
        """Send every text that has not been sent yet, and the card."""
        user, shape = message.user, self._shape
        parts = app_parts(reply, shape.shorten, markdown=shape.markdown)
        card = reply.answer is not None and shape.buttons

        async def send(part: str) -> None:
            await self._send(user, text_body(user, shape.agent, part, markdown=shape.markdown))

        await self._api.prepare()  # what takes time is done before a part counts as begun
        await self._attempts.send(message, parts, send, after=int(card))
        if reply.answer is not None and card:  # the platform itself takes no card twice
            body = answer_card(card_id(message, reply.turn), original=bool(reply.answer.citations))
            await self._send(user, card_body(user, shape.agent, body))

    async def _send(self, user: str, body: Mapping[str, Any]) -> None:
        """One message. A card that is refused is missed by nobody: the answer has arrived."""
        try:
            await self._api.send(body, known=_CARD_KNOWN)
        except DeliveryError as error:
            if error.retryable or body["msgtype"] != "template_card":
                raise
            log.warning("wecom.card_refused", error=str(error))

    # ── what the platform says ──────────────────────────────────────────────────────────────────

    async def handle(self, said: Inbound) -> Mapping[str, Any] | None:
        """The fields of a reply inside the response, or None for an empty one. Raises StoreError."""
        assert self._desk is not None
        if isinstance(said, Message):
            return await self._keep(self._desk, said)
        if isinstance(said, Entered):
            # one greeting a person: the second has the same id and changes nothing
            await self._desk.receive(Message(APP, f"entered:{said.user}", said.user, said.user, "/start", said.sent))
        elif isinstance(said, Pressed):
            return await self._press(self._desk, said)
        return None

    async def _keep(self, desk: Desk, message: Message) -> Mapping[str, Any] | None:
        try:
            await desk.receive(message)
        except StoreError:
            if not await desk.may_use(message):
                raise
            return {"MsgType": "text", "Content": texts.STORE_FAILED}
        return None

    async def _press(self, desk: Desk, said: Pressed) -> Mapping[str, Any] | None:
        found = await find_pressed(desk, APP, said)
        if found is None:
            return None
        if said.key == ORIGINAL:
            self._spawn(said.user, [text_body(said.user, self._shape.agent, part) for part in original_parts(found.answer)])
            return None
        if not await keep_pressed(desk, APP, said, found.turn):
            return None
        if said.key == DOWN:
            self._spawn(said.user, [card_body(said.user, self._shape.agent, reason_card(f"{said.task}-reason"))])
        return {"MsgType": "update_button", "Button": {"ReplaceName": texts.WECOM_RATED}}

    def _spawn(self, user: str, bodies: list[dict[str, Any]]) -> None:
        """Send after the acknowledgement; what fails can be asked for again by another press."""
        task = asyncio.create_task(self._send_all(user, bodies))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_all(self, user: str, bodies: list[dict[str, Any]]) -> None:
        try:
            for body in bodies:
                if wait := await self._pace.taken(user):
                    raise DeliveryError(texts.WECOM_SLOW, detail="pace", after=wait)
                try:
                    await self._send(user, body)
                except DeliveryError as error:
                    if not error.uncertain:
                        raise
                    await self._send(user, body)  # a broken connection: a text that comes twice is better than none
        except (DeliveryError, StoreError) as error:
            log.warning("wecom.press_unanswered", error=str(error))
