"""Proof that the gate can fail: an assistant that is right passes; broken on purpose, it fails and the report names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.baseline import read_baseline, write_baseline
from evals.drafts import DraftRow
from evals.gate import Latency, Target, judge, read_gate
from evals.measures import NAMES
from evals.records import Case, Judgement
from evals.report import Page, write_report
from evals.score import make_run
from rag.errors import ConfigurationError
from tests.stand_ins.gold import (
    BROKEN,
    SPEC,
    baseline_of,
    cases,
    failures,
    gate,
    invented_quote,
    judged,
    observe,
    run_of,
    snapshot,
    summary_of,
)  # fmt: skip


def test_a_right_assistant_passes() -> None:
    """Every floor is met by an assistant that knows the gold."""
    verdict = judged(observe())
    assert verdict.passed, verdict.findings


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_assistant_fails(kind: str, tmp_path: Path) -> None:
    """Each way of being wrong fails the gate under its own name, and page and Markdown say so."""
    change, named = BROKEN[kind]
    run = run_of(observe(change))
    verdict = judge(run.summary, gate(), baseline_of(observe()))
    assert not verdict.passed
    assert named <= failures(verdict)
    page = write_report(tmp_path, Page(run, verdict, baseline_of(observe())), snapshot()).read_text(encoding="utf-8")
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "未通过，不得发布" in page
    assert summary.startswith("**评测未通过**")
    for measure in named:
        assert f"<b>不通过</b>：{NAMES[measure]} {measure} " in page
        assert f"- 不通过：{NAMES[measure]} {measure} " in summary


def test_one_case_that_crashes_fails(tmp_path: Path) -> None:
    """An error is kept, counted and fails, however good the rest is; the page shows the case and what was raised."""
    observations = observe()
    observations[3] = replace(observations[3], answer=None, error="RuntimeError: boom")
    run = run_of(observations)
    verdict = judge(run.summary, gate(), None)
    assert "errors" in failures(verdict)
    assert verdict.findings[0].message == "1 题运行出错：RuntimeError: boom"
    assert verdict.findings[0].cases == (cases()[3].id,)
    page = write_report(tmp_path, Page(run, verdict, None), snapshot()).read_text(encoding="utf-8")
    assert f'href="#case-{cases()[3].id}"' in page
    assert f'id="case-{cases()[3].id}"' in page
    assert "1 题运行出错：RuntimeError: boom" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_half_the_latency_budget_fails(tmp_path: Path) -> None:
    """An assistant that keeps its budget fails when the budget is halved."""
    budget = replace(gate(), latency={"extractive": Latency(p50_ms=100, p95_ms=150)})
    halved = replace(gate(), latency={"extractive": Latency(p50_ms=50, p95_ms=75)})
    observations = observe(latency=90.0)
    assert judged(observations, None, budget).passed
    verdict = judged(observations, None, halved)
    assert failures(verdict) == {"latency_p50", "latency_p95"}
    page = write_report(tmp_path, Page(run_of(observations), verdict, None), snapshot()).read_text(encoding="utf-8")
    assert "latency_p95 90，超过预算 75" in page


def test_the_budget_is_that_of_the_mode() -> None:
    """A chat model's answers are not held to the extract's milliseconds."""
    rules = replace(gate(), latency={"extractive": Latency(p95_ms=50), "generated": Latency(p95_ms=5000)})
    assert judge(run_of(observe(latency=900.0), mode="generated").summary, rules, None).passed
    assert not judge(run_of(observe(latency=900.0)).summary, rules, None).passed


def test_slower_than_the_baseline_fails() -> None:
    """Latency is judged as a ratio to the baseline's median too."""
    before = baseline_of(observe(latency=10.0))
    assert judged(observe(latency=29.0), before).passed
    assert failures(judged(observe(latency=31.0), before)) == {"latency_p50"}


