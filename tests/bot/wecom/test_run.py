"""What the settings start, and what a look at the process shows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import texts
from bot.access import Access
from bot.doctor import _wecom
from bot.pseudonyms import Pseudonyms
from bot.server import make_app, service_checks
from bot.settings import BotSettings
from bot.store import Store
from bot.wecom.run import configured_ways, make_ways
from rag.errors import ConfigurationError
from tests.bot.wecom.conftest import wecom_settings
from tests.conftest import ROOT
from tests.stand_ins.serving import serve
from tests.stand_ins.wecom_api import Interface

WAYS = {
    "app": ("wecom_corp_id", "wecom_agent_id", "wecom_secret", "wecom_token", "wecom_aes_key"),
    "bot": ("wecom_bot_token", "wecom_bot_aes_key"),
    "socket": ("wecom_bot_id", "wecom_bot_secret"),
}


def access(store: Store) -> Access:
    return Access(store, Pseudonyms(b"key"))


def only(*ways: str, **more: Any) -> BotSettings:
    named = {name for way in ways for name in WAYS[way]}
    every = {name for names in WAYS.values() for name in names}
    return BotSettings.load(**{**{k: v for k, v in wecom_settings().items() if k not in every or k in named}, **more})


@pytest.mark.parametrize("ways", [["app"], ["bot"], ["socket"], ["app", "socket"], ["app", "bot", "socket"]])
async def test_what_is_configured_is_started(clean_environment: None, sqlite_store: Store, ways: list[str]) -> None:
    """Each way for itself, or together; an address only for what is called back."""
    made = make_ways(only(*ways), sqlite_store, access(sqlite_store), ROOT / "corpus")
    assert [channel.name for channel in made.channels] == [f"wecom-{way}" for way in ways]
    assert [route.path for route in made.routes] == [f"/wecom/{way}" for way in ways if way != "socket"]
    assert configured_ways(only(*ways)) == ways


@pytest.mark.parametrize(("way", "name"), [(way, name) for way, names in WAYS.items() for name in names])
def test_half_a_way(clean_environment: None, sqlite_store: Store, way: str, name: str) -> None:
    """What is missing is named, and nothing that is there is shown."""
    with pytest.raises(ConfigurationError) as error:
        make_ways(only(way, **{name: None}), sqlite_store, access(sqlite_store), ROOT / "corpus")
    assert name.upper() in error.value.user_message
    assert not any(secret in str(error.value) for secret in ("app-secret", "app-token", "bot-token", "socket-secret"))


def test_no_way(clean_environment: None, sqlite_store: Store) -> None:
    """Nothing configured is a sentence."""
    with pytest.raises(ConfigurationError, match="没有配置企业微信"):
        make_ways(only(), sqlite_store, access(sqlite_store), ROOT / "corpus")


async def test_the_doctor(clean_environment: None) -> None:
    """Not configured, a good app, a wrong secret, nobody there, a key that is none: one line each."""
    interface = Interface()
    async with serve(interface.app()) as base:

        async def look(**more: Any) -> tuple[bool | None, str]:
            settings = only("app", **{"wecom_api_url": base, **more})
            return await asyncio.to_thread(_wecom, settings, [])

        assert _wecom(only(), [])[0] is None
        assert (await look())[0] is True
        wrong, text = await look(wecom_secret="wrong")
        assert wrong is False
        assert "40001" in text
        assert (await look(wecom_api_url="http://127.0.0.1:9"))[0] is False
        with pytest.raises(ConfigurationError, match="EncodingAESKey"):
            await look(wecom_aes_key="short")


async def test_health(sqlite_store: Store, scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """/healthz while it lives, /readyz when index and database are there, /metrics with what was answered."""
    async with scene(sqlite_store) as s, serve(make_app(service_checks(s.service))) as base, httpx.AsyncClient(base_url=base) as client:
        await s.app.say("u", "问")
        await s.settled(1)
        assert (await client.get("/healthz")).text == "ok"
        assert (await client.get("/readyz")).json() == {"index": True, "database": True}
        page = (await client.get("/metrics")).text
        assert 'ningwen_questions_total{channel="wecom-app",status="answered"}' in page
        assert "问" not in page

        def fail() -> int:
            from bot.errors import StoreError

            raise StoreError(texts.STORE_FAILED)

        monkeypatch.setattr(sqlite_store, "waiting", fail)
        reply = await client.get("/readyz")
        assert (reply.status_code, reply.json()) == (503, {"index": True, "database": False})
        assert (await client.get("/nothing")).status_code == 404


def test_keys_are_not_shown(clean_environment: None, tmp_path: Path) -> None:
    """Whoever prints the settings sees no secret."""
    shown = repr(only("app", "bot", "socket"))
    assert not any(secret in shown for secret in ("app-secret", "app-token", "bot-token", "socket-secret", "jWmYm7qr"))
