"""corpus/manifest.toml and the files under corpus/sources → Sources.

A source is never edited: its checksum is compared before a character of it is used.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated

from rag.errors import CorpusError
from rag.records import DocumentEntry, Source


@validated(config=ConfigDict(extra="forbid"), frozen=True)
class _Manifest:
    document: tuple[DocumentEntry, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The manifest, read and checked for form; ``fingerprint`` covers manifest and source checksums."""

    folder: Path
    entries: tuple[DocumentEntry, ...]
    fingerprint: str


def read_corpus(folder: Path) -> Corpus:
    """Read ``folder``/manifest.toml. Raises CorpusError with the field that is wrong."""
    path = folder / "manifest.toml"
    try:
        raw = path.read_bytes()
        tree = tomllib.loads(raw.decode("utf-8"))
        manifest = TypeAdapter(_Manifest).validate_python(tree)
    except OSError as error:
        raise CorpusError(f"读不到文件清单 {path.name}：{_reason(error)}。", detail=str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"文件清单 {path.name} 格式有误，无法解析。", detail=str(error)) from error
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise CorpusError(f"文件清单 {path.name} 中 {where} 一项缺失或有误。", detail=str(error)) from error
    entries = manifest.document
    if not entries:
        raise CorpusError("文件清单里没有任何文件。")
    names = [entry.id for entry in entries]
    if duplicated := sorted({name for name in names if names.count(name) > 1}):
        raise CorpusError(f"文件清单里有重复的文件标识：{'、'.join(duplicated)}。")
    return Corpus(folder, entries, hashlib.sha256(raw).hexdigest()[:16])


def read_sources(corpus: Corpus) -> tuple[Source, ...]:
    """The stretch of text of every entry. Raises CorpusError when a file is missing or has changed."""
    files: dict[str, str] = {}
    sources = []
    for entry in corpus.entries:
        if entry.source not in files:
            files[entry.source] = _read_file(corpus.folder / "sources" / entry.source, entry.sha256)
        sources.append(_cut(entry, files[entry.source]))
    return tuple(sources)


def _read_file(path: Path, sha256: str) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"缺少原文文件 {path.name}：{_reason(error)}。", detail=str(error)) from error
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise CorpusError(f"原文文件 {path.name} 与清单登记的校验和不一致，内容可能被改动。")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"原文文件 {path.name} 不是 UTF-8 编码。", detail=str(error)) from error


def _cut(entry: DocumentEntry, text: str) -> Source:
    start = 0 if entry.starts_with is None else _find_line(text, entry.starts_with, 0)
    if start < 0:
        raise CorpusError(f"在 {entry.source} 中找不到《{entry.title}》的开头「{entry.starts_with}」。")
    end = len(text) if entry.ends_before is None else _find_line(text, entry.ends_before, start + 1)
    if end < 0:
        raise CorpusError(f"在 {entry.source} 中找不到《{entry.title}》之后的「{entry.ends_before}」。")
    return Source(entry, text[start:end], start)


def _find_line(text: str, wanted: str, begin: int) -> int:
    """Offset of the first line from ``begin`` on that equals ``wanted`` but for blanks; -1 if none."""
    offset = 0
    for line in text.splitlines(keepends=True):
        if offset >= begin and "".join(line.split()) == wanted:
            return offset
        offset += len(line)
    return -1


def _reason(error: OSError) -> str:
    return {2: "文件不存在", 13: "没有读取权限"}.get(error.errno or 0, "读取失败")
