"""Tokens are counted without the network, and without a tokenizer too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.language import tokens
from rag.language.tokens import TokenCounter, estimate_tokens

TEXT = "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"

NETWORK_CUT = """
import os, socket, sys
from pathlib import Path
def refuse(*_, **__):
    os._exit(97)
socket.socket.connect = socket.getaddrinfo = refuse
from rag.language.tokens import TokenCounter
counter = TokenCounter(Path(sys.argv[1]), sys.argv[2])
print(counter.exact, counter.count(sys.argv[3]))
"""


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "deepseek-chat", "Qwen/Qwen2.5-72B-Instruct", "davinci", ""])
def test_counting_with_the_network_cut(tmp_path: Path, model: str) -> None:
    """Any model's name gives exact counts on a machine that has never been connected."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    environment.pop("TIKTOKEN_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", NETWORK_CUT, str(tmp_path), model, TEXT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    exact, count = done.stdout.split()
    assert exact == "True"
    assert 15 <= int(count) <= 45


def test_the_variable_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading an encoding leaves the environment alone."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "/elsewhere")
    assert TokenCounter(tmp_path).exact
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "/elsewhere"


def test_a_damaged_rank_file_is_replaced(tmp_path: Path) -> None:
    """A file cut short is written anew rather than downloaded."""
    TokenCounter(tmp_path).load()
    (ranks,) = (tmp_path / "tiktoken").iterdir()
    ranks.write_bytes(ranks.read_bytes()[:1000])
    assert TokenCounter(tmp_path).exact


def test_counting_without_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the rank files can't be provided, an estimate on the high side takes their place."""
    exact = TokenCounter(tmp_path).count(TEXT)

    def missing(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(tokens, "_provide_ranks", missing)
    counter = TokenCounter(tmp_path)
    assert not counter.exact
    assert counter.count(TEXT) == estimate_tokens(TEXT) >= exact


def test_special_tokens_are_text(tmp_path: Path) -> None:
    """A mark of a chat template in a document is counted, not obeyed and not an error."""
    assert TokenCounter(tmp_path).count("<|endoftext|>") > 1
