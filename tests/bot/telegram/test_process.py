"""The real process through the emulator: what a person sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stand_ins.process import Program
from tests.stand_ins.telegram import BotApi

pytestmark = pytest.mark.slow
Start = Callable[..., Program]


def test_a_question_is_answered(api: BotApi, program: Start) -> None:
    """Typing at once, the answer with its compact footer and buttons; a repeated update is answered once."""
    bot = program()
    api.say(7, "常务会议一般多久开一次?", times=3)
    (sent,) = api.wait_for(7, seconds=30)
    assert "2次—3次" in sent.text
    assert sent.text.endswith("【1】《工作规则》第二十一条")
    assert [button["text"] for button in sent.markup[0]] == ["原文", "👍", "👎"]
    assert any(method == "sendChatAction" for _, method, _ in api.calls)
    api.wait(lambda: api.pending() == 0)
    assert bot.stop() == 0
    assert len(api.in_chat(7)) == 1
