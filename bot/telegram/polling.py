"""Long polling. The offset moves past an update only once it is kept, so that Telegram delivers the rest again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from bot import texts
from bot.errors import StoreError
from bot.telegram.api import Bot, Conflict, InvalidToken, RetryAfter, TelegramError, describe, wait_of
from bot.telegram.intake import Intake
from bot.telegram.updates import ALLOWED, Json, side_by_side
from rag.errors import ConfigurationError

POLL_SECONDS = 50
_PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)

log = structlog.get_logger(__name__)


class Poller:
    """Asks for updates until it is stopped; whatever fails is tried again, later each time."""

    def __init__(self, bot: Bot, intake: Intake) -> None:
        self._bot, self._intake = bot, intake
        self._offset = 0
        self._failures = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Poll. Raises ConfigurationError when the token is no longer valid."""
        while not self._stopping.is_set():
            try:
                await self._take(await self._ask())
                self._failures = 0
            except InvalidToken:
                raise ConfigurationError(texts.BAD_TELEGRAM_TOKEN) from None
            except (TelegramError, StoreError) as error:
                await self._pause(error)

    def stop(self) -> None:
        """Ask no more; the updates of the present request come again to the next process."""
        self._stopping.set()

    async def _ask(self) -> Sequence[Json]:
        """The next updates as they came; one that this program can't read must not hold up the others."""
        arguments = {"offset": self._offset, "timeout": POLL_SECONDS, "allowed_updates": list(ALLOWED)}
        asking = asyncio.ensure_future(self._bot.do_api_request("getUpdates", arguments, read_timeout=POLL_SECONDS + 10))
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({asking, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not asking.done():
            asking.cancel()
            with suppress(asyncio.CancelledError, TelegramError):
                await asking
            return ()
        found = asking.result()
        return [update for update in found if isinstance(update, dict)] if isinstance(found, list) else ()

    async def _take(self, updates: Sequence[Json]) -> None:
        """Take them in their order; what may be taken side by side is committed together."""
        for some in side_by_side(updates):
            taken = await asyncio.gather(*map(self._intake.take, some), return_exceptions=True)
            for update, error in zip(some, taken, strict=True):
                if isinstance(error, StoreError):
                    raise error
                if isinstance(error, Exception):  # a fault of our own with one update: the others are taken
                    log.error("an update was not understood", error=repr(error), exc_info=error)
                self._offset = int(update["update_id"]) + 1

    async def _pause(self, error: TelegramError | StoreError) -> None:
        wait = wait_of(error) if isinstance(error, RetryAfter) else _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1
        hint = {"hint": texts.TWO_POLLERS} if isinstance(error, Conflict) else {}
        log.warning("polling failed", error=describe(error), again_in=wait, **hint)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait)
