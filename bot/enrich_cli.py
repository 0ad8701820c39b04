"""``ningwen corpus enrich``: questions for documents that have none, written by the configured chat model."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bot import texts
from rag.errors import InputError


def enrich_documents(names: Sequence[str]) -> None:
    """Write questions for the documents named, or for all that have none. Raises InputError for a name that is none."""
    from rag.answering.enrich import documents_without_questions, enrich
    from rag.answering.generate import make_chat_model
    from rag.documents.sources import read_corpus
    from rag.search.snapshot import read_snapshot
    from rag.settings import Settings

    settings = Settings.load()
    snapshot = read_snapshot(read_corpus(settings.corpus_dir), expand=False)
    if unknown := next((name for name in names if name not in snapshot.by_id), None):
        raise InputError(texts.NO_SUCH_DOCUMENT.format(id=unknown[:40], known="、".join(snapshot.by_id)))
    folder = settings.corpus_dir / "questions"
    wanted = list(names) or documents_without_questions(snapshot, folder)
    if not wanted:
        print(texts.ENRICH_NOTHING)
        return
    model = make_chat_model(settings)
    model.check(seconds=settings.read_timeout)
    for document in wanted:

        def report(done: int, total: int, lines: int, document: str = document) -> None:
            print(texts.ENRICH_PROGRESS.format(document=document, done=done, total=total, lines=lines), file=sys.stderr, flush=True)

        found = enrich(model, snapshot, document, folder, on_progress=report)
        print(
            texts.ENRICH_DONE.format(document=document, lines=found.lines, left_out=found.left_out, failed=found.failed, path=found.path)
        )
    print(texts.ENRICH_NEXT)
