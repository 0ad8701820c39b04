"""Questions on unseen documents: they hold, and their measures count what they say. With answers made by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from evals.bench.unseen import ASIDE, summarize, table
from evals.gate import Target, judge_unseen, read_gate
from evals.measures.reading import Rate, add_up, is_right, same_words, score, score_pairs
from evals.question_alone import auroc, judge_alone
from evals.questions import UNSEEN, Question, lint, pairs, question_files, read_questions
from evals.texts import read_texts, write_library
from rag.documents.sources import read_corpus
from rag.errors import ConfigurationError, InputError
from rag.records import Answer, AnswerStatus, Citation, Locator
from rag.search.snapshot import Snapshot, read_snapshot

ROOT = Path(__file__).parents[2]
LEAVE, PAY = "工作人员每年可以休假十五天。", "休假期间工资照发；"
ASKED = Question("q1", "a01", "single", "一年能歇多久", parts=((LEAVE,),), facts=(("十五天", "15天"),), twin="q2")
SILENT = Question("q2", "a01", "unanswerable", "一月能歇多久", twin="q1")


def reply(*cited: tuple[str, str], status: AnswerStatus | None = None, text: str = "") -> Answer:
    """An answer that cites the given places and quotes."""
    citations = tuple(Citation(n, Locator.parse(place), place, quote) for n, (place, quote) in enumerate(cited, start=1))
    said = text or "".join(f"{citation.quote}[{citation.n}]" for citation in citations)
    return Answer("", "", status or ("answered" if cited else "refused"), said, citations, None, None, "extractive", (), "", {})


@pytest.fixture(scope="module")
def unseen() -> Snapshot:
    return read_snapshot(read_corpus(UNSEEN))


def test_the_invented_documents_and_their_questions_hold(unseen: Snapshot) -> None:
    """Every file parses as its manifest says; every answer stands in its document; no id or question stands twice."""
    questions = read_questions(question_files(UNSEEN))
    assert (len(unseen.documents), len(questions), len(pairs(questions))) == (20, 537, 172)
    assert lint(questions, {document.entry.id: document.text for document in unseen.documents}) == []


def test_lint_names_what_is_wrong() -> None:
    """A sentence that is not there, a twin that is not there or on the same side, and what stands twice."""
    strange = replace(ASKED, id="q3", parts=(("没有这句话。",),), twin="q9")
    found = lint([ASKED, replace(SILENT, facts=(("x",),)), strange, strange], {"a01": LEAVE})
    assert [problem.partition("：")[0] for problem in found] == ["q3", "问题重复", "q2", *["q3"] * 4]
    assert lint([ASKED, SILENT], {"a01": LEAVE}) == []
    assert lint([ASKED, replace(SILENT, parts=((LEAVE,),))], {"a01": LEAVE}) == ["q1：没有与之成对的 q2", "q2：没有与之成对的 q1"]


def test_a_line_that_is_no_question_is_named(tmp_path: Path) -> None:
    """File and line; a numbered hand's twin is no pair."""
    row = {"id": "1-s01-1", "hand": 1, "document": "s01.txt", "kind": "single", "question": "?", "history": [], "answers": [], "twin": "x"}
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(row) + "\n{}\n", encoding="utf-8")
    with pytest.raises(InputError, match="第 2 行"):
        read_questions([path])
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert read_questions(question_files(tmp_path)) == [Question("1-s01-1", "s01", "single", "?")]


def test_same_words() -> None:
    """One contains the other, blanks aside; a few characters are not enough unless they are all."""
    assert same_words("每年可以休假 十五天", LEAVE)
    assert same_words(f"（一）{LEAVE}", LEAVE)
    assert not same_words("十五天。", LEAVE)
    assert same_words("事假。", "事假。")


def test_an_answerable_question() -> None:
    """Parts, quotes, sentences and facts are counted; a list's opening is neutral; another document's words are wrong."""
    question = replace(ASKED, parts=((LEAVE, "下列人员：", PAY), ("其他。",)))
    rates = score(question, reply(("a01#3", LEAVE), ("a01#3", "有下列情形的："), ("a02#1", PAY), text="歇15 天[1]"))
    assert rates["part_cited"] == Rate(1, 2)
    assert rates["all_parts"] == Rate(0, 1)
    assert rates["cited_right"] == Rate(1, 2)
    assert rates["shown"] == Rate(1, 3)
    assert rates["facts"] == Rate(1, 1)
    assert rates["answered"] == Rate(1, 1)
    assert rates["false_refusal"] == Rate(0, 1)
    assert rates["wrong_document"] == Rate(1, 1)
    assert "refusal_recall" not in rates


