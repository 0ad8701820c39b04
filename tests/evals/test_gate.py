"""Proof that the gate can fail: an assistant that is right passes; broken on purpose, it fails and the verdict says where."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evals.cases import read_cases
from evals.gate import Verdict, judge, read_gate
from evals.records import Case, Observation, Summary
from evals.report import write_report
from evals.run import read_observations, run_cases
from evals.score import score_run, summarise
from rag.documents.sources import read_corpus
from rag.errors import ConfigurationError, InputError
from rag.search.snapshot import Snapshot, read_snapshot

ROOT = Path(__file__).parents[2]
GATE = read_gate(ROOT / "evals" / "gate.toml")
FLOORS = {name: floor if isinstance(floor, float) else floor["target"] for name, floor in GATE["floors"].items()}


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(ROOT / "corpus"), expand=False)


@cache
def cases() -> tuple[Case, ...]:
    """Thirty answerable cases in the test half, and ten that are not."""
    found = [c for c in read_cases([ROOT / "evals" / "gold" / "rules.jsonl"]) if len(c.locators) == 1 and c.category == "direct"]
    silent = [Case(f"silent-{i}", "unanswerable", f"没有规定的事{i}?", unanswerable="文件没有规定") for i in range(10)]
    return tuple(replace(case, split="test") for case in [*found, *silent])


def right(case: Case) -> dict[str, Any]:
    """The answer of an assistant that knows the gold."""
    if case.unanswerable is not None:
        return {"status": "refused", "answer": "文件没有规定。", "citations": [], "retrieved": ["work-rules#1"]}
    cited = [{"n": i, "locator": e.locator, "label": e.locator, "quote": e.text} for i, e in enumerate(case.evidence, start=1)]
    said = "".join(f"{c['quote']}[{c['n']}]" for c in cited)
    places = [group[0] for group in case.locators]
    return {"status": "answered", "answer": said, "citations": cited, "retrieved": places}


def observe(
    change: Callable[[Case, dict[str, Any]], dict[str, Any]] = lambda case, answer: answer, latency: float = 10.0
) -> list[Observation]:
    return [Observation(case.id, change(case, right(case)), None, latency) for case in cases()]


def judged(observations: list[Observation], baseline: dict[str, Any] | None = None, gate: dict[str, Any] | None = None) -> Verdict:
    return judge(summary(observations), gate or {**GATE, "floors": FLOORS}, baseline)


def summary(observations: list[Observation]) -> Summary:
    scores = score_run(cases(), observations, snapshot())
    return summarise(cases(), scores, {"revision": "x"}, sum(o.error is not None for o in observations))


def failures(verdict: Verdict) -> set[str]:
    return {finding.measure for finding in verdict.findings if finding.level == "fail"}


def test_a_right_assistant_passes() -> None:
    """Every floor is met by an assistant that knows the gold."""
    verdict = judged(observe())
    assert verdict.passed, verdict.findings


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


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (wrong_article, {"citation_recall", "citation_precision", "hit@1", "quote_exact"}),
        (altered_figure, {"figures_supported"}),
        (invented_quote, {"quote_exact"}),
        (always_refuse, {"false_refusal", "facts", "citation_recall"}),
        (never_refuse, {"refusal_recall"}),
        (lost_marker, {"format"}),
        (whole_article, {"concise"}),
    ],
)
def test_a_broken_assistant_fails(broken: Callable[[Case, dict[str, Any]], dict[str, Any]], named: set[str]) -> None:
    """Each way of being wrong fails the gate under its own name."""
    verdict = judged(observe(broken))
    assert not verdict.passed
    assert named <= failures(verdict)


def test_one_case_that_crashes_fails() -> None:
    """An error is kept, counted and fails, however good the rest is."""
    observations = observe()
    observations[3] = replace(observations[3], answer=None, error="RuntimeError: boom")
    verdict = judged(observations)
    assert "errors" in failures(verdict)
    assert any("1 题" in finding.message for finding in verdict.findings)


def baseline_of(observations: list[Observation]) -> dict[str, Any]:
    from evals.gate import write_baseline

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "baseline.json"
        write_baseline(summary(observations), path)
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body


def test_slower_than_the_baseline_fails() -> None:
    """Latency is judged as a ratio to the baseline's median."""
    before = baseline_of(observe(latency=10.0))
    assert judged(observe(latency=19.0), before).passed
    assert "latency_p50" in failures(judged(observe(latency=21.0), before))


