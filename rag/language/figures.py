"""Figures with their units, in one spelling: what an answer claims can be compared with what a quote says.

「二十一条」 = 「21条」, 「百分之十」 = 「10%」, 「5,315亿元」 = 「5315亿元」, 「2—3次」 = 「2次—3次」; 「7个工作日」 ≠ 「7天」.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.language.numerals import CHINESE, to_int
from rag.language.text import matching_form

_UNIT = (
    r"个?(?:工作日|百分点)|个?小时|个?月|分钟|年度?|[天日周次项条章款批名位人户家所件亩吨岁元届期类级种处座辆套部篇倍]|公里|千米|千瓦时?|立方米|平方公里|"
    r"[%‰℃]|个"
)
_MULTIPLE = r"(?:万亿|千万|百万|亿|万|千|百)?"
_FIGURE = re.compile(
    rf"百分之(?P<percent>{CHINESE}|\d+(?:\.\d+)?)"
    rf"|第?(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<multiple>{_MULTIPLE})(?:多|余|左右)?(?P<later>{_MULTIPLE})(?P<unit>{_UNIT})?"
    rf"|第?(?P<chinese>(?:[二三四五六七八九十百千两]|一(?![是些定般切]))[一二三四五六七八九十百千零两]*)(?P<cmultiple>(?:万|亿)?)(?P<cunit>个?(?:工作日|小时|月)|[天日年周次条章款批亩吨岁元届倍]|第(?!一))"
)
_RANGE = re.compile(rf"(?P<first>\d+(?:\.\d+)?)-(?=\d+(?:\.\d+)?(?P<unit>{_MULTIPLE}(?:{_UNIT})))")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written in digits, with the unit that follows it ("" when none does)."""

    value: str
    unit: str


@lru_cache(maxsize=8192)
def find_figures(text: str) -> frozenset[Figure]:
    """All figures of a text, in one spelling."""
    form = _RANGE.sub(lambda match: f"{match['first']}{match['unit']}-", matching_form(text))
    found = set()
    for match in _FIGURE.finditer(form):
        if match["percent"] is not None:
            number = match["percent"] if match["percent"][0].isdigit() else str(to_int(match["percent"]))
            found.add(Figure(_plain(number), "%"))
        elif match["number"] is not None:
            found.add(Figure(_plain(match["number"]), match["multiple"] + match["later"] + _unit(match["unit"])))
        else:
            value = to_int(match["chinese"])
            if value is not None:
                found.add(Figure(str(value), (match["cmultiple"] or "") + _unit(match["cunit"])))
    return frozenset(found)


def unsupported_figures(text: str, quotes: str) -> frozenset[Figure]:
    """Figures of ``text`` that ``quotes`` do not have; one without unit is supported by the bare number."""
    there = find_figures(quotes)
    values = {figure.value for figure in there}
    return frozenset(f for f in find_figures(text) if f not in there and not (f.unit == "" and f.value in values))


def _plain(number: str) -> str:
    number = number.replace(",", "")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0" if "." not in number else number


def _unit(unit: str | None) -> str:
    return (unit or "").removeprefix("个") if unit != "个" else "个"
