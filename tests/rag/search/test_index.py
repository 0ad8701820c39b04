"""The index on a real Chroma: what a build leaves, what a killed build leaves, who may open it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.errors import CorpusError, IndexUnavailableError, StorageError
from rag.search.embedding import E5Embedder
from rag.search.folders import is_complete, last_complete, list_indexes
from rag.search.index import build_index, fingerprint, open_index, open_named, prune, texts_to_embed
from tests.stand_ins.library import two_documents


def build(corpus: Path, data: Path, *, again: bool = False) -> str:
    return build_index(read_corpus(corpus), E5Embedder(data), data, again=again)


def touch(corpus: Path) -> None:
    """Make another corpus of a corpus, with the same documents."""
    manifest = corpus / "manifest.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "\n# looked through\n", encoding="utf-8")


def test_build_and_open(small_corpus: Path, data_dir: Path) -> None:
    """What is built can be opened and finds the nearest window and sentence to each vector, with its likeness."""
    name = build(small_corpus, data_dir)
    embedder = E5Embedder(data_dir)
    index = open_index(read_corpus(small_corpus), embedder.fingerprint, data_dir)
    assert index.fingerprint == name
    taken = index.snapshot
    windows, sentences = texts_to_embed(taken)
    asked = embedder.embed_passages([windows[1], sentences[3], "会议请假找谁?"])
    first, second, third = index.nearest(asked, len(windows) + len(sentences))
    assert first.windows[0] == (1, pytest.approx(1.0, abs=1e-3))
    assert second.sentences[0] == (3, pytest.approx(1.0, abs=1e-3))
    assert "向办公室请假" in taken.sentences[third.sentences[0][0]].text
    for near in (first, second, third):
        assert [i for i, _ in sorted(near.windows)] == list(range(len(windows)))
        assert [likeness for _, likeness in near.sentences] == sorted((x for _, x in near.sentences), reverse=True)


def test_what_the_reader_reads_is_in_the_index(small_corpus: Path, data_dir: Path) -> None:
    """The tokens of every sentence and of every window's lead, as the embedded model cuts them."""
    index = open_named(build(small_corpus, data_dir), data_dir)
    taken, embedder = index.snapshot, E5Embedder(data_dir)
    cut = [ids[1:-1] for ids in embedder.token_ids([sentence.text for sentence in taken.sentences])]
    assert [index.tokens.sentences[i] for i in range(len(taken.sentences))] == cut
    leads = [ids[1:-1] for ids in embedder.token_ids([window.lead for window in taken.windows])]
    assert [index.tokens.leads[i] for i in range(len(taken.windows))] == leads


def test_within_documents(tmp_path: Path, data_dir: Path) -> None:
    """Nothing of another document is found, however near; none named is all of them."""
    corpus = two_documents(tmp_path / "two")
    index = open_named(build(corpus, data_dir), data_dir)
    vector = E5Embedder(data_dir).embed_query("会议请假要提前几天?")[None]
    window_of = [window.unit.document for window in index.snapshot.windows]
    owner_of = [index.snapshot.passages[owner].locator.document for owner in index.snapshot.owners]
    for documents, expected in (((), {"meeting-rules", "leave-rules"}), (("leave-rules",), {"leave-rules"})):
        (near,) = index.nearest(vector, 1000, documents)
        assert {window_of[i] for i, _ in near.windows} == {owner_of[i] for i, _ in near.sentences} == expected


def test_building_twice_changes_nothing(small_corpus: Path, data_dir: Path) -> None:
    """A complete index is not touched again."""
    name = build(small_corpus, data_dir)
    before = (data_dir / "index" / name / "complete.json").stat().st_mtime_ns
    assert build(small_corpus, data_dir) == name
    assert (data_dir / "index" / name / "complete.json").stat().st_mtime_ns == before


def test_name_follows_content(small_corpus: Path) -> None:
    """Another embedder, another Chroma, another manifest or another byte of a source is another index."""
    corpus = read_corpus(small_corpus)
    names = {fingerprint(corpus, "a"), fingerprint(corpus, "b"), fingerprint(corpus, "a", chroma_url="http://127.0.0.1:8000")}
    with (small_corpus / "sources" / "meeting.txt").open("a", encoding="utf-8") as source:
        source.write("。")
    names.add(fingerprint(corpus, "a"))
    touch(small_corpus)
    names.add(fingerprint(read_corpus(small_corpus), "a"))
    assert len(names) == 5


def test_not_built(small_corpus: Path, data_dir: Path) -> None:
    """Opening what is not there is one clear sentence."""
    with pytest.raises(IndexUnavailableError, match="index build"):
        open_index(read_corpus(small_corpus), "e", data_dir)


