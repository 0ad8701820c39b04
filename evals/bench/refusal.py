"""When the documents are silent: python -m evals.bench.refusal [--list]

Fits the logistic function of rag.answering.confidence on the dev cases of evals/gold, and prints what each threshold
refuses, both as fitted on all of them and as judged by a function that was fitted on the other nine tenths. With
NINGWEN_EXPAND=false it fits the function for documents of which no questions are indexed. The test cases are not looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.cases import gold_files, read_cases
from rag.answering.confidence import FEATURES, PLAIN, PLAIN_FEATURES, Calibration
from rag.assistant import Assistant, open_assistant
from rag.records import Turn
from rag.settings import Settings

Floats = NDArray[np.float64]
STEPS, RATE, PENALTY = 4000, 0.5, 0.05
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """A question, whether the documents answer it, and its signals; ``lacking`` when a check decides alone."""

    name: str
    question: str
    answerable: bool
    lacking: str | None
    values: tuple[float, ...]


def dev_cases(assistant: Assistant) -> Iterator[Sample]:
    """The dev cases that retrieval has to judge."""
    for case in read_cases(gold_files()):
        if case.split == "dev":
            history = [Turn(turn.question, turn.answer) for turn in case.history]
            yield from judge(assistant, case.id, case.question, history, case.unanswerable is None)


def judge(assistant: Assistant, name: str, question: str, history: list[Turn], answerable: bool) -> Iterator[Sample]:
    """The samples of one question: one for each facet of an answerable one, the first of another."""
    query = assistant.understand(question, history)
    if query.shape in ("smalltalk", "task") or query.references or query.missing_references:
        return
    query, evidence = assistant.gather(query)
    confidence = assistant.confidence
    for facet, found in zip(query.facets or (query,), evidence, strict=True):
        values = confidence.features(facet, found)
        yield Sample(name, facet.standalone, answerable, confidence.lacking(facet, found), tuple(values[n] for n in FEATURES))
        if not answerable:
            return


def fit(samples: list[Sample], used: tuple[str, ...]) -> Calibration:
    """The weights of the ``used`` signals that separate best; both kinds of question count the same in all."""
    columns = [FEATURES.index(name) for name in used]
    values = np.array([sample.values for sample in samples])[:, columns]
    right = np.array([sample.answerable for sample in samples], dtype=float)
    mean, spread = values.mean(0), values.std(0) + 1e-9
    design = np.c_[np.ones(len(values)), (values - mean) / spread]
    share = np.where(right == 1, 0.5 / right.sum(), 0.5 / (1 - right).sum())
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        slope = design.T @ (share * (_logistic(design @ weights) - right)) + PENALTY * np.r_[0, weights[1:]]
        weights -= RATE * slope
    scaled = weights[1:] / spread
    found = dict.fromkeys(FEATURES, 0.0) | {name: float(weight) for name, weight in zip(used, scaled, strict=True)}
    return Calibration(float(weights[0] - (scaled * mean).sum()), **found)


def _logistic(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-z)))


def probability(sample: Sample, calibration: Calibration) -> float:
    """As the assistant judges it."""
    if sample.lacking:
        return 0.0
    z = calibration.bias + sum(getattr(calibration, n) * v for n, v in zip(FEATURES, sample.values, strict=True))
    return float(_logistic(np.array(z)))


def held_out(samples: list[Sample], used: tuple[str, ...]) -> list[tuple[float, Sample]]:
    """Each sample with the probability given by a function that did not learn from it."""
    judged: list[tuple[float, Sample]] = []
    for fold in range(FOLDS):
        fitted = fit([sample for i, sample in enumerate(samples) if i % FOLDS != fold and not sample.lacking], used)
        judged.extend((probability(sample, fitted), sample) for i, sample in enumerate(samples) if i % FOLDS == fold)
    return judged


def main() -> int:
    """Print the fitted weights, what thresholds do, and the questions on the wrong side."""
    settings = Settings.load()
    used, shipped = (FEATURES, Calibration()) if settings.expand else (PLAIN_FEATURES, PLAIN)
    samples = list(dev_cases(open_assistant(settings)))
    fitted = fit([sample for sample in samples if not sample.lacking], used)
    print("    " + ", ".join(f"{name}={getattr(fitted, name):.2f}" for name in ("bias", *FEATURES)))
    tables = {
        "shipped": [(probability(sample, shipped), sample) for sample in samples],
        "fitted": [(probability(sample, fitted), sample) for sample in samples],
        "held out": held_out(samples, used),
    }
    for name, judged in tables.items():
        for threshold in sorted({0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, shipped.threshold}):
            refused = np.mean([p < threshold for p, s in judged if not s.answerable])
            lost = np.mean([p < threshold for p, s in judged if s.answerable])
            print(f"{name:<9} threshold {threshold:.2f}   open refused {refused:.3f}   answerable refused {lost:.3f}")
    if "--list" in sys.argv:
        for p, sample in sorted(tables["held out"], key=lambda pair: pair[0]):
            if sample.answerable == (p < shipped.threshold):
                kind = "answerable" if sample.answerable else "open"
                print(f"{p:.2f} {kind} {sample.name} {sample.question} {sample.lacking or ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
