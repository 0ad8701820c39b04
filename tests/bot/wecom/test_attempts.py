"""What was begun to be sent is known to the next process, and is begun again, but not for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.errors import DeliveryError
from bot.records import Message
from bot.store import Store
from bot.wecom.attempts import MOST, Attempts


async def test_parts_and_beginnings(sqlite_store: Store, message: Callable[..., Message]) -> None:
    """A part is counted before it goes out; a failure that is certain takes the count back, one that is not leaves it."""
    asked, attempts = message(), Attempts(sqlite_store)
    assert await attempts.begun(asked) == (0, 0)
    async with attempts.sending(asked, 0, 0):
        assert await Attempts(sqlite_store).begun(asked) == (0, 1)
    with pytest.raises(DeliveryError):
        async with attempts.sending(asked, 1, 0):
            raise DeliveryError("x", uncertain=False)
    assert await attempts.begun(asked) == (1, 0)
    for times in range(MOST):
        assert await attempts.begun(asked) == (1, times)
        with pytest.raises(DeliveryError):
            async with attempts.sending(asked, 1, times):
                raise DeliveryError("x", uncertain=True)
    assert await attempts.begun(asked) == (2, 0)
    assert await attempts.begun(message()) == (0, 0)