def test_changed_source_leaves_the_previous_index(small_corpus: Path, data_dir: Path) -> None:
    """A changed byte stops the build; the index that was built before still opens."""
    name = build(small_corpus, data_dir)
    source = small_corpus / "sources" / "meeting.txt"
    source.write_text(source.read_text(encoding="utf-8").replace("每周", "每月"), encoding="utf-8")
    with pytest.raises(CorpusError, match="校验和"):
        build(small_corpus, data_dir)
    assert last_complete(data_dir) == name
    assert open_named(name, data_dir).snapshot.passages


def test_damaged_index(small_corpus: Path, data_dir: Path) -> None:
    """A damaged file is a sentence that says what to do."""
    name = build(small_corpus, data_dir)
    (data_dir / "index" / name / "snapshot.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexUnavailableError, match="重建"):
        open_named(name, data_dir)


def test_a_damaged_index_is_built_again(small_corpus: Path, data_dir: Path) -> None:
    """Asked to, a build replaces a complete index that does not open."""
    name = build(small_corpus, data_dir)
    (data_dir / "index" / name / "tokens.npz").write_bytes(b"")
    assert build(small_corpus, data_dir, again=True) == name
    assert open_named(name, data_dir).snapshot.windows


@pytest.mark.parametrize("file", ["snapshot.json", "windows.bm25", "tokens.npz"])
def test_a_damaged_index_is_let_go(small_corpus: Path, data_dir: Path, file: str) -> None:
    """What failed to open holds no files of Chroma; mended, it opens, and what is open already goes on."""
    from chromadb.api.shared_system_client import SharedSystemClient

    name = build(small_corpus, data_dir)
    path = data_dir / "index" / name / file
    kept = path.with_name(f"{file}.kept")
    path.rename(kept)
    with pytest.raises(IndexUnavailableError):
        open_named(name, data_dir)
    assert str(data_dir / "index" / name / "chroma") not in SharedSystemClient._identifier_to_system
    kept.rename(path)
    index = open_named(name, data_dir)
    path.rename(kept)
    with pytest.raises(IndexUnavailableError):
        open_named(name, data_dir)
    assert index.nearest(E5Embedder(data_dir).embed_query("会议请假找谁?")[None], 30)[0].windows


def test_full_disk(small_corpus: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while building is a sentence; the previous index stays, nothing half-done does."""
    name = build(small_corpus, data_dir)
    touch(small_corpus)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="磁盘空间不足"):
        build(small_corpus, data_dir)
    assert [status.fingerprint for status in list_indexes(data_dir)] == [name]


SCRIPT = """
import sys, time
from pathlib import Path
from rag.documents.sources import read_corpus
from rag.search import index
from rag.search.embedding import E5Embedder
data = Path(sys.argv[2])
embedder = E5Embedder(data)
if len(sys.argv) > 3:
    original = embedder.embed_passages
    def slow(*a, **k):
        print("embedding", flush=True); time.sleep(60)
    embedder.embed_passages = slow
print(index.build_index(read_corpus(Path(sys.argv[1])), embedder, data), flush=True)
"""


@pytest.mark.slow
def test_killed_build(small_corpus: Path, data_dir: Path) -> None:
    """A build killed with -9 leaves no index; the next one clears its leftovers and completes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(small_corpus), str(data_dir), "slow"], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "embedding\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert last_complete(data_dir) is None
    assert [s.complete for s in list_indexes(data_dir)] == [False]
    name = build(small_corpus, data_dir)
    assert [s.fingerprint for s in list_indexes(data_dir)] == [name]


@pytest.mark.slow
def test_many_processes_build_once(small_corpus: Path, data_dir: Path) -> None:
    """Eight processes on an unbuilt index: all get the same complete one, built at one moment."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(small_corpus), str(data_dir)], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(8)
    ]
    outputs = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert {process.returncode for process in processes} == {0}
    (name,) = outputs
    assert is_complete(data_dir, name)
    assert len(list_indexes(data_dir)) == 1


def test_prune_keeps_the_current(small_corpus: Path, data_dir: Path) -> None:
    """Old indexes and leftovers go, the named one stays."""
    old = build(small_corpus, data_dir)
    touch(small_corpus)
    current = build(small_corpus, data_dir)
    (data_dir / "index" / "x.building-1").mkdir()
    assert sorted(prune(data_dir, current)) == sorted([old, "x.building-1"])
    assert [status.fingerprint for status in list_indexes(data_dir)] == [current]
