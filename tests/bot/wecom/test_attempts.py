"""What was begun to be sent is known to the next process, and is begun again, but not for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.errors import DeliveryError
from bot.records import Message
from bot.store import Store
from bot.wecom.attempts import MOST, Attempts
from bot.wecom.pace import SharedPace

Open = Callable[..., Message]


async def test_a_part_that_failed(sqlite_store: Store, message: Open) -> None:
    """The next process goes on at the part that failed, and repeats none."""
    asked, line = message(), Line()
    line.fails = [None, DeliveryError("x", uncertain=False)]
    with pytest.raises(DeliveryError):
        await Attempts(sqlite_store).send(asked, ["a", "b", "c"], line.send)
    assert line.sent == ["a"]
    await Attempts(sqlite_store).send(asked, ["a", "b", "c"], line.send)
    assert line.sent == ["a", "b", "c"]


async def test_an_end_that_nobody_knows(sqlite_store: Store, message: Open) -> None:
    """A part whose end is unknown is sent so often, and taken as sent then; a failure that is certain doesn't count."""
    asked, line = message(), Line()
    for error in [*[DeliveryError("x", uncertain=True)] * MOST, *[DeliveryError("x", uncertain=False)] * MOST]:
        line.fails = [error]
        before = len(line.tried)
        try:
            await Attempts(sqlite_store).send(asked, ["a"], line.send)
        except DeliveryError:
            assert len(line.tried) == before + 1
        else:
            assert len(line.tried) == before
    assert line.tried == ["a"] * MOST
    line.fails, other = [], message()
    for _ in range(2 * MOST):
        line.fails = [DeliveryError("x", uncertain=False)]
        with pytest.raises(DeliveryError):
            await Attempts(sqlite_store).send(other, ["b"], line.send)
    await Attempts(sqlite_store).send(other, ["b"], line.send)
    assert line.sent == ["b"]


async def test_a_person_who_has_had_enough(sqlite_store: Store, message: Open) -> None:
    """Two processes count together; the last part waits until what follows it may go as well, and nothing is begun meanwhile."""
    clock = Clock()
    first, second = (SharedPace(sqlite_store, 3, 100, name=str.upper, clock=clock) for _ in range(2))
    asked, waiting, line = message(), message(), Line()
    await Attempts(sqlite_store, first).send(asked, ["a", "b"], line.send)
    for _ in range(MOST + 1):
        with pytest.raises(DeliveryError) as raised:
            await Attempts(sqlite_store, second).send(waiting, ["c"], line.send, after=1)
        assert raised.value.after == 60.0
    clock.now += 60.0
    await Attempts(sqlite_store, second).send(waiting, ["c"], line.send, after=1)
    assert line.sent == ["a", "b", "c"]
    assert await first.taken(asked.user) == 0.0
    assert await first.taken(asked.user) == 60.0
    assert await second.taken("somebody else") == 0.0


class Line:
    """Takes parts, and fails as it is told."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.sent: list[str] = []
        self.fails: list[DeliveryError | None] = []

    async def send(self, part: str) -> None:
        self.tried.append(part)
        if self.fails and (error := self.fails.pop(0)) is not None:
            raise error
        self.sent.append(part)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now
