"""Citations as a chat names them: 《工作规则》第二十一条, by the manifest's short titles."""

from __future__ import annotations

from pathlib import Path

from bot.render import Shorten
from rag.documents.sources import read_corpus
from rag.errors import NingwenError
from rag.language.locators import short_label
from rag.records import Citation


def read_labels(corpus_dir: Path) -> Shorten:
    """Shorten by the manifest of this folder; a document that is not in it keeps its long label."""
    try:
        entries = {entry.id: entry for entry in read_corpus(corpus_dir).entries}
    except NingwenError:  # the last good index may answer although the folder can't be read
        entries = {}

    def shorten(citation: Citation) -> str:
        entry = entries.get(citation.locator.document)
        return short_label(entry, citation.locator) if entry else citation.label

    return shorten
