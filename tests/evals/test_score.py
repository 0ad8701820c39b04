"""Scores are those of a count by hand, and of the textbook's formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from evals.measures import MEASURES, NAMES, USAGE
from evals.measures.places import matches, unit_of
from evals.records import Case, Judgement, Observation
from evals.score import interval, make_run, paired_difference, score_run
from tests.stand_ins.gold import SPEC, cases, observe, run_of, snapshot

QUOTE = "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"


def cited(n: int, locator: str, quote: str) -> dict[str, Any]:
    return {"n": n, "locator": locator, "label": locator, "quote": quote}


TABLE: list[tuple[Case, dict[str, Any], dict[str, float | None]]] = [
    (
        Case("half", "direct", "?", locators=(("work-rules#21",),), facts=(("2次", "两次"), ("9次",))),
        {
            "status": "answered",
            "answer": f"{QUOTE}[1][2]",
            "citations": [cited(1, "work-rules#21", QUOTE), cited(2, "work-rules#23", "应当及时公布")],
            "retrieved": ["work-rules#21", "work-rules#23"],
        },
        {
            "hit@1": 1, "hit@5": 1, "mrr@10": 1, "ndcg@10": 1, "citation_recall": 1, "citation_precision": 1 / 2, "quote_exact": 1,
            "figures_supported": 1, "facts": 1 / 2, "concise": 1, "format": 1, "false_refusal": 0, "refusal_recall": None,
        },
    ),
    (
        Case("refused", "direct", "?", locators=(("work-rules#26",),), facts=(("一般不出席",),)),
        {"status": "refused", "answer": "没有", "citations": [], "retrieved": ["work-rules#25", "work-rules#26"]},
        {
            "hit@1": 0, "hit@5": 1, "mrr@10": 1 / 2, "ndcg@10": 1 / math.log2(3), "citation_recall": 0, "citation_precision": None,
            "quote_exact": None, "figures_supported": None, "facts": 0, "concise": None, "format": 1, "false_refusal": 1,
        },
    ),
    (
        Case("silent", "unanswerable", "?", unanswerable="没有"),
        {"status": "refused", "answer": "没有", "citations": [], "retrieved": ["work-rules#1"]},
        {"hit@1": None, "hit@5": None, "citation_recall": None, "facts": None, "refusal_recall": 1, "false_refusal": None, "format": 1},
    ),
    (
        Case("two places", "cross-document", "?", locators=(("work-rules#21",), ("work-report#1.1", "work-report#1.2"))),
        {
            "status": "partial",
            "answer": "12个[1]",
            "citations": [cited(1, "work-rules#21.5", "学习")],
            "retrieved": ["work-rules#1", "work-rules#21", "work-report#1.2"],
        },
        {
            "hit@1": 0, "hit@5": 1, "mrr@10": 1 / 2, "ndcg@10": (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3)),
            "citation_recall": 1 / 2, "citation_precision": 1, "quote_exact": 0, "figures_supported": 0, "facts": None, "concise": None,
        },
    ),
    (
        Case("late", "numeric", "?", locators=(("work-rules#45",),), facts=(("12月31日",),)),
        {
            "status": "answered",
            "answer": "十" * 201,
            "citations": [],
            "retrieved": [f"work-rules#{n}" for n in range(1, 7)] + ["work-rules#45"],
        },
        {"hit@1": 0, "hit@5": 0, "mrr@10": 1 / 7, "ndcg@10": 1 / 3, "concise": 0, "format": 0, "citation_recall": 0, "false_refusal": 0},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("case", "answer", "by_hand"), TABLE, ids=[case.id for case, _, _ in TABLE])
def test_scores_agree_with_a_count_by_hand(case: Case, answer: dict[str, Any], by_hand: dict[str, float | None]) -> None:
    """Each measure of a table of five cases is what it is on paper."""
    found = {score.measure: score for score in score_run([case], [Observation(case.id, answer, None, 1.0)], snapshot())}
    for measure, value in by_hand.items():
        if measure not in found:
            assert value is None, measure
            continue
        assert found[measure].value == (None if value is None else pytest.approx(value)), measure


def test_a_case_without_places_is_scored_where_it_can_be() -> None:
    """A case from elsewhere that names no place and no fact has no retrieval or citation to measure, and is no error."""
    found = {s.measure: s.value for s in score_run([Case("x", "c", "?")], [Observation("x", TABLE[0][1], None, 1.0)], snapshot())}
    assert [found[name] for name in ("hit@1", "hit@5", "citation_recall", "citation_precision", "facts")] == [None] * 5
    assert (found["quote_exact"], found["false_refusal"]) == (1.0, 0.0)
    assert "mrr@10" not in found


def test_a_loss_explains_itself() -> None:
    """Whatever is below its best says why, in words; what is at its best says nothing."""
    for case, answer, _ in TABLE:
        for score in score_run([case], [Observation(case.id, answer, None, 1.0)], snapshot()):
            if score.measure != "latency_ms" and score.value is not None:
                best = 0.0 if score.measure == "false_refusal" else 1.0
                assert bool(score.reason) == (score.value != best), score


def test_a_ranking_says_where_the_right_places_stand() -> None:
    """Mrr and ndcg name the ranks; with nothing found they say so."""
    for name, said in (("two places", "正确出处排在第 2、3 位"), ("late", "正确出处排在第 7 位")):
        case, answer, _ = next(row for row in TABLE if row[0].id == name)
        found = {s.measure: s.reason for s in score_run([case], [Observation(case.id, answer, None, 1.0)], snapshot())}
        assert found["mrr@10"] == found["ndcg@10"] == said
    nothing = [Observation(TABLE[0][0].id, {**TABLE[0][1], "retrieved": []}, None, 1.0)]
    found = {s.measure: s.reason for s in score_run([TABLE[0][0]], nothing, snapshot())}
    assert found["mrr@10"] == "前 10 位没有正确出处"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("每月召开2次[1],7个工作日内答复[2]", 1.0),
        ("每月召开2次[1],2次内答复[2]", 0.0),  # the other statement's figure
        ("每月召开2次[1],7天内答复[2]", 0.0),  # the same number in another unit
        ("每月召开二次[1],七个工作日内答复[2]", 1.0),
        ("共2项。每月召开2次[1],7个工作日内答复[2]", 1.0),  # as many as it lists
        ("共3项。每月召开2次[1],7个工作日内答复[2]", 0.0),
        ("依照第二十一条,每月召开2次[1]", 1.0),  # the number of the place that it cites
        ("依照第二十三条,每月召开2次[1]", 0.0),
        ("每月召开2次[1][2],期限5年", 0.0),  # nothing carries the rest
    ],
)
def test_a_figure_stands_in_the_quote_of_its_statement(text: str, value: float) -> None:
    """A figure that only another statement's quote holds is not supported."""
    citations = [cited(1, "work-rules#21", "每月召开2次"), cited(2, "work-rules#23", "7个工作日内答复")]
    citations = [{**c, "label": f"第二十{n}条"} for c, n in zip(citations, "一三", strict=True)]
    answer = {"status": "answered", "answer": text, "citations": citations, "retrieved": []}
    assert MEASURES["figures_supported"](TABLE[0][0], answer, snapshot())[0] == value


