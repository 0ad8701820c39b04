"""Conditions on a table's fields → all the rows that meet them: 「第六批的有哪些」, 「商务厅名下挂着哪些任务」.

A batch or its 国函, responsible units, how many units there are, a deadline: a row is listed when it meets each condition that
a question names. A question that says more than its conditions is about something else, and is left to retrieval.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from rag.language import questions
from rag.language.locators import find_references
from rag.language.numerals import NUMBER, to_int
from rag.language.text import fold
from rag.records import Locator, Row
from rag.search.enumerate import BODY_PREFIX, body_names, units_called
from rag.search.snapshot import Snapshot

_WHICH = re.compile(
    r"哪(?:些|几)|哪(?:一|1)?[项个件条]|几[项个件条]|多少[项个件条]|什么(?:事项|任务|工作|活|事)|(?:干|做|管|负责|牵头|承担)(?:的)?(?:是)?(?:些)?(?:什么|啥)"
    r"|(?:都|分别)?(?:有|是|包括)(?:些)?(?:什么|啥)|列(?:出|举|一下|全)"
)
_OWNERSHIP = re.compile(
    r"负责|牵头|承担|管(?!理)|落实|责任|参与|分工|要办|要做|认领|归|属于?|分给|交给|名下|挂[着在靠了]?|(?:手|头|身|肩)[里上头]|涉及|有关|相关"
)
_SIZES = (
    rf"(?P<above>超过|多于|不止)?(?P<number>{NUMBER}|多)(?:家|个)(?P<least>及?以上)?的?(?:责任|牵头|主管|负责)?(?:单位|部门)(?P<more>(?:及|或)?以上)?",
    rf"(?:责任|牵头|负责)(?:单位|部门)(?:的?(?:数量|个数))?(?P<above>超过|多于|不止)?(?:有|是|为)?(?:了)?(?P<number>{NUMBER}|多)(?:家|个)(?P<more>(?:及|或)?以上)?",
    r"(?:单独|独自|独家|自己一家)(?:负责|牵头|承担|落实|完成)?",
)
_DUE = re.compile(r"完成|时限|期限|截止|到期|办结|收官|结束")
_COUNT = re.compile(rf"{NUMBER}(?:个|项|件|条)")
_BESIDE = re.compile(
    r"国发(?:批次)?|国务院|批次|(?:来|出|源)自|属于?|对应|共同|联合|一起|同时|只|仅|所有|认领|分工|要办|要做|分给|交给|归|管|名下|挂[着在靠了]?|(?:手|头|身|肩)[里上头]|涉及|有关|相关|期限|截止|到期|列(?:出|举|一下|全)|啥"
)
"""What may stand beside the conditions of a question that lists rows."""

_QUOTES = re.compile(r"[\"“”]")

LEFT = 2
"""Characters that may be left of such a question."""


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a row has to meet, and the words of the question that say so."""

    said: tuple[str, ...]
    met_by: Callable[[Row], bool]


def rows_meeting(text: str, documents: Collection[str], snapshot: Snapshot, bare: Callable[[str], str]) -> tuple[Locator, ...]:
    """The rows that a folded question asks for by their fields; () when it asks for something else.

    ``bare`` takes the names of documents out of a text.
    """
    if not _WHICH.search(text) or re.search(r"各(?!部门|单位|级)|分别", text):
        return ()
    rows = {place: node.row for place, node in snapshot.nodes.items() if node.row and (not documents or place.document in documents)}
    if any(reference.batch_item is not None for reference in find_references(text)):
        return ()
    found = list(_conditions(text, tuple(rows.values())))
    rest = _QUOTES.sub("", text)
    for said in sorted((said for condition in found for said in condition.said), key=len, reverse=True):
        rest = rest.replace(said, "")
    for pattern in (_COUNT, _BESIDE, questions.SUBJECT, questions.FILLER):
        rest = pattern.sub("", bare(rest) if pattern is _COUNT else rest)
    if not found or len(BODY_PREFIX.sub("", rest)) > LEFT:
        return ()
    return tuple(place for place, row in rows.items() if all(condition.met_by(row) for condition in found))


def _conditions(text: str, rows: Sequence[Row]) -> Iterator[_Condition]:
    yield from _by_batch(text)
    yield from _by_size(text)
    yield from _by_deadline(text, rows)
    if _OWNERSHIP.search(text):
        yield from _by_unit(text, rows)


def _by_batch(text: str) -> Iterator[_Condition]:
    named = [r for r in find_references(text) if (r.kind == "batch" and r.batch_item is None) or r.kind == "number"]
    batches, numbers = {r.batch for r in named if r.batch}, [fold(r.text) for r in named if r.kind == "number"]

    def meets(row: Row) -> bool:
        batch = row.batch
        return batch is not None and (batch.batch in batches or any(fold(batch.document_number) in number for number in numbers))

    if named:
        yield _Condition(tuple(reference.text for reference in named), meets)


def _by_size(text: str) -> Iterator[_Condition]:
    match = next((match for pattern in _SIZES if (match := re.search(pattern, text))), None)
    if match is None:
        return
    found = match.groupdict()
    size = to_int(found.get("number") or "一") or 2
    least = found.get("number") == "多" or bool(found.get("more") or found.get("least"))
    more = size if found.get("above") else None

    def meets(row: Row) -> bool:
        units = len(row.responsible_units)
        return units > more if more is not None else units >= size if least else units == size

    yield _Condition((match[0],), meets)


def _by_deadline(text: str, rows: Sequence[Row]) -> Iterator[_Condition]:
    """By a deadline in the table's own words; none is reckoned from another."""
    for deadline in {row.deadline for row in rows} if _DUE.search(text) else ():
        said = re.escape(_QUOTES.sub("", fold(deadline))).replace("期末", "期?末")
        if match := re.search(rf"{said}(?:前|之前|以前)?", _QUOTES.sub("", text)):
            yield _Condition((match[0],), partial(_is_due, deadline))
            return


def _is_due(deadline: str, row: Row) -> bool:
    return row.deadline == deadline


def _by_unit(text: str, rows: Sequence[Row]) -> Iterator[_Condition]:
    known = tuple(unit for row in rows for unit in row.responsible_units)
    while called := next(((name, units) for name in body_names(text) if (units := units_called(name, known))), None):
        name, units = called
        yield _Condition((name,), partial(_is_of, units))
        text = text.replace(name, ",")


def _is_of(units: frozenset[str], row: Row) -> bool:
    return bool(units.intersection(row.responsible_units))
