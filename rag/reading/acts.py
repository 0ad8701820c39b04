"""What a message does that asks nothing of the documents: thanks, a greeting, 「为什么」, 「列个表」, 「我刚才问了什么」.

The one idea: a message is an act when nothing that could be a question is left of it once the act's words, courtesy,
particles, emoji and punctuation are taken out. The words are in acts.toml; a clause that only sighs, or says what the
answer is wanted for, is taken out too. A message of which anything is left is no act, but for a correction, whose rest
is the question put right, and for 「前面报废那个是第几条来着」, whose rest says which answer is meant.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from rag.language.locators import find_references
from rag.language.text import fold

Act = Literal[
    "recall", "table", "shorter", "why", "basis", "verbatim", "more", "who", "thanks", "farewell", "greeting", "smalltalk",
    "emoji", "empty", "task", "correction",
]  # fmt: skip

ON_ANSWER: frozenset[Act] = frozenset({"recall", "table", "shorter", "more", "why", "basis", "verbatim"})
"""What acts on the last answer."""

LONGEST = 60
"""Characters of a message that is put together of an act's words; a longer one says more than that."""

LONGEST_ASIDE = 12
"""Characters of a clause that only says what an answer is wanted for."""

_SPOKEN: tuple[Act, ...] = get_args(Act)[:12]
_WORD = 8
_CLAUSE = re.compile(r"[^\W_]+")
_ASKED_CLAUSE = re.compile(r"[^,。!?;:、~…\s]+")
_ASKS = re.compile(
    r"谁|哪|什么|啥|多少|几(?![乎句首段])|怎么|怎样|如何|何时|多久|多长|吗|呢|对吧|是否|可否|(?P<verb>[\u4e00-\u9fff])[不没](?P=verb)"
)
_WANTS = re.compile(r"要是|如果|假如|万一|的话|想要|我想|我要|需要")
"""What is supposed or wished for asks something too, where nothing is done with an answer."""

_SENTENCE = re.compile(r"[^。!?;\n]+[?]?")
_NEAR = 12
_EMOTICON = re.compile(r"\[(?:[\u4e00-\u9fff]{1,4}|[a-z]{2,8})\]")
_TAILS: tuple[Act, ...] = ("recall", "basis", "verbatim")

_Roles = frozenset[str]


@dataclass(frozen=True, slots=True)
class ChatAct:
    """An act. ``rest`` is folded: of a correction the question put right, of recall which earlier answer, of smalltalk its tone."""

    act: Act
    rest: str = ""


def read_act(message: str) -> ChatAct | None:
    """The act that a message is; None when it asks something of the documents. Never raises on any text."""
    form = _EMOTICON.sub("🙂", fold(message)).strip()
    clauses = _CLAUSE.findall(form)
    if not clauses:
        return ChatAct("emoji" if any(unicodedata.category(c) in ("So", "Sk") and c != "\ufffd" for c in form) else "empty")
    if _holds_order(form, after_acts=False):
        return ChatAct("task")
    if sum(map(len, clauses)) <= LONGEST and not find_references(form):
        for act in _SPOKEN:
            roles = _roles_of(act, clauses, asks=form.endswith("?"))
            if roles and (act != "recall" or {"back", "asked"} <= roles):
                return ChatAct(act, _rest_of(act, clauses, roles))
    if _holds_order(form, after_acts=True):
        return ChatAct("task")
    rest = _put_right(form)
    return ChatAct("correction", rest) if rest else None


# ── words ───────────────────────────────────────────────────────────────────────────────────────


