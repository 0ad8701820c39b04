"""Answers that people marked 👎 → draft cases for a person to finish.

Read from the bot's database, or from what ``ningwen audit export`` wrote. A draft holds what is known: the question
with the turns before it, what was answered and cited, and why the person was not content. Its ``draft`` entry makes
it no gold case before someone has read the documents, corrected places, facts and evidence, and taken it out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evals.lines import read_lines
from evals.records import Case, Evidence, PastTurn
from rag.errors import InputError, StorageError
from rag.language.text import matching_form

_DOWN = "down"
_HISTORY = 4  # turns before a follow-up, as many as gold cases have
_SILENCE_S = 30 * 60.0  # of a longer one, the next question begins another conversation


@dataclass(frozen=True, slots=True)
class Complaint:
    """An answer that somebody marked 👎. Nothing in it says who."""

    turn: int
    at: str  # ISO date
    question: str
    standalone: str  # as it was understood
    status: str
    reasons: tuple[str, ...]
    locators: tuple[str, ...]
    answer: str = ""  # "" when the source does not hold it
    quotes: tuple[Evidence, ...] = ()
    history: tuple[PastTurn, ...] = field(default=())


def read_export(path: Path) -> list[Complaint]:
    """The complaints of an exported audit, JSONL. Raises InputError naming file and line."""
    found = []
    for number, entry in read_lines(path, ("turn", "question", "status")):
        if entry.get("verdict") != _DOWN:
            continue
        try:
            found.append(
                Complaint(
                    int(entry["turn"]),
                    str(entry.get("at", ""))[:10],
                    str(entry["question"]),
                    str(entry.get("standalone") or entry["question"]),
                    str(entry["status"]),
                    tuple(filter(None, [str(entry.get("reason") or "")])),
                    tuple(str(locator) for locator in entry.get("locators") or ()),
                )
            )
        except (TypeError, ValueError) as error:
            raise InputError(f"数据文件 {path.name} 第 {number} 行格式有误。", detail=repr(error)) from error
    return found


def read_database(url: str, *, since: float = 0.0) -> list[Complaint]:
    """The complaints in the bot's database about answers given since then (Unix seconds). Raises StorageError."""
    from sqlalchemy import column, select, table

    audit = table("audit", *map(column, ("id", "at", "question", "standalone", "status", "locators")))
    feedback = table("feedback", *map(column, ("turn", "verdict", "reason", "at")))
    turns = table("turns", *map(column, ("id", "session_key", "answer")))
    query = (
        select(audit, feedback.c.reason, turns.c.answer, turns.c.session_key)
        .join(feedback, feedback.c.turn == audit.c.id)
        .outerjoin(turns, turns.c.id == audit.c.id)
        .where(feedback.c.verdict == _DOWN, audit.c.at >= since)
        .order_by(audit.c.id, feedback.c.at)
    )
    with _connect(url) as connection:
        rows: dict[int, list[Any]] = {}
        for row in connection.execute(query):
            rows.setdefault(row.id, []).append(row)
        return [_complaint(same, _before(connection, same[0])) for same in rows.values()]


@contextmanager
def _connect(url: str) -> Iterator[Any]:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    failed = "读不到问答数据库，请检查 DATABASE_URL；也可以先用 ningwen audit export 导出，再从文件读取。"
    try:
        address = make_url(url)
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
            raise StorageError(failed, detail="no such file")
        engine = create_engine(address, hide_parameters=True)
    except (ArgumentError, SQLAlchemyError, ImportError) as error:
        raise StorageError(failed, detail=type(error).__name__) from None
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StorageError(failed, detail=type(error).__name__) from None
    finally:
        engine.dispose()


def _before(connection: Any, row: Any) -> tuple[PastTurn, ...]:
    """The turns that a follow-up follows, oldest first; none when the question was understood as it stands."""
    from sqlalchemy import column, select, table

    if row.session_key is None or row.standalone == row.question:
        return ()
    turns = table("turns", *map(column, ("id", "session_key", "question", "answer", "created_at")))
    same = (turns.c.session_key == row.session_key) & (turns.c.id < row.id)
    found: list[PastTurn] = []
    last = row.at
    for earlier in connection.execute(select(turns).where(same).order_by(turns.c.id.desc()).limit(_HISTORY)):
        if last - earlier.created_at > _SILENCE_S:
            break
        last = earlier.created_at
        found.append(PastTurn(earlier.question, str(json.loads(earlier.answer)["answer"])))
    return tuple(reversed(found))


def _complaint(rows: Sequence[Any], history: tuple[PastTurn, ...]) -> Complaint:
    row = rows[0]
    told = json.loads(row.answer) if row.answer else {}
    return Complaint(
        row.id,
        time.strftime("%Y-%m-%d", time.localtime(row.at)),
        row.question,
        row.standalone,
        row.status,
        tuple(dict.fromkeys(same.reason for same in rows if same.reason)),
        tuple(json.loads(row.locators)),
        str(told.get("answer", "")),
        tuple(Evidence(citation["locator"], citation["quote"]) for citation in told.get("citations", ())),
        history,
    )


def make_drafts(complaints: Iterable[Complaint], known: Sequence[Case]) -> list[dict[str, Any]]:
    """A draft for each question that no gold case asks yet, once; gold cases as JSON objects with one entry too many.

    They belong to dev: whoever finishes one has looked at it.
    """
    asked = {_key(case.question, case.history) for case in known}
    drafts = []
    for complaint in complaints:
        key = _key(complaint.question, complaint.history)
        if key not in asked:
            asked.add(key)
            drafts.append(_draft(complaint))
    return drafts


def _key(question: str, history: Sequence[PastTurn]) -> tuple[str, ...]:
    return (matching_form(question), *(matching_form(turn.question) for turn in history))


def _draft(complaint: Complaint) -> dict[str, Any]:
    case = Case(
        f"feedback-{complaint.turn}",
        "follow-up" if complaint.history else "direct",
        complaint.question,
        "dev",
        complaint.history,
        tuple((locator,) for locator in dict.fromkeys(complaint.locators)),
        (),
        complaint.quotes,
    )
    note = {
        "at": complaint.at,
        "status": complaint.status,
        "understood": complaint.standalone,
        "answer": complaint.answer,
        "reasons": list(complaint.reasons),
        "todo": "核对原文后改正 category、locators、facts、evidence；文件没有答案的，改填 unanswerable。完成后删去 draft 一项。",
    }
    return {**asdict(case), "draft": note}
