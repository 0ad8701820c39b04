"""The matching form of text: what two spellings of the same thing have in common.

It is compared and indexed, never shown and never stored in place of the original.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Protocol

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "「": '"', "」": '"', "‘": "'", "’": "'", "『": '"', "』": '"'})
_DASHES = re.compile(r"[‐‑‒–—―─~〜﹣-]+")
_BLANKS = re.compile(r"\s+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_INVISIBLE = re.compile(r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _converter() -> _Converter:
    from opencc import OpenCC  # imported only for text that has Traditional characters

    converter: _Converter = OpenCC("t2s")
    return converter


def clean(text: str) -> str:
    """Text as typed without what no reader sees: control and direction marks; lone surrogates become U+FFFD."""
    return _INVISIBLE.sub("", _SURROGATE.sub("\ufffd", text))


def simplify(text: str) -> str:
    """Traditional characters → simplified."""
    try:
        text.encode("gb2312")  # every simplified character of daily use is in it, no Traditional one is
    except UnicodeEncodeError:
        return _converter().convert(text)
    return text


def fold(text: str) -> str:
    """Width, case, quotes and Traditional characters folded; blanks kept."""
    return simplify(unicodedata.normalize("NFKC", clean(text)).translate(_QUOTES).lower())


@lru_cache(maxsize=4096)  # of the sentences of the documents, again and again
def matching_form(text: str) -> str:
    """``fold`` without blanks and with one kind of dash: equal for spellings that a reader takes as equal."""
    return _DASHES.sub("-", _BLANKS.sub("", fold(text)))


def squeeze(text: str) -> str:
    """Without any blanks: how quotes of a printed text are compared."""
    return _BLANKS.sub("", text)
