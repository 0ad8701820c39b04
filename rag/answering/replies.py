"""A chat act and the answers before it → what a good colleague says. Nothing is searched: what the last answer cites is cited again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering import texts
from rag.answering.units import CLAUSE, begin, clip
from rag.answering.verify import number_citations, objection, write_answer
from rag.language.figures import find_figures
from rag.language.locators import render_label, short_label
from rag.language.text import squeeze
from rag.reading.acts import ON_ANSWER, Act, ChatAct
from rag.records import Answer, DocumentEntry, Locator, Passage, Sentence, Statement
from rag.search.snapshot import Snapshot

SHORT = 60
"""Characters of an answer that is to be short."""

MORE = 400
"""Characters of what is told beside an answer."""

_FRIENDLY: dict[Act, str] = {
    "thanks": texts.THANKS, "farewell": texts.FAREWELL, "greeting": texts.GREETING, "emoji": texts.EMOJI, "who": texts.WHO,
    "empty": texts.EMPTY, "task": texts.TASK,
}  # fmt: skip
_STATEMENT = re.compile(r"(?P<text>.*?)(?P<markers>(?:\[\d{1,3}\])+)", re.DOTALL)
_COUNTED = re.compile(r"^共\d+[^\n]{1,4}：\n")
_BETWEEN = re.compile(r"\n|(?<=[；;])|(?<=。)(?=[一二三四五六七八九十]是|[(（][一二三四五六七八九十]+[)）])")
_LABEL = re.compile(r"(?:[(（][一二三四五六七八九十]+[)）]|[一二三四五六七八九十]是)")
_FIRST = ("最开", "最早", "最先", "最初", "一开始", "开头", "开始", "头一", "第一")
_ALL = ("我都", "总共", "一共")


@dataclass(frozen=True, slots=True)
class _Said:
    """What an answer says in one place, with the statements that carry it: one a citation."""

    text: str
    statements: tuple[Statement, ...]


def reply(act: ChatAct, answers: Sequence[Answer], snapshot: Snapshot) -> Answer | None:
    """What to say to an act; None to a correction, whose ``rest`` is to be asked.

    ``answers`` are those to the questions of this conversation, oldest first. The last that cites is acted on; one that
    refuses and was given last is repeated to whoever doubts it. A friendly sentence has status refused and mode none.
    The caller adds what was typed, the fingerprint and the times.
    """
    if act.act == "correction":
        return None
    if act.act not in ON_ANSWER:
        return _friendly(texts.SMALLTALK[act.rest] if act.act == "smalltalk" else _FRIENDLY[act.act])
    if act.act == "recall":
        return _recall(act.rest, answers, snapshot)
    if answers and not answers[-1].citations and act.act not in ("shorter", "table"):
        return replace(answers[-1], question="", answer=texts.STILL.format(answer=answers[-1].answer), timings_ms={})
    last = next((answer for answer in reversed(answers) if _quotes(answer, snapshot)), None)
    if last is None:
        return _friendly(texts.WHICH)
    match act.act:
        case "shorter":
            return _shorter(last, snapshot)
        case "table":
            return _table(last, snapshot)
        case "more":
            return _more(last, answers, snapshot)
        case "verbatim":
            return _cite(last, _quotes(last, snapshot), snapshot)
    lead = texts.WHY_LEAD + "\n" if act.act == "why" else ""
    return _cite(last, _quotes(last, snapshot), snapshot, lead=lead, standing=True)


def _friendly(text: str) -> Answer:
    return Answer("", "", "refused", text, (), None, None, "none", (), "", {})


def _answer(last: Answer, text: str, statements: Sequence[Statement], snapshot: Snapshot) -> Answer:
    """An answer in place of ``last``, of which it keeps what it leaves out."""
    _, citations = number_citations(statements, snapshot)
    return replace(last, question="", answer=text, citations=citations, timings_ms={}, hits=(), certainty=None, writing=None)


# ── what an answer said ─────────────────────────────────────────────────────────────────────────


def _quotes(answer: Answer, snapshot: Snapshot) -> list[Statement]:
    """The quotes of an answer that still stand where they were found."""
    quotes = [Statement(c.quote, c.locator, c.quote) for c in answer.citations if c.locator.document in snapshot.by_id]
    return [quote for quote in quotes if objection(quote, snapshot) is None]


def _said(answer: Answer, snapshot: Snapshot) -> list[_Said]:
    """What an answer says, divided by its markers; without what no standing quote carries."""
    standing = _quotes(answer, snapshot)
    cited = {c.n: quote for c in answer.citations for quote in standing if (quote.locator, quote.quote) == (c.locator, c.quote)}
    found = []
    for match in _STATEMENT.finditer(_COUNTED.sub("", answer.answer.removeprefix(texts.EXCERPT_LEAD))):
        text = match["text"].strip(" \n-*•")
        if text.startswith("|"):  # a row of a model's table
            text = "，".join(cell.strip() for cell in text.rsplit("\n", 1)[-1].split("|") if cell.strip())
        numbers = map(int, re.findall(r"\d+", match["markers"]))
        statements = tuple(replace(cited[n], text=text) for n in numbers if n in cited)
        if text and statements:
            found.append(_Said(text, statements))
    return found or [_Said(quote.text, (quote,)) for quote in standing]


def _marks(said: _Said, statements: list[Statement], snapshot: Snapshot) -> str:
    """The markers of what is said, its statements added to those that were said before it."""
    statements.extend(said.statements)
    numbered, _ = number_citations(statements, snapshot)
    return "".join(f"[{n}]" for n in dict.fromkeys(n for _, n in numbered[-len(said.statements) :]))


# ── why, basis, verbatim ────────────────────────────────────────────────────────────────────────


def _cite(last: Answer, quotes: Sequence[Statement], snapshot: Snapshot, *, lead: str = "", standing: bool = False) -> Answer:
    """The places of an answer, each with its words whole; with the standing of each document where it is first named."""
    numbered, citations = number_citations(quotes, snapshot)
    lines: list[str] = []
    named: set[Locator] = set()
    for (text, n), quote in zip(numbered, quotes, strict=True):
        if quote.locator not in named:
            label, known = citations[n - 1].label, any(place.document == quote.locator.document for place in named)
            standing_of = _standing(quote.locator.document, snapshot) if standing and not known else ""
            lines.append(texts.BASIS.format(label=label, standing=standing_of) if standing_of else texts.PLACE.format(label=label))
            named.add(quote.locator)
        lines.append(f"{text}[{n}]")
    made = _answer(last, lead + "\n".join(lines), quotes, snapshot)
    return replace(made, status="answered", missing=None, mode="extractive")


def _standing(document: str, snapshot: Snapshot) -> str:
    """A document's status, what replaces it, and its dates."""
    entry = snapshot.by_id[document].entry
    later = (other.entry for other in snapshot.documents if entry.document_number and entry.document_number in other.entry.supersedes)
    said = [texts.STATUS_NAMES[entry.status], *(texts.REPLACED_BY.format(label=_named(other)) for other in later)]
    if entry.issued:
        said.append(texts.ISSUED.format(date=_date(entry.issued)))
    if entry.effective:
        said.append(texts.EFFECTIVE.format(date=_date(entry.effective)))
    return "，".join(said)


