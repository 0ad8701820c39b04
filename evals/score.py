"""Observations → Scores → Summary with bootstrap intervals. The assistant is never asked again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from evals.measures import LOWER_IS_BETTER, MEASURES, USAGE
from evals.measures.places import matches
from evals.records import Baseline, Case, Interval, Judgement, Observation, Run, Score, Summary, Told
from rag.search.snapshot import Snapshot

RESAMPLES = 2000
SEED = 20240123
"""Of every bootstrap, so that a report can be made again."""

_ALIKE = 1e-9


def score_run(
    cases: Sequence[Case], observations: Sequence[Observation], snapshot: Snapshot, judgements: Sequence[Judgement] = ()
) -> list[Score]:
    """Every measure of every case; a case that raised scores as a loss wherever the measure applies."""
    seen = {observation.case: observation for observation in observations}
    scores: list[Score] = []
    for case in cases:
        observation = seen[case.id]
        answer = observation.answer or _no_answer()
        for name, measure in MEASURES.items():
            value, reason = measure(case, answer, snapshot)
            if observation.error is not None and value is not None:
                value, reason = (1.0 if name in LOWER_IS_BETTER else 0.0), f"出错：{observation.error}"
            scores.append(Score(case.id, name, value, reason))
        scores.append(Score(case.id, "latency_ms", observation.latency_ms))
        scores.extend(Score(case.id, name, observation.usage[name]) for name in USAGE if name in observation.usage)
    return [*scores, *_ranked(cases, seen, snapshot), *_judged(judgements, seen)]


def make_run(
    cases: Sequence[Case],
    observations: Sequence[Observation],
    spec: dict[str, Any],
    snapshot: Snapshot,
    judgements: Sequence[Judgement] = (),
) -> Run:
    """A finished run: scored and summarised."""
    scores = score_run(cases, observations, snapshot, judgements)
    return Run(tuple(cases), tuple(observations), tuple(scores), summarise(cases, observations, scores, spec))


def _no_answer() -> dict[str, Any]:
    """What a case that raised is scored as: nothing said, and not even refused."""
    return {"status": "error", "answer": "", "citations": [], "retrieved": [], "mode": "none"}


def _ranked(cases: Sequence[Case], seen: Mapping[str, Observation], snapshot: Snapshot) -> Iterator[Score]:
    """mrr@10 and ndcg@10 through ir_measures; a place that satisfies a group stands for that group."""
    import ir_measures
    from ir_measures import RR, nDCG

    relevant, ranked = {}, {}
    for case in cases:
        if case.unanswerable is not None or not case.locators:
            continue
        relevant[case.id] = {f"group-{i}": 1 for i in range(len(case.locators))}
        answer = seen[case.id].answer or _no_answer()
        names: dict[str, float] = {}
        for rank, place in enumerate(answer["retrieved"][:10]):
            group = next((i for i, group in enumerate(case.locators) if matches(place, group, snapshot)), None)
            names.setdefault(place if group is None else f"group-{group}", float(-rank))
        ranked[case.id] = names or {"nothing": 0.0}
    named = {str(RR @ 10): "mrr@10", str(nDCG @ 10): "ndcg@10"}
    for entry in ir_measures.iter_calc([RR @ 10, nDCG @ 10], relevant, ranked):
        value = float(entry.value)
        yield Score(entry.query_id, named[str(entry.measure)], value, "" if value > 1 - _ALIKE else _place_of(ranked[entry.query_id]))


def _place_of(ranked: Mapping[str, float]) -> str:
    """Where the right places stand in a ranking."""
    order = sorted(ranked, key=lambda name: -ranked[name])
    places = [str(rank) for rank, name in enumerate(order, start=1) if name.startswith("group-")]
    return f"正确出处排在第 {'、'.join(places)} 位" if places else "前 10 位没有正确出处"


def _judged(judgements: Sequence[Judgement], seen: Mapping[str, Observation]) -> Iterator[Score]:
    """claim_support as it was judged; an answer that the judge failed on is unscored, which is not zero."""
    for judgement in judgements:
        if judgement.case in seen:
            yield Score(judgement.case, "claim_support", judgement.value, judgement.reason, unscored=judgement.value is None)


def summarise(cases: Sequence[Case], observations: Sequence[Observation], scores: Sequence[Score], spec: dict[str, Any]) -> Summary:
    """Means with intervals by split and category, and the values for paired comparison."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for score in scores:
        if score.value is not None:
            values[score.measure][score.case] = score.value
    halves = {split: tuple(case.id for case in cases if case.split == split) for split in ("dev", "test")}
    category_of = {case.id: case.category for case in cases}
    return Summary(
        spec,
        {split: _means(values, half) for split, half in halves.items()},
        {split: _by_category(values, half, category_of) for split, half in halves.items()},
        dict(values),
        halves,
        {observation.case: observation.error for observation in observations if observation.error is not None},
        _unscored(scores),
        {observation.case: _told(observation) for observation in observations},
    )


def as_baseline(summary: Summary) -> Baseline:
    """A summary as something to compare with; single latencies are left out, they say more of the machine."""
    kept = {measure: values for measure, values in summary.values.items() if measure != "latency_ms"}
    return Baseline(summary.spec, summary.overall, kept, summary.told)


def _means(values: Mapping[str, Mapping[str, float]], half: Sequence[str]) -> dict[str, Interval]:
    inside = set(half)
    found: dict[str, Interval] = {}
    for measure, of_case in values.items():
        chosen = [value for name, value in of_case.items() if name in inside]
        if chosen and measure == "latency_ms":
            found |= _latency(chosen)
        elif chosen:
            found[measure] = interval(chosen)
    return found


def _by_category(
    values: Mapping[str, Mapping[str, float]], half: Sequence[str], category_of: Mapping[str, str]
) -> dict[str, dict[str, Interval]]:
    members: dict[str, list[str]] = defaultdict(list)
    for name in half:
        members[category_of[name]].append(name)
    quality = {measure: of_case for measure, of_case in values.items() if measure not in ("latency_ms", *USAGE)}
    return {category: _means(quality, names) for category, names in members.items()}


def _unscored(scores: Sequence[Score]) -> dict[str, float]:
    """Of each measure that could fail to be taken, the share of its cases where it did."""
    lost = Counter(score.measure for score in scores if score.unscored)
    taken = Counter(score.measure for score in scores if score.value is not None)
    return {measure: count / (count + taken[measure]) for measure, count in lost.items()}


def _told(observation: Observation) -> Told:
    if observation.answer is None:
        return Told("error", observation.error or "")
    cited = tuple(citation["locator"] for citation in observation.answer["citations"])
    return Told(observation.answer["status"], observation.answer["answer"], cited)


def interval(values: Sequence[float]) -> Interval:
    """The mean with its 95 % bootstrap interval."""
    array = np.array(values, dtype=float)
    draws = np.random.default_rng(SEED).choice(array, size=(RESAMPLES, len(array))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(round(float(array.mean()), 4), round(float(low), 4), round(float(high), 4), len(array))


def paired_difference(before: Sequence[float], after: Sequence[float]) -> Interval:
    """The mean of after − before over the same cases, with its 95 % bootstrap interval."""
    return interval([b - a for a, b in zip(before, after, strict=True)])


def _latency(values: Sequence[float]) -> dict[str, Interval]:
    found = {}
    for name, share in (("latency_p50", 0.5), ("latency_p95", 0.95)):
        value = round(float(np.quantile(np.array(values), share)), 2)
        found[name] = Interval(value, value, value, len(values))
    return found
