"""Does a quote carry a statement? A chat model's opinion, for an evaluation; never part of an answer."""

from __future__ import annotations

from rag.answering.templates import load_template, neutralise
from rag.answering.write import Model
from rag.errors import EndpointError
from rag.language.text import matching_form

SECONDS = 30.0
"""What one judgement may take."""


def judge_claim(model: Model, statement: str, quote: str, *, seconds: float = SECONDS) -> bool | None:
    """Whether the quote supports the statement, by the prompt claim-support.md; None when the model gives no clear word."""
    prompt = load_template("claim-support").fill(quote=neutralise(quote), statement=neutralise(statement))
    try:
        reply, _ = model.complete((("user", prompt),), seconds=seconds)
    except EndpointError:
        return None
    word = matching_form(reply.rpartition("</think>")[2]).strip("\"'“”。.,!:*")
    if word.startswith("不支持"):
        return False
    return True if word.startswith("支持") else None
