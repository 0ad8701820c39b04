"""Which part of a reply was begun to be sent, and how often: kept before the sending, so that a kill can't hide it.

A kill between the record and the sending leaves a part begun that never went out, so a part that was begun is begun
again; after five times with the end unknown it has most likely arrived, and whatever kills the process is not to make
it a flood.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from bot import texts
from bot.commits import Commits
from bot.errors import DeliveryError, StoreError
from bot.records import Message
from bot.wecom.desk import message_digest

MOST = 5
_SECONDS = 86400.0
"""How long it is kept; a message is not answered any more by then."""

log = structlog.get_logger("ningwen.wecom")


class Values(Protocol):
    """The part of the store that is needed here."""

    def get_value(self, key: str, *, now: float) -> str | None:
        """A value that has not expired."""

    def put_value(self, key: str, value: str, *, expires_at: float | None = None) -> None:
        """Set a value."""

    @property
    def commits(self) -> Commits:
        """Where steps that write wait for each other."""


class Attempts:
    """Those of every message. A database that can't be used is a DeliveryError: nothing is sent that isn't kept."""

    def __init__(self, values: Values, clock: Callable[[], float] = time.time) -> None:
        self._values, self._clock = values, clock

    async def begun(self, message: Message) -> tuple[int, int]:
        """The first part that is still to be sent, and how often it was begun."""
        part, times = await self._read(message)
        if times < MOST:
            return part, times
        log.warning("wecom.part_taken_as_sent", part=part)
        return part + 1, 0

    @asynccontextmanager
    async def sending(self, message: Message, part: int, begun: int) -> AsyncIterator[None]:
        """Send a part inside of this. A DeliveryError that is certain takes the beginning back."""
        await self._write(message, part, begun + 1)
        try:
            yield
        except DeliveryError as error:
            if not error.uncertain:
                await self._write(message, part, begun)
            raise

    async def _read(self, message: Message) -> tuple[int, int]:
        try:
            kept = await asyncio.to_thread(self._values.get_value, _key(message), now=self._clock())
        except StoreError as error:
            raise DeliveryError(texts.STORE_FAILED, detail=str(error), after=1.0) from error
        part, _, begun = (kept or "0:0").partition(":")
        return int(part), int(begun)

    async def _write(self, message: Message, part: int, begun: int) -> None:
        try:
            until = self._clock() + _SECONDS
            await self._values.commits.run(lambda: self._values.put_value(_key(message), f"{part}:{begun}", expires_at=until))
        except StoreError as error:
            raise DeliveryError(texts.STORE_FAILED, detail=str(error), after=1.0) from error


def _key(message: Message) -> str:
    return f"wecom:sent:{message_digest(message)}"
