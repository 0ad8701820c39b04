"""The process behind ``ningwen wecom``: the ways that the settings name, one service, one web server, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog
from pydantic import SecretStr
from starlette.routing import Route

from bot import texts
from bot.access import Access
from bot.labels import read_labels
from bot.processes import helpers, parent_is_gone
from bot.server import Check, make_app, serve, service_checks
from bot.service import Service
from bot.settings import BotSettings
from bot.store import Store, open_store
from bot.wecom import limits
from bot.wecom.api import Api, ResponseUrl
from bot.wecom.app import AppChannel, Shape
from bot.wecom.attempts import Attempts
from bot.wecom.bot import BotChannel
from bot.wecom.callbacks import AppCallback, BotCallback, Gate, parse_networks
from bot.wecom.connection import Line
from bot.wecom.crypto import Crypto
from bot.wecom.messages import APP
from bot.wecom.pace import SharedPace
from bot.wecom.socket import SocketChannel
from bot.wecom.streams import Streams
from rag.assistant import Assistant, open_assistant
from rag.errors import ConfigurationError
from rag.settings import Settings

APP_PATH, BOT_PATH = "/wecom/app", "/wecom/bot"
NEEDED = {
    "app": ("WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_TOKEN", "WECOM_AES_KEY"),
    "bot": ("WECOM_BOT_TOKEN", "WECOM_BOT_AES_KEY"),
    "socket": ("WECOM_BOT_ID", "WECOM_BOT_SECRET"),
}
"""The settings of each way."""

log = structlog.get_logger("ningwen.wecom")


@dataclass
class Ways:
    """The ways in that are configured, and the addresses that belong to them."""

    app: AppChannel | None = None
    bot: BotChannel | None = None
    socket: SocketChannel | None = None
    routes: list[Route] = field(default_factory=list)

    @property
    def channels(self) -> list[AppChannel | BotChannel | SocketChannel]:
        """Those that there are."""
        return [channel for channel in (self.app, self.bot, self.socket) if channel is not None]


def make_ways(settings: BotSettings, store: Store, access: Access, corpus_dir: Path) -> Ways:
    """Channels and routes by these settings. Raises ConfigurationError when a way lacks something, or there is none."""
    ways, shorten = Ways(), read_labels(corpus_dir)
    networks = parse_networks(settings.wecom_allowed_ips)
    if values := _configured("app", settings):
        corporation, agent, secret, token, key = values
        shape = Shape(int(agent), settings.wecom_markdown, settings.wecom_buttons, shorten)
        pace = SharedPace(store, limits.APP_PER_MINUTE, limits.APP_PER_HOUR, name=partial(access.pseudonyms.user, APP))
        ways.app = AppChannel(Api(settings.wecom_api_url, corporation, secret, store), Attempts(store, pace), pace, shape)
        gate = Gate("app", Crypto(token, key, corporation), store, networks)
        ways.routes.append(Route(APP_PATH, AppCallback(gate, ways.app.handle, corporation).answer, methods=["GET", "POST"]))
    if values := _configured("bot", settings):
        token, key = values
        ways.bot = BotChannel(Streams(store), ResponseUrl(settings.wecom_api_url), shorten=shorten, card=settings.wecom_bot_card)
        gate = Gate("bot", Crypto(token, key, ""), store, networks)
        callback = BotCallback(gate, ways.bot.handle, name=settings.wecom_bot_name)
        ways.routes.append(Route(BOT_PATH, callback.answer, methods=["GET", "POST"]))
    if values := _configured("socket", settings):
        identity, secret = values
        line = Line(settings.wecom_socket_url, identity, SecretStr(secret))
        ways.socket = SocketChannel(line, Attempts(store), bot_name=settings.wecom_bot_name, shorten=shorten, card=settings.wecom_bot_card)
    if not ways.channels:
        raise ConfigurationError(texts.WECOM_NOT_CONFIGURED)
    return ways


def configured_ways(settings: BotSettings) -> list[str]:
    """The names of the ways that are configured, with keys that are keys. Raises ConfigurationError."""
    found = {way: _configured(way, settings) for way in NEEDED}
    for way in ("app", "bot"):
        if found[way]:
            Crypto("", found[way][-1], "")
    return [way for way, values in found.items() if values]


def _configured(way: str, settings: BotSettings) -> tuple[str, ...]:
    """The values of a way's settings; () when none is given. Raises ConfigurationError when only some are."""
    names = NEEDED[way]
    fields = {field.alias: getattr(settings, name) for name, field in BotSettings.model_fields.items()}
    found = {name: _plain(fields[name]) for name in names}
    missing = [name for name, value in found.items() if not value]
    if len(missing) == len(names):
        return ()
    if missing:
        raise ConfigurationError(texts.WECOM_INCOMPLETE.format(way=texts.WECOM_WAYS[way], missing="、".join(missing)))
    return tuple(found.values())


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")


