"""How many messages a person or a chat has had: the platform drops what is over its limits without saying so."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

_CHATS = 10_000  # remembered at once; the one that has been quiet longest is forgotten first


class Pace:
    """A sliding minute and a sliding hour for each chat, in this process."""

    def __init__(self, per_minute: int, per_hour: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._spans = ((60.0, per_minute), (3600.0, per_hour))
        self._clock = clock
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, chat: str, *, spare: int = 0) -> float:
        """Seconds until one more may go to ``chat`` with ``spare`` left over; 0: now."""
        sent, now = self._sent.get(chat, deque()), self._clock()
        longest = 0.0
        for span, limit in self._spans:
            within = [moment for moment in sent if moment > now - span]
            if len(within) > limit - 1 - spare:
                longest = max(longest, within[-max(limit - spare, 1)] + span - now)
        return longest

    def count(self, chat: str) -> None:
        """One more went to ``chat``."""
        now = self._clock()
        sent = self._sent.setdefault(chat, deque())
        self._sent.move_to_end(chat)
        sent.append(now)
        while sent and sent[0] <= now - 3600.0:
            sent.popleft()
        while len(self._sent) > _CHATS:
            self._sent.popitem(last=False)
