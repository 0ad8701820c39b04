"""The three ways in as a process puts them together, each with the platform's stand-in at its other end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.access import Access
from bot.ledger import Wanted, read_audit
from bot.pseudonyms import Pseudonyms
from bot.records import AuditEntry
from bot.server import make_app
from bot.service import Service
from bot.settings import BotSettings
from bot.store import Store
from bot.wecom.run import APP_PATH, BOT_PATH, Ways, make_ways
from tests.conftest import ROOT
from tests.stand_ins.assistant import ScriptedAssistant
from tests.stand_ins.serving import serve
from tests.stand_ins.wecom_api import Interface
from tests.stand_ins.wecom_callbacks import AppCaller, BotCaller
from tests.stand_ins.wecom_envelope import Envelope
from tests.stand_ins.wecom_gateway import Gateway

KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
BOT_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@dataclass
class Scene:
    """One service and the platform around it."""

    store: Store
    service: Service
    ways: Ways
    interface: Interface
    app: AppCaller
    bot: BotCaller
    gateway: Gateway
    base: str
    assistant: ScriptedAssistant
    settings: BotSettings
    notes: list[Any] = field(default_factory=list)

    def audit(self) -> list[AuditEntry]:
        return list(read_audit(self.store, Wanted()))

    async def settled(self, count: int, seconds: float = 20.0) -> list[AuditEntry]:
        """The audit entries, once there are so many."""
        async with asyncio.timeout(seconds):
            while len(found := await asyncio.to_thread(self.audit)) < count:
                await asyncio.sleep(0.02)
        return found

    def complaints(self) -> list[str]:
        """What the program did that the platform would not have taken."""
        return [*self.interface.complaints, *self.bot.complaints, *self.gateway.complaints]


def wecom_settings(**more: Any) -> dict[str, Any]:
    """Settings of all three ways at once."""
    return {
        "wecom_corp_id": "wwstandin",
        "wecom_agent_id": 1000002,
        "wecom_secret": "app-secret",
        "wecom_token": "app-token",
        "wecom_aes_key": KEY,
        "wecom_bot_token": "bot-token",
        "wecom_bot_aes_key": BOT_KEY,
        "wecom_bot_id": "AIBOTSTANDIN",
        "wecom_bot_secret": "socket-secret",
        "wecom_bot_name": "宁问",
        "allowed_users": ("wecom:*",),
        "allowed_groups": ("wecom:G1",),
        "rate_per_minute": 1000,
        "processes": 1,
        **more,
    }


APP_ENVELOPE = Envelope("app-token", KEY, "wwstandin")
BOT_ENVELOPE = Envelope("bot-token", BOT_KEY, "")

Open = Callable[..., Any]


@pytest.fixture
def scene(clean_environment: None) -> Open:
    """Make a scene on a store; ``prepare`` may change the ways before they open."""

    @asynccontextmanager
    async def make(
        store: Store,
        assistant: ScriptedAssistant | None = None,
        *,
        prepare: Callable[[Ways], None] = lambda _: None,
        connect: bool = False,
        corpus: Path = ROOT / "corpus",
        **changes: Any,
    ) -> AsyncIterator[Scene]:
        asked = assistant or ScriptedAssistant()
        interface, gateway = Interface(), Gateway()
        async with AsyncExitStack() as stack:
            base = await stack.enter_async_context(serve(interface.app()))
            await stack.enter_async_context(gateway.serving())
            urls = {"wecom_api_url": base, "wecom_socket_url": gateway.address}
            settings = BotSettings.load(**wecom_settings(**urls, **changes))
            access = Access(store, Pseudonyms(b"key"), users=settings.allowed_users, groups=settings.allowed_groups)
            ways = make_ways(settings, store, access, corpus)
            prepare(ways)
            service = Service(store, asked, access, settings, ways.channels)  # type: ignore[arg-type]
            assert ways.app is not None
            assert ways.bot is not None
            assert ways.socket is not None
            await ways.app.open(service)
            await ways.bot.open(service)
            stack.push_async_callback(ways.bot.close)
            stack.push_async_callback(ways.app.close)
            own = await stack.enter_async_context(serve(make_app({}, ways.routes)))
            connection = asyncio.create_task(ways.socket.run(service)) if connect else None
            async with service:
                if connect:
                    await gateway.connected()
                app = AppCaller(own + APP_PATH, APP_ENVELOPE)
                bot = BotCaller(own + BOT_PATH, BOT_ENVELOPE, interface, base, window=30)
                try:
                    yield Scene(store, service, ways, interface, app, bot, gateway, own, asked, settings)
                finally:
                    if connection is not None:
                        connection.cancel()

    return make
