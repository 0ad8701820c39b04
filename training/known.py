"""Our questions on the shipped documents → corpus/known.npz, their vectors with the sentences that answer them.

python -m training.known corpus
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rag.documents.sources import read_corpus
from rag.language.text import squeeze
from rag.records import Locator
from rag.search import known
from rag.search.embedding import E5Embedder
from rag.search.snapshot import read_snapshot
from training.shipped_questions import left_open, sentence_of


def main() -> None:
    """Embed every question of ``shipped/`` and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--data", type=Path, default=Path("build/training"))
    args = parser.parse_args()
    taken = read_snapshot(read_corpus(args.corpus))
    texts: list[str] = []
    owners: list[tuple[str, str] | None] = []
    for path in sorted((Path(__file__).parent / "shipped" / "questions").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            position = sentence_of(Locator.parse(entry["locator"]), squeeze(entry["quote"]), taken)
            place = str(taken.passages[taken.owners[position]].locator)
            texts += entry["questions"]
            owners += [(place, taken.sentences[position].text)] * len(entry["questions"])
    for text in left_open():
        texts.append(text)
        owners.append(None)
    embedder = E5Embedder(args.data)
    known.write(args.corpus / known.FILE, embedder.embed_passages(texts, as_query=True), owners, embedder.fingerprint)


if __name__ == "__main__":
    main()
