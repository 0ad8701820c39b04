"""``judge``: whether and with which sentences a part of a question is answered. Nothing else decides that.

Its weights and thresholds are judge.json, which ``python -m training.fit`` writes from labelled data; its fingerprint and the
reader's ride on every answer. A place that a question names and asks nothing of is looked up, not judged.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from rag.errors import ConfigurationError
from rag.judging import features
from rag.judging.reader import UNREAD, Read, Reader
from rag.judging.reader import fingerprint as reader_fingerprint
from rag.records import Candidate, Judgement, Locator, Mark, Reading
from rag.search.index import Index

FILE = Path(__file__).with_name("judge.json")

READ = 6
"""Windows read for a reading. Of ten the right sentence was first for .702 of the dev questions on other documents and .899 on the shipped
ones, of six for .700 and .896."""

BOUND = 9.0
"""Log odds beyond which a reading is as good as sure."""

BESIDE = 4.0
"""Log odds that the best sentence of one of two years may lie behind the best of the other."""

NEAR = 0.5
"""Share of the threshold from which a refusal shows the sentence that comes nearest, and a place that is named answers."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A weighted sum of named features as a probability."""

    bias: float
    weights: Mapping[str, float]
    threshold: float

    def log_odds(self, values: Mapping[str, float]) -> float:
        """The weighted sum. Raises KeyError when a feature has no weight."""
        return self.bias + sum(self.weights[name] * value for name, value in values.items())

    def probability(self, values: Mapping[str, float]) -> float:
        """The same as a probability."""
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, self.log_odds(values)))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted: that a reading is answered, that a sentence answers it, that a message goes on from another."""

    answerable: Logistic
    strength: Logistic
    sentence: Logistic
    goes_on: Logistic
    elsewhere: float  # probability that a sentence has at least where it is less to be expected: in a second document, for a second part
    known: float  # threshold of ``answerable`` in a document of which questions are known, where more can be told
    fingerprint: str


@cache
def load_calibration(path: Path = FILE, embedder: str | None = None) -> Calibration:
    """What judge.json holds for an embedder by name: of one that it was not fitted with, no nearness is weighed.

    None is the embedder that it was fitted with. Raises ConfigurationError when it does not fit the reader or the features.
    """
    try:
        raw = path.read_bytes()
        whole = json.loads(raw)
        body = whole["with" if embedder in (None, whole["embedder"]) else "without"]
        parts = [Logistic(float(p["bias"]), {k: float(v) for k, v in p["weights"].items()}, float(p["threshold"])) for p in body["models"]]
        names = (features.ANSWERABLE, features.STRENGTH, features.SENTENCE, features.GOES_ON)
        if whole["reader"] != reader_fingerprint() or any(set(p.weights) != set(n) for p, n in zip(parts, names, strict=True)):
            raise ValueError("fitted for another reader or other features")
        answerable, strength, sentence, goes_on = parts
        limits = float(body["elsewhere"]), float(body["known"])
        return Calibration(answerable, strength, sentence, goes_on, *limits, hashlib.sha256(raw).hexdigest()[:8])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError("判定参数文件 judge.json 缺失或与阅读模型不符，请重新安装程序。", detail=repr(error)) from error


class Judge:
    """Judges readings of one index."""

    def __init__(self, index: Index, reader: Reader, calibration: Calibration | None = None, *, embedder: str | None = None) -> None:
        self._index = index
        self._reader = reader
        self._embedder = embedder
        self._given = calibration
        self._windows_of: dict[str, list[int]] = {}
        for position, window in enumerate(index.snapshot.windows):
            self._windows_of.setdefault(window.unit.document, []).append(position)

    @property
    def _calibration(self) -> Calibration:
        return self._given or load_calibration(embedder=self._embedder)

    @property
    def fingerprint(self) -> str:
        """Of the calibration and, through it, the reader. Raises ConfigurationError."""
        return self._calibration.fingerprint

    def judge(self, readings: Sequence[Reading], candidates: Sequence[tuple[Candidate, ...]], said: Collection[int] = ()) -> Judgement:
        """The judgement of the reading that holds: as typed, or as going on from what was asked before.

        ``said``: the sentences that answered the part of the message before; they answer the next part too only where that is sure.
        """
        judged = [self._judge(reading, found) for reading, found in zip(readings, candidates, strict=True)]
        if len(judged) == 1:
            return judged[0]
        alone, on = judged
        values = features.goes_on(alone.reading.text, _log_odds(alone), _log_odds(on), same=self._first(alone) == self._first(on))
        if on.marks and on.marks[0].sentence in said and on.probability < self._calibration.elsewhere:
            return alone
        return on if self._calibration.goes_on.probability(values) >= self._calibration.goes_on.threshold else alone

    def _first(self, judgement: Judgement) -> Locator | None:
        found = judgement.candidates
        return self._index.snapshot.windows[found[0].window].unit if found else None

    def read(self, reading: Reading, candidates: Sequence[Candidate]) -> list[Read]:
        """What the reader says of the candidates' windows."""
        windows = [(c.window, self._index.snapshot.windows[c.window].sentences) for c in candidates]
        return self._reader.read(reading.text, reading.before, windows, self._index.tokens)

    def _judge(self, reading: Reading, candidates: tuple[Candidate, ...]) -> Judgement:
        if reading.places and not reading.said:
            return self._looked_up(reading)
        inside = self._windows_in(reading.places)
        found = tuple(c for c in candidates if not inside or c.window in inside)[:READ]
        last = candidates[-1] if candidates else Candidate(0, 0.0, 0.0, 0.0, 0.0)  # what was not found is as far as the last that was
        rest = [w for w in inside if w not in {c.window for c in found}]
        found += tuple(replace(last, window=w, known=0.0, answered={}) for w in rest)[: READ - len(found)]
        if reading.foreign or reading.missing or not found:
            return Judgement(reading, found, (), None, 0.0, {})
        reads = self.read(reading, found)
        strengths = [self.strengths(reading, candidate, read) for candidate, read in zip(found, reads, strict=True)]
        values = features.answerable(found, reads, strengths)
        probability = self._calibration.answerable.probability(values)
        order = sorted(range(len(found)), key=lambda i: -max(strengths[i], default=UNREAD))
        ranked = tuple(found[i] for i in order)
        threshold = self._calibration.known if ranked[0].vote else self._calibration.answerable.threshold
        threshold *= NEAR if inside else 1.0  # who names the place wants to see it
        if probability < threshold and len(reading.places) > 1:
            return self._looked_up(replace(reading, said=""))  # 「第7项和第10项有什么不同」: each is shown
        if probability < threshold:
            near = self._best(ranked[0], strengths[order[0]]) if probability >= NEAR * threshold else None
            return Judgement(reading, ranked, (), near, probability, values)
        return Judgement(reading, ranked, self._marks(reading, ranked, [strengths[i] for i in order]), None, probability, values)

    def strengths(self, reading: Reading, candidate: Candidate, read: Read) -> list[float]:
        """Log-odds of each sentence of a window, alone."""
        sentences, model = self._index.snapshot.windows[candidate.window].sentences, self._calibration.strength
        rows = (
            features.strength(mark, read.whole, candidate, s, other_year=self.other_year(reading, s))
            for s, mark in zip(sentences, read.marks, strict=False)
        )
        return [model.log_odds(row) for row in rows]

    def other_year(self, reading: Reading, sentence: int) -> bool:
        """Whether a sentence's part of its document is about another year than the reading asks about."""
        year = self._year(sentence)
        return year is not None and bool(reading.years) and year not in reading.years

    def _year(self, sentence: int) -> int | None:
        taken = self._index.snapshot
        return taken.passages[taken.owners[sentence]].year

    def _best(self, candidate: Candidate, strengths: Sequence[float]) -> int:
        """The strongest sentence of a window."""
        return self._index.snapshot.windows[candidate.window].sentences[int(np.argmax(strengths))]

    def _marks(self, reading: Reading, candidates: Sequence[Candidate], strengths: Sequence[Sequence[float]]) -> tuple[Mark, ...]:
        """The sentences that answer, best first; the best one always, of another document only sure ones."""
        taken, calibration = self._index.snapshot, self._calibration
        best = max(strengths[0], default=UNREAD)
        home = taken.windows[candidates[0].window].unit.document
        marks = []
        of_year: dict[int | None, Mark] = {}
        for candidate, some in zip(candidates, strengths, strict=True):
            window = taken.windows[candidate.window]
            least = calibration.sentence.threshold if window.unit.document == home else calibration.elsewhere
            for position, strength in zip(window.sentences, some, strict=False):
                probability = calibration.sentence.probability(features.sentence(strength, best))
                mark = Mark(position, probability)
                if probability >= least or strength == best:
                    marks.append(mark)
                year = self._year(position)
                if year in reading.years and best - strength <= BESIDE and probability > of_year.get(year, Mark(-1, 0.0)).probability:
                    of_year[year] = mark
        if len(reading.years) > 1:  # two years are compared: the best sentence of each
            marks += [mark for mark in of_year.values() if mark not in marks]
        return tuple(sorted(marks, key=lambda mark: -mark.probability))

    def _windows_in(self, places: Sequence[Locator]) -> dict[int, None]:
        """The windows that hold sentences of the places."""
        taken = self._index.snapshot
        found: dict[int, None] = {}
        for place in places:
            for w in self._windows_of.get(place.document, ()):
                unit = taken.windows[w].unit
                if unit.within(place) or place.within(unit):
                    found[w] = None
        return found

    def _looked_up(self, reading: Reading) -> Judgement:
        found = tuple(Candidate(w, 1.0, 1.0, 1.0, 0.0) for w in self._windows_in(reading.places))
        return Judgement(reading, found, (), None, 1.0, {})


def _log_odds(judgement: Judgement) -> float:
    p = judgement.probability
    return -BOUND if p <= 0 else BOUND if p >= 1 else max(-BOUND, min(BOUND, math.log(p / (1 - p))))
