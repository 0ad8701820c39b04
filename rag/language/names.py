"""Names that a text gives to several things at once, 「七个不得」 or 「1+1+9」, and whether it says what they stand for.

A sentence that only mentions such a name is no answer to a question after its members or its meaning. All functions
read the matching form; quotation marks aside.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.language.numerals import to_int
from rag.language.text import matching_form

_QUOTED = re.compile(r"[“「]([^“”「」]{2,16})[”」]")
_NUMBER = r"(?:[二两三四五六七八九十]+|\d+)"
_PERIOD = re.compile(r"十[一二三四五]五")  # a five-year plan
_COUNT = re.compile(rf"({_NUMBER})(?![\d+×·])")
_DIGITS = re.compile(r"\d[\d+a-z]*")
_CALLED = re.compile(r"[^,。;?!]{0,8}?(?:热线|专线|电话)")  # of a number that is rung: 「12345政务服务热线」
_END = r"(?=$|[,。;?!]|呢|吗|来着|列)"
_IS = r"(?:都|各|又|是|指|包括|包含|有|讲|说|定|的|要求|代表)"
_MEMBERS = (
    rf"{_IS}{{0,3}}(?:哪{_NUMBER}(?!年|月|日|号|届)|哪(?:些|几)(?:[个项条样种类大点招]|方面|内容|要求)?{_END}|(?:逐|挨)(?:条|项|个|一|1))"
    rf"|(?:具体|分别|到底|究竟|各自?){_IS}{{1,3}}(?:什么|啥|哪)|(?:什么|啥)(?:意思|含义)|含义|怎么(?:理解|解释)"
)
_AFTER = re.compile(rf"^[^,。;?!]{{0,8}}?,?(?:具体|分别|到底|究竟|各自)?[^,。;?!]{{0,3}}?(?:{_MEMBERS})")
_WHICH = re.compile(rf"哪({_NUMBER})")
_BEFORE = re.compile(r"解释(?:一?下)?$|含义[^,。;?!]{0,4}$")

_OPENS = re.compile(r"[^,。;:!?()]{0,6}(?:[(:]|——|,?(?:即|就是|是指|指的?是|包括|分别[是为]))")
_STOPS = re.compile(r"[,。;:!?]")
_ENUMERATED = re.compile(r"[一二三四五六七八九十]是")


@lru_cache(maxsize=1024)
def names_in(text: str) -> tuple[str, ...]:
    """The names of several things that a printed text quotes, in matching form."""
    found = (matching_form(match[1]) for match in _QUOTED.finditer(text) if not _is_rung(match[1], text[match.end() :]))
    return tuple(dict.fromkeys(name for name in found if not _PERIOD.fullmatch(name) and (size_of(name) or _DIGITS.fullmatch(name))))


def name_asked(question: str, text: str) -> str | None:
    """The name quoted in a printed text after whose members or meaning a folded question asks; None when it asks after none."""
    bare = matching_form(question).replace('"', "")
    for name in sorted(names_in(text), key=len, reverse=True):
        before, found, after = bare.partition(name)
        asked = _AFTER.match(after) if found else None
        if asked and (which := _WHICH.search(asked[0])) and size_of(name) not in (None, to_int(which[1])):
            continue  # 「三农…哪两条」 asks for two of something else
        if _is_rung(name, after):
            continue
        if asked or (found and _BEFORE.search(before)):
            return name
    return None


def _is_rung(name: str, after: str) -> bool:
    """Whether a name is the number of a hotline, by what follows it."""
    return name.isdecimal() and _CALLED.match(after) is not None


def size_of(name: str) -> int | None:
    """How many things a name stands for, when it begins with the number: 「七个不得」 7; 「1+1+9」 None."""
    count = _COUNT.match(name)
    size = to_int(count[1]) if count else None
    return size if size and 1 < size < 50 else None


def unfolds(name: str, text: str, parts: int) -> bool:
    """Whether a printed text that has a name says what it stands for: in a list beside it, in what follows, in as many ``parts``."""
    size, bare = size_of(name), re.sub(r"[“”「」\"]", "", matching_form(text))
    if size is not None and size in (parts, len(_ENUMERATED.findall(bare))):
        return True
    return any(_unfolded_at(bare[: match.start()], bare[match.end() :], name, size) for match in re.finditer(re.escape(name), bare))


def _unfolded_at(before: str, after: str, name: str, size: int | None) -> bool:
    if _OPENS.match(after) or re.match(rf"[^,。;:!?]{{0,4}}。{re.escape(name[-2:])}", after):
        return True
    return size is not None and len(re.split(r"[、和及]", _STOPS.split(before)[-1])) >= size
