"""The emulator, and the real bot process that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stand_ins.process import Program
from tests.stand_ins.telegram import TOKEN, BotApi


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as emulator:
        yield emulator


@pytest.fixture
def program(api: BotApi, tmp_path: Path, real_data: Path) -> Iterator[Callable[..., Program]]:
    """Start ``ningwen telegram`` on the real corpus; settings by their environment variables."""
    started: list[Program] = []

    def start(**environment: str) -> Program:
        folder = tmp_path / f"bot{len(started)}"
        folder.mkdir()
        for name in ("model", "index"):
            (folder / name).symlink_to(real_data / name)
        found = Program(
            folder,
            {
                "NINGWEN_DATA_DIR": str(folder), "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_BASE_URL": api.address,
                "ALLOWED_USERS": "telegram:*", "RATE_PER_MINUTE": "100000", "QUEUE_LIMIT": "100000", "TELEGRAM_RATE": "10000",
                "PROCESSES": "1",
                **environment,
            },
            "telegram",
        )  # fmt: skip
        started.append(found)
        found.start()
        return found

    yield start
    for one in started:
        if one.process is not None and one.process.poll() is None:
            one.kill()
