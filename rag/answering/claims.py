"""A chat model's sentence + the sentences it rests on → what it claims that they do not say.

Each check answers with None or with the reason, ``kind: detail``; kinds are listed in CHECKS. A check that can't tell
says nothing: what decides then is whether the words themselves are carried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.prompting import Source
from rag.answering.support import Ground, Said, folded
from rag.language import questions
from rag.language.figures import Figure, find_figures
from rag.language.locators import Reference, find_references
from rag.language.statements import (
    find_acts,
    find_bounds,
    find_dates,
    find_exceptions,
    find_names,
    find_periods,
    find_sides,
    has_name,
    is_negative,
    is_office,
    modality,
    opposite_terms,
    split_clauses,
    split_sentences,
    without_quantities,
)
from rag.language.text import simplify
from rag.language.words import bigrams, content_terms, is_carried

_FOREIGN = re.compile(r"[\u3040-\u30ff\u0400-\u04ff\uac00-\ud7af\u0600-\u06ff\u0e00-\u0e7f\u0370-\u03ff\u0590-\u05ff]")
_LATIN = re.compile(r"[a-zà-ÿ][a-zà-ÿ'/-]+")
_LINK = re.compile(r"https?:|www\.|\.com|\.cn\b|@|!\[|\]\(|<[a-z/]|1[3-9]\d{9}|\d{3,4}-\d{7,8}")
_QUOTED = re.compile(r'"([^"]{2,40})"')
_TITLE = re.compile(r"《([^》]+)》")
VERDICT = re.compile(
    r"(?:一般|原则上|目前|通常)?(?:(?P<no>不(?:是|对|能|行|会|可以?|允许|符合(?:要求|规定)|正确|准确|属实|一定|适用)|没有|不符)|(?P<free>不需要?|不用|不必|无需|无须)"
    r"|(?P<may>可以|能够?|行|允许)|是|对|会|有|需要|要|应当|必须|适用|正确|准确|属实|符合(?:要求|规定)|[有没]有?问题|不妥|不合适|不?可行)(?:的|了)?"
    r"|(?:这一|这种|这个|此种|此|该|上述|您的)?(?:说法|理解|表述)(?:并?不(?:正确|准确|属实|对)|有误|错误|正确|准确|属实|是?对的|成立|不成立)"
)
"""A word or two that answer a yes-or-no question; what follows has to bear it out."""
_NEGATED = re.compile(r"(?:不[得能准应宜再]?|严禁|禁止|未|无|没有?)(?:再|擅自|直接|公开|另行)?(?P<stem>[\u4e00-\u9fff]{2})")
_DENIAL = re.compile(r"不[得能准应宜可]?|严禁|禁止|未|没有?|无")
_NUMBER = re.compile(r"[\u4e00-\u9fff]{0,4}〔\d{4}〕\d+号")
_FORBIDDING = re.compile(r"不[得能准应宜可]|严禁|禁止")
_EXCEPT = re.compile(r"除外|除(?:了)?[^,。;]{2,40}?外")
_YEAR = re.compile(r"(?<!\d)(20\d{2})年")
_SEGMENT, _CLAUSE = re.compile(r"[,、。;!?:\n]|\||和|与|及"), re.compile(r"[,。;!?\n]|\|")
_TELLING = 0.5
"""Share of a clause's character pairs that a clause of the source must have to be what it was made of."""


# ── figures and times ───────────────────────────────────────────────────────────────────────────


def wrong_figure(said: Said, ground: Ground, allowed: frozenset[Figure]) -> str | None:
    """A figure with its unit that does not stand there, or a full date."""
    there = find_figures(ground.form) | allowed
    values = {figure.value for figure in there}
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
                if other >= _TELLING and own < 0.6 * other:
                    return f"figure: {figure.value}{figure.unit} of something else"
    return None


def _rivals(first: Figure, second: Figure) -> bool:
    """Whether two figures have one unit, whatever their size."""
    return first.unit.lstrip("万亿千百") == second.unit.lstrip("万亿千百") and first.unit not in ("年", "月", "")


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
    if asked and years and not years & set(asked) and not any(f"{year}年" in said.form for year in years):
        return f"year: {min(years)}"
    for year in {int(text) for text in _YEAR.findall(said.form)}:
        if years and year not in years and f"{year}年" not in ground.form:
            return f"year: {year}"
    for word, shift in questions.RELATIVE_YEARS.items():
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


def wrong_act(said: Said, ground: Ground) -> str | None:
    """Somebody does what the source lets somebody else do, or does it towards somebody else."""
    known = {_plain(name.text) for name in find_names(ground.form)}
    for sentence in split_sentences(said.form):
        overlaps = {text: _overlap(sentence, text) for text in ground.forms}
        near = [text for text, overlap in overlaps.items() if overlap >= 0.6 * max(overlaps.values())]
        there = [act for text in near for act in find_acts(text)]
        for act in find_acts(sentence):
            same = [other for other in there if other.verb == act.verb and other.towards == act.towards]
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
        if quoted not in ground.form and quoted not in ground.context and quoted not in labels:
            return f"reference: {quoted[:20]}"
    return None


def _identity(reference: Reference) -> tuple[object, ...]:
    return reference.kind, reference.path, reference.document_number, reference.batch


# ── whether ─────────────────────────────────────────────────────────────────────────────────────


