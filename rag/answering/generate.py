"""Messages → a chat model's words, as they are written. LangChain's ChatOpenAI and OpenAI's client live only here.

A call runs in a thread of its own and hands its pieces over through a queue, so that whoever asks is never held longer
than the seconds that were given, whatever the endpoint does: hang, trickle, flood, close the line, send garbage.
Importing this module takes seconds; only the model-backed mode does.
"""

from __future__ import annotations

import email.utils
import queue
import random
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import httpx2
import openai
from langchain_openai import ChatOpenAI

from rag.answering.breaker import Breaker
from rag.errors import ConfigurationError, EndpointError
from rag.language.tokens import TokenCounter
from rag.records import Messages, Usage

if TYPE_CHECKING:
    from rag.settings import Settings

Finish = Literal["", "stop", "length"]

ATTEMPTS = 3
"""Times that one call is tried, as long as its seconds last."""

LONGEST_REPLY = 8000
"""Characters; a model that writes more is stopped there."""

LONGEST_REPLY_BYTES = 8_000_000
"""Bytes on the wire; each token comes in some three hundred of them."""

_BACKOFF_S = (0.4, 1.2)
_CONTEXT = ("context_length", "context length", "maximum context", "context window", "too many tokens", "max_model_len", "too long")


def make_chat_model(settings: Settings) -> ChatModel:
    """The chat model that the settings name. Raises ConfigurationError when they name none or lack the way to it."""
    if settings.chat_model is None:
        raise ConfigurationError("未设置 OPENAI_MODEL，无法使用对话模型。")
    if settings.openai_api_key is None and settings.openai_base_url is None:
        raise ConfigurationError("已设置 OPENAI_MODEL，但缺少 OPENAI_API_KEY 或 OPENAI_BASE_URL。")
    return ChatModel(
        settings.chat_model,
        settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none",
        settings.openai_base_url,
        TokenCounter(settings.data_dir, settings.chat_model),
        timeouts=(settings.connect_timeout, min(settings.read_timeout, settings.answer_deadline)),
        prices=(settings.prompt_price, settings.completion_price),
    )


class ChatModel:
    """One model of one OpenAI-compatible endpoint. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        api_key: str,
        base_url: str | None,
        counter: TokenCounter,
        *,
        timeouts: tuple[float, float] = (5.0, 15.0),
        prices: tuple[float | None, float | None] = (None, None),
        breaker: Breaker | None = None,
    ) -> None:
        """``timeouts``: seconds to connect, and between two pieces; ``prices``: of a million prompt and completion tokens."""
        self.name = name
        self.counter = counter
        self.breaker = breaker or Breaker()
        self._key, self._base_url, self._prices = api_key, base_url, prices
        self._timeout = httpx2.Timeout(timeouts[1], connect=timeouts[0])
        self._client = openai.DefaultHttpxClient(timeout=self._timeout, event_hooks={"response": [_bound]})
        self._refused: frozenset[str] = frozenset()  # parameters that this endpoint does not take
        self._chat = self._build()

    def stream(self, messages: Messages, *, seconds: float) -> Stream:
        """Start a reply. Raises EndpointError at once while the endpoint is left alone, else while it is read."""
        if not self.breaker.allow():
            raise EndpointError("对话服务暂时不可用。", reason="resting")
        return Stream(self, messages, time.monotonic() + seconds)

    def complete(self, messages: Messages, *, seconds: float) -> tuple[str, Usage]:
        """A whole reply and what it took. Raises EndpointError."""
        with self.stream(messages, seconds=seconds) as stream:
            parts: list[str] = []
            for piece in stream:
                if piece is None:
                    parts.clear()
                else:
                    parts.append(piece)
            return "".join(parts), stream.usage

    def check(self, *, seconds: float) -> None:
        """Ask for one word. Raises ConfigurationError when the endpoint refuses the key or the model; other failures pass."""
        try:
            with self.stream((("user", "只回答：好"),), seconds=seconds) as stream:
                next(iter(stream), None)
        except EndpointError as error:
            if error.reason in ("key", "model"):
                raise ConfigurationError(error.user_message, detail=str(error)) from None

    def price(self, prompt: int, completion: int, *, estimated: bool) -> Usage:
        """Tokens with their cost."""
        cost = None
        if self._prices[0] is not None and self._prices[1] is not None:
            cost = (prompt * self._prices[0] + completion * self._prices[1]) / 1_000_000
        return Usage(prompt, completion, cost, estimated)

    def open(self, messages: Messages) -> Iterator[Any]:
        """LangChain's stream of one attempt; a parameter that the endpoint refuses is left out from then on."""
        while True:
            try:
                yield from self._chat.stream(list(messages))
                return
            except openai.BadRequestError as error:
                name = _refused_parameter(error)
                if name is None or name in self._refused:
                    raise
                self._refused |= {name}
                self._chat = self._build()

    def _build(self) -> ChatOpenAI:
        options: dict[str, Any] = {} if "temperature" in self._refused else {"temperature": 0.0}
        return ChatOpenAI(
            model=self.name,
            api_key=self._key,  # type: ignore[arg-type]
            base_url=self._base_url,
            max_retries=0,
            stream_usage="stream_options" not in self._refused,
            use_responses_api=False,
            timeout=self._timeout,
            http_client=self._client,
            **options,
        )


