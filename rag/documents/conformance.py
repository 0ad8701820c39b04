"""Proof that a parse lost nothing and found what the manifest promises. The build stops when it did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.documents.annex import COLUMNS
from rag.errors import ConformanceError
from rag.language.numerals import to_chinese
from rag.records import Document, Node, NodeKind, Source


def check_document(source: Source, document: Document) -> None:
    """Raises ConformanceError, naming what is missing, when text was lost or the shape is another."""
    problems = [*_lost_text(source, document), *_overlaps(document.root), *_shape(document)]
    if problems:
        title = source.entry.title
        raise ConformanceError(f"《{title}》解析结果与原文或清单不符：{';'.join(problems[:5])}。索引未更新。", detail="; ".join(problems))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in reading order."""
    yield node
    for child in node.children:
        yield from walk(child)


def _lost_text(source: Source, document: Document) -> Iterator[str]:
    wanted = {source.base + i for i, character in enumerate(source.text) if _visible(character)}
    seen: list[int] = [o for o, c in zip(document.offsets, document.text, strict=True) if o >= 0 and not c.isspace()]
    for furniture in document.furniture:
        seen.extend(furniture.offsets)
    if missing := sorted(wanted - set(seen)):
        at = missing[0] - source.base
        yield f"遗漏 {len(missing)} 个字符，首处在「{''.join(source.text[at : at + 12].split())}」"
    if len(seen) != len(set(seen)):
        yield f"有 {len(seen) - len(set(seen))} 个字符被重复归入"
    if extra := set(seen) - wanted:
        yield f"多出 {len(extra)} 个原文没有的字符"
    placed = [character for character, offset in zip(document.text, document.offsets, strict=True) if offset >= 0]
    origin = [source.text[offset - source.base] for offset in document.offsets if offset >= 0]
    if [c for c in placed if c != " "] != [o for c, o in zip(placed, origin, strict=True) if c != " "]:
        yield "有字符与原文不一致"
    covered = sum(end - start for start, end in _leaves(document.root))
    visible = len(document.text) - document.text.count("\n")
    if covered - sum(document.text[a:b].count("\n") for a, b in _leaves(document.root)) != visible:
        yield "有文字不属于任何单元"


def _visible(character: str) -> bool:
    return not character.isspace() and character.isprintable()


def _leaves(node: Node) -> Iterator[tuple[int, int]]:
    if not node.children:
        yield node.span
    for child in node.children:
        yield from _leaves(child)


def _overlaps(root: Node) -> Iterator[str]:
    for node in walk(root):
        end = node.span[0]
        for child in node.children:
            if child.span[0] < end or child.span[1] > node.span[1]:
                yield f"{child.locator} 的范围与相邻单元重叠"
            end = child.span[1]


def _shape(document: Document) -> Iterator[str]:
    expect = document.entry.expect
    nodes = list(walk(document.root))

    def count(kind: NodeKind) -> int:
        return sum(1 for node in nodes if node.kind == kind)

    if expect.chapters is not None and count("chapter") != expect.chapters:
        yield f"应有 {expect.chapters} 章，实得 {count('chapter')} 章"
    articles = [node.locator.path[-1] for node in nodes if node.kind == "article"]
    if expect.articles is not None:
        if lacking := [n for n in range(1, expect.articles + 1) if str(n) not in articles]:
            yield f"缺第{to_chinese(lacking[0])}条(共缺 {len(lacking)} 条)"
        if len([step for step in articles if "-" not in step]) != expect.articles:
            yield f"应有 {expect.articles} 条，实得 {len(articles)} 条"
    numbered = [node.locator for node in nodes if node.label and node.kind != "annex"]
    if len(numbered) != len(set(numbered)):
        yield "有重复的编号"
    if expect.sections is not None:
        found = tuple(sum(1 for child in part.children if child.kind == "section") for part in nodes if part.kind == "part")
        if found != expect.sections:
            yield f"各部分应有 {_listing(expect.sections)} 节，实得 {_listing(found)} 节"
    for path, wanted in expect.items.items():
        owner = next((n for n in nodes if ".".join(n.locator.path) == path and n.label), None)
        children = sum(1 for child in owner.children if child.label) if owner else 0
        if children != wanted:
            yield f"{document.entry.id}#{path} 应有 {wanted} 项，实得 {children} 项"
    yield from _annex_shape(nodes, expect.rows, expect.columns)


def _annex_shape(nodes: Sequence[Node], rows: int | None, columns: int | None) -> Iterator[str]:
    found = [node for node in nodes if node.kind == "row"]
    if rows is not None and [node.label for node in found] != [str(n) for n in range(1, rows + 1)]:
        yield f"附件应有 {rows} 项，实得 {len(found)} 项"
    if columns is None:
        return
    for row in found:
        cells = [child.name for child in row.children if child.kind == "cell"]
        if len(cells) != columns or tuple(cells) != COLUMNS[:columns]:
            yield f"附件第{row.label}项应有 {columns} 列，实得 {len(cells)} 列"
        if row.row is not None and row.row.batch is None:
            yield f"附件第{row.label}项的国发批次无法识别"


def _listing(numbers: Sequence[int]) -> str:
    return "+".join(str(number) for number in numbers)
