"""docs/evaluation.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evals.cases import lint, read_cases
from evals.cli import app
from evals.gate import read_gate
from evals.measures import NAMES
from tests.stand_ins.gold import snapshot

TEXT = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[0]


def test_every_measure_is_explained() -> None:
    """The table of measures names all of them and no other."""
    table = TEXT[TEXT.index("## Measures") : TEXT.index("## The gate")]
    named = [name for line in table.splitlines() if line.startswith("| `") for name in re.findall(r"`([^`]+)`", line.split("|")[1])]
    assert named == [name for name in named if name in NAMES]
    assert set(named) == set(NAMES)


def test_every_command_is_listed() -> None:
    """The list at the top has the commands there are."""
    listed = set(re.findall(r"^ningwen eval (\w+)", block(""), re.MULTILINE))
    assert listed == {command.name for command in app.registered_commands}


def test_the_example_of_a_gate_is_one(tmp_path: Path) -> None:
    """What is shown as gate.toml is read as one."""
    path = tmp_path / "gate.toml"
    path.write_text(block("toml"), encoding="utf-8")
    assert read_gate(path).latency["extractive"].p95_ms == 1000


def test_the_example_of_a_case_is_one(tmp_path: Path) -> None:
    """What is shown as a case holds against the documents."""
    path = tmp_path / "gold.jsonl"
    path.write_text(block("json").replace("\n", " "), encoding="utf-8")
    assert lint(read_cases([path]), snapshot()) == []


@pytest.mark.parametrize("option", ["--gold", "--split", "--out", "--workers", "--mode", "--judge"])
def test_options_exist(option: str) -> None:
    """Options of a run that the text names are options of the command."""
    from typer.main import get_command

    command = get_command(app).commands["run"]  # type: ignore[attr-defined]
    assert option in TEXT
    assert any(option in parameter.opts for parameter in command.params)
