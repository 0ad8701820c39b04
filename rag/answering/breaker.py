"""Stops asking an endpoint that is down, so that nobody waits for it question after question."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

FAILURES = 3
"""Failures in a row after which the endpoint is left alone."""

REST_S = 30.0
"""Seconds of the first rest; each further one is twice as long, up to LONGEST_REST_S."""

LONGEST_REST_S = 300.0


class Breaker:
    """Closed while calls succeed; open for a rest after failures in a row; then one call may try. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._rests = 0
        self._until = 0.0
        self._trying = False

    def allow(self) -> bool:
        """Whether the endpoint may be asked now; after a rest, True for one caller until that one reports."""
        with self._lock:
            if self._rests == 0:
                return True
            if self._trying or self._clock() < self._until:
                return False
            self._trying = True
            return True

    def succeed(self) -> None:
        """The endpoint answered."""
        with self._lock:
            self._failures = self._rests = 0
            self._trying = False

    def fail(self, *, final: bool = False) -> None:
        """The endpoint failed; ``final`` when asking again is pointless until somebody changes something."""
        with self._lock:
            self._failures += 1
            if not (final or self._trying or self._failures >= FAILURES):
                return
            rest = LONGEST_REST_S if final else min(REST_S * 2**self._rests, LONGEST_REST_S)
            self._until = self._clock() + rest
            self._rests = min(self._rests + 1, 10)
            self._failures = 0
            self._trying = False
