"""Which part of a reply was begun to be sent, and how often: kept before the sending, so that a kill can't hide it.

A kill between the record and the sending leaves a part begun that never went out, so a part that was begun is begun
again; after five times with the end unknown it has most likely arrived, and whatever kills the process is not to make
it a flood.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import structlog

from bot import texts
from bot.errors import DeliveryError, StoreError
from bot.records import Message
from bot.wecom.desk import message_digest
from bot.wecom.pace import SharedPace, Values

MOST = 5
_SECONDS = 86400.0
"""How long it is kept; a message is not answered any more by then."""

P = TypeVar("P")
T = TypeVar("T")
log = structlog.get_logger("ningwen.wecom")


class Attempts:
    """Those of every message. A database that can't be used is a DeliveryError: nothing is sent that isn't kept."""

    def __init__(self, values: Values, pace: SharedPace | None = None, clock: Callable[[], float] = time.time) -> None:
        """``pace``: where what is begun is counted, for its person."""
        self._values, self._pace, self._clock = values, pace, clock

    async def send(self, message: Message, parts: Sequence[P], send: Callable[[P], Awaitable[None]], *, after: int = 0) -> None:
        """Send each part that was not sent yet. Raises DeliveryError: one that is certain takes the part's beginning back.

        ``after``: messages that will follow the last part. When the person has had as many messages as the platform
        shows, nothing is begun and the error says how long to wait.
        """
        number = 0
        while number < len(parts):
            begun = await self._keep(partial(self._begin, message, number, len(parts), after))
            if begun.wait:
                raise DeliveryError(texts.WECOM_SLOW, detail="pace", after=begun.wait)
            if begun.part == len(parts):
                return
            try:
                await send(parts[begun.part])
            except DeliveryError as error:
                if not error.uncertain:
                    await self._keep(partial(self._write, message, begun.part, begun.times))
                raise
            number = begun.part + 1

    def _begin(self, message: Message, number: int, parts: int, after: int) -> _Begun:
        """Look where the reply stands, at part ``number`` or further, and keep that its next part goes out: one step."""
        kept = self._values.get_value(_key(message), now=self._clock()) or "0:0"
        part, times = map(int, kept.split(":"))
        if part < number:
            part, times = number, 0
        elif times >= MOST:
            log.warning("wecom.part_taken_as_sent", part=part)
            part, times = part + 1, 0
        if part < parts:
            if self._pace is not None and (wait := self._pace.take(message.user, 1 + (after if part == parts - 1 else 0))):
                return _Begun(part, times, wait)
            self._write(message, part, times + 1)
        return _Begun(part, times)

    def _write(self, message: Message, part: int, times: int) -> None:
        self._values.put_value(_key(message), f"{part}:{times}", expires_at=self._clock() + _SECONDS)

    async def _keep(self, step: Callable[[], T]) -> T:
        try:
            return await self._values.commits.run(step)
        except StoreError as error:
            raise DeliveryError(texts.STORE_FAILED, detail=str(error), after=1.0) from error


class _Begun(NamedTuple):
    """A part, how often it was begun before, and the seconds that it has to wait instead."""

    part: int
    times: int
    wait: float = 0.0


def _key(message: Message) -> str:
    return f"wecom:sent:{message_digest(message)}"