def lose(chosen: set[str]) -> Callable[[Case, dict[str, Any]], dict[str, Any]]:
    return lambda case, answer: {**answer, "answer": "[1]"} if case.id in chosen else answer


def test_a_loss_inside_the_noise_warns_and_one_outside_fails() -> None:
    """One case lost of many is noise; half of them lost is not; and the cases are named."""
    easy = replace(gate(), floors={"facts": 0.1})
    before = baseline_of(observe())
    names = [case.id for case in cases() if case.unanswerable is None]
    slight = judged(observe(lose({names[0]})), before, easy)
    assert slight.passed
    warnings = [finding for finding in slight.findings if finding.level == "warn"]
    assert [(finding.measure, finding.cases) for finding in warnings] == [("facts", (names[0],))]
    great = judged(observe(lose(set(names[::2]))), before, easy)
    assert failures(great) == {"facts"}
    assert next(f for f in great.findings if f.level == "fail").cases == tuple(names[::2])


def test_a_regression_may_be_allowed_by_measure() -> None:
    """The largest loss that passes can be set for one measure."""
    before = baseline_of(observe())
    names = [case.id for case in cases() if case.unanswerable is None]
    easy = replace(gate(), floors={"facts": 0.1}, allowed_regression={"default": 0.01, "facts": 0.9})
    assert judged(observe(lose(set(names[::2]))), before, easy).passed


def test_dev_counts_for_nothing() -> None:
    """The half that was looked at may get worse: a figure on what was tuned says nothing."""
    dev = [replace(case, split="dev") for case in cases()]
    both = [*cases(), *(replace(case, id=f"dev-{case.id}") for case in dev)]

    def summary(change: Any) -> Any:
        test, more = observe(), [replace(o, case=f"dev-{o.case}") for o in observe(change)]
        return make_run(both, [*test, *more], SPEC, snapshot()).summary

    from evals.score import as_baseline

    assert judge(summary(BROKEN["lost fact"][0]), gate(), as_baseline(summary(lambda case, answer: answer))).passed


def test_usage_is_compared_only_where_the_gate_says_so() -> None:
    """More tokens are no loss of quality, unless a bound was set."""
    before = baseline_of(observe(prompt_tokens=1000.0))
    now = observe(prompt_tokens=1600.0)
    assert judged(now, before).passed
    assert failures(judged(now, before, replace(gate(), allowed_regression={"default": 0.01, "prompt_tokens": 100}))) == {"prompt_tokens"}
    assert failures(judged(now, before, replace(gate(), floors={"prompt_tokens": 1500.0}))) == {"prompt_tokens"}


def test_a_dropped_case_fails() -> None:
    """A floor can't be met by leaving out what misses it."""
    before = baseline_of(observe())
    fewer = make_run(cases()[1:], observe()[1:], SPEC, snapshot()).summary
    verdict = judge(fewer, gate(), before)
    assert failures(verdict) == {"cases"}
    assert any(cases()[0].id in finding.message for finding in verdict.findings)
    assert judge(fewer, gate(), before, whole=False).passed


def test_no_scored_case_is_a_failure() -> None:
    """A gate that had nothing to judge does not pass, as a whole or for one floor."""
    only_dev = [replace(case, split="dev") for case in cases()]
    assert "cases" in failures(judge(make_run(only_dev, observe(), SPEC, snapshot()).summary, gate(), None))
    answerable = [case for case in cases() if case.unanswerable is None]
    observations = [o for o in observe() if o.case in {case.id for case in answerable}]
    assert failures(judge(make_run(answerable, observations, SPEC, snapshot()).summary, gate(), None)) == {"refusal_recall"}


def test_floors_by_category() -> None:
    """A category's floor holds for its cases alone, and the finding names the category."""
    rules = replace(gate(), floors={"facts": 0.1}, categories={"direct": {"facts": 1.0}})
    names = [case.id for case in cases() if case.unanswerable is None]
    verdict = judged(observe(lose({names[0]})), None, rules)
    assert [(f.measure, f.category) for f in verdict.findings if f.level == "fail"] == [("facts", "direct")]
    assert failures(judged(observe(), None, replace(rules, categories={"table": {"facts": 0.5}}))) == {"facts"}


