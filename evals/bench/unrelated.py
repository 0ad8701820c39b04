"""After an unrelated question: python -m evals.bench.unrelated [--list]

Each test question of evals/gold that has no history is asked alone, and again after a question that another document
answers. What is complete in itself must be answered as if nothing had been asked before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from evals.cases import gold_files, read_cases
from evals.progress import progress
from evals.records import Case
from rag.records import Answer, Locator, Turn
from rag.settings import Settings

SEED = 20240123


@dataclass(frozen=True, slots=True)
class Pair:
    """A question's answer alone and after an unrelated question."""

    case: Case
    before: Case
    alone: Answer
    after: Answer

    @property
    def is_same(self) -> bool:
        """Whether both have the same status and the same places."""
        return _places(self.alone) == _places(self.after) and self.alone.status == self.after.status


def _places(answer: Answer) -> set[Locator]:
    return {citation.locator for citation in answer.citations}


def documents_of(case: Case) -> set[str]:
    """The documents that answer a case; none for one that nothing answers."""
    return {Locator.parse(place).document for group in case.locators for place in group}


def draw(cases: Sequence[Case], seed: int = SEED) -> list[tuple[Case, Case]]:
    """Each case with a question before it that no document of its own answers; the same draw for the same seed."""
    random = Random(seed)
    answered = [case for case in cases if case.unanswerable is None]
    return [(case, random.choice([other for other in answered if not documents_of(other) & documents_of(case)])) for case in cases]


def report(pairs: Sequence[Pair]) -> str:
    """The shares, a line each."""
    refused = [pair for pair in pairs if pair.alone.status == "refused"]
    answered = [pair for pair in pairs if pair.alone.status != "refused"]
    counts = {
        "same places and status": (sum(pair.is_same for pair in pairs), len(pairs)),
        "refusals opened": (sum(pair.after.status != "refused" for pair in refused), len(refused)),
        "answers lost": (sum(pair.after.status == "refused" for pair in answered), len(answered)),
    }
    return "\n".join(f"{name:<24}{good / max(of, 1):.3f} {good:>4}/{of}" for name, (good, of) in counts.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask everything twice and print the shares."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench.unrelated")
    parser.add_argument("--list", action="store_true", help="print what changed")
    options = parser.parse_args(arguments)
    from rag.assistant import open_assistant

    drawn = draw([case for case in read_cases(gold_files()) if case.split == "test" and not case.history])
    assistant = open_assistant(Settings.load())
    alone: dict[str, Answer] = {}
    pairs = []
    with progress("提问", "题") as show:
        for case, before in drawn:
            for asked in (case, before):
                if asked.id not in alone:
                    alone[asked.id] = assistant.ask(asked.question, [])
            after = assistant.ask(case.question, [Turn(before.question, alone[before.id].answer)])
            pairs.append(Pair(case, before, alone[case.id], after))
            show(len(pairs), len(drawn))
    print(report(pairs))
    for pair in pairs if options.list else ():
        if not pair.is_same:
            told = " → ".join(f"{a.status} {' '.join(sorted(map(str, _places(a))))}" for a in (pair.alone, pair.after))
            print(f"{pair.case.id}  {pair.before.question} | {pair.case.question} | {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
