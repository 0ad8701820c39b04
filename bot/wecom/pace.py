"""How many messages a person or a chat has had: the platform drops what is over its limits without saying so."""

from __future__ import annotations

import json
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from typing import Protocol

from bot.commits import Commits

_CHATS = 10_000  # remembered at once; the one that has been quiet longest is forgotten first
_MINUTE, _HOUR = 60.0, 3600.0


class Values(Protocol):
    """The part of the store that is needed here."""

    def get_value(self, key: str, *, now: float) -> str | None:
        """A value that has not expired."""

    def put_value(self, key: str, value: str, *, expires_at: float | None = None) -> None:
        """Set a value."""

    @property
    def commits(self) -> Commits:
        """Where steps that write wait for each other."""


class Pace:
    """A sliding minute and a sliding hour for each chat, in this process."""

    def __init__(self, per_minute: int, per_hour: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = (per_minute, per_hour), clock
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, chat: str, *, spare: int = 0) -> float:
        """Seconds until one more may go to ``chat`` with ``spare`` left over; 0: now."""
        return _wait(self._sent.get(chat, ()), self._limits, self._clock(), spare)

    def count(self, chat: str) -> None:
        """One more went to ``chat``."""
        now = self._clock()
        sent = self._sent.setdefault(chat, deque())
        self._sent.move_to_end(chat)
        sent.append(now)
        while sent and sent[0] <= now - _HOUR:
            sent.popleft()
        while len(self._sent) > _CHATS:
            self._sent.popitem(last=False)


class SharedPace:
    """The same for all processes on one database: what is to be sent is counted before it goes out."""

    def __init__(
        self, values: Values, per_minute: int, per_hour: int, *, name: Callable[[str], str], clock: Callable[[], float] = time.time
    ) -> None:
        """``name``: what a person is called in the database."""
        self._values, self._limits, self._name, self._clock = values, (per_minute, per_hour), name, clock

    async def taken(self, person: str) -> float:
        """``take`` for one message, as a step of its own. Raises StoreError."""
        return await self._values.commits.run(lambda: self.take(person))

    def take(self, person: str, messages: int = 1) -> float:
        """Count so many messages more and return 0, or count nothing and return the seconds until they may go. Inside a step."""
        key, now = f"wecom:pace:{self._name(person)}", self._clock()
        sent = [moment for moment in json.loads(self._values.get_value(key, now=now) or "[]") if moment > now - _HOUR]
        wait = _wait(sent, self._limits, now, messages - 1)
        if wait == 0:
            self._values.put_value(key, json.dumps([*sent, *[math.ceil(now)] * messages]), expires_at=now + _HOUR)
        return wait


def _wait(sent: Collection[float], limits: tuple[int, int], now: float, spare: int) -> float:
    """Seconds until one more may follow what was sent, with ``spare`` left over."""
    longest = 0.0
    for span, limit in zip((_MINUTE, _HOUR), limits, strict=True):
        within = [moment for moment in sent if moment > now - span]
        if len(within) > limit - 1 - spare:
            longest = max(longest, within[-max(limit - spare, 1)] + span - now)
    return longest
