"""Conversations as people have them at work: python -m evals.bench.conversations FILE.jsonl [--corpus FOLDER]

Each turn is asked with the turns before it and the assistant's own answers to them. The library is the documents that the
turns name, out of the corpus or folder of texts that is given (the file's own when it isn't), beside those that ship.
Prints how many turns are right by act and by what is expected; --cases FILE writes a line for each turn.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evals.bench.unseen import open_library
from evals.measures.reading import Rate, is_cited
from evals.progress import progress
from evals.run import Ask
from rag.answering.texts import NOT_IN_DOCUMENTS
from rag.language.text import matching_form
from rag.records import Answer, Turn

Expect = Literal["answer", "partial", "refuse", "same", "chat", "clarify"]


@dataclass(frozen=True, slots=True)
class Said:
    """One turn: what is said, what kind of thing that is, and what a good colleague does."""

    user: str
    act: str
    expect: Expect
    document: str = ""
    parts: tuple[tuple[str, ...], ...] = ()  # the sentences that answer, a list a part
    facts: tuple[tuple[str, ...], ...] = ()
    of: int | None = None  # the turn, counted from 1, that it goes back to


@dataclass(frozen=True, slots=True)
class Judged:
    """A turn, its answer, and why that is not right; None when it is."""

    id: str
    turn: Said
    answer: Answer
    why: str | None


def read_conversations(path: Path) -> dict[str, list[Said]]:
    """The conversations of a file by id."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["id"]: [_said(turn) for turn in row["turns"]] for row in rows}


def _said(turn: dict[str, Any]) -> Said:
    parts, facts = (tuple(tuple(group) for group in turn.get(name) or ()) for name in ("answers", "facts"))
    document = (turn.get("document") or "").partition(".")[0]
    return Said(turn["user"], turn["act"], turn["expect"], document, parts, facts, turn.get("of"))


def objection(turn: Said, answer: Answer, earlier: Sequence[Answer]) -> str | None:
    """Why the answer to a turn is not right; None when it is. ``earlier`` are the answers to the turns before it."""
    match turn.expect:
        case "refuse":
            return None if answer.status == "refused" else "answered"
        case "clarify":
            return "cites" if answer.citations else None
        case "chat":
            refuses = NOT_IN_DOCUMENTS in answer.answer or not answer.answer
            return "cites" if answer.citations else "refuses" if refuses else None
        case "same":
            return _not_the_same(turn, answer, earlier)
    if answer.status == "refused":
        return "refused"
    if turn.expect == "partial" and answer.status != "partial":
        return "not partial"
    cited = any(is_cited(part, turn.document, answer) for part in turn.parts)
    return None if cited else "cites no sentence of the answer"


def _not_the_same(turn: Said, answer: Answer, earlier: Sequence[Answer]) -> str | None:
    """It stays with the places of the turn it goes back to, or parts of them; one that cites nothing must say what is wanted."""
    if answer.status == "refused" or turn.of is None:
        return "refused"
    places = [citation.locator for citation in earlier[turn.of - 1].citations]
    cited = [citation.locator for citation in answer.citations]
    if other := next((here for here in cited if not any(here.within(place) or place.parent == here for place in places)), None):
        return f"cites {other}"
    said = matching_form(answer.answer)
    told = turn.facts and all(any(matching_form(way) in said for way in ways) for ways in turn.facts)
    return None if answer.citations or told else "cites nothing"


def hold(name: str, turns: Sequence[Said], ask: Ask) -> list[Judged]:
    """A conversation, each turn answered and judged."""
    answers: list[Answer] = []
    judged = []
    for turn in turns:
        answer = ask(turn.user, [Turn(before.user, said.answer) for before, said in zip(turns, answers, strict=False)])
        judged.append(Judged(f"{name}#{len(answers) + 1}", turn, answer, objection(turn, answer, answers)))
        answers.append(answer)
    return judged


def tally(judged: Iterable[Judged]) -> dict[str, Rate]:
    """How many turns are right: in all, by what is expected and by act."""
    rows = list(judged)
    named: tuple[Callable[[Said], str], ...] = (lambda turn: "all", lambda turn: f"expect {turn.expect}", lambda turn: f"act {turn.act}")
    groups: dict[str, list[bool]] = {}
    for name in named:
        for row in rows:
            groups.setdefault(name(row.turn), []).append(row.why is None)
    return {name: Rate(sum(right), len(right)) for name, right in groups.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold every conversation and print the tally."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench.conversations")
    parser.add_argument("file", type=Path)
    for option in ("--corpus", "--data", "--cases"):
        parser.add_argument(option, type=Path)
    options = parser.parse_args(arguments)
    conversations = read_conversations(options.file)
    named = sorted({turn.document for turns in conversations.values() for turn in turns if turn.document})
    folder = (options.corpus or options.file.parent).resolve()
    assistant = open_library(f"conversations-{folder.name}", folder, named, options.data)
    lacking = [name for name in named if name not in assistant.index.snapshot.by_id]
    judged: list[Judged] = []
    with progress("对话", "段") as report:
        for done, (name, turns) in enumerate(conversations.items(), start=1):
            judged += [row for row in hold(name, turns, assistant.ask) if row.turn.document not in lacking]
            report(done, len(conversations))
    for group, rate in tally(judged).items():
        print(f"{group:<18} {rate.share:.3f} {rate.good:>4}/{rate.of}")
    if lacking:
        print(f"not held, their turns are left out: {', '.join(lacking)}")
    if options.cases:
        options.cases.write_text("".join(map(_line, judged)), encoding="utf-8")
    return 0


def _line(row: Judged) -> str:
    turn, answer = row.turn, row.answer
    body = {"id": row.id, "user": turn.user, "act": turn.act, "expect": turn.expect, "why": row.why, "status": answer.status}
    said = {"standalone": answer.standalone_question, "answer": answer.answer, "cited": [str(c.locator) for c in answer.citations]}
    return json.dumps(body | said, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
