"""Prompts are files with exactly their declared fields; text from people and documents is neutralised before it enters one."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.errors import ConfigurationError
from rag.language.text import clean

FOLDER = Path(__file__).resolve().parents[2] / "prompts"

FIELDS: dict[str, frozenset[str]] = {
    "answer": frozenset({"key", "not_stated", "shape"}),
    "claim-support": frozenset({"quote", "statement"}),
    "passage": frozenset({"key", "place", "status", "text", "year"}),
    "question": frozenset({"passages", "question", "years"}),
    "rewrite": frozenset({"history", "question"}),
    "shape-compare": frozenset(),
    "shape-fact": frozenset(),
    "shape-list": frozenset(),
    "shape-procedure": frozenset(),
    "shape-table": frozenset(),
}
"""The prompts and the fields that each has, no more and no fewer."""

_DELIMITERS = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "ˋ", "|": "｜"})


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt with named fields."""

    name: str
    text: str

    def fill(self, **values: str) -> str:
        """The text with its fields filled; the values are taken as they are. Raises KeyError unless all and only its fields are given."""
        if values.keys() != FIELDS[self.name]:
            raise KeyError(f"{self.name} has the fields {sorted(FIELDS[self.name])}, not {sorted(values)}")
        return self.text.format_map(values)


@cache
def load_template(name: str, folder: Path = FOLDER) -> Template:
    """Read a prompt. Raises ConfigurationError when it is missing or has other fields than declared."""
    try:
        text = (folder / f"{name}.md").read_text(encoding="utf-8").strip()
        found = frozenset(field for _, field, _, _ in string.Formatter().parse(text) if field is not None)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"提示词文件 {name}.md 无法读取。", detail=repr(error)) from error
    if found != FIELDS[name]:
        raise ConfigurationError(f"提示词文件 {name}.md 的字段与声明不一致。", detail=f"{sorted(found)} instead of {sorted(FIELDS[name])}")
    return Template(name, text)


def neutralise(text: str) -> str:
    """Text that can't be taken for a delimiter of a prompt or for a chat template's mark; equal in matching form to a reader."""
    return re.sub(r"={3,}|-{3,}|#{2,}", lambda match: "—" * 2, clean(text)).translate(_DELIMITERS)