def test_a_loss_inside_the_noise_warns_and_one_outside_fails() -> None:
    """One case lost of many is noise; half of them lost is not."""
    easy = {**GATE, "floors": {"facts": 0.1}}
    before = baseline_of(observe())
    names = [case.id for case in cases() if case.unanswerable is None]

    def lose(chosen: set[str]) -> Callable[[Case, dict[str, Any]], dict[str, Any]]:
        return lambda case, answer: {**answer, "answer": "[1]"} if case.id in chosen else answer

    slight = judged(observe(lose({names[0]})), before, easy)
    assert slight.passed
    assert any(finding.level == "warn" and finding.measure == "facts" for finding in slight.findings)
    assert "facts" in failures(judged(observe(lose(set(names[::2]))), before, easy))


def test_no_scored_case_is_a_failure() -> None:
    """A gate that had nothing to judge does not pass."""
    only_dev = [replace(case, split="dev") for case in cases()]
    scores = score_run(only_dev, observe(), snapshot())
    assert not judge(summarise(only_dev, scores, {}, 0), GATE, None).passed


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """What was asked is not asked again; a line cut off by a kill is."""
    asked: list[str] = []

    def ask(question: str, history: Any) -> Any:
        asked.append(question)
        raise RuntimeError("no model here")

    first = run_cases(cases()[:5], ask, tmp_path, {})
    assert [o.error for o in first] == ["RuntimeError: no model here"] * 5
    path = tmp_path / "observations.jsonl"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert len(read_observations(tmp_path)) == 4
    asked.clear()
    assert len(run_cases(cases()[:6], ask, tmp_path, {})) == 6
    assert len(asked) == 2


def test_scores_agree_with_a_count_by_hand() -> None:
    """Three cases, worked out on paper: 1 of 2 facts, second place, one citation of two right."""
    made = [
        Case("a", "direct", "?", locators=(("work-rules#21",),), facts=(("2次",), ("9次",))),
        Case("b", "direct", "?", locators=(("work-rules#26",),), facts=(("一般不出席",),)),
        Case("c", "unanswerable", "?", unanswerable="没有"),
    ]
    quote = "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"
    cited = {"n": 1, "locator": "work-rules#21", "label": "第二十一条", "quote": quote}
    other = {"n": 2, "locator": "work-rules#23", "label": "第二十三条", "quote": "应当及时公布"}
    answers = [
        {"status": "answered", "answer": f"{quote}[1][2]", "citations": [cited, other], "retrieved": ["work-rules#21", "work-rules#23"]},
        {"status": "refused", "answer": "没有", "citations": [], "retrieved": ["work-rules#25", "work-rules#26"]},
        {"status": "refused", "answer": "没有", "citations": [], "retrieved": []},
    ]
    observations = [Observation(case.id, answer, None, 1.0) for case, answer in zip(made, answers, strict=True)]
    found = {(s.case, s.measure): s.value for s in score_run(made, observations, snapshot())}
    by_hand = {
        ("a", "hit@1"): 1.0, ("b", "hit@1"): 0.0, ("b", "hit@5"): 1.0, ("a", "mrr@10"): 1.0, ("b", "mrr@10"): 0.5,
        ("a", "facts"): 0.5, ("b", "facts"): 0.0, ("a", "citation_recall"): 1.0, ("a", "citation_precision"): 0.5,
        ("b", "citation_precision"): None, ("a", "quote_exact"): 1.0, ("a", "format"): 1.0, ("b", "false_refusal"): 1.0,
        ("c", "refusal_recall"): 1.0, ("c", "hit@1"): None, ("a", "figures_supported"): 1.0,
    }  # fmt: skip
    assert {key: found[key] for key in by_hand} == by_hand


def test_the_page_is_self_contained(tmp_path: Path) -> None:
    """No address of anything outside stands in the page; the verdict and a loss do."""
    observations = observe(invented_quote)
    scores = score_run(cases(), observations, snapshot())
    made = summarise(cases(), scores, {"revision": "x"}, 0)
    page = write_report(tmp_path, cases(), observations, scores, made, judged(observations), baseline_of(observe()), snapshot())
    text = page.read_text(encoding="utf-8")
    assert "未通过" in text
    assert "原文里没有引文" in text
    assert "src=" not in text
    assert "@import" not in text
    assert "<link" not in text
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith("**评测未通过**")


def test_bad_files(tmp_path: Path) -> None:
    """A gold line or a gate that can't be read is named."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.jsonl 第 1 行"):
        read_cases([bad])
    gate = tmp_path / "gate.toml"
    gate.write_text("[[", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"gate\.toml"):
        read_gate(gate)
