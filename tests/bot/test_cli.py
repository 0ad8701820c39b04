"""The command line, as a process: exit codes, one sentence for what is wrong, JSON lines that never stop."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = set(
    [
        "question",
        "standalone_question",
        "status",
        "answer",
        "citations",
        "missing",
        "nearest",
        "mode",
        "retrieved",
        "fingerprint",
        "timings_ms",
    ]
)


pytestmark = pytest.mark.slow


class Shell:
    """Runs ``ningwen`` on the small corpus."""

    def __init__(self, corpus: Path, data: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NINGWEN_", "OPENAI_", "CHROMA_"))}
        self.environment = {**kept, "NINGWEN_CORPUS_DIR": str(corpus), "NINGWEN_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[str]:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        command = [sys.executable, "-c", "from bot.cli import main; main()", *arguments]
        done = subprocess.run(command, input=raw, env=self.environment, capture_output=True, check=False, cwd="/")
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def shell(small_corpus: Path, data_dir: Path) -> Shell:
    return Shell(small_corpus, data_dir)


def test_answer_refusal_and_bad_input(shell: Shell) -> None:
    """Exit code 0 with label and quote, 3 for a refusal, 2 and one sentence for no question."""
    answered = shell("ask", "会议请假要提前几天说?")
    assert answered.returncode == 0
    assert "《某市会议管理办法》(某政发〔2020〕1号)第三条\n    参会人员不能到会的" in answered.stdout
    refused = shell("ask", "第六十条")
    assert refused.returncode == 3
    empty = shell("ask", " ")
    assert (empty.returncode, empty.stderr.count("\n")) == (2, 1)


def test_json(shell: Shell) -> None:
    """--json has exactly the published keys."""
    assert set(json.loads(shell("ask", "--json", "第三条").stdout)) == KEYS


def test_lines(shell: Shell) -> None:
    """Every line is answered in order under its id; what is no question is invalid, and the run goes on."""
    lines = [
        '{"id": 1, "question": "会议请假要提前几天说?"}', "no json", "[1]", '{"id": "x", "question": ""}',
        json.dumps({"id": 5, "question": "会" * 2001}), '{"id": 6, "question": "第六十条"}', '{"id": 7, "question": "\\ud800"}',
        '{"id": 8, "question": "它呢?", "history": [{"question": "第三条讲什么"}]}', '{"id": 9, "question": "x", "history": "y"}',
    ]  # fmt: skip
    done = shell("ask", "--jsonl", stdin="\n".join(lines).encode() + b"\n\xff\xfe\n")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["id"] for entry in found] == [1, None, None, "x", 5, 6, 7, 8, 9, None]
    invalid = [entry["id"] for entry in found if entry["status"] == "invalid"]
    assert invalid == [None, None, "x", 5, 9, None]
    assert all(entry["error"] for entry in found if entry["status"] == "invalid")


@pytest.mark.parametrize("harm", ["manifest", "byte", "missing"])
def test_a_harmed_corpus(shell: Shell, small_corpus: Path, harm: str) -> None:
    """One sentence and exit code 2; the last good index answers when it is asked to."""
    assert shell("index", "build").returncode == 0
    source = small_corpus / "sources" / "meeting.txt"
    if harm == "manifest":
        (small_corpus / "manifest.toml").write_text("[[document", encoding="utf-8")
    elif harm == "byte":
        source.write_text(source.read_text(encoding="utf-8") + "。", encoding="utf-8")
    else:
        source.unlink()
    done = shell("ask", "第三条")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert shell("ask", "--last-good", "第三条").returncode == 0


def test_index_commands(shell: Shell) -> None:
    """Status tells whether the index is there; prune keeps the current one."""
    assert shell("index", "status").returncode == 1
    assert shell("index", "build").returncode == 0
    assert shell("index", "status").returncode == 0
    assert shell("index", "prune").returncode == 0
    assert shell("index", "status").returncode == 0


def test_show_search_corpus(shell: Shell) -> None:
    """A place is shown by locator and by name; an unknown one is exit code 2 with the valid range."""
    assert "提前2个工作日" in shell("show", "meeting-rules#3").stdout
    assert "提前2个工作日" in shell("show", "第三条").stdout
    unknown = shell("show", "第六十条")
    assert unknown.returncode == 2
    assert "第一条至第五条" in unknown.stderr
    assert "meeting-rules#3" in {row["locator"] for row in json.loads(shell("search", "--json", "会议请假").stdout)[:3]}
    assert "某市会议管理办法" in shell("corpus").stdout
    assert "meeting-rules#4.2" in shell("corpus", "meeting-rules").stdout


def test_chat(shell: Shell) -> None:
    """A conversation from a pipe: a question, a place, another topic, the end."""
    done = shell("chat", stdin="会议请假要提前几天说?\n/show 第二条\n/new\n/nonsense\n/quit\n")
    assert done.returncode == 0, done.stderr
    assert "第三条" in done.stdout
    assert "每周召开一次" in done.stdout


@pytest.mark.parametrize("command", [[], ["ask"], ["chat"], ["search"], ["show"], ["corpus"], ["index", "build"]])
def test_help(shell: Shell, command: list[str]) -> None:
    """Every command has help in Chinese, with an example."""
    done = shell(*command, "--help")
    assert done.returncode == 0
    assert "例" in done.stdout or not command
