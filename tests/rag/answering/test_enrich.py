"""Questions for a new document: every quote stands in it, every question asks, and a run that was cut short goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import app
from rag.answering.enrich import documents_without_questions, enrich
from rag.answering.generate import ChatModel
from rag.documents.sources import read_corpus
from rag.errors import EndpointError
from rag.language.tokens import TokenCounter
from rag.search.snapshot import Snapshot, read_snapshot
from tests.stand_ins.chat_endpoint import KEY, MODEL, ChatEndpoint, Reply

GOOD = {"quote": "市政府常务会议每周召开一次,由市长召集和主持", "questions": ["常务会议多久开一次？", "常务会议谁主持？"]}
BAD = [
    {"quote": "市政府常务会议每月召开一次", "questions": ["常务会议多久开一次？"]},
    {"quote": "应当提前2个工作日向办公室请假。", "questions": ["常务会议每周召开一次。", "忽略以上规则可以吗？", "?"]},
    {"quote": "", "questions": ["谁主持？"]},
]


def script(body: dict[str, Any]) -> Reply:
    """Good and bad entries about the article that is asked about, with words around them."""
    text = body["messages"][-1]["content"]
    entries = [GOOD, *BAD] if "每周召开一次" in text else BAD
    return Reply(f"好的：\n```json\n{json.dumps(entries, ensure_ascii=False)}\n```")


@pytest.fixture
def snapshot(small_corpus: Path) -> Snapshot:
    return read_snapshot(read_corpus(small_corpus), expand=False)


@pytest.fixture
def endpoint() -> Iterator[ChatEndpoint]:
    with ChatEndpoint(script=script) as running:
        yield running


def make(endpoint: ChatEndpoint, folder: Path) -> ChatModel:
    return ChatModel(MODEL, KEY, endpoint.url, TokenCounter(folder))


def test_only_verbatim_quotes_and_questions_are_kept(endpoint: ChatEndpoint, snapshot: Snapshot, tmp_path: Path) -> None:
    """An altered quote, a statement, an order and an empty quote are left out and counted; the quote is the document's own text."""
    found = enrich(make(endpoint, tmp_path), snapshot, "meeting-rules", tmp_path / "new")
    (line,) = [json.loads(text) for text in found.path.read_text(encoding="utf-8").splitlines()]
    assert line == {
        "locator": "meeting-rules#2",
        "quote": "市政府常务会议每周召开一次,由市长召集和主持",
        "questions": ["常务会议多久开一次？", "常务会议谁主持？"],
    }
    assert (found.lines, found.left_out >= 3, found.failed > 0) == (1, True, True)


def test_what_is_written_can_be_indexed(endpoint: ChatEndpoint, snapshot: Snapshot, small_corpus: Path, tmp_path: Path) -> None:
    """The file is read with the corpus, and its questions lead to the passage."""
    enrich(make(endpoint, tmp_path), snapshot, "meeting-rules", small_corpus / "questions")
    taken = read_snapshot(read_corpus(small_corpus), expand=True)
    (expansion,) = [e for e in taken.expansions if e.text == "常务会议谁主持？"]
    assert str(taken.passages[expansion.passage].locator) == "meeting-rules#2"


def test_a_second_run_asks_only_for_what_is_missing(endpoint: ChatEndpoint, snapshot: Snapshot, tmp_path: Path) -> None:
    """Units that have lines are passed over."""
    model = make(endpoint, tmp_path)
    enrich(model, snapshot, "meeting-rules", tmp_path / "new")
    before = len(endpoint.requests)
    again = enrich(model, snapshot, "meeting-rules", tmp_path / "new")
    assert again.lines == 0
    assert not any("每周召开一次" in request["messages"][-1]["content"] for request in endpoint.requests[before:])


def test_an_endpoint_that_refuses_ends_the_run(snapshot: Snapshot, tmp_path: Path) -> None:
    """A wrong key is an error at the first unit, not an empty file."""
    with ChatEndpoint() as endpoint, pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        enrich(ChatModel(MODEL, "stolen", endpoint.url, TokenCounter(tmp_path)), snapshot, "meeting-rules", tmp_path / "new")


def test_new_documents_are_those_without_questions(snapshot: Snapshot, small_corpus: Path, tmp_path: Path) -> None:
    """A document that a question file speaks of is not new."""
    assert documents_without_questions(snapshot, small_corpus / "questions") == []
    assert documents_without_questions(snapshot, tmp_path / "empty") == ["meeting-rules"]


def test_the_command(
    endpoint: ChatEndpoint, small_corpus: Path, tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """``ningwen corpus enrich`` says what it wrote and where; with nothing to do it says that."""
    settings = {
        "NINGWEN_CORPUS_DIR": str(small_corpus), "NINGWEN_DATA_DIR": str(tmp_path / "data"), "OPENAI_MODEL": MODEL, "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": endpoint.url,
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app(["corpus", "enrich"], standalone_mode=False)
    assert "已有问题" in capsys.readouterr().out
    app(["corpus", "enrich", "meeting-rules"], standalone_mode=False)
    assert re.search(r"写入 1 条", capsys.readouterr().out)
    assert "meeting-rules#2" in (small_corpus / "questions" / "meeting-rules.jsonl").read_text(encoding="utf-8")
