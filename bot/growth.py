"""The verified text so far, from the thread that asks to the channel: the newest only, and not too often."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from bot.records import Channel, Message

SECONDS = 1.0
"""At least so long between two sights of a growing answer: platforms limit edits to about one a second and chat."""
_PATIENCE = 10.0

log = structlog.get_logger(__name__)


class Growth:
    """One answer that grows. Made in the event loop; ``hear`` may be called from any thread."""

    def __init__(self, channel: Channel, message: Message) -> None:
        self._channel, self._message = channel, message
        self._loop = asyncio.get_running_loop()
        self._text = ""
        self._grown, self._done = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def hear(self, text: str) -> None:
        """Called with the whole text whenever it has grown."""
        with suppress(RuntimeError):  # the loop is gone: nobody looks any more
            self._loop.call_soon_threadsafe(self._take, text)

    async def close(self) -> None:
        """Show nothing more; what is being shown is waited for, so that the reply comes after it."""
        self._done.set()
        self._grown.set()
        if self._task is not None:
            await self._task

    def _take(self, text: str) -> None:
        if self._done.is_set():
            return
        self._text = text
        self._grown.set()
        if self._task is None:
            self._task = asyncio.create_task(self._show())

    async def _show(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            if self._done.is_set():
                return
            try:
                await asyncio.wait_for(self._channel.grow(self._message, self._text), _PATIENCE)
            except Exception as error:  # a glimpse that fails is forgotten, whatever it was
                log.warning("grow failed", channel=self._message.channel, error=repr(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), SECONDS)