def _named(entry: DocumentEntry) -> str:
    return render_label(entry, Locator(entry.id))


def _date(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{year}年{int(month)}月{int(day)}日"


# ── more ────────────────────────────────────────────────────────────────────────────────────────


def _more(last: Answer, answers: Sequence[Answer], snapshot: Snapshot) -> Answer:
    """What else the units of an answer say, what follows its quotes first; that there is nothing more when all has been shown."""
    shown = squeeze("\n".join(re.sub(r"\[\d{1,3}\]", "", answer.answer) for answer in answers))
    quotes = _quotes(last, snapshot)
    statements: list[Statement] = []
    units = dict.fromkeys(p.unit for quote in quotes for p in snapshot.passages if _holds(p, quote))
    for unit in units:
        room = MORE - sum(len(statement.text) for statement in statements)
        statements += _joined(_unshown(unit, quotes, shown, room, snapshot))
    statements = [statement for statement in statements if objection(statement, snapshot) is None]
    if statements:
        numbered, _ = number_citations(statements, snapshot)
        made = _answer(last, write_answer(numbered, listing=len(numbered) > 1), statements, snapshot)
    else:
        places = "、".join(_label(unit, snapshot) for unit in units)
        marks = _marks(_Said("", tuple(quotes)), [], snapshot)
        made = _answer(last, texts.NOTHING_MORE.format(places=places) + marks, quotes, snapshot)
    return replace(made, status="answered", missing=None, mode="extractive")


def _label(place: Locator, snapshot: Snapshot) -> str:
    return render_label(snapshot.by_id[place.document].entry, place)


def _holds(passage: Passage, quote: Statement) -> bool:
    """Whether a passage has any of a quote's sentences."""
    return passage.locator.within(quote.locator) and any(_is_of(sentence, quote) for sentence in passage.sentences)


def _is_of(sentence: Sentence, quote: Statement) -> bool:
    said, whole = squeeze(sentence.text), squeeze(quote.quote)
    return said in whole or whole in said


def _unshown(
    unit: Locator, quotes: Sequence[Statement], shown: str, room: int, snapshot: Snapshot
) -> Iterator[tuple[int, Sentence, Passage]]:
    """The sentences of a unit that were not shown, in reading order: within the room those from the first quote on, then those before."""
    said = [(s, p) for p in snapshot.passages if p.unit == unit for s in p.sentences]
    first = next((i for i, (s, _) in enumerate(said) if any(_is_of(s, quote) for quote in quotes)), 0)
    taken: list[int] = []
    for i in [*range(first, len(said)), *range(first)]:
        if squeeze(said[i][0].text) in shown:
            continue
        if room <= 0 or (taken and len(said[i][0].text) > room):
            break
        room -= len(said[i][0].text)
        taken.append(i)
    yield from ((i, *said[i]) for i in sorted(taken))


def _joined(sentences: Iterator[tuple[int, Sentence, Passage]]) -> list[Statement]:
    """Sentences as statements, neighbours of one place as one, a table's cell after its column's name."""
    statements: list[Statement] = []
    before = -2
    for i, sentence, passage in sentences:
        if statements and i == before + 1 and passage.locator == statements[-1].locator and not passage.name:
            whole = statements[-1].quote + sentence.text
            statements[-1] = Statement(whole, passage.locator, whole)
        else:
            lead = f"{passage.name}:" if passage.name else ""
            statements.append(Statement(lead + clip(sentence.text, MORE), passage.locator, sentence.text))
        before = i
    return statements


# ── shorter ─────────────────────────────────────────────────────────────────────────────────────


def _shorter(last: Answer, snapshot: Snapshot) -> Answer:
    """The first thing that an answer says, in its main clause; a list with the beginning of each of its items."""
    first = _said(last, snapshot)[0]
    opening, *items = first.text.split("\n")
    text = _brief(opening, last.question) + ("：" if items else "")
    labelled = [item for item in items if _LABEL.match(item)] or items
    text += "；".join(begin(item.rstrip("；;。"), SHORT // 3) for item in labelled)
    statements: list[Statement] = []
    marks = _marks(_Said(text, first.statements), statements, snapshot)
    return _answer(last, text.rstrip("；;，,") + marks, statements, snapshot)


def _brief(text: str, question: str) -> str:
    """At most SHORT characters: the neighbouring clauses with most figures, then with most of the question's words."""
    if len(text) <= SHORT:
        return text.rstrip("：:")
    ends = [0, *(match.end() for match in CLAUSE.finditer(text)), len(text)]
    runs = [text[a:b] for i, a in enumerate(ends) for b in ends[i + 1 :] if b - a <= SHORT]
    asked = set(question)
    return max(runs, key=lambda run: (len(find_figures(run)), len(asked & set(run))), default=clip(text, SHORT)).strip("，,；;：:")


# ── table ───────────────────────────────────────────────────────────────────────────────────────


def _table(last: Answer, snapshot: Snapshot) -> Answer:
    """What an answer says as rows of a table, each item of a list a row; what opens the list stands before the table."""
    if re.search(r"^\|[\s:|-]+\|$", last.answer, re.MULTILINE):
        return replace(last, question="", timings_ms={})
    statements: list[Statement] = []
    leads: list[str] = []
    rows: list[str] = []
    for said in _said(last, snapshot):
        opening, items = _items(said)
        marks = _marks(said, statements, snapshot)
        if opening:
            leads.append(f"{opening}{marks}")
        for item in items:
            cell = re.sub(r"\s+", "", item).rstrip("；;。").replace("|", "｜")
            rows.append(f"| {len(rows) + 1} | {cell} | {_source(item, said.statements[0].locator, snapshot)}{marks} |")
    return _answer(last, "\n".join([*leads, *([""] if leads else []), texts.TABLE_HEAD, *rows]), statements, snapshot)


def _items(said: _Said) -> tuple[str, list[str]]:
    """What opens a list ("" when nothing does) and its items: lines, or what 「;」 divides; the text whole when it is no list."""
    quote = said.statements[0].quote
    whole = quote if "\n" in quote and "\n" in said.text else said.text  # an item that was cut short is whole in the quote
    found = re.match(r"[^；;\n]+?[：:]", whole)
    if found is None or len(items := _divided(whole[found.end() :])) < 2:
        return "", _divided(whole)
    return found[0], items


def _divided(text: str) -> list[str]:
    return [piece.strip() for piece in _BETWEEN.split(text) if piece.strip(" ；;。\n")]


def _source(item: str, place: Locator, snapshot: Snapshot) -> str:
    """The place of an item in a chat's short form: the innermost that has its words."""
    words = re.sub(rf"^{_LABEL.pattern}", "", squeeze(item)).rstrip("；;。")
    inner = (p.locator for p in snapshot.passages if p.locator.within(place) and words and words in squeeze(p.text))
    found = next(inner, place)
    return short_label(snapshot.by_id[found.document].entry, found)


# ── recall ──────────────────────────────────────────────────────────────────────────────────────


def _recall(which: str, answers: Sequence[Answer], snapshot: Snapshot) -> Answer:
    """What was asked and where the answer was found."""
    if not answers:
        return _friendly(texts.NOTHING_ASKED)
    statements: list[Statement] = []
    meant = answers if which in _ALL else [_meant(which, answers)]
    lines = [_recalled(answer, statements, snapshot) for answer in meant]
    made = _answer(meant[-1], "\n".join(lines), statements, snapshot)
    if not statements:
        return replace(made, status="refused", mode="none")
    return replace(made, status="answered", missing=None, nearest=None, mode="extractive")


def _meant(which: str, answers: Sequence[Answer]) -> Answer:
    """The answer that 「最开头」, 「上上个」 or the words of its question name; the last when nothing does."""
    if which.startswith(_FIRST):
        return answers[0]
    if which == "上上个" and len(answers) > 1:
        return answers[-2]
    return max(reversed(answers), key=lambda answer: _likeness(which, answer))


def _likeness(which: str, answer: Answer) -> tuple[bool, int, int]:
    """How much of some words an answer's question has, then what it cites."""
    asked, cited = f"{answer.question}{answer.standalone_question}", "".join(citation.quote for citation in answer.citations)
    return which in asked, len(set(which) & set(asked)), len(set(which) & set(cited))


def _recalled(answer: Answer, statements: list[Statement], snapshot: Snapshot) -> str:
    question = re.sub(r"\s+", " ", answer.question).strip(" 。！？!?").replace("[", "［").replace("]", "］")
    quotes = _quotes(answer, snapshot)
    if not quotes:
        said = re.sub(r"\[\d{1,3}\]", "", answer.answer)
        return texts.RECALL_REFUSED.format(question=question, answer=said)
    labels: dict[str, str] = {}
    for quote in quotes:
        label = _label(quote.locator, snapshot)
        labels[label] = labels.get(label, "") + _marks(_Said("", (quote,)), statements, snapshot)
    return texts.RECALL.format(question=question, labels="、".join(f"{label}{marks}" for label, marks in labels.items()))
