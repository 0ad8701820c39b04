"""The same stages as LangChain objects: Embeddings, a BaseRetriever and LCEL chains question → Answer.

Imported by whoever builds on LangChain; the terminal's path never comes here (LangChain costs a second to import).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBranch, RunnableLambda, RunnablePassthrough
from pydantic import ConfigDict

from rag.answering.generation import answered_part, make_answer, may_improve
from rag.answering.prompting import Prompt, build_prompt
from rag.answering.write import read_reply
from rag.assistant import Assistant
from rag.language.locators import render_label
from rag.language.tokens import TokenCounter
from rag.records import Answer, Turn
from rag.search.embedding import Embedder


class NingwenEmbeddings(Embeddings):
    """An Embedder as LangChain's Embeddings; vectors are unit length."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text, as passages are embedded."""
        return [[float(x) for x in row] for row in self._embedder.embed_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return [float(x) for x in self._embedder.embed_query(text)]


class NingwenRetriever(BaseRetriever):
    """The assistant's retrieval as a LangChain retriever: a Document for each hit's best passage."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    k: int = 5

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[LangChainDocument]:
        taken = self.assistant.index.snapshot
        documents = []
        for hit in self.assistant.search(query)[1][: self.k]:
            if not hit.passages:
                continue
            passage = taken.passages[hit.passages[0]]
            entry = taken.by_id[passage.locator.document].entry
            metadata = {
                "locator": str(passage.locator),
                "label": render_label(entry, passage.locator),
                "breadcrumb": passage.breadcrumb,
                "year": passage.year,
                "status": entry.status,
                "score": hit.score,
                "found_by": hit.found_by,
            }
            documents.append(LangChainDocument(page_content=passage.text, metadata=metadata))
        return documents


Entry = str | Mapping[str, Any]
"""A question, or {"question": …, "history": [Turn or {"question", "answer"}]}."""


def answer_chain(assistant: Assistant) -> Runnable[Entry, Answer]:
    """Entry → Answer, in the assistant's own mode."""

    def answer(entry: Entry) -> Answer:
        return assistant.ask(*_question(entry))

    return RunnableLambda(answer).with_config(run_name="ningwen")


def verified_chain(
    assistant: Assistant, model: BaseChatModel, counter: TokenCounter, *, max_prompt_tokens: int = 1600
) -> Runnable[Entry, Answer]:
    """Entry → Answer written by any LangChain chat model: retrieve | prompt | model | verify.

    Nothing is shown that the passages do not carry: the extract, marked as one, takes the place of such a reply. A
    refusal, and places that code looks up, pass the model by. Retries, time limits and fallbacks are the model's own
    (``model.with_retry()``, ``chain.with_fallbacks()``); the assistant's own mode has them built in.
    """
    snapshot = assistant.index.snapshot

    def retrieve(entry: Entry) -> dict[str, Any]:
        query, extract = assistant.extract(*_question(entry))
        return {"query": query, "extract": extract}

    def prompt(state: dict[str, Any]) -> Prompt:
        part = answered_part(state["query"], state["extract"])
        return build_prompt(part, state["extract"].hits, snapshot, counter, max_tokens=max_prompt_tokens)

    def messages(state: dict[str, Any]) -> list[tuple[str, str]]:
        return list(state["prompt"].messages)

    def verify(state: dict[str, Any]) -> Answer:
        written = read_reply(state["reply"], state["prompt"], state["query"], snapshot, model.get_name())
        return make_answer(state["query"], state["extract"], written, snapshot)

    def passes_by(state: dict[str, Any]) -> bool:
        return not may_improve(state["query"], state["extract"], snapshot)

    reply = RunnableLambda(messages) | model | StrOutputParser()
    written = RunnablePassthrough.assign(prompt=RunnableLambda(prompt)) | RunnablePassthrough.assign(reply=reply) | RunnableLambda(verify)
    chain = RunnableLambda(retrieve) | RunnableBranch((passes_by, RunnableLambda(lambda state: state["extract"])), written)
    return chain.with_config(run_name="ningwen")


def _question(entry: Entry) -> tuple[str, list[Turn]]:
    if isinstance(entry, str):
        return entry, []
    return str(entry["question"]), _turns(entry.get("history") or ())


def _turns(history: Sequence[Turn | Mapping[str, Any]]) -> list[Turn]:
    return [t if isinstance(t, Turn) else Turn(str(t["question"]), t.get("answer")) for t in history]
