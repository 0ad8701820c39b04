"""``ningwen eval retrieval`` and ``ningwen eval passages``: our stages on other people's data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.progress import progress

RETRIEVAL_HELP = "在其他数据上比较三种检索方法。\n\n例：ningwen eval retrieval data/statutes --queries 300"
PASSAGES_HELP = "在其他数据上检查摘录是否含有答案。\n\n例：ningwen eval passages data/passages.jsonl"

Folder = Annotated[Path, typer.Argument(help="含 queries.jsonl 和 corpus.jsonl 的目录。")]
File = Annotated[Path, typer.Argument(help="JSONL 文件，每行含 question、passage、answer。")]


def retrieval(
    folder: Folder,
    queries: Annotated[int | None, typer.Option(min=1, help="只取这么多个问题（固定抽样）。")] = None,
    texts: Annotated[int | None, typer.Option("--passages", min=1, help="只取这么多段文本，含所取问题的答案段。")] = None,
) -> None:
    """Measure the retriever on a folder of questions and texts."""
    from evals.retrieval import measure_retrieval, read_set, table
    from rag.search.embedding import make_embedder
    from rag.settings import Settings

    settings = Settings.load()
    asked, corpus = read_set(folder, queries=queries, texts=texts)
    with progress("计算向量", "段") as report:
        result = measure_retrieval(asked, corpus, make_embedder(settings), settings.data_dir / "eval-vectors", report)
    print(table(result))


def passages(
    file: File,
    count: Annotated[int | None, typer.Option("--count", min=1, help="只取这么多行（固定抽样）。")] = None,
    show: Annotated[bool, typer.Option("--show", help="列出没有含完整答案的摘录。")] = False,
) -> None:
    """Measure the extractor on a file of questions, passages and answers."""
    from evals.extracts import measure_extracts, read_readings, table
    from rag.search.embedding import make_embedder
    from rag.settings import Settings

    settings = Settings.load()
    readings = read_readings(file, count=count)
    with progress("计算向量", "段") as report:
        result = measure_extracts(readings, make_embedder(settings), settings.data_dir / "eval-vectors", report)
    if show:
        for reading, extract in zip(readings, result.extracts, strict=True):
            if not extract.contains:
                print(f"{reading.id}  {reading.question}\n    答案：{reading.answer}\n    摘录：{extract.text}")
    print(table(result))
