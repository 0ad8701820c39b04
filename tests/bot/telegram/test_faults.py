"""What goes wrong in the world, counted: no question is lost, none is answered twice, none goes to a wrong chat."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.labels import read_labels
from bot.render import telegram_parts
from rag.assistant import open_assistant
from rag.settings import Settings
from tests.stand_ins.process import ROOT, Program
from tests.stand_ins.telegram import BotApi

pytestmark = pytest.mark.slow
Start = Callable[..., Program]

CHATS, EACH, KILLS = 50, 6, 50


@pytest.fixture(scope="module")
def expected(real_data: Path) -> dict[str, str]:
    """Questions that each have an answer of their own, with the message that it comes as."""
    assistant = open_assistant(Settings.load(data_dir=real_data, corpus_dir=ROOT / "corpus"))
    shorten = read_labels(ROOT / "corpus")
    found: dict[str, str] = {}
    for number in range(1, 46):
        question = f"第{number}条的内容是什么?"
        parts = telegram_parts(assistant.ask(question), shorten)
        if len(parts) == 1:
            found[question] = parts[0].plain
    assert len(set(found.values())) == len(found) > 30
    return found


def test_killed_fifty_times(api: BotApi, program: Start, expected: dict[str, str]) -> None:
    """Killed fifty times while 300 questions come in, the bot answers each in its chat, in order and once.

    Each is delivered twice; only an answer whose sending was under way may appear a second time.
    """
    draw = random.Random(20261124)
    asked = {1000 + chat: draw.sample(sorted(expected), EACH) for chat in range(CHATS)}
    waiting = [(chat, question) for turn in range(EACH) for chat, question in ((c, asked[c][turn]) for c in asked)]
    bot = program()
    begin, lifetimes = time.monotonic(), [draw.uniform(0.2, 3.6) for _ in range(KILLS)]
    planned = sum(lifetimes) + 0.1 * KILLS
    for lifetime in lifetimes:
        end = time.monotonic() + lifetime
        while time.monotonic() < end:
            due = int(len(waiting) * min(1.0, (time.monotonic() - begin) / (0.9 * planned)))
            for chat, question in waiting[:due]:
                api.say(chat, question, times=2)
            del waiting[:due]
            time.sleep(0.02)
        bot.kill()
        bot.start()
    for chat, question in waiting:
        api.say(chat, question, times=2)
    api.wait(lambda: all(len({m.text for m in api.in_chat(chat)}) >= EACH for chat in asked), 60)
    time.sleep(1)
    assert bot.stop() == 0
    repeated = 0
    for chat, questions in asked.items():
        seen = [(text, len(list(group))) for text, group in itertools.groupby(m.text for m in api.in_chat(chat))]
        assert [text for text, _ in seen] == [expected[question] for question in questions]
        assert all(times <= 2 for _, times in seen)
        repeated += sum(times - 1 for _, times in seen)
    answers = sum(len(api.in_chat(chat)) for chat in asked)
    print(f"\n{CHATS * EACH} questions, {KILLS} kills: {answers} messages, {repeated} repeated because their sending was under way")
    assert len(api.sent) == answers == CHATS * EACH + repeated
    assert repeated <= KILLS
