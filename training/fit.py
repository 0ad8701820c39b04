"""Fit the judge: what its features weigh, and from which probability on it answers → rag/judging/judge.json.

    python -m training.fit ../shared/data/training rag/judging/judge.json

Fitted on what the reader was not trained on: the documents of DEV (training/splits.py) and the dev half of the gold questions on the
shipped documents. Every figure printed is of folds, by document on others and by question on the shipped ones. The same table is printed
for features alone and reader alone.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evals.cases import gold_files, read_cases
from evals.texts import read_texts, write_library
from rag.assistant import Assistant, open_assistant
from rag.judging import features
from rag.judging.judge import BOUND, READ, Logistic
from rag.judging.reader import UNREAD, Read, fingerprint
from rag.language.text import squeeze
from rag.records import Candidate, Locator, Reading, Turn
from rag.settings import Settings
from training.splits import DEV

READER = ("strength", "whole")
"""The features of a reading that only the reader gives."""

NEARNESS = ("near", "known", "open", "vote")
"""The features that hang on the embedder."""

KEPT, KEPT_KNOWN = 0.91, 0.965
"""Share of the answerable dev questions that a threshold keeps: on other documents, and on those of which questions are known."""

SHIPPED = "shipped"

ELSEWHERE = 0.9
"""Probability that a sentence of another document than the best one's has at least."""

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Asked:
    """A labelled question."""

    document: str
    question: str
    history: tuple[str, ...]
    answerable: bool
    answers: tuple[str, ...]  # squeezed sentences, any of which answers
    goes_on: bool | None  # from the question before; None where nothing was asked before
    weight: float = 1.0


@dataclass(slots=True)
class Rows:
    """Feature rows with labels, weights and the document they belong to."""

    values: list[list[float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)

    def leave_out(self, columns: Collection[int]) -> None:
        """Make features say nothing."""
        for row in self.values:
            for column in columns:
                row[column] = 0.0

    def add(self, values: dict[str, float], label: bool, weight: float, document: str) -> None:
        """Add a row."""
        self.values.append(list(values.values()))
        self.labels.append(label)
        self.weights.append(weight)
        self.documents.append(document)


@dataclass(frozen=True, slots=True)
class After:
    """A message after another: the features of its two readings, and which of them holds."""

    text: str
    alone: dict[str, float]
    on: dict[str, float]
    same: bool
    goes_on: bool
    document: str


def main() -> None:
    """Fit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--data", type=Path, default=Path("build/training"))
    parser.add_argument("--limit", type=int, help="questions, drawn at random")
    args = parser.parse_args()
    asked = [*_of_folder(args.folder), *_of_gold()]
    asked = random.Random(7).sample(asked, min(args.limit or len(asked), len(asked)))
    kept = args.data / f"rows-{fingerprint()}-{len(asked)}.pkl"
    if not kept.exists():
        kept.write_bytes(pickle.dumps(_gathered(args.folder, args.data, asked)))
    embedder, gathered = pickle.loads(kept.read_bytes())
    print("== for any embedder")
    without = fitted(gathered, NEARNESS)
    print("== for the bundled embedder")
    body = {"reader": fingerprint(), "embedder": embedder, "with": fitted(gathered), "without": without}
    args.target.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


def fitted(gathered: Sequence[Gathered], without: Collection[str] = ()) -> dict[str, Any]:
    """The models and thresholds, the features ``without`` left at weight 0."""
    strength = _rank(gathered, without)
    answerable, sentence, after = _readings(gathered, strength)
    answerable.leave_out([features.ANSWERABLE.index(name) for name in without if name in features.ANSWERABLE])
    models = [_fit("answerable", answerable, features.ANSWERABLE), strength, _fit("sentence", sentence, features.SENTENCE)]
    models.append(_fit("goes on", _goes_on(after, models[0]), features.GOES_ON))
    compare(answerable)
    models[0]["threshold"], known = _thresholds(models[0], answerable)
    return {"models": models, "elsewhere": ELSEWHERE, "known": known}


def _gathered(folder: Path, data: Path, asked: Sequence[Asked]) -> tuple[str, list[Gathered]]:
    """The embedder's name, and everything asked of a library of the dev documents and the shipped ones."""
    with tempfile.TemporaryDirectory() as library:
        names = {x["document"].partition(".")[0] for x in _lines(folder) if x["hand"] in DEV}
        corpus = write_library(Path(library), [_ROOT / "corpus"], read_texts(folder, names))
        assistant = open_assistant(Settings.load(corpus_dir=corpus, data_dir=data), chat=False)
        return assistant.embedder.name, gather(assistant, asked)


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "questions.jsonl").open(encoding="utf-8")]


