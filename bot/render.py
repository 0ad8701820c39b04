"""Answer → what a channel shows. Pure: no input, no output, no clock."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot import texts
from bot.split import Size, attach, split_text, utf16_units
from rag.records import Answer, Citation, Locator, Nearest

Shorten = Callable[[Citation], str]
"""A citation's label as a chat shows it."""

TELEGRAM_LIMIT = 4096
"""UTF-16 units of a message's text, after its markup is read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message: with markup, and the same as plain text for a platform that does not take the markup."""

    html: str
    plain: str


def long_label(citation: Citation) -> str:
    """The label as it is."""
    return citation.label


# ── JSON ──


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


# ── terminal ──


def answer_text(answer: Answer) -> str:
    """The answer for a terminal: the sentence, then each citation with its verbatim words."""
    parts = [answer.answer]
    if answer.missing:
        parts.append(texts.MISSING.format(missing=answer.missing))
    for citation in answer.citations:
        quote = "\n".join(f"    {line}" for line in citation.quote.splitlines())
        parts.append(f"[{citation.n}] {citation.label}\n{quote}")
    return "\n\n".join(parts)


# ── chats ──


def body_text(answer: Answer) -> str:
    """What is said, markers as 【1】, and what could not be answered; without the citations."""
    known = {citation.n for citation in answer.citations}
    marked = mark_text(answer.answer, known)
    return f"{marked}\n\n{answer.missing}" if answer.missing else marked


def mark_text(text: str, known: set[int] | None = None) -> str:
    """Markers [1] as 【1】: those of known citations; all while an answer grows."""
    return re.sub(r"\[(\d{1,3})\]", lambda m: f"【{m[1]}】" if known is None or int(m[1]) in known else m[0], text)


def footer_text(answer: Answer, shorten: Shorten = long_label) -> str:
    """A line for each place: 【1】【2】《工作规则》第二十一条; "" without citations."""
    lines: dict[str, list[int]] = {}
    for citation in answer.citations:
        lines.setdefault(shorten(citation), []).append(citation.n)
    return "\n".join("".join(f"【{n}】" for n in numbers) + label for label, numbers in lines.items())


def plain_parts(answer: Answer, limit: int, size: Size, *, shorten: Shorten = long_label) -> list[str]:
    """The answer as plain messages: the footer whole on the last part."""
    return attach(split_text(body_text(answer), limit, size), footer_text(answer, shorten), limit, size)


def quote_parts(answer: Answer, limit: int, size: Size) -> list[str]:
    """The cited words as plain messages: under each label the verbatim text."""
    text = "\n\n".join(f"【{c.n}】{c.label}\n{c.quote}" for c in answer.citations)
    return split_text(text, limit, size)


def telegram_parts(answer: Answer, shorten: Shorten = long_label) -> list[Part]:
    """The answer for Telegram. There is no entity in it, so that none can be cut; everything is escaped."""
    return [as_part(text) for text in plain_parts(answer, TELEGRAM_LIMIT, utf16_units, shorten=shorten)]


def telegram_notice(text: str) -> list[Part]:
    """A sentence of our own or a document's text, as it is."""
    return [as_part(part) for part in split_text(text, TELEGRAM_LIMIT, utf16_units)]


def telegram_quotes(answer: Answer) -> list[Part]:
    """The cited words for Telegram: a bold label over an expandable quote each; as many to a message as fit.

    A quote over the limit goes on in the next message, in a quote of its own.
    """
    parts: list[Part] = []
    used = 0
    for citation in answer.citations:
        label = f"【{citation.n}】{citation.label}"
        for quote in split_text(citation.quote, TELEGRAM_LIMIT - utf16_units(label) - 4, utf16_units):
            part = Part(f"<b>{escape(label)}</b>\n<blockquote expandable>{escape(quote)}</blockquote>", f"{label}\n{quote}")
            needed = utf16_units(part.plain) + 2
            if parts and used + needed <= TELEGRAM_LIMIT:
                parts[-1] = Part(f"{parts[-1].html}\n\n{part.html}", f"{parts[-1].plain}\n\n{part.plain}")
                used += needed
            else:
                parts.append(part)
                used = needed
    return parts


def as_part(text: str) -> Part:
    """Plain text as a message that shows it as it is."""
    return Part(escape(text), text)


def escape(text: str) -> str:
    """Text that Telegram's HTML mode shows as typed."""
    return html.escape(text, quote=False)
