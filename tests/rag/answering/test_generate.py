"""A chat endpoint may do whatever it likes: whoever asks gets words or one clear error, in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.answering.breaker import Breaker
from rag.answering.generate import LONGEST_REPLY, ChatModel, make_chat_model
from rag.errors import ConfigurationError, EndpointError
from rag.language.tokens import TokenCounter
from rag.settings import Settings
from tests.stand_ins.chat_endpoint import KEY, MODEL, ChatEndpoint, Reply

MESSAGES = (("system", "只依据资料。"), ("user", "常务会议多久开一次?"))
TEXT = "常务会议一般每月召开2次—3次。[k7m]"

MakeModel = Callable[..., ChatModel]


@pytest.fixture
def endpoint() -> Iterator[ChatEndpoint]:
    with ChatEndpoint() as running:
        yield running
        assert running.unexpected == []


@pytest.fixture
def model(endpoint: ChatEndpoint, tmp_path: Path) -> MakeModel:
    def make(**options: Any) -> ChatModel:
        given = {"key": KEY, "name": MODEL, "timeouts": (1.0, 1.0), **options}
        key, name = given.pop("key"), given.pop("name")
        return ChatModel(name, key, endpoint.url, TokenCounter(tmp_path), **given)

    return make


def failure(chat: ChatModel, seconds: float = 5.0) -> EndpointError:
    with pytest.raises(EndpointError) as raised:
        chat.complete(MESSAGES, seconds=seconds)
    return raised.value


def test_words_as_they_are_written(endpoint: ChatEndpoint, model: MakeModel) -> None:
    """A reply comes in pieces, before it is finished, with what it took."""
    endpoint.add(Reply(TEXT, pause=0.02))
    chat = model(prices=(2.0, 8.0))
    first = 0.0
    pieces = []
    with chat.stream(MESSAGES, seconds=5) as stream:
        for piece in stream:
            first = first or time.monotonic()
            pieces.append(piece)
    assert "".join(p or "" for p in pieces) == TEXT
    assert len(pieces) > 4
    assert first < endpoint.written_at[0]
    assert stream.finish == "stop"
    usage = stream.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.estimated) == (100, 20, False)
    assert usage.cost == pytest.approx((100 * 2 + 20 * 8) / 1e6)
    assert endpoint.requests[0]["messages"] == [
        {"role": "system", "content": MESSAGES[0][1]},
        {"role": "user", "content": MESSAGES[1][1]},
    ]


def test_tokens_are_counted_here_where_the_endpoint_is_silent(endpoint: ChatEndpoint, model: MakeModel) -> None:
    """Without a usage in the reply, the record has our count and says so."""
    endpoint.add(Reply(TEXT, usage=None))
    _, usage = model().complete(MESSAGES, seconds=5)
    assert usage.estimated
    assert usage.prompt_tokens > 5
    assert usage.completion_tokens > 5
    assert usage.cost is None


@pytest.mark.parametrize(
    "fault",
    [
        Reply(TEXT, "cut"),
        Reply(TEXT, "garbage"),
        Reply(TEXT, "unfinished"),
        Reply(TEXT, "error-event"),
        Reply(fault="page"),
        Reply(fault="silent"),
        Reply(status=500),
        Reply(status=503, headers={"retry-after": "0"}),
        Reply(status=429, headers={"retry-after": "0.1"}),
    ],
)
def test_a_failure_that_may_pass_is_tried_again(endpoint: ChatEndpoint, model: MakeModel, fault: Reply) -> None:
    """After one bad reply the good one is given, whole and once."""
    endpoint.add(fault, Reply(TEXT))
    text, _ = model().complete(MESSAGES, seconds=8)
    assert text == TEXT
    assert len(endpoint.requests) == 2


def test_retry_after_is_kept(endpoint: ChatEndpoint, model: MakeModel) -> None:
    """The endpoint is not asked again before the time that it names."""
    endpoint.add(Reply(status=429, headers={"retry-after": "0.6"}), Reply(TEXT))
    begin = time.monotonic()
    model().complete(MESSAGES, seconds=5)
    assert time.monotonic() - begin >= 0.6


def test_a_wait_beyond_the_deadline_is_not_begun(endpoint: ChatEndpoint, model: MakeModel) -> None:
    """When the endpoint asks for more time than there is, the call ends at once."""
    endpoint.add(Reply(status=429, headers={"retry-after": "60"}))
    begin = time.monotonic()
    assert failure(model()).reason == "limit"
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=400, code="context_length_exceeded", message="maximum context length is 4096 tokens"), "context"),
        (Reply(status=400, message="This model's maximum context length is 2048 tokens"), "context"),
        (Reply(TEXT, finish="content_filter"), "filtered"),
        (Reply(status=400, code="content_filter"), "filtered"),
        (Reply(status=429, code="insufficient_quota"), "limit"),
        (Reply(status=403, code="forbidden"), "key"),
    ],
)
def test_a_failure_that_stays_is_not_repeated(endpoint: ChatEndpoint, model: MakeModel, reply: Reply, reason: str) -> None:
    """What asking again can't change is asked once, and the error says what it is."""
    endpoint.add(reply)
    assert failure(model()).reason == reason
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("fault", ["hang", "stall", "flood"])
def test_nobody_waits_longer_than_the_seconds_given(endpoint: ChatEndpoint, model: MakeModel, fault: Any) -> None:
    """Hanging, stalling and flooding end at the deadline or before."""
    endpoint.add(*[Reply(TEXT, fault)] * 3)
    chat = model(timeouts=(1.0, 30.0))
    begin = time.monotonic()
    if fault == "flood":
        text, _ = chat.complete(MESSAGES, seconds=3)
        assert LONGEST_REPLY < len(text) < LONGEST_REPLY + 1000
    else:
        assert failure(chat, seconds=0.5).reason == "timeout"
    assert time.monotonic() - begin < (3 if fault == "flood" else 0.8)


