"""How much the question alone betrays: a logistic function of its characters that never sees the document.

Only what goes beyond this figure is reading. Folds are by document, so no wording of a document is learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.questions import Question

Floats = NDArray[np.float64]

LONGEST, FOLDS, STEPS = 3, 10, 8
PENALTY = 0.1
"""Ridge on rows of length one; from 0.03 to 1 it moves the figure of either question set by at most 0.02."""


def auroc(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """How often a positive stands above a negative, ties as half; NaN when one of the two is lacking."""
    positive = np.array([score for score, label in zip(scores, labels, strict=True) if label], dtype=float)
    negative = np.array([score for score, label in zip(scores, labels, strict=True) if not label], dtype=float)
    if not len(positive) or not len(negative):
        return float("nan")
    difference = positive[:, None] - negative[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def judge_alone(questions: Sequence[Question]) -> list[float]:
    """For each question, the log odds that it is answerable by a function fitted on the other documents' questions."""
    kernel = _kernel([question.question for question in questions])
    labels = np.array([question.answerable for question in questions], dtype=float)
    names = sorted({question.document for question in questions})
    folds = np.array([names.index(question.document) % FOLDS for question in questions])
    judged = np.zeros(len(questions))
    for fold in sorted(set(folds)):
        known, asked = folds != fold, folds == fold
        if len(set(labels[known])) == 2:
            judged[asked] = kernel[np.ix_(asked, known)] @ _fit(kernel[np.ix_(known, known)], labels[known])
    return [float(value) for value in judged]


def _kernel(texts: Sequence[str]) -> Floats:
    """How alike two questions are: cosine of the 1- to LONGEST-grams that they have, and one for the intercept."""
    grams = [{text[i : i + n] for n in range(1, LONGEST + 1) for i in range(len(text) - n + 1)} for text in texts]
    column = {gram: i for i, gram in enumerate(sorted(set().union(*grams)))}
    rows = np.zeros((len(texts), len(column)), dtype=np.float32)
    for row, found in zip(rows, grams, strict=True):
        row[[column[gram] for gram in found]] = 1 / max(len(found), 1) ** 0.5
    return np.asarray(rows @ rows.T, dtype=float) + 1


def _fit(kernel: Floats, labels: Floats) -> Floats:
    """Weights of the known questions, by Newton's method."""
    weights: Floats = np.zeros(len(labels))
    for _ in range(STEPS):
        value = kernel @ weights
        chance = 1 / (1 + np.exp(-value))
        slope = np.maximum(chance * (1 - chance), 1e-6)
        weights = np.asarray(np.linalg.solve(kernel + np.diag(PENALTY / slope), value + (labels - chance) / slope), dtype=float)
    return weights
