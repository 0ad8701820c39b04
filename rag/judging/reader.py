"""The trained reader: sees a question and a window at once and marks each sentence of the window.

Input: [begin] question before [end] question [end] where the window stands [end] sentence, sentence, … [end]. The network is
reader.onnx beside this file (training/ says how it came about); its word table is the embedded model's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigurationError
from rag.language.text import clean
from rag.search import e5
from rag.search.embedding import Special, Vocabulary, load_words, open_session
from rag.search.tokens import Tokens

MODEL = Path(__file__).with_name("reader.onnx")
LONGEST, LONGEST_QUESTION, LONGEST_BEFORE, LONGEST_LEAD = 256, 96, 64, 64
"""Tokens of one input and of its parts; what is longer is cut, of the question before and of the lead at the front."""

UNREAD = -8.0
"""Mark of a sentence that had no room in its input."""

TOGETHER = 5
"""Inputs run at once: of like length, so that little of a run is padding."""


class Segment(IntEnum):
    """Which part of an input a token belongs to."""

    QUESTION = 0
    WINDOW = 1
    BEFORE = 2


@dataclass(frozen=True, slots=True)
class Input:
    """One question with one window, as the network takes it."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    stretches: tuple[tuple[int, int], ...]  # of each sentence; empty where it was cut off


@dataclass(frozen=True, slots=True)
class Read:
    """What the reader says of one window: a score a sentence, and one for the whole; the higher the likelier that it answers."""

    marks: tuple[float, ...]
    whole: float


def assemble(question: Sequence[int], before: Sequence[int], lead: Sequence[int], sentences: Sequence[Sequence[int]]) -> Input:
    """The tokens of one input."""
    earlier = [Special.BEGIN, *before[-LONGEST_BEFORE:], Special.END] if before else [Special.BEGIN]
    ids = [*earlier, *question[:LONGEST_QUESTION], Special.END]
    segments = [Segment.BEFORE] * (len(earlier) if before else 0)
    segments += [Segment.QUESTION] * (len(ids) - len(segments))
    ids += [*lead[-LONGEST_LEAD:], Special.END]
    stretches = []
    for sentence in sentences:
        start = len(ids)
        ids.extend(sentence[: max(0, LONGEST - 1 - start)])
        stretches.append((start, len(ids)))
    ids.append(Special.END)
    return Input(tuple(ids), tuple(segments + [Segment.WINDOW] * (len(ids) - len(segments))), tuple(stretches))


@cache
def fingerprint() -> str:
    """Of the network's file, 16 hex digits. Raises ConfigurationError when it is missing."""
    try:
        return hashlib.sha256(MODEL.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise ConfigurationError("缺少阅读模型文件 reader.onnx，请重新安装程序。", detail=str(error)) from error


class Reader:
    """The network on onnxruntime, loaded at first use; safe to call from several threads."""

    def __init__(self, data_dir: Path, threads: int = 2) -> None:
        self._data_dir, self._threads = data_dir, threads
        self._lock = Lock()
        self._loaded: tuple[Vocabulary, NDArray[np.void], Any] | None = None

    def load(self) -> tuple[Vocabulary, NDArray[np.void], Any]:
        """Vocabulary, word table and session."""
        with self._lock:
            if self._loaded is None:
                fingerprint()
                self._loaded = *load_words(self._data_dir), open_session(MODEL, self._threads)
            return self._loaded

    def read(self, question: str, before: str, windows: Sequence[tuple[int, range]], tokens: Tokens) -> list[Read]:
        """What it says of each window, given as its position and its sentences' positions in ``tokens``, for a question."""
        if not windows:
            return []
        vocabulary, words, session = self.load()
        asked, earlier = (ids[1:-1] for ids in vocabulary.encode([clean(question), clean(before) or " "]))
        inputs = [
            assemble(asked, earlier if before else (), tokens.leads[w], [tokens.sentences[s] for s in sentences])
            for w, sentences in windows
        ]
        result: list[Read] = [Read((), 0.0)] * len(inputs)
        order = sorted(range(len(inputs)), key=lambda i: len(inputs[i].ids))
        for start in range(0, len(order), TOGETHER):
            some = order[start : start + TOGETHER]
            for i, read in zip(some, _run([inputs[i] for i in some], words, session), strict=True):
                result[i] = read
        return result


def _run(inputs: Sequence[Input], words: NDArray[np.void], session: Any) -> list[Read]:
    """One question's windows at once, and no other's: 8-bit scales are those of a batch, and no answer may depend on what others ask."""
    width, most = max(len(one.ids) for one in inputs), max(len(one.stretches) for one in inputs)
    ids, segment = np.full((len(inputs), width), Special.PAD), np.ones((len(inputs), width), dtype=np.int64)
    mask, pool = np.zeros((len(inputs), width), np.float32), np.zeros((len(inputs), most, width), np.float32)
    for row, one in enumerate(inputs):
        size = len(one.ids)
        ids[row, :size], segment[row, :size], mask[row, :size] = one.ids, one.segments, 1
        for s, (start, end) in enumerate(one.stretches):
            if end > start:
                pool[row, s, start:end] = 1 / (end - start)
    embedded = e5.dequantise(words[ids]).reshape(len(inputs), width, e5.DIMENSIONS)
    marks, whole = session.run(None, {"words": embedded, "mask": mask, "segment": segment, "pool": pool})
    return [
        Read(tuple(float(x) if b > a else UNREAD for x, (a, b) in zip(marks[row], one.stretches, strict=False)), float(whole[row]))
        for row, one in enumerate(inputs)
    ]
