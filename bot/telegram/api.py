"""The Bot API through python-telegram-bot, which is imported here only. Errors become DeliveryError."""

from __future__ import annotations

import logging
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram._utils.types import ODVInput
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import BaseRequest, RequestData
from telegram.warnings import PTBDeprecationWarning, PTBUserWarning

from bot import texts
from bot.calls import CallError, Calls, Patience
from bot.errors import DeliveryError
from bot.settings import BotSettings
from rag.errors import ConfigurationError

# getUpdates is called bare on purpose: an update that the library can't read must not hold up the others
warnings.filterwarnings("ignore", message=r".*getUpdates", category=PTBUserWarning)
warnings.filterwarnings("ignore", message=r".*retry_after", category=PTBDeprecationWarning)

__all__ = ["BadRequest", "Bot", "ChatMigrated", "Conflict", "InvalidToken", "RetryAfter", "TelegramError"]

Bot = ExtBot[Any]
Keyboard = InlineKeyboardMarkup

_PATIENCE = Patience(connect=10, read=20)
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": BaseRequest.USER_AGENT}
_FREE = {"sendChatAction", "sendMessageDraft", "answerCallbackQuery"}
"""Methods that show no message: they don't count against the platform's limits of messages."""


class _Limiter(AIORateLimiter):
    """The library's limiter, for what is a message; a 429 goes to the service, which puts the row off."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        if endpoint in _FREE:
            return await callback(*args, **kwargs)
        return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)


class _Requests(BaseRequest):
    """The library's requests, on our own calls."""

    def __init__(self, connections: int) -> None:
        self._calls = Calls(_PATIENCE, connections=connections)

    @property
    def read_timeout(self) -> float:
        """Seconds that getUpdates adds to its own."""
        return _PATIENCE.read

    async def initialize(self) -> None:
        """Nothing: connections are opened when they are needed."""

    async def shutdown(self) -> None:
        """Give the connections back."""
        await self._calls.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        *_: object,
        **__: object,
    ) -> tuple[int, bytes]:
        """Status and body; no file is ever sent."""
        content = request_data.url_encoded_parameters().encode() if request_data else None
        read = read_timeout if isinstance(read_timeout, int | float) else None
        try:
            return await self._calls.call(method, url, content=content, headers=_HEADERS, read=read)
        except CallError as error:
            raise NetworkError(str(error)) from error


def make_bot(settings: BotSettings) -> Bot:
    """The bot of these settings, not connected yet. Raises ConfigurationError without a token."""
    if settings.telegram_token is None:
        raise ConfigurationError(texts.NO_TELEGRAM_TOKEN)
    logging.getLogger("telegram.ext.AIORateLimiter").setLevel(logging.CRITICAL)  # a 429 is logged where it is dealt with
    base = settings.telegram_base_url.rstrip("/")
    return ExtBot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=_Requests(64),
        get_updates_request=_Requests(2),
        rate_limiter=_Limiter(overall_max_rate=settings.telegram_rate / settings.processes, max_retries=0),
    )


def make_keyboard(rows: list[list[tuple[str, str]]]) -> Keyboard:
    """Buttons: label and data, row by row; no rows take the buttons away."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in rows])


@asynccontextmanager
async def delivery_errors() -> AsyncIterator[None]:
    """What python-telegram-bot raises becomes a DeliveryError; a migrated group and a refused markup pass through."""
    try:
        yield
    except (ChatMigrated, BadRequest):
        raise
    except RetryAfter as error:
        raise DeliveryError(texts.DELIVERY_FAILED, detail="429", after=wait_of(error)) from error
    except Forbidden as error:  # the person blocked the bot, or the group expelled it
        raise DeliveryError(texts.DELIVERY_FAILED, detail=error.message, retryable=False) from error
    except TelegramError as error:
        uncertain = isinstance(error.__cause__, CallError) and error.__cause__.began
        raise DeliveryError(texts.DELIVERY_FAILED, detail=describe(error), uncertain=uncertain) from error


def wait_of(error: RetryAfter) -> float:
    """Seconds that a 429 asks for."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def describe(error: BaseException) -> str:
    """An error for the log: its kind, and the platform's words unless they may hold a token."""
    return type(error).__name__ if isinstance(error, InvalidToken) else f"{type(error).__name__}: {error}"[:200]
