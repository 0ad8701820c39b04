"""Manifest and sources: what is wrong is said in one sentence, before anything is parsed."""

import hashlib
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus, read_sources
from rag.errors import CorpusError

MANIFEST = """
[[document]]
id = "x"
kind = "rules"
title = "条例"
short_title = "条例"
issuer = "某市"
status = "in_force"
year = 2020
source = "x.txt"
sha256 = "{sha256}"
"""


def make(folder: Path, manifest: str, text: str = "第一条 试行。\n") -> Path:
    (folder / "sources").mkdir()
    (folder / "sources" / "x.txt").write_text(text, encoding="utf-8")
    (folder / "manifest.toml").write_text(manifest.format(sha256=hashlib.sha256(text.encode()).hexdigest()), encoding="utf-8")
    return folder


def test_reads_a_source(tmp_path: Path) -> None:
    """A manifest entry without start and end takes the whole file."""
    (source,) = read_sources(read_corpus(make(tmp_path, MANIFEST)))
    assert (source.text, source.base) == ("第一条 试行。\n", 0)


def test_changed_byte(tmp_path: Path) -> None:
    """One changed byte of a source is noticed."""
    corpus = read_corpus(make(tmp_path, MANIFEST))
    (tmp_path / "sources" / "x.txt").write_text("第一条 施行。\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="校验和不一致"):
        read_sources(corpus)


def test_missing_file(tmp_path: Path) -> None:
    """A source that is not there is named."""
    corpus = read_corpus(make(tmp_path, MANIFEST))
    (tmp_path / "sources" / "x.txt").unlink()
    with pytest.raises(CorpusError, match=r"缺少原文文件 x\.txt"):
        read_sources(corpus)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("[[document", "格式有误"),
        ("", "document"),
        (MANIFEST.replace('kind = "rules"', 'kind = "poem"'), "kind"),
        (MANIFEST.replace("year = 2020", ""), "year"),
        (MANIFEST + 'colour = "red"\n', "colour"),
        (MANIFEST + MANIFEST, "重复"),
    ],
)
def test_bad_manifest(tmp_path: Path, manifest: str, message: str) -> None:
    """A manifest that is not TOML, lacks a field or has one too many is refused with the field's name."""
    with pytest.raises(CorpusError, match=message):
        read_corpus(make(tmp_path, manifest))


def test_missing_start(tmp_path: Path) -> None:
    """A start line that the source does not have is named."""
    corpus = read_corpus(make(tmp_path, MANIFEST + 'starts_with = "第九章"\n'))
    with pytest.raises(CorpusError, match="第九章"):
        read_sources(corpus)
