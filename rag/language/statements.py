"""What a sentence of an official text claims beside its words: who, when, how strictly, and whether at all.

All functions read the matching form (rag.language.text) and know the grammar of such texts, never a subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag.language.figures import Figure, find_figures
from rag.language.patterns import any_of
from rag.language.text import matching_form

Modality = Literal["", "forbid", "oblige", "permit"]
Bound = Literal["before", "after", "within", "above", "below"]

_CLAUSE = re.compile(r"[,。;!?:\n]|——|\|")
_SENTENCE = re.compile(r"[。;!?\n]")


def form(text: str) -> str:
    """The matching form in which two ways of writing one office or one negation are the same."""
    text = matching_form(text)
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    return text


_SPELLINGS = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (r"负责常务工作的副主席", "常务副主席"),
        (r"分管的(?:自治区)?(?:人民)?(?:政府)?(?=副主席|领导)", "分管"),
        (r"每个(?=月|周|季度|年)", "每"),
        (r"每(?:个)?(?=工作日)", "每"),
        (r"(?<=[\d一二两三四五六七八九十])(?:至|到)(?=[\d两三四五六七八九十])", "-"),
        (r"两(?=-|到|至|次|个|年|月|日|天|项|名|位|种)", "2"),
        (r"(?:政府|人民政府)办公厅", "办公厅"),
    )
)


def split_clauses(text: str) -> list[str]:
    """The clauses of a text in matching form, without their stops."""
    return [clause for clause in _CLAUSE.split(text) if clause]


def split_sentences(text: str) -> list[str]:
    """The sentences of a text in matching form."""
    return [sentence for sentence in _SENTENCE.split(text) if sentence]


# ── who ─────────────────────────────────────────────────────────────────────────────────────────

_ROLE = any_of(
    r"(?:常务副|分管副|副)?(?:主席|秘书长|主任|厅长|局长|市长|县长|区长|省长|部长|书记|组长|总理|行长)(?!团|信箱|办公会|台)",
    r"(?<![的党强])(?:主要|分管|自治区|政府)?领导(?:同志)?(?!干部|小组|责任|班子)|(?:主要)?负责(?:同志|人)",
    r"司法行政部门|主办部门|业务主管部门|审计机关|审计部门",
)
_BODY = r"国务院|党中央|中央|自治区党委|人大常委会|自治区人大|人大|政协|政府党组|党组|人民法院|人民检察院|监察机关|办公厅"
_NAME = re.compile(any_of(_ROLE, _BODY))
_ORGANISATION = re.compile(r"[\u4e00-\u9fff]{2,}(?:厅|局|委|委员会|办公室|办|部|署|院|行|分行|支行|海关|公司|中心|协会|集团|处)")


@dataclass(frozen=True, slots=True)
class Name:
    """An office or organisation and where it stands."""

    text: str
    span: tuple[int, int]


@lru_cache(maxsize=4096)
def find_names(text: str) -> tuple[Name, ...]:
    """Offices and organisations in reading order, the longest where two begin at one place."""
    found = [Name(match[0], match.span()) for match in _NAME.finditer(text)]
    taken = [name.span for name in found]
    at = 0
    for word, tag in tag_words(text):
        span = (at, at + len(word))
        at = span[1]
        suffixed = len(word) >= 3 and _ORGANISATION.fullmatch(word) is not None and tag[0] in "nj"
        if suffixed and not any(a < span[1] and span[0] < b for a, b in taken):
            found.append(Name(word, span))
    return tuple(sorted(found, key=lambda name: name.span))


_OFFICE = re.compile(r"主席|秘书长|主任|[厅局市县区省部组行]长|书记|总理|领导")


def is_office(name: str) -> bool:
    """Whether a name is a person's office: 副主席 holds 主席 without being one."""
    return bool(_OFFICE.search(name))


def has_name(text: str, name: str) -> bool:
    """Whether a text names an office or organisation."""
    return any(found.text == name for found in find_names(text)) if is_office(name) else name in text


@lru_cache(maxsize=4096)
def tag_words(text: str) -> tuple[tuple[str, str], ...]:
    """Words with their part of speech."""
    import rjieba

    return tuple(rjieba.tag(text))


