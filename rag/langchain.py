"""The same stages as LangChain objects: Embeddings, a BaseRetriever and one LCEL chain question → Answer.

Imported by whoever builds on LangChain; the terminal's path never comes here (LangChain costs a second to import).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict

from rag.assistant import Assistant
from rag.language.locators import render_label
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


def answer_chain(assistant: Assistant) -> Runnable[str | Mapping[str, Any], Answer]:
    """An LCEL chain: a question, or {"question": …, "history": [Turn or {"question", "answer"}]} → Answer."""

    def answer(entry: str | Mapping[str, Any]) -> Answer:
        if isinstance(entry, str):
            return assistant.ask(entry)
        return assistant.ask(str(entry["question"]), _turns(entry.get("history") or ()))

    return RunnableLambda(answer).with_config(run_name="ningwen")


def _turns(history: Sequence[Turn | Mapping[str, Any]]) -> list[Turn]:
    return [t if isinstance(t, Turn) else Turn(str(t["question"]), t.get("answer")) for t in history]
