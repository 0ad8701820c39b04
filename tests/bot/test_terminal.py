"""What the terminal shows: laid out on a tty, plain in a pipe, the same words in both."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot import texts
from bot.render import answer_text
from bot.terminal import show_answer, show_documents, show_hits, wrap_text
from rag.records import Answer, Citation, Locator

ROOT = Path(__file__).parents[2]
END = "\x03end"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
LABEL = "《某市会议管理办法》(某政发〔2020〕1号)第三条"
QUOTE = "(一)参会人员不能到会的,应当提前2个工作日向办公室请假;“请假单”[附后]由办公室统一编号(编号规则另行制定)。\n\n第二款。"
ANSWER = Answer(
    "问", "问", "partial", "应当提前2个工作日请假[1]。", (Citation(1, Locator("meeting-rules", ("3",)), LABEL, QUOTE),), "经费。",
    None, "extractive", (), "f", {},
)  # fmt: skip
HIT = {"rank": 1, "locator": "meeting-rules#3", "label": "《会议办法》第三条", "score": 1.5, "found_by": {"bm25": 0.5}, "text": QUOTE[:40]}
DOCUMENT = {
    "id": "meeting-rules", "title": "某市会议管理办法", "document_number": "某政发〔2020〕1号", "date": "2020-06-01",
    "status": "in_force", "units": 5,
}  # fmt: skip


def on_tty(action: Callable[[], object], columns: int, monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What an action prints on a terminal of that width."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": str(columns), **environment}.items():
        monkeypatch.setenv(name, value)
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        action()
        terminal.write(END)
        terminal.flush()
        shown = b""
        while not shown.endswith(END.encode()):  # a terminal hands over what was written bit by bit
            shown += os.read(leader, 65536)
    os.close(leader)
    return shown.decode().removesuffix(END).replace("\r\n", "\n")


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("columns", [30, 47, 80, 200])
def test_an_answer_on_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The label is bold, the quote dim, indented and inside the terminal's columns; the words are those that a pipe gets."""
    shown = on_tty(lambda: show_answer(ANSWER), columns, monkeypatch)
    assert f"\x1b[1m[1] {LABEL}\x1b[0m" in shown
    assert shown.startswith("应当提前2个工作日请假[1]。\n")
    plain = ESCAPE.sub("", shown)
    assert squeezed(plain) == squeezed(answer_text(ANSWER))
    quote = plain.split("第三条\n", 1)[1].rstrip("\n").split("\n")
    assert all(cell_len(line) <= columns and (not line or line.startswith("    ")) for line in quote)
    assert shown.count("\x1b[2m") == sum(bool(line) for line in quote)


def test_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR, and on a terminal that knows no escape sequences, there is none."""
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown = on_tty(lambda: show_answer(ANSWER), 60, monkeypatch, **environment)
        assert "\x1b" not in shown
        assert squeezed(shown) == squeezed(answer_text(ANSWER))


def test_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits and documents are tables with headings that fit the terminal; brackets are text, not markup."""
    for rows, show, headings in (([HIT], show_hits, texts.HIT_COLUMNS), ([DOCUMENT], show_documents, texts.DOCUMENT_COLUMNS)):
        plain = ESCAPE.sub("", on_tty(lambda show=show, rows=rows: show(rows), 100, monkeypatch))
        assert all(heading in plain for heading in headings)
        assert all(cell_len(line) <= 100 for line in plain.splitlines())
        assert "meeting-rules" in plain
        assert "[附后]" in squeezed(plain) or show is show_documents


@given(st.text(st.characters(exclude_categories=["C", "Z", "M"]) | st.sampled_from("会议。，《》()12a "), max_size=80), st.integers(8, 60))
def test_wrapping(text: str, columns: int) -> None:
    """No character is lost and no line is too wide, whatever the text."""
    lines = wrap_text(text, columns)
    assert squeezed("".join(lines)) == squeezed(text)
    assert all(cell_len(line) <= columns for line in lines)


def test_where_lines_break() -> None:
    """Figures and words stay whole; a closing mark begins no line, an opening one ends none."""
    text = "到2024年底,地区生产总值增长6.6%,RCEP项下《原产地规则》落实到位。" * 3
    for columns in range(16, 60):
        lines = wrap_text(text, columns)
        assert not any(line[0] in "，。》)%" or line[-1] in "《(" for line in lines)
        assert all(sum(line.count(whole) for line in lines) == 3 for whole in ("6.6%", "RCEP", "2024"))


@pytest.mark.slow
def test_a_pipe_loads_no_rich(small_corpus: Path, data_dir: Path) -> None:
    """Piped, the command lays nothing out and does not import rich for it."""
    script = "import sys\nfrom bot.cli import main\ntry:\n    main()\nfinally:\n    print('rich' in sys.modules, file=sys.stderr)"
    environment = {**os.environ, "NINGWEN_CORPUS_DIR": str(small_corpus), "NINGWEN_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script, "corpus"], env=environment, capture_output=True, text=True, encoding="utf-8", check=False, cwd="/"
    )
    assert done.stderr == "False\n"
    assert done.stdout == "meeting-rules 《某市会议管理办法》(某政发〔2020〕1号)  2020-06-01  现行有效  8 个单元\n"
    done = subprocess.run(
        [sys.executable, "-c", script, "corpus", "--json"], env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        cwd="/",
    )  # fmt: skip
    assert json.loads(done.stdout)[0]["units"] == 8
