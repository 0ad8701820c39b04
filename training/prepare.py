"""Labelled questions → what the reader is trained with: token ids, labels by sentence, and the nearest windows of each question.

    python -m training.prepare ../shared/data/training PREPARED.pkl

The folder holds other people's texts and our questions on them (texts.json, texts/, questions.jsonl); ``shipped/`` beside this file
holds the questions on the three shipped documents. Documents are split by the hands that wrote on them: DEV is looked at, ASIDE is
only counted, by ``python -m evals.bench.unseen``.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evals.texts import read_collection, read_document
from rag.documents.passages import split_passages
from rag.documents.sources import read_corpus
from rag.documents.windows import readable
from rag.language.numerals import to_chinese
from rag.language.text import squeeze
from rag.records import Document, Locator
from rag.search.embedding import Vocabulary, load_words
from rag.search.index import texts_to_embed
from rag.search.lexical import Lexicon, tokenize
from rag.search.retrieve import LEXICAL
from rag.search.snapshot import Snapshot, read_snapshot
from training.model import Encoder, embed, word_table
from training.shipped_questions import SHIPPED, left_open, sentence_of
from training.splits import ASIDE, DEV

LIBRARIES = 7
"""Libraries that the training documents are dealt into; the shipped ones stand in three of them."""

NEAR, LEAST = 16, 6
"""Windows kept for a question; characters from which a piece of a sentence counts as the sentence."""

_HERE = Path(__file__).parent


def main() -> None:
    """Prepare the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--data", type=Path, default=Path("build/training"))
    args = parser.parse_args()
    torch.set_num_threads(2)
    args.target.write_bytes(pickle.dumps(prepare(args.folder, args.data)))


def prepare(folder: Path, data: Path) -> dict[str, Any]:
    """Everything that training.train reads."""
    own = read_snapshot(read_corpus(_HERE.parent / "corpus"))
    laws, asked = _lay(folder)
    documents = (*read_collection(folder).documents, *laws, *own.documents)
    taken = Snapshot(documents, split_passages(documents))
    vocabulary, words = load_words(data)
    encoder, table = Encoder().to(torch.bfloat16), word_table(words)
    finder = _Finder(taken, vocabulary, encoder, table)
    questions = [json.loads(line) for line in (folder / "questions.jsonl").open(encoding="utf-8")]
    split = _split(questions, taken, {document.entry.id for document in own.documents})
    items = [*_items(questions, taken, split), *_laid(asked, taken), *_shipped(taken)]
    libraries = _libraries(taken, split)
    items = [item for item in items if item["doc"] is not None and (not item["ans"] or any(item["parts"]))]
    finder.find(items, libraries)
    names = [[d.entry.title, d.entry.short_title, *d.entry.aliases] for d in documents]
    frames = ("《{}》", "按{}，", "{}里")

    def cut(texts: Sequence[str]) -> list[list[int]]:
        return [ids[1:-1] for start in range(0, len(texts), 2000) for ids in vocabulary.encode(texts[start : start + 2000])]

    said = [readable(taken.passages[o], s.text) for s, o in zip(taken.sentences, taken.owners, strict=True)]
    before = sorted({text for item in items for text in item["h"]})
    for item, ids in zip(items, cut([item["q"] for item in items]), strict=True):
        item["qt"] = ids
    return {
        "items": items, "st": cut(said), "lt": cut([window.lead for window in taken.windows]),
        "ht": dict(zip(before, cut(before), strict=True)),
        "tt": [cut([frame.format(name) for name in dict.fromkeys(called) for frame in frames]) for called in names],
        "wins": [(window.sentences.start, window.sentences.stop) for window in taken.windows],
        "doc_of_win": finder.document_of, "own": [i for i, d in enumerate(documents) if split[d.entry.id] == "own"],
    }  # fmt: skip


def _split(questions: Sequence[dict[str, Any]], taken: Snapshot, own: set[str]) -> dict[str, str]:
    """Which part each document belongs to, by the hand 1–16 that wrote on it."""
    hands = {x["document"].partition(".")[0]: x["hand"] for x in questions if isinstance(x["hand"], int)}
    names = {hand: name for name, some in (("dev", DEV), ("test", ASIDE)) for hand in some}
    return {d.entry.id: "own" if d.entry.id in own else names.get(hands.get(d.entry.id), "train") for d in taken.documents}


def _items(questions: Sequence[dict[str, Any]], taken: Snapshot, split: dict[str, str]) -> Iterator[dict[str, Any]]:
    position = {document.entry.id: i for i, document in enumerate(taken.documents)}
    said: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for i, (sentence, owner) in enumerate(zip(taken.sentences, taken.owners, strict=True)):
        said[taken.passages[owner].locator.document].append((i, squeeze(sentence.text)))
    for x in questions:
        name = x["document"].partition(".")[0]
        parts = [sorted({i for answer in part for i, text in said[name] if _same(squeeze(answer), text)}) for part in x["answers"]]
        yield {
            "id": x["id"], "hand": str(x["hand"]), "doc": position.get(name), "split": split.get(name), "kind": x["kind"],
            "q": x["question"], "h": x["history"], "ans": x["answerable"], "parts": parts, "twin": x["twin"],
        }  # fmt: skip


