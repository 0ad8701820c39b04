"""A scripted OpenAI-compatible endpoint, chat and embeddings, on the loopback address: real HTTP, real streaming, faults on demand.

It answers exactly the calls that were scripted, in order, or as a function of the request; any other call is refused with
501 and kept in ``unexpected``, which the test asserts to be empty. Embeddings are no exception: ``embeddings`` scripts them.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal["", "hang", "stall", "cut", "garbage", "page", "flood", "silent", "unfinished", "error-event"]
"""No answer at all · nothing after the first piece · the line closed in mid-reply · no JSON · a web page · pieces without end ·
a reply without text · an end without [DONE] or reason · an error inside the stream."""

KEY = "test-key"
MODEL = "test-model"


@dataclass(frozen=True)
class Reply:
    """What one call gets."""

    text: str = ""
    fault: Fault = ""
    status: int = 200
    code: str | None = None  # of an error
    message: str = "scripted"
    headers: Mapping[str, str] = field(default_factory=dict)
    finish: str = "stop"
    usage: tuple[int, int] | None = (100, 20)
    piece: int = 4  # characters a piece
    pause: float = 0.0  # seconds between pieces
    raw: str = ""  # a whole JSON body, in place of a chat completion


Script = Callable[[dict[str, Any]], Reply]

EmbeddingFault = Literal["", "short", "nan", "null", "zero", "uneven", "twice", "page"]
"""One vector too few · NaN in one · null in place of a number · a vector of zeros · vectors of two lengths · one index given
twice · a web page."""

Embed = Callable[[str], list[float]]


@dataclass(frozen=True)
class Embeddings:
    """How /embeddings behaves: what ``embed`` gives for each text, in shuffled order with the right index."""

    embed: Embed
    fault: EmbeddingFault = ""
    status: int = 200


class ChatEndpoint:
    """The endpoint; a context manager. ``requests`` holds the body of each call that arrived."""

    def __init__(self, *replies: Reply, script: Script | None = None, embeddings: Embeddings | None = None) -> None:
        self._replies = deque(replies)
        self._script = script
        self._embeddings = embeddings
        self._lock = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        self.unexpected: list[str] = []
        self.written_at: list[float] = []  # time.monotonic() at which a reply's last piece was written
        self.ending = threading.Event()
        endpoint = self

        class Handler(_Handler):
            owner = endpoint

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def add(self, *replies: Reply) -> None:
        """Script further calls."""
        with self._lock:
            self._replies.extend(replies)

    def __enter__(self) -> ChatEndpoint:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, authorization: str, body: dict[str, Any] | None) -> Reply:
        """The reply to a call."""
        if path == "/v1/embeddings" and self._embeddings is not None and body is not None and {"model", "input"} <= body.keys():
            return self._embed(self._embeddings, authorization, body)
        if path != "/v1/chat/completions" or body is None or not {"model", "messages"} <= body.keys():
            self.unexpected.append(path)
            return Reply(status=501, message="not scripted")
        with self._lock:
            self.requests.append(body)
            if refusal := _refusal(authorization, body):
                return refusal
            if self._script is not None:
                return self._script(body)
            if self._replies:
                return self._replies.popleft()
        self.unexpected.append(str(body["messages"][-1])[:200])
        return Reply(status=501, message="not scripted")

    def _embed(self, embeddings: Embeddings, authorization: str, body: dict[str, Any]) -> Reply:
        with self._lock:
            self.requests.append(body)
        if refusal := _refusal(authorization, body):
            return refusal
        if embeddings.status != 200:
            return Reply(status=embeddings.status)
        if embeddings.fault == "page":
            return Reply(fault="page")
        vectors = _harmed([embeddings.embed(text) for text in body["input"]], embeddings.fault)
        places = [0 if embeddings.fault == "twice" else i for i in range(len(vectors))]
        rows = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in zip(places, vectors, strict=True)]
        random.Random(len(rows)).shuffle(rows)
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return Reply(raw=json.dumps({"object": "list", "model": body["model"], "data": rows, "usage": usage}))


def _refusal(authorization: str, body: dict[str, Any]) -> Reply | None:
    if authorization != f"Bearer {KEY}":
        return Reply(status=401, code="invalid_api_key", message=f"Incorrect API key provided: {authorization}")
    if body["model"] != MODEL:
        return Reply(status=404, code="model_not_found", message="no such model")
    return None


def _harmed(vectors: list[list[Any]], fault: EmbeddingFault) -> list[list[Any]]:
    last = vectors[-1]
    bad = {"nan": [float("nan"), *last[1:]], "null": [None, *last[1:]], "zero": [0.0] * len(last), "uneven": last[1:]}
    return vectors[:-1] if fault == "short" else [*vectors[:-1], bad.get(fault, last)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that went away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    owner: ChatEndpoint
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        reply = self.owner.take(self.path, self.headers.get("authorization", ""), body if isinstance(body, dict) else None)
        with suppress(ConnectionError):
            self._answer(reply, body or {})

    def _answer(self, reply: Reply, body: dict[str, Any]) -> None:
        if reply.fault == "hang":
            self.owner.ending.wait(60)
            self.close_connection = True
        elif reply.status != 200:
            error = {"error": {"message": reply.message, "code": reply.code, "type": "scripted", "param": None}}
            self._whole(reply.status, "application/json", json.dumps(error), reply.headers)
        elif reply.fault == "page":
            self._whole(200, "text/html", "<html><body>网关登录</body></html>", {})
        elif reply.raw:
            self._whole(200, "application/json", reply.raw, {})
        elif body.get("stream"):
            self._stream(reply, body)
        else:
            self._whole(200, "application/json", json.dumps(_completion(reply)), {})

    def _whole(self, status: int, kind: str, text: str, headers: Mapping[str, str]) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        pieces = [reply.text[i : i + reply.piece] for i in range(0, len(reply.text), reply.piece)]
        for count, piece in enumerate(pieces):
            if reply.fault == "cut" and count * 2 >= len(pieces):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self._event(_chunk({"content": piece}))
            if reply.fault == "stall":
                self.owner.ending.wait(60)
                self.close_connection = True
                return
            if reply.pause:
                time.sleep(reply.pause)
        self.owner.written_at.append(time.monotonic())
        for event in self._ending(reply, body):
            self._event(event)
        self.wfile.write(b"0\r\n\r\n")

    def _ending(self, reply: Reply, body: dict[str, Any]) -> Iterator[str]:
        if reply.fault == "garbage":
            yield "\x00\x01 not json {{{"
        if reply.fault == "error-event":
            yield json.dumps({"error": {"message": "worker died", "code": 500}})
        while reply.fault == "flood" and not self.owner.ending.is_set():
            yield _chunk({"content": "会" * 200})
        if reply.fault == "unfinished":
            return
        yield _chunk({}, finish=reply.finish)
        if reply.usage and (body.get("stream_options") or {}).get("include_usage"):
            yield json.dumps({**_frame(), "choices": [], "usage": _usage(reply)})
        yield "[DONE]"

    def _event(self, data: str) -> None:
        block = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")
        self.wfile.flush()


def _frame() -> dict[str, Any]:
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": MODEL}


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    return json.dumps({**_frame(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _usage(reply: Reply) -> dict[str, int]:
    prompt, completion = reply.usage or (0, 0)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _completion(reply: Reply) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": reply.finish}
    return {**_frame(), "object": "chat.completion", "choices": [choice], "usage": _usage(reply)}
