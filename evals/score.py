"""Observations → Scores → Summary with bootstrap intervals. The assistant is never asked again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evals.measures import LOWER_IS_BETTER, MEASURES
from evals.measures.places import matches
from evals.records import Case, Interval, Observation, Score, Summary
from rag.search.snapshot import Snapshot

RESAMPLES = 2000
SEED = 20240123
"""Of every bootstrap, so that a report can be made again."""

_RANKED = ("mrr@10", "ndcg@10")


def score_run(cases: Sequence[Case], observations: Sequence[Observation], snapshot: Snapshot) -> list[Score]:
    """Every measure of every case; a case that raised scores as a loss wherever the measure applies."""
    seen = {observation.case: observation for observation in observations}
    scores: list[Score] = []
    for case in cases:
        observation = seen[case.id]
        answer = observation.answer or _no_answer(case)
        for name, measure in MEASURES.items():
            value, reason = measure(case, answer, snapshot)
            if observation.error is not None and value is not None:
                value, reason = (1.0 if name in LOWER_IS_BETTER else 0.0), f"出错：{observation.error}"
            scores.append(Score(case.id, name, value, reason))
        scores.append(Score(case.id, "latency_ms", observation.latency_ms))
    return scores + _ranked(cases, seen)


def _no_answer(case: Case) -> dict[str, Any]:
    """What a case that raised is scored as: nothing said, and not even refused."""
    return {"status": "error", "answer": "", "citations": [], "retrieved": [], "mode": "none"}


def _ranked(cases: Sequence[Case], seen: Mapping[str, Observation]) -> list[Score]:
    """mrr@10 and ndcg@10 through ir_measures; a place that satisfies a group stands for that group."""
    import ir_measures
    from ir_measures import RR, nDCG

    relevant, ranked = {}, {}
    for case in cases:
        if case.unanswerable is not None:
            continue
        relevant[case.id] = {f"group-{i}": 1 for i in range(len(case.locators))}
        answer = seen[case.id].answer or _no_answer(case)
        names: dict[str, float] = {}
        for rank, place in enumerate(answer["retrieved"][:10]):
            group = next((i for i, group in enumerate(case.locators) if matches(place, group)), None)
            names.setdefault(place if group is None else f"group-{group}", float(-rank))
        ranked[case.id] = names or {"nothing": 0.0}
    found = ir_measures.iter_calc([RR @ 10, nDCG @ 10], relevant, ranked)
    names_of = {str(RR @ 10): "mrr@10", str(nDCG @ 10): "ndcg@10"}
    return [Score(entry.query_id, names_of[str(entry.measure)], float(entry.value)) for entry in found]


def summarise(cases: Sequence[Case], scores: Sequence[Score], spec: dict[str, Any], errors: int) -> Summary:
    """Means with intervals by split and category, and the values for paired comparison."""
    by_id = {case.id: case for case in cases}
    values: dict[str, dict[str, float]] = defaultdict(dict)
    unscored = 0
    for score in scores:
        if score.value is None:
            unscored += 1
        else:
            values[score.measure][score.case] = score.value
    overall: dict[str, dict[str, Interval]] = {}
    categories: dict[str, dict[str, dict[str, Interval]]] = {}
    for split in ("dev", "test"):
        overall[split], categories[split] = {}, defaultdict(dict)
        for measure, of_case in values.items():
            chosen = {name: value for name, value in of_case.items() if by_id[name].split == split}
            if measure == "latency_ms":
                overall[split] |= _latency(list(chosen.values()))
                continue
            if chosen:
                overall[split][measure] = interval(list(chosen.values()))
            for category in {by_id[name].category for name in chosen}:
                inside = [value for name, value in chosen.items() if by_id[name].category == category]
                categories[split][category][measure] = interval(inside)
    return Summary(spec, overall, {split: dict(found) for split, found in categories.items()}, dict(values), errors, unscored)


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
    if not values:
        return {}
    found = {}
    for name, share in (("latency_p50", 0.5), ("latency_p95", 0.95)):
        value = round(float(np.quantile(np.array(values), share)), 2)
        found[name] = Interval(value, value, value, len(values))
    return found
