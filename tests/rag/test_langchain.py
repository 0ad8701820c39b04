"""The stages as LangChain objects: any chat model can be put behind the same retrieval and in front of the same checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage

from rag.assistant import Assistant
from rag.langchain import NingwenEmbeddings, NingwenRetriever, answer_chain, verified_chain
from rag.language.tokens import TokenCounter
from tests.stand_ins.reader import with_script

LEAVE = "会议请假要提前几天?"
SCRIPT = {
    LEAVE: {"提前2个工作日": 4.0},
    "要提前几天?": {},
    "会议请假找谁?→要提前几天?": {"提前2个工作日": 4.0},
}


@pytest.fixture
def assistant(small_assistant: Assistant) -> Assistant:
    return with_script(small_assistant, SCRIPT)


class Scripted(GenericFakeChatModel):
    """A chat model that writes a given text with the key of the first passage in place of ``{}``."""

    text: str = ""
    seen: list[Any] = []  # noqa: RUF012 (a field of the model)

    def _generate(self, messages: list[BaseMessage], *rest: Any, **options: Any) -> Any:
        self.seen.append(messages)
        key = re.findall(r'键="(\w+)"', str(messages[-1].content))[0]
        self.messages = iter([AIMessage(self.text.replace("{}", key))])
        return super()._generate(messages, *rest, **options)


def model(text: str) -> Scripted:
    nothing: Iterator[AIMessage] = iter(())
    return Scripted(messages=nothing, text=text, seen=[])


def test_a_chat_model_of_anybodys(assistant: Assistant, tmp_path: Path) -> None:
    """Its words are checked and cited as in the assistant's own mode; history is understood."""
    chain = verified_chain(assistant, model("参会人员不能到会的，要提前2个工作日请假。[{}]"), TokenCounter(tmp_path))
    for entry in (LEAVE, {"question": "要提前几天?", "history": [{"question": "会议请假找谁?"}]}):
        answer = chain.invoke(entry)
        assert (answer.mode, str(answer.citations[0].locator)) == ("generated", "meeting-rules#3")


def test_its_mistakes_are_not_shown(assistant: Assistant, tmp_path: Path) -> None:
    """A wrong figure gives way to the extract."""
    answer = verified_chain(assistant, model("要提前5个工作日请假。[{}]"), TokenCounter(tmp_path)).invoke(LEAVE)
    assert answer.mode == "extractive"
    assert "2个工作日" in answer.answer
    assert answer.writing is not None
    assert answer.writing.dropped == ("figure: 5工作日",)


def test_a_refusal_passes_the_model_by(assistant: Assistant, tmp_path: Path) -> None:
    """Where nothing can be answered, nothing is sent."""
    chat = model("要提前2个工作日请假。[{}]")
    assert verified_chain(assistant, chat, TokenCounter(tmp_path)).invoke("你好").status == "refused"
    assert chat.seen == []


def test_embeddings_retriever_and_chain(assistant: Assistant) -> None:
    """The embedder, the retrieval and the whole assistant in LangChain's terms."""
    embeddings = NingwenEmbeddings(assistant.embedder)
    assert len(embeddings.embed_query("请假")) == len(embeddings.embed_documents(["请假"])[0])
    (best, *_) = NingwenRetriever(assistant=assistant, k=2).invoke(LEAVE)
    assert best.metadata["locator"] == "meeting-rules#3"
    assert answer_chain(assistant).invoke(LEAVE).status == "answered"
