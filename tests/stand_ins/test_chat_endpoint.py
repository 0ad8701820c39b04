"""The stand-in for a chat endpoint speaks the protocol and refuses what was not scripted."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.stand_ins.chat_endpoint import KEY, MODEL, ChatEndpoint, Embeddings, Reply

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "问"}]}


def call(endpoint: ChatEndpoint, body: Any = BODY, *, key: str = KEY, path: str = "/chat/completions") -> str:
    request = urllib.request.Request(
        endpoint.url + path, json.dumps(body).encode(), {"authorization": f"Bearer {key}", "content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return str(response.read().decode())


def status(endpoint: ChatEndpoint, body: Any = BODY, **options: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as raised:
        call(endpoint, body, **options)
    return raised.value.code


def test_replies_in_order() -> None:
    """Each call gets the next scripted reply, whole or as a stream that ends with [DONE]."""
    with ChatEndpoint(Reply("甲"), Reply("乙丙丁戊己")) as endpoint:
        assert json.loads(call(endpoint))["choices"][0]["message"]["content"] == "甲"
        events = [line.removeprefix("data: ") for line in call(endpoint, {**BODY, "stream": True}).split("\n\n") if line]
        assert events[-1] == "[DONE]"
        assert "".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in events[:-1]) == "乙丙丁戊己"


def test_what_was_not_scripted_is_refused() -> None:
    """One call too many, another path or another body is refused and remembered."""
    with ChatEndpoint(Reply("甲")) as endpoint:
        call(endpoint)
        assert status(endpoint) == 501
        assert status(endpoint, path="/models") == 501
        assert status(endpoint, {"prompt": "问"}) == 501
        assert len(endpoint.unexpected) == 3


def test_key_and_model_are_checked() -> None:
    """A wrong key and a wrong model get what a real endpoint gives, without using up a reply."""
    with ChatEndpoint(Reply("甲")) as endpoint:
        assert status(endpoint, key="stolen") == 401
        assert status(endpoint, {**BODY, "model": "other"}) == 404
        assert "甲" in json.loads(call(endpoint))["choices"][0]["message"]["content"]
        assert endpoint.unexpected == []


def test_a_cut_stream_is_cut() -> None:
    """The line closes in mid-reply."""
    with ChatEndpoint(Reply("甲乙丙丁" * 5, "cut")) as endpoint, pytest.raises(Exception, match=r"IncompleteRead|closed|reset"):
        call(endpoint, {**BODY, "stream": True})


def test_headers_of_an_error() -> None:
    """An error carries its headers and code."""
    with ChatEndpoint(Reply(status=429, code="rate", headers={"retry-after": "7"})) as endpoint:
        with pytest.raises(urllib.error.HTTPError) as raised:
            call(endpoint)
        assert raised.value.headers["retry-after"] == "7"
        assert json.loads(raised.value.read())["error"]["code"] == "rate"


def test_embeddings_are_scripted_too() -> None:
    """Without a script /embeddings is refused; with one each text gets its vector under its index, in shuffled order."""
    body = {"model": MODEL, "input": ["甲", "乙乙", "丙丙丙", "丁丁丁丁"]}
    with ChatEndpoint() as endpoint:
        assert status(endpoint, body, path="/embeddings") == 501
    with ChatEndpoint(embeddings=Embeddings(lambda text: [float(len(text))])) as endpoint:
        rows = json.loads(call(endpoint, body, path="/embeddings"))["data"]
        assert status(endpoint, body, path="/embeddings", key="stolen") == 401
    assert [row["index"] for row in rows] != [0, 1, 2, 3]
    assert sorted((row["index"], row["embedding"]) for row in rows) == [(i, [i + 1.0]) for i in range(4)]
