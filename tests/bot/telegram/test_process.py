"""The real process through the emulator: what a person sees."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bot import texts
from bot.labels import read_labels
from bot.render import answer_json, read_answer, telegram_parts
from bot.store import open_store
from tests.stand_ins.process import ROOT, Program
from tests.stand_ins.telegram import BotApi

pytestmark = pytest.mark.slow
Start = Callable[..., Program]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


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


def test_webhook(api: BotApi, program: Start, free_port: int) -> None:
    """By webhook with its secret an update is answered; without it, or with another, there is an empty 404 and nothing happens."""
    url = f"http://127.0.0.1:{free_port}/telegram"
    bot = program(TELEGRAM_WEBHOOK_URL=url, TELEGRAM_WEBHOOK_LISTEN=f"127.0.0.1:{free_port}")
    api.wait(lambda: api.webhook, 30)
    api.say(7, "常务会议一般多久开一次?", times=3)
    api.wait_for(7, seconds=30)
    message = {"message_id": 900, "date": 1, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}, "text": "x"}
    forged = {"update_id": 1, "message": message}
    for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guess"}):
        for method, path in (("POST", "/telegram"), ("GET", "/telegram"), ("POST", "/other")):
            done = httpx.request(method, f"http://127.0.0.1:{free_port}{path}", json=forged, headers=headers)
            assert (done.status_code, done.content) == (404, b"")
    assert api.webhook is not None
    odd = {"X-Telegram-Bot-Api-Secret-Token": api.webhook.secret or ""}
    assert httpx.post(url, content=b"{", headers=odd).status_code == 400
    assert bot.stop() == 0
    assert len(api.in_chat(7)) == 1


def test_two_processes_answer(api: BotApi, program: Start) -> None:
    """With a helper beside it the bot answers each question once, and both end on a signal."""
    bot = program(PROCESSES="2")
    for number in range(60):
        api.say(1 + number % 20, f"第{1 + number % 45}条的内容是什么?")
    api.wait(lambda: len(api.sent) >= 60, 60)
    assert bot.stop() == 0
    assert len(api.sent) == 60


def test_a_full_disk(api: BotApi, program: Start) -> None:
    """While nothing can be written the person gets a sentence and the update is not acknowledged; then it is answered, once."""
    bot = program()
    api.say(7, "第二十一条的内容是什么?")
    api.wait_for(7, seconds=30)
    assert bot.process is not None
    resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
    api.say(8, "第二十二条的内容是什么?")
    (apology,) = api.wait_for(8, seconds=30)
    assert apology.text == texts.STORE_FAILED
    assert api.pending() > 0
    resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    api.wait(lambda: any("第二十二条" in message.text for message in api.in_chat(8)), 60)
    assert bot.stop() == 0
    assert sum("第二十二条" in message.text for message in api.in_chat(8)) == 1


def test_a_locked_database(api: BotApi, program: Start) -> None:
    """While another program holds the database the person gets a sentence; then the question is answered, once."""
    bot = program(DATABASE_TIMEOUT="0.5")
    api.say(7, "第二十一条的内容是什么?")
    api.wait_for(7, seconds=30)
    with contextlib.closing(sqlite3.connect(bot.folder / "ningwen.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        api.say(8, "第二十二条的内容是什么?")
        (apology,) = api.wait_for(8, seconds=30)
        assert apology.text == texts.STORE_FAILED
        assert api.pending() > 0
        other.execute("ROLLBACK")
    api.wait(lambda: any("第二十二条" in message.text for message in api.in_chat(8)), 60)
    assert bot.stop() == 0
    assert sum("第二十二条" in message.text for message in api.in_chat(8)) == 1


def test_a_bad_token_and_no_token(api: BotApi, program: Start) -> None:
    """One sentence, exit code 2, and the token is nowhere in the log."""
    for token in ("999999:AAA-wrong-token-that-nobody-gave-out", ""):
        bot = program(TELEGRAM_BOT_TOKEN=token)
        assert bot.process is not None
        assert bot.process.wait(30) == 2
        assert "TELEGRAM_BOT_TOKEN" in bot.log_text()
        assert "Traceback" not in bot.log_text()
        assert not token or token not in bot.log_text()


def test_gold_questions_are_answered_as_on_the_terminal(api: BotApi, program: Start, real_data: Path) -> None:
    """A sample of the gold questions without history has the same status, locators and quotes as ``ask --jsonl`` gives it."""
    entries = [json.loads(line) for path in sorted((ROOT / "evals/gold").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    asked = [entry["question"] for entry in entries if not entry["history"]][::20]
    bot = program()
    for number, question in enumerate(asked):
        api.say(1000 + number, question)
    lines = "".join(json.dumps({"id": n, "question": question}, ensure_ascii=False) + "\n" for n, question in enumerate(asked))
    done = bot.run("ask", "--jsonl", stdin=lines)
    expected = [json.loads(line) for line in done.stdout.splitlines()]
    api.wait(lambda: len({message.chat for message in api.sent}) == len(asked), 120)
    assert bot.stop() == 0
    store = open_store(f"sqlite:///{bot.folder / 'ningwen.db'}")
    stored = {}
    for turn in range(1, len(asked) + 1):
        found = store.find_turn(turn)
        assert found is not None
        stored[found.answer.question] = answer_json(found.answer)
    store.close()
    shorten = read_labels(ROOT / "corpus")
    for number, answer in enumerate(expected):
        ours = stored[answer["question"]]
        assert all(ours[key] == answer[key] for key in ("status", "answer", "citations", "missing", "nearest"))
        shown = "".join(message.text for message in api.in_chat(1000 + number))
        parts = telegram_parts(read_answer(answer), shorten)
        assert "".join(shown.split()) == "".join("".join(part.plain for part in parts).split())
