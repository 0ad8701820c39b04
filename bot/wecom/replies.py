"""Reply → what WeCom shows, within its limits. Pure.

The app gets plain text (or its markdown) in parts of 2 048 bytes, the places cited on the last one, then a card with
buttons. The AI bot gets one markdown message of 20 480 bytes with the words of the places in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from bot import texts
from bot.records import Message, Reply
from bot.render import Shorten, body_text, footer_text, mark_text, plain_parts, quote_parts
from bot.split import attach, split_text, utf8_bytes
from bot.wecom.limits import APP_TEXT_BYTES, STREAM_BYTES
from rag.records import Answer, Citation

_ACTIVE = re.compile(r"([\\*_`<~|\[\]])|^(\s*)([#>+-])", re.MULTILINE)

ORIGINAL, UP, DOWN, REASON, DONE = "original", "up", "down", "reason:", "done"
"""Keys of the buttons."""


# ── self-built app ──────────────────────────────────────────────────────────────────────────────


def app_parts(reply: Reply, shorten: Shorten, *, markdown: bool = False) -> list[str]:
    """The reply's texts, in order, none over the limit; the places cited stand whole at the end of the last."""
    if reply.answer is None:
        return split_text(reply.notice, APP_TEXT_BYTES, utf8_bytes)
    if not markdown:
        return plain_parts(reply.answer, APP_TEXT_BYTES, utf8_bytes, shorten=shorten)
    body, footer = escape_markdown(body_text(reply.answer)), escape_markdown(footer_text(reply.answer, shorten))
    return attach(split_text(body, APP_TEXT_BYTES, utf8_bytes), _quoted(footer), APP_TEXT_BYTES, utf8_bytes)


def original_parts(answer: Answer) -> list[str]:
    """The cited words, each under its place, in texts for the app."""
    return quote_parts(answer, APP_TEXT_BYTES, utf8_bytes)


def text_body(user: str, agent: int, text: str, *, markdown: bool = False) -> dict[str, Any]:
    """The body of message/send."""
    kind = "markdown" if markdown else "text"
    return {"touser": user, "agentid": agent, "msgtype": kind, kind: {"content": text}}


def card_body(user: str, agent: int, card: Mapping[str, Any]) -> dict[str, Any]:
    """The body of message/send for a card."""
    return {"touser": user, "agentid": agent, "msgtype": "template_card", "template_card": dict(card)}


def passive_xml(fields: Mapping[str, Any]) -> bytes:
    """A reply inside the callback's own response: fields, and fields in fields."""
    return f"<xml>{_elements(fields)}</xml>".encode()


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, Mapping) else escape(str(value))}</{name}>" for name, value in fields.items()
    )


# ── cards ───────────────────────────────────────────────────────────────────────────────────────


def answer_card(task: str, *, original: bool) -> dict[str, Any]:
    """原文 (when there are words to show), 👍 and 👎. ``task`` is the card's own id: the platform takes none twice."""
    buttons = [_button(texts.WECOM_ORIGINAL, ORIGINAL, 1)] if original else []
    buttons += [_button(texts.WECOM_UP, UP, 2), _button(texts.WECOM_DOWN, DOWN, 2)]
    return _card(task, texts.WECOM_CARD, buttons, texts.WECOM_CARD_DESC)


def reason_card(task: str) -> dict[str, Any]:
    """What is wrong with an answer: asked once, after 👎. ``task`` is the card's own id."""
    buttons = [_button(name, f"{REASON}{number}", 2) for number, name in enumerate(texts.REASONS)]
    return _card(task, texts.WECOM_REASON_CARD, buttons)


def rated_card(task: str) -> dict[str, Any]:
    """A card after it has been used; ``task`` is its own id."""
    return _card(task, texts.WECOM_RATED, [_button(texts.WECOM_RATED, DONE, 2)])


def _card(task: str, title: str, buttons: list[dict[str, Any]], text: str = "") -> dict[str, Any]:
    heading = {"title": title, "desc": text} if text else {"title": title}
    return {"card_type": "button_interaction", "main_title": heading, "task_id": task, "button_list": buttons}


def _button(text: str, key: str, style: int) -> dict[str, Any]:
    return {"text": text, "style": style, "key": key}


# ── AI bot ──────────────────────────────────────────────────────────────────────────────────────


def reply_content(reply: Reply, shorten: Shorten) -> str:
    """The whole reply in markdown: what is said, then each place with its words; the places alone where there is no room."""
    answer = reply.answer
    if answer is None:
        return _fit(reply.notice, STREAM_BYTES)
    body = escape_markdown(body_text(answer))
    whole = "\n\n".join([body, *(_quote(citation) for citation in answer.citations)])
    if utf8_bytes(whole) <= STREAM_BYTES:
        return whole
    footer = "\n\n".join([_fit(escape_markdown(footer_text(answer, shorten)), STREAM_BYTES // 2), texts.WECOM_SHORTENED])
    return f"{_fit(body, STREAM_BYTES - utf8_bytes(footer) - 2)}\n\n{footer}"


def growing_content(text: str) -> str:
    """The verified text so far."""
    return _fit(escape_markdown(mark_text(text)), STREAM_BYTES)


def _fit(text: str, limit: int) -> str:
    """As many whole sentences from the beginning as there is room for."""
    return next(iter(split_text(text, limit, utf8_bytes)), "")


def escape_markdown(text: str) -> str:
    """Text that markdown shows as it is."""
    return _ACTIVE.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}", text)


def stream_body(stream: str, content: str, *, finish: bool, answer: str = "", card: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A stream message. ``answer``: the id under which it can be rated; only the first of a stream carries it."""
    body: dict[str, Any] = {"id": stream, "finish": finish, "content": content}
    if answer:
        body["feedback"] = {"id": answer}
    if card is not None:
        return {"msgtype": "stream_with_template_card", "stream": body, "template_card": dict(card)}
    return {"msgtype": "stream", "stream": body}


def markdown_body(content: str) -> dict[str, Any]:
    """A message through the response_url."""
    return {"msgtype": "markdown", "markdown": {"content": content}}


def push_body(message: Message, content: str) -> dict[str, Any]:
    """A message of the bot's own accord, over the long connection."""
    return {"chatid": message.chat, "chat_type": 2 if message.group else 1, **markdown_body(content)}


def welcome_body() -> dict[str, Any]:
    """What a person sees on opening the chat."""
    return {"msgtype": "text", "text": {"content": texts.BOT_START}}


def update_body(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card in the place of the one that was pressed."""
    return {"response_type": "update_template_card", "template_card": dict(card)}


def _quote(citation: Citation) -> str:
    return f"**【{citation.n}】{escape_markdown(citation.label)}**\n{_quoted(escape_markdown(citation.quote))}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
