"""Whether and with which sentences to answer: decided from what the reader says, under fitted thresholds, in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ConfigurationError
from rag.judging import features
from rag.judging.judge import FILE, READ, Judge, load_calibration
from rag.judging.reader import fingerprint
from rag.records import Candidate, Judgement, Locator, MissingReference, Reading
from rag.search.snapshot import Snapshot
from tests.stand_ins.library import LEAVE, MEETING, read_library
from tests.stand_ins.reader import MARKS_ARE_LOG_ODDS, ScriptedReader, index_of

ASKED = "请假要提前几天?"


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return read_library(tmp_path_factory.mktemp("judge") / "corpus", {"meeting": MEETING, "leave": LEAVE})


class Bench:
    """A judge with a script, and every window as a candidate in reading order."""

    def __init__(self, taken: Snapshot, script: Mapping[str, Mapping[str, float]]) -> None:
        self.taken = taken
        self.reader = ScriptedReader(taken, script)
        self.judge = Judge(index_of(taken), self.reader, MARKS_ARE_LOG_ODDS)  # type: ignore[arg-type]
        self.every = tuple(Candidate(w, 1.0 - w / 100, 0.5, 0.5, 1.0) for w in range(len(taken.windows)))

    def __call__(self, *readings: Reading) -> Judgement:
        return self.judge.judge(readings, [self.every] * len(readings))

    def said(self, judgement: Judgement) -> list[str]:
        return [self.taken.sentences[mark.sentence].text for mark in judgement.marks]

    def units(self, judgement: Judgement) -> list[str]:
        return [str(self.taken.windows[candidate.window].unit) for candidate in judgement.candidates]


def test_the_marked_sentences_answer(taken: Snapshot) -> None:
    """Best first, with their probabilities; the windows in the order of their best marks; the features that were weighed."""
    bench = Bench(taken, {ASKED: {"提前2个工作日": 3.0, "通知会议": 1.0}})
    judgement = bench(Reading(ASKED, ASKED))
    assert bench.said(judgement) == ["参会人员不能到会的,应当提前2个工作日向办公室请假。", "通知会议;"]
    assert [mark.probability for mark in judgement.marks] == sorted((mark.probability for mark in judgement.marks), reverse=True)
    assert bench.units(judgement)[:2] == ["meeting#2", "meeting#3"]
    assert judgement.probability == pytest.approx(0.953, abs=1e-3)
    assert set(judgement.why) == set(features.ANSWERABLE)
    assert judgement.why["strength"] == 3.0


@pytest.mark.parametrize(("mark", "near"), [(-0.5, "参会人员不能到会的,应当提前2个工作日向办公室请假。"), (-3.0, None)])
def test_below_the_threshold_nothing_answers(taken: Snapshot, mark: float, near: str | None) -> None:
    """The nearest place is still known, and how unlikely it is; its words where they come near."""
    bench = Bench(taken, {ASKED: {"提前2个工作日": mark}})
    judgement = bench(Reading(ASKED, ASKED))
    assert (judgement.marks, bench.units(judgement)[0]) == ((), "meeting#2")
    assert 0 < judgement.probability < 0.5
    assert (None if judgement.near is None else taken.sentences[judgement.near].text) == near


def test_a_threshold_can_be_moved(taken: Snapshot) -> None:
    """The same question under another calibration."""
    bench = Bench(taken, {ASKED: {"提前2个工作日": -0.5}})
    lower = replace(MARKS_ARE_LOG_ODDS, answerable=replace(MARKS_ARE_LOG_ODDS.answerable, threshold=0.3))
    bench.judge = Judge(index_of(taken), bench.reader, lower)  # type: ignore[arg-type]
    assert len(bench(Reading(ASKED, ASKED)).marks) == 1


def test_the_best_sentence_is_shown_whenever_there_is_an_answer(taken: Snapshot) -> None:
    """A reading that is answered has at least one sentence that answers it."""
    bench = Bench(taken, {ASKED: {"提前2个工作日": 0.2}})
    strict = replace(MARKS_ARE_LOG_ODDS, sentence=replace(MARKS_ARE_LOG_ODDS.sentence, threshold=0.99))
    bench.judge = Judge(index_of(taken), bench.reader, strict)  # type: ignore[arg-type]
    assert len(bench(Reading(ASKED, ASKED)).marks) == 1


@pytest.mark.parametrize(("mark", "shown"), [(1.5, False), (2.5, True)])
def test_another_document_has_to_be_surer(taken: Snapshot, mark: float, shown: bool) -> None:
    """What two documents say is shown of both only where the second is certain."""
    bench = Bench(taken, {ASKED: {"提前2个工作日": 3.0, "提前10个工作日": mark}})
    bench.every = tuple(c for c in bench.every if str(taken.windows[c.window].unit) in ("meeting#2", "leave#2"))
    found = {str(taken.passages[taken.owners[m.sentence]].locator) for m in bench(Reading(ASKED, ASKED)).marks}
    assert found == {"meeting#2", *(["leave#2"] if shown else [])}


def test_a_place_of_which_nothing_is_asked_is_looked_up(taken: Snapshot) -> None:
    """Nobody reads and nothing is marked: the place is the answer."""
    bench = Bench(taken, {})
    judgement = bench(Reading("第三条", "", places=(Locator.parse("meeting#3"),)))
    assert (judgement.probability, judgement.marks, bench.units(judgement)) == (1.0, (), ["meeting#3"])
    assert bench.reader.read_windows == []


def test_what_is_asked_of_a_place_is_answered_from_it(taken: Snapshot) -> None:
    """A better sentence of another place is none of its; a window of the place is read though it was not found."""
    question = "第三条要几天?"
    bench = Bench(taken, {question: {"提前2个工作日": 3.0, "5个工作日内印发": 1.0}})
    reading = Reading(question, "要几天?", places=(Locator.parse("meeting#3"),))
    for candidates in (bench.every, bench.every[:1]):
        judgement = bench.judge.judge([reading], [candidates])
        assert set(bench.units(judgement)) == {"meeting#3"}
        assert bench.said(judgement) == ["印发纪要,纪要应当在会后5个工作日内印发。"]


def test_several_places_that_do_not_answer_are_shown(taken: Snapshot) -> None:
    """Who asks what two articles differ in sees both; one alone that does not say what is asked is refused."""
    question = "第一条和第二条有什么不同?"
    both = tuple(map(Locator.parse, ("meeting#1", "meeting#2")))
    bench = Bench(taken, {question: {}})
    shown = bench(Reading(question, "和有什么不同?", places=both))
    assert (shown.reading.said, shown.probability, bench.units(shown)) == ("", 1.0, ["meeting#1", "meeting#2"])
    refused = bench(Reading(question, "有什么不同?", places=both[:1]))
    assert (refused.reading.said, refused.marks) == ("有什么不同?", ())


@pytest.mark.parametrize(
    "reading",
    [
        Reading("第六十条讲什么", "", missing=(MissingReference("第六十条", "meeting", "第一条至第三条"),)),
        Reading("预算法怎么规定请假", "怎么规定请假", foreign="预算法"),
    ],
    ids=["missing", "foreign"],
)
def test_what_is_not_held_is_not_answered(taken: Snapshot, reading: Reading) -> None:
    """However well another place or document would do; nobody reads."""
    bench = Bench(taken, {})
    judgement = bench(reading)
    assert (judgement.marks, judgement.probability, bench.reader.read_windows) == ((), 0.0, [])


def test_nothing_found_is_nothing_answered(taken: Snapshot) -> None:
    """A library without a window near is one that does not say."""
    judgement = Bench(taken, {}).judge.judge([Reading(ASKED, ASKED)], [()])
    assert (judgement.marks, judgement.candidates, judgement.probability) == ((), (), 0.0)


@pytest.mark.parametrize(("alone", "on", "before"), [(3.0, 1.0, ""), (1.0, 3.0, ASKED), (-3.0, 0.5, ASKED)])
def test_the_likelier_of_two_readings_holds(taken: Snapshot, alone: float, on: float, before: str) -> None:
    """A message is answered as it stands or as going on from the one before, by what each would be answered with."""
    question = "纪要呢?"
    bench = Bench(taken, {question: {"5个工作日内印发": alone}, f"{ASKED}→{question}": {"5个工作日内印发": on}})
    assert bench(Reading(question, question), Reading(question, question, before=ASKED)).reading.before == before


@pytest.mark.parametrize(("mark", "before"), [(1.0, ""), (3.0, ASKED)])
def test_a_sentence_answers_two_parts_of_a_message_where_that_is_sure(taken: Snapshot, mark: float, before: str) -> None:
    """「食堂几点开门?」 is not answered by what answered the part before it; 「向谁请?」 is."""
    question = "向谁请?"
    bench = Bench(taken, {question: {}, f"{ASKED}→{question}": {"提前2个工作日": mark}})
    readings = (Reading(question, question), Reading(question, question, before=ASKED))
    on = bench.judge.judge(readings, [bench.every] * 2)
    assert on.reading.before == ASKED
    again = bench.judge.judge(readings, [bench.every] * 2, said={on.marks[0].sentence})
    assert (again.reading.before, bool(again.marks)) == (before, bool(before))


def test_a_message_that_goes_on_may_be_unanswered(taken: Snapshot) -> None:
    """The reading that holds decides: a better answer to the other one is not given instead."""
    question = "纪要呢?"
    bench = Bench(taken, {question: {}, f"{ASKED}→{question}": {"5个工作日内印发": -1.0}})
    judgement = bench(Reading(question, question), Reading(question, question, before=ASKED))
    assert (judgement.reading.before, judgement.marks) == (ASKED, ())


def test_no_more_is_read_than_there_is_time_for(tmp_path: Path) -> None:
    """READ windows of each reading, the first of those that were found."""
    articles = "".join(f"\n\n第{'一二三四五六七八九十'[n]}条 {'会议规定' * 30}第{n}次。" for n in range(10))
    taken = read_library(tmp_path / "corpus", {"many": f"某市多条规定{articles}"})
    bench = Bench(taken, {ASKED: {}, f"前→{ASKED}": {}})
    bench(Reading(ASKED, ASKED))
    bench(Reading(ASKED, ASKED), Reading(ASKED, ASKED, before="前"))
    assert len(taken.windows) > READ
    assert bench.reader.read_windows == [list(range(READ))] * 3


# ── what it was fitted for ──────────────────────────────────────────────────────────────────────


FEATURES = (features.ANSWERABLE, features.STRENGTH, features.SENTENCE, features.GOES_ON)
MODELS = [{"bias": 0, "weights": dict.fromkeys(names, 0.1), "threshold": 0.5} for names in FEATURES]


def body(reader: str = "", **changed: Any) -> dict[str, Any]:
    of_any = {"models": MODELS, "elsewhere": 0.7, "known": 0.5}
    return {"reader": reader or fingerprint(), "embedder": "one", "with": {**of_any, "elsewhere": 0.9, **changed}, "without": of_any}


def test_a_calibration_is_read_with_its_fingerprint(tmp_path: Path) -> None:
    """Another threshold is another fingerprint, which every answer carries."""
    (tmp_path / "a.json").write_text(json.dumps(body()))
    (tmp_path / "b.json").write_text(json.dumps(body(elsewhere=0.8)))
    first, second = load_calibration(tmp_path / "a.json"), load_calibration(tmp_path / "b.json")
    assert first.answerable.probability(dict.fromkeys(features.ANSWERABLE, 0.0)) == 0.5
    assert (first.elsewhere, second.elsewhere) == (0.9, 0.8)
    assert first.fingerprint != second.fingerprint


def test_another_embedder_has_weights_of_its_own(tmp_path: Path) -> None:
    """How near is near differs from embedder to embedder: for others than the one that was fitted with, it isn't weighed."""
    path = tmp_path / "judge.json"
    path.write_text(json.dumps(body()))
    assert [load_calibration(path, name).elsewhere for name in ("one", "another", None)] == [0.9, 0.7, 0.9]
    other = load_calibration(FILE, "another")
    assert {other.answerable.weights[name] for name in ("known", "open", "vote")} == {other.strength.weights["near"]} == {0.0}


@pytest.mark.parametrize(
    "changed", [{"reader": "0" * 16}, {"models": []}, {"models": [{}] * 3}, {"models": MODELS[::-1]}, {"elsewhere": None}]
)
def test_a_calibration_of_something_else_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    """One of another reader, of other features, or none: a sentence rather than weights that mean nothing."""
    path = tmp_path / "judge.json"
    path.write_text(json.dumps(body(**changed)))
    with pytest.raises(ConfigurationError, match=r"judge\.json"):
        load_calibration(path)


def test_the_shipped_calibration_fits_the_shipped_reader() -> None:
    """What was trained together is shipped together, and keeps more than it refuses by chance."""
    found = load_calibration(FILE)
    assert 0 < found.answerable.threshold < 1
    assert found.answerable.weights["strength"] > 0
    assert found.strength.weights["mark"] > 0
    assert found.strength.weights["year"] < 0 < found.sentence.weights["strength"]
    assert found.goes_on.weights["on"] > found.goes_on.weights["alone"]
