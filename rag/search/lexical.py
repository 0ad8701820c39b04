"""BM25 over words and character bigrams of Chinese: bm25s scores, rjieba cuts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.language.text import fold

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

VERSION = "2"
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
    """A BM25 index over numbered texts: bm25s weighs every token in every text once, a question only adds up.

    ``weights[starts[t]:starts[t + 1]]`` are token t's scores in the texts ``texts[starts[t]:starts[t + 1]]``.
    Reading the arrays without bm25s saves a cold process the tenth of a second that its import takes.
    """

    def __init__(self, vocabulary: dict[str, int], weights: Floats, texts: Integers, starts: Integers, size: int) -> None:
        self._vocabulary = vocabulary
        self._weights, self._texts, self._starts = weights, texts, starts
        self.size = size

    @classmethod
    def build(cls, texts: Sequence[str]) -> Lexicon:
        """Index ``texts``; text ``i`` is scored at position ``i``."""
        import bm25s

        engine = bm25s.BM25(k1=1.2, b=0.5)
        engine.index([tokenize(text) or ["\0"] for text in texts] or [["\0"]], show_progress=False)
        found = engine.scores
        vocabulary = {str(token): int(identity) for token, identity in engine.vocab_dict.items()}
        return cls(vocabulary, np.asarray(found["data"]), np.asarray(found["indices"]), np.asarray(found["indptr"]), len(texts))

    def save(self, folder: Path) -> None:
        """Write the index to ``folder``."""
        folder.mkdir()
        np.savez(folder / "scores.npz", weights=self._weights, texts=self._texts, starts=self._starts)
        (folder / "vocabulary.json").write_text(json.dumps(self._vocabulary, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, size: int) -> Lexicon:
        """Read what ``save`` wrote."""
        vocabulary: dict[str, int] = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        with np.load(folder / "scores.npz") as found:
            return cls(vocabulary, found["weights"], found["texts"], found["starts"], size)

    def scores(self, tokens: Sequence[str]) -> Floats:
        """BM25 of every text for a tokenized question, shape (size,); zeros when no token is known."""
        total = np.zeros(max(self.size, 1), dtype=np.float32)
        for token in tokens:
            identity = self._vocabulary.get(token)
            if identity is not None:
                inside = slice(self._starts[identity], self._starts[identity + 1])
                total[self._texts[inside]] += self._weights[inside]
        return total[: self.size]
