"""Questions on whole documents with the sentences that answer them: read, and checked against the documents.

The form of evals/unseen/questions/*.jsonl, and of other folders of labelled texts (a file questions.jsonl).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.language.text import matching_form, squeeze

UNSEEN = Path(__file__).parent / "unseen"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one document, and all sentences that answer each part of it; no parts: the document doesn't say."""

    id: str
    document: str
    kind: str
    question: str
    history: tuple[str, ...] = ()  # what was asked before
    parts: tuple[tuple[str, ...], ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()  # what an answer must say, each in any of its spellings
    twin: str | None = None  # the other one of a pair of the same form: one is answered, the other isn't

    @property
    def answerable(self) -> bool:
        """Whether the document answers at least a part."""
        return bool(self.parts)


def question_files(folder: Path) -> list[Path]:
    """The files of a folder's questions."""
    return sorted((folder / "questions").glob("*.jsonl")) or [folder / "questions.jsonl"]


def read_questions(paths: Sequence[Path]) -> list[Question]:
    """The questions of JSONL files, in order. Raises InputError naming file and line."""
    found = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"读不到题目文件 {path}。", detail=str(error)) from error
        for number, line in enumerate(lines, start=1):
            try:
                found.append(_question(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(f"题目文件 {path.name} 第 {number} 行格式有误。", detail=repr(error)) from error
    return found


def _question(row: Any) -> Question:
    def groups(name: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(group) for group in row.get(name) or ())

    # a hand with a number wrote no pairs: its twins resemble each other in topic, not in form
    twin = None if isinstance(row.get("hand"), int) else row.get("twin")
    document = row["document"].partition(".")[0]
    return Question(
        row["id"], document, row["kind"], row["question"], tuple(row["history"]), groups("answers"), groups("facts"), twin or None
    )


def pairs(questions: Iterable[Question]) -> list[tuple[Question, Question]]:
    """Each pair of one form: the answered question, and the one that is not."""
    by_id = {question.id: question for question in questions}
    return [(by_id[q.twin], q) for q in by_id.values() if not q.answerable and q.twin in by_id]


def lint(questions: Sequence[Question], texts: Mapping[str, str]) -> list[str]:
    """What is wrong with questions on documents, given the documents' texts by id; a sentence each."""
    bare = {name: squeeze(text) for name, text in texts.items()}
    by_id = {question.id: question for question in questions}
    problems = [f"{name}：标识重复" for name, count in Counter(q.id for q in questions).items() if count > 1]
    asked = Counter((q.document, matching_form(q.question), tuple(map(matching_form, q.history))) for q in questions)
    problems += [f"问题重复：{question}" for (_, question, _), count in asked.items() if count > 1]
    return problems + [problem for question in questions for problem in _check(question, bare, by_id)]


def _check(question: Question, bare: Mapping[str, str], by_id: Mapping[str, Question]) -> Iterator[str]:
    if question.document not in bare:
        yield f"{question.id}：没有 {question.document} 这份文件"
    for sentence in (sentence for part in question.parts for sentence in part):
        if squeeze(sentence) not in bare.get(question.document, ""):
            yield f"{question.id}：原文里没有「{sentence[:30]}」"
    if question.twin is not None:
        twin = by_id.get(question.twin)
        if twin is None or twin.document != question.document or twin.answerable == question.answerable:
            yield f"{question.id}：没有与之成对的 {question.twin}"
    if question.kind == "partial" and len(question.parts) != 1:
        yield f"{question.id}：两问之中应恰有一问有答案"
    if question.facts and not question.answerable:
        yield f"{question.id}：标为不可回答，却给出了事实"
