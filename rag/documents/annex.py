"""The flattened annex table → rows of seven named cells.

A PDF's table comes out cell by cell, each cell as the short lines of its column; a row that goes on over a
page prints the heading, number, title, units, deadline and batch again and continues its two text columns.
Columns are told apart by their printed width (title and units three characters, content five, measures
eighteen), so no cell text of a particular table is known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.documents.reflow import Line
from rag.errors import CorpusError
from rag.language.numerals import CHINESE, to_int
from rag.records import Batch, Furniture, Row

COLUMNS = ("序号", "事项", "主要内容", "责任单位", "具体落实举措", "完成时限", "国发批次")
"""The annex's columns in order; the heading line is these names."""

_WIDE = 9  # characters; only the measures' column is that wide
_NARROW = 4  # characters; title and units are at most that wide
_BATCH = re.compile(rf"[(（](?P<number>国\S{{1,4}}〔\d{{4}}〕\d+号)[)）][(（]第(?P<batch>{CHINESE})批第(?P<item>\d+)项[)）]")
_UNIT_HEAD = re.compile(
    r"(?:^|(?<=[。;；]))(?P<unit>[^。;；:：,，、“”《》\s]{3,16}[局厅委办行关院部司会]|[^。;；:：,，、“”《》\s]{3,12}分行)[:：](?!《)"
)


@dataclass(frozen=True, slots=True)
class CellParagraph:
    """A paragraph of a cell; ``unit`` names whose measure it is, "" when the row has one unit for all."""

    line: Line
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row."""

    column: str
    paragraphs: tuple[CellParagraph, ...]


@dataclass(frozen=True, slots=True)
class RowCells:
    """A row: its cells in column order, and the same as named fields."""

    fields: Row
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class AnnexTable:
    """The annex: what stands above the table, its rows, and the page furniture between them."""

    heading: tuple[Line, ...]
    rows: tuple[RowCells, ...]
    furniture: tuple[Furniture, ...]


@dataclass(slots=True)
class _Fragment:
    """A row's print on one page: lines by column."""

    number: Line
    columns: dict[str, list[Line]]


def read_annex(lines: Sequence[Line]) -> AnnexTable:
    """Read the annex from its first line on. Raises CorpusError when the table's heading is missing."""
    header = "".join(COLUMNS)
    starts = [index for index, line in enumerate(lines) if line.text == header]
    if not starts:
        raise CorpusError(f"附件表格没有找到表头「{' '.join(COLUMNS)}」。")
    heading = tuple(lines[: starts[0] + 1])
    repeated = [lines[index] for index in starts[1:]]
    body = [line for line in lines[starts[0] + 1 :] if line.text != header]
    rows: list[RowCells] = []
    furniture: list[Furniture] = []
    if repeated:
        furniture.append(Furniture("续页重复的表头", _positions(repeated)))
    fragments = [_read_fragment(chunk) for chunk in _chunks(body)]
    while fragments:
        number = fragments[0].number.text
        same = []
        while fragments and fragments[0].number.text == number:
            same.append(fragments.pop(0))
        row, dropped = _merge(same)
        rows.append(row)
        furniture.extend(dropped)
    return AnnexTable(heading, tuple(rows), tuple(furniture))


def _chunks(lines: Sequence[Line]) -> Iterable[Sequence[Line]]:
    """Cut before each row number: a line of digits that repeats or continues the count."""
    begin, current = 0, 0
    for index, line in enumerate(lines):
        if line.text.isdecimal() and int(line.text) in (current, current + 1):
            if current:
                yield lines[begin:index]
            begin, current = index, int(line.text)
    if current:
        yield lines[begin:]


