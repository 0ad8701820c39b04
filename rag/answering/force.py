"""Does a model's sentence forbid what the source allows, deny what it affirms, or turn 增长 into 下降?

Clauses are compared with the clause of the source that they were made of; where that can't be told, nothing is said.
"""

from __future__ import annotations

import re

from rag.answering.support import Ground, Said
from rag.language.figures import find_figures
from rag.language.statements import find_exceptions, find_names, find_periods, is_negative, is_office, modality, opposite_terms
from rag.language.words import bigrams, content_terms, overlap

VERDICT = re.compile(
    r"(?:一般|原则上|目前|通常)?(?:(?P<no>不(?:是|对|能|行|会|可以?|允许|符合(?:要求|规定)|正确|准确|属实|一定|适用)|没有|不符)|(?P<free>不需要?|不用|不必|无需|无须)"
    r"|(?P<may>可以|能够?|行|允许)|(?P<yes>是|对|正确|准确|属实|没错)|会|有|需要|要|应当|必须|适用|符合(?:要求|规定)|[有没]有?问题|不妥|不合适|不?可行)(?:的|了)?"
    r"|(?:这一|这种|这个|此种|此|该|上述|您的)?(?:说法|理解|表述)(?:并?不(?:正确|准确|属实|对|成立)|有误|错误|(?P<right>是?(?:正确|准确|属实|对|成立)的?))"
)
"""A word or two that answer a yes-or-no question; what follows has to bear it out."""
_NEGATED = re.compile(r"(?:不[得能准应宜再]?|严禁|禁止|未|无|没有?)(?:再|擅自|直接|公开|另行)?(?P<stem>[\u4e00-\u9fff]{2})")
_DENIAL = re.compile(r"不[得能准应宜可]?|严禁|禁止|未|没有?|无")
_FORBIDDING = re.compile(r"不[得能准应宜可]|严禁|禁止")
_EXCEPT = re.compile(r"除外|除(?:了)?[^,。;]{2,40}?外")
TELLING = 0.5
"""Share of a clause's character pairs that a clause of the source must have to be what it was made of."""


def wrong_force(said: Said, ground: Ground, question: str) -> str | None:
    """「不得」, 「应当」 and 「可以」 in place of each other, or a denial that is none there."""
    for clause, text, before in _aligned(said, ground):
        conditional = is_negative(before) and not _EXCEPT.search(before)
        if modality(clause) == modality(text) == "forbid" and conditional and not _denies_twice(said):
            return "polarity: condition"
        if reason := _force_of(clause, text, before):
            return reason
    for clause in said.clauses:
        bare, denials = _without_denial(clause)
        same = [found[1] for text, _ in ground.clauses if (found := _without_denial(text))[0] == bare]
        if same and denials not in same:
            return "polarity: alike but for a denial"
    return _force_of_all(said, ground, question) or _wrong_verdict(said, ground, question)


def _force_of_all(said: Said, ground: Ground, question: str) -> str | None:
    """A force that no clause of the source has, while another one stands there."""
    here = {modality(clause) for clause in said.clauses if not VERDICT.fullmatch(clause)} - {""}
    there = {modality(clause) for clause, _ in ground.clauses} - {""}
    denied = any(is_negative(clause) for clause, _ in ground.clauses)
    free = "除外" in ground.form or (not there and modality(question) == "permit")  # the question brought the word
    for force in here - there:
        wrong = {"forbid": not denied, "oblige": there == {"permit"}, "permit": not free}
        if wrong[force]:
            return f"modality: {force}"
    return None


def _aligned(said: Said, ground: Ground) -> list[tuple[str, str, str]]:
    """Clauses with the clause of the source that each was made of, and the one before that; neighbours made of one are one."""
    found: list[tuple[str, str, str]] = []
    for clause in said.clauses:
        nearest = nearest_clause(clause, ground)
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


def _without_denial(clause: str) -> tuple[str, int]:
    """A clause without its words of denial and permission, and how many denials it had."""
    return re.sub(r"[能可]以?", "", _DENIAL.sub("", clause)), len(_DENIAL.findall(clause))


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


def _wrong_verdict(said: Said, ground: Ground, question: str) -> str | None:
    """「可以。」 before a sentence that forbids, 「不需要。」 before one that obliges, 「是的。」 to a question that has it wrong."""
    verdict = VERDICT.fullmatch(said.clauses[0]) if said.clauses else None
    if verdict is None:
        return None
    texts = [text for _, text, _ in _aligned(said, ground)] or [clause for clause, _ in ground.clauses]
    forces = [modality(text) for text in texts]
    if verdict["may"] and (forces[0] == "forbid" or (is_negative(texts[0]) and "除外" not in texts[0])):
        return "polarity: verdict"
    obliged = all(force == "oblige" and not is_negative(text) for force, text in zip(forces, texts, strict=True))
    if (verdict["free"] and obliged) or (verdict["no"] and forces[0] == "permit"):
        return "polarity: verdict"
    return "polarity: verdict" if (verdict["yes"] or verdict["right"]) and _has_other(question, ground.form) else None


def _has_other(question: str, there: str) -> bool:
    """Whether a question supposes a figure, a time or an office that the source does not have."""
    known, names = find_figures(there), {name.text for name in find_names(there)}
    figures = any(figure.unit and figure not in known and figure.unit not in ("年", "月") for figure in find_figures(question))
    offices = any(is_office(name.text) and name.text not in names for name in find_names(question))
    return figures or offices or any(period[0] == "每" for period in find_periods(question) - find_periods(there))


def nearest_clause(clause: str, ground: Ground) -> tuple[str, str] | None:
    """The clause of the source that a clause was made of, with the one before it; None when that can't be told."""
    if len(bigrams(clause)) < 3:
        return None
    best = max(ground.clauses, key=lambda pair: overlap(clause, pair[0]), default=None)
    return best if best is not None and overlap(clause, best[0]) >= TELLING else None


def opposite(said: Said, ground: Ground) -> str | None:
    """「下降」 of 「增长」."""
    for clause in said.clauses:
        nearest = nearest_clause(clause, ground)
        if nearest and (term := opposite_terms(clause, nearest[0])) and term not in nearest[1]:
            return f"opposite: {term}"
    term = opposite_terms(said.form, ground.form)
    return f"opposite: {term}" if term else None
