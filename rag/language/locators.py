"""How staff and documents name a place ↔ Locator: 「第二十一条第(八)项」「附件第5项」 ↔ work-rules#21.8, ftz-plan#annex.5."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.language.numerals import CHINESE, LARGEST, NUMBER, to_chinese, to_int
from rag.records import DocumentEntry, Locator

_OPEN, _CLOSE = r"[(（【\[]?", r"[)）】\]]?"
_OF = r"(?:\s*(?:(?:里面?|里头|当中|中|下面?)\s*)?(?:的\s*)?)"
"""Blanks stand behind what may be there, never twice side by side: else a run of them is tried in every division."""

_ITEM_OF = rf"(?:{_OF}(?:第\s*)?(?:{_OPEN}(?P<item>{NUMBER}){_CLOSE}\s*(?:小?项|目)|[(（]\s*(?P<bracketed>{NUMBER})\s*[)）]))"
_INSIDE_ARTICLE = rf"(?:{_OF}(?:第\s*)?(?P<paragraph>{NUMBER})\s*款)?{_ITEM_OF}?"
_PLACE_OF_ITEM = rf"\s*条{_OF}(?:第\s*)?(?:[(（]\s*)?{NUMBER}\s*(?:[)）]\s*)?(?:项|目)"
_NAMED_ARTICLE = re.compile(
    rf"第\s*(?P<number>{NUMBER})\s*条(?!\s*(?:[\u4e00-\u9fff]{{2}})?(?:线路|路线|公路|铁路|河流)|\s*(?:线|路|产业|消息|意见|建议|(?:具体|落实)*(?:措施|举措)|底线))(?:之(?P<suffix>{CHINESE}))?{_INSIDE_ARTICLE}"
)
_LAST = r"(?:最后|末尾)的?(?:一|1)个?"
_BARE_ARTICLE = re.compile(
    rf"(?<![\d.{CHINESE[1:-2]}第])(?P<led>^|(?<=规则)|(?<=[,;:。、和跟与及按照据看查问]))?"
    rf"(?<![这那哪前后近共有是达列余来多每头几])(?P<number>\d{{1,4}}|[二三四五六七八九]?十[一二三四五六七八九]?|{CHINESE}(?={_PLACE_OF_ITEM}))\s*条"
    rf"(?=\s*(?:第|之{CHINESE}|里|中(?![国央小外])|讲|说|写|规定|怎么|咋|如何|内容|原文|原话|全文|{NUMBER}\s*[款项]|[(（\[]|的\s*第|(?(led)(?:$|[,.;:。?!]|下|的|是|定|呢|吗|对|有|管|要求|适用)|(?!))))"
    rf"(?:之(?P<suffix>{CHINESE}))?{_INSIDE_ARTICLE}"
)
"""「21条」, 「二十一条」 without 第: a number of things, unless what follows can only follow a place."""

_CHAPTER = re.compile(rf"第\s*(?P<number>{NUMBER})\s*章|{_LAST}章")
_TABLE = r"(?:附[件表](?:表格?)?|(?<![代外手仪图钟])表格?)"
_ROW_UNIT = r"(?:个?项|行|条|个事项|号)"
_ROW = re.compile(
    rf"(?:附[件表](?:表格?)?{_OF}(?:(?:第|(?:序号|编号)(?:是|为|第)?)\s*)?|{_TABLE}(?:里|中|上)面?的?第\s*|(?:{_TABLE}|(?<!\s)){_OF}序号(?:是|为|第)?\s*)(?P<number>{NUMBER})(?!共|号文)(?:\s*{_ROW_UNIT})?"
    rf"(?:\s*的?(?:那|这)(?:一|1)?(?:项|行|条|个))?(?:(?:里面?|中|的|\s)*第\s*(?P<measure>{NUMBER})\s*[条点](?:的?(?:具体|落实)*(?:举措|措施))?)?"
)
_SERIES = re.compile(
    rf"第\s*(?P<numbers>{NUMBER}(?:\s*(?:、|,|以及|和|与|及|跟)\s*(?:第\s*)?{NUMBER})+)\s*(?P<unit>条(?!\s*(?:措施|举措|建议|线))|章|(?:个?项|行|号)(?!文))"
)
_BETWEEN = re.compile(r"、|,|以及|和|与|及|跟")
_TABLE_BEFORE = re.compile(rf"附[件表](?:表格?)?{_OF}$")
_ITEM = re.compile(
    rf"第\s*{_OPEN}(?P<number>{NUMBER}){_CLOSE}\s*(?:项|个?事项|项事项|行)|第\s*[(（【\[](?P<bracketed>{NUMBER})[)）】\]]\s*条"
)
_BATCH = re.compile(
    rf"第\s*(?P<batch>{NUMBER})\s*批(?:次)?(?!\s*(?:的\s*)?(?:第\s*)?[几哪多])(?:\s*(?:的\s*)?(?:第\s*)?(?P<item>{NUMBER})\s*项)?"
)
_NUMBER_OF_DOCUMENT = re.compile(
    r"(?P<office>[\u4e00-\u9fff]{1,6})\s*[〔\[(【(（﹝]\s*(?P<year>\d{4})\s*[〕\])】)）﹞]\s*(?P<number>\d+)\s*号"
)
_LOOSE_NUMBER = re.compile(r"(?P<office>宁政办?[发函规]|国[发函]|国办[发函])\s*(?P<year>\d{4})\s*(?:年\s*)?(?:第\s*)?(?P<number>\d+)\s*号")
_PART = re.compile(
    rf"第\s*(?P<number>{NUMBER})\s*(?:大?部分|大块)|{_LAST}(?:大?部分|大块)|(?<![\u4e00-\u9fff第])(?P<bare>{CHINESE})、(?=\s*[(（])|(?<=报告|方案)(?P<after>{CHINESE})、?(?=\s*[(（])"
)
_INSIDE = re.compile(r"(?:里面|里头|里|当中|之中|中|下面|下|的|这|那|,|\s)*")
_ORDINAL = re.compile(
    rf"(?:第\s*|(?<!\s)\s*)?[(（](?P<bracketed>{NUMBER})[)）]\s*(?:小?节|条|款|项|点|件|个)?"
    rf"|第\s*(?P<counted>{NUMBER})\s*(?:个?[\"“「]?是[\"”」]?|个?(?:方面|事项|工程|任务|小?点|小?节|条|款|项|件|大?块)|个(?!月|工作日|季度))"
    rf"|(?P<last>最后|末尾)的?(?:一|1)(?:个|条|项|点|件|小?节|方面|事项)"
    rf"|(?<![第{CHINESE[1:-2]}])[\"“「]?(?P<told>{CHINESE})是[\"”」]?"
)
_DESCRIBED = re.compile(
    r"(?:里面?|中|上|所|下面?)?(?:列|写|规定|说|讲|提)?(?:出|到|了|明)?的?(?!附|[和跟与及、])(?:(?!附[件表]|方案|事项清单|[谁哪几]|什么|啥|多[少久]|怎么|如何|[;。?!第和跟与]).){1,16}"
)
"""What may stand between an article and one of its items: what it lists, and nothing that is asked."""


LAST = -1
"""The ordinal of 「最后一章」."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that a text names; which document it is in may be left open."""

    kind: str  # article · chapter · row · item · batch · number · part
    text: str  # as written
    span: tuple[int, int]
    path: tuple[str, ...] = ()
    inside: tuple[int, ...] = ()  # ordinals below ``path`` that are no steps of it: 第五章第二条; LAST is the last
    paragraph: int | None = None
    document_number: str | None = None
    batch: int | None = None
    batch_item: int | None = None


