"""Lines → one Document: the tree of parts, chapters, articles, sections, items and their paragraphs.

A label counts only where the numbering expects it: 「三、」 after 「二、」, 「(一)」 inside a new unit,
「第二十二条」 after 「第二十一条」. That is what tells a heading from a cross-reference or from
「一、二、三产业增加值」 at the start of a printed line. A run-in list (「一是…;二是…」 inside a paragraph)
never starts a paragraph, so it is no unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rag.documents.annex import AnnexTable, read_annex
from rag.documents.reflow import Line, reflow
from rag.errors import CorpusError
from rag.language.numerals import CHINESE, to_int
from rag.records import Document, DocumentEntry, Furniture, Locator, Node, NodeKind, Row, Source

_COMMA = r"[、.．]"
_MARKDOWN = re.compile(r"#{1,6}\s*|\*\*")
_ENDED = re.compile(r"[。!?:;！？：；…][”’」』)）]*$|[\]】]$")
_ANNEX = re.compile(r"附\s*件\s*\d*")
_TAIL = re.compile(r"各位代表[!！,，]|过去一年[,，]|一年来[,，]|(?:同时[,，]?)?我们也?清醒|在(?:肯定|总结)成绩|大道至简|百舸争流")


@dataclass(frozen=True, slots=True)
class _Level:
    """One rung of a document's numbering. ``inside`` names the kinds that it may stand in."""

    kind: NodeKind
    pattern: re.Pattern[str]
    inside: tuple[NodeKind, ...]
    continues: bool = False  # its count runs on across parents, as articles do over chapters


_RULES = (
    _Level("part", re.compile(rf"(第({CHINESE})编)"), ("document",), True),
    _Level("chapter", re.compile(rf"(第({CHINESE})章)"), ("document", "part")),
    _Level("section", re.compile(rf"(第({CHINESE})节)"), ("chapter",)),
    _Level(
        "article",
        re.compile(rf"(第({CHINESE}|\d+)条(?:之({CHINESE}))?)(?=\s|[^的第、,，规款项和及至或]|$)"),
        ("document", "part", "chapter", "section"),
        True,
    ),
    _Level("item", re.compile(rf"([(（]({CHINESE})[)）])"), ("article",)),
    _Level("subitem", re.compile(r"((\d{1,2})[.．、])(?!\d)"), ("item", "article")),
)
_ENUMERATED_ARTICLE = _Level("article", re.compile(rf"(({CHINESE}){_COMMA})"), ("document", "part", "chapter", "section"), True)
_SECTIONS = (
    _Level("part", re.compile(rf"(({CHINESE}){_COMMA})"), ("document",)),
    _Level("section", re.compile(rf"([(（]({CHINESE})[)）])"), ("part",)),
    _Level("subsection", re.compile(rf"(({CHINESE})是)"), ("section", "part")),
    _Level("item", re.compile(r"((\d{1,2})[.．、])(?!\d)"), ("section", "subsection", "part")),
)


@dataclass(slots=True)
class _Unit:
    """A node under construction."""

    kind: NodeKind
    locator: Locator
    label: str = ""
    name: str = ""
    row: Row | None = None
    lines: list[list[Line]] = field(default_factory=list)  # own paragraphs that precede or follow children
    content: list[_Unit | list[Line]] = field(default_factory=list)
    last: int = 0  # number of the last numbered child
    last_kind: NodeKind | None = None

    def add_line(self, line: Line, *, fresh: bool) -> None:
        if fresh or not self.content or isinstance(self.content[-1], _Unit):
            self.content.append([line])
        else:
            self.content[-1].append(line)


def parse(source: Source) -> Document:
    """Build the tree of one source. Raises CorpusError when nothing of the expected shape is there."""
    lines = reflow(source)
    body, annex = _split_annex(source.entry, lines)
    builder = _Builder(source.entry, _levels(source.entry, body))
    for index, line in enumerate(body):
        builder.feed(line, body[index - 1] if index else None)
    root = builder.root
    furniture: tuple[Furniture, ...] = builder.furniture()
    if annex:
        table = read_annex(annex)
        root.content.append(_annex_unit(source.entry, table))
        furniture += table.furniture
    if not any(isinstance(part, _Unit) and part.kind != "front" for part in root.content):
        raise CorpusError(f"在《{source.entry.title}》里没有找到任何章、条或部分。")
    return _lay_out(source.entry, root, furniture)


def _levels(entry: DocumentEntry, lines: Sequence[Line]) -> tuple[_Level, ...]:
    if entry.kind != "rules":
        return _SECTIONS
    article = next(level for level in _RULES if level.kind == "article")
    if any(_match(article, line.text) for line in lines if line.begins_paragraph):
        return _RULES
    return tuple(_ENUMERATED_ARTICLE if level.kind == "article" else level for level in _RULES)


