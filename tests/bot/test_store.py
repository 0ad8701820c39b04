"""What is kept, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

import bot.migrations
from bot.errors import StoreError
from bot.ledger import Wanted, prune, read_audit, write_audit, write_feedback
from bot.pseudonyms import Pseudonyms, load_key
from bot.records import AuditEntry, Message
from bot.store import Keys, Store, open_store
from bot.tables import inbox, metadata
from rag.errors import ConfigurationError
from tests.stand_ins.assistant import make_answer

Make = Callable[..., Message]
NAMES = Pseudonyms(b"key")


def keep(store: Store, message: Message, now: float = 100.0) -> int:
    return store.keep(message, NAMES.keys(message), now=now).turn


def finish(store: Store, owner: str, turn: int, now: float = 100.0) -> bool:
    with store.write() as connection:
        return store.finish(connection, owner, turn, "answered", now=now)


def test_a_message_is_kept_once(store: Store, message: Make) -> None:
    """A message delivered again finds its row, whatever its state, and changes nothing."""
    first = message(id="7:1")
    receipt = store.keep(first, NAMES.keys(first), now=1)
    assert (receipt.new, receipt.status) == (True, "received")
    again = store.keep(message("另一个问题", id="7:1"), NAMES.keys(first), now=2)
    assert (again.turn, again.new, again.status) == (receipt.turn, False, "received")
    (row,) = store.claim("me", ["telegram"], 9, now=3, lease=10)
    assert row.message == first
    assert store.keep(first, NAMES.keys(first), now=4).status == "answering"


def test_the_same_message_at_the_same_moment(store: Store, message: Make) -> None:
    """Delivered twenty times at once, a message is new once."""
    same = message(id="7:1")
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: store.keep(same, NAMES.keys(same), now=1), range(20)))
    assert sum(receipt.new for receipt in receipts) == 1
    assert len({receipt.turn for receipt in receipts}) == 1


def test_no_row_is_taken_twice(store: Store, message: Make, database_url: str) -> None:
    """Two processes on one database, asking as fast as they can, never get the same row nor two of one chat."""
    for number in range(60):
        keep(store, message(chat=str(number % 20)))
    other = open_store(database_url)
    taken: list[tuple[str, int, str]] = []
    lock = threading.Lock()

    def work(mine: Store, owner: str) -> None:
        idle = 0
        while idle < 40:
            rows = mine.claim(owner, ["telegram"], 3, now=200, lease=60)
            idle = 0 if rows else idle + 1
            with lock:
                held = [chat for _, _, chat in taken if chat]
                assert not {row.chat_key for row in rows} & set(held)
                taken.extend((owner, row.turn, row.chat_key) for row in rows)
            for row in rows:
                with lock:
                    taken[taken.index((owner, row.turn, row.chat_key))] = (owner, row.turn, "")
                assert finish(mine, owner, row.turn)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, mine, f"{i}") for i, mine in enumerate((store, other, store, other))]:
            done.result()
    other.close()
    assert sorted(turn for _, turn, _ in taken) == sorted({turn for _, turn, _ in taken})
    assert len(taken) == 60


def test_a_chat_is_answered_in_order(store: Store, message: Make) -> None:
    """While a message of a chat is open, no later one of it is taken; other chats go on."""
    first, second, other = keep(store, message(chat="1")), keep(store, message(chat="1")), keep(store, message(chat="2"))
    assert [row.turn for row in store.claim("me", ["telegram"], 9, now=101, lease=10)] == [first, other]
    assert store.claim("me", ["telegram"], 9, now=101, lease=10) == []
    assert finish(store, "me", first)
    assert [row.turn for row in store.claim("me", ["telegram"], 9, now=101, lease=10)] == [second]


def test_a_process_takes_only_its_channels(store: Store, message: Make) -> None:
    """A row of a channel that this process does not serve stays for another."""
    keep(store, message(channel="wecom-app"))
    assert store.claim("me", ["telegram"], 9, now=101, lease=10) == []
    assert len(store.claim("me", ["telegram", "wecom-app"], 9, now=101, lease=10)) == 1


def test_a_lost_lease_is_no_longer_held(store: Store, message: Make) -> None:
    """A row whose owner is gone is opened again; the old owner can neither send nor finish it."""
    turn = keep(store, message())
    (row,) = store.claim("gone", ["telegram"], 1, now=100, lease=10)
    assert store.recover([], now=105) == 0
    assert store.recover([], now=111) == 1
    assert store.begin_sending("gone", row, None, now=111, lease=10) is None
    assert not finish(store, "gone", turn)
    (again,) = store.claim("new", ["telegram"], 1, now=111, lease=10)
    assert again.sends == 0
    assert store.recover(["new"], now=112) == 1, "an owner that is known to be dead needs no lease to run out"


def test_a_renewed_lease_is_kept(store: Store, message: Make) -> None:
    """As long as the owner lives, nobody else takes its rows."""
    turn = keep(store, message())
    store.claim("me", ["telegram"], 1, now=100, lease=10)
    store.renew("me", [turn], until=130)
    assert store.recover([], now=120) == 0
    assert store.owners() == {"me"}


def test_sendings_are_counted(store: Store, message: Make) -> None:
    """A sending of unknown end counts, one that certainly failed does not; the answer is kept from the first."""
    keep(store, message("问"))
    (row,) = store.claim("me", ["telegram"], 1, now=100, lease=10)
    sending = store.begin_sending("me", row, make_answer("问"), now=100, lease=10)
    assert sending is not None
    assert sending.sends == 1
    store.defer("me", sending, until=150, sends=0)
    assert store.claim("me", ["telegram"], 1, now=149, lease=10) == []
    (again,) = store.claim("me", ["telegram"], 1, now=150, lease=10)
    assert (again.sends, again.attempts) == (0, 1)
    found = store.find_turn(again.turn)
    assert found is not None
    assert found.answer == make_answer("问")
    store.begin_sending("me", again, make_answer("另一个"), now=150, lease=10)
    store.recover([], now=200)
    (last,) = store.claim("me", ["telegram"], 1, now=200, lease=10)
    assert last.sends == 1
    found = store.find_turn(again.turn)
    assert found is not None
    assert found.answer.question == "问", "what was sent may be sent again, but not something else"


def test_a_finished_row_forgets_who_sent_it(store: Store, message: Make) -> None:
    """Once answered, neither chat nor person nor address nor text is in the inbox."""
    turn = keep(store, message(chat="chat-4711", user="user-4712", address={"reply": "4713"}))
    store.claim("me", ["telegram"], 1, now=100, lease=10)
    assert finish(store, "me", turn)
    with store.read() as connection:
        row = connection.execute(select(inbox)).one()
    assert row.payload is None
    assert not any(number in str(tuple(row)) for number in ("4711", "4712", "4713", "常务会议"))


def test_history_ends_at_silence_and_at_new(store: Store, message: Make) -> None:
    """A follow-up sees the last turns of its person and chat, up to a long silence or /new."""
    keys: Keys | None = None
    for now, question in ((0.0, "甲"), (5000.0, "乙"), (5100.0, "丙"), (5200.0, "丁")):
        one = message(question)
        keys = NAMES.keys(one)
        keep(store, one, now)
        (row,) = store.claim("me", ["telegram"], 1, now=now, lease=10)
        store.begin_sending("me", row, make_answer(question), now=now, lease=10)
        assert finish(store, "me", row.turn, now)
    assert keys is not None

    def asked(limit: int = 6, now: float = 5300.0) -> list[str]:
        return [turn.question for turn in store.history(keys.session, limit=limit, silence=600, now=now)]

    assert asked() == ["乙", "丙", "丁"]
    assert asked(limit=2) == ["丙", "丁"]
    assert asked(now=9000.0) == []
    assert store.history(NAMES.keys(message(user="8")).session, limit=6, silence=600, now=5300.0) == []
    store.new_session(keys.session, 3)
    assert asked() == ["丁"]


def test_values_expire_and_are_set_once(store: Store) -> None:
    """A shared value is there until it expires; of many that add it at once, one succeeds."""
    store.put_value("token", "a", expires_at=10)
    store.put_value("token", "b", expires_at=20)
    assert store.get_value("token", now=15) == "b"
    assert store.get_value("token", now=20) is None
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: store.add_value("nonce", "x", now=0, expires_at=5), range(16))) == 1
    assert store.add_value("nonce", "x", now=6, expires_at=9)
    store.forget_expired(now=100)
    assert store.get_value("nonce", now=0) is None


def entry(turn: int, at: float, status: str = "answered") -> AuditEntry:
    return AuditEntry(turn, at, "telegram", f"u{turn}", False, f"问{turn}", status, locators=("work-rules#21",), checks={"citations": 1})


def test_the_audit_is_read_by_date_and_status(store: Store) -> None:
    """Entries come in order, with the feedback of who asked."""
    for turn in range(1, 1203):
        with store.write() as connection:
            write_audit(connection, entry(turn, float(turn), "refused" if turn % 3 == 0 else "answered"))
    write_feedback(store, 1201, "telegram", "u1201", "up", "", now=5)
    write_feedback(store, 1201, "telegram", "u1201", "down", "不完整", now=6)
    write_feedback(store, 1201, "telegram", "someone", "up", "", now=6)
    assert [found.turn for found in read_audit(store, Wanted())] == list(range(1, 1203))
    found = list(read_audit(store, Wanted(since=1200, until=1202)))
    assert [(e.turn, e.status, e.verdict, e.reason) for e in found] == [(1200, "refused", "", ""), (1201, "answered", "down", "不完整")]
    assert found[0].checks == {"citations": 1}
    assert len(list(read_audit(store, Wanted(status="refused")))) == 400


def test_pruning_forgets_what_is_old(store: Store, message: Make) -> None:
    """Audit, feedback, turns and inbox rows before a date go; what is open or younger stays."""
    old, young = keep(store, message(chat="1"), 10), keep(store, message(chat="2"), 1000)
    for row in store.claim("me", ["telegram"], 2, now=1000, lease=10):
        now = 10.0 if row.turn == old else 1000.0
        store.begin_sending("me", row, make_answer("问"), now=now, lease=10)
        with store.write() as connection:
            store.finish(connection, "me", row.turn, "answered", now=now)
            write_audit(connection, entry(row.turn, now))
    waiting = keep(store, message(chat="3"), 5)
    assert prune(store, before=500) == 1
    assert [e.turn for e in read_audit(store, Wanted())] == [young]
    assert store.find_turn(old) is None
    assert store.find_turn(young) is not None
    assert [row.turn for row in store.claim("me", ["telegram"], 9, now=1000, lease=10)] == [waiting]


def test_a_number_is_never_used_again(store: Store, message: Make) -> None:
    """A button of a pruned answer can't show another person's answer."""
    turn = keep(store, message())
    store.claim("me", ["telegram"], 1, now=100, lease=10)
    finish(store, "me", turn)
    prune(store, before=1e9)
    assert keep(store, message()) > turn


def test_the_migrations_make_the_tables(store: Store) -> None:
    """What the migrations made and what the code expects are the same."""
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    script = ScriptDirectory(str(Path(bot.migrations.__file__).parent))
    assert script.get_heads() == [bot.migrations.HEAD]


def test_many_open_an_empty_database_at_once(database_url: str) -> None:
    """Processes that start together make the schema once."""
    with ThreadPoolExecutor(4) as pool:
        for opened in pool.map(lambda _: open_store(database_url), range(4)):
            assert opened.waiting() == 0
            opened.close()


def test_the_schema_goes_back(database_url: str) -> None:
    """Every step of the schema can be undone."""
    from alembic import command
    from alembic.config import Config

    opened = open_store(database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(bot.migrations.__file__).parent))
    with opened.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert not connection.execute(text("SELECT count(*) FROM alembic_version")).scalar()
    opened.close()


def test_nothing_secret_in_an_error() -> None:
    """A database that can't be reached is a StoreError that does not tell the password."""
    with pytest.raises(StoreError) as raised:
        open_store("postgresql://someone:hunter2@127.0.0.1:9/none", timeout=2)
    assert "hunter2" not in f"{raised.value} {raised.value!r}"
    for bad in ("nonsense", "mysql://a/b"):
        with pytest.raises(ConfigurationError):
            open_store(bad)


