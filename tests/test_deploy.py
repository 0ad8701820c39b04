"""What the deployment guide names exists, and what it tells to do works: without network, and back from a backup."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot import metrics
from bot.records import Message
from bot.service import Service
from bot.store import Store, open_store
from bot.wecom.run import APP_PATH, BOT_PATH
from tests.test_packaging import OFFLINE, build_wheel
from tests.test_project import settings_variables

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "docs" / "deploy.md", ROOT / "docs" / "wecom.md"]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(guide: Path) -> None:
    """Links and paths lead somewhere."""
    text = guide.read_text(encoding="utf-8")
    links = [guide.parent / link for link in re.findall(r"\]\(([^)#:]+)\)", text)]
    paths = [ROOT / name for name in re.findall(r"\b((?:deploy|docs|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_/])", text)]
    made = {ROOT / "deploy" / "postgres.env"}  # by whoever follows the guide
    assert [path for path in links + paths if path not in made and not path.exists()] == []
    assert len(links + paths) >= 2


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(guide: Path) -> None:
    """Whatever looks like a variable is one."""
    named = set(re.findall(r"\b((?:NINGWEN|WECOM|TELEGRAM|HTTP|DATABASE|ALLOWED|AUDIT|LOG)_[A-Z_]+)\b", guide.read_text(encoding="utf-8")))
    assert named - settings_variables() == set()
    assert named


def test_every_metric_that_is_named_exists() -> None:
    """The table of metrics is what /metrics shows."""
    shown = metrics.exposition().decode()
    named = set(re.findall(r"`(ningwen_[a-z_]+)", GUIDES[0].read_text(encoding="utf-8")))
    known = set(re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE))
    assert named
    assert named <= known


def test_the_guide_speaks_both_languages() -> None:
    """Chinese first, English after."""
    for guide in GUIDES:
        chinese, english = guide.read_text(encoding="utf-8").split("## English")
        assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) > 500
        assert len(re.findall(r"[a-z]{3,}", english)) > 150


@pytest.mark.parametrize("name", ["telegram", "wecom"])
def test_units_start_what_there_is(name: str) -> None:
    """A unit starts its own command from where the installation puts it."""
    unit = (ROOT / "deploy" / f"ningwen-{name}.service").read_text(encoding="utf-8")
    assert f"ExecStart=/opt/ningwen/current/bin/ningwen {name}\n" in unit
    assert "WantedBy=multi-user.target" in unit


def test_compose_and_proxy_name_what_there_is() -> None:
    """Files, commands and addresses in them are those of the program."""
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    assert (ROOT / "deploy" / compose["x-bot"]["build"]["context"] / compose["x-bot"]["build"]["dockerfile"]).resolve().exists()
    assert {name: service["command"] for name, service in compose["services"].items() if "command" in service} == {
        "wecom": ["wecom"],
        "telegram": ["telegram"],
    }
    assert set(compose["services"]["wecom"]["environment"]) <= settings_variables()
    pattern = re.search(r"location ~ (\S+) ", (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8"))
    assert pattern is not None
    assert all(re.search(pattern[1], path) for path in (APP_PATH, BOT_PATH))
    assert not any(re.search(pattern[1], path) for path in ("/metrics", "/healthz", "/readyz", "/wecom/app/x"))
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert all((ROOT / name).exists() for names in copied for name in names.split())


def shell(script: Path, *arguments: Path | str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return subprocess.run(
        ["sh", str(script), *map(str, arguments)], cwd=cwd, env={**kept, "HOME": str(cwd), **environment}, capture_output=True, text=True,
        check=False, timeout=900,
    )  # fmt: skip


def keep(store: Store, data: Path, number: int) -> None:
    from bot.access import Access
    from bot.settings import BotSettings

    settings = BotSettings.load(data_dir=data, allowed_users=("wecom:*",))
    service = Service(store, lambda: 1 / 0, Access.open(store, settings), settings, [])  # type: ignore[arg-type, return-value]
    service._keep(Message("wecom-app", f"m{number}", "u", "u", f"问{number}", 0.0))


def test_backup_and_restore(clean_environment: None, tmp_path: Path) -> None:
    """A backup made while the database is written to brings back what was kept by then, and the key with it."""
    data = tmp_path / "data"
    data.mkdir()
    store = open_store(f"sqlite:///{data / 'ningwen.db'}")
    keep(store, data, 1)
    with store.read():
        done = shell(ROOT / "deploy" / "backup.sh", tmp_path / "backups", cwd=tmp_path, NINGWEN_DATA_DIR=str(data), PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    backup, key = Path(done.stdout.strip()), (data / "hash.key").read_bytes()
    assert backup.stat().st_mode & 0o077 == 0
    keep(store, data, 2)
    assert store.waiting() == 2
    store.close()
    shutil.rmtree(data)
    done = shell(ROOT / "deploy" / "restore.sh", backup, cwd=tmp_path, NINGWEN_DATA_DIR=str(data))
    assert done.returncode == 0, done.stderr
    restored = open_store(f"sqlite:///{data / 'ningwen.db'}")
    assert restored.waiting() == 1
    assert (data / "hash.key").read_bytes() == key
    keep(restored, data, 1)
    assert restored.waiting() == 1
    restored.close()


def test_backup_by_the_settings_file(clean_environment: None, tmp_path: Path) -> None:
    """The address of the database may stand in .env alone."""
    store = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    store.close()
    (tmp_path / ".env").write_text(f"DATABASE_URL=sqlite:///{tmp_path / 'other.db'}\n", encoding="utf-8")
    done = shell(ROOT / "deploy" / "backup.sh", "backups", cwd=tmp_path, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip() / "ningwen.db").exists()


def test_a_database_that_is_not_there_is_no_backup(clean_environment: None, tmp_path: Path) -> None:
    """Nothing is backed up in silence."""
    done = shell(ROOT / "deploy" / "backup.sh", "backups", cwd=tmp_path, NINGWEN_DATA_DIR=str(tmp_path / "none"), PYTHON=sys.executable)
    assert done.returncode != 0


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_an_installation_without_network(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """The folder of make bundle installs where nothing outside can be reached, and the program starts; a changed file is found."""
    bundle, wheel = tmp_path / "bundle", build_wheel(tmp_path_factory)
    made = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bundle.py", wheel, bundle], capture_output=True, text=True, check=False, timeout=900
    )
    if made.returncode and "Could not find a version" in made.stderr + made.stdout:
        pytest.skip("the wheels can't be fetched here")
    assert made.returncode == 0, made.stderr
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    target = tmp_path / "opt"
    environment = {
        "PYTHON": sys.executable,
        "PYTHONPATH": str(cut),
        "PIP_NO_COMPILE": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
    }
    done = shell(bundle / "install.sh", target, cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (target / ".env").stat().st_mode & 0o077 == 0
    program = target / "current" / "bin" / "ningwen"
    inside = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(cut)}
    for word, code in (("corpus", 0), ("wecom", 2), ("telegram", 2)):
        started = subprocess.run([program, word], cwd=target, env=inside, capture_output=True, text=True, check=False, timeout=120)
        assert started.returncode == code, started.stderr
    (bundle / "requirements.txt").write_text("changed", encoding="utf-8")
    again = shell(bundle / "install.sh", target, cwd=tmp_path, **environment)
    assert again.returncode != 0
    assert len(list((target / "releases").iterdir())) == 1
