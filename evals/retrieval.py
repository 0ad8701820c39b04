"""The retriever on other people's questions: plain BM25, plain vectors and ours, side by side in one run.

A folder holds ``queries.jsonl`` (query, gold: ids of passages, perhaps an id) and ``corpus.jsonl`` (id, text,
perhaps a title). Plain BM25 and plain vectors see a text whole; ours cuts it into passages and sentences and fuses
their vectors with BM25 by the weights as shipped. What needs a document's structure or written questions is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.foreign import Matrix, Progress, Text, embed_cached, make_index, make_snapshot, read_lines, read_texts, texts_to_embed
from evals.records import Interval
from evals.score import SEED, interval, paired_difference
from rag.errors import InputError
from rag.records import Query
from rag.search.embedding import Embedder
from rag.search.lexical import Lexicon, tokenize
from rag.search.retrieve import Retriever

DEPTH = 10
METHODS = ("bm25", "vectors", "ours")
MEASURES = ("hit@1", "hit@5", "recall@5", "mrr@10", "ndcg@10")

Ranking = list[tuple[str, float]]
"""Ids of texts with scores, best first."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the ids of the texts that answer it."""

    id: str
    query: str
    gold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """Per method and measure the mean with its interval; ``gains`` is ours minus a plain method, paired."""

    queries: int
    texts: int
    means: dict[str, dict[str, Interval]]
    gains: dict[str, dict[str, Interval]]


def read_set(folder: Path, *, queries: int | None = None, texts: int | None = None) -> tuple[list[Question], list[Text]]:
    """Questions and texts of a folder, or a seeded sample: the gold of every sampled question stays in.

    Raises InputError when a file is missing or malformed, or a gold id is not in the corpus.
    """
    corpus = read_texts(folder / "corpus.jsonl")
    known = {text.id for text in corpus}
    asked = []
    for number, entry in read_lines(folder / "queries.jsonl", ("query", "gold")):
        gold = tuple(str(identity) for identity in entry["gold"])
        if missing := [identity for identity in gold if identity not in known]:
            raise InputError(f"数据文件 queries.jsonl 第 {number} 行的 {missing[0]} 不在 corpus.jsonl 里。")
        asked.append(Question(str(entry.get("id", number)), str(entry["query"]), gold))
    draw = np.random.default_rng(SEED)
    if queries is not None and queries < len(asked):
        asked = [asked[i] for i in sorted(draw.choice(len(asked), queries, replace=False))]
    if texts is not None and texts < len(corpus):
        needed = {identity for question in asked for identity in question.gold}
        others = [text.id for text in corpus if text.id not in needed]
        taken = draw.choice(len(others), min(max(texts - len(needed), 0), len(others)), replace=False)
        needed |= {others[i] for i in taken}
        corpus = [text for text in corpus if text.id in needed]
    return asked, corpus


def measure_retrieval(
    questions: Sequence[Question], texts: Sequence[Text], embedder: Embedder, cache: Path, on_progress: Progress | None = None
) -> RetrievalResult:
    """Rank the texts for every question by each method and compare. Raises InputError when there is nothing to rank."""
    if not questions or not texts:
        raise InputError("没有可评测的问题或文本。")
    rankers = _rankers(texts, embedder, cache, on_progress)
    values: dict[str, dict[str, list[float]]] = {}
    for method, rank in rankers.items():
        values[method] = _calculate(questions, {question.id: rank(question.query) for question in questions})
    means = {method: {m: interval(found) for m, found in of.items()} for method, of in values.items()}
    gains = {
        plain: {m: paired_difference(values[plain][m], values["ours"][m]) for m in MEASURES} for plain in METHODS if plain != "ours"
    }
    return RetrievalResult(len(questions), len(texts), means, gains)


def _rankers(
    texts: Sequence[Text], embedder: Embedder, cache: Path, on_progress: Progress | None
) -> dict[str, Callable[[str], Ranking]]:
    snapshot = make_snapshot(texts)
    wholes, pieces = [text.whole for text in texts], texts_to_embed(snapshot)
    vectors = embed_cached([*wholes, *pieces], embedder, cache, on_progress)
    flat = make_index(snapshot, vectors[len(wholes) :])
    once = _Remembering(embedder)
    retriever = Retriever(flat.index, once)
    lexicon = Lexicon.build(wholes)

    def ours(query: str) -> Ranking:
        hits = retriever.retrieve(Query(query, query), limit=DEPTH).hits
        return [(texts[int(hit.unit.document[1:])].id, hit.score) for hit in hits]

    return {
        "bm25": lambda query: _best(lexicon.scores(tokenize(query)), texts),
        "vectors": lambda query: _best(_similarities(vectors[: len(wholes)], once, query), texts),
        "ours": ours,
    }


class _Remembering:
    """An embedder that embeds a question once for all methods."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.embed_query = cache(embedder.embed_query)
        self.embed_passages = embedder.embed_passages


def _similarities(vectors: Matrix, embedder: Embedder, query: str) -> NDArray[np.float32]:
    found: NDArray[np.float32] = vectors @ embedder.embed_query(query)
    return found


def _best(scores: NDArray[np.float32], texts: Sequence[Text]) -> Ranking:
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    return [(texts[i].id, float(scores[i])) for i in order]


def _calculate(questions: Sequence[Question], rankings: Mapping[str, Ranking]) -> dict[str, list[float]]:
    """Values of every measure, in the order of the questions; a question whose ranking misses all scores 0."""
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = dict(zip(MEASURES, (Success @ 1, Success @ 5, R @ 5, RR @ 10, nDCG @ 10), strict=True))
    relevant = {question.id: dict.fromkeys(question.gold, 1) for question in questions}
    # ranks, not scores: ir_measures orders ties by id
    ranked = {name: {identity: float(-rank) for rank, (identity, _) in enumerate(found)} for name, found in rankings.items()}
    named = {str(measure): name for name, measure in measures.items()}
    found: dict[str, dict[str, float]] = {name: {} for name in measures}
    for entry in ir_measures.iter_calc(list(measures.values()), relevant, ranked):
        found[named[str(entry.measure)]][entry.query_id] = float(entry.value)
    return {name: [of.get(question.id, 0.0) for question in questions] for name, of in found.items()}


def table(result: RetrievalResult) -> str:
    """The result as text for a terminal."""
    lines = [f"{result.queries} 问，{result.texts} 段", f"{'':<12}" + "".join(f"{measure:>24}" for measure in MEASURES)]
    for method in METHODS:
        lines.append(f"{method:<12}" + "".join(f"{_cell(result.means[method][m], sign=False):>24}" for m in MEASURES))
    for plain, gains in result.gains.items():
        lines.append(f"{'ours-' + plain:<12}" + "".join(f"{_cell(gains[m], sign=True):>24}" for m in MEASURES))
    return "\n".join(lines)


def _cell(found: Interval, *, sign: bool) -> str:
    if sign:
        return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