def test_hits_agree_with_ir_measures() -> None:
    """On random rankings hit@k is what ir_measures makes of it: success, or with several groups all of them found."""
    import ir_measures
    from ir_measures import R, Rprec, Success

    draw = np.random.default_rng(3)
    for _ in range(60):
        groups = [(f"work-rules#{n}",) for n in draw.choice(np.arange(1, 13), int(draw.integers(1, 4)), replace=False)]
        order = [f"work-rules#{n}" for n in draw.permutation(np.arange(1, 13))[:10]]
        case = Case("x", "direct", "?", locators=tuple(groups))
        answer = {"status": "refused", "answer": "", "citations": [], "retrieved": order}
        relevant = {"x": {group[0]: 1 for group in groups}}
        ranked = {"x": {place: float(-rank) for rank, place in enumerate(order)}}
        theirs = {str(m.measure): m.value for m in ir_measures.iter_calc([Success @ 1, Success @ 5, R @ 5, Rprec], relevant, ranked)}
        first, five = ("Success@1", "Success@5") if len(groups) == 1 else ("Rprec", "R@5")
        assert MEASURES["hit@1"](case, answer, snapshot())[0] == float(theirs[first] == 1)
        assert MEASURES["hit@5"](case, answer, snapshot())[0] == float(theirs[five] == 1)


