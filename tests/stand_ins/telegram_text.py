"""How Telegram reads text in HTML mode: tags to entities, strict about what it does not know."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

LIMIT = 4096
_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote", "tg-spoiler", "a", "span", "tg-emoji"}
_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*)(?P<rest>[^<>]*)>|(?P<bad><)|(?P<text>[^<]+)")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")


class BadText(Exception):
    """What the Bot API answers with 400; the description as it words it."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of the text; in UTF-16 units."""

    kind: str
    offset: int
    length: int


def units(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_text(raw: str, parse_mode: str | None) -> tuple[str, tuple[Entity, ...]]:
    """The text that is shown, with its entities. Raises BadText."""
    text, entities = (raw, ()) if parse_mode is None else _read_html(raw) if parse_mode == "HTML" else _refuse(parse_mode)
    if not text.strip():
        raise BadText("Bad Request: message text is empty")
    if units(text) > LIMIT:
        raise BadText("Bad Request: message is too long")
    return text.strip(), entities


def _refuse(parse_mode: str) -> tuple[str, tuple[Entity, ...]]:
    raise BadText(f"Bad Request: unsupported parse_mode {parse_mode}")


def _read_html(raw: str) -> tuple[str, tuple[Entity, ...]]:
    text = ""
    opened: list[tuple[str, str, int]] = []
    entities: list[Entity] = []
    for token in _TOKEN.finditer(raw):
        at = len(raw[: token.start()].encode())
        if token["bad"] is not None:
            raise BadText(f"Bad Request: can't parse entities: Unclosed start tag at byte offset {at}")
        if token["text"] is not None:
            text += _REFERENCE.sub(lambda found: html.unescape(found[0]), token["text"])
            continue
        name = token["name"].lower()
        if name not in _TAGS:
            raise BadText(f'Bad Request: can\'t parse entities: Unsupported start tag "{name}" at byte offset {at}')
        if not token["end"]:
            kind = "expandable_blockquote" if name == "blockquote" and "expandable" in token["rest"] else name
            opened.append((name, kind, units(text)))
            continue
        if not opened or opened[-1][0] != name:
            raise BadText(f"Bad Request: can't parse entities: Unmatched end tag at byte offset {at}")
        _, kind, start = opened.pop()
        entities.append(Entity(kind, start, units(text) - start))
    if opened:
        raise BadText(f'Bad Request: can\'t parse entities: Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return text, tuple(entities)
