"""Small libraries: documents of a few articles each, written for a test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from rag.documents.sources import read_corpus
from rag.search.snapshot import Snapshot, read_snapshot

MEETING = """某市会议管理办法

第一条 市政府常务会议每周召开一次,由市长召集和主持。

第二条 参会人员不能到会的,应当提前2个工作日向办公室请假。

第三条 办公室负责下列工作:

(一)通知会议;

(二)印发纪要,纪要应当在会后5个工作日内印发。
"""

LEAVE = """某市工作人员休假规定

第一条 工作人员每年可以休假15天。

第二条 休假应当提前10个工作日提出申请,由所在单位批准。
"""

_ENTRY = """
[[document]]
id = "{id}"
kind = "rules"
title = "{title}"
short_title = "{title}"
issuer = "某市人民政府"
status = "in_force"
year = 2020
source = "{id}.txt"
sha256 = "{sha256}"
"""


def write_corpus(folder: Path, texts: Mapping[str, str]) -> Path:
    """A corpus of rules, each a text by its id; its first line is its title."""
    (folder / "sources").mkdir(parents=True)
    manifest = ""
    for name, text in texts.items():
        (folder / "sources" / f"{name}.txt").write_bytes(text.encode())
        manifest += _ENTRY.format(id=name, title=text.split("\n", 1)[0], sha256=hashlib.sha256(text.encode()).hexdigest())
    (folder / "manifest.toml").write_text(manifest, encoding="utf-8")
    return folder


def two_documents(folder: Path) -> Path:
    """Rules for meetings and rules for leave: two documents that speak of the same things in their own ways."""
    return write_corpus(folder, {"meeting-rules": MEETING, "leave-rules": LEAVE})


def read_library(folder: Path, texts: Mapping[str, str]) -> Snapshot:
    """The snapshot of such a corpus."""
    return read_snapshot(read_corpus(write_corpus(folder, texts)))
