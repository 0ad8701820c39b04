"""A source's lines → lines without page wrapping's noise, each knowing whether a paragraph begins there.

In a ``wrapped`` source (a PDF's text) a line is a line of the printed column, so paragraphs have to be
recognised by shape, as a reader does: the last line of a paragraph is short, the first is indented, and
the indent shows as two characters fewer on the line. Blanks inside words (「第 五 位」) are the printer's
justification and are dropped; every other character keeps its place in the source.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from rag.records import Source

_TERMINAL = re.compile(r"[。!?:;！？：；][”’」』)）\]]*$|[\]】]$")
_ALONE = re.compile(
    r"\S{1,12}[〔\[]\d{4}[〕\]]\d+号|\d{4}年\d{1,2}月\d{1,2}日|[(（]此件\S{2,8}[)）]|附件\d*|第[一二三四五六七八九十百]+[编章节]\S{1,24}"
)
_INDENT = 4  # half-widths: a paragraph's first line is two full characters shorter
_SHORT = 10  # half-widths: a line this much shorter than the column ends its paragraph


@dataclass(frozen=True, slots=True)
class Line:
    """A non-blank line. ``offsets[i]`` is the source character of ``text[i]``."""

    text: str
    offsets: tuple[int, ...]
    begins_paragraph: bool
    printed: float = 0.0  # width as printed, in characters; a justification blank is half a one


def reflow(source: Source) -> tuple[Line, ...]:
    """The lines of a source, blanks settled, paragraph starts marked."""
    raw = list(_raw_lines(source))
    if not source.entry.wrapped:
        return tuple(Line(text, offsets, True, printed) for text, offsets, printed in raw)
    widths = [_width(text) for text, _, _ in raw]
    column = _column_width(widths)
    lines: list[Line] = []
    for index, (text, offsets, printed) in enumerate(raw):
        begins = index == 0 or _breaks(raw[index - 1][0], widths[index - 1], text, widths[index], column, lines[-1].begins_paragraph)
        lines.append(Line(text, offsets, begins, printed))
    return tuple(lines)


def _raw_lines(source: Source) -> list[tuple[str, tuple[int, ...], float]]:
    keep_gaps = not source.entry.wrapped
    lines = []
    offset = source.base
    for line in source.text.splitlines(keepends=True):
        kept: list[tuple[str, int]] = []
        gap = False
        for position, character in enumerate(line, start=offset):
            if character.isspace() or (unicodedata.category(character) in {"Cc", "Cf"} and character != "\n"):
                gap = gap or bool(kept)
                continue
            latin = bool(kept) and kept[-1][0].isascii() and kept[-1][0].isalpha() and character.isascii() and character.isalpha()
            if gap and (keep_gaps or latin):
                kept.append((" ", position - 1))
            gap = False
            kept.append((character, position))
        offset += len(line)
        if kept:
            text = "".join(character for character, _ in kept)
            gaps = sum(1 for blank in line.strip() if blank == " ")
            lines.append((text, tuple(position for _, position in kept), len(text) + gaps / 2))
    return lines


def _width(text: str) -> float:
    """Printed width in half-widths: the PDF prints half-width commas and brackets as full ones."""
    width = 0.0
    for character in text:
        if character in "“”‘’":
            width += 1
        elif character.isascii() and (character.isalnum() or character in ".%+-/"):
            width += 1.1
        else:
            width += 2
    return width


def _column_width(widths: list[float]) -> float:
    """The width of a full line: the commonest width in the upper half."""
    rounded = Counter(round(width) for width in widths if width > max(widths) / 3)
    return float(max(rounded, key=lambda width: rounded[width])) if rounded else 0.0


def _breaks(before: str, before_width: float, here: str, here_width: float, column: float, before_begins: bool) -> bool:
    if _ALONE.fullmatch(here) or _ALONE.fullmatch(before):
        return True
    if before_begins:
        before_width += _INDENT
    if before_width < column - _SHORT - 1:
        return True
    if not _TERMINAL.search(before):
        return False
    indented = column - _INDENT - 4 <= here_width <= column - _INDENT + 0.5
    return before_width <= column - _INDENT - 1 or indented