def test_what_right_means() -> None:
    """Silent: refused. Half answerable: status partial and the half cited. Else every part cited."""
    right = reply(("a01#3", LEAVE))
    assert is_right(ASKED, right)
    assert is_right(SILENT, reply())
    assert not is_right(SILENT, right)
    half = replace(ASKED, kind="partial")
    assert not is_right(half, right)
    assert score(half, replace(right, status="partial"))["partial_right"] == Rate(1, 1)
    assert "answered" not in score(half, right)
    assert score(replace(SILENT, kind="newtopic"), reply())["newtopic_right"] == Rate(1, 1)
    assert score(replace(ASKED, kind="followup"), reply())["followup_right"] == Rate(0, 1)


def test_pairs_are_right_only_together() -> None:
    """The answered one cited, its twin refused, and both."""
    right = reply(("a01#3", LEAVE))
    assert score_pairs([ASKED, SILENT], {"q1": right, "q2": right}) == {
        "pair_right": Rate(0, 1), "pair_cited": Rate(1, 1), "pair_refused": Rate(0, 1),
    }  # fmt: skip
    assert score_pairs([ASKED], {"q1": right}) == {}
    assert add_up([{"facts": Rate(1, 2)}, {"facts": Rate(1, 1), "shown": Rate(0, 0)}]) == {"facts": Rate(2, 3)}


def test_the_question_alone() -> None:
    """What the wording betrays is found across documents; where it betrays nothing, the area is one half."""
    assert auroc([True, False, True, False], [2, 1, 1, 0]) == 0.875
    assert math.isnan(auroc([True], [1]))
    told = [
        Question(f"{d}{i}", f"d{d}", "", w, parts=p) for d in range(6) for i, (w, p) in enumerate([("由谁批", ((LEAVE,),)), ("罚几元", ())])
    ]
    assert auroc([question.answerable for question in told], judge_alone(told)) == 1.0
    same = [replace(question, question="由谁批") for question in told]
    assert auroc([question.answerable for question in same], judge_alone(same)) == 0.5


def test_a_summary_is_printed_and_held_against_the_gate(tmp_path: Path) -> None:
    """All measures in one table; floors and ceilings of [unseen]; a gate without floors fails; an unknown measure is named."""
    summary = summarize("unseen", [ASKED, SILENT], {"q1": reply(("a01#3", LEAVE)), "q2": reply()})
    assert summary.groups["all"].told_apart == 1.0
    assert "1.000       1/1" in table(summary)
    rates, gate = summary.groups["all"].rates, replace(read_gate(ROOT / "evals" / "gate.toml"), unseen={})
    assert not judge_unseen(rates, gate).passed
    assert judge_unseen(rates, replace(gate, unseen={"shown": 0.9, "false_refusal": 0.1, "facts": Target(1.1, 0.9, "")})).passed
    worse = rates | {"false_refusal": Rate(1, 2)}
    assert [f.measure for f in judge_unseen(worse, replace(gate, unseen={"false_refusal": 0.1, "newtopic_right": 0.5})).findings] == [
        "false_refusal", "newtopic_right",
    ]  # fmt: skip
    path = tmp_path / "gate.toml"
    path.write_text("[floors]\n[unseen]\nhit = 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="「hit」"):
        read_gate(path)


def test_other_peoples_texts_become_a_library(tmp_path: Path) -> None:
    """A folder of texts, cut to the named ones, is a corpus beside the documents that ship; the same twice."""
    (tmp_path / "texts").mkdir()
    rows = [{"file": f"{name}.txt", "title": f'{name}"办法', "set": "statutes"} for name in ("s1", "s2")]
    (tmp_path / "texts.json").write_text(json.dumps(rows), encoding="utf-8")
    for name in ("s1", "s2"):
        (tmp_path / "texts" / f"{name}.txt").write_text("某办法（2020年）\n第一条 甲。\n第二条 乙。\n第三条 丙。\n", encoding="utf-8")
    written = [write_library(tmp_path / name, [ROOT / "corpus"], read_texts(tmp_path, ["s2"])) for name in ("x", "y")]
    first, second = (read_corpus(folder) for folder in written)
    assert [entry.id for entry in first.entries] == ["work-report", "work-rules", "ftz-plan", "s2"]
    assert first.fingerprint == second.fingerprint
    assert len(read_snapshot(first).documents) == 4


def test_twenty_documents_are_set_aside() -> None:
    """The list names each once."""
    assert len(set(ASIDE.read_text(encoding="utf-8").split())) == 20
