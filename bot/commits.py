"""Steps of the database that wait at the same time are one transaction: what a step costs is mostly its commit.

A step that comes alone is carried out at once. One that fails does so alone: the others are carried out again, each in
a transaction of its own. So a step may run twice, and changes nothing but the database.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from bot.errors import Undone

MOST = 32
"""Steps of one transaction: another process waits for the whole of it."""

T = TypeVar("T")
Step = Callable[[], object]
Waiting = tuple[Step, asyncio.Future[Any]]


class Transactions(Protocol):
    """What is needed of a database."""

    def together(self) -> AbstractContextManager[None]:
        """What this thread writes inside is one transaction. Raises Undone when a part failed."""


class Commits:
    """Carries out steps in one thread, in the order in which they come."""

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self._waiting: deque[Waiting] = deque()
        self._working = False
        self._thread = ThreadPoolExecutor(1, "commit")

    async def run(self, step: Callable[[], T]) -> T:
        """The step's result once it is committed. Raises StoreError, or what the step raises."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, done))
        if not self._working:
            self._working = True
            asyncio.get_running_loop().call_soon(self._begin)  # whoever is woken by the same event goes along
        return await done

    def close(self) -> None:
        """Take no more steps."""
        self._thread.shutdown(wait=False)

    def _begin(self) -> None:
        working = asyncio.get_running_loop().run_in_executor(self._thread, self._commit)
        working.add_done_callback(self._committed)

    def _committed(self, working: asyncio.Future[list[tuple[asyncio.Future[Any], object]]]) -> None:
        for done, outcome in working.result():
            if done.done():  # nobody waits for it any more
                continue
            if isinstance(outcome, Exception):
                done.set_exception(outcome)
            else:
                done.set_result(outcome)
        self._working = bool(self._waiting)
        if self._working:
            self._begin()

    def _commit(self) -> list[tuple[asyncio.Future[Any], object]]:
        """In the thread: the steps that wait, with what came of each."""
        taken: list[Waiting] = []
        outcomes: list[object] = []
        try:
            with self._database.together():
                taken = self._take()  # once the lock is held: whoever came while it was waited for goes along
                for step, _ in taken:
                    outcomes.append(step())
        except Exception as error:
            if taken and (len(outcomes) < len(taken) or isinstance(error, Undone)):
                outcomes = [_carry_out(step) for step, _ in taken]
            else:  # the transaction did not begin, or its commit failed
                taken = taken or self._take()
                outcomes = [error] * len(taken)
        return [(done, outcome) for (_, done), outcome in zip(taken, outcomes, strict=True)]

    def _take(self) -> list[Waiting]:
        return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]


def _carry_out(step: Step) -> object:
    """The step's result, or what it raised."""
    try:
        return step()
    except Exception as error:
        return error
