"""Question + history → the question standing alone, as a chat model puts it; nothing in it that was not said before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.templates import load_template, neutralise
from rag.answering.write import Model
from rag.errors import EndpointError
from rag.language import orders
from rag.language.figures import find_figures
from rag.language.statements import find_names, find_periods, form
from rag.language.words import content_terms, is_carried
from rag.records import Turn, Usage

TURNS = 3
"""Earlier turns that the model sees."""

LONGEST = 200
"""Characters of a rewritten question, and of an earlier answer that is shown."""


def rewrite_question(model: Model, question: str, history: Sequence[Turn], *, seconds: float) -> tuple[str | None, Usage | None]:
    """The question standing alone, None where the model fails or adds something; and what asking took."""
    told = "\n".join(
        f"问：{neutralise(turn.question)[:LONGEST]}" + (f"\n答：{neutralise(turn.answer)[:LONGEST]}" if turn.answer else "")
        for turn in history[-TURNS:]
    )
    prompt = load_template("rewrite").fill(history=told, question=neutralise(question))
    try:
        reply, usage = model.complete((("user", prompt),), seconds=seconds)
    except EndpointError:
        return None, None
    text = re.sub(r"<think>.*?</think>", "", reply, flags=re.DOTALL).strip()
    text = re.sub(r"^(?:改写后的?问题|问题|最后一个问题)[:：]\s*", "", text).strip("“”\"'` ")
    return (text if _says_no_more(text, question, history) else None), usage


def _says_no_more(text: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewritten question is one line made of what was asked and answered."""
    if not text or len(text) > LONGEST or "\n" in text:
        return False
    said, before = form(text), form("\n".join([question, *(f"{turn.question}\n{turn.answer or ''}" for turn in history)]))
    if orders.INJECTION.search(said) or not find_figures(said) <= find_figures(before) or not find_periods(said) <= find_periods(before):
        return False
    if any(name.text not in before for name in find_names(said)):
        return False
    lacking = [term for term in content_terms(said) if not is_carried(term, before)]
    return not any(term.firm for term in lacking) and len(lacking) <= 1
