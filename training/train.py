"""Train the reader. Resumes from its last checkpoint; two cores with bfloat16 units do some twelve steps a minute.

python -m training.train PREPARED.pkl FOLDER --words …/words.bin --steps 830
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rag.judging.reader import Input, assemble
from rag.search import e5
from rag.search.embedding import Vocabulary
from training.model import Reader, word_table

PAD = 1

WINDOWS = 4
"""Windows a question is trained with at once (one less for our own documents): those that answer, then near ones that do not."""

QUESTIONS = 16
"""Questions a step."""

COMMON = 0.1
"""Share of the documents above which a word asked about says little of what is asked."""

_WORD = re.compile(r"\u2581?[\u4e00-\u9fff]{2,}|\u2581?[0-9]{2,4}")


def collate(inputs: list[Input], table: Tensor, rows: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Padded words, mask, segments and pooling rows of several inputs."""
    rows = max(rows, len(inputs))  # empty ones are added: each shape is compiled once, so there should be few
    width = -(-max(len(one.ids) for one in inputs) // 32) * 32
    most = -(-max(len(one.stretches) for one in inputs) // 8) * 8
    ids, segment = np.full((rows, width), PAD), np.ones((rows, width), dtype=np.int64)
    mask, pool = np.zeros((rows, width), np.float32), np.zeros((rows, most, width), np.float32)
    mask[:, 0] = 1
    for row, one in enumerate(inputs):
        size = len(one.ids)
        ids[row, :size], segment[row, :size], mask[row, :size] = one.ids, one.segments, 1
        for s, (a, b) in enumerate(one.stretches):
            if b > a:
                pool[row, s, a:b] = 1 / (b - a)
    return table[torch.from_numpy(ids)].float(), torch.from_numpy(mask), torch.from_numpy(segment), torch.from_numpy(pool)


class Sampler:
    """Draws questions with their windows. What it changes at random keeps the label, or turns it: a name, another question before."""

    def __init__(self, prepared: dict[str, Any], words: Vocabulary, seed: int) -> None:
        self.p, self.rng = prepared, random.Random(seed)
        self.window_of = {s: k for k, (a, b) in enumerate(prepared["wins"]) for s in range(a, b)}
        items = prepared["items"]
        self.train = [x for x in items if x["split"] == "train"]
        self.answered = [x for x in items if x["hand"] == "own" and x["ans"]]
        self.near = [x for x in items if x["hand"] == "own" and not x["ans"]]
        self.by_id = {x["id"]: x for x in self.train}
        self.by_text = {x["q"]: x for x in self.train if x["ans"]}
        self.by_document: dict[int, list[dict[str, Any]]] = {}
        for x in (*self.train, *self.answered[::4]):
            self.by_document.setdefault(x["doc"], []).append(x)
        asked: dict[int, dict[int, int]] = {}  # document → word → its questions that hold it
        for x in self.train:
            for word in set(x["qt"]):
                counts = asked.setdefault(x["doc"], {})
                counts[word] = counts.get(word, 0) + 1
        spread = Counter(word for counts in asked.values() for word in counts)
        self.telling = {word for word, count in spread.items() if count <= len(asked) * COMMON and _WORD.fullmatch(words.piece(word))}
        self.telling_in = {document: sorted(self.telling & set(counts)) for document, counts in asked.items()}
        self.known = sorted({d for x in self.train for d in (x["doc"],)} | set(prepared["own"]))

    def epoch(self, own_share: float) -> list[list[dict[str, Any]]]:
        """Every training question once, twins side by side, with a share of those on our own documents."""
        rng, units, seen = self.rng, [], set()
        for x in self.train:
            if x["id"] in seen:
                continue
            twin = self.by_id.get(x["twin"] or "")
            pair = [x, twin] if twin is not None and twin["id"] not in seen and twin is not x else [x]
            seen.update(one["id"] for one in pair)
            units.append(pair)
        count = int(own_share * len(self.train))
        units += [[x] for x in rng.sample(self.answered, min(len(self.answered), count * 3 // 5))]
        units += [[x] for x in rng.sample(self.near, min(len(self.near), count * 2 // 5))]
        rng.shuffle(units)
        batches: list[list[dict[str, Any]]] = [[]]
        for unit in units:
            if len(batches[-1]) + len(unit) > QUESTIONS:
                batches.append([])
            batches[-1].extend(unit)
        return batches

    def turned(self, x: dict[str, Any], windows: Sequence[int]) -> list[int] | None:
        """The question with a word that its answer shares put out by another of its document: the windows answer it no longer."""
        inside = {word for k in windows for s in range(*self.p["wins"][k]) for word in self.p["st"][s]}
        shared = [word for word in x["qt"] if word in inside and word in self.telling]
        others = [word for word in self.telling_in.get(x["doc"], ()) if word not in inside and word not in x["qt"]]
        if not shared or not others:
            return None
        out, into = self.rng.choice(shared), self.rng.choice(others)
        return [into if word == out else word for word in x["qt"]]

    def draw(self, x: dict[str, Any]) -> tuple[list[tuple[Any, list[float], list[float]]], bool]:
        """The inputs of one question with labels and weights of their sentences, and whether any answers."""
        p, rng = self.p, self.rng
        question, before, answers = x["qt"], [t for h in x["h"][-2:] for t in p["ht"][h]], x["ans"]
        earlier = self.by_text.get(x["h"][-1]) if x["h"] else None
        if not x["h"] and rng.random() < 0.3:
            near = self.by_document.get(x["doc"], []) if rng.random() < 0.5 else []
            earlier = rng.choice(near or rng.choice((self.train, self.answered)))
            before = earlier["qt"]
        candidates = [k for k, _ in x["cand"]]
        dice = rng.random()
        if dice < 0.12:
            question = rng.choice(p["tt"][x["doc"]]) + question
        elif dice < 0.27 and answers and x["split"] == "train" and not x["twin"]:
            positive = list(dict.fromkeys(self.window_of[s] for part in x["parts"] for s in part))
            if (changed := self.turned(x, positive)) is not None:  # elsewhere it may be answered: only these windows are shown
                question, answers, candidates = changed, False, positive[:2]
        elif 0.27 <= dice < 0.33:  # another document is named: nothing here answers
            other = rng.choice(self.known)
            shown = {int(p["doc_of_win"][k]) for k in candidates} | {x["doc"]}
            if other not in shown:
                question, answers = rng.choice(p["tt"][other]) + question, False
        right = {s for part in x["parts"] for s in part}
        positive = [k for k in dict.fromkeys(self.window_of[s] for part in x["parts"] for s in part) if answers or k in candidates]
        rng.shuffle(positive)
        chosen = positive[:2]
        negative = [k for k in candidates if k not in positive]
        near = negative[:5]
        rng.shuffle(near)
        if earlier is not None and rng.random() < 0.7:  # what answered the question before doesn't answer this one
            near = [k for k in (self.window_of[s] for part in earlier["parts"][:1] for s in part[:1]) if k not in positive] + near
        chosen += list(dict.fromkeys(near + negative[5:]))[: WINDOWS - (x["split"] == "own") - len(chosen)]
        inputs = []
        for k in chosen:
            a, b = p["wins"][k]
            lead = [] if rng.random() < 0.05 else p["lt"][k]
            labels = [float(answers and s in right) for s in range(a, b)]
            weight = 0.0 if x.get("loose") and any(labels) else 1.0  # some sentence of it answers, nobody said which
            inputs.append((assemble(question, before, lead, [p["st"][s] for s in range(a, b)]), labels, [weight] * len(labels)))
        return inputs, answers


def scores(model: Reader, inputs: list[Input], table: Tensor, chunk: int = 16) -> list[tuple[Tensor, Tensor]]:
    """Sentence scores and the window's score of each input, computed in chunks of like length."""
    result: list[Any] = [None] * len(inputs)
    order = sorted(range(len(inputs)), key=lambda i: len(inputs[i].ids))
    for start in range(0, len(order), chunk):
        some = order[start : start + chunk]
        words, mask, segment, pool = collate([inputs[i] for i in some], table, chunk)
        marks, whole = model(words.to(model.encoder.position.dtype), mask, segment, pool)
        for row, i in enumerate(some):
            result[i] = marks[row, : len(inputs[i].stretches)].float(), whole[row].float()
    return result


def loss_of(model: Reader, drawn: list[Any], batch: list[dict[str, Any]], table: Tensor) -> Tensor:
    """Binary loss a sentence and a window, softmax over the windows of a question, and a margin between twins."""
    flat = [inputs for group, _ in drawn for inputs, _, _ in group]
    out = iter(scores(model, flat, table))
    total, best = torch.zeros(()), []
    for group, _ in drawn:
        marks, wholes, targets = [], [], []
        for _, labels, weights in group:
            mark, whole = next(out)
            target, weight = torch.tensor(labels), torch.tensor(weights)
            positive = 1 + 1.0 * target
            total = total + (F.binary_cross_entropy_with_logits(mark, target, weight * positive, reduction="sum")) / 8
            marks.append(mark.max())
            wholes.append(whole)
            targets.append(float(max(labels)))
        goal, whole, mark = torch.tensor(targets), torch.stack(wholes), torch.stack(marks)
        total = total + F.binary_cross_entropy_with_logits(whole, goal, 1 + goal, reduction="sum") / 6
        if goal.any():
            share = goal / goal.sum()
            total = total - 0.5 * (share * F.log_softmax(mark, 0)).sum() - 0.25 * (share * F.log_softmax(whole, 0)).sum()
        best.append(torch.logsumexp(torch.cat([mark, whole]), 0))
    place = {x["id"]: i for i, x in enumerate(batch)}
    for x in batch:
        twin = place.get(x["twin"] or "")
        if twin is not None and drawn[place[x["id"]]][1] and not drawn[twin][1]:
            total = total + F.softplus(1 - (best[place[x["id"]]] - best[twin]))
    return total / len(batch)


def judge(model: Reader, prepared: dict[str, Any], table: Tensor, items: list[dict[str, Any]], read: int = 10) -> dict[str, float]:
    """What the reader finds and tells apart on ``items``, from the ``read`` best candidates of each."""
    model.eval()
    first, sentence, answerable, top, by_id = [], [], [], [], {}
    with torch.no_grad():
        for start in range(0, len(items), 16):
            some = items[start : start + 16]
            flat, owner = [], []
            for n, x in enumerate(some):
                before = [t for h in x["h"][-2:] for t in prepared["ht"][h]]
                for k, _ in x["cand"][:read]:
                    a, b = prepared["wins"][k]
                    flat.append(assemble(x["qt"], before, prepared["lt"][k], [prepared["st"][s] for s in range(a, b)]))
                    owner.append((n, a))
            found = scores(model, flat, table)
            for n, x in enumerate(some):
                mine = [(float(m.max()), float(w), a + int(m.argmax())) for (o, a), (m, w) in zip(owner, found, strict=True) if o == n]
                mark, _, at = max(mine)
                right = {s for part in x["parts"] for s in part}
                answerable.append(x["ans"])
                top.append(mark)
                by_id[x["id"]] = (x, mark)
                if x["ans"]:
                    sentence.append(at in right)
                    windows = {w for w, (a, b) in enumerate(prepared["wins"]) if any(a <= s < b for s in right)}
                    first.append(any(prepared["wins"][w][0] <= at < prepared["wins"][w][1] for w in windows))
    above = [mark > by_id[x["twin"]][1] for x, mark in by_id.values() if x["ans"] and x["twin"] in by_id and not by_id[x["twin"]][0]["ans"]]
    pairs = [(a, t) for x, t in by_id.values() if x["twin"] in by_id for a in (x["ans"],)]
    model.train()
    return {
        "cases": len(items), "window_first": round(float(np.mean(first)), 4), "sentence_first": round(float(np.mean(sentence)), 4),
        "auroc": round(auroc(answerable, top), 4), "auroc_pairs": round(auroc([a for a, _ in pairs], [t for _, t in pairs]), 4),
        "twin_above": round(float(np.mean(above)), 4) if above else math.nan,
    }  # fmt: skip


def auroc(labels: list[bool], values: list[float]) -> float:
    """Probability that a random positive has the larger value."""
    positive, negative = (np.array([v for a, v in zip(labels, values, strict=True) if a is wanted]) for wanted in (True, False))
    if not len(positive) or not len(negative):
        return math.nan
    return float(((positive[:, None] > negative).mean() + (positive[:, None] >= negative).mean()) / 2)


def pair(items: list[dict[str, Any]]) -> None:
    """Twins name each other: of some pairs only the unanswered one names its twin."""
    by_id = {x["id"]: x for x in items}
    for x in items:
        twin = by_id.get(x["twin"] or "")
        if twin is not None and twin["ans"] != x["ans"] and not twin["twin"]:
            twin["twin"] = x["id"]


def copy(pairs: list[tuple[Tensor, Tensor]]) -> None:
    """Take the exact weights over into the copy that computes."""
    with torch.no_grad():
        for master, copied in pairs:
            copied.copy_(master)


def main() -> None:
    """Train until ``--steps`` are done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--own", type=float, default=0.6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--start", type=Path, help="weights to begin with, as training.resume writes them; else the embedder's")
    parser.add_argument("--frozen", type=int, default=0, help="lower layers that are left as they are, from now on")
    args = parser.parse_args()
    torch.set_flush_denormal(True)  # before any thread is made: gradients so small are slow, and say nothing
    torch.manual_seed(args.seed)
    torch.set_num_threads(2)
    prepared = pickle.loads(args.prepared.read_bytes())
    pair(prepared["items"])
    table = word_table(np.memmap(args.words, dtype=e5.BLOCK, mode="r").reshape(-1, e5.DIMENSIONS // 32))
    exact = Reader()  # float32: what is updated and saved; ``model`` is its copy in bfloat16, which computes
    model = Reader().to(torch.bfloat16)
    torch._dynamo.config.cache_size_limit = 64  # a shape a width, trained and judged
    pairs = list(zip(exact.parameters(), model.parameters(), strict=True))
    head = [p for n, p in exact.named_parameters() if not n.startswith("encoder")]
    groups = [{"params": exact.encoder.parameters(), "lr": args.rate}, {"params": head, "lr": 5 * args.rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    shape = [lambda s: min((s + 1) / 100, 1.0) * 0.5 * (1 + math.cos(math.pi * min(s / args.steps, 1)))] * 2
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, shape)
    if args.start:
        exact.load_state_dict(torch.load(args.start)["model"])
    for layer in model.encoder.layers:
        layer.compile()  # fused and compiled once for all twelve: twice as fast
    args.folder.mkdir(parents=True, exist_ok=True)
    last, step = args.folder / "last.pt", 0
    if last.exists():
        state = torch.load(last)
        exact.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        step = state["step"]
    sampler = Sampler(prepared, Vocabulary(args.words.parent), args.seed + step)
    dev = [x for x in prepared["items"] if x["split"] == "dev"]
    ids = {x["id"] for x in dev[::5]}
    sample = [x for x in dev if x["id"] in ids or x["twin"] in ids]
    if args.frozen:
        for part in (model.encoder.norm, model.segment, *model.encoder.layers[: args.frozen]):
            part.requires_grad_(False)
        model.encoder.position.requires_grad_(False)
    copy(pairs)
    model.train()
    batches: list[Any] = []
    begun, running = time.time(), []
    while step < args.steps:
        batches = batches or sampler.epoch(args.own)
        batch = batches.pop()
        loss = loss_of(model, [sampler.draw(x) for x in batch], batch, table)
        model.zero_grad(set_to_none=True)
        loss.backward()
        for master, copied in pairs:
            master.grad = None if copied.grad is None else copied.grad.float()  # none: a frozen layer
        torch.nn.utils.clip_grad_norm_(exact.parameters(), 1.0)
        optimiser.step()
        copy(pairs)
        schedule.step()
        step += 1
        running.append(loss.item())
        if step % 20 == 0:
            print(json.dumps({"step": step, "loss": round(float(np.mean(running[-20:])), 4), "s": round(time.time() - begun)}), flush=True)
        if step % args.every == 0 or step == args.steps:
            print(json.dumps({"step": step, **judge(model, prepared, table, sample)}), flush=True)
            state = {"model": exact.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(), "step": step}
            torch.save(state, last.with_suffix(".tmp"))
            last.with_suffix(".tmp").rename(last)


if __name__ == "__main__":
    main()
