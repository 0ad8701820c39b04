"""BM25 over words and character bigrams of Chinese: bm25s scores, rjieba cuts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.language.text import fold

VERSION = "1"
"""Changes when the same text gives other tokens; part of the index's fingerprint."""

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9.%+]+")
_STOP = frozenset(
    [
        "的",
        "了",
        "吗",
        "呢",
        "是",
        "在",
        "和",
        "与",
        "及",
        "有",
        "都",
        "要",
        "把",
        "被",
        "对",
        "由",
        "也",
        "就",
        "啊",
        "吧",
        "什么",
        "多少",
        "哪些",
        "怎么",
        "如何",
        "请问",
        "一下",
        "可以",
        "需要",
        "我们",
        "你们",
        "我",
        "你",
        "他",
        "这",
        "那",
        "能",
        "会",
        "几",
    ]
)


def tokenize(text: str) -> list[str]:
    """Words of two and more characters, and all character bigrams; Latin runs and figures whole."""
    import rjieba

    tokens: list[str] = []
    for run in _RUN.findall(fold(text)):
        if run[0].isascii():
            tokens.append(run)
            continue
        tokens.extend(run[i : i + 2] for i in range(len(run) - 1))
        tokens.extend(word for word in rjieba.cut(run) if word not in _STOP and len(word) != 2)
    return tokens


class Lexicon:
    """A BM25 index over numbered texts."""

    def __init__(self, engine: Any, size: int) -> None:
        self._engine = engine
        self.size = size

    @classmethod
    def build(cls, texts: Sequence[str]) -> Lexicon:
        """Index ``texts``; text ``i`` is scored at position ``i``."""
        import bm25s

        engine = bm25s.BM25(k1=1.2, b=0.5)
        engine.index([tokenize(text) or ["\0"] for text in texts] or [["\0"]], show_progress=False)
        return cls(engine, len(texts))

    def save(self, folder: Path) -> None:
        """Write the index to ``folder``."""
        self._engine.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path, size: int) -> Lexicon:
        """Read what ``save`` wrote."""
        import bm25s

        return cls(bm25s.BM25.load(str(folder), load_corpus=False), size)

    def scores(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every text for a tokenized question, shape (size,); zeros when no token is known."""
        known = [token for token in tokens if token in self._engine.vocab_dict]
        if not known or not self.size:
            return np.zeros(self.size, dtype=np.float32)
        scored: NDArray[np.float32] = self._engine.get_scores(known)
        return scored[: self.size]

    def weight(self, token: str) -> float:
        """How rare a token is, 0 (in every text) to 1 (in none): its inverse document frequency, scaled."""
        identity = self._engine.vocab_dict.get(token)
        if identity is None:
            return 1.0
        indptr = self._engine.scores["indptr"]
        frequency = int(indptr[identity + 1] - indptr[identity])
        return float(np.log(1 + self.size / frequency) / np.log(1 + self.size))
