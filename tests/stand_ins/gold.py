"""An assistant that knows the gold, and ways to break it; to prove that the evaluation can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from evals.cases import gold_files, read_cases
from evals.gate import Gate, Target, Verdict, judge, read_gate
from evals.records import Baseline, Case, Judgement, Observation, Run, Summary
from evals.score import as_baseline, make_run
from rag.documents.sources import read_corpus
from rag.search.snapshot import Snapshot, read_snapshot

ROOT = Path(__file__).parents[2]
SPEC: dict[str, Any] = {"revision": "x", "mode": "extractive"}
Change = Callable[[Case, dict[str, Any]], dict[str, Any]]


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(ROOT / "corpus"))


@cache
def gate() -> Gate:
    """The gate that ships, at its targets."""
    shipped = read_gate(ROOT / "evals" / "gate.toml")
    floors: dict[str, float | Target] = {
        name: floor.target if isinstance(floor, Target) else floor for name, floor in shipped.floors.items()
    }
    return replace(shipped, floors=floors, categories={})


@cache
def cases() -> tuple[Case, ...]:
    """Thirty direct cases of the project's own, and ten that nothing answers, all in the test half."""
    found = [c for c in read_cases(gold_files()) if len(c.locators) == 1 and c.category == "direct" and c.unanswerable is None][:30]
    silent = [Case(f"silent-{i}", "unanswerable", f"没有规定的事{i}?", unanswerable="文件没有规定") for i in range(10)]
    return tuple(replace(case, split="test") for case in [*found, *silent])


def right(case: Case) -> dict[str, Any]:
    """The answer of an assistant that knows the gold."""
    if case.unanswerable is not None:
        return {"status": "refused", "answer": "文件没有规定。", "citations": [], "retrieved": ["work-rules#1"]}
    cited = [{"n": i, "locator": e.locator, "label": e.locator, "quote": e.text} for i, e in enumerate(case.evidence, start=1)]
    said = "".join(f"{c['quote']}[{c['n']}]" for c in cited)
    return {"status": "answered", "answer": said, "citations": cited, "retrieved": [group[0] for group in case.locators]}


def observe(change: Change = lambda case, answer: answer, latency: float = 10.0, **usage: float) -> list[Observation]:
    return [Observation(case.id, change(case, right(case)), None, latency, usage) for case in cases()]


def run_of(observations: list[Observation], judgements: list[Judgement] | None = None, **spec: Any) -> Run:
    return make_run(cases(), observations, {**SPEC, **spec}, snapshot(), judgements or [])


def summary_of(observations: list[Observation]) -> Summary:
    return run_of(observations).summary


def baseline_of(observations: list[Observation]) -> Baseline:
    return as_baseline(summary_of(observations))


def judged(observations: list[Observation], baseline: Baseline | None = None, rules: Gate | None = None) -> Verdict:
    return judge(summary_of(observations), rules or gate(), baseline)


def failures(verdict: Verdict) -> set[str]:
    return {finding.measure for finding in verdict.findings if finding.level == "fail"}


# ── ways to break it ────────────────────────────────────────────────────────────────────────────


def wrong_article(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    moved = [{**c, "locator": "work-rules#1"} for c in answer["citations"]]
    return {**answer, "citations": moved, "retrieved": ["work-rules#1"] if moved else answer["retrieved"]}


def altered_figure(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "answer": answer["answer"] + "共97个工作日。[1]"} if answer["citations"] else answer


def invented_quote(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "citations": [{**c, "quote": c["quote"] + "并报备案"} for c in answer["citations"]]}


def always_refuse(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "status": "refused", "answer": "没有规定。", "citations": []}


def never_refuse(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    said = {"n": 1, "locator": "work-rules#4", "label": "第四条", "quote": "自治区人民政府由主席、副主席"}
    return {**answer, "status": "answered", "answer": "主席[1]", "citations": [said]} if case.unanswerable else answer


def lost_marker(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "answer": answer["answer"].replace("[1]", "")}


def whole_article(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "answer": answer["answer"] + "某" * 300} if answer["citations"] else answer


def cited_beside(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """Cites the right place and one that has nothing to do with it."""
    beside = {"n": 9, "locator": "work-rules#1", "label": "第一条", "quote": "自治区人民政府"}
    return {**answer, "citations": [*answer["citations"], beside], "answer": answer["answer"] + "[9]"} if answer["citations"] else answer


def lost_fact(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "answer": "[1]"} if answer["citations"] else answer


def found_second(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "retrieved": ["work-rules#45", *answer["retrieved"]]}


BROKEN: dict[str, tuple[Change, set[str]]] = {
    "wrong article": (wrong_article, {"citation_recall", "citation_precision", "hit@1", "hit@5", "quote_exact"}),
    "altered figure": (altered_figure, {"figures_supported"}),
    "invented quote": (invented_quote, {"quote_exact"}),
    "always refuse": (always_refuse, {"false_refusal", "facts", "citation_recall"}),
    "never refuse": (never_refuse, {"refusal_recall"}),
    "lost marker": (lost_marker, {"format"}),
    "whole article": (whole_article, {"concise"}),
    "cited beside": (cited_beside, {"citation_precision"}),
    "lost fact": (lost_fact, {"facts"}),
    "found second": (found_second, {"hit@1"}),
}
"""How the assistant is broken, and the measures that have to fail by name."""