def test_a_case_that_raised_loses_what_applies() -> None:
    """An error is a loss in every measure of its case, and not a refusal that was asked for."""
    answerable, silent = TABLE[0][0], TABLE[2][0]
    observations = [Observation(case.id, None, "ValueError: x", 1.0) for case in (answerable, silent)]
    found = {(score.case, score.measure): score.value for score in score_run([answerable, silent], observations, snapshot())}
    assert found["half", "facts"] == found["half", "citation_recall"] == found["half", "hit@1"] == found["half", "mrr@10"] == 0
    assert found["half", "false_refusal"] == 1
    assert found["silent", "refusal_recall"] == 0


def test_an_item_counts_as_its_article() -> None:
    """Places are compared as a reader looks them up: articles whole, rows and sections as they are."""
    assert str(unit_of("work-rules#21.5", snapshot())) == "work-rules#21"
    assert str(unit_of("ftz-plan#annex.3", snapshot())) == "ftz-plan#annex.3"
    assert matches("work-rules#21.8", ["work-rules#21"], snapshot())
    assert matches("work-rules#21", ["work-rules#21.8"], snapshot())
    assert not matches("work-rules#21", ["work-rules#2"], snapshot())
    assert matches("work-report#1.1", ["work-report#1"], snapshot())
    assert not matches("work-report#1", ["work-report#1.1"], snapshot())


def test_intervals_are_those_of_the_bootstrap() -> None:
    """The interval of a mean of many ones and zeros is near the normal one, the same each time, and a point when all are equal."""
    values = [1.0] * 300 + [0.0] * 100
    found = interval(values)
    spread = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert (found.mean, found.count) == (0.75, 400)
    assert found.low == pytest.approx(0.75 - spread, abs=0.01)
    assert found.high == pytest.approx(0.75 + spread, abs=0.01)
    assert interval(values) == found
    assert (interval([0.5] * 9).low, interval([0.5] * 9).high) == (0.5, 0.5)


def test_a_difference_is_paired() -> None:
    """Cases that vary a lot, each a little worse, are surely worse: what is alike in both does not blur the difference."""
    draw = np.random.default_rng(1)
    before = draw.uniform(0, 1, 60)
    change = paired_difference(list(before), list(before - 0.02))
    assert change.mean == change.low == change.high == pytest.approx(-0.02)


def test_usage_is_summarised() -> None:
    """Tokens, cost and fallbacks are means per answer of a half, and no matter of categories."""
    found = run_of(observe(prompt_tokens=1200.0, completion_tokens=80.0, cost=0.002, fallback=0.0)).summary
    assert [found.overall["test"][name].mean for name in USAGE] == [1200.0, 80.0, 0.002, 0.0]
    assert not set(USAGE) & set(found.categories["test"]["direct"])
    assert not set(USAGE) & set(run_of(observe()).summary.overall["test"])


def test_judgements_become_a_measure() -> None:
    """What a judge said is claim_support; where it failed the case is unscored, which lowers no mean."""
    judgements = [Judgement(cases()[0].id, 0.5, "引文不足以支持"), Judgement(cases()[1].id, None, "超时")]
    run = run_of(observe(), judgements)
    assert run.summary.overall["test"]["claim_support"].mean == 0.5
    assert run.summary.unscored == {"claim_support": 0.5}
    assert [score.unscored for score in run.scores if score.measure == "claim_support"] == [False, True]


def test_every_measure_has_a_name() -> None:
    """The report knows all that is measured."""
    measured = {score.measure for score in run_of(observe(**dict.fromkeys(USAGE, 1.0))).scores} - {"latency_ms"}
    assert measured | {"latency_p50", "latency_p95", "claim_support"} == set(NAMES)


def test_the_halves_are_kept_apart() -> None:
    """A value of a dev case never enters a mean of the test half."""
    dev = Case("d", "direct", "?", split="dev", locators=(("work-rules#21",),), facts=(("9次",),))
    run = make_run([*cases(), dev], [*observe(), Observation("d", TABLE[0][1], None, 1.0)], SPEC, snapshot())
    assert run.summary.overall["test"]["facts"].mean == 1.0
    assert run.summary.overall["dev"]["facts"].mean == 0.0
    assert run.summary.halves["dev"] == ("d",)
