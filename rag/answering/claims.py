"""A chat model's sentence + the sentences it rests on → what it claims that they do not say.

Each check answers with None or with the reason, ``kind: detail``; kinds are listed in CHECKS. A check that can't tell
says nothing: what decides then is whether the words themselves are carried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.force import TELLING, VERDICT, nearest_clause
from rag.answering.prompting import Source
from rag.answering.support import Ground, Said, folded
from rag.language import orders
from rag.language.figures import Figure, find_figures
from rag.language.locators import Reference, find_references
from rag.language.statements import (
    find_acts,
    find_bounds,
    find_dates,
    find_names,
    find_periods,
    find_ranges,
    find_rows,
    find_sides,
    has_name,
    is_office,
    split_clauses,
    split_sentences,
    without_quantities,
)
from rag.language.text import simplify
from rag.language.words import bigrams, content_terms, is_carried, overlap
from rag.language.years import RELATIVE_YEARS

_FOREIGN = re.compile(r"[\u3040-\u30ff\u0400-\u04ff\uac00-\ud7af\u0600-\u06ff\u0e00-\u0e7f\u0370-\u03ff\u0590-\u05ff]")
_LATIN = re.compile(r"[a-zà-ÿ][a-zà-ÿ'/-]+")
_LINK = re.compile(r"https?:|www\.|\.com|\.cn\b|@|!\[|\]\(|<[a-z/]|1[3-9]\d{9}|\d{3,4}-\d{7,8}")
_QUOTED = re.compile(r'"([^"]{2,40})"')
_TITLE = re.compile(r"《([^》]+)》")
_NUMBER = re.compile(r"[\u4e00-\u9fff]{0,4}〔\d{4}〕\d+号")
_APPROVALS = frozenset({"审定", "签发", "签署", "批准", "审批", "审核", "决定", "确定", "同意", "批复"})
_NO_NUMBER = re.compile(r"(?:文号|字号)(?:是|为|:)(?![^,。;]{0,12}\d+号)")
_YEAR = re.compile(r"(?<!\d)(20\d{2})年")
_SEGMENT, _CLAUSE = re.compile(r"[,、。;!?:\n]|\||和|与|及"), re.compile(r"[,。;!?\n]|\|")


# ── figures and times ───────────────────────────────────────────────────────────────────────────


def wrong_figure(said: Said, ground: Ground, allowed: frozenset[Figure]) -> str | None:
    """A figure with its unit that does not stand there, or a full date."""
    there = find_figures(ground.form) | allowed
    values = {figure.value for figure in there}
    ranges = find_ranges(ground.form)
    for first, last in find_ranges(said.form) - ranges if ranges else ():
        return f"figure: {first}-{last}"
    rows = find_rows(ground.form)
    if wrong := [row for row in find_rows(said.form) if rows and row not in rows]:
        return f"figure: {'、'.join(wrong[0])}"
    for figure in said.figures:
        if figure not in there and not (figure.unit == "" and figure.value in values):
            return f"figure: {figure.value}{figure.unit}"
    return None


def wrong_date(said: Said, ground: Ground) -> str | None:
    """A day that no sentence names; a year may come from elsewhere in the quote."""
    there = find_dates(ground.form)
    for year, month, day in find_dates(said.form):
        if not any((m, d) == (month, day) and (y == year or 0 in (y, year)) for y, m, d in there):
            return f"date: {year}-{month}-{day}"
    return None


def wrong_bound(said: Said, ground: Ground) -> str | None:
    """「5个工作日前」 of 「5个工作日内」, 「超过10%」 of 「10%」, or a figure that belongs to something else in the same sentence."""
    bounds = find_bounds(ground.form)
    for figure, claimed in find_bounds(said.form).items():
        there = bounds.get(figure, frozenset())
        timed = there & {"before", "after", "within"}
        for bound in claimed - there:
            if bound in ("above", "below") or timed or (bound == "within" and "above" in there):
                return f"bound: {bound} {figure.value}{figure.unit}"
    return _swapped_figure(said, ground)


def _swapped_figure(said: Said, ground: Ground) -> str | None:
    """A figure said of what the source says of another one with the same unit."""
    there = find_figures(ground.form)
    for split in (_SEGMENT, _CLAUSE):
        pieces = [piece for piece in split.split(ground.form) if find_figures(piece)]
        for piece in split.split(said.form):
            about = bigrams(without_quantities(piece))
            for figure in find_figures(piece) & there if len(about) > 1 else ():
                own = _of(about, [text for text in pieces if figure in find_figures(text)])
                others = [text for text in pieces if any(_rivals(figure, other) for other in find_figures(text) - {figure})]
                other = _of(about, [text for text in others if figure not in find_figures(text)])
                if (other >= TELLING and own < 0.6 * other) or (other >= 0.6 * TELLING and own == 0.0):
                    return f"figure: {figure.value}{figure.unit} of something else"
    return None


def apart(said: Said, ground: Ground) -> str | None:
    """A figure of a sentence that has not one word of the clause it is put in, though the quote has such words elsewhere."""
    for clause in said.clauses:
        terms = [term.text for term in content_terms(clause) if term.text in ground.form]
        for figure in find_figures(clause) if terms else ():
            holding = [f"{text}\n{folded(source.context)}" for source, text in zip(ground.sources, ground.forms, strict=True)
                       if source.locator.path != ("0",) and figure.unit != "年" and figure in find_figures(text)]  # fmt: skip
            if holding and not any(term in text for term in terms for text in holding):
                return f"figure: {figure.value}{figure.unit} of something else"
    return None


def _rivals(first: Figure, second: Figure) -> bool:
    """Whether one figure could be taken for the other: one unit, whatever their size."""
    return _kind(first) == _kind(second) != ""


def _kind(figure: Figure) -> str:
    """What a figure counts; people, things and households are all counted."""
    unit = figure.unit.lstrip("万亿千百")
    return "" if unit in ("年", "月", "") else "个" if unit in ("个", "人", "名", "位", "家", "户", "件", "项", "套", "种") else unit


def _of(about: frozenset[str], texts: Sequence[str]) -> float:
    """How much of what a figure is said of stands beside it in one of the texts, 0…1."""
    return max((len(about & bigrams(without_quantities(text))) / len(about) for text in texts), default=0.0)


def wrong_side(said: Said, ground: Ground) -> str | None:
    """「驾驶船舶后」 of 「驾驶船舶前」."""
    there = find_sides(ground.form)
    for event, side in find_sides(said.form):
        if (event, side) not in there and (event, "前" if side == "后" else "后") in there:
            return f"bound: {event}{side}"
    return None


def wrong_period(said: Said, ground: Ground) -> str | None:
    """「每周」 of 「每月」, 「年底」 of 「期末」."""
    there = find_periods(ground.form) | find_periods(ground.context)
    lacking = find_periods(said.form) - there
    return f"period: {sorted(lacking)[0]}" if lacking else None


def wrong_year(said: Said, ground: Ground, asked: Sequence[int], base: int | None) -> str | None:
    """「今年」 about a part of the document that is about another year; or such a part when another year was asked for."""
    years = {source.year for source in ground.sources if source.year}
    named = any(f"{year}年" in ground.form for year in asked)
    if asked and years and not named and not years & set(asked) and not any(f"{year}年" in said.form for year in years):
        return f"year: {min(years)}"
    for year in {int(text) for text in _YEAR.findall(said.form)}:
        if years and year not in years and f"{year}年" not in ground.form:
            return f"year: {year}"
    for word, shift in RELATIVE_YEARS.items():
        if base is not None and years and word in said.form and word not in ground.form and base + shift not in years:
            return f"year: {word}"
    return None


# ── who and where ───────────────────────────────────────────────────────────────────────────────


def _plain(name: str) -> str:
    """One spelling of an office: 「自治区领导同志」 = 「领导」, 「主要负责人」 = 「主要负责同志」."""
    return re.sub(r"同志$|^(?:自治区|政府)(?=领导)", "", name).replace("负责人", "负责") or name


def wrong_name(said: Said, ground: Ground, question: str) -> str | None:
    """An office or organisation that neither the sentences nor the question name."""
    known = {_plain(name.text) for text in (ground.form, ground.context, question) for name in find_names(text)}
    everything = f"{ground.form}\n{ground.context}\n{question}"
    for name in said.names:
        plain = _plain(name)
        if plain in known or (plain == "领导" and any(other.endswith("领导") for other in known)):
            continue
        if is_office(name) or name not in everything:
            return f"name: {name}"
    return None


def swapped_name(said: Said, ground: Ground) -> str | None:
    """An office in a clause in place of the one that stands in the clause it was made of, or one listed twice."""
    for clause in said.clauses:
        listed = [name.text for name in find_names(clause)]
        if re.search(r"|".join(f"{name}、{name}(?![^、,和与及等组由])" for name in map(re.escape, listed)) or r"(?!)", clause):
            return f"name: {listed[0]} twice"
        nearest = nearest_clause(clause, ground)
        if nearest is None:
            continue
        here = {_plain(name) for name in listed if is_office(name)}
        there = {_plain(name.text) for name in find_names(nearest[0]) if is_office(name.text)}
        if here - there and there - here and not here - there <= {_plain(name.text) for name in find_names(nearest[1])}:
            return f"name: {sorted(here - there)[0]} for {sorted(there - here)[0]}"
    return None


def wrong_act(said: Said, ground: Ground) -> str | None:
    """Somebody does what the source lets somebody else do, or does it towards somebody else."""
    known = {_plain(name.text) for name in find_names(ground.form)}
    for sentence in split_sentences(said.form):
        overlaps = {text: overlap(sentence, text) for text in ground.forms}
        near = [text for text, overlap in overlaps.items() if overlap >= 0.6 * max(overlaps.values())]
        there = [act for text in near for act in find_acts(text)]
        acts = find_acts(sentence)
        submitted = {act.verb for act in acts if act.towards}
        for act in acts:
            same = [other for other in there if other.verb == act.verb and other.towards == act.towards]
            if act.verb in _APPROVALS - submitted:  # what is submitted to somebody is approved by nobody else
                same = [other for other in there if other.verb == act.verb and other.towards] or same
            allowed = {_plain(name) for other in same for name in other.names}
            wrong = {_plain(name) for name in act.names} & known - allowed
            if same and wrong:
                return f"act: {sorted(wrong)[0]} {act.verb}"
    return None


def wrong_reference(said: Said, ground: Ground, labels: str) -> str | None:
    """A place, a document number or a title that neither the sentences nor their own labels name."""
    there = find_references(f"{ground.form}\n{labels}")
    known = {_identity(reference) for reference in there}
    numbers = tuple(reference.document_number for reference in there if reference.document_number)
    for reference in find_references(said.form):
        if reference.document_number and reference.document_number.endswith(numbers):
            continue  # the words before a number are taken for part of it
        if _identity(reference) not in known and reference.text not in ground.form:
            return f"reference: {reference.text}"
    for title in _TITLE.findall(said.form):
        if title not in ground.form and title not in labels:
            return f"reference: {title[:20]}"
    for quoted in _QUOTED.findall(said.form):
        if quoted not in ground.form and quoted not in ground.context:
            return f"reference: {quoted[:20]}"
    if _NO_NUMBER.search(said.form):
        return "reference: no number"
    return None


def _identity(reference: Reference) -> tuple[object, ...]:
    return reference.kind, reference.path, reference.inside, reference.document_number, reference.batch


# ── the words themselves ────────────────────────────────────────────────────────────────────────


def uncarried(said: Said, ground: Ground, question: str, labels: str) -> str | None:
    """A clause whose words the sentences do not have: a thing that they do not name, or more than one other word."""
    everything = f"{ground.form}\n{ground.context}\n{labels}"
    for clause in split_clauses(_NUMBER.sub("", _TITLE.sub("", said.form))):
        if VERDICT.fullmatch(clause):
            continue
        terms = content_terms(clause)
        lacking = [term for term in terms if not is_carried(term, everything) and term.text not in question]
        firm = [term for term in lacking if term.firm]
        if firm or len(lacking) > 1 or (lacking and len(terms) < 3):
            return f"uncarried: {(firm or lacking)[0].text}"
    carried = sum(is_carried(term, everything) for term in said.terms)
    if said.terms and carried < 0.5 * len(said.terms):
        return "uncarried: most words"
    return None if said.terms or said.figures or said.names else "uncarried: nothing said"


def scattered(said: Said, sources: Sequence[Source]) -> str | None:
    """A clause that puts an office, or a figure, of one paragraph together with the subject of another one."""
    groups: dict[tuple[object, ...], str] = {}
    for source in sources:
        place = (source.locator, source.group)
        groups[place] = f"{groups.get(place, folded(source.context))}\n{folded(source.text)}"
    everything = "\n".join(groups.values())
    for clause in said.clauses:
        names = [name.text for name in find_names(clause) if has_name(everything, name.text)]
        figures = frozenset(f for f in find_figures(clause) & find_figures(everything) if f.unit != "年")
        things = [term.text for term in content_terms(clause) if term.firm and len(term.text) > 2 and term.text in everything]
        if (names or figures) and things and not any(_holds(text, names, figures, things) for text in groups.values()):
            return f"scattered: {(names or things)[0]}"
    return None


def _holds(text: str, names: Sequence[str], figures: frozenset[Figure], things: Sequence[str]) -> bool:
    named = all(has_name(text, name) for name in names)
    return named and figures <= find_figures(text) and all(thing in text for thing in things)


def foreign(said: Said, ground: Ground, question: str) -> str | None:
    """Another language: other scripts, and Latin words that neither the sentences nor the question have."""
    if _FOREIGN.search(said.form):
        return "language: script"
    for word in _LATIN.findall(said.form):
        if word not in ground.form and word not in ground.context and word not in question:
            return f"language: {word}"
    return None


def obeying(said: Said, ground: Ground) -> str | None:
    """What a person or a passage may have told the model to say: talk about instructions, links, addresses, numbers to call."""
    if _LINK.search(said.text.lower()):
        return "instruction: link"
    found = orders.INJECTION.search(said.form)
    return f"instruction: {found[0][:20]}" if found and found[0] not in ground.form else None


def shown(text: str) -> str:
    """A sentence as it is shown: simplified characters."""
    return simplify(text).strip()


CHECKS: dict[str, str] = {
    "unknown-key": "a marker that stands for no passage",
    "figure": "a figure, amount, percentage or time limit with another value or unit",
    "date": "another day",
    "bound": "before for within, above for exactly",
    "period": "每周 for 每月",
    "year": "今年 for another year",
    "name": "an office or organisation that is not there",
    "act": "somebody else does it",
    "reference": "an article, number or title that is not there",
    "modality": "不得, 应当 and 可以 for each other",
    "polarity": "denied for affirmed",
    "opposite": "下降 for 增长",
    "uncarried": "words that are not there",
    "scattered": "an office or figure of one paragraph with the subject of another",
    "language": "another language",
    "instruction": "talk of instructions, links, addresses",
}
"""Every kind of reason for which a sentence is dropped."""

