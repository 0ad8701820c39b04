"""A message → the things that it asks. Marks divide it, and commas between two clauses that each ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.language.questions import INTERROGATIVE

MOST = 4
"""Things that one message asks at most; what has more is read as one."""

LEAST = 4
"""Characters of a clause that asks something of its own."""

_MARK = re.compile(r"[?!;。\n]")
_QUOTED = re.compile(r"[\"“「][^\"”」]*[\"”」]")
_AND = re.compile(r"[,，]\s*(?!还是|或者?|要不|是不是|对吗|对不对|行吗|可以吗|行不行|呢)|(?:另外|还有|顺便|再问下?|以及)(?=.{4})")


def divide(text: str) -> tuple[str, ...]:
    """The parts of a folded message; the message itself when it asks one thing."""
    clauses = [clause for piece in _sentences(text) for clause in _halves(piece.strip()) if clause.strip(" ,?!;。")]
    parts: list[str] = []
    waiting = ""
    for clause in clauses:
        if not INTERROGATIVE.search(clause):  # the situation that the next clause asks about
            waiting += clause
            continue
        parts.append(waiting + clause)
        waiting = ""
    if waiting and parts:
        parts[-1] += waiting
    return tuple(parts) if 1 < len(parts) <= MOST else (text,)


def _sentences(text: str) -> Iterator[str]:
    """The text cut behind the marks that end a sentence, but for those inside quotation marks."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    start = 0
    for mark in _MARK.finditer(text):
        if not any(a <= mark.start() < b for a, b in quoted):
            yield text[start : mark.end()]
            start = mark.end()
    yield text[start:]


def _halves(piece: str) -> list[str]:
    """A piece cut at the first comma or 另外 between two clauses that each ask."""
    for cut in _AND.finditer(piece):
        first, second = piece[: cut.start()], piece[cut.end() :]
        if INTERROGATIVE.search(first) and INTERROGATIVE.search(second) and len(second) >= LEAST and len(first) >= LEAST:
            return [first, *_halves(second)]
    return [piece]
