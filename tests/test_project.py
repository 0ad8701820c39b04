"""The files around the code say what the code says."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import os
import re
import shutil
import socket
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic_settings import BaseSettings

ROOT = Path(__file__).parents[1]
REGISTRY = re.compile(r"--(extra-)?index-url|--find-links|://")


def settings_variables() -> set[str]:
    """Name the environment variables of every settings class."""
    names: set[str] = set()
    for module in ("rag.settings", "bot.settings"):
        if importlib.util.find_spec(module) is None:
            continue
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == module:
                names.update(field.alias or name.upper() for name, field in value.model_fields.items())
    return names


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def test_every_setting_is_in_the_example() -> None:
    """.env.example names exactly the variables that the settings read, each once."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert len(named) == len(set(named))
    assert set(named) == settings_variables()


def test_the_example_explains_every_setting() -> None:
    """The line above a variable says in Chinese and in English what it is for."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if line and not line.startswith("#"):
            assert re.fullmatch(r"# .*[\u4e00-\u9fff].* · [A-Z].*", above), line


def test_the_example_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example, copied as it is, leaves every default in force."""
    from rag.settings import Settings

    for name in settings_variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    default = Settings.load()
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    assert Settings.load() == default


def test_the_lock_is_in_step() -> None:
    """Every dependency is pinned in the lock, with hashes, at a version that pyproject.toml allows."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+).*\\\n +--hash=sha256:", lock, re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    assert len(re.findall(r"^[A-Za-z0-9]", lock, re.MULTILINE)) == sum(map(len, pins.values()))
    declared = project()
    optional = [line for lines in declared["optional-dependencies"].values() for line in lines]
    for line in [*declared["dependencies"], *optional]:
        requirement = Requirement(line)
        if requirement.name == declared["name"]:
            continue  # one extra includes another
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not locked: run make lock"
        assert all(requirement.specifier.contains(version) for version in versions), f"{line}: run make lock"


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "Makefile", ".ci/run"])
def test_no_registry_is_named(name: str) -> None:
    """Where packages come from is the business of the machine, not of the project."""
    assert not REGISTRY.search((ROOT / name).read_text(encoding="utf-8"))


def test_ci_is_executable() -> None:
    """.ci/run can be started as it is."""
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.fixture
def make_ask(tmp_path: Path):
    """`make ask` with a program in place of ningwen that prints its arguments and ends with a given code."""
    program = tmp_path / ".venv/bin/ningwen"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor word in "$@"; do printf "[%s]" "$word"; done\nexit $CODE\n')
    program.chmod(0o755)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv/.installed").touch()
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "Q"))}

    def run(*words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--no-print-directory", "ask", *words],
            cwd=tmp_path, env={**outside, "CODE": str(code), **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


HOSTILE = "\"引号\" 'q' `touch made` $(touch made) $$HOME ${HOME} $(shell touch made) \\ ; # %"


@pytest.mark.parametrize("question", ["常务会议一般多久开一次?", "--help", "两行\n问题", HOSTILE])
@pytest.mark.parametrize("given_as", ["argument", "environment"])
def test_make_ask_passes_any_question(make_ask, tmp_path: Path, question: str, given_as: str) -> None:
    """The question reaches the program as it was typed, and nothing in it is carried out."""
    done = make_ask(f"Q={question}") if given_as == "argument" else make_ask(Q=question)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"[ask][--][{question}]", "")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("question", ["", "   "])
def test_make_ask_wants_a_question(make_ask, question: str) -> None:
    """Without a question there is a sentence that shows how to ask one."""
    done = make_ask(f"Q={question}")
    assert done.returncode == 2
    assert "请给出问题" in done.stderr
    assert done.stdout == ""


def test_a_refusal_is_no_error_of_make(make_ask) -> None:
    """Exit code 3 is an answer: the documents do not say."""
    done = make_ask("Q=x", code=3)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_an_error_of_make(make_ask) -> None:
    """Exit code 2 stays a failure."""
    assert make_ask("Q=x", code=2).returncode == 2


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
@pytest.mark.parametrize("verb", ["connect", "connect_ex"])
def test_an_outside_connection_fails_the_test(address: tuple[str, int], verb: str) -> None:
    """No test reaches another machine, and no ``except Exception`` of a retry loop hides that it tried."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    def try_again() -> None:
        with socket.socket(family) as sock, contextlib.suppress(Exception):
            getattr(sock, verb)(address)

    with pytest.raises(pytest.fail.Exception, match=re.escape(address[0])):
        try_again()


def test_a_look_up_fails_the_test() -> None:
    """Asking for another machine's address is a connection too."""
    with pytest.raises(pytest.fail.Exception, match=r"host\.invalid"):
        socket.create_connection(("host.invalid", 80))


def test_this_machine_can_be_reached() -> None:
    """A server on the loopback address is within reach, by number and by name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port), timeout=5).close()
