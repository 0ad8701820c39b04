"""The real program as a process of its own, driven from a test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Program:
    """``ningwen …`` with an environment of its own; its log goes to a file."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.folder, self._arguments = folder, arguments
        names = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        ours = {line.split("=")[0] for line in names if line and not line.startswith("#")}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", **environment}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "program.log"

    def start(self) -> None:
        """Start it; its folder is its working directory, so that no .env of the developer's is read."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", "from bot.cli import main; main()", *self._arguments]
            self.process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Another command with the same environment, to its end."""
        command = [sys.executable, "-c", "from bot.cli import main; main()", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, input=stdin, capture_output=True, text=True, encoding="utf-8", check=False,
            timeout=300,
        )  # fmt: skip

    def kill(self) -> None:
        """Kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()

    def log_text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""