@cache
def _read() -> dict[str, Any]:
    text = resources.files("rag.reading").joinpath("acts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _list(*path: str) -> tuple[str, ...]:
    """One group of words, the longest first."""
    found: Any = _read()
    for step in path:
        found = found.get(step, {})
    return tuple(sorted(found.split() if found else (), key=len, reverse=True))


def _groups(act: Act) -> tuple[str, ...]:
    """The groups whose words make a message this act."""
    return tuple(group for group in _read()["acts"][act] if group not in ("with", "closing"))


@cache
def _words(act: Act, asks: bool) -> Mapping[str, str]:
    """The words that a message of this act is put together of, each with the group it counts for; "" for none."""
    later = _SPOKEN[_SPOKEN.index(act) + 1 :]
    beside = [("shared", "words"), ("acts", act, "with"), *(("acts", other, group) for other in later for group in _groups(other))]
    if act in ON_ANSWER or act == "who":
        beside += [("shared", "asking")]
    if act in ON_ANSWER or act == "smalltalk":
        beside += [("shared", "pointing")]
    words = {word: "" for path in beside for word in _list(*path)}
    silent = "agreement" if asks else ""  # 「可以?」 asks, 「可以」 doesn't
    return words | {word: group for group in _groups(act) for word in _list("acts", act, group) if group != silent}


def _cover(text: str, words: Mapping[str, str]) -> frozenset[_Roles]:
    """The groups counted by each way in which a text is put together of words; none when it can't be."""
    reached: list[set[_Roles]] = [{frozenset()}, *(set() for _ in text)]
    for start, here in enumerate(reached):
        for end in range(start + 1, min(start + _WORD, len(text)) + 1) if here else ():
            role = words.get(text[start:end])
            if role is not None:
                reached[end] |= {roles | {role} if role else roles for roles in here}
    return frozenset(reached[-1])


# ── clauses ─────────────────────────────────────────────────────────────────────────────────────


def _roles_of(act: Act, clauses: Sequence[str], *, asks: bool) -> _Roles | None:
    """What all clauses count for together; None when anything of them is left."""
    found: _Roles = frozenset()
    for clause in clauses:
        ways = _cover(clause, _words(act, asks)) | _aside(act, clause)
        if not ways:
            return None
        found |= max(ways, key=len)
    return found


def _aside(act: Act, clause: str) -> frozenset[_Roles]:
    """The same for a clause that has other words, but asks nothing: a sigh, a purpose; for one that names an earlier answer."""
    if act == "recall" and _which([clause]):
        return frozenset({frozenset({"back", "asked"})})
    if _ASKS.search(clause) or (act not in ON_ANSWER and _WANTS.search(clause)):
        return frozenset()
    if act != "greeting" and (tone := _tone(clause, said=act not in ON_ANSWER)):
        return frozenset({frozenset({tone} if act == "smalltalk" else ())})
    kind = "purpose" if act in ON_ANSWER else {"thanks": "leaving", "farewell": "leaving", "greeting": "introduction"}.get(act, "")
    begins, verbs, ends, always = (_list("asides", f"{kind}{part}") for part in ("", "_verbs", "_ends", "_always_ends"))
    said = clause.startswith(begins) or clause.endswith(always) or (clause.startswith(verbs) and clause.endswith(ends))
    return frozenset({frozenset()}) if kind and said and len(clause) <= LONGEST_ASIDE else frozenset()


def _tone(clause: str, *, said: bool) -> str:
    """The tone of a clause that is talk by one of its words or, with ``said``, by how it begins or exclaims; "" of any other."""
    for tone in ("blame", "weary", "amused", "praise"):
        if any(word in clause for word in _list("asides", tone)):
            return tone
    exclaims = any(f"{how}{what}" in clause for how in _list("asides", "exclaims") for what in _list("asides", "exclaimed"))
    return "note" if said and (exclaims or clause.startswith(_list("asides", "note_starts"))) else ""


def _rest_of(act: Act, clauses: Sequence[str], roles: _Roles) -> str:
    """Which answer is recalled, by its words or by 「最开头」; the tone of small talk, the one that matters most first."""
    if act == "smalltalk":
        return next(group for group in _groups(act) if group in roles)
    if act != "recall":
        return ""
    back = (word for clause in clauses for word in _list("acts", "recall", "back") if word in clause)
    return _which(clauses) or next(back, "")


def _which(clauses: Iterable[str]) -> str:
    """报废 of 「前面报废那个是第几条来着」; "" when nothing so named is asked for."""
    back, asked, closing = ("|".join(_list("acts", "recall", group)) for group in ("back", "asked", "closing"))
    pattern = rf"(?:{back})(?:我|{asked}|的|那个)*+(?P<which>.{{2,12}}?)(?:{closing})(?P<tail>.+)"
    for clause in clauses:
        found = re.search(pattern, clause)
        if found is None or _ASKS.search(found["which"]) or _cover(found["which"], _words("recall", False)):
            continue
        tails = (_cover(found["tail"], _words(act, False)) for act in _TAILS)
        if _cover(clause[: found.start()], _words("smalltalk", False)) and any(map(any, tails)):
            return str(found["which"])
    return ""


# ── orders ──────────────────────────────────────────────────────────────────────────────────────


@cache
def _orders(after_acts: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each kind of order as a pattern over text without blanks, with what of it must not ask: a clause, a sentence, "" for nothing."""
    kinds = []
    for order in (order for order in _read()["orders"] if order.get("after_acts", False) is after_acts):
        has, beside, then, lead = (_either(order.get(group, "")) for group in ("has", "with", "then", "starts"))
        gap = rf".{{0,{order.get('near', _NEAR)}}}?"
        pattern = has
        if "with" in order:
            pattern = f"{has}{gap}{beside}|{beside}{gap}{has}"
        elif "then" in order:
            pattern = f"{has}{gap}{then}"
        elif "starts" in order:
            pattern = f"(?:^|[,:]){lead}*{has}"
        kinds.append((re.compile(pattern), order.get("unless_asked", "")))
    return tuple(kinds)


def _either(words: str) -> str:
    return f"(?:{'|'.join(map(re.escape, words.split()))})"


def _holds_order(form: str, *, after_acts: bool) -> bool:
    """Whether a message orders the assistant to do something else than to answer from the documents."""
    for text in (re.sub(r"\s+", "", sentence) for sentence in (*_SENTENCE.findall(form), form)):
        for pattern, unless in _orders(after_acts):
            for found in pattern.finditer(text):
                start = max(text.rfind(mark, 0, found.end()) for mark in ",;:") + 1
                clause = text[start : found.end()] + re.split("[,;]", text[found.end() :])[0]
                if not unless or not _ASKS.search(clause if unless == "clause" else text):
                    return True
    return False


# ── corrections ─────────────────────────────────────────────────────────────────────────────────


@cache
def _denials() -> Mapping[str, str]:
    return dict(_words("smalltalk", False)) | dict.fromkeys(_list("correction", "denial"), "denial")


def _put_right(form: str) -> str:
    """What is left of a message once it has said that something else was meant; "" when it says no such thing."""
    denied = False
    clauses = list(_ASKED_CLAUSE.finditer(form))
    for clause, following in zip(clauses, [*(c[0] for c in clauses[1:]), ""], strict=False):
        if ways := _cover(clause[0], _denials()):
            denied = denied or any("denial" in roles for roles in ways)
        elif clause[0].startswith(_list("correction", "not_meant")) or _contrasts(clause[0], following):
            denied = True
        else:
            begins = _meant(clause[0], denied)
            return _kept(form[clause.start() + begins :]) if begins or denied else ""
    return ""


def _contrasts(clause: str, following: str) -> bool:
    """「不是火灾,是地震」: what is denied first is said right after."""
    return clause.startswith("不是") and following.startswith(("是", "而是", *_list("correction", "meant")))


def _meant(clause: str, denied: bool) -> int:
    """Where what is meant begins in a clause: behind 「不对我问的是」; 0 when it doesn't say so."""
    for word in (*_list("correction", "meant"), *_list("correction", "meant_if_denied")):
        at = clause.find(word)
        ways = _cover(clause[:at], _denials()) if at >= 0 else frozenset()
        here = denied or any("denial" in roles for roles in ways)
        if ways and (here or word in _list("correction", "meant")) and at + len(word) < len(clause):
            return at + len(word)
    return 0


def _kept(rest: str) -> str:
    """The question put right, without the clauses after it that say what was not meant."""
    clauses = [clause for clause in re.split(r"[,。;!]", rest) if clause.strip()]
    later = (c for c in clauses[1:] if _ASKS.search(c) or not c.strip().startswith(_list("correction", "not_rest")))
    return ",".join([*clauses[:1], *later]).strip(" ,:是") if clauses else ""
