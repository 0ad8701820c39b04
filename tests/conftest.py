"""What all tests share: no outside connection, one converted model, one small corpus and the real one."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from rag.assistant import Assistant

ROOT = Path(__file__).resolve().parent.parent
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def _no_outside_connection() -> Iterator[None]:
    """A test that reaches for the network fails, even inside a retry loop."""
    patch = pytest.MonkeyPatch()
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(family: int, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(_LOOPBACK):
            pytest.fail(f"a test opened a connection to {host}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *rest: Any, **named: Any) -> Any:
        if host is not None and not str(host).startswith(_LOOPBACK):
            pytest.fail(f"a test looked up {host}")
        return resolve(host, *rest, **named)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_resolve)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def model_dir(shared_dir: Path) -> Path:
    """A data folder with the converted model in it."""
    from rag.search.e5 import ensure_model

    ensure_model(shared_dir, "fp32")
    return shared_dir


@pytest.fixture
def data_dir(tmp_path: Path, model_dir: Path) -> Path:
    """An empty data folder that has the model already."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "model").symlink_to(model_dir / "model")
    return folder


@pytest.fixture(scope="session")
def real_data(model_dir: Path) -> Path:
    """A data folder with the index of the real corpus, built once a run."""
    from rag.documents.sources import read_corpus
    from rag.search.embedding import E5Embedder
    from rag.search.index import build_index

    with FileLock(str(model_dir / "real.lock")):
        build_index(read_corpus(ROOT / "corpus"), E5Embedder(model_dir), model_dir)
    return model_dir


RULES = """某市会议管理办法

第一章  总则

第一条 为了规范会议管理,制定本办法。

第二条 市政府常务会议每周召开一次,由市长召集和主持。

第二章  请假

第三条 参会人员不能到会的,应当提前2个工作日向办公室请假。

第四条 办公室负责下列工作:

(一)通知会议;

(二)印发纪要,纪要应当在会后5个工作日内印发。

第五条 本办法自2020年7月1日起施行。
"""

MANIFEST = """
[[document]]
id = "meeting-rules"
kind = "rules"
title = "某市会议管理办法"
short_title = "会议办法"
document_number = "某政发〔2020〕1号"
issuer = "某市人民政府"
issued = "2020-06-01"
status = "in_force"
year = 2020
source = "meeting.txt"
sha256 = "{sha256}"
expect = {{ chapters = 2, articles = 5, items = {{ "4" = 2 }} }}
"""


def write_small_corpus(folder: Path) -> Path:
    """A corpus of one short document."""
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "meeting.txt").write_text(RULES, encoding="utf-8")
    (folder / "manifest.toml").write_text(MANIFEST.format(sha256=hashlib.sha256(RULES.encode()).hexdigest()), encoding="utf-8")
    return folder


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """A corpus of one short document, to be changed at will."""
    return write_small_corpus(tmp_path / "corpus")


def open_extractive(corpus: Path, data: Path) -> Assistant:
    """An assistant that answers with extracts, whatever the developer's machine has set."""
    from rag.assistant import open_assistant
    from rag.settings import Settings

    return open_assistant(Settings.load(corpus_dir=corpus, data_dir=data, chroma_url=None, embedding_model=None), chat=False)


@pytest.fixture(scope="session")
def small_assistant(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant of the small corpus."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "model").symlink_to(model_dir / "model")
    return open_extractive(write_small_corpus(folder / "corpus"), folder)


@pytest.fixture(scope="session")
def real_assistant(real_data: Path) -> Assistant:
    """An assistant of the real corpus."""
    return open_extractive(ROOT / "corpus", real_data)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's machine reaches the test."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for name in {line.split("=")[0] for line in example if line and not line.startswith("#")}:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ningwen() -> str:
    """The installed command."""
    found = shutil.which("ningwen", path=f"{ROOT / '.venv' / 'bin'}:{os.environ.get('PATH', '')}")
    assert found is not None, "the project is not installed"
    return found
