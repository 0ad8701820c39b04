"""Answer → what a channel shows. Pure: no input, no output, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import texts
from rag.records import Answer, Citation, Locator, Nearest


def answer_json(answer: Answer) -> dict[str, Any]:
    """The answer as the JSON object of the published contract."""
    return {
        "question": answer.question,
        "standalone_question": answer.standalone_question,
        "status": answer.status,
        "answer": answer.answer,
        "citations": [{"n": c.n, "locator": str(c.locator), "label": c.label, "quote": c.quote} for c in answer.citations],
        "missing": answer.missing,
        "nearest": {"locator": str(answer.nearest.locator), "label": answer.nearest.label} if answer.nearest else None,
        "mode": answer.mode,
        "retrieved": [str(locator) for locator in answer.retrieved],
        "fingerprint": answer.fingerprint,
        "timings_ms": answer.timings_ms,
    }


def answer_text(answer: Answer) -> str:
    """The answer for a terminal: the sentence, then each citation with its verbatim words."""
    parts = [answer.answer]
    if answer.missing:
        parts.append(texts.MISSING.format(missing=answer.missing))
    for citation in answer.citations:
        quote = "\n".join(f"    {line}" for line in citation.quote.splitlines())
        parts.append(f"[{citation.n}] {citation.label}\n{quote}")
    return "\n\n".join(parts)


def read_answer(data: Mapping[str, Any]) -> Answer:
    """The answer back from ``answer_json``; without what is not part of the contract."""
    nearest = data["nearest"]
    return Answer(
        question=data["question"],
        standalone_question=data["standalone_question"],
        status=data["status"],
        answer=data["answer"],
        citations=tuple(Citation(c["n"], Locator.parse(c["locator"]), c["label"], c["quote"]) for c in data["citations"]),
        missing=data["missing"],
        nearest=Nearest(Locator.parse(nearest["locator"]), nearest["label"]) if nearest else None,
        mode=data["mode"],
        retrieved=tuple(Locator.parse(locator) for locator in data["retrieved"]),
        fingerprint=data["fingerprint"],
        timings_ms=data["timings_ms"],
    )
