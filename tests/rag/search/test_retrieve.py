"""Readings → the windows that may answer them: found by meaning and by words, within the documents that are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.documents.sources import read_corpus
from rag.records import Candidate, Locator, Reading
from rag.search.embedding import E5Embedder
from rag.search.index import Index, build_index, open_named
from rag.search.retrieve import LEXICAL, Retriever
from tests.stand_ins.library import two_documents

LEAVE = "参会人员请假要提前几天?"


class Counting:
    """An embedder that remembers what it was asked to embed."""

    def __init__(self, embedder: E5Embedder) -> None:
        self._embedder = embedder
        self.asked: list[list[str]] = []

    def embed_passages(self, texts: Sequence[str], *rest: Any, **named: Any) -> Any:
        self.asked.append(list(texts))
        return self._embedder.embed_passages(texts, *rest, **named)


@pytest.fixture(scope="module")
def index(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("retrieve")
    (folder / "model").symlink_to(model_dir / "model")
    name = build_index(read_corpus(two_documents(folder / "corpus")), E5Embedder(folder), folder)
    return open_named(name, folder)


@pytest.fixture
def embedder(model_dir: Path) -> Counting:
    return Counting(E5Embedder(model_dir))


@pytest.fixture
def retriever(index: Index, embedder: Counting) -> Retriever:
    return Retriever(index, embedder)  # type: ignore[arg-type]


def reading(text: str, **named: Any) -> Reading:
    return Reading(text, named.pop("said", text), **named)


def units(candidates: Sequence[Candidate], index: Index) -> list[str]:
    return [str(index.snapshot.windows[candidate.window].unit) for candidate in candidates]


@pytest.mark.parametrize(
    ("question", "unit"),
    [(LEAVE, "meeting-rules#2"), ("一年能歇多少天", "leave-rules#1"), ("纪要会后多久印发", "meeting-rules#3")],
)
def test_the_best_candidate_answers(retriever: Retriever, index: Index, question: str, unit: str) -> None:
    """Best first, each window once, every window where there are few."""
    (found,) = retriever.retrieve([reading(question)], 20)
    assert units(found, index)[0] == unit
    assert sorted(candidate.window for candidate in found) == list(range(len(index.snapshot.windows)))
    assert [candidate.score for candidate in found] == sorted((candidate.score for candidate in found), reverse=True)


def test_a_candidate_says_how_it_was_found(retriever: Retriever, index: Index) -> None:
    """Its score is fused of its own likeness, its nearest sentence's and its words."""
    (found,) = retriever.retrieve([reading(LEAVE)], 20)
    for candidate in found:
        assert candidate.score == pytest.approx(candidate.cosine + candidate.sentence + LEXICAL * candidate.lexical)
    assert found[0].lexical == max(candidate.lexical for candidate in found) > 0


def test_a_named_document_is_the_only_one_searched(retriever: Retriever, index: Index) -> None:
    """However near another document is; two that are named are both searched."""
    one, both = retriever.retrieve(
        [reading(LEAVE, documents=("leave-rules",)), reading(LEAVE, documents=("leave-rules", "meeting-rules"))], 20
    )
    assert {unit.partition("#")[0] for unit in units(one, index)} == {"leave-rules"}
    assert units(both, index)[0] == "meeting-rules#2"


def test_all_readings_are_embedded_in_one_batch(retriever: Retriever, embedder: Counting) -> None:
    """What is asked, without the names of documents and places, after what was asked before; candidates come in the same order."""
    readings = [
        reading("工作人员休假规定里一年多少天", said="里一年多少天", documents=("leave-rules",)),
        reading("那纪要呢", before=LEAVE),
        reading("第一条", said=""),
    ]
    found = retriever.retrieve(readings, 3)
    assert embedder.asked == [["里一年多少天", f"{LEAVE} 那纪要呢", "第一条"]]
    assert [len(candidates) for candidates in found] == [3, 3, 3]
    assert [candidates[0].window for candidates in found] == [retriever.retrieve([r], 1)[0][0].window for r in readings]


def test_no_more_than_asked_for(retriever: Retriever) -> None:
    """The best ``count`` of them."""
    (every,) = retriever.retrieve([reading(LEAVE)], 20)
    (few,) = retriever.retrieve([reading(LEAVE)], 2)
    assert few == every[:2]


@pytest.mark.parametrize("text", ["?", "abc", "😀", "会" * 2000])
def test_any_text_finds_something(retriever: Retriever, text: str) -> None:
    """What no window has a word of is found by meaning alone; whether it answers is not said here."""
    (found,) = retriever.retrieve([reading(text)], 5)
    assert len(found) == 5


def test_hits_are_units_with_their_passages(retriever: Retriever, index: Index) -> None:
    """Each unit once, in the order of its best candidate, with the passages of its windows and what found it."""
    (found,) = retriever.retrieve([reading(LEAVE)], 20)
    hits = retriever.hits(found)
    assert [str(hit.unit) for hit in hits] == list(dict.fromkeys(units(found, index)))
    taken = index.snapshot
    for hit in hits:
        assert {taken.passages[i].unit for i in hit.passages} == {hit.unit}
    (third,) = (hit for hit in hits if hit.unit == Locator.parse("meeting-rules#3"))
    assert [taken.passages[i].locator.path for i in third.passages] == [("3",), ("3", "1"), ("3", "2")]
    assert set(hits[0].found_by) == {"window", "sentence", "lexical"}
