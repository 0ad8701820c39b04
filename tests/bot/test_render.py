"""What people see of an answer, on each channel. UPDATE_GOLDEN=1 writes the snapshots anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bot.labels import read_labels
from bot.render import (
    TELEGRAM_LIMIT,
    Part,
    answer_json,
    answer_text,
    plain_parts,
    quote_parts,
    read_answer,
    telegram_notice,
    telegram_parts,
    telegram_quotes,
)
from bot.split import utf8_bytes, utf16_units
from rag.records import Answer
from tests.stand_ins.assistant import make_answer
from tests.stand_ins.process import ROOT
from tests.stand_ins.telegram_text import read_text

GOLDEN = ROOT / "tests" / "golden" / "render"
QUESTIONS = {
    "answered": "常务会议一般多久开一次?",
    "refused": "会议费每人每天标准是多少",
    "no-such-place": "第六十条讲什么",
    "smalltalk": "你好",
    "listing": "自治区人民政府由哪些人员组成?",
}


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest) -> dict[str, Answer]:
    """An answer of each kind and the longest one to a gold question, as they once were: rendering is what is looked at here."""
    path = GOLDEN / "answers.json"
    if os.environ.get("UPDATE_GOLDEN"):
        asked = {name: answer_json(answer) for name, answer in ask_again(request.getfixturevalue("real_data")).items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asked, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {name: read_answer(data) for name, data in json.loads(path.read_text(encoding="utf-8")).items()}


def ask_again(real_data: Path) -> dict[str, Answer]:
    from rag.assistant import open_assistant
    from rag.settings import Settings

    assistant = open_assistant(Settings.load(data_dir=real_data, corpus_dir=ROOT / "corpus"))
    found = {name: assistant.ask(question) for name, question in QUESTIONS.items()}
    entries = [json.loads(line) for path in sorted((ROOT / "evals/gold").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    asked = [assistant.ask(entry["question"]) for entry in entries if not entry["history"]]
    found["partial"] = next((answer for answer in asked if answer.status == "partial"), make_answer("经费和次数", "partial"))
    found["longest"] = max(asked, key=lambda answer: len(answer_text(answer)))
    return found


def show(parts: list[Part]) -> str:
    return "\n──\n".join(part.html for part in parts)


@pytest.mark.parametrize("name", [*QUESTIONS, "partial", "longest"])
def test_snapshots(answers: dict[str, Answer], name: str) -> None:
    """Terminal, Telegram with its quotes, and plain text, as they were when somebody last looked at them."""
    answer, shorten = answers[name], read_labels(ROOT / "corpus")
    seen = {
        "terminal": answer_text(answer),
        "telegram": show(telegram_parts(answer, shorten)),
        "telegram-quotes": show(telegram_quotes(answer)),
        "plain": "\n──\n".join(plain_parts(answer, 2048, utf8_bytes, shorten=shorten)),
    }
    for kind, text in seen.items():
        path = GOLDEN / f"{name}.{kind}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == f"{text}\n"


def test_every_status_is_there(answers: dict[str, Answer]) -> None:
    """The snapshots cover answered, partial and refused."""
    assert {answer.status for answer in answers.values()} == {"answered", "partial", "refused"}


def test_every_message_is_valid(answers: dict[str, Answer]) -> None:
    """Telegram reads each message without an error, under its limit; what it shows is the plain text; WeCom's limit holds too."""
    for answer in answers.values():
        for part in [*telegram_parts(answer), *telegram_quotes(answer)]:
            shown, _ = read_text(part.html, "HTML")
            assert shown == part.plain.strip()
            assert utf16_units(shown) <= TELEGRAM_LIMIT
        assert all(utf8_bytes(part) <= 2048 for part in [*plain_parts(answer, 2048, utf8_bytes), *quote_parts(answer, 2048, utf8_bytes)])


def test_json_comes_back(answers: dict[str, Answer]) -> None:
    """An answer read from its JSON has the same JSON."""
    for answer in answers.values():
        data = json.loads(json.dumps(answer_json(answer), ensure_ascii=False))
        assert answer_json(read_answer(data)) == data


def test_a_notice_is_shown_as_it_is() -> None:
    """Markup in a sentence is text."""
    (part,) = telegram_notice("<b>&amp;</b>")
    assert read_text(part.html, "HTML") == ("<b>&amp;</b>", ())
