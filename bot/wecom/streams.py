"""How far each answer of the AI bot has come, kept where every process sees it: a refresh may reach any of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from bot.commits import Commits
from bot.wecom.limits import RESPONSE_URL_SECONDS

_PREFIX = "wecom:stream:"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stream shows. ``seen``: the platform has fetched the end, or got it by another way."""

    stream: str
    content: str
    finished: bool
    seen: bool = False
    response_url: str = ""
    card: str = ""  # id of the card that comes with the end; "" for none


class Values(Protocol):
    """The part of the store that is needed here."""

    def get_value(self, key: str, *, now: float) -> str | None:
        """A value that has not expired."""

    def put_value(self, key: str, value: str, *, expires_at: float | None = None) -> None:
        """Set a value."""

    def list_values(self, prefix: str, *, now: float) -> list[str]:
        """The values whose keys begin so."""

    @property
    def commits(self) -> Commits:
        """Where steps that write wait for each other."""


class Streams:
    """Each method raises StoreError."""

    def __init__(self, values: Values, clock: Callable[[], float] = time.time) -> None:
        self._values, self._clock = values, clock

    async def get(self, stream: str) -> Progress | None:
        """What a stream shows; None before anything was put."""
        kept = await asyncio.to_thread(self._values.get_value, _PREFIX + stream, now=self._clock())
        return Progress(**json.loads(kept)) if kept else None

    async def put(self, progress: Progress) -> None:
        """Show this from now on."""
        value = json.dumps(asdict(progress), ensure_ascii=False)
        until = self._clock() + RESPONSE_URL_SECONDS
        await self._values.commits.run(lambda: self._values.put_value(_PREFIX + progress.stream, value, expires_at=until))

    async def mark_seen(self, progress: Progress) -> None:
        """The end has arrived."""
        if not progress.seen:
            await self.put(replace(progress, seen=True))

    async def unseen(self) -> list[Progress]:
        """Ends that nobody has fetched."""
        kept = await asyncio.to_thread(self._values.list_values, _PREFIX, now=self._clock())
        found = [Progress(**json.loads(value)) for value in kept]
        return [progress for progress in found if progress.finished and not progress.seen]