class Stream:
    """A reply as it is written: pieces of text; None where it begins anew because an attempt failed. A context manager."""

    def __init__(self, model: ChatModel, messages: Messages, deadline: float) -> None:
        self.finish: Finish = ""
        self._model, self._messages, self._deadline = model, messages, deadline
        self._reported: tuple[int, int] | None = None
        self._written = 0
        self._text: list[str] = []
        self._cancelled = threading.Event()
        self._settled = False
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="chat-model", daemon=True).start()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the call; one that was left before its end says nothing against the endpoint."""
        self._cancelled.set()
        self._settle(well=True)

    def __iter__(self) -> Iterator[str | None]:
        """Pieces of text. Raises EndpointError when the reply can't be had, or not in time."""
        while True:
            try:
                kind, value = self._queue.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                self._cancelled.set()
                self._settle(well=False)
                raise EndpointError("对话服务没有在规定时间内答复。", reason="timeout") from None
            if kind == "text":
                self._text.append(value)
                yield value
            elif kind == "restart":
                self._text.clear()
                yield None
            elif kind == "failed":
                self._settle(well=value.reason in ("context", "filtered", "empty"), final=value.reason in ("key", "model"))
                raise value
            else:
                self.finish = value
                self._settle(well=True)
                return

    @property
    def usage(self) -> Usage:
        """What the reply took so far; counted here where the endpoint does not say."""
        if self._reported is not None:
            return self._model.price(*self._reported, estimated=False)
        count = self._model.counter.count
        prompt = sum(count(text) for _, text in self._messages)
        return self._model.price(prompt, count("".join(self._text)), estimated=True)

    def _settle(self, *, well: bool, final: bool = False) -> None:
        """Tell the breaker, once, how the call ended."""
        if self._settled:
            return
        self._settled = True
        if well:
            self._model.breaker.succeed()
        else:
            self._model.breaker.fail(final=final)

    # ── in the thread of the call ───────────────────────────────────────────────────────────────

    def _work(self) -> None:
        for attempt in range(ATTEMPTS):
            _guard.deadline, _guard.cancelled, _guard.bytes = self._deadline, self._cancelled, 0
            self._written = 0
            try:
                self._queue.put(("done", self._attempt()))
                return
            except Exception as error:  # whatever a vendor's library raises becomes one of ours
                failure, wait = _explain(error)
            pause = wait if wait is not None else _BACKOFF_S[min(attempt, 1)] * random.uniform(0.8, 1.2)
            last = attempt + 1 == ATTEMPTS or time.monotonic() + pause >= self._deadline
            if last or not failure.retryable or self._cancelled.is_set():
                self._queue.put(("failed", failure))
                return
            if self._cancelled.wait(pause):
                return
            if self._written:
                self._queue.put(("restart", None))

    def _attempt(self) -> Finish:
        """One try, to its end. Raises EndpointError and whatever the libraries raise."""
        reason = ""
        for chunk in self._model.open(self._messages):
            if self._cancelled.is_set():
                return ""
            reason = chunk.response_metadata.get("finish_reason") or reason
            if usage := chunk.usage_metadata:
                self._reported = int(usage["input_tokens"]), int(usage["output_tokens"])
            text = chunk.content if isinstance(chunk.content, str) else ""
            if text:
                self._written += len(text)
                self._queue.put(("text", text))
            if self._written > LONGEST_REPLY:
                return "length"
        if reason == "content_filter":
            raise EndpointError("对话服务因内容审核停止了答复。", reason="filtered", retryable=False)
        if not reason:
            raise EndpointError("对话服务的答复中途断开。", reason="cut")
        if not self._written:
            raise EndpointError("对话服务没有写出内容。", reason="empty")
        return "length" if reason == "length" else "stop"


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────