def _of_folder(folder: Path) -> Iterator[Asked]:
    rows = _lines(folder)
    names = {x["document"] for x in rows if x["hand"] in DEV}
    mine = [x for x in rows if x["document"] in names]
    rng = random.Random(3)
    for x in mine:
        answers = tuple(squeeze(answer) for part in x["answers"] for answer in part)
        goes_on = (x["kind"] == "followup") if x["history"] else None
        name, weight = x["document"].partition(".")[0], 2.0 if x["twin"] and str(x["hand"]).startswith("p") else 1.0
        yield Asked(name, x["question"], tuple(x["history"]), x["answerable"], answers, goes_on, weight)
        if not x["history"] and rng.random() < 0.15:
            other = rng.choice(mine)
            yield Asked(name, x["question"], (other["question"],), x["answerable"], answers, False, weight)


def _of_gold() -> Iterator[Asked]:
    for case in read_cases(gold_files()):
        if case.split == "dev" and case.category not in ("lookup", "metadata", "list-count", "injection"):
            answers = tuple(squeeze(evidence.text) for evidence in case.evidence)
            history = tuple(turn.question for turn in case.history)
            goes_on = True if history else None
            yield Asked(SHIPPED, case.question, history, case.unanswerable is None, answers, goes_on)


@dataclass(frozen=True, slots=True)
class Gathered:
    """One reading of a labelled question: what was found and read, and which of the sentences are right."""

    asked: Asked
    reading: Reading
    candidates: tuple[Candidate, ...]
    reads: tuple[Read, ...]
    sentences: tuple[range, ...]
    right: frozenset[int]  # positions of the sentences that answer
    other_year: frozenset[int]  # of those about another year than is asked about
    units: tuple[Locator, ...]
    holds: bool  # whether the question is meant so
    number: int  # of the question

    @property
    def fold(self) -> str:
        """What stays together in folds: a document, of the shipped ones a fifth of the questions."""
        return self.asked.document if self.asked.document != SHIPPED else f"{self.number % 5} {SHIPPED}"


def gather(assistant: Assistant, asked: Sequence[Asked]) -> list[Gathered]:
    """Every reading of every question, retrieved and read."""
    found: list[Gathered] = []
    taken = assistant.index.snapshot
    for n, one in enumerate(asked):
        query = assistant.proposer.propose(one.question, [Turn(text) for text in one.history])
        if n % 200 == 0:
            print(n, len(asked), flush=True)
        if len(query.parts) != 1 or any(not r.said or r.foreign or r.missing or r.places for r in query.parts[0]):
            continue
        readings = query.parts[0]
        for reading, candidates in zip(readings, assistant.retriever.retrieve(readings, READ), strict=True):
            reads = tuple(assistant.judge.read(reading, candidates))
            sentences = tuple(taken.windows[c.window].sentences for c in candidates)
            right = frozenset(s for some in sentences for s in some if _is_right(one, squeeze(taken.sentences[s].text)))
            other = frozenset(s for some in sentences for s in some if assistant.judge.other_year(reading, s))
            units = tuple(taken.windows[c.window].unit for c in candidates)
            holds = one.goes_on is None or bool(reading.before) == one.goes_on
            found.append(Gathered(one, reading, candidates, reads, sentences, right, other, units, holds, n))
    return found


def _is_right(one: Asked, text: str) -> bool:
    return any(answer in text or (len(text) >= 6 and text in answer) for answer in one.answers)