def test_a_locked_database_is_a_store_error(tmp_path: Path, message: Make) -> None:
    """Who can't get the lock in time hears so, and nothing is kept; afterwards it works again."""
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}", timeout=0.2)
    other = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with other.write(), pytest.raises(StoreError):
        keep(opened, message())
    assert opened.waiting() == 0
    assert keep(opened, message())


def test_a_full_disk_is_a_store_error(sqlite_store: Store, message: Make) -> None:
    """What does not fit is not kept, and says so; what was kept before is still there."""
    keep(sqlite_store, message())
    with sqlite_store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    sqlite_store.engine.dispose()
    from sqlalchemy import event

    event.listen(sqlite_store.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages}"))
    big = message("长" * 100_000)
    with pytest.raises(StoreError):
        keep(sqlite_store, big)
    assert sqlite_store.waiting() == 1


def test_files_are_private(tmp_path: Path) -> None:
    """Database and key are readable by their owner alone; the key stays the same."""
    open_store(f"sqlite:///{tmp_path / 'deep' / 'store.db'}").close()
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(tmp_path), range(16)))
    assert len(keys) == 1
    for path in (tmp_path / "deep" / "store.db", tmp_path / "hash.key"):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep", "hash.key"]


def test_pseudonyms_keep_kinds_apart(message: Make) -> None:
    """The same id as person, group and chat gives three names; another key gives others; a platform's channels agree on a person."""
    assert len({NAMES.user("telegram", "7"), NAMES.group("telegram", "7"), NAMES.chat("telegram", "7")}) == 3
    assert NAMES.user("wecom-app", "z") == NAMES.user("wecom-bot", "z") != NAMES.user("telegram", "z")
    assert NAMES.user("telegram", "7") != Pseudonyms(b"other").user("telegram", "7")
    assert NAMES.keys(message(chat="7", user="8")).session != NAMES.keys(message(chat="7", user="9")).session
