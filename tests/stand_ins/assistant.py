"""An assistant that says what it was told to say: as fast or as slow, and as wrong, as a test wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from rag.records import Answer, AnswerStatus, Citation, Locator, Nearest, Turn


def make_answer(question: str, status: AnswerStatus = "answered", text: str = "") -> Answer:
    """An answer that repeats its question, with a citation unless it is a refusal."""
    place = Locator("work-rules", ("21",))
    label = "《宁夏回族自治区人民政府工作规则》(宁政发〔2023〕35号)第二十一条"
    cited = () if status == "refused" else (Citation(1, place, label, "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"),)
    return Answer(
        question=question,
        standalone_question=question,
        status=status,
        answer=text or (f"{question}:没有规定。" if status == "refused" else f"{question}:每月2次—3次。[1]"),
        citations=cited,
        missing="未找到：经费" if status == "partial" else None,
        nearest=Nearest(place, label) if status == "refused" else None,
        mode="none" if status == "refused" else "extractive",
        retrieved=(place,),
        fingerprint="f" * 16,
        timings_ms={"understand": 0.1, "retrieve": 1.0, "compose": 0.2, "verify": 0.1, "total": 1.4},
    )


class ScriptedAssistant:
    """Answers each question with ``script(question)``, or with an answer that repeats it; remembers what it was asked."""

    def __init__(self, script: Callable[[str], Answer] | None = None, *, seconds: float = 0.0, grows: Sequence[str] = ()) -> None:
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self.at_once = 0  # most questions that were under way at the same time
        self._script, self._seconds, self._grows = script or make_answer, seconds, grows
        self._lock, self._now = threading.Lock(), 0

    def ask(self, question: str, history: Sequence[Turn] = (), *, on_text: Callable[[str], None] | None = None) -> Answer:
        with self._lock:
            self.asked.append((question, tuple(history)))
            self._now += 1
            self.at_once = max(self.at_once, self._now)
        try:
            for text in self._grows:
                assert on_text is not None
                on_text(text)
                time.sleep(self._seconds)
            time.sleep(self._seconds)
            return self._script(question)
        finally:
            with self._lock:
                self._now -= 1
