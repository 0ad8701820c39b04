"""A reply is read sentence by sentence, however it is cut into pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rag.answering.sentences import Sentence, SentenceReader

REPLY = (
    "可以。会议由主席召集[k7m]。每月召开2次—3次。[k7m][a2b]其他事项另行通知。\n"
    "- **第一项**：审议事项[a2b]\n2. 部署工作。[a2b, k7m]\n\n| 会议 | 主持 |\n|---|---|\n| 全体会议 | 主席 | [k7m] |\n资料没有写明：会期"
)
EXPECTED = [
    ("可以。", (), "prose"),
    ("会议由主席召集。", ("k7m",), "prose"),
    ("每月召开2次—3次。", ("k7m", "a2b"), "prose"),
    ("其他事项另行通知。", (), "prose"),
    ("第一项：审议事项", ("a2b",), "item"),
    ("部署工作。", ("a2b", "k7m"), "item"),
    ("| 会议 | 主持 |", (), "head"),
    ("|---|---|", (), "rule"),
    ("| 全体会议 | 主席 |  |", ("k7m",), "row"),
    ("资料没有写明：会期", (), "prose"),
]


def read(pieces: list[str]) -> list[Sentence]:
    reader = SentenceReader()
    found = [sentence for piece in pieces for sentence in reader.feed(piece)]
    return found + reader.finish()


def whole(sentences: list[Sentence]) -> list[tuple[str, tuple[str, ...], str]]:
    """Sentences with the markers that came after them."""
    joined: list[tuple[str, tuple[str, ...], str]] = []
    for sentence in sentences:
        if sentence.text:
            joined.append((sentence.text, sentence.keys, sentence.form))
        else:
            text, keys, form = joined[-1]
            joined[-1] = (text, (*keys, *sentence.keys), form)
    return joined


def test_sentences_markers_lists_and_tables() -> None:
    """Text, keys and form of each sentence; bullets, numbers and emphasis are not part of it."""
    assert whole(read([REPLY])) == EXPECTED


@settings(max_examples=200, deadline=None)
@given(some.lists(some.integers(1, len(REPLY) - 1), max_size=40))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    """Wherever the stream is cut, the sentences are the same."""
    places = [0, *sorted(set(cuts)), len(REPLY)]
    assert whole(read([REPLY[a:b] for a, b in itertools.pairwise(places)])) == EXPECTED


def test_a_sentence_is_over_with_its_marker() -> None:
    """Nothing has to come after the marker for the sentence to be handed over."""
    reader = SentenceReader()
    assert reader.feed("常务会议每月召开2次—3次。") == []
    assert reader.feed("[k7") == []
    assert [s.keys for s in reader.feed("m]")] == [("k7m",)]


@pytest.mark.parametrize(
    ("reply", "keys"),
    [
        ("会议由主席召集。【k7m】", ("k7m",)),
        ("会议由主席召集（k7m）。", ("k7m",)),
        ("会议由主席召集。[键：k7m]", ("k7m",)),
        ("会议由主席召集。[资料 k7m、a2b]", ("k7m", "a2b")),
        ("会议由主席召集。[1]", ("1",)),
        ("市、县（区）政府参加。", ()),
        ("依据宁政发[2023]35号。", ("2023",)),
    ],
)
def test_ways_of_writing_a_marker(reply: str, keys: tuple[str, ...]) -> None:
    """Models write brackets of all kinds; a key is a key in all of them."""
    assert read([reply])[0].keys == keys


def test_thinking_aloud_is_not_the_reply() -> None:
    """What a model thinks before it answers is left out, even when it never gets to answering."""
    thought = "<think>常务会议大概每周一次。[k7m]</think>\n每月召开2次。[k7m]"
    for pieces in ([thought], list(thought)):
        assert [s.text for s in read(pieces)] == ["每月召开2次。"]
    assert read(["<think>想不出来。[k7m]"]) == []
