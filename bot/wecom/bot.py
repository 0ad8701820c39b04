"""智能机器人 by callback: a question is answered by a stream that the platform keeps asking about until it ends.

An end that is never asked for, because the window of a stream has closed or the platform has given up, goes out
through the message's response_url: one reply, within an hour.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from bot import texts
from bot.errors import DeliveryError, StoreError
from bot.records import Message, Reply
from bot.render import Shorten, long_label
from bot.wecom import limits
from bot.wecom.api import ResponseUrl
from bot.wecom.desk import Desk, answer_id, card_id, find_pressed, keep_pressed, keep_rating, may_use
from bot.wecom.messages import BOT, Entered, Inbound, Pressed, Rated, Refreshed
from bot.wecom.replies import (
    DOWN,
    answer_card,
    growing_content,
    markdown_body,
    rated_card,
    reason_card,
    reply_content,
    stream_body,
    update_body,
    welcome_body,
)  # fmt: skip
from bot.wecom.streams import Progress, Streams

log = structlog.get_logger("ningwen.wecom")


class BotChannel:
    """The channel 「wecom-bot」. ``handle`` is what its callback address calls."""

    name = BOT
    counts_sends = True  # showing the same end again changes nothing

    def __init__(
        self, streams: Streams, response_url: ResponseUrl, *, shorten: Shorten = long_label, card: bool = False, patience: float = 30.0,
        window: float = limits.STREAM_WINDOW, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """``card``: 👍 👎 as a card, for clients without their own; ``patience``: seconds that an end waits to be fetched."""
        self._streams, self._response_url, self._shorten, self._card = streams, response_url, shorten, card
        self._patience, self._window, self._clock = patience, window, clock
        self._watching: set[asyncio.Task[None]] = set()
        self._desk: Desk | None = None

    async def open(self, desk: Desk) -> None:
        """Take up the ends that an earlier process left unseen. Raises StoreError."""
        self._desk = desk
        for progress in await self._streams.unseen():
            self._watch(progress)

    async def close(self) -> None:
        """Stop waiting; what is unseen is taken up again by the next process."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await self._response_url.close()

    # ── what the service says ───────────────────────────────────────────────────────────────────

    async def begin(self, message: Message) -> None:
        """Nothing: the first reply went out with the acknowledgement."""

    async def grow(self, message: Message, text: str) -> None:
        """Show the verified text so far at the next refresh."""
        await self._streams.put(Progress(message.address["stream"], growing_content(text), finished=False))

    async def deliver(self, message: Message, reply: Reply) -> None:
        """Let the next refresh fetch the end; where there will be none, send it."""
        url = message.address.get("response_url", "")
        card = card_id(message, reply.turn) if self._card and reply.answer is not None else ""
        content = reply_content(reply, self._shorten)
        progress = Progress(message.address["stream"], content, finished=True, response_url=url, card=card)
        try:
            await self._streams.put(progress)
        except StoreError as error:
            raise DeliveryError(texts.STORE_FAILED, detail=str(error), after=1.0) from error
        if self._clock() - message.sent < self._window - min(limits.STREAM_MARGIN, self._window / 10):
            self._watch(progress)
        else:
            await self._send(progress)

    def _watch(self, progress: Progress) -> None:
        task = asyncio.create_task(self._send_unseen(progress.stream))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _send_unseen(self, stream: str) -> None:
        await asyncio.sleep(self._patience)
        try:
            progress = await self._streams.get(stream)
            if progress is not None and progress.finished and not progress.seen:
                await self._send(progress)
        except (DeliveryError, StoreError) as error:
            log.error("wecom.end_unseen", stream=stream[:8], error=str(error))

    async def _send(self, progress: Progress) -> None:
        if not progress.response_url:
            raise DeliveryError(texts.WECOM_UNREACHABLE, detail="stream closed, no response_url", retryable=False)
        await self._response_url.send(progress.response_url, markdown_body(progress.content))
        await self._streams.mark_seen(progress)

    # ── what the platform says ──────────────────────────────────────────────────────────────────

    async def handle(self, said: Inbound) -> dict[str, Any] | None:
        """The reply to one callback; None for an empty one. Raises StoreError."""
        assert self._desk is not None
        if isinstance(said, Message):
            return await self._keep(self._desk, said)
        if isinstance(said, Refreshed):
            return await self._refresh(said.stream)
        if isinstance(said, Rated):
            await keep_rating(self._desk, BOT, said)
        elif isinstance(said, Entered) and await may_use(self._desk, BOT, said.user, said.user):
            return welcome_body()
        elif isinstance(said, Pressed):
            return await press(self._desk, BOT, said)
        return None

    async def _keep(self, desk: Desk, message: Message) -> dict[str, Any] | None:
        stream = message.address["stream"]
        try:
            receipt = await desk.receive(message)
        except StoreError:
            if not await desk.may_use(message):
                raise
            return stream_body(stream, texts.STORE_FAILED, finish=True)
        if receipt.status == "ignored":
            return None
        progress = None if receipt.new else await self._streams.get(stream)
        content, finished = (progress.content, progress.finished) if progress else (texts.WECOM_WAITING, False)
        return stream_body(stream, content, finish=finished, answer=answer_id(receipt.turn))

    async def _refresh(self, stream: str) -> dict[str, Any]:
        progress = await self._streams.get(stream)
        if progress is None:
            return stream_body(stream, texts.WECOM_WAITING, finish=False)
        if progress.finished:
            await self._streams.mark_seen(progress)
        card = answer_card(progress.card, original=False) if progress.card else None
        return stream_body(stream, progress.content, finish=progress.finished, card=card)


async def press(desk: Desk, channel: str, said: Pressed) -> dict[str, Any] | None:
    """A button of a card of the AI bot: kept, and the card says so. Raises StoreError."""
    found = await find_pressed(desk, channel, said)
    if found is None or not await keep_pressed(desk, channel, said, found.turn):
        return None
    return update_body(reason_card(said.task) if said.key == DOWN else rated_card(said.task))
