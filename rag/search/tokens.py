"""The windows as the reader reads them: token ids of every sentence and of what leads into every window, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.documents.windows import readable
from rag.search.embedding import load_words
from rag.search.snapshot import Snapshot

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of unequal length, one after the other: row i is ``ids[starts[i]:starts[i + 1]]``."""

    ids: Ids
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> _Rows:
        starts = np.cumsum([0, *map(len, rows)])
        return cls(np.array([i for row in rows for i in row], dtype=np.int32), starts)

    def __getitem__(self, i: int) -> list[int]:
        return [int(x) for x in self.ids[self.starts[i] : self.starts[i + 1]]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids by sentence and by window, without begin and end marks."""

    sentences: _Rows
    leads: _Rows

    @classmethod
    def build(cls, taken: Snapshot, data_dir: Path) -> Tokens:
        """Cut every sentence and every lead into tokens."""
        vocabulary, _ = load_words(data_dir)

        def cut(texts: Sequence[str]) -> _Rows:
            return _Rows.of([ids[1:-1] for ids in vocabulary.encode(texts)])

        sentences = [readable(taken.passages[o], s.text) for s, o in zip(taken.sentences, taken.owners, strict=True)]
        return cls(cut(sentences), cut([window.lead for window in taken.windows]))

    def save(self, path: Path) -> None:
        """Write them to a file."""
        rows = {"sentences": self.sentences, "leads": self.leads}
        np.savez(path, **{f"{name}_{part}": getattr(row, part) for name, row in rows.items() for part in ("ids", "starts")})

    @classmethod
    def load(cls, path: Path) -> Tokens:
        """Read what ``save`` wrote."""
        with np.load(path) as found:
            return cls(*(_Rows(found[f"{name}_ids"], found[f"{name}_starts"]) for name in ("sentences", "leads")))
