"""Other people's documents as a corpus: each text of a folder parsed as a document of the library would be."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rag.documents.outline import parse
from rag.documents.passages import split_passages
from rag.errors import NingwenError
from rag.records import Document, DocumentEntry, Kind, Source
from rag.search.known import FILE as KNOWN
from rag.search.snapshot import Snapshot

_ARTICLE = re.compile(r"^[#*\s]*第[一二三四五六七八九十百零〇]+条", re.MULTILINE)
_NUMBER = re.compile(r"[\u4e00-\u9fff]{1,8}(?:〔|\[|［|（)\d{4}(?:〕|\]|］|）)\d+号")
_WRAPPING = re.compile(r"^(?:国务院办公厅|国务院|.{2,12}人民政府(?:办公厅)?)?关于(?:印发|发布)?|的?(?:通知|批复|意见)$")
_KINDS: tuple[Kind, ...] = ("rules", "plan", "report")
_WRITTEN = ("id", "kind", "title", "short_title", "document_number", "issuer", "status", "year", "source", "sha256")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})年")


def kind_of(text: str, collection: str) -> Kind:
    """The shape of a document: articles, a report's parts, or a notice's."""
    if collection == "work-reports":
        return "report"
    if len(_ARTICLE.findall(text)) >= 3:
        return "rules"
    return "plan" if collection == "govcn" or re.search(r"^\s*[(（]一[)）]", text, re.MULTILINE) else "rules"


def read_document(name: str, title: str, text: str, collection: str) -> Document | None:
    """One text parsed; None where nothing of the expected shape is found."""
    years = _YEAR.findall(text[:600]) or _YEAR.findall(text)
    number = _NUMBER.search(text[:400])
    short = _WRAPPING.sub("", title) if len(title) > 16 else title
    entry = DocumentEntry(
        id=name, kind=kind_of(text, collection), title=title, short_title=short or title, source=f"{name}.txt",
        sha256=hashlib.sha256(text.encode()).hexdigest(), issuer="", status="in_force", year=int(years[0]) if years else 2024,
        document_number=number[0] if number else None,
    )  # fmt: skip
    for kind in (entry.kind, *(other for other in _KINDS if other != entry.kind)):
        try:
            return replace(parse(Source(replace(entry, kind=kind), text, 0)), offsets=())
        except NingwenError:
            continue
    return None


def read_texts(folder: Path, only: Collection[str] | None = None) -> Iterator[tuple[Document, str]]:
    """The documents of ``folder``/texts.json that can be parsed, with their texts; of those named ``only``, where it is given."""
    for row in json.loads((folder / "texts.json").read_text(encoding="utf-8")):
        name = row["file"].partition(".")[0]
        if only is not None and name not in only:
            continue
        text = (folder / "texts" / row["file"]).read_text(encoding="utf-8")
        if document := read_document(name, row["title"], text, row["set"]):
            yield document, text


def read_collection(folder: Path) -> Snapshot:
    """Every text of ``folder``/texts.json that can be parsed, as one snapshot."""
    documents = [document for document, _ in read_texts(folder)]
    return Snapshot(tuple(documents), split_passages(documents))


def write_library(into: Path, corpora: Sequence[Path], texts: Iterable[tuple[Document, str]] = ()) -> Path:
    """Write a corpus folder that holds the documents of other corpus folders and of ``read_texts``; returns ``into``.

    The same documents give the same manifest, so an index that was built of it is found again.
    """
    sources = into / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    manifest = []
    for corpus in corpora:
        manifest.append((corpus / "manifest.toml").read_text(encoding="utf-8"))
        for path in sorted((corpus / "sources").iterdir()):
            shutil.copyfile(path, sources / path.name)
        if (corpus / KNOWN).is_file():  # one of them at most: the shipped one
            shutil.copyfile(corpus / KNOWN, into / KNOWN)
    for document, text in texts:
        manifest.append(_entry(document.entry))
        (sources / document.entry.source).write_bytes(text.encode())
    (into / "manifest.toml").write_text("\n".join(manifest), encoding="utf-8")
    return into


def _entry(entry: DocumentEntry) -> str:
    """An entry of the manifest; JSON's strings and numbers are TOML's."""
    named = {name: value for name in _WRITTEN if (value := getattr(entry, name)) is not None}
    return "[[document]]\n" + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in named.items())