def _rank(gathered: Sequence[Gathered], without: Collection[str] = ()) -> dict[str, Any]:
    """Weights under which a right sentence stands before the others of its reading, by a softmax over them.

    The shipped documents count as much as all others. Bias and scale make the sum the log odds of being right.
    """
    groups = [one for one in gathered if one.holds and one.right]
    own = sum(one.asked.document == SHIPPED for one in groups)
    share = {True: 0.5 / max(own, 1), False: 0.5 / max(len(groups) - own, 1)}
    x, right, group, weight = [], [], [], []
    for n, one in enumerate(groups):
        for candidate, read, sentences in zip(one.candidates, one.reads, one.sentences, strict=True):
            for s, mark in zip(sentences, read.marks, strict=False):
                x.append(list(features.strength(mark, read.whole, candidate, s, other_year=s in one.other_year).values()))
                right.append(s in one.right)
                group.append(n)
        weight.append(share[one.asked.document == SHIPPED])
    design, y, of, w = np.array(x), np.array(right), np.array(group), np.array(weight)
    design[:, [features.STRENGTH.index(name) for name in without if name in features.STRENGTH]] = 0
    spread = design.std(0) + 1e-6
    scaled, beta = design / spread, np.zeros(design.shape[1])
    for step in range(600):
        scores = scaled @ beta
        scores = np.exp(scores - np.maximum.reduceat(scores, np.searchsorted(of, np.arange(len(groups))))[of])
        every = np.bincount(of, scores)
        good = np.bincount(of, scores * y)
        pull = scores * y / good[of] - scores / every[of]
        beta += (3.0 if step < 300 else 1.0) * (scaled.T @ (pull * w[of]) - 1e-4 * beta)
    total = scaled @ beta
    first = np.array([bool(y[of == n][np.argmax(total[of == n])]) for n in range(len(groups))])
    of_own = np.array([one.asked.document == SHIPPED for one in groups])
    print(f"strength: right sentence first: others {first[~of_own].mean():.3f}, shipped {first[of_own].mean():.3f}")
    bias, scale = logistic(total[:, None], y.astype(float), w[of] / w.mean())
    weights = {name: round(float(v), 4) for name, v in zip(features.STRENGTH, beta / spread * scale[0], strict=True)}
    print("   ", weights)
    return {"name": "strength", "bias": round(float(bias), 4), "weights": weights, "threshold": 0.5}


def _readings(gathered: Sequence[Gathered], model: dict[str, Any]) -> tuple[Rows, Rows, list[After]]:
    """Feature rows of readings and of sentences beside the others; messages after another."""
    alone = Logistic(model["bias"], model["weights"], model["threshold"])
    answerable, sentence, after = Rows(), Rows(), []
    by_number: dict[int, list[tuple[Gathered, dict[str, float], Locator]]] = {}
    for one in gathered:
        strengths = [
            [
                alone.log_odds(features.strength(mark, read.whole, c, s, other_year=s in one.other_year))
                for s, mark in zip(sentences, read.marks, strict=False)
            ]
            for c, read, sentences in zip(one.candidates, one.reads, one.sentences, strict=True)
        ]
        tops = [max(some, default=UNREAD) for some in strengths]
        best = max(range(len(tops)), key=tops.__getitem__)
        values = features.answerable(one.candidates, one.reads, strengths)
        by_number.setdefault(one.number, []).append((one, values, one.units[best]))
        if not one.holds:
            continue
        answerable.add(values, one.asked.answerable, one.asked.weight, one.fold)
        if one.asked.answerable and one.right:
            for some, sentences in zip(strengths, one.sentences, strict=True):
                for s, strength in zip(sentences, some, strict=False):
                    if tops[best] - strength < 6:
                        sentence.add(features.sentence(strength, tops[best]), s in one.right, 1.0, one.fold)
    for both in by_number.values():
        if len(both) == 2 and both[0][0].asked.goes_on is not None and both[0][0].asked.answerable:
            (first, alone_values, unit), (_, on_values, other) = both
            asked = first.asked
            after.append(After(first.reading.text, alone_values, on_values, unit == other, bool(asked.goes_on), asked.document))
    return answerable, sentence, after


def _goes_on(after: Sequence[After], model: dict[str, Any]) -> Rows:
    """Feature rows of messages after another, their readings judged by the model of answerable ones."""
    judged = Logistic(model["bias"], model["weights"], model["threshold"])
    rows = Rows()
    for one in after:
        alone, on = (max(-BOUND, min(BOUND, judged.log_odds(values))) for values in (one.alone, one.on))
        rows.add(features.goes_on(one.text, alone, on, same=one.same), one.goes_on, 1.0, one.document)
    return rows


