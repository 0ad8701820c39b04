"""A follow-up and the turns before it → a question that stands alone, without a model.

「那秘书长呢?」 after 「副主席离宁外出要提前几天请假」 asks about 秘书长; 「责任单位是哪家?」 asks about the row that was
talked of. Where a question may or may not leave its topic out, both readings are kept and the documents decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.language import orders, questions
from rag.language.locators import find_references, next_to
from rag.language.numerals import NUMBER
from rag.language.text import fold
from rag.language.words import content_terms
from rag.records import Turn
from rag.search.coordinates import Coordinates
from rag.search.wanted import what_is_wanted

_NEIGHBOUR = re.compile(
    r"(?:紧?接(?:着|下来))?的?(?P<way>[上下前后])(?:面|边)?的?(?:这|那)?(?:一|1)?个?(?<![上下前后])(?P<unit>条|项|事项|章|节|点|行)"
)

_POINTS_BACK = re.compile(r"(?:它们?|其)的?(?![他它中余实次])")
"""「它的推进办法里…」: whatever follows, it is of what was talked of."""

_ANOTHER = re.compile(r"(?P<what>[^,;。?!]{2,12}?)(?:呢|的话)[,?](?P<asked>[^,;。?!]{2,}.*)$")
_TELL = re.compile(r"^(?:先|再|就|来|咱们?|我们?|给我|想|继续)*(?:说说?|讲讲?|看看?|谈谈?|聊聊?|了解)(?:一下|下)?")
_NAMED_THING = re.compile(r"(?P<what>[^,;。?!第]{2,14}?)(?:那|这)(?:边|块|头|方面|一?(?:项|条|个|件|行|类))的?呢?[?。!\s]*")
"""「专利许可那项呢」, 「人民银行那边呢」: another of what was talked of."""
_BESIDE = re.compile(r"(?:呢|的|吗|怎么样|怎样|如何|那边|这边|那块|这块|那头|方面)*[?。!,\s]*$")
_ORDINAL = re.compile(rf"第(?P<number>{NUMBER})(?P<unit>个|条|项|点|件)")
_SAYS_WHAT = re.compile(r"呢?[,?]?(?:又|具体|主要)?(?:是|讲|说|写|抓|叫|干)[的了]?(?:个|些)?(?:什么|啥|哪[个项件条])(?:呢|内容)?[?。!]*")
LEAST_COUNTED = 2
"""Characters with content that stand before an ordinal which counts off the parts of something."""

_IN_SECTION = re.compile(r"(?:部分|[节块章段项])[^;。?!]{0,4}第$")
_BELONGS = re.compile(r"的呢?[?。!\s]*$")  # 「残疾人的呢」: of what was talked of
_FIELDS = ("batch", "unit", "deadline")
"""What each row of a table has: asked of one, it may be asked of another."""
_AMOUNT = re.compile(r"多少(?:万亿|[万亿])?[个]?(?:元|块钱?|钱|人次?|户|家|亩|吨|公里|平方米)?")
_HOW_MUCH_OF = re.compile(
    r"(?:多少|几(?!乎)|多久|多长时间)(?:万亿|[万亿千百])?(?:个|家|户|项|条|件|名|位|所|处|种|套|座|届|次|亩|吨|公里|人)?[^,;。?!]{0,3}?(?:一|1)?(?:次|回)?(?P<object>[\u4e00-\u9fff、]{3,})"
)
"""What is counted or timed stands behind the word that asks: 「多久搞一次专题学习」, 「几家三甲医院」."""
_NOTHING_OF_DOCUMENT = re.compile(r"里面?|中|上|附[件表]|正文|原文|提没提|有没有?|提到?|说|写|讲|谈|表述|表态|过|没")
_SAYS = re.compile(r"^(?:里面?|中|上)?(?:说|讲|提|写|规定|要求)?(?:到|了|的)?")

_RANKED = r"在?(?:全国|全区|西北|西部|沿黄)?(?:排名?|位?居|位列)第?"
_LEADS = re.compile(
    rf"(?:{_RANKED}|由|是|(?<!纪)要|应|归|有|叫|需|能|会|被|都|各|的|(?:一?共|总共)?(?<!部)分(?:为|成)?|一?共|总共|列|包括|包含)+$"
)
"""What leads to the word that asks, and says nothing of its topic."""

_MOOD = re.compile(r"[呢啊呀呐](?P<mark>[?。!]*)$")


@dataclass(frozen=True, slots=True)
class Reading:
    """A question standing alone, a second reading where the first is not sure, and the topic it leaves behind."""

    question: str
    second: str | None
    topic: str
    added: str = ""  # what the question says itself, of one that is completed


class Completer:
    """Completes questions; ``names_document`` tells whether a text names one."""

    def __init__(
        self,
        coordinates: Coordinates,
        names_document: Callable[[str], bool],
        numbered: Callable[[str], str],
        without_names: Callable[[str], str],
        body_in: Callable[[str], str],
    ) -> None:
        """``numbered`` names units by number that a text names by heading; ``without_names`` leaves the names of documents out.

        ``body_in`` is the public body that a text names, as it names it; "" for none.
        """
        self._coordinates = coordinates
        self._names_document = names_document
        self._numbered = numbered
        self._without_names = without_names
        self._body_in = body_in

    def topic_of(self, history: Sequence[Turn]) -> str:
        """What the talk is of after ``history``, oldest turn first; "" when of nothing."""
        topic = ""
        for turn in history:
            topic = self.complete(self.count_on(fold(turn.question), topic), topic).topic
        return topic

    def count_on(self, question: str, topic: str) -> str:
        """The question with 「下一条」 as the number after that of the place that the talk is of."""
        neighbour = _NEIGHBOUR.search(question) if topic else None
        if neighbour is None:
            return question
        text = self._numbered(topic)
        shift = 1 if neighbour["way"] in "下后" else -1
        for reference in reversed(find_references(text)):
            if (named := next_to(reference, shift, neighbour["unit"])) is not None:
                before, after = question[: neighbour.start()], question[neighbour.end() :]
                if _asks_nothing(questions.ELLIPSIS_START.sub("", before) + after):  # 「那下一条呢」
                    return text[: reference.span[0]] + fold(named) + text[reference.span[1] :]
                document = re.search(r"[\u4e00-\u9fff]*$", text[: reference.span[0]]) if reference.kind == "part" else None
                return f"{questions.ELLIPSIS_START.sub('', before)}{document[0] if document else ''}{fold(named)}{after}"
        return question

    def complete(self, question: str, topic: str) -> Reading:
        """The reading of a folded question when the talk is of ``topic`` ("": of nothing yet)."""
        core = strip_courtesy(question).strip()
        if not core or _is_no_question(core):
            return Reading(question, None, topic)
        if (counted_off := _counted_off(core, topic)) is not None:
            return Reading(counted_off, None, counted_off)
        missing = self.ellipsis(core) if topic else 0
        if missing == 0:
            return Reading(question, None, core)
        slot = questions.ELLIPSIS_START.sub("", core).strip(",、 ")
        if swapped := self._swap(slot, topic) or self._of_another_row(slot, topic):
            return Reading(swapped, None, swapped) if missing == 2 else Reading(question, swapped, topic)
        if _is_a_place(slot):
            return Reading(slot, None, slot)
        kept = _of_year(topic, slot)
        if (another := _ANOTHER.match(slot)) and missing == 2:
            return self._of_another(another["what"], another["asked"], topic, kept)
        topic = _SAYS.sub("", self._without_names(topic)) if self._names_document(slot) else topic
        if missing == 1 and not questions.INTERROGATIVE.search(slot):
            kept = ("" if names_year(slot) else _year_of(topic)) + _TELL.sub("", slot)  # after 「先说专利开放许可」 the talk is of that
        if questions.INTERROGATIVE.search(slot.removesuffix("呢")) and self._body_in(slot):
            before, _, last = topic.rpartition(",")
            topic = before if before and self._body_in(last) else topic
            kept = f"{_bare_topic(topic, slot)},{slot}"  # the next one may ask it of another: 「外专局的呢」
        again = _asked_again(slot, topic)
        completed = f"{_bare_topic(topic, slot)},{slot}{again}"
        if missing == 2:
            alone = f"{_year_of(kept)}{slot}{again}" if again and not _BELONGS.search(slot) else None
            return Reading(alone or completed, completed if alone else None, kept, slot)
        return Reading(question, completed, kept, slot)

    def _of_another(self, what: str, asked: str, topic: str, kept: str) -> Reading:
        """「低保呢,提到多少」: what is asked, of another thing alone or of that one within the topic."""
        if swapped := self._swap(what, topic):
            same = swapped.endswith(asked.rstrip("?。! "))
            return Reading(swapped if same else f"{stem(swapped)},{asked}", None, swapped)
        year = "" if names_year(what) else _year_of(kept)
        return Reading(f"{year}{what},{asked}", f"{_bare_topic(topic, what)},{what},{asked}", kept, f"{what},{asked}")

    def _of_another_row(self, slot: str, topic: str) -> str | None:
        """「专利许可那项呢」 after 「医药招采在第几批」: what was asked, of another item of the table."""
        thing = _NAMED_THING.fullmatch(slot)
        if thing is None or questions.PRONOUN.fullmatch(thing["what"]) or not questions.FILLER.sub("", thing["what"]):
            return None
        asked = _field_asked(topic)
        return f"{thing['what']},{asked}" if asked else None

    def ellipsis(self, core: str) -> int:
        """How surely a question leaves its topic out: 2 surely, 1 perhaps, 0 not."""
        if questions.ELLIPSIS_START.search(core) or (re.search(r"呢[?。!]*$", core) and len(core) <= 20):
            return 2
        if self._names_document(core) and not find_references(core):
            rest = questions.FILLER.sub("", questions.SUBJECT.sub("", _NOTHING_OF_DOCUMENT.sub("", self._without_names(core))))
            return 0 if rest else 2
        if find_references(core) or self._names_document(core):
            return 0
        if _POINTS_BACK.match(core) or _ANOTHER.match(core):
            return 2
        bare = without_years(core)
        content = questions.FILLER.sub("", questions.PRONOUN.sub("", bare))
        if len(content) <= 3 or questions.NO_SUBJECT.match(core) or (questions.PRONOUN.search(core) and len(content) <= 10):
            return 2
        return 1 if len(content) <= 9 else 0

    def _swap(self, slot: str, topic: str) -> str | None:
        """「那秘书长呢?」: put 秘书长 where the topic has a term of the same kind."""
        bare = _BESIDE.sub("", slot)
        if not bare or len(bare) > 16:
            return None
        if (body := self._body_in(topic)) and self._body_in(bare) == bare:
            return topic.replace(body, bare, 1) if body != bare else None
        if (place := _ORDINAL.fullmatch(bare)) and (named := list(_ORDINAL.finditer(topic))):
            start, end = named[-1].span("number")
            if place["unit"] == named[-1]["unit"] or _IN_SECTION.search(topic[:start]):
                return topic[:start] + place["number"] + topic[end:]
        here, before = find_references(bare), find_references(topic)
        if here and before and here[0].text == bare:
            same = next((r for r in before if r.kind == here[0].kind or {r.kind, here[0].kind} == {"row", "item"}), None)
            if same:
                text = f"附件{bare}" if here[0].kind == "item" and same.kind == "row" else bare
                return topic[: same.span[0]] + text + topic[same.span[1] :]
        if bare in questions.RELATIVE_YEARS or questions.YEAR.fullmatch(bare):
            return _of_year(topic, bare)
        term = None if questions.INTERROGATIVE.search(bare) else self._coordinates.same_kind(bare, topic)
        return topic.replace(term, bare, 1) if term else None


def strip_courtesy(text: str) -> str:
    """The question without 「您好,请问」, and without the 呢 or 啊 after a clause that asks by itself."""
    stripped = questions.COURTESY.sub("", text).strip()
    mood = _MOOD.search(stripped)
    if mood and questions.INTERROGATIVE.search(re.split("[,;?。!]", stripped[: mood.start()])[-1]):
        stripped = stripped[: mood.start()] + mood["mark"]
    return stripped or text.strip()


def stem(text: str) -> str:
    """What a question is about: the words before the one that asks; all of it when hardly any stand there."""
    before = before_asking(text)
    return before if len(before) >= 3 else text


def before_asking(text: str) -> str:
    """The words before the one that asks, without the verb or preposition that leads to it."""
    found = questions.INTERROGATIVE.search(text)
    return _LEADS.sub("", text[: found.start()] if found else text)


def without_years(text: str) -> str:
    """The text without the years that it names, in figures or in words."""
    bare = questions.YEAR.sub("", text)
    for word in questions.RELATIVE_YEARS:
        bare = bare.replace(word, "")
    return bare


def names_year(text: str) -> bool:
    """Whether a text names a year."""
    return without_years(text) != text


def _is_no_question(core: str) -> bool:
    bare = core.rstrip("。!?,~. ")
    return bool(orders.GREETING.fullmatch(bare) or orders.INJECTION.search(core) or orders.TASK.match(core))


def _is_a_place(slot: str) -> bool:
    """Whether a follow-up only names a place of its own: 「那第二十六条呢」 after a question about a meeting."""
    found = [reference for reference in find_references(slot) if reference.kind in ("article", "chapter", "row", "part")]
    return len(found) == 1 and _asks_nothing(slot[: found[0].span[0]] + slot[found[0].span[1] :])


def _counted_off(core: str, topic: str) -> str | None:
    """「第七项是什么」 after 「民生工程里头第五项讲的啥」: another part of what the parts were counted off before."""
    place = _ORDINAL.match(questions.ELLIPSIS_START.sub("", core))
    named = list(_ORDINAL.finditer(topic))
    asked = place.string[place.end() :] if place else ""
    if place is None or not named or not _SAYS_WHAT.fullmatch(asked):
        return None
    asked = asked.lstrip("呢,?")
    start, end = named[-1].span("number")
    same = place["unit"] == named[-1]["unit"] or _IN_SECTION.search(topic[:start])
    counted = len(questions.FILLER.sub("", topic[:start])) >= LEAST_COUNTED
    return topic[:start] + place["number"] + topic[end : end + len(named[-1]["unit"])] + asked if same and counted else None


def _asks_nothing(text: str) -> bool:
    """Whether what stands beside a place asks nothing of it."""
    return bool(re.fullmatch(r"(?:呢|的|吗|呀|啊|怎么样)*[?。!,\s]*", text))


def _names_another(slot: str) -> bool:
    """Whether a follow-up says nothing but another thing: 「高端人才呢」."""
    return bool(re.fullmatch(r"[^,;。?!]{2,12}?呢?[?。!]*", slot)) and slot.rstrip("?。!").endswith("呢")


def _asked_again(slot: str, topic: str) -> str:
    """What was asked of the topic, when a follow-up only names another thing of which to tell it: 「多少天」 of 「高端人才呢」."""
    only = _names_another(slot)
    asked = questions.INTERROGATIVE.search(topic)
    if questions.PRONOUN.search(slot) or re.search(r"[不没了]", slot):
        return ""
    field = any(re.search(pattern, slot) for pattern in questions.ASKED.values()) or not questions.FILLER.sub("", slot)
    again = only and asked and not field and what_is_wanted(topic).pattern
    return f",{_AMOUNT.sub('多少', topic[asked.start() :])}" if again and asked else ""


def _field_asked(topic: str) -> str:
    """The words that ask a field of a table's row, from where they begin to the end of the topic; "" when it asks none."""
    found = (re.search(pattern, topic) for asked, pattern in questions.ASKED.items() if asked in _FIELDS)
    begins = [match.start() for match in found if match]
    asking = questions.INTERROGATIVE.search(topic)
    if not begins or asking is None:
        return ""
    return topic[min(*begins, len(before_asking(topic))) :] if len(topic) - min(begins) > 1 else ""


def _year_of(topic: str) -> str:
    """The year that a topic names, as it names it; "" for none."""
    dated = questions.YEAR.search(topic)
    return dated[0] if dated else next((word for word in questions.RELATIVE_YEARS if word in topic), "")


def _of_year(topic: str, text: str) -> str:
    """The topic with the year that a text names in place of its own."""
    year = _year_of(text)
    return topic.replace(_year_of(topic), year, 1) if year else topic


def _bare_topic(topic: str, slot: str) -> str:
    """The topic without its question, and without its year when the new question brings one."""
    topic = re.sub(r"(?:呢|吗|(?<!什)么|吧|呀|啊)?[?。!,\s]*$", "", topic)
    bare = stem(topic) + ("" if _names_another(slot) else _counted_in(topic))
    return without_years(bare) if names_year(slot) else bare


def _counted_in(topic: str) -> str:
    """What a topic asks the number or the time of, where it stands behind the words that ask."""
    found = _HOW_MUCH_OF.search(topic)
    terms = [term.text for term in content_terms(found["object"]) if term.firm] if found else []
    return found["object"][found["object"].find(terms[0]) :] if found and terms else ""
