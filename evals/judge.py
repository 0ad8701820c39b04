"""Observations × a chat model → Judgements: does the quote that a statement cites carry it?

A model's word never decides alone: claim_support stands beside the measures that need none. A reply that is neither
yes nor no, or none at all, leaves the answer unscored; the gate bounds how many may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from evals.journal import open_journal, read_journal
from evals.measures.citing import statements
from evals.progress import Report
from evals.records import Judgement, Observation
from rag.answering.judge import judge_claim
from rag.answering.write import Model

Judge = Callable[[str, str], bool | None]
"""Says whether a quote carries a statement; None when it can't say."""

UNCLEAR = "评判模型没有给出明确的答复"


def make_judge(model: Model) -> Judge:
    """A judge that asks a chat model."""
    return partial(judge_claim, model)


def judge_answers(
    observations: Sequence[Observation], judge: Judge, folder: Path, *, workers: int = 1, on_progress: Report | None = None
) -> list[Judgement]:
    """Judge every answer that cites something; kept in the run's folder, so that a killed run goes on."""
    report = on_progress or (lambda done, total, errors=0: None)
    answers = [o for o in observations if o.answer is not None and any(split_statements(o.answer))]
    done = {judgement.case: judgement for judgement in read_judgements(folder) if judgement.value is not None}
    waiting = [observation for observation in answers if observation.case not in done]
    with open_journal(folder / "judgements.jsonl") as add, ThreadPoolExecutor(workers) as pool:
        for judgement in pool.map(lambda observation: _judge_one(observation, judge), waiting):
            done[judgement.case] = judgement
            add(judgement)
            report(len(done), len(answers), sum(j.value is None for j in done.values()))
    return [done[observation.case] for observation in answers]


def _judge_one(observation: Observation, judge: Judge) -> Judgement:
    answer = observation.answer or {}
    cited = list(split_statements(answer))
    rejected = []
    for statement, quote in cited:
        verdict = judge(statement, quote)
        if verdict is None:
            return Judgement(observation.case, None, f"{UNCLEAR}：「{statement[:40]}」")
        if not verdict:
            rejected.append(statement)
    value = 1 - len(rejected) / len(cited)
    return Judgement(observation.case, value, f"引文不足以支持「{rejected[0][:40]}」" if rejected else "")


def split_statements(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each statement of an answer that cites something, and the quotes that it cites."""
    for text, cited in statements(answer):
        if text.strip() and cited:
            yield text.strip(), "\n".join(citation["quote"] for citation in cited)


def read_judgements(folder: Path) -> list[Judgement]:
    """What was judged in a run so far; of a case that was judged again, the last."""
    return list({judgement.case: judgement for judgement in read_journal(folder / "judgements.jsonl", Judgement)}.values())
