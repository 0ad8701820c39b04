"""Questions of which it is known what answers them: brought by a corpus, found by nearness, and nothing where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.documents.sources import read_corpus
from rag.errors import CorpusError
from rag.search.known import FILE, OPEN, Known, write
from rag.search.snapshot import Snapshot, read_snapshot


@pytest.fixture
def taken(small_corpus: Path) -> Snapshot:
    return read_snapshot(read_corpus(small_corpus))


def bring(corpus: Path, taken: Snapshot, sentence: int) -> None:
    """Two questions: one that a sentence answers, one left open, at right angles."""
    owner = (str(taken.passages[taken.owners[sentence]].locator), taken.sentences[sentence].text)
    write(corpus / FILE, np.eye(2, 8, dtype=np.float32), [owner, None], "e5")


def test_what_a_corpus_brings_is_kept_beside_the_index(small_corpus: Path, taken: Snapshot, tmp_path: Path) -> None:
    """Read, saved and loaded again, each question still belongs to its sentence."""
    bring(small_corpus, taken, 3)
    Known.read(small_corpus, taken, "e5").save(tmp_path / FILE)
    found = Known.load(tmp_path / FILE)
    assert found.sentences.tolist() == [3, OPEN]
    near = found.near(np.eye(2, 8, dtype=np.float32)[0])
    assert near.answered == {3: pytest.approx(0.1, abs=1e-3)}
    assert near.vote > 0 > found.near(np.eye(2, 8, dtype=np.float32)[1]).vote


def test_another_embedders_vectors_mean_nothing(small_corpus: Path, taken: Snapshot) -> None:
    """They are left aside, as are questions of a sentence that is no longer there."""
    bring(small_corpus, taken, 3)
    assert not len(Known.read(small_corpus, taken, "other").sentences)
    write(small_corpus / FILE, np.eye(1, 8, dtype=np.float32), [("meeting-rules#3", "这一句已经改了。")], "e5")
    assert not len(Known.read(small_corpus, taken, "e5").sentences)


def test_no_corpus_has_to_bring_any(small_corpus: Path, taken: Snapshot) -> None:
    """Then nothing is near, and nobody votes."""
    near = Known.read(small_corpus, taken, "e5").near(np.ones(8, dtype=np.float32))
    assert (dict(near.answered), near.open, near.vote) == ({}, 0.0, 0.0)


def test_a_damaged_file_is_told(small_corpus: Path, taken: Snapshot) -> None:
    """It stops the build with its name."""
    (small_corpus / FILE).write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(CorpusError, match=FILE):
        Known.read(small_corpus, taken, "e5")
