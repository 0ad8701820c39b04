"""How much each retrieval signal counts: python -m evals.bench.fusion

Prints hit@1, hit@5 and mrr of each signal alone, of all without the questions that passages answer, and of the
weights as shipped, on the dev half; then searches better weights there. The test half is only counted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evals.cases import gold_files, read_cases
from evals.measures.places import matches
from evals.records import Case
from rag.assistant import Assistant, open_assistant
from rag.records import Turn
from rag.search.retrieve import Retriever, Weights
from rag.settings import Settings

Floats = NDArray[np.float64]
NAMES = tuple(field.name for field in fields(Weights))
ROUNDS = 1500


@dataclass(frozen=True, slots=True)
class Sample:
    """One case: its signals, shape (signals, passages), and which units are right."""

    case: Case
    signals: Floats
    right: NDArray[np.bool_]


def collect(assistant: Assistant, cases: Iterable[Case]) -> list[Sample]:
    """The cases that retrieval has to answer: one place, no reference that settles it."""
    retriever = assistant.retriever
    samples = []
    for case in cases:
        if case.unanswerable is not None or len(case.locators) != 1:
            continue
        query = assistant.understand(case.question, [Turn(t.question, t.answer) for t in case.history])
        if query.shape in ("smalltalk", "task") or query.references or query.missing_references:
            continue
        signals = retriever.weighted_signals(query)
        stacked = np.stack([signals[name] for name in NAMES]).astype(np.float64)
        right = np.array([matches(str(unit), case.locators[0], assistant.index.snapshot) for unit in retriever.units])
        samples.append(Sample(case, stacked, right))
    return samples


def rank(sample: Sample, weights: Floats, retriever: Retriever) -> int:
    """Position of the first right unit, 0 for the first place."""
    order = np.argsort(-_units(sample, weights, retriever), kind="stable")
    return int(np.flatnonzero(sample.right[order])[0])


def measure(samples: list[Sample], weights: Floats, retriever: Retriever) -> tuple[float, float, float]:
    """hit@1, hit@5 and mrr."""
    ranks = np.array([rank(sample, weights, retriever) for sample in samples])
    return float((ranks == 0).mean()), float((ranks < 5).mean()), float((1 / (ranks + 1)).mean())


def likelihood(samples: list[Sample], weights: Floats, retriever: Retriever) -> float:
    """Mean log-probability of the right unit under a softmax of unit scores: smoother than a count of hits."""
    total = 0.0
    for sample in samples:
        scores = _units(sample, weights, retriever)
        odds = np.exp(3 * (scores - scores.max()))
        total += float(np.log(max(odds[sample.right].sum() / odds.sum(), 1e-9)))
    return total / len(samples)


def _units(sample: Sample, weights: Floats, retriever: Retriever) -> Floats:
    scores = np.full(len(retriever.units), -np.inf)
    np.maximum.at(scores, retriever.unit_of_passage, weights @ sample.signals)
    return scores


def search(samples: list[Sample], retriever: Retriever) -> Floats:
    """Weights of the highest likelihood found by a seeded random search that starts from those shipped."""
    draw = np.random.default_rng(20240123)
    best = np.array([getattr(Weights(), name) for name in NAMES])
    score = likelihood(samples, best, retriever)
    for _ in range(ROUNDS):
        candidate = np.clip(best * np.exp(draw.normal(0, 0.3, len(best))), 0.01, 3)
        found = likelihood(samples, candidate, retriever)
        if found > score:
            best, score = candidate, found
    return best


def main() -> int:
    """Print the table and the weights that the search found."""
    assistant = open_assistant(Settings.load())
    retriever = assistant.retriever
    cases = read_cases(gold_files())
    dev = collect(assistant, (case for case in cases if case.split == "dev"))
    shipped = np.array([getattr(Weights(), name) for name in NAMES])
    print(f"{len(dev)} dev cases{'':<16} hit@1  hit@5    mrr")
    for i, name in enumerate(NAMES[:4]):
        _print(f"{name} alone", measure(dev, np.eye(len(NAMES))[i], retriever))
    without = shipped * np.array([0.0 if "question" in name else 1.0 for name in NAMES])
    _print("without question vectors", measure(dev, without, retriever))
    _print("as shipped", measure(dev, shipped, retriever))
    if "--search" in sys.argv:
        best = search(dev, retriever)
        _print("found by the search", measure(dev, best, retriever))
        print("    " + ", ".join(f"{name}={weight:.2f}" for name, weight in zip(NAMES, best, strict=True)))
        for sample in dev:
            if (position := rank(sample, best, retriever)) > 0:
                print(f"    {position + 1:>3}. {sample.case.id}  {sample.case.question}")
    return 0


def _print(name: str, figures: tuple[float, float, float]) -> None:
    print(f"{name:<28} " + "  ".join(f"{figure:.3f}" for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
