"""The real process, killed (-9) again and again between acknowledgement and answer: nothing is lost, nothing said twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.ledger import Wanted, read_audit
from bot.store import open_store
from bot.wecom.attempts import MOST
from tests.bot.wecom.conftest import APP_ENVELOPE, BOT_ENVELOPE, wecom_settings
from tests.stand_ins.nursery import Nursery
from tests.stand_ins.serving import serve
from tests.stand_ins.wecom_api import Interface
from tests.stand_ins.wecom_callbacks import AppCaller, Attempt, BotCaller, Shown
from tests.stand_ins.wecom_gateway import Gateway

KILLS = 50


class Town:
    """Everybody who writes while the process is being killed."""

    def __init__(self, base: str, interface: Interface, api: str, gateway: Gateway) -> None:
        self.app = AppCaller(f"{base}/wecom/app", APP_ENVELOPE, pause=0.4)
        self.bot = BotCaller(f"{base}/wecom/bot", BOT_ENVELOPE, interface, api, every=0.2, window=120, pause=0.4)
        self.gateway = gateway
        self.said: dict[str, list[Attempt]] = {}
        self.framed: list[Shown] = []
        self.tasks: list[asyncio.Task[Any]] = []

    async def talk(self, number: int) -> asyncio.Task[None]:
        """One person a way writes; nobody waits for the answer here. Gives the task that ends with the app's acknowledgement."""
        app = asyncio.create_task(self._to_app(f"app{number}"))
        self.tasks += [app, asyncio.create_task(self.bot.say(f"bot{number}", f"bot{number}"))]
        if self.gateway.current is not None:
            try:
                self.framed.append(await self.gateway.say(f"socket{number}", f"socket{number}"))
            except Exception:  # the connection went in this moment: nothing was sent
                self.gateway.current = None
        return app

    async def _to_app(self, name: str) -> None:
        self.said[name] = await self.app.say(name, name)


async def alive(base: str) -> None:
    async with asyncio.timeout(20), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{base}/healthz")).status_code == 200:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_killed_fifty_times(clean_environment: None, tmp_path: Path, unused_tcp_port: int) -> None:
    """300 messages by the three ways; what was acknowledged is answered once. A send that was under way may repeat: counted."""
    interface, gateway, nursery = Interface(), Gateway(), Nursery()
    chance, base = random.Random(6), f"http://127.0.0.1:{unused_tcp_port}"
    async with AsyncExitStack() as stack:
        stack.callback(nursery.close)
        api = await stack.enter_async_context(serve(interface.app()))
        await stack.enter_async_context(gateway.serving())
        settings = wecom_settings(
            data_dir=str(tmp_path), wecom_api_url=api, wecom_socket_url=gateway.address, wecom_buttons=False, workers=8, inbox_lease=3,
            http_listen=f"127.0.0.1:{unused_tcp_port}",
        )  # fmt: skip
        town, process = Town(base, interface, api, gateway), 0

        def kill() -> None:
            os.kill(process, signal.SIGKILL)

        for number in range(KILLS):
            process = nursery.start(settings, seconds=0.05, log=tmp_path / "log")
            await alive(base)
            if number % 5 == 0:
                await gateway.connected()
            talks = [await town.talk(2 * number + talker) for talker in range(2)]
            await asyncio.wait(talks, timeout=2)  # until the app's are acknowledged
            await asyncio.sleep(chance.uniform(0.0, 0.15))
            kill()
        process = nursery.start(settings, seconds=0.05, log=tmp_path / "log")
        stack.callback(kill)
        _, waiting = await asyncio.wait(town.tasks, timeout=60)
        assert not waiting, [shown.question for shown in town.bot.shown if shown.stream and not shown.finished]
        await settled(tmp_path, {name for name, tried in town.said.items() if any(one.status == 200 for one in tried)})
        check(town, interface, gateway)
        log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert not any(secret in log for secret in ("app-secret", "socket-secret", "app-token", "bot-token"))


async def settled(folder: Path, asked: set[str]) -> None:
    """Return once every question of these people is in the audit, and no row is open."""
    store = open_store(f"sqlite:///{folder / 'ningwen.db'}")
    async with asyncio.timeout(60):
        while store.waiting() or not asked <= {entry.question for entry in read_audit(store, Wanted())}:
            await asyncio.sleep(0.2)
    store.close()


def check(town: Town, interface: Interface, gateway: Gateway) -> None:
    """Who was acknowledged was answered; nobody reads the words of another; what came twice is counted and rare."""
    acknowledged = {name for name, tried in town.said.items() if any(one.status == 200 for one in tried)}
    answers = Counter(message.user for message in interface.sent)
    assert len(acknowledged) >= KILLS
    assert acknowledged <= set(answers)
    assert all(message.text.startswith(f"{message.user}:") for message in interface.sent)
    repeated = {user: count for user, count in answers.items() if count > 1}
    streams = [shown for shown in town.bot.shown if shown.stream]
    assert all(shown.finished and shown.text.startswith(f"{shown.question}:") for shown in streams)
    assert all(code not in interface.replies for code in (shown.response_code for shown in streams))
    frames = [shown for shown in town.framed if shown.contents]
    pushed = Counter(push.chat for push in gateway.pushed)
    assert all(shown.finished or pushed[shown.chat] for shown in frames)
    assert max([*answers.values(), *pushed.values()]) <= MOST
    kept = f"app {len(acknowledged)} acknowledged, {len(repeated)} answered twice"
    print(f"{kept}; bot {len(streams)} streams; socket {len(frames)} streams, {len(pushed)} pushed")
    assert len(repeated) <= KILLS  # of the sends that a kill can catch
    assert [*interface.complaints, *town.bot.complaints, *gateway.complaints] == []
