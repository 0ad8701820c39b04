"""The real program, as it is started by whoever deploys it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.bot.wecom.conftest import APP_ENVELOPE, BOT_KEY, KEY
from tests.stand_ins.process import Program
from tests.stand_ins.serving import serve
from tests.stand_ins.wecom_api import Interface
from tests.stand_ins.wecom_callbacks import AppCaller
from tests.stand_ins.wecom_gateway import Gateway

pytestmark = pytest.mark.slow


async def test_started_and_stopped(small_corpus: Path, data_dir: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    """``ningwen wecom`` with a helper: ready when index, database and line are there, answers by two ways, ends with 0, logs no secret."""
    interface, gateway = Interface(), Gateway()
    base = f"http://127.0.0.1:{unused_tcp_port}"
    async with serve(interface.app()) as api, gateway.serving():
        environment = {
            "NINGWEN_CORPUS_DIR": str(small_corpus), "NINGWEN_DATA_DIR": str(data_dir), "HTTP_LISTEN": base.removeprefix("http://"),
            "WECOM_API_URL": api, "WECOM_SOCKET_URL": gateway.address, "WECOM_CORP_ID": "wwstandin", "WECOM_AGENT_ID": "1000002",
            "WECOM_SECRET": "app-secret", "WECOM_TOKEN": "app-token", "WECOM_AES_KEY": KEY, "WECOM_BOT_TOKEN": "bot-token",
            "WECOM_BOT_AES_KEY": BOT_KEY, "WECOM_BOT_ID": gateway.bot, "WECOM_BOT_SECRET": gateway.secret, "ALLOWED_USERS": "wecom:*",
            "PROCESSES": "2",
        }  # fmt: skip
        program = Program(tmp_path, environment, "wecom")
        program.start()
        try:
            await ready(base)
            await AppCaller(f"{base}/wecom/app", APP_ENVELOPE).say("u", "会议请假要提前几天说?")
            shown = await gateway.say("v", "会议请假要提前几天说?")
            async with asyncio.timeout(60):
                while not (shown.finished and interface.texts("u")):
                    await asyncio.sleep(0.05)
            assert "提前2个工作日" in shown.text
            assert interface.texts("u")[0].endswith("【1】《会议办法》第三条")
        finally:
            code = await asyncio.to_thread(program.stop, 60)
        assert code == 0
        log = program.log_text()
        assert "Traceback" not in log
        assert not any(secret in log for secret in ("app-secret", "app-token", "bot-token", gateway.secret, KEY, BOT_KEY, "请假"))
        assert [*interface.complaints, *gateway.complaints] == []


async def ready(base: str) -> None:
    async with asyncio.timeout(90), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{base}/readyz")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


async def test_nothing_configured(tmp_path: Path) -> None:
    """One sentence and exit code 2."""
    done = await asyncio.to_thread(Program(tmp_path, {"NINGWEN_DATA_DIR": str(tmp_path)}).run, "wecom")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "没有配置企业微信" in done.stderr
