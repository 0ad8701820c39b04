"""Prompts have exactly their declared fields, and nobody's text can leave the place it is put in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rag.answering.templates import FIELDS, FOLDER, load_template, neutralise
from rag.errors import ConfigurationError
from rag.language.text import matching_form


def test_every_file_is_declared() -> None:
    """The folder holds the declared prompts and no others, each with exactly its fields."""
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(FIELDS)
    for name in FIELDS:
        load_template(name)


def test_the_table_says_what_the_code_says() -> None:
    """README.md names every prompt with its fields."""
    rows = re.findall(r"^\| ([a-z-]+)\.md \|([^|]*)\|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: frozenset(re.findall(r"\w+", fields)) for name, fields in rows} == FIELDS


@pytest.mark.parametrize("text", ["{quote} alone", "{quote} {statement} {surplus}", "{quote} {statement", "{} {quote}"])
def test_other_fields_fail_at_load(tmp_path: Path, text: str) -> None:
    """A missing, a surplus, a broken and a nameless placeholder are errors with a sentence."""
    (tmp_path / "claim-support.md").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"claim-support\.md"):
        load_template("claim-support", tmp_path)


def test_a_missing_file_fails_at_load(tmp_path: Path) -> None:
    """A prompt that is not there is an error with a sentence."""
    with pytest.raises(ConfigurationError, match=r"rewrite\.md"):
        load_template("rewrite", tmp_path)


def test_filling_wants_all_fields() -> None:
    """A field left out or one too many is a mistake of the program."""
    with pytest.raises(KeyError):
        load_template("claim-support").fill(quote="x")
    with pytest.raises(KeyError):
        load_template("claim-support").fill(quote="x", statement="y", more="z")


def test_braces_in_a_value_stay() -> None:
    """Text with braces is text, not a field."""
    assert "{statement}" in load_template("claim-support").fill(quote="{statement}", statement="x")


@given(some.text(alphabet=some.sampled_from("<>[]`|#-=资料键 a/\"\n\u202e"), max_size=60))
def test_no_delimiter_is_left(text: str) -> None:
    """No bracket, fence, rule or direction mark of a prompt comes through."""
    assert not re.search(r"[<>\[\]`|\u202e]|#{2}|-{3}|={3}", neutralise(text))


def test_neutralised_text_reads_the_same() -> None:
    """A quote that a model copies from the prompt still matches the document."""
    text = "[责任单位:民航宁夏监管局] 质量<98%"
    assert matching_form(neutralise(text)) == matching_form(text)
