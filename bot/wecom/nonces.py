"""Nonces that were used: known to this process at once, to the others on the database a moment later.

Writing them stands on nobody's way to an acknowledgement: one task writes them, one after the other. What two
processes let pass in that moment, or what a killed one never wrote, is a repeated message, and changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog

from bot.commits import Commits
from bot.errors import StoreError
from bot.wecom.limits import CLOCK_SKEW

_KEPT = 2 * CLOCK_SKEW
"""Seconds; an older one is refused by its timestamp."""
_REMEMBERED = 100_000

log = structlog.get_logger("ningwen.wecom")


class Values(Protocol):
    """The part of the store that is needed here."""

    def get_value(self, key: str, *, now: float) -> str | None:
        """A value that has not expired."""

    def add_value(self, key: str, value: str, *, now: float, expires_at: float | None = None) -> bool:
        """Set a value unless there is one; False when there was."""

    @property
    def commits(self) -> Commits:
        """Where steps that write wait for each other."""


class Nonces:
    """Those of one callback address."""

    def __init__(self, way: str, values: Values, clock: Callable[[], float]) -> None:
        self._way, self._values, self._clock = way, values, clock
        self._used: OrderedDict[str, float] = OrderedDict()
        self._unwritten: list[str] = []
        self._writer: asyncio.Task[None] | None = None

    async def is_used(self, nonce: str, *, shared: bool = True) -> bool:
        """Whether it was here before; ``shared``: in whichever process. Raises StoreError."""
        key, now = self._key(nonce), self._clock()
        if self._used.get(key, 0.0) > now:
            return True
        if not shared:
            return False
        return await asyncio.to_thread(self._values.get_value, key, now=now) is not None

    def use(self, nonce: str, *, shared: bool = True) -> None:
        """It is used up; ``shared``: for every process."""
        key, now = self._key(nonce), self._clock()
        self._used[key] = now + _KEPT
        while self._used and (len(self._used) > _REMEMBERED or next(iter(self._used.values())) <= now):
            self._used.popitem(last=False)
        if not shared:
            return
        self._unwritten.append(key)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._unwritten:
            keys, self._unwritten = self._unwritten, []
            try:
                await self._values.commits.run(partial(self._put, keys))
            except StoreError as error:
                log.error("wecom.nonces_unwritten", count=len(keys), error=str(error))

    def _put(self, keys: list[str]) -> None:
        now = self._clock()
        for key in keys:
            self._values.add_value(key, "", now=now, expires_at=now + _KEPT)

    def _key(self, nonce: str) -> str:
        return f"wecom:nonce:{hashlib.sha256(f'{self._way}:{nonce}'.encode('utf-8', 'replace')).hexdigest()[:40]}"