def find_references(text: str) -> tuple[Reference, ...]:
    """All references in reading order, the longer first where two begin at one place."""
    found: list[Reference] = []
    for match in (*_NUMBER_OF_DOCUMENT.finditer(text), *_LOOSE_NUMBER.finditer(text)):
        number = f"{match['office']}〔{match['year']}〕{match['number']}号"
        found.append(Reference("number", match[0], match.span(), document_number=number))
    for match in (*_NAMED_ARTICLE.finditer(text), *_BARE_ARTICLE.finditer(text)):
        step = _step(match["number"], match["suffix"])
        if step is None:
            continue
        item = to_int(match["item"] or match["bracketed"] or "")
        path = (step,) if item is None else (step, str(item))
        paragraph = to_int(match["paragraph"]) if match["paragraph"] else None
        found.append(Reference("article", match[0], match.span(), path, paragraph=paragraph))
    for match in _ROW.finditer(text):
        if (value := to_int(match["number"])) is not None:
            measure = to_int(match["measure"] or "")
            found.append(Reference("row", match[0], match.span(), ("annex", str(value)), (measure,) if measure else ()))
    for match in _ITEM.finditer(text):
        if (value := to_int(match["number"] or match["bracketed"])) is not None:
            found.append(Reference("item", match[0], match.span(), ("annex", str(value))))
    for match in _BATCH.finditer(text):
        batch = to_int(match["batch"])
        if batch is not None:
            found.append(Reference("batch", match[0], match.span(), batch=batch, batch_item=to_int(match["item"] or "")))
    for kind, pattern in (("chapter", _CHAPTER), ("part", _PART)):
        for match in pattern.finditer(text):
            written = next((number for number in match.groupdict().values() if number), None)
            value = to_int(written) if written else LAST
            if value is not None:
                found.append(_nested(kind, value, text, match))
    found.sort(key=lambda reference: (reference.span[0], -reference.span[1]))
    kept: list[Reference] = []
    for reference in found:
        if kept and (nested := _item_of_article(kept[-1], reference, text)):
            kept[-1] = nested
        elif not kept or reference.span[0] >= kept[-1].span[1]:
            kept.append(reference)
    return tuple(kept)