def _lay(folder: Path) -> tuple[list[Document], list[tuple[str, list[tuple[str, int]]]]]:
    """Lay questions name whole articles: a document a law of the articles that some question needs, numbered anew, and what each asks."""
    lines = [json.loads(line) for line in (folder / "lay-questions.jsonl").open(encoding="utf-8")]
    laws: dict[str, dict[str, str]] = defaultdict(dict)
    for x in lines:
        for article in x["articles"]:
            laws[article["law"]].setdefault(article["article"], article["text"])
    documents, numbers = [], {}
    for k, (law, articles) in enumerate(laws.items()):
        text = "\n".join(f"第{to_chinese(i)}条 {text}" for i, text in enumerate(articles.values(), 1))
        document = read_document(f"lay{k}", law, text, "statutes") if len(articles) > 2 else None
        if document is not None:
            documents.append(document)
            numbers |= {(law, name): (document.entry.id, i) for i, name in enumerate(articles, 1)}
    asked = []
    for x in lines:
        places = [numbers.get((article["law"], article["article"])) for article in x["articles"]]
        if None not in places:
            asked.append((x["query"], [place for place in places if place is not None]))
    return documents, asked


def _laid(asked: Sequence[tuple[str, list[tuple[str, int]]]], taken: Snapshot) -> Iterator[dict[str, Any]]:
    """Each lay question with all sentences of its articles; which of them answers isn't known (``loose``)."""
    position = {document.entry.id: i for i, document in enumerate(taken.documents)}
    inside: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, owner in enumerate(taken.owners):
        unit = taken.passages[owner].unit
        if unit.document.startswith("lay") and unit.path and unit.path[0].isdigit():
            inside[unit.document, int(unit.path[0])].append(i)
    for k, (question, places) in enumerate(asked):
        parts = [inside[place] for place in places if inside[place]]
        yield {"id": f"lay/{k}", "hand": "lay", "doc": position[places[0][0]], "split": "train", "kind": "lay", "loose": True,
               "q": question, "h": [], "ans": True, "parts": parts, "twin": None}  # fmt: skip


def _same(answer: str, text: str) -> bool:
    return answer in text or (len(text) >= LEAST and text in answer)


def _shipped(taken: Snapshot) -> Iterator[dict[str, Any]]:
    """The questions on the shipped documents: each with the sentence that answers it, or as a near miss."""
    position = {document.entry.id: i for i, document in enumerate(taken.documents)}
    plain = {"hand": "own", "split": "own", "h": [], "twin": None}
    for path in sorted((SHIPPED / "questions").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            sentence = sentence_of(Locator.parse(entry["locator"]), squeeze(entry["quote"]), taken)
            for k, question in enumerate(entry["questions"]):
                number = f"{entry['locator']}/{sentence}/{k}"
                yield {**plain, "id": number, "doc": position[taken.passages[taken.owners[sentence]].locator.document], "kind": "single",
                       "q": question, "ans": True, "parts": [[sentence]]}  # fmt: skip
    for k, question in enumerate(left_open()):
        yield {**plain, "id": f"open/{k}", "doc": position["work-rules"], "kind": "unanswerable", "q": question, "ans": False, "parts": []}


def _libraries(taken: Snapshot, split: dict[str, str]) -> list[set[int]]:
    """Positions of the documents that are searched together."""
    by_split: dict[str, list[int]] = defaultdict(list)
    for i, document in enumerate(taken.documents):
        by_split[split[document.entry.id]].append(i)
    dealt = by_split["train"]
    random.Random(5).shuffle(dealt)
    own = by_split["own"]
    found = [{*dealt[k::LIBRARIES], *(own if k < 3 else ())} for k in range(LIBRARIES)]
    return [*found, {*by_split["dev"], *own}, {*by_split["test"], *own}, set(own)]


class _Finder:
    """Finds windows for thousands of questions as rag.search.retrieve does, but without vectors of sentences: they cost as much again."""

    def __init__(self, taken: Snapshot, vocabulary: Vocabulary, encoder: Encoder, table: torch.Tensor) -> None:
        self._vocabulary, self._encoder, self._table = vocabulary, encoder, table
        windows, _ = texts_to_embed(taken)
        self._lexicon = Lexicon.build(windows)
        self._windows = self._embed(windows, "passage")
        position = {document.entry.id: i for i, document in enumerate(taken.documents)}
        self.document_of = np.array([position[window.unit.document] for window in taken.windows])

    def _embed(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        ids = []
        for start in range(0, len(texts), 2000):
            ids += self._vocabulary.encode([f"{prefix}: {text}" for text in texts[start : start + 2000]])
        return embed(self._encoder, self._table, ids)

    def find(self, items: Sequence[dict[str, Any]], libraries: Sequence[set[int]]) -> None:
        """Give every item its nearest windows within a library of its document, with their scores, best first."""
        texts = [item["q"] for item in items]
        joined = [" ".join([*item["h"][-2:], item["q"]]) for item in items]
        every = sorted({*texts, *joined})
        vectors = dict(zip(every, self._embed(every, "query"), strict=True))
        for k, item in enumerate(items):
            homes = [library for library in libraries if item["doc"] in library]
            inside = np.isin(self.document_of, list(homes[k % len(homes)] if k % 4 == 0 else homes[-1]))
            scores = self._scores(vectors[texts[k]], texts[k])
            if item["h"]:
                scores = np.maximum(scores, self._scores(vectors[joined[k]], joined[k]))
            scores = np.where(inside, scores, -9)
            best = np.argsort(-scores)[:NEAR]
            item["cand"] = [(int(w), float(scores[w])) for w in best if inside[w]]

    def _scores(self, vector: np.ndarray, text: str) -> np.ndarray:
        return 2 * (self._windows @ vector) + LEXICAL * self._lexicon.scores(list(dict.fromkeys(tokenize(text))))


if __name__ == "__main__":
    main()