async def run_wecom(settings: BotSettings, rag: Settings, *, assistant: Callable[[], Assistant] | None = None) -> None:
    """Answer in WeCom until SIGTERM or SIGINT; what is under way is finished. Raises NingwenError."""
    store = open_store(settings.database_url, timeout=settings.database_timeout)
    access = Access.open(store, settings)
    ways = make_ways(settings, store, access, rag.corpus_dir)
    service = Service(store, assistant or (lambda: open_assistant(rag)), access, settings, ways.channels)
    answering, serving, connecting = (asyncio.create_task(work) for work in _works(settings, service, ways))
    try:
        async with helpers(_helper_count(settings, ways), ["wecom", "--helper"]):
            await _until_signal([answering, serving, connecting])
    finally:
        await _end(serving)
        await service.stop()
        await _end(connecting)  # last: what is under way is answered over it
        await _end(answering)
        for channel in (ways.app, ways.bot):
            if channel is not None:
                await channel.close()
        store.close()


def _helper_count(settings: BotSettings, ways: Ways) -> int:
    """A helper has no long connection: where that is the only way in, it has nothing to do."""
    return settings.processes - 1 if ways.app or ways.bot else 0


async def run_helper(settings: BotSettings, rag: Settings) -> None:
    """Answer what another process receives by callback, until that process or a signal ends it."""
    store = open_store(settings.database_url, timeout=settings.database_timeout)
    access = Access.open(store, settings)
    ways = make_ways(settings, store, access, rag.corpus_dir)
    channels = [channel for channel in (ways.app, ways.bot) if channel is not None]
    service = Service(store, lambda: open_assistant(rag), access, settings, channels)
    try:
        await _until_signal([asyncio.create_task(service.run()), asyncio.create_task(parent_is_gone())])
    finally:
        await service.stop()
        for channel in channels:
            await channel.close()
        store.close()


def _works(settings: BotSettings, service: Service, ways: Ways) -> tuple[Coroutine[None, None, None], ...]:
    """What runs side by side: answering, the web server, the long connection."""
    web = make_app(_checks(service, ways), ways.routes)
    serving = serve(web, settings.http_listen, proxies=settings.http_proxies)
    return _answer(service, ways), serving, _stay_connected(ways.socket, service)


async def _answer(service: Service, ways: Ways) -> None:
    for channel in (ways.app, ways.bot):
        if channel is not None:
            await channel.open(service)
    await service.run()


def _checks(service: Service, ways: Ways) -> dict[str, Check]:
    async def connected() -> bool:
        return ways.socket is not None and ways.socket.connection.state == "up"

    return {**service_checks(service), **({"wecom_socket": connected} if ways.socket else {})}


async def _stay_connected(socket: SocketChannel | None, service: Service) -> None:
    """A displaced connection is an alarm (/readyz, log), no end: the other ways go on."""
    if socket is not None:
        await socket.run(service)
    await asyncio.Event().wait()


async def _until_signal(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for SIGTERM or SIGINT. Raises what ends a task."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for task in tasks:
        if task.done():
            task.result()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
