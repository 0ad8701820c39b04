"""Questions on documents that nothing was written or tuned for: python -m evals.bench.unseen [FOLDER] [--gate]

Without a folder the twenty invented documents of evals/unseen; with a folder of labelled texts those of them that
evals/bench/aside.txt names. The documents that ship stand beside them, so that they may interfere. Every question is asked
with its history. Printed are the measures of evals.measures.reading, in all, for pairs of one form and by kind, and what
the question alone betrays. --json FILE writes the summary, --cases FILE a line for each question.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.gate import judge_unseen, read_gate
from evals.measures.reading import NAMES, Rates, add_up, is_right, score, score_pairs
from evals.progress import progress
from evals.question_alone import auroc, judge_alone
from evals.questions import UNSEEN, Question, pairs, question_files, read_questions
from evals.run import Ask
from evals.texts import read_texts, write_library
from rag.records import Answer, Turn
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.assistant import Assistant

_HERE = Path(__file__).parent
ASIDE, GATE = _HERE / "aside.txt", _HERE.parent / "gate.toml"
COLUMNS = ("part_cited", "all_parts", "cited_right", "shown", "facts", "answered", "false_refusal", "refusal_recall", "wrong_document")
"""Measures that are printed by kind."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the questions. The last three say how well answered and unanswered are told apart, as areas under the curve.

    ``told_apart`` is the assistant's, by what it refuses; the two others are the question alone, by its decision
    and as a ranking. NaN when all or none are answerable.
    """

    questions: int
    rates: Rates
    told_apart: float
    alone_decided: float
    alone_ranked: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A run: the groups ``all``, ``pairs`` and ``others``, the rates by kind, and the fingerprint of what answered."""

    library: str
    fingerprint: str
    groups: dict[str, Group]
    kinds: dict[str, Rates]


def open_library(name: str, folder: Path, only: Sequence[str] | None, data: Path | None) -> Assistant:
    """An assistant on the shipped documents and those of ``folder``: a corpus, or texts of which those named ``only`` are taken."""
    from rag.assistant import open_assistant

    settings = Settings.load()
    place = (data or settings.data_dir / "bench") / name
    is_corpus = (folder / "manifest.toml").is_file()
    corpora = [settings.corpus_dir, folder] if is_corpus else [settings.corpus_dir]
    library = write_library(place / "corpus", corpora, () if is_corpus else read_texts(folder, only))
    return open_assistant(Settings.load(corpus_dir=library, data_dir=place))


def ask_all(questions: Sequence[Question], ask: Ask) -> dict[str, Answer]:
    """Each question's answer by its id."""
    answers: dict[str, Answer] = {}
    with progress("提问", "题") as report:
        for question in questions:
            answers[question.id] = ask(question.question, [Turn(earlier) for earlier in question.history])
            report(len(answers), len(questions))
    return answers


def summarize(library: str, questions: Sequence[Question], answers: Mapping[str, Answer]) -> Summary:
    """The measures of all answers."""
    paired = {question.id for pair in pairs(questions) for question in pair}
    chosen: dict[str, Callable[[Question], bool]] = {
        "all": lambda q: True,
        "pairs": lambda q: q.id in paired,
        "others": lambda q: q.id not in paired,
    }
    groups = {name: _group([q for q in questions if belongs(q)], answers) for name, belongs in chosen.items()}
    kinds = sorted({question.kind for question in questions})
    by_kind = {kind: add_up(score(q, answers[q.id]) for q in questions if q.kind == kind) for kind in kinds}
    return Summary(library, next(iter(answers.values())).fingerprint, groups, by_kind)


def _group(questions: Sequence[Question], answers: Mapping[str, Answer]) -> Group:
    rates = add_up([*(score(question, answers[question.id]) for question in questions), score_pairs(questions, answers)])
    labels = [question.answerable for question in questions]
    alone = judge_alone(questions) if questions else []
    told = auroc(labels, [answers[question.id].status != "refused" for question in questions])
    return Group(len(questions), rates, told, auroc(labels, [value > 0 for value in alone]), auroc(labels, alone))


def table(summary: Summary) -> str:
    """What a person reads."""
    lines = [f"{summary.library}  {summary.fingerprint}", f"{'':<16}" + "".join(f"{name:>18}" for name in summary.groups)]
    lines.append(f"{'questions':<16}" + "".join(f"{group.questions:>18}" for group in summary.groups.values()))
    for measure in NAMES:
        lines.append(f"{measure:<16}" + "".join(f"{_cell(group.rates, measure):>18}" for group in summary.groups.values()))
    for name in ("told_apart", "alone_decided", "alone_ranked"):
        lines.append(f"{name:<16}" + "".join(f"{getattr(group, name):>18.3f}" for group in summary.groups.values()))
    lines += ["", f"{'':<13}" + "".join(f"{name:>17}" for name in COLUMNS)]
    for kind, rates in summary.kinds.items():
        lines.append(f"{kind:<13}" + "".join(f"{_cell(rates, name):>17}" for name in COLUMNS))
    return "\n".join(lines)


def _cell(rates: Rates, measure: str) -> str:
    rate = rates.get(measure)
    return f"{rate.share:.3f} {f'{rate.good}/{rate.of}':>9}" if rate else "-"


def case_line(question: Question, answer: Answer) -> str:
    """What became of one question, for reading."""
    cited = [{"locator": str(citation.locator), "quote": citation.quote} for citation in answer.citations]
    body = {
        "id": question.id, "kind": question.kind, "history": question.history, "question": question.question,
        "answers": question.parts, "status": answer.status, "right": is_right(question, answer), "cited": cited,
        "answer": answer.answer, "retrieved": [str(place) for place in answer.retrieved],
        "rates": {name: [rate.good, rate.of] for name, rate in score(question, answer).items()},
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print and write; 1 when the gate was asked for and fails."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench.unseen")
    parser.add_argument("folder", nargs="?", type=Path, default=UNSEEN)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--data", type=Path, help="where library and index are kept")
    parser.add_argument("--gate", action="store_true", help="hold the measures against [unseen] of gate.toml")
    options = parser.parse_args(arguments)
    folder: Path = options.folder.resolve()
    questions = read_questions(question_files(folder))
    only = ASIDE.read_text(encoding="utf-8").split() if (folder / "texts.json").is_file() else None
    questions = [question for question in questions if only is None or question.document in only]
    answers = ask_all(questions, open_library(folder.name, folder, only, options.data).ask)
    summary = summarize(folder.name, questions, answers)
    print(table(summary))
    if options.json:
        options.json.write_text(json.dumps(asdict(summary), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if options.cases:
        options.cases.write_text("".join(case_line(q, answers[q.id]) for q in questions), encoding="utf-8")
    if not options.gate:
        return 0
    verdict = judge_unseen(summary.groups["all"].rates, read_gate(GATE))
    print(*(f"{finding.level}: {finding.message}" for finding in verdict.findings), sep="\n")
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main())
