"""A question that asks several things → the questions of which it consists.

Two years, two things compared, two clauses that each ask something, two documents: each part is retrieved, answered
and verified on its own, and what can't be answered is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.language import questions
from rag.search.complete import Completer
from rag.search.coordinates import Coordinates

_CONTRAST = re.compile(
    r"(?:有)?(?:什么|啥|哪些|何|多大)?(?:不一样|不同|区别|差别|差异|异同)(?:的?(?:地方|之处))?(?:是|在)?(?:什么|啥|哪里?|何处)?|差在(?:哪里?|什么地方)|(?:谁|哪个)(?:更)?(?:多|少|高|低|大|小|快|慢|早|晚)(?:一?些|一?点)?"
    r"|(?:相比|对比|比较)(?:一下)?|相差(?:多少|多远)?|一样吗|一样不一样|是不是一样|各(?:自|是)?|分别"
)
_AFTER = r"(?:的|在|有|各|分别|由|要|需|是|谁|哪|多|都|这[两二2]|[两二2](?:个|项|者|种|类)|二者|两者|之间|相比|比|,|$)"
_PAIR = re.compile(
    rf"(?P<first>[\u4e00-\u9fffa-z0-9+\"“”]{{2,16}}?)(?:和|与|跟|同|、|还是|以及|及)(?P<second>[\u4e00-\u9fffa-z0-9+\"“”]{{2,16}}?)(?={_AFTER})"
)
_BOTH = re.compile(r"^(?:这|那)?(?:[两二2](?:个|项|者|种|类|条|家)|二者|两者)(?:事项|会议|单位|会|事|工程|举措)?(?:之间)?[的,]?|^之间的?")


class Divider:
    """Divides questions into facets."""

    def __init__(self, coordinates: Coordinates, completer: Completer) -> None:
        self._coordinates = coordinates
        self._completer = completer

    def compared(self, text: str) -> tuple[str, ...]:
        """「全体会议和常务会议的组成」: the question once for each of the two; () when nothing is compared."""
        return self._listed(text) or _paired(text)

    def _listed(self, text: str) -> tuple[str, ...]:
        pair = re.search(r"(?P<first>[\u4e00-\u9fff]{2,10}?)(?:和|与|跟|、|还是|及)(?P<second>[\u4e00-\u9fff]{2,10})", text)
        if pair is None:
            return ()
        for size in range(len(pair["second"]), 1, -1):
            second = pair["second"][:size]
            first = self._coordinates.same_kind(second, pair["first"])
            begin, end = pair.end("first") - len(first or ""), pair.start("second") + size
            if first and pair["first"].endswith(first) and re.match(_AFTER, text[end:]):
                rest = _without_contrast(_BOTH.sub("", text[end:]))
                return tuple(text[:begin] + term + rest for term in (first, second))
        return ()

    def clauses(self, text: str) -> tuple[str, ...]:
        """The clauses that each ask something, with what the clauses before them are about; () when only one asks."""
        pieces = [piece.strip() for piece in re.split(r"[,;?。!]|、(?=[^、]*(?:谁|哪|什么|多少|几|怎么|如何))", text) if piece.strip()]
        asking = [bool(questions.ASKS.search(piece)) for piece in pieces]
        if sum(asking) < 2:
            return ()
        topic = "".join(piece for piece, asks in zip(pieces, asking, strict=True) if not asks)
        texts: list[str] = []
        for piece in (piece for piece, asks in zip(pieces, asking, strict=True) if asks):
            if topic:
                texts.append(f"{topic},{piece}")
            elif texts and self._completer.ellipsis(piece) > 0:
                texts.append(self._completer.complete(piece, texts[0]).question)
            else:
                texts.append(piece)
        return tuple(texts) if len(texts) > 1 else ()


def by_year(text: str, years: Sequence[int], base: int | None) -> tuple[str, ...]:
    """The question once for each year; ``base`` is the year that 今年 means."""
    return tuple(_of_year(text, year, years, base if base is not None else year) for year in years)


def _of_year(text: str, year: int, years: Sequence[int], base: int) -> str:
    words = {word: base + shift for word, shift in questions.RELATIVE_YEARS.items() if word in text}
    for word, meant in words.items():
        text = text.replace(word, f"{meant}年")
    for other in years:
        if other != year:
            text = re.sub(rf"(?:与|和|跟|同|比|较|、)?{other}年?(?:的)?(?:与|和|跟|同|比|较|、)?", "", text)
    text = _without_contrast(text)
    return text if f"{year}" in text else f"{year}年{text}"


def _paired(text: str) -> tuple[str, ...]:
    """Two things joined by 和 where the question contrasts them, whatever they are."""
    if not _CONTRAST.search(text):
        return ()
    pair = _PAIR.match(text)
    if pair is None:
        return ()
    rest = _without_contrast(_BOTH.sub("", text[pair.end() :]))
    return tuple(f"{term}{rest}" for term in (pair["first"], pair["second"]))


def _without_contrast(text: str) -> str:
    """What is asked of each, when what is asked of both is how they differ."""
    return _CONTRAST.sub("", text).strip(",")