def _split_annex(entry: DocumentEntry, lines: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
    if entry.kind == "plan" and entry.expect.rows:
        for index, line in enumerate(lines):
            if re.match(r"附\s*件\s*\d*[:：]", line.text) and _part_seen(lines[:index]):
                return lines[:index], lines[index:]
            if _ANNEX.fullmatch(line.text):
                return lines[:index], lines[index:]
    return lines, ()


def _part_seen(lines: Sequence[Line]) -> bool:
    return any(_match(_SECTIONS[0], line.text) for line in lines)


def _match(level: _Level, text: str) -> tuple[str, int, str] | None:
    found = level.pattern.match(_MARKDOWN.sub("", text, count=1) if text.startswith(("#", "*")) else text)
    if found is None:
        return None
    number = to_int(found[2])
    if number is None:
        return None
    suffix = found[3] if found.re.groups >= 3 else None
    step = f"{number}-{to_int(suffix)}" if suffix and to_int(suffix) else str(number)
    return found[1], number, step


class _Builder:
    def __init__(self, entry: DocumentEntry, levels: tuple[_Level, ...]) -> None:
        self.entry = entry
        self.levels = levels
        self.root = _Unit("document", Locator(entry.id))
        self.stack = [self.root]
        self.running: dict[NodeKind, int] = {}
        self.in_heading = True
        self._dropped: list[int] = []
        front = _Unit("front", self.root.locator.child("0"))
        self.root.content.append(front)
        self.stack.append(front)

    def furniture(self) -> tuple[Furniture, ...]:
        return (Furniture("网页标记", tuple(self._dropped)),) if self._dropped else ()

    def feed(self, line: Line, before: Line | None) -> None:
        line = self._without_markup(line)
        if self._opens_unit(line, before) or self._opens_tail(line):
            return
        fresh = line.begins_paragraph
        if fresh:
            self._close_items()
        self.stack[-1].add_line(line, fresh=fresh)

    def _without_markup(self, line: Line) -> Line:
        if not line.text.startswith(("#", "*")):
            return line
        found = _MARKDOWN.match(line.text)
        cut = found.end() if found else 0
        self._dropped.extend(position for position, c in zip(line.offsets[:cut], line.text, strict=False) if not c.isspace())
        return replace(line, text=line.text[cut:], offsets=line.offsets[cut:])

    def _opens_unit(self, line: Line, before: Line | None) -> bool:
        at_boundary = line.begins_paragraph or before is None or bool(_ENDED.search(before.text))
        if not at_boundary or not line.text:
            return False
        for level in self.levels:
            found = _match(level, line.text)
            if found is None:
                continue
            parent = self._parent_for(level, found[1], line)
            if parent is None:
                continue
            self._open(level, parent, found[0], found[1], found[2], line)
            return True
        return False

    def _parent_for(self, level: _Level, number: int, line: Line) -> _Unit | None:
        """The open unit in which ``number`` is the next of its kind; None when it is not expected."""
        if level.kind in ("subsection", "subitem") and not line.begins_paragraph:
            return None
        for unit in reversed(self.stack):
            if unit.kind not in level.inside:
                continue
            previous = self.running.get(level.kind, 0) if level.continues else unit.last
            if unit.last_kind is not None and unit.last_kind != level.kind and not level.continues:
                previous = 0
                if level.kind in ("subsection", "item", "subitem"):
                    return None
            if number == previous + 1 or (level.continues and number == previous and self._is_sub(line)):
                return unit
            if level.kind == "section" and unit.last == 0 and number == self.running.get("section", 0) + 1:
                return unit
            if level.kind == "item" and unit.last == 0 and number == self.running.get("item", 0) + 1 and self.entry.kind != "rules":
                return unit
            if level.continues and previous == 0 and self.entry.expect.articles is None:
                return unit  # an amendment may begin at 第十二条
        return None

    @staticmethod
    def _is_sub(line: Line) -> bool:
        return bool(re.match(rf"第(?:{CHINESE}|\d+)条之", line.text))

    def _open(self, level: _Level, parent: _Unit, label: str, number: int, step: str, line: Line) -> None:
        while self.stack[-1] is not parent:
            self.stack.pop()
        parent.last, parent.last_kind = number, level.kind
        self.running[level.kind] = number
        base = self.root.locator
        if level.kind == "chapter":
            locator = base.child("chapter").child(step)
        elif level.kind == "article":
            locator = base.child(step)
        elif self.entry.kind == "rules" and level.kind in ("part", "section"):
            locator = (parent.locator if parent.locator.path else base).child(level.kind).child(step)
        else:
            locator = parent.locator.child(step)
        unit = _Unit(level.kind, locator, label)
        parent.content.append(unit)
        self.stack.append(unit)
        unit.add_line(line, fresh=True)

    def _opens_tail(self, line: Line) -> bool:
        if self.entry.kind == "rules" or not line.begins_paragraph:
            return False
        part = next((unit for unit in self.stack if unit.kind == "part"), None)
        if part is None or part.last == 0 or any(unit.kind == "tail" for unit in self.stack):
            return False
        markers = self.entry.tails
        if not (line.text.startswith(tuple(_first(m, len(line.text)) for m in markers)) if markers else _TAIL.match(line.text)):
            return False
        while self.stack[-1] is not part:
            self.stack.pop()
        tail = _Unit("tail", part.locator.child("tail"))
        part.content.append(tail)
        self.stack.append(tail)
        tail.add_line(line, fresh=True)
        return True

    def _close_items(self) -> None:
        """A new unnumbered paragraph after 「…。」 of an article's last item belongs to the article."""
        if self.entry.kind != "rules":
            return
        while self.stack[-1].kind in ("item", "subitem") and _last_text(self.stack[-1]).rstrip("”’)）」").endswith(
            ("。", "!", "！", "?", "？")
        ):
            self.stack.pop()


def _first(marker: str, length: int) -> str:
    return marker[: max(4, length)]


def _last_text(unit: _Unit) -> str:
    last = unit.content[-1]
    return _last_text(last) if isinstance(last, _Unit) else last[-1].text


def _annex_unit(entry: DocumentEntry, table: AnnexTable) -> _Unit:
    base = Locator(entry.id, ("annex",))
    annex = _Unit("annex", base, "附件")
    for line in table.heading:
        annex.add_line(line, fresh=line.begins_paragraph)
    for row in table.rows:
        unit = _Unit("row", base.child(str(row.fields.number)), str(row.fields.number), row=row.fields)
        for cell in row.cells:
            part = _Unit("cell", unit.locator, name=cell.column)
            for paragraph in cell.paragraphs:
                child = _Unit("measure" if paragraph.unit else "paragraph", unit.locator, name=paragraph.unit)
                child.add_line(paragraph.line, fresh=True)
                part.content.append(child)
            unit.content.append(part)
        annex.content.append(unit)
    return annex


def _lay_out(entry: DocumentEntry, root: _Unit, furniture: tuple[Furniture, ...]) -> Document:
    """Concatenate the tree's lines into one text and turn units into Nodes with spans."""
    characters: list[str] = []
    offsets: list[int] = []

    def place(unit: _Unit) -> Node:
        children: list[Node] = []
        begin: int | None = None
        for part in unit.content:
            if characters and characters[-1] != "\n":
                characters.append("\n")
                offsets.append(-1)
            start = len(characters)
            begin = start if begin is None else begin
            if isinstance(part, _Unit):
                children.append(place(part))
                continue
            for line in part:
                characters.extend(line.text)
                offsets.extend(line.offsets)
            children.append(Node("paragraph", unit.locator, "", "", (start, len(characters))))
        begin = len(characters) if begin is None else begin
        text = "".join(characters[begin:])
        own = children[0].span if children and children[0].kind == "paragraph" else (begin, begin)
        heading = _heading(unit, "".join(characters[own[0] : own[1]]))
        if len(children) == 1 and children[0].kind == "paragraph" and unit.kind in ("paragraph", "measure"):
            children = []
        return Node(unit.kind, unit.locator, unit.label, heading, (begin, begin + len(text)), tuple(children), unit.name, unit.row)

    tree = place(root)
    return Document(entry, "".join(characters), tuple(offsets), tree, furniture)


_SENTENCE_END = re.compile(r"[。!?！？:：;；]")


def _heading(unit: _Unit, own: str) -> str:
    """The title or run-in topic sentence of a unit, label cut off; "" when it has none."""
    if unit.kind == "row" and unit.row is not None:
        return unit.row.title
    if unit.kind in ("document", "front", "tail", "cell", "paragraph", "measure"):
        return ""
    rest = own[len(unit.label) :].strip()
    end = _SENTENCE_END.search(rest)
    if unit.kind in ("article", "item", "subitem"):
        # 「八、坚持党的领导。坚决…」 has a topic; 「二十一、自治区人民政府常务会议由…」 has none
        return (
            rest[: end.start()] if end and end.start() <= 12 and end[0] == "。" and end.end() < len(rest) and unit.kind == "article" else ""
        )
    return rest[: end.start()] if end else rest
