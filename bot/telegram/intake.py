"""Update → service. When ``take`` returns, the update may be acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import structlog

from bot import texts
from bot.errors import StoreError
from bot.records import Message
from bot.service import Service
from bot.telegram.buttons import Buttons
from bot.telegram.channel import TelegramChannel
from bot.telegram.updates import CHANNEL, Json, Me, Migration, Press, read_update

_APOLOGY_SECONDS = 60.0
_PRESSES = 100

log = structlog.get_logger(__name__)


class Intake:
    """Where long polling and webhook meet."""

    def __init__(self, me: Me, service: Service, channel: TelegramChannel, buttons: Buttons) -> None:
        self._me, self._service, self._channel, self._buttons = me, service, channel, buttons
        self._apologised: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, update: Json) -> None:
        """Keep what the update brings. Raises StoreError when it can't be kept: then it must come again."""
        incoming = read_update(update, self._me)
        if isinstance(incoming, Message):
            try:
                receipt = await self._service.receive(incoming)
            except StoreError:
                await self._apologise(incoming)
                raise
            if receipt.asked:
                self._run(self._channel.greet(incoming))
        elif isinstance(incoming, Press):
            if len(self._tasks) < _PRESSES:  # a press that is lost is pressed again
                self._run(self._buttons.press(incoming))
        elif isinstance(incoming, Migration):
            await self._service.move_group(CHANNEL, incoming.old, incoming.new)

    async def close(self) -> None:
        """Finish the buttons under way."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)

    async def _apologise(self, message: Message) -> None:
        """Who may ask hears once a minute that nothing can be kept now; a stranger hears nothing."""
        now = time.monotonic()
        if now - self._apologised.get(message.chat, -_APOLOGY_SECONDS) < _APOLOGY_SECONDS:
            return
        if len(self._apologised) > 10_000:
            self._apologised.clear()
        if await self._service.may_use(message):
            self._apologised[message.chat] = now
            self._run(self._channel.tell(message.chat, texts.STORE_FAILED))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a button failed", error=repr(error), exc_info=error)