_ACTS = """
    召集 主持 负责 牵头 审批 批准 签发 签署 审核 审定 决定 确定 起草 印发 组织 协调 报告 汇报 请假 请示 报备 备案 报送 提交 审查 批复 同意
    出席 参加 列席 督办 督查 监督 研究 讨论 审议 制定 发布 公布 落实 承担 配合 答复 回复 通报 安排 交接
"""
_ACT = re.compile(any_of(*_ACTS.split()))
_TOWARDS = re.compile(r"(?:受|向|报请|报送|报|送|呈|请|征得|经)(?:自治区|人民|政府)*$")
_JOINED = re.compile(r"(?:、|和|与|及|或|以及|或者|,)(?:自治区|人民政府|各|有关|其他)*")


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, or whom it is done towards: (「副主席」「秘书长」) 请假, towards (「主席」)."""

    verb: str
    names: frozenset[str]
    towards: bool


@lru_cache(maxsize=4096)
def find_acts(sentence: str) -> tuple[Act, ...]:
    """The acts of one sentence with the names nearest before each, by role; a name holds over following clauses."""
    names = find_names(sentence)
    acts: list[Act] = []
    for match in _ACT.finditer(sentence):
        clause = max(sentence.rfind(stop, 0, match.start()) for stop in ",:") + 1
        for towards in (False, True):
            before = [n for n in names if n.span[1] <= match.start() and _is_towards(sentence, n) is towards]
            if towards:
                before = [n for n in before if n.span[0] >= clause and match.start() - n.span[1] <= 6]
            if before:
                acts.append(Act(match[0], _group(sentence, names, before[-1]), towards))
    return tuple(acts)


def _is_towards(sentence: str, name: Name) -> bool:
    return bool(_TOWARDS.search(sentence[: name.span[0]]))


def _group(sentence: str, names: tuple[Name, ...], last: Name) -> frozenset[str]:
    """A name with those that are listed before it: 主席、副主席、秘书长."""
    group = [last]
    for name in reversed([n for n in names if n.span[1] <= last.span[0]]):
        if not _JOINED.fullmatch(sentence[name.span[1] : group[-1].span[0]]):
            break
        group.append(name)
    return frozenset(name.text for name in group)


# ── when ────────────────────────────────────────────────────────────────────────────────────────

_PERIOD = re.compile(
    any_of(
        r"十[一二三四五六]五\"?(?:期?[初末底]|中期)?|期[初末]|[上中下]旬|[上下]半年|(?:年|月|季度|季)[底末初]",
        r"每(?:工作日|天|日|周|月|季度|季|半年|年|旬)|定期|不定期|常年|全年",
        r"第一时间|随时|当天|当日|次日|当月|次月|适时|及时",
    )
)
_SAME_PERIOD = {"季度末": "季末", "当天": "当日", "每季": "每季度", "每日": "每天"}
_DATE = re.compile(r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日")


_ROW = re.compile(r"\d[\d.]*[\u4e00-\u9fff%‰]{0,4}(?:、\d[\d.]*[\u4e00-\u9fff%‰]{0,4})+")


@lru_cache(maxsize=8192)
def find_rows(text: str) -> frozenset[tuple[str, ...]]:
    """Figures side by side: 「分别增长6%、5%、6%」 is ("6", "5", "6")."""
    return frozenset(tuple(re.findall(r"\d+(?:\.\d+)?", match[0])) for match in _ROW.finditer(text))


_FROM_TO = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)[\u4e00-\u9fff%]{0,3}-(\d+(?:\.\d+)?)(?![\d.])")


@lru_cache(maxsize=8192)
def find_ranges(text: str) -> frozenset[tuple[str, str]]:
    """From what to what: 「2次—3次」 is ("2", "3")."""
    return frozenset((match[1], match[2]) for match in _FROM_TO.finditer(text))


@lru_cache(maxsize=8192)
def find_periods(text: str) -> frozenset[str]:
    """Times without a figure: 每周, 年底, 随时."""
    found = (re.sub(r"[\"期底]", lambda match: "末" if match[0] == "底" else "", match[0]) for match in _PERIOD.finditer(text))
    return frozenset(_SAME_PERIOD.get(period, period) for period in found)


@lru_cache(maxsize=8192)
def find_dates(text: str) -> frozenset[tuple[int, int, int]]:
    """Days as (year, month, day); year 0 when it is not written."""
    return frozenset((int(m["year"] or 0), int(m["month"]), int(m["day"])) for m in _DATE.finditer(text))


_BOUND_AFTER: tuple[tuple[Bound, str], ...] = (
    ("within", r"[之以]?内"),
    ("before", r"[之以]?前"),
    ("after", r"[之以]?后"),
    ("above", r"(?!规模)[\u4e00-\u9fff%]{0,3}以上|多|余"),
    ("below", r"(?!规模)[\u4e00-\u9fff%]{0,3}以下"),
)
_BOUND_BEFORE: tuple[tuple[Bound, str], ...] = (
    ("within", r"不超过|不得超过|最多|至多|不晚于|不迟于|控制在"),
    ("before", r"提前|会前|之前|前"),
    ("after", r"后"),
    ("above", r"(?<!不)(?<!不得)超过|突破|高于|大于|多于|超出"),
    ("below", r"低于|少于|不足|未达到|不到"),
)
_QUANTITY = re.compile(
    r"\d[\d.,]*[万亿千百]*(?P<many>[多余])?"
    r"(?:个?(?:工作日|小时|百分点)|个?[月年]|[天日周次项条件位名人家户元亩吨%个倍]|公里|万元|亿元)*"
)


def without_quantities(text: str) -> str:
    """A text with its figures and their units blanked: what it says them of."""
    return _QUANTITY.sub(" ", text)


_BESIDE = re.compile(r"(?P<event>[\u4e00-\u9fff]{2})(?:之|以)?(?P<side>[前后])(?![期续果勤台门])")


def find_sides(text: str) -> frozenset[tuple[str, str]]:
    """Events with the side on which something is: (会议结束 →「结束」, 「后」)."""
    return frozenset((match["event"], match["side"]) for match in _BESIDE.finditer(text))


@lru_cache(maxsize=4096)
def find_bounds(text: str) -> dict[Figure, frozenset[Bound]]:
    """Each figure with the bounds that stand around it: 「会后7个工作日内」 has after and within."""
    found: dict[Figure, frozenset[Bound]] = {}
    for match in _QUANTITY.finditer(text):
        figures = find_figures(match[0])
        before, after = text[max(0, match.start() - 4) : match.start()], text[match.end() : match.end() + 6]
        bounds: set[Bound] = {"above"} if match["many"] else set()
        bounds.update(name for name, pattern in _BOUND_AFTER if re.match(pattern, after))
        bounds.update(name for name, pattern in _BOUND_BEFORE if re.search(f"(?:{pattern})(?:了|至|到|达)?$", before))
        for figure in figures:
            found[figure] = found.get(figure, frozenset()) | bounds
    return found


# ── whether ─────────────────────────────────────────────────────────────────────────────────────

_FORBID = re.compile(r"不得|不准|不能|不可以?(?!分割|或缺|避免|抗力)|严禁|禁止|不许|不允许|不应|不宜|无权|不再?予")
_OBLIGE = re.compile(
    any_of(
        r"(?<![不适相反对供])应当?(?![急用对届付有诉])|必须|须(?!知)|务必|一律",
        r"(?<![重需主不只想必])要(?![求闻素点件害领情事])|(?<![如有若所确])需要?(?!求)",
    )
)
_PERMIT = re.compile(r"可以|(?<![不许认方])可(?![行持靠能以再控是见])|有权|允许|准许|(?<![才方不可功职智性产势动只])能够?(?![力源耗效手])")
_NOT_NEGATIVE = re.compile(
    any_of(
        r"不(?:少于|超过|低于|高于|晚于|迟于|限于|动产|平衡|充分|到位|折不扣|确定|合理|定期)|不[断同仅良足懈忘移等论管久止法利]",
        r"无(?:偿|障碍|线|人机|缝|不|异)|未(?:来|成年)|非[公常遗法]|是不是|能不能|可不可以|有没有",
    )
)
_NEGATIVE = re.compile(r"不|未|无|非|没有|没|禁止|严禁|除外|拒绝|免(?:于|予)|勿")


_EXCEPTION = re.compile(r"除(?:了)?(?P<what>[^,。;]{2,40}?)(?:以|之)?外")


def find_exceptions(text: str) -> list[str]:
    """What a text excepts: 「除绝密级事项外」."""
    return [match["what"] for match in _EXCEPTION.finditer(text)]


def modality(clause: str) -> Modality:
    """How strictly a clause speaks."""
    if _FORBID.search(clause):
        return "forbid"
    if _OBLIGE.search(clause):
        return "oblige"
    return "permit" if _PERMIT.search(clause) else ""


def is_negative(clause: str) -> bool:
    """Whether a clause denies; two denials make none (「非经批准不得」 still forbids, 「无不同意见」 does not deny)."""
    bare = _NOT_NEGATIVE.sub("", clause)
    return len(_NEGATIVE.findall(bare)) > 0


_PAIRS = """
    增长/下降 增加/减少 提高/降低 上升/下降 扩大/缩小 增长/减少 上涨/下跌 增/减 事前/事后 会前/会后 公开/保密 书面/口头 合并/分别
    主动/被动 全部/部分 有效/失效 有效/废止 同意/反对 支持/反对 内部/外部 区内/区外 境内/境外 上级/下级 上行/下行 直接/间接
    加快/放缓 从严/从宽 最高/最低 首位/末位 必须/自愿 强制/自愿 延长/缩短 压缩/延长 参加/缺席 正职/副职 集体/个人 提前/推迟
    提前/延后 城镇/农村 超过/不足
"""
_OPPOSITES = tuple(tuple(pair.split("/")) for pair in _PAIRS.split())


def opposite_terms(said: str, there: str) -> str | None:
    """A term of ``said`` whose opposite stands in ``there`` while the term itself does not; None when there is none."""
    for pair in _OPPOSITES:
        for term, other in (pair, pair[::-1]):
            if term in said and term not in there and other in there:
                return term
    return None
