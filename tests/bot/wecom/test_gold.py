"""The gold questions by each way: what arrives is what ``ningwen ask --jsonl`` prints, whole."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import texts
from bot.labels import read_labels
from bot.render import footer_text, read_answer
from bot.store import Store
from rag.assistant import Assistant, open_assistant
from rag.settings import Settings
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("gold")]
Open = Callable[..., Any]
EVERY = 30


def questions() -> list[str]:
    """A sample of the gold questions that stand alone."""
    found: list[str] = []
    for path in sorted((ROOT / "evals" / "gold").glob("*.jsonl")):
        entries = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        found += [entry["question"] for entry in entries if not entry["history"]]
    return list(dict.fromkeys(found))[::EVERY]


@pytest.fixture(scope="module")
def printed(real_data: Path) -> dict[str, dict[str, Any]]:
    """What the terminal prints, by question."""
    lines = "".join(json.dumps({"id": number, "question": question}) + "\n" for number, question in enumerate(questions()))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NINGWEN_", "OPENAI_", "CHROMA_"))}
    environment = {**kept, "NINGWEN_DATA_DIR": str(real_data), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from bot.cli import main; main()", "ask", "--jsonl"]
    done = subprocess.run(command, input=lines, env=environment, cwd="/", capture_output=True, text=True, encoding="utf-8", check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {answer["question"]: answer for answer in answers}


@pytest.fixture(scope="module")
def assistant(real_data: Path) -> Assistant:
    return open_assistant(Settings.load(data_dir=real_data))


def plain(markdown: str) -> str:
    """What a reader of markdown sees, but for bold and quotes."""
    return re.sub(r"\\([\\*_`<~|\[\]#>+-])", r"\1", markdown)


def read_bot_message(text: str) -> list[tuple[int, str, str]]:
    """Number, label and words of each place in a message of the bot."""
    found = re.findall(r"^\*\*【(\d+)】(.+?)\*\*\n((?:> ?.*(?:\n|$))+)", text, re.MULTILINE)
    return [
        (int(number), plain(label), plain(re.sub(r"^> ?", "", words, flags=re.MULTILINE).rstrip("\n"))) for number, label, words in found
    ]


def cited(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(c["n"], c["label"], "\n".join(c["quote"].splitlines())) for c in answer["citations"]]


async def test_by_the_app(sqlite_store: Store, scene: Open, assistant: Assistant, printed: dict[str, dict[str, Any]]) -> None:
    """Status and places in the audit, the footer whole under the text, the words behind the button."""
    shorten = read_labels(ROOT / "corpus")
    async with scene(sqlite_store, assistant) as s:
        await asyncio.gather(*[s.app.say(f"u{number}", question) for number, question in enumerate(printed)])
        entries = {entry.question: entry for entry in await s.settled(len(printed), 120)}
        for number, (question, answer) in enumerate(printed.items()):
            user = f"u{number}"
            assert entries[question].status == answer["status"], question
            assert list(entries[question].locators) == [c["locator"] for c in answer["citations"]], question
            shown = s.interface.texts(user)
            footer = footer_text(read_answer(answer), shorten)
            assert shown[-1].endswith(footer), question
            said = re.sub(r"\[(\d+)\]", r"【\1】", answer["answer"])
            assert re.sub(r"\s", "", said) in re.sub(r"\s", "", "".join(shown)), question
            if answer["citations"]:
                card = s.interface.to(user)[-1].card
                pressed = await s.app.deliver(s.app.event(user, "template_card_event", key="original", TaskId=card["task_id"]))
                assert pressed[-1].status == 200, question
        await asyncio.gather(*s.ways.app._sending)
        for number, (question, answer) in enumerate(printed.items()):
            words = re.sub(r"\s", "", "".join(s.interface.texts(f"u{number}")))
            assert all(re.sub(r"\s", "", f"【{n}】{label}{quote}") in words for n, label, quote in cited(answer)), question
        assert s.complaints() == []


@pytest.mark.parametrize("way", ["bot", "socket"])
async def test_by_the_bot(sqlite_store: Store, scene: Open, assistant: Assistant, printed: dict[str, dict[str, Any]], way: str) -> None:
    """Status and places in the audit; label and verbatim words of each place in the message."""
    async with scene(sqlite_store, assistant, connect=way == "socket") as s:
        if way == "bot":
            s.bot.every, s.bot.window = 0.3, 200
            shown = await asyncio.gather(*[s.bot.say(f"u{number}", question) for number, question in enumerate(printed)])
        else:
            shown = [await s.gateway.say(f"u{number}", question) for number, question in enumerate(printed)]
        entries = {entry.question: entry for entry in await s.settled(len(printed), 120)}
        whole = 0
        for one in shown:
            answer = printed[one.question]
            assert one.finished
            assert entries[one.question].status == answer["status"], one.question
            assert list(entries[one.question].locators) == [c["locator"] for c in answer["citations"]], one.question
            if texts.WECOM_SHORTENED in one.text:
                assert all(f"【{c['n']}】" in one.text for c in answer["citations"])
            else:
                assert read_bot_message(one.text) == cited(answer), one.question
                whole += 1
        assert whole >= len(printed) - 1
        assert s.complaints() == []