def test_a_target_that_is_not_met_is_told() -> None:
    """What was reached may not be lost; what is wanted stays in sight, with its reason."""
    rules = replace(gate(), floors={"facts": Target(0.99, 0.5, "怪题")})
    names = [case.id for case in cases() if case.unanswerable is None]
    verdict = judged(observe(lose({names[0]})), None, rules)
    assert verdict.passed
    assert any("目标 0.99 尚未达到：怪题" in finding.message for finding in verdict.findings)
    assert any("已达到" in finding.message for finding in judged(observe(), None, rules).findings)
    assert not judged(observe(lose(set(names))), None, rules).passed


def test_too_many_unscored_fail() -> None:
    """Two per cent of answers may be left unscored by the judge; unscored is not zero."""
    answered = [case.id for case in cases() if case.unanswerable is None]
    judgements = [Judgement(name, 1.0) for name in answered]
    run = run_of(observe(), judgements)
    assert run.summary.overall["test"]["claim_support"].mean == 1.0
    assert judge(run.summary, gate(), None).passed
    judgements[0] = Judgement(answered[0], None, "对话服务没有在规定时间内答复。")
    run = run_of(observe(), judgements)
    assert run.summary.overall["test"]["claim_support"].mean == 1.0
    assert run.summary.unscored == {"claim_support": 1 / len(answered)}
    assert failures(judge(run.summary, gate(), None)) == {"claim_support"}


def test_a_poisoned_draft_that_gets_through_fails() -> None:
    """Verification may lose one good draft in twenty and let no poison through."""
    fine = (DraftRow("good", 60, 0, 3, ("a", "b", "c")), DraftRow("figure", 7, 7, 0, ()))
    assert judge(summary_of(observe()), gate(), None, drafts=fine).passed
    lost = judge(summary_of(observe()), gate(), None, drafts=(DraftRow("good", 60, 0, 4, ("a", "b", "c", "d")),))
    through = judge(summary_of(observe()), gate(), None, drafts=(DraftRow("negation", 7, 6, 0, ("negation-2",)),))
    assert failures(lost) == failures(through) == {"drafts"}
    assert any("「否定翻转」草稿：negation-2" in finding.message for finding in through.findings)


def test_another_mode_is_not_compared() -> None:
    """A chat model's run is not held against the extract's baseline."""
    before = baseline_of(observe())
    verdict = judge(run_of(observe(latency=900.0), mode="generated").summary, gate(), before)
    assert verdict.passed
    assert any("不与本次比较" in finding.message for finding in verdict.findings)


def test_the_baseline_comes_back(tmp_path: Path) -> None:
    """What is accepted is read as it was written, one line a case; what is damaged is named."""
    path = tmp_path / "baseline.json"
    assert read_baseline(path) is None
    write_baseline(summary_of(observe(invented_quote)), path)
    assert read_baseline(path) == baseline_of(observe(invented_quote))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith(f'  "{cases()[0].id}": ') for line in lines) == 1
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"baseline\.json"):
        read_baseline(path)


@pytest.mark.parametrize("text", ["[[", "floors = 3", "[floors]\nfacts = 'high'", "flors = {}\n[floors]", "[floors]\n'hit@3' = 0.5"])
def test_a_gate_that_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    """A misspelt entry must not pass as a gate without floors."""
    path = tmp_path / "gate.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"gate\.toml"):
        read_gate(path)


def test_the_shipped_baseline_can_be_read() -> None:
    """What stands beside the gate is a baseline."""
    baseline = read_baseline(Path(__file__).parents[2] / "evals" / "baseline.json")
    assert baseline is not None
    assert baseline.values["facts"]
