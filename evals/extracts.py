"""The extractor on other people's passages: given the passage, does the extract hold the answer, and how long is it?

Read from JSONL with ``question``, ``passage`` and ``answer`` a line; the answer stands verbatim in the passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.foreign import Progress, Text, embed_cached, make_index, make_snapshot, read_lines, texts_to_embed
from evals.records import Interval
from evals.score import SEED, interval
from rag.answering.extract import Extractor
from rag.errors import InputError
from rag.language.text import matching_form
from rag.records import Query
from rag.search.embedding import Embedder
from rag.search.index import Index
from rag.search.retrieve import Retriever
from rag.search.understand import Understanding


@dataclass(frozen=True, slots=True)
class Reading:
    """A question, the passage that answers it and the answer, which stands in it."""

    id: str
    question: str
    passage: str
    answer: str


@dataclass(frozen=True, slots=True)
class Extract:
    """What was extracted for a reading; ``covered`` is the share of the answer's character pairs that it has."""

    id: str
    text: str
    contains: bool
    covered: float
    listed: bool  # a list, which may be as long as it has to be


@dataclass(frozen=True, slots=True)
class ExtractResult:
    """The extracts with their figures; lengths in characters."""

    extracts: tuple[Extract, ...]
    contains: Interval
    covered: Interval
    length: Interval
    median_length: float
    passage_length: float
    answer_length: float


def read_readings(path: Path, *, count: int | None = None) -> list[Reading]:
    """The lines of a file, or a seeded sample of them. Raises InputError naming file and line."""
    found = []
    for number, entry in read_lines(path, ("question", "passage", "answer")):
        reading = Reading(str(entry.get("id", number)), str(entry["question"]), str(entry["passage"]), str(entry["answer"]))
        if matching_form(reading.answer) not in matching_form(reading.passage):
            raise InputError(f"数据文件 {path.name} 第 {number} 行的答案不在它的段落里。")
        found.append(reading)
    if count is not None and count < len(found):
        chosen = np.random.default_rng(SEED).choice(len(found), count, replace=False)
        found = [found[i] for i in sorted(chosen)]
    return found


def measure_extracts(readings: Sequence[Reading], embedder: Embedder, cache: Path, on_progress: Progress | None = None) -> ExtractResult:
    """Extract from every passage what answers its question. Raises InputError when there is nothing to read."""
    if not readings:
        raise InputError("没有可评测的段落。")
    snapshots = [make_snapshot([Text(reading.id, reading.passage)]) for reading in readings]
    pieces = [texts_to_embed(snapshot) for snapshot in snapshots]
    vectors = embed_cached([piece for some in pieces for piece in some], embedder, cache, on_progress)
    extracts, first = [], 0
    for reading, snapshot, some in zip(readings, snapshots, pieces, strict=True):
        index = make_index(snapshot, vectors[first : first + len(some)]).index
        extracts.append(_extract(reading, index, embedder))
        first += len(some)
    lengths = [float(len(extract.text)) for extract in extracts]
    return ExtractResult(
        tuple(extracts),
        interval([float(extract.contains) for extract in extracts]),
        interval([extract.covered for extract in extracts]),
        interval(lengths),
        float(np.median(lengths)),
        float(np.mean([len(reading.passage) for reading in readings])),
        float(np.mean([len(reading.answer) for reading in readings])),
    )


def _extract(reading: Reading, index: Index, embedder: Embedder) -> Extract:
    query = Understanding(index.snapshot).understand(reading.question)
    parts: list[str] = []
    listed = False
    for facet in query.facets or (query,):
        draft = Extractor(index).extract(facet, Retriever(index, embedder).retrieve(_free(facet)))
        parts.extend(statement.text for statement in draft.statements if statement.text not in parts)
        listed = listed or draft.listing
    text = "\n".join(parts)
    said, wanted = matching_form(text), matching_form(reading.answer)
    return Extract(reading.id, text, wanted in said, _covered(wanted, said), listed)


def _free(query: Query) -> Query:
    """The query without hints about documents: there is only one."""
    return Query(query.question, query.standalone, query.shape, query.asked)


def _covered(wanted: str, said: str) -> float:
    """The share of neighbouring characters of ``wanted`` that stand in ``said``."""
    pairs = {wanted[i : i + 2] for i in range(max(len(wanted) - 1, 1))}
    return sum(pair in said for pair in pairs) / len(pairs)


def table(result: ExtractResult) -> str:
    """The result as text for a terminal."""
    lists = sum(extract.listed for extract in result.extracts)
    empty = sum(not extract.text for extract in result.extracts)
    return "\n".join(
        [
            f"{len(result.extracts)} 问，段落平均 {result.passage_length:.0f} 字，答案平均 {result.answer_length:.0f} 字",
            f"{'contains':<10}{_cell(result.contains)}  摘录含有完整答案",
            f"{'covered':<10}{_cell(result.covered)}  答案字对出现在摘录中的比例",
            f"{'length':<10}{result.length.mean:.0f} [{result.length.low:.0f}, {result.length.high:.0f}]"
            f"  摘录字数，中位数 {result.median_length:.0f}；列举式 {lists} 条，空 {empty} 条",
        ]
    )


def _cell(found: Interval) -> str:
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