def _item_of_article(article: Reference, item: Reference, text: str) -> Reference | None:
    """The item that a text names after what its article is about: 「第二十一条列的常务会议任务,第(九)项」; None when it isn't one of it."""
    if article.kind != "article" or len(article.path) > 1 or article.paragraph or item.kind != "item":
        return None
    if not _DESCRIBED.fullmatch(text[article.span[1] : item.span[0]]):
        return None
    span = (article.span[0], item.span[1])
    return Reference("article", text[slice(*span)], span, (*article.path, item.path[1]))


def spell_out(text: str) -> str:
    """The text with numbers that share one measure word written out: 「附件第7、8项」 as 「附件第7项、附件第8项」."""
    for match in reversed(list(_SERIES.finditer(text))):
        table = _TABLE_BEFORE.search(text[: match.start()])
        between = iter(_BETWEEN.findall(match["numbers"]))
        each = [f"第{number}{match['unit']}" for number in re.findall(NUMBER, match["numbers"])]
        whole = each[0] + "".join(f"{next(between)}{'附件' if table else ''}{place}" for place in each[1:])
        text = text[: match.start()] + whole + text[match.end() :]
    return text


def without_references(text: str) -> str:
    """The text without the places that it names: 「第六批第22项是啥事」 does not ask for a batch."""
    for reference in reversed(find_references(text)):
        text = text[: reference.span[0]] + text[reference.span[1] :]
    return text


def _nested(kind: str, number: int, text: str, base: re.Match[str]) -> Reference:
    """A part or chapter with the ordinals that follow it, however each is written: 「第二部分(四)里面的“一是”」."""
    steps: list[int] = []
    end = base.end()
    while following := _ORDINAL.match(text, _begin_of_ordinal(text, end)):
        step = LAST if following["last"] else to_int(next(written for written in following.groupdict().values() if written))
        if step is None:
            break
        steps.append(step)
        end = following.end()
    span = (base.start(), end)
    if kind == "chapter":
        return Reference(kind, text[slice(*span)], span, ("chapter", str(number)), tuple(steps))
    known = steps.index(LAST) if LAST in steps else len(steps)
    path = tuple(str(step) for step in (number, *steps[:known]))
    return Reference(kind, text[slice(*span)], span, path, tuple(steps[known:]))


