"""What ``ask``, ``chat``, ``search`` and ``corpus`` print: plain when piped, laid out with rich on a terminal.

rich is imported on a terminal only. Layout changes no word: what a terminal shows is what a pipe gets, wrapped and weighted.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot import texts
from bot.render import answer_text
from rag.records import Answer

if TYPE_CHECKING:
    from rich.console import Console

_UNIT = r"[《〈“‘「『（(〔【]*(?:[A-Za-z0-9.%‰/_-]+|.)[，。；：、？！》〉”’」』）)〕】…—%]*"
"""What a line does not break in: a word or a figure, a character with the marks that lean on it."""

_INDENT = 4
_NARROWEST = 8  # columns; in less, nothing can be laid out
_SHOWN = 60  # characters of a hit's text

Row = Mapping[str, Any]


class ProgressBar:
    """A bar on a terminal, a line each tenth elsewhere; nothing at all when nothing is built."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        self._tenths: dict[str, int] = {}

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self._report

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _report(self, stage: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            tenth = done * 10 // max(total, 1)
            if self._tenths.get(stage) != tenth:
                self._tenths[stage] = tenth
                print(f"{stage} {done}/{total}", file=sys.stderr, flush=True)
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress, TimeRemainingColumn

            self._bar = Progress(*Progress.get_default_columns()[:-1], TimeRemainingColumn(), console=Console(stderr=True))
            self._bar.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done)


def show_answer(answer: Answer) -> None:
    """The answer as it is, then each citation: its label bold, its verbatim words dim and indented."""
    console = _console()
    if console is None:
        print(answer_text(answer), flush=True)
        return
    from rich.text import Text

    console.print(Text(answer.answer), soft_wrap=True)
    if answer.missing:
        console.print(Text("\n" + texts.MISSING.format(missing=answer.missing)), soft_wrap=True)
    for citation in answer.citations:
        console.print(Text(f"\n[{citation.n}] {citation.label}", style="bold"), soft_wrap=True)
        for line in citation.quote.splitlines():
            for part in wrap_text(line, console.width - _INDENT):
                console.print(Text(" " * _INDENT + part, style="dim"), soft_wrap=True)


def show_hits(rows: Sequence[Row]) -> None:
    """What retrieval found: rank, score, place, what found it, the first words."""
    if not rows:
        print(texts.NO_HITS)
        return
    console = _console()
    if console is None:
        for row in rows:
            signals = " ".join(_signals(row))
            print(f"{row['rank']:>2}. {row['score']:.2f}  {row['label']}  {row['locator']}\n    {signals}\n    {row['text'][:_SHOWN]}")
        return
    from rich.text import Text

    table = _table(texts.HIT_COLUMNS, right=(0, 1))
    for row in rows:
        place = Text.assemble((row["label"], "bold"), "\n", (row["locator"], "dim"))
        table.add_row(str(row["rank"]), f"{row['score']:.2f}", place, Text("\n".join(_signals(row)), "dim"), Text(row["text"][:_SHOWN]))
    console.print(table)


def show_documents(rows: Sequence[Row]) -> None:
    """The documents: identifier, title with number, date, whether in force, size."""
    console = _console()
    if console is None:
        for row in rows:
            title, status = _title(row), texts.STATUS_NAMES[row["status"]]
            print(f"{row['id']:<12} {title}  {row['date']}  {status}  {texts.UNITS.format(count=row['units'])}")
        return
    from rich.text import Text

    table = _table(texts.DOCUMENT_COLUMNS, right=(4,))
    for row in rows:
        cells = (_title(row), row["date"] or "", texts.STATUS_NAMES[row["status"]], str(row["units"]))
        table.add_row(Text(row["id"], "bold"), *map(Text, cells))
    console.print(table)


def show_outline(rows: Sequence[tuple[int, str, str]]) -> None:
    """A document's places by depth, each with its locator and heading."""
    console = _console()
    if console is None:
        for depth, place, heading in rows:
            print(f"{'  ' * (depth - 1)}{place}  {heading}".rstrip())
        return
    from rich.text import Text

    for depth, place, heading in rows:
        console.print(Text.assemble("  " * (depth - 1), (place, "dim"), "  ", heading), soft_wrap=True)


def wrap_text(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns`` terminal columns, a full-width character being two.

    Words and figures stay whole where they fit in a line; no line begins with a closing mark or ends with an opening one.
    """
    from rich.cells import cell_len, chop_cells

    columns = max(columns, _NARROWEST)
    lines = [""]
    for unit in re.findall(_UNIT, text):
        if cell_len(lines[-1]) + cell_len(unit) <= columns:
            lines[-1] += unit
        elif not unit.isspace():
            lines.extend(chop_cells(unit, columns))
    return [line.rstrip() for line in lines[0 if lines[0] or len(lines) == 1 else 1 :]]


def _console() -> Console | None:
    """A console on a terminal, without any escape sequence where NO_COLOR is set; None when the output is piped."""
    if not sys.stdout.isatty():
        return None
    from rich.console import Console

    return Console(color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False, markup=False, emoji=False)


def _table(columns: Sequence[str], *, right: Sequence[int] = ()) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.HORIZONTALS, show_lines=True, header_style="bold", pad_edge=False)
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    return table


def _signals(row: Row) -> list[str]:
    return [f"{name}={value:.2f}" for name, value in row["found_by"].items()]


def _title(row: Row) -> str:
    return f"《{row['title']}》({row['document_number']})" if row["document_number"] else f"《{row['title']}》"
