"""A reader with a script in place of the trained network, and a calibration under which a mark is its log odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rag.answering.generation import Generation
from rag.assistant import Assistant
from rag.judging import features
from rag.judging.judge import Calibration, Judge, Logistic
from rag.judging.reader import Read
from rag.search.index import Index, searchable
from rag.search.known import Known
from rag.search.lexical import Lexicon
from rag.search.snapshot import Snapshot
from rag.search.tokens import Tokens

LOW = -4.0
"""The mark of a sentence of which the script says nothing."""


class ScriptedReader:
    """Gives each sentence the mark of the first phrase of the script that it holds; refuses a question that is not scripted.

    ``script`` holds phrases with their marks by question, of a question that goes on after 「before→」: 「请假?→纪要呢?」.
    """

    def __init__(self, taken: Snapshot, script: Mapping[str, Mapping[str, float]]) -> None:
        self._taken, self._script = taken, script
        self.read_windows: list[list[int]] = []

    def read(self, question: str, before: str, windows: Sequence[tuple[int, range]], tokens: Tokens | None) -> list[Read]:
        """The scripted marks; the whole window's is that of its best sentence."""
        key = f"{before}→{question}" if before else question
        if key not in self._script:
            raise AssertionError(f"not scripted: {key}")
        self.read_windows.append([position for position, _ in windows])
        marks = [tuple(self._mark(self._script[key], self._taken.sentences[s].text) for s in sentences) for _, sentences in windows]
        return [Read(one, max(one)) for one in marks]

    @staticmethod
    def _mark(script: Mapping[str, float], text: str) -> float:
        return next((mark for phrase, mark in script.items() if phrase in text), LOW)


def index_of(taken: Snapshot) -> Index:
    """An index of a snapshot that knows its words, and no vectors or tokens."""
    lexicon = Lexicon.build([searchable(window, taken) for window in taken.windows])
    return Index("scripted", taken, None, lexicon, None, Known.none())  # type: ignore[arg-type]


def _only(names: Sequence[str], threshold: float, **weights: float) -> Logistic:
    return Logistic(0.0, MappingProxyType({**dict.fromkeys(names, 0.0), **weights}), threshold)


MARKS_ARE_LOG_ODDS = Calibration(
    _only(features.ANSWERABLE, 0.5, strength=1.0),
    _only(features.STRENGTH, 0.5, mark=1.0),
    _only(features.SENTENCE, 0.5, strength=1.0),
    _only(features.GOES_ON, 0.5, on=1.0, alone=-1.0),
    0.9,
    0.5,
    "scripted",
)
"""A reading is answered by a mark above 0; a sentence too, of another document one above 2.2; the likelier of two readings holds."""


def with_script(assistant: Assistant, script: Mapping[str, Mapping[str, float]], generation: Generation | None = None) -> Assistant:
    """The same assistant with such a reader, and perhaps a chat model."""
    reader = ScriptedReader(assistant.index.snapshot, script)
    made = Assistant(assistant.index, assistant.embedder, reader, generation)  # type: ignore[arg-type]
    made.judge = Judge(assistant.index, reader, MARKS_ARE_LOG_ODDS)  # type: ignore[arg-type]
    return made
