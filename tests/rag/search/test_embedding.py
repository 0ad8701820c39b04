"""Embedding through an OpenAI-compatible endpoint: a real client, a real server on the loopback address."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.assistant import open_assistant
from rag.errors import ConfigurationError, EndpointError
from rag.search.embedding import EndpointEmbedder, make_embedder
from rag.settings import Settings
from tests.stand_ins.chat_endpoint import KEY, MODEL, ChatEndpoint, EmbeddingFault, Embeddings
from tests.stand_ins.process import Program

SIZE = 256


def characters(text: str) -> list[float]:
    """Texts that share characters point the same way; twice the unit length, as no endpoint promises it."""
    vector = [0.0] * SIZE
    for character in text:
        vector[ord(character) % SIZE] += 1.0
    length = sum(value * value for value in vector) ** 0.5 or 1.0
    return [2 * value / length for value in vector]


def embedder_of(endpoint: ChatEndpoint, key: str = KEY) -> EndpointEmbedder:
    return EndpointEmbedder(MODEL, key, endpoint.url, timeout=5)


def test_vectors_come_back_in_order() -> None:
    """The reply is shuffled and not of unit length: row i is text i's all the same, over several calls, of unit length."""
    texts = [f"第{i}条 会议制度{chr(0x4E00 + 7 * i)}" for i in range(100)]
    steps: list[int] = []
    with ChatEndpoint(embeddings=Embeddings(characters)) as endpoint:
        rows = embedder_of(endpoint).embed_passages(texts, steps.append)
        query = embedder_of(endpoint).embed_query(texts[3])
    expected = np.array([characters(text) for text in texts], dtype=np.float32) / 2
    assert rows.dtype == np.float32
    assert np.allclose(rows, expected, atol=1e-6)
    assert np.allclose(query, expected[3], atol=1e-6)
    assert steps == [64, 100]
    assert [len(request["input"]) for request in endpoint.requests] == [64, 36, 1]
    assert endpoint.unexpected == []


def test_nothing_to_embed_asks_nothing() -> None:
    """No text, no call; an empty text, which endpoints refuse, is sent as a blank."""
    with ChatEndpoint(embeddings=Embeddings(characters)) as endpoint:
        assert len(embedder_of(endpoint).embed_passages([])) == 0
        embedder_of(endpoint).embed_passages(["\0", "会议"])
    assert [request["input"] for request in endpoint.requests] == [[" ", "会议"]]


def test_wrong_key() -> None:
    """One sentence that names the setting; the key, which the endpoint's message repeats, is nowhere; asking again is no use."""
    with ChatEndpoint(embeddings=Embeddings(characters)) as endpoint, pytest.raises(EndpointError) as raised:
        embedder_of(endpoint, "sk-stolen").embed_query("会议")
    error = raised.value
    assert error.user_message == "向量服务拒绝了密钥，请检查 OPENAI_API_KEY。"
    assert "stolen" not in f"{error} {error!r} {error.__cause__!r}"
    assert error.__suppress_context__
    assert not error.retryable


def test_a_failing_endpoint() -> None:
    """HTTP 500 is tried again and then an EndpointError that may be retried."""
    with ChatEndpoint(embeddings=Embeddings(characters, status=500)) as endpoint, pytest.raises(EndpointError, match="调用失败") as raised:
        embedder_of(endpoint).embed_passages(["会议"])
    assert len(endpoint.requests) == 3
    assert raised.value.retryable


def test_an_endpoint_that_is_not_there() -> None:
    """A refused connection is the same sentence."""
    with ChatEndpoint() as endpoint:
        gone = embedder_of(endpoint)
    with pytest.raises(EndpointError, match="OPENAI_BASE_URL"):
        gone.embed_query("会议")


@pytest.mark.parametrize(("fault", "sentence"), [
    ("short", "条数不符"), ("nan", "无效的向量"), ("null", "无效的向量"), ("zero", "无效的向量"), ("uneven", "无效的向量"),
    ("twice", "条数不符"), ("page", "无效的向量"),
])  # fmt: skip
def test_a_reply_that_is_no_embedding(fault: EmbeddingFault, sentence: str) -> None:
    """Too few vectors, NaN, null, zeros, vectors of two lengths, an index given twice and a web page are refused and never indexed."""
    with ChatEndpoint(embeddings=Embeddings(characters, fault)) as endpoint, pytest.raises(EndpointError, match=sentence):
        embedder_of(endpoint).embed_passages(["会议", "请假"])


def test_settings_choose_the_embedder(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OPENAI_EMBEDDING_MODEL switches; alone, without key and address, it is a configuration error; the key is not in the name."""
    monkeypatch.chdir(tmp_path)
    assert make_embedder(Settings.load(data_dir=tmp_path)).name.startswith("multilingual-e5-small")
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL"):
        make_embedder(Settings.load(embedding_model=MODEL))
    made = make_embedder(Settings.load(embedding_model=MODEL, openai_api_key=KEY, openai_base_url="http://127.0.0.1:1/v1"))
    assert made.name == MODEL
    assert KEY not in made.fingerprint


def test_build_and_answer_through_it(small_corpus: Path, tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of its vectors is built and searched; the judge is fitted for the embedded model's, so it may refuse what it finds."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    with ChatEndpoint(embeddings=Embeddings(characters)) as endpoint:
        settings = Settings.load(
            corpus_dir=small_corpus, data_dir=data, embedding_model=MODEL, openai_api_key=KEY, openai_base_url=endpoint.url
        )
        assistant = open_assistant(settings)
        answer = assistant.ask("会议请假要提前几天说?")
    assert "meeting-rules#3" in {str(unit) for unit in answer.retrieved}
    assert answer.fingerprint.startswith(assistant.index.fingerprint)
    assert endpoint.unexpected == []


@pytest.mark.slow
def test_the_command_when_it_fails(small_corpus: Path, tmp_path: Path) -> None:
    """A wrong key, and an endpoint that is gone after the build: one sentence on stderr, exit code 2, no key."""
    with ChatEndpoint(embeddings=Embeddings(characters)) as endpoint:
        environment = {
            "NINGWEN_CORPUS_DIR": str(small_corpus), "NINGWEN_DATA_DIR": str(tmp_path / "data"), "OPENAI_EMBEDDING_MODEL": MODEL,
            "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": endpoint.url,
        }  # fmt: skip
        program = Program(tmp_path, environment)
        stolen = Program(tmp_path, {**environment, "OPENAI_API_KEY": "sk-stolen"}).run("ask", "会议请假要提前几天说?")
        answered = program.run("ask", "--json", "第三条讲什么?")  # looked up: the judge is fitted for the embedded model
    assert (stolen.returncode, _sentences(stolen)) == (2, ["向量服务拒绝了密钥，请检查 OPENAI_API_KEY。"])
    assert answered.returncode == 0, answered.stderr
    reply: Any = json.loads(answered.stdout)
    assert reply["citations"][0]["locator"] == "meeting-rules#3"
    gone = program.run("ask", "会议请假要提前几天说?")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert _sentences(gone) == ["向量服务调用失败，请检查 OPENAI_BASE_URL 和网络。"]


def _sentences(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "/" not in line]