class _Guard(threading.local):
    """What the call of this thread may still take."""

    deadline: float = float("inf")
    cancelled: threading.Event | None = None
    bytes: int = 0


_guard = _Guard()


class _Bounded(httpx2.SyncByteStream):
    """A response's body that ends with an error when its call is over, cancelled or too long."""

    def __init__(self, body: httpx2.SyncByteStream) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for block in self._body:
            _guard.bytes += len(block)
            if _guard.bytes > LONGEST_REPLY_BYTES:
                raise EndpointError("对话服务的答复过长。", reason="malformed", retryable=False)
            if time.monotonic() > _guard.deadline or (_guard.cancelled is not None and _guard.cancelled.is_set()):
                raise EndpointError("对话服务没有在规定时间内答复。", reason="timeout", retryable=False)
            yield block

    def close(self) -> None:
        self._body.close()


def _bound(response: httpx2.Response) -> None:
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Bounded(response.stream)


# ── failures ────────────────────────────────────────────────────────────────────────────────────


def _explain(error: Exception) -> tuple[EndpointError, float | None]:
    """What went wrong, in our terms, and the seconds that the endpoint asks to wait. No part of a reply or key gets into it."""
    detail = type(error).__name__
    if isinstance(error, EndpointError):
        return error, None
    if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
        return EndpointError("对话服务拒绝了密钥，请检查 OPENAI_API_KEY。", detail=detail, retryable=False, reason="key"), None
    if isinstance(error, openai.NotFoundError):
        message = "对话服务没有这个模型或地址，请检查 OPENAI_MODEL 和 OPENAI_BASE_URL。"
        return EndpointError(message, detail=detail, retryable=False, reason="model"), None
    if isinstance(error, openai.RateLimitError):
        paid = error.code != "insufficient_quota"
        return EndpointError("对话服务请求过多或额度不足。", detail=detail, retryable=paid, reason="limit"), _retry_after(error)
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error), _retry_after(error)
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return EndpointError("对话服务没有在规定时间内答复。", detail=detail, reason="timeout"), None
    if isinstance(error, openai.APIConnectionError):
        return EndpointError("连接不上对话服务，请检查 OPENAI_BASE_URL 和网络。", detail=detail, reason="connection"), None
    if isinstance(error, httpx2.TransportError):
        return EndpointError("对话服务的答复中途断开。", detail=detail, reason="cut"), None
    return EndpointError("对话服务的答复无法识别。", detail=detail, reason="malformed"), None


def _explain_status(error: openai.APIStatusError) -> EndpointError:
    detail = f"{type(error).__name__} {error.status_code}"
    if error.status_code in (400, 413, 422) and any(word in f"{error.code} {error.message}".lower() for word in _CONTEXT):
        return EndpointError("提示词超出了对话模型的长度。", detail=detail, retryable=False, reason="context")
    if error.code == "content_filter":
        return EndpointError("对话服务因内容审核停止了答复。", detail=detail, retryable=False, reason="filtered")
    passing = error.status_code >= 500 or error.status_code in (408, 409)
    return EndpointError("对话服务出错。", detail=detail, retryable=passing, reason="server")


def _refused_parameter(error: openai.BadRequestError) -> str | None:
    """The parameter, among those that not every endpoint takes, of which a refusal speaks."""
    return next((name for name in ("stream_options", "temperature") if name in f"{error.param} {error.message}"), None)


def _retry_after(error: openai.APIStatusError) -> float | None:
    value = error.response.headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        date = email.utils.parsedate_tz(value)
        return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
