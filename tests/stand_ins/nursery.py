"""Processes of ``ningwen wecom`` that start in a moment: everything is imported once, and each is forked from there.

Run as a program: a line of JSON on standard input, {"settings": …, "seconds": …, "log": path}, starts one and is
answered with its number. They are real processes: whoever started the nursery kills them.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Nursery:
    """The parent's end."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.stand_ins.nursery"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, settings: dict[str, Any], *, seconds: float, log: Path) -> int:
        """Start one; its assistant takes so many seconds. Gives its number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"settings": settings, "seconds": seconds, "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the nursery; those that it started are the caller's to end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def _live(settings: dict[str, Any], seconds: float, log: str) -> None:
    descriptor = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    from bot.logs import configure_logs
    from bot.settings import BotSettings
    from bot.wecom.run import run_wecom
    from rag.settings import Settings
    from tests.stand_ins.assistant import ScriptedAssistant

    configure_logs("json", "INFO")
    assistant: Any = ScriptedAssistant(seconds=seconds)
    asyncio.run(run_wecom(BotSettings.load(**settings), Settings.load(), assistant=lambda: assistant))


def main() -> None:
    """Import, then fork at each line."""
    import bot.wecom.run  # noqa: F401 - so that a child has it
    import tests.stand_ins.assistant  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                _live(wanted["settings"], wanted["seconds"], wanted["log"])
            finally:
                os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