def _begin_of_ordinal(text: str, at: int) -> int:
    """Past the words that lead into a place: 里面的."""
    between = _INSIDE.match(text, at)
    return between.end() if between else at


def _step(number: str | None, suffix: str | None) -> str | None:
    value = to_int(number or "")
    if value is None:
        return None
    return f"{value}-{to_int(suffix)}" if suffix and to_int(suffix) else str(value)


_UNITS = {"article": "条", "chapter": "章", "row": "项|行|条|事项", "item": "项|行|条|事项", "part": "项|条|点|节"}


def next_to(reference: Reference, shift: int, unit: str) -> str | None:
    """The name of the place ``shift`` after one, counted by a measure word; None when it isn't counted by that."""
    path = reference.path
    if reference.kind == "article" and len(path) > 1:
        path, counted = (path, "项") if unit == "项" else (path[:1], "条")
    else:
        counted = _UNITS.get(reference.kind, "")
    number = int(path[-1]) + shift if path and path[-1].isdecimal() and not reference.inside else 0
    if not 1 <= number <= LARGEST or not re.fullmatch(counted, unit):
        return None
    path = (*path[:-1], str(number))
    if path[0] == "annex":
        return f"附件第{number}项"
    return _section_name(path) if reference.kind == "part" else _rules_name(path)


def render_label(entry: DocumentEntry, locator: Locator) -> str:
    """What a person reads: 《宁夏回族自治区人民政府工作规则》(宁政发〔2023〕35号)第二十一条第(八)项."""
    return f"《{entry.title}》({entry.document_number or chinese_date(entry)}){place_name(entry, locator)}"


def short_label(entry: DocumentEntry, locator: Locator) -> str:
    """The same for a line of a chat: 《工作规则》第二十一条第(八)项."""
    return f"《{entry.short_title}》{place_name(entry, locator)}"


def chinese_date(entry: DocumentEntry) -> str:
    """The date that stands for a document without a number: 「2024年1月23日」."""
    date = entry.issued or entry.adopted
    if date is None:
        return str(entry.year) + "年"
    year, month, day = date.split("-")
    return f"{year}年{int(month)}月{int(day)}日"


def place_name(entry: DocumentEntry, locator: Locator) -> str:
    """The place inside the document as an office writes it; "" for the document itself."""
    path = locator.path
    if not path:
        return ""
    if path[0] == "annex":
        return "附件" + (f"第{path[1]}项" if len(path) > 1 else "")
    if path == ("0",):
        return "题头" if entry.kind == "report" else "印发通知"
    if entry.kind == "rules":
        return _rules_name(path)
    return _section_name(path)


def _rules_name(path: tuple[str, ...]) -> str:
    if path[0] in ("chapter", "part", "section"):
        names = {"chapter": "章", "part": "编", "section": "节"}
        pairs = zip(path[::2], path[1::2], strict=False)
        return "".join(f"第{to_chinese(int(step))}{names.get(kind, '')}" for kind, step in pairs)
    number, _, suffix = path[0].partition("-")
    name = f"第{to_chinese(int(number))}条" + (f"之{to_chinese(int(suffix))}" if suffix else "")
    if len(path) > 1:
        name += f"第({to_chinese(int(path[1]))})项"
    if len(path) > 2:
        name += f"第{path[2]}目"
    return name


def _section_name(path: tuple[str, ...]) -> str:
    steps = [step for step in path if step != "tail"]
    name = f"第{to_chinese(int(steps[0]))}部分"
    if len(steps) > 1:
        name += f"第({to_chinese(int(steps[1]))})项"
    if len(steps) > 2:
        name += f"“{to_chinese(int(steps[2]))}是”"
    if len(steps) > 3:
        name += f"第{steps[3]}点"
    return name + ("结尾段落" if path[-1] == "tail" else "")
