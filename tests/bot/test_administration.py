"""``ningwen access``, ``audit`` and ``doctor``: what an administrator types, and the one line that comes back."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from bot import texts
from bot.audit_cli import COLUMNS, flatten, write_csv
from bot.doctor import Finding, examine
from bot.grants import pairing_code
from bot.ledger import write_audit
from bot.pseudonyms import Pseudonyms, load_key
from bot.records import AuditEntry
from bot.settings import BotSettings
from bot.store import open_store
from rag.errors import ConfigurationError
from rag.settings import Settings
from tests.stand_ins.process import ROOT, Program
from tests.stand_ins.telegram import TOKEN, BotApi


@pytest.fixture
def ningwen_at(tmp_path: Path) -> Program:
    """Commands on an empty data folder."""
    return Program(tmp_path, {"NINGWEN_DATA_DIR": str(tmp_path)})


def entry(turn: int, at: float, question: str = "问", status: str = "answered") -> AuditEntry:
    return AuditEntry(turn, at, "telegram", "u", False, question, status, locators=("work-rules#21",))


@pytest.mark.slow
def test_pairing_by_the_command_line(ningwen_at: Program, tmp_path: Path) -> None:
    """A code is listed, approved once, listed as granted, and revoked by number or by the person's id."""
    store = open_store(f"sqlite:///{tmp_path / 'ningwen.db'}")
    user_key = Pseudonyms(load_key(tmp_path)).user("telegram", "66")
    code = pairing_code(store, user_key, "telegram", now=time.time())
    assert code is not None
    assert pairing_code(store, user_key, "telegram", now=time.time()) == code
    assert code in ningwen_at.run("access", "list").stdout
    wrong = ningwen_at.run("access", "approve", "000000" if code != "000000" else "111111")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert ningwen_at.run("access", "approve", code, "--note", "秘书一处").returncode == 0
    assert ningwen_at.run("access", "approve", code).returncode == 2
    listed = ningwen_at.run("access", "list").stdout
    assert user_key[:12] in listed
    assert "秘书一处" in listed
    assert code not in listed
    assert ningwen_at.run("access", "revoke", "telegram:67").returncode == 2
    assert ningwen_at.run("access", "revoke", "%").returncode == 2
    assert ningwen_at.run("access", "revoke", "telegram:66").returncode == 0
    assert ningwen_at.run("access", "list").stdout.strip() == texts.ACCESS_NOBODY
    store.close()


@pytest.mark.slow
def test_audit_by_the_command_line(ningwen_at: Program, tmp_path: Path) -> None:
    """Rows are exported by date and status as CSV or JSON lines, and pruned by age."""
    store = open_store(f"sqlite:///{tmp_path / 'ningwen.db'}")
    old = time.mktime((2026, 1, 31, 23, 59, 0, 0, 0, -1))
    with store.write() as connection:
        write_audit(connection, entry(1, old))
        write_audit(connection, entry(2, old + 120, status="refused"))
        write_audit(connection, entry(3, time.time()))
    store.close()
    lines = ningwen_at.run("audit", "export", "--until", "2026-01-31").stdout.splitlines()
    assert [json.loads(line)["turn"] for line in lines] == [1]
    found = ningwen_at.run("audit", "export", "--status", "refused", "--format", "csv", "-o", str(tmp_path / "a.csv"))
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8-sig")))
    assert [row["turn"] for row in rows] == ["2"]
    for bad in (["--since", "gestern"], ["-o", str(tmp_path / "none" / "a")]):
        done = ningwen_at.run("audit", "export", *bad)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "2" in ningwen_at.run("audit", "prune", "--days", "30").stdout
    assert [json.loads(line)["turn"] for line in ningwen_at.run("audit", "export").stdout.splitlines()] == [3]


def test_a_question_is_no_formula() -> None:
    """What a person typed can't run in a spreadsheet."""
    file = io.StringIO()
    assert write_csv([flatten(entry(1, 0.0, "=HYPERLINK(1)")), flatten(entry(2, 0.0, '多行\n"引号",'))], file) == 2
    rows = list(csv.reader(io.StringIO(file.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    assert [row[COLUMNS.index("question")] for row in rows[1:]] == ["'=HYPERLINK(1)", '多行\n"引号",']


def found(settings: BotSettings, rag: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(settings, rag)}


def test_the_doctor_on_a_healthy_machine(real_data: Path, tmp_path: Path, clean_environment: None) -> None:
    """Index, judge, database, token and clock are good; what is not configured is not checked."""
    with BotApi() as api:
        bot = BotSettings.load(
            data_dir=tmp_path, telegram_token=TOKEN, telegram_base_url=api.address, database=f"sqlite:///{tmp_path / 'x.db'}"
        )
        seen = found(bot, Settings.load(data_dir=real_data, corpus_dir=ROOT / "corpus"))
    names = (texts.DOCTOR_INDEX, texts.DOCTOR_JUDGE, texts.DOCTOR_DATABASE, texts.DOCTOR_MODEL, texts.DOCTOR_TELEGRAM)
    assert [seen[name].good for name in names] == [True, True, True, None, True]
    assert all(finding.good is not False for finding in seen.values())
    assert "@ning_bot" in seen[texts.DOCTOR_TELEGRAM].text


def test_the_doctor_says_what_is_wrong(tmp_path: Path, small_corpus: Path, clean_environment: None) -> None:
    """No index, no database, a closed port, a wrong token: a line each with what to do, and no secret in it."""
    rag = Settings.load(
        data_dir=tmp_path, corpus_dir=small_corpus, chat_model="m", openai_base_url="http://127.0.0.1:9/v1", openai_api_key="sk-hunter2"
    )
    with BotApi() as api:
        bot = BotSettings.load(
            data_dir=tmp_path, database="postgresql://u:hunter2@127.0.0.1:9/x", database_timeout=2.0,
            telegram_token="1:hunter2hunter2", telegram_base_url=api.address,
        )  # fmt: skip
        seen = found(bot, rag)
    assert [name for name, finding in seen.items() if finding.good is False] == [
        texts.DOCTOR_INDEX, texts.DOCTOR_DATABASE, texts.DOCTOR_MODEL, texts.DOCTOR_TELEGRAM
    ]  # fmt: skip
    assert seen[texts.DOCTOR_INDEX].text == texts.INDEX_MISSING
    assert seen[texts.DOCTOR_TELEGRAM].text == texts.BAD_TELEGRAM_TOKEN
    assert "hunter2" not in repr(seen)
    assert all("\n" not in finding.text for finding in seen.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["telegram", "access approve", "access list", "access revoke", "audit export", "audit prune", "doctor"]
)  # fmt: skip
def test_help(ningwen_at: Program, command: str) -> None:
    """Every command has help in Chinese, with an example."""
    done = ningwen_at.run(*command.split(), "--help")
    assert done.returncode == 0
    assert "例：ningwen" in done.stdout


@pytest.mark.parametrize(("name", "value"), [("ALLOWED_USERS", "123"), ("WORKERS", "0"), ("LOG_FORMAT", "xml")])
def test_a_setting_that_is_wrong_is_named(name: str, value: str, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says which variable to correct."""
    monkeypatch.setenv("ALLOWED_USERS", "telegram:1, wecom:*")
    assert BotSettings.load().allowed_users == ("telegram:1", "wecom:*")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        BotSettings.load()
