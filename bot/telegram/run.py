"""The process behind ``ningwen telegram``: bot, service and intake put together, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog
import uvicorn

from bot import texts
from bot.access import Access
from bot.labels import read_labels
from bot.processes import helpers, parent_is_gone
from bot.server import make_app, serve, service_checks
from bot.service import Service
from bot.settings import BotSettings
from bot.store import open_store
from bot.telegram.api import Bot, InvalidToken, TelegramError, describe, make_bot
from bot.telegram.buttons import Buttons
from bot.telegram.channel import TelegramChannel
from bot.telegram.intake import Intake
from bot.telegram.polling import Poller
from bot.telegram.updates import ALLOWED, Me
from bot.telegram.webhook import QuietServer, webhook_app, webhook_secret
from rag.assistant import open_assistant
from rag.errors import ConfigurationError
from rag.settings import Settings

log = structlog.get_logger(__name__)


async def run_telegram(settings: BotSettings, rag: Settings) -> None:
    """Answer in Telegram until SIGTERM or SIGINT; what is under way is finished. Raises NingwenError."""
    stop = _stop_signal()
    async with _answering(settings, rag) as (bot, service, channel, answering):
        if not await _first(stop.wait(), _insist(bot.initialize), answering):
            return
        intake = Intake(Me(bot.id, bot.username or ""), service, channel, Buttons(bot, service, channel))
        receive = _listen(bot, intake, settings) if settings.telegram_webhook_url else _poll(bot, intake)
        async with helpers(settings.processes - 1, ["telegram", "--helper"]):
            await _first(stop.wait(), asyncio.gather(receive, _show_health(service, settings)), answering)
            await intake.close()


async def _show_health(service: Service, settings: BotSettings) -> None:
    """/healthz, /readyz and /metrics, where the settings say on which address."""
    if "http_listen" in settings.model_fields_set:
        await serve(make_app(service_checks(service)), settings.http_listen)


async def run_helper(settings: BotSettings, rag: Settings) -> None:
    """Answer what another process receives, until that process or a signal ends it."""
    stop = _stop_signal()
    async with _answering(settings, rag) as (_, _, _, answering):
        await _first(stop.wait(), parent_is_gone(), answering)


@asynccontextmanager
async def _answering(settings: BotSettings, rag: Settings) -> AsyncIterator[tuple[Bot, Service, TelegramChannel, asyncio.Task[None]]]:
    """A service at work: what the last process left is answered before anything new comes."""
    bot = make_bot(settings)
    store = open_store(settings.database_url, timeout=settings.database_timeout)
    channel = TelegramChannel(bot, read_labels(rag.corpus_dir))
    service = Service(store, lambda: open_assistant(rag), Access.open(store, settings), settings, [channel])
    answering = asyncio.create_task(service.run())
    try:
        yield bot, service, channel, answering
    finally:
        await service.stop()
        channel.close()
        with suppress(TelegramError):
            await bot.shutdown()
        store.close()


async def _first(stop: Awaitable[object], work: Awaitable[object], answering: asyncio.Task[None]) -> bool:
    """Wait for the work, or for the signal, or for the service to fail; True when the work came to its end."""
    stopped, working = asyncio.ensure_future(stop), asyncio.ensure_future(work)
    await asyncio.wait({stopped, working, answering}, return_when=asyncio.FIRST_COMPLETED)
    if answering.done():
        working.cancel()
        stopped.cancel()
        answering.result()
        return False
    if working.done():
        stopped.cancel()
        working.result()
        return True
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return False


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


async def _poll(bot: Bot, intake: Intake) -> None:
    await _insist(bot.delete_webhook)
    commands = asyncio.create_task(_name_commands(bot))
    poller = Poller(bot, intake)
    try:
        await poller.run()
    finally:
        poller.stop()
        commands.cancel()


async def _listen(bot: Bot, intake: Intake, settings: BotSettings) -> None:
    url, secret = settings.telegram_webhook_url or "", webhook_secret(settings)
    host, _, port = settings.telegram_webhook_listen.rpartition(":")
    config = uvicorn.Config(webhook_app(intake, url, secret), host=host or "127.0.0.1", port=int(port), log_config=None, access_log=False)
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve())
    try:
        await _insist(lambda: bot.set_webhook(url, secret_token=secret, allowed_updates=list(ALLOWED)))
        await _name_commands(bot)
        await serving
    finally:
        server.should_exit = True
        await asyncio.wait({serving}, timeout=10)


async def _insist(call: Callable[[], Awaitable[object]]) -> None:
    """A call without which nothing works, until it succeeds. Raises ConfigurationError for a token that is not valid."""
    wait = 0.5
    while True:
        try:
            await call()
            return
        except InvalidToken:
            raise ConfigurationError(texts.BAD_TELEGRAM_TOKEN) from None
        except TelegramError as error:
            log.warning("the Bot API refused", error=describe(error), again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)


async def _name_commands(bot: Bot) -> None:
    """Tell Telegram the commands that its menu shows; without them everything works."""
    with suppress(TelegramError):
        await bot.set_my_commands(list(texts.TELEGRAM_COMMANDS.items()))