def test_nothing_listens(model: MakeModel, endpoint: ChatEndpoint, tmp_path: Path) -> None:
    """An address where nothing listens is a connection error, after three tries."""
    chat = ChatModel(MODEL, KEY, "http://127.0.0.1:9/v1", TokenCounter(tmp_path))
    assert failure(chat, seconds=5).reason == "connection"


def test_a_parameter_that_is_refused_is_left_out(endpoint: ChatEndpoint, tmp_path: Path) -> None:
    """An endpoint that knows no stream_options or takes no temperature is asked without, from then on."""

    def script(body: dict[str, Any]) -> Reply:
        if "stream_options" in body:
            return Reply(status=400, message="Unrecognized request argument supplied: stream_options")
        if "temperature" in body:
            return Reply(status=400, message="Unsupported value: 'temperature' does not support 0")
        return Reply(TEXT)

    with ChatEndpoint(script=script) as choosy:
        chat = ChatModel(MODEL, KEY, choosy.url, TokenCounter(tmp_path))
        for _ in range(2):
            assert chat.complete(MESSAGES, seconds=5)[0] == TEXT
        assert len(choosy.requests) == 4


@pytest.mark.parametrize(("wrong", "names"), [({"key": "stolen"}, "OPENAI_API_KEY"), ({"name": "no-model"}, "OPENAI_MODEL")])
def test_a_wrong_key_is_told_at_the_start(model: MakeModel, wrong: dict[str, str], names: str) -> None:
    """The check says in one sentence which setting is refused, without the key."""
    with pytest.raises(ConfigurationError) as raised:
        model(**wrong).check(seconds=5)
    assert names in raised.value.user_message
    assert "stolen" not in str(raised.value)


@pytest.mark.parametrize("reply", [Reply("好"), Reply(status=500), Reply(fault="hang")])
def test_other_failures_do_not_stop_the_start(endpoint: ChatEndpoint, model: MakeModel, reply: Reply) -> None:
    """An endpoint that is down at the start may be up when it is asked."""
    endpoint.add(reply, reply, reply)
    model().check(seconds=0.5)


@pytest.mark.parametrize("environment", [{}, {"OPENAI_MODEL": MODEL}])
def test_settings_that_name_no_endpoint(environment: dict[str, str], clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model without a key or an address is a configuration error."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="OPENAI_"):
        make_chat_model(Settings.load())


# ── the breaker ─────────────────────────────────────────────────────────────────────────────────


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_dead_endpoint_is_left_alone_for_a_while(endpoint: ChatEndpoint, model: MakeModel) -> None:
    """After three failed calls nothing is sent until the rest is over; then one call tries, and success ends the rest."""
    clock = Clock()
    chat = model(breaker=Breaker(clock))
    endpoint.add(*[Reply(fault="hang")] * 3)
    for _ in range(3):
        failure(chat, seconds=0.1)
    begin = time.monotonic()
    assert failure(chat).reason == "resting"
    assert time.monotonic() - begin < 0.1
    clock.now = 31
    endpoint.add(Reply(TEXT), Reply(TEXT))
    assert chat.complete(MESSAGES, seconds=5)[0] == TEXT
    assert chat.complete(MESSAGES, seconds=5)[0] == TEXT


def test_one_caller_tries_after_a_rest() -> None:
    """Of many that ask when the rest is over, one is let through; when it fails, the next rest is longer."""
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.fail()
    clock.now = 30
    passed = []
    threads = [threading.Thread(target=lambda: passed.append(breaker.allow())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == [False] * 7 + [True]
    breaker.fail()
    clock.now = 60
    assert not breaker.allow()
    clock.now = 90
    assert breaker.allow()


def test_a_refused_key_rests_at_once(endpoint: ChatEndpoint, model: MakeModel) -> None:
    """A key that is refused is not sent again with every question."""
    chat = model(key="stolen")
    assert failure(chat).reason == "key"
    assert failure(chat).reason == "resting"
    assert len(endpoint.requests) == 1
