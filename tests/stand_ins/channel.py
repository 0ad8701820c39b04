"""A channel that remembers what it was given, and fails as often as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.records import Message, Reply


class RecordingChannel:
    """``failures`` are raised by the next deliveries, one each; ``gate`` holds every delivery back until it is set."""

    def __init__(self, name: str = "telegram", failures: Iterable[Exception] = ()) -> None:
        self.name = name
        self.begun: list[str] = []
        self.grown: list[str] = []
        self.delivered: list[tuple[Message, Reply]] = []
        self.failures = list(failures)
        self.gate: asyncio.Event | None = None

    async def begin(self, message: Message) -> None:
        self.begun.append(message.id)

    async def grow(self, message: Message, text: str) -> None:
        self.grown.append(text)

    async def deliver(self, message: Message, reply: Reply) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.delivered.append((message, reply))

    async def wait_for(self, count: int, seconds: float = 10.0) -> None:
        """Return once so many replies were delivered; fail otherwise."""
        async with asyncio.timeout(seconds):
            while len(self.delivered) < count:
                await asyncio.sleep(0.01)