def _read_fragment(lines: Sequence[Line]) -> _Fragment:
    """Tell the columns of one fragment apart by the width of their lines."""
    rest = lines[1:]
    wide = [index for index, line in enumerate(rest) if line.printed >= _WIDE and not line.text.startswith("《国")]
    batch = next((i for i in range(len(rest) - 1, -1, -1) if rest[i].text.startswith("《国务院")), None)
    if not wide or batch is None:
        raise CorpusError(f"附件第{lines[0].text}项的各列无法辨认。")
    first = wide[0]
    last = max(index for index in wide if index < batch)
    while last + 1 < batch and not rest[last].text.endswith("。") and rest[last + 1].text.endswith("。"):
        last += 1
    left = rest[:first]
    title_end = next((i for i, line in enumerate(left) if line.printed > _NARROW), len(left))
    units_begin = _units_begin(left, title_end)
    columns = {
        "事项": list(left[:title_end]),
        "主要内容": list(left[title_end:units_begin]),
        "责任单位": list(left[units_begin:]),
        "具体落实举措": list(rest[first : last + 1]),
        "完成时限": list(rest[last + 1 : batch]),
        "国发批次": list(rest[batch:]),
    }
    if empty := [name for name, cell in columns.items() if not cell]:
        raise CorpusError(f"附件第{lines[0].text}项缺少「{'、'.join(empty)}」。")
    return _Fragment(lines[0], columns)


def _units_begin(left: Sequence[Line], title_end: int) -> int:
    """The units are the narrow lines at the end; the content's own short last line ends in punctuation."""
    index = len(left)
    while index > title_end and left[index - 1].printed <= _NARROW:
        index -= 1
    for candidate in range(index, len(left)):
        if (
            left[candidate].text[-1] in "。;；"
            or (candidate == index and left[candidate].text[-1] in ",，、")
            or left[candidate].text == "。"
        ):
            index = candidate + 1
    return index


def _merge(fragments: Sequence[_Fragment]) -> tuple[RowCells, list[Furniture]]:
    first = fragments[0]
    number = int(first.number.text)
    dropped: list[Furniture] = []
    cells = [Cell("序号", (CellParagraph(first.number),))]
    texts: dict[str, str] = {}
    for repeat in fragments[1:]:
        dropped.append(Furniture(f"续页重复的序号({number})", repeat.number.offsets))
    for column in COLUMNS[1:]:
        kept = list(first.columns[column])
        seen = _text(kept)
        for repeat in fragments[1:]:
            lines = repeat.columns[column]
            if _text(lines) == _text(first.columns[column]) or column not in ("主要内容", "具体落实举措"):
                if _text(lines) != _text(first.columns[column]):
                    raise CorpusError(f"附件第{number}项续页的「{column}」与前页不一致。")
                dropped.append(Furniture(f"续页重复的{column}({number})", _positions(lines)))
            else:
                kept += lines
                seen += _text(lines)
        texts[column] = seen
        cells.append(Cell(column, tuple(_paragraphs(column, _join(kept)))))
    batch = _BATCH.search(texts["国发批次"])
    row = Row(
        number,
        texts["事项"],
        texts["主要内容"],
        tuple(unit for unit in re.split(r"[,，、]", texts["责任单位"]) if unit),
        texts["具体落实举措"],
        texts["完成时限"],
        texts["国发批次"],
        Batch(batch["number"], to_int(batch["batch"]) or 0, int(batch["item"])) if batch else None,
    )
    return RowCells(row, tuple(cells)), dropped


def _paragraphs(column: str, line: Line) -> Iterable[CellParagraph]:
    if column != "具体落实举措":
        yield CellParagraph(line)
        return
    heads = list(_UNIT_HEAD.finditer(line.text))
    if not heads or heads[0].start() != 0:
        yield CellParagraph(line)
        return
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = following.start() if following else len(line.text)
        yield CellParagraph(Line(line.text[head.start() : end], line.offsets[head.start() : end], True), head["unit"])


def _join(lines: Sequence[Line]) -> Line:
    return Line(_text(lines), _positions(lines), True)


def _text(lines: Iterable[Line]) -> str:
    return "".join(line.text for line in lines)


def _positions(lines: Iterable[Line]) -> tuple[int, ...]:
    return tuple(position for line in lines for position in line.offsets)
