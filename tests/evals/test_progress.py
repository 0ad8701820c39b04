"""How far a run is: a bar with counts on a terminal, a line each tenth in a log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from evals.progress import progress

ROOT = Path(__file__).parents[2]
_COUNT = """
from evals.progress import progress
with progress("运行", "题") as report:
    for i in range(1, 13):
        report(i, 12, int(i > 6))
"""


def test_a_line_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log there are at most eleven lines, with counts and errors."""
    with progress("运行", "题") as report:
        for i in range(1, 251):
            report(i, 250, i // 100)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "运行 250/250 题，2 个错误"
    assert lines[0] == "运行 1/250 题"


def test_a_bar_on_a_terminal() -> None:
    """On a terminal one line is drawn over and over: label, bar, counts, errors."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([sys.executable, "-c", _COUNT], cwd=ROOT, env=environment, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            written += block
        assert process.wait(timeout=30) == 0
    os.close(ours)
    text = written.decode()
    assert "运行" in text
    assert "12/12" in text
    assert "1 个错误" in text
    assert "━" in text
