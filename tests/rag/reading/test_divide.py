"""A message that asks several things is divided where each asks; one that asks one thing stays whole."""

from __future__ import annotations

import pytest

from rag.reading.divide import MOST, divide


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("常务会议多久开一次?由谁召集?", ("常务会议多久开一次?", "由谁召集?")),
        ("今年就业目标多少;去年完成多少。", ("今年就业目标多少;", "去年完成多少。")),
        ("专题会议的任务是什么,由谁召集和主持", ("专题会议的任务是什么", "由谁召集和主持")),
        ("副主席外出要提前几天请假,另外纪要多久印发", ("副主席外出要提前几天请假", "另外纪要多久印发")),
        ("纪要多久印发?另外新闻稿由谁审定?", ("纪要多久印发?", "另外新闻稿由谁审定?")),
    ],
)
def test_what_asks_by_itself_is_a_part(message: str, parts: tuple[str, ...]) -> None:
    """Marks divide, and a comma or 另外 between two clauses that each ask."""
    assert divide(message) == parts


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("我们厅要开会。经费从哪里出?要报批吗?", ("我们厅要开会。经费从哪里出?", "要报批吗?")),
        ("会议经费怎么列?要不要报批?急用。", ("会议经费怎么列?", "要不要报批?急用。")),
    ],
)
def test_a_situation_stays_with_what_is_asked_of_it(message: str, parts: tuple[str, ...]) -> None:
    """A sentence that asks nothing goes with the next one that does; the last one with the part before it."""
    assert divide(message) == parts


@pytest.mark.parametrize(
    "message",
    [
        "常务会议多久开一次?",
        "我们厅想办会,要谁批?",
        "会期几天,还是不限",
        "要提前3天请假,对吗",
        "常务会议多久开一次?谢谢",
        "去年社零增速跟今年的目标比,是高是低",
        "民营企业占比多少",
        "“谁主持?”这句话在哪一条",
        "没有一个字在问。也没有第二个。",
        "",
    ],
)
def test_one_thing_is_one_part(message: str) -> None:
    """An alternative, a tag, thanks and a question in quotation marks ask nothing of their own."""
    assert divide(message) == (message,)


def test_too_many_parts_are_one() -> None:
    """Somebody who pastes a questionnaire gets one answer, not twenty."""
    questions = [f"第{n}个问题是什么?" for n in range(MOST + 1)]
    assert divide("".join(questions[:MOST])) == tuple(questions[:MOST])
    assert divide("".join(questions)) == ("".join(questions),)
