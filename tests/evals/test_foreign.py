"""Other people's data: what is read, what is measured, and that the figures are those of a count by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from evals.cli import app
from evals.extracts import measure_extracts, read_readings
from evals.foreign import embed_cached, make_index, make_snapshot, read_texts, texts_to_embed
from evals.retrieval import METHODS, _calculate, measure_retrieval, read_set
from evals.retrieval import Question as Asked
from rag.errors import InputError
from rag.records import Query
from rag.search.retrieve import Retriever

TEXTS = [
    ("a", "食品经营", "从事食品经营应当取得食品经营许可证。许可证有效期为五年。"),
    ("b", "道路停车", "机动车应当在规定地点停放。违反停车规定的处二百元罚款。"),
    ("c", "户口登记", "婴儿出生后一个月以内由户主申报出生登记。"),
    ("d", "养犬管理", "养犬应当办理登记。犬只外出应当束犬链。"),
]
QUERIES = [("食品许可证有效期多久", ["a"]), ("乱停车罚多少钱", ["b"]), ("出生登记由谁申报", ["c"]), ("遛狗要不要束犬链", ["d"])]


class PairEmbedder:
    """Texts as counts of hashed character pairs: near when they share words. Stands in for a model."""

    name = fingerprint = "pairs"
    calls = 0

    def embed_query(self, text: str) -> Any:
        return self.embed_passages([text])[0]

    def embed_passages(self, texts: Sequence[str], on_progress: Any = None, *, as_query: bool = False) -> Any:
        type(self).calls += 1
        vectors = np.full((len(texts), 512), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for i in range(len(text) - 1):
                vectors[row, sum(map(ord, text[i : i + 2])) * 7919 % 512] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_set(folder: Path, queries: Sequence[tuple[str, list[str]]] = QUERIES) -> Path:
    def lines(entries: Sequence[dict[str, Any]]) -> str:
        return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)

    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text(lines([{"id": i, "title": t, "text": x} for i, t, x in TEXTS]), encoding="utf-8")
    (folder / "queries.jsonl").write_text(lines([{"query": q, "gold": g} for q, g in queries]), encoding="utf-8")
    return folder


def test_three_methods_side_by_side(tmp_path: Path) -> None:
    """Where words are shared every method finds the text, and gains are paired differences to ours."""
    questions, texts = read_set(write_set(tmp_path / "set"))
    result = measure_retrieval(questions, texts, PairEmbedder(), tmp_path)
    assert (result.queries, result.texts, tuple(result.means)) == (4, 4, METHODS)
    assert all(result.means[method]["hit@1"].mean == 1.0 for method in METHODS)
    assert result.gains["bm25"]["mrr@10"].mean == 0.0


def test_wrong_gold_is_a_loss(tmp_path: Path) -> None:
    """A gold that no method can find costs every method: the measure can fall."""
    questions, texts = read_set(write_set(tmp_path / "set", [("食品许可证有效期多久", ["c"])]))
    result = measure_retrieval(questions, texts, PairEmbedder(), tmp_path)
    assert all(result.means[method]["hit@1"].mean == 0.0 for method in METHODS)


def test_measures_agree_with_a_count_by_hand() -> None:
    """Two questions on paper: found third of one gold; first and third of two; and one that found nothing."""
    asked = [Asked("x", "?", ("a",)), Asked("y", "?", ("a", "c")), Asked("z", "?", ("a",))]
    rankings = {
        "x": [("b", 0.9), ("d", 0.9), ("a", 0.9)],
        "y": [("a", 5.0), ("b", 4.0), ("c", 3.0)],
        "z": [],
    }
    found = _calculate(asked, rankings)
    ideal = 1 + 1 / np.log2(3)
    by_hand = {
        "hit@1": [0, 1, 0],
        "hit@5": [1, 1, 0],
        "recall@5": [1, 1, 0],
        "mrr@10": [1 / 3, 1, 0],
        "ndcg@10": [1 / np.log2(4), (1 + 1 / np.log2(4)) / ideal, 0],
    }
    for measure, values in by_hand.items():
        assert found[measure] == pytest.approx(values), measure


def test_a_sample_keeps_the_gold(tmp_path: Path) -> None:
    """A slice holds the texts that its questions need, and is the same each time."""
    folder = write_set(tmp_path / "set")
    first, second = (read_set(folder, queries=2, texts=3) for _ in range(2))
    assert first == second
    questions, texts = first
    assert len(questions) == 2
    assert len(texts) == 3
    assert {g for question in questions for g in question.gold} <= {text.id for text in texts}


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("corpus.jsonl", '{"id": "a"}', "corpus.jsonl 第 5 行缺少 text"),
        ("corpus.jsonl", '{"id": "a", "text": "x"}', "重复"),
        ("corpus.jsonl", "[1]", "第 5 行缺少 id"),
        ("queries.jsonl", "{", "queries.jsonl 第 5 行不是 JSON"),
        ("queries.jsonl", '{"query": "?", "gold": ["zz"]}', "zz 不在"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, name: str, line: str, said: str) -> None:
    """File and line of what can't be used are told."""
    folder = write_set(tmp_path / "set")
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=said):
        read_set(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """An empty folder is no set."""
    with pytest.raises(InputError, match=r"corpus\.jsonl"):
        read_set(tmp_path)


def test_vectors_are_kept(tmp_path: Path) -> None:
    """The same texts under the same embedder are embedded once."""
    embedder = PairEmbedder()
    first = embed_cached(["甲乙", "丙丁"], embedder, tmp_path)
    before = PairEmbedder.calls
    assert np.array_equal(embed_cached(["甲乙", "丙丁"], embedder, tmp_path), first)
    assert PairEmbedder.calls == before
    embed_cached(["甲乙"], embedder, tmp_path)
    assert PairEmbedder.calls == before + 1


def test_an_index_in_memory_is_searched_by_our_retriever(tmp_path: Path) -> None:
    """Passages of one text are one unit, and its best passage is named."""
    long = "。".join(f"第{i}段说的是其他事项,与所问无关,内容是一般性的要求和说明" for i in range(12)) + "。许可证有效期为五年。"
    write_set(tmp_path)
    texts = [*read_texts(tmp_path / "corpus.jsonl")[1:], read_texts(tmp_path / "corpus.jsonl")[0].__class__("long", long)]
    snapshot = make_snapshot(texts)
    embedder = PairEmbedder()
    flat = make_index(snapshot, embedder.embed_passages(texts_to_embed(snapshot)))
    assert flat.owners.count(3) > 1
    hits = Retriever(flat.index, embedder).retrieve(Query("许可证有效期", "许可证有效期")).hits
    assert texts[int(hits[0].unit.document[1:])].id == "long"
    assert "五年" in snapshot.passages[hits[0].passages[0]].text


def write_readings(path: Path, answer: str = "五年") -> Path:
    entry = {"question": "许可证有效期是多久?", "passage": f"{TEXTS[0][2]}{TEXTS[1][2]}", "answer": answer}
    path.write_text(json.dumps(entry, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_the_extract_that_holds_the_answer(tmp_path: Path) -> None:
    """The sentence asked for is extracted; another sentence of the passage counts as a miss, with its share."""
    result = measure_extracts(read_readings(write_readings(tmp_path / "p.jsonl")), PairEmbedder(), tmp_path)
    assert result.contains.mean == result.covered.mean == 1.0
    assert result.extracts[0].text.count("许可证有效期为五年") == 1
    assert result.length.mean == len(result.extracts[0].text)
    missed = measure_extracts(read_readings(write_readings(tmp_path / "q.jsonl", "机动车应当在规定地点停放")), PairEmbedder(), tmp_path)
    assert missed.contains.mean == 0.0
    assert missed.covered.mean < 1


def test_an_answer_that_is_not_in_its_passage_is_no_reading(tmp_path: Path) -> None:
    """What can't be extracted can't be asked for."""
    with pytest.raises(InputError, match="第 1 行的答案不在"):
        read_readings(write_readings(tmp_path / "p.jsonl", "十年"))


def test_the_commands(tmp_path: Path, model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both commands print a table from the embedded model."""
    monkeypatch.setenv("NINGWEN_DATA_DIR", str(model_dir))
    monkeypatch.delenv("OPENAI_EMBEDDING_MODEL", raising=False)
    done = CliRunner().invoke(app, ["retrieval", str(write_set(tmp_path / "set")), "--queries", "3"])
    assert "3 问，4 段" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[-5:]] == ["bm25", "vectors", "ours", "ours-bm25", "ours-vectors"]
    done = CliRunner().invoke(app, ["passages", str(write_readings(tmp_path / "p.jsonl"))])
    assert "1 问" in done.stdout
    assert "contains" in done.stdout