def wrong_force(said: Said, ground: Ground) -> str | None:
    """「不得」, 「应当」 and 「可以」 in place of each other, or a denial that is none there."""
    for clause, text, before in _aligned(said, ground):
        conditional = is_negative(before) and not _EXCEPT.search(before)
        if modality(clause) == modality(text) == "forbid" and conditional and not _denies_twice(said):
            return "polarity: condition"
        if reason := _force_of(clause, text, before):
            return reason
    return _force_of_all(said, ground) or _wrong_verdict(said, ground)


def _force_of_all(said: Said, ground: Ground) -> str | None:
    """A force that no clause of the source has, while another one stands there."""
    here = {modality(clause) for clause in said.clauses if not VERDICT.fullmatch(clause)} - {""}
    there = {modality(clause) for clause, _ in ground.clauses} - {""}
    denied = any(is_negative(clause) for clause, _ in ground.clauses)
    for force in here - there:
        wrong = {"forbid": not denied, "oblige": there == {"permit"}, "permit": bool(there) and not denied}
        if wrong[force]:
            return f"modality: {force}"
    return None


def _aligned(said: Said, ground: Ground) -> list[tuple[str, str, str]]:
    """Clauses with the clause of the source that each was made of, and the one before that; neighbours made of one are one."""
    found: list[tuple[str, str, str]] = []
    for clause in said.clauses:
        nearest = _nearest(clause, ground)
        if nearest is None or VERDICT.fullmatch(clause):
            continue
        if found and found[-1][1:] == nearest:
            found[-1] = (f"{found[-1][0]}{clause}", *nearest)
        else:
            found.append((clause, *nearest))
    return found


def _force_of(clause: str, text: str, before: str) -> str | None:
    here, there = modality(clause), modality(text)
    if _EXCEPT.search(clause) and _EXCEPT.search(text):
        return None
    if "除外" in text:
        if "除外" not in clause and is_negative(clause) is is_negative(before):
            return "polarity: exception"
        return None
    if {here, there} in ({"forbid", "oblige"}, {"forbid", "permit"}, {"oblige", "permit"}):
        return f"modality: {here} of {there}"
    if is_negative(clause) is not is_negative(text):
        return "polarity: denied" if is_negative(clause) else "polarity: affirmed"
    return _negated_word(clause, text) or _negated_word(text, clause)


def _denies_twice(said: Said) -> bool:
    """Whether a sentence has the condition under which the source forbids: 「未经批准不得…」."""
    return sum(len(_DENIAL.findall(clause)) for clause in said.clauses if not VERDICT.fullmatch(clause)) > 1


def excepted(said: Said, ground: Ground) -> str | None:
    """What the source excepts from a rule, said to be under it."""
    if _EXCEPT.search(said.form):
        return None
    rest = _EXCEPT.sub("", ground.form)
    for what in find_exceptions(ground.form):
        terms = [term.text for term in content_terms(what) if term.firm and term.text not in rest]
        for clause in said.clauses:
            if any(term in clause for term in terms) and is_negative(clause) and is_negative(rest):
                return f"polarity: exception {terms[0]}"
    return None


def _negated_word(denying: str, affirming: str) -> str | None:
    """A word that one clause denies and the other has outside of any denial."""
    for match in _NEGATED.finditer(denying):
        at = affirming.find(match["stem"])
        if at >= 0 and not _FORBIDDING.search(affirming[:at]) and not re.search(r"[不未无没]", affirming[max(0, at - 4) : at]):
            return f"polarity: {match['stem']}"
    return None


def _wrong_verdict(said: Said, ground: Ground) -> str | None:
    """「可以。」 in front of a sentence that forbids, 「不需要。」 in front of one that obliges."""
    verdict = VERDICT.fullmatch(said.clauses[0]) if said.clauses else None
    aligned = _aligned(said, ground)
    if verdict is None or not aligned:
        return None
    _, text, _ = aligned[0]
    force = modality(text)
    if verdict["may"] and (force == "forbid" or (is_negative(text) and "除外" not in text)):
        return "polarity: verdict"
    obliged = all(modality(source) == "oblige" and not is_negative(source) for _, source, _ in aligned)
    if (verdict["free"] and obliged) or (verdict["no"] and force == "permit"):
        return "polarity: verdict"
    return None


def _nearest(clause: str, ground: Ground) -> tuple[str, str] | None:
    """The clause of the source that a clause was made of, with the one before it; None when that can't be told."""
    if len(bigrams(clause)) < 3:
        return None
    best = max(ground.clauses, key=lambda pair: _overlap(clause, pair[0]), default=None)
    return best if best is not None and _overlap(clause, best[0]) >= _TELLING else None


def _overlap(clause: str, text: str) -> float:
    pairs = bigrams(clause)
    return len(pairs & bigrams(text)) / len(pairs) if pairs else 0.0


def opposite(said: Said, ground: Ground) -> str | None:
    """「下降」 of 「增长」."""
    for clause in said.clauses:
        nearest = _nearest(clause, ground)
        if nearest and (term := opposite_terms(clause, nearest[0])) and term not in nearest[1]:
            return f"opposite: {term}"
    term = opposite_terms(said.form, ground.form)
    return f"opposite: {term}" if term else None


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
        figures = find_figures(clause) & find_figures(everything)
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
    found = questions.INJECTION.search(said.form)
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