def _fit(name: str, rows: Rows, names: Sequence[str]) -> dict[str, Any]:
    x, y, w = np.array(rows.values), np.array(rows.labels, float), np.array(rows.weights)
    folds = np.array([hash_of(document) % 5 for document in rows.documents])
    held = np.zeros(len(y))
    for fold in range(5):
        if (folds == fold).any():
            bias, weights = logistic(x[folds != fold], y[folds != fold], w[folds != fold])
            held[folds == fold] = bias + x[folds == fold] @ weights
    bias, weights = logistic(x, y, w)
    best = max(np.linspace(0.2, 0.7, 26), key=lambda t: _f1(1 / (1 + np.exp(-held)) >= t, y > 0.5))
    print(f"{name:<12} {len(y):6} rows, {y.mean():.3f} positive, AUROC by folds {auroc(held, y):.3f}, best F1 at {best:.2f}")
    print("   ", {n: round(float(v), 3) for n, v in zip(names, weights, strict=True)})
    return {"name": name, "bias": round(float(bias), 4), "weights": {n: round(float(v), 4) for n, v in zip(names, weights, strict=True)},
            "threshold": round(float(best), 3)}  # fmt: skip


def compare(rows: Rows) -> None:
    """AUROC and what is refused, by features alone, reader alone and both, folds by document."""
    every = features.ANSWERABLE
    y, w = np.array(rows.labels, float), np.array(rows.weights)
    folds = np.array([hash_of(document) % 5 for document in rows.documents])
    own = np.array([document.endswith(SHIPPED) for document in rows.documents])
    for name, some in (("features", [n for n in every if n not in READER]), ("reader", READER), ("both", every)):
        x = np.array(rows.values)[:, [every.index(n) for n in some]]
        held = np.zeros(len(y))
        for fold in set(folds):
            bias, weights = logistic(x[folds != fold], y[folds != fold], w[folds != fold])
            held[folds == fold] = bias + x[folds == fold] @ weights
        for where, mask in (("others", ~own), (SHIPPED, own)):
            scores, labels = held[mask], y[mask] > 0.5
            refused = [float((scores[~labels] < np.quantile(scores[labels], 1 - kept)).mean()) for kept in (0.96, 0.9)]
            ranked = auroc(scores, labels)
            print(f"{name:<9} {where:<8} AUROC {ranked:.3f}  refused when .96, .90 are kept {refused[0]:.3f} {refused[1]:.3f}")


def _thresholds(model: dict[str, Any], rows: Rows) -> tuple[float, float]:
    """The probabilities above which KEPT and KEPT_KNOWN of the answerable questions lie."""
    x, y = np.array(rows.values), np.array(rows.labels)
    own = np.array([document.endswith(SHIPPED) for document in rows.documents])
    p = 1 / (1 + np.exp(-(model["bias"] + x @ np.array(list(model["weights"].values())))))
    found = []
    for name, mask, share in (("others", ~own, KEPT), (SHIPPED, own, KEPT_KNOWN)):
        threshold = round(float(np.quantile(p[y & mask], 1 - share)), 3)
        kept, refused = (p[y & mask] >= threshold).mean(), (p[~y & mask] < threshold).mean()
        print(f"{name}: threshold {threshold}, answerable kept {kept:.3f}, silent refused {refused:.3f}")
        found.append(threshold)
    return found[0], found[1]


def logistic(x: np.ndarray, y: np.ndarray, w: np.ndarray, penalty: float = 1.0) -> tuple[float, np.ndarray]:
    """Bias and weights by Newton's method, the features standardised before the penalty falls on them."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    design = np.hstack([np.ones((len(x), 1)), (x - mean) / spread])
    ridge = penalty * np.eye(design.shape[1])
    ridge[0, 0] = 0
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        hessian = design.T @ (design * (w * p * (1 - p))[:, None]) + ridge
        step = np.linalg.solve(hessian, design.T @ (w * (y - p)) - ridge @ beta)
        beta += step
        if np.abs(step).max() < 1e-6:
            break
    weights = beta[1:] / spread
    return float(beta[0] - weights @ mean), weights


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Probability that a random positive has the larger score."""
    positive, negative = scores[labels > 0.5], np.sort(scores[labels <= 0.5])
    return float(((np.searchsorted(negative, positive) + np.searchsorted(negative, positive, "right")) / 2 / len(negative)).mean())


def _f1(chosen: np.ndarray, right: np.ndarray) -> float:
    return float(2 * (chosen & right).sum() / max((chosen.sum() + right.sum()), 1))


def hash_of(name: str) -> int:
    """The same in every process."""
    return sum(ord(c) * (i + 7) for i, c in enumerate(name))


if __name__ == "__main__":
    main()
