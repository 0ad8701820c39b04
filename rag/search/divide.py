"""A question that asks several things → the questions of which it consists.

Two years, two things compared, two clauses that each ask something, two documents: each part is retrieved, answered
and verified on its own, and what can't be answered is named. A part that leaves out what it is about (「跟今年定的目标比」,
「其中民企多少」) is about what the part beside it is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.language import questions
from rag.search.complete import Completer, before_asking, names_year, stem, without_years
from rag.search.coordinates import Coordinates
from rag.search.wanted import FIGURES, what_is_wanted

_WITH = r"(?:和|与(?!会)|跟|(?<![共协会合不相陪])同(?![志意时步级类样等期比行业事学]))"
_CONTRAST = re.compile(
    r"(?:有)?(?:什么|啥|哪些|何|多大)?(?:不一样|不同|区别|差别|差异|异同)(?:的?(?:地方|之处))?(?:是|在)?(?:什么|啥|哪[里儿]?|何处)?|差在(?:哪[里儿]?|什么地方)|(?:谁|哪个)(?:更)?(?:多|少|高|低|大|小|快|慢|早|晚)(?:一?些|一?点)?"
    r"|(?:相比|对比|比较)(?:一下)?|相差(?:多少|多远)?|一样吗|一样不一样|是不是一样|各(?:自|是)?|分别"
)
_AFTER = (
    r"(?:的|在|有|各|分别|由|要|需|是|谁|哪|多|都|这[两二2]|(?<![第\d十])[两二2](?:个|项|者|种|类|件|块|条|行)|二者|两者|之间|相比|比|,|$)"
)
_NAME = r"[\u4e00-\u9fffa-z0-9+×·*/()\"“”-]"
_PAIR = re.compile(rf"(?P<first>{_NAME}{{2,16}}?)(?:{_WITH}|、|还是|以及|及)(?P<second>{_NAME}{{2,16}}?)(?={_AFTER})")
_WITHIN = re.compile(r"^[^,;]{2,24}?(?:里|当中|方面)(?=..)")
"""「方案里甲和乙各…」: what both are in."""

SHARED = 2
"""Characters before the first of two things that are taken for its own, not for what both share."""

_BOTH = re.compile(
    r"^(?:这|那)?(?:[两二2](?:个|项|者|种|类|条|家|件|块|行)|二者|两者)(?:事项|会议|单位|会|事情?|工作|工程|举措|任务)?(?:之间)?[的,]?|^之间的?"
)

_MEASURE = r"[多高长大快早少低短小慢晚]"
_THAN = re.compile(
    rf"^(?P<first>[^,;。?!]{{2,30}}?)(?<![占对相同环])(?:比(?![重例率较如价])|较)(?P<second>[^,;。?!]{{2,24}}?)"
    rf"(?P<field>(?:,[^,;。?!]{{1,12}}?|的?(?:责任单位|单位|部门|任务|内容|举措|时限|天数|人数|次数|增速|增幅|目标))?)(?:是|还|要|会|更)?{_MEASURE}(?:了|出来?|上)?(?P<asked>(?:多少|几|哪|什么|啥|谁)[^,;。?!]*|还是.*|吗|一?些|$)"
)
"""「知识产权那项比动产那项,责任单位多了哪两家」: two things, what of them is compared, and what is asked about it."""

_AGAINST = re.compile(
    rf"^(?P<first>[^,;。?!]{{2,30}}?){_WITH}(?P<second>[^,;。?!]{{2,30}}?)(?:(?:放|摆|搁)(?:在|到)?(?:一|1)(?:起|块儿?))?(?:相比|对比|比)(?![重例率价])(?:较|起来|一下)*(?P<field>)(?P<asked>(?:,|$|[高低多少大小快慢怎如咋是有]).*)$"
)
"""「去年增速跟今年目标比,是高是低」."""

_TAKE = re.compile(r"^(?:把|将|拿)(?=[^,;。?!]{4,}(?:相比|对比|比较|比一|比下|比比))")

_BOTH_ARE = re.compile(
    rf"^(?P<first>[^,;。?!]{{2,20}}?){_WITH}(?P<second>[^,;。?!]{{2,20}}?)(?:是不是)?(?:一样|同样)?,?(?:是不是)?(?:都|也都|也)(?P<rest>(?:是|要|由|归|属|在|有|需|得|能|可)[^;。?!]*(?:吗|吧|对|没有?|不是)[?。!]*)$"
)
"""「选船跟招采一样都是第七批的,对吗」: what is said of both, to be confirmed of each."""

_ATTRIBUTE = re.compile(
    r"增幅|增速|增长率?|涨幅|降幅|预期|建成|实现|做到|预计|预算数|计划|实际|实绩|完成|目标|指标|总量|总额|规模|数量|水平|情况|定[的为在到]?|打算|安排|达到?|要求|同比|相比|全年|年度?"
)
"""What anything that is measured has: a clause that holds nothing else leaves out what it is about."""

_ITS_FIGURE = re.compile(r"(?<=..)的?(?:实际)?(?:完成|目标|计划|实际|预期|预计)(?:数|值|量|情况)$")
"""Which figure of a thing is compared, not the thing: 「粮食产量的完成数」."""

_PART_OF = re.compile(r"^(?:这|那)?(?:其中|里头|里面|里边|当中)")
_MATTER = re.compile(r"(?:这|那)(?:一)?(?:块|方面|件?事)(?:儿|上)?$")
_SECOND = re.compile(
    r"(?<=..)(?:(?:还|又|并|且|以及|和|及)?(?:有|是|叫|由|归|包括|需要?|要)(?:些)?(?:哪|什么|啥|谁|多少)|(?:和|以及|还有|又)(?:哪|什么|啥|谁|多少|几|多久|怎么))"
    r"|(?:多久|何时|什么时候)(?=[^,;。?!]{2})"
    rf"|{questions.NAMED_YEAR}(?=[^,;。?!]*(?:多少|几|哪|什么|啥|谁))"
)
"""Where a second question begins that no mark divides from the first: 「由谁召集有什么任务」, 「今年目标多少去年完成多少」."""

_WHETHER = re.compile(r"(?!时不时|动不动)(?P<verb>[\u4e00-\u9fff])不(?P=verb)|可不可以|需不需要|有没有|是否|能否|可否")
_PLEA = re.compile(
    r"(?:能不能|可不可以|能否|可否)(?:请(?:[你您问教])?|麻烦[你您]?|再|先)*"
    r"(?:[帮给替为跟向对](?:我|咱|大家)|帮(?:忙|个忙|着|查|看|说|列)|告诉|解释|介绍|我"
    r"|把[^,;。?!]{1,20}?(?:说|讲|告诉|列|查|发|介绍|解释)|(?P<says>[说讲查列看])(?:(?P=says)|一?下|一[遍说讲查]|[清明全出详具得给我个]|$)|详细|具体)"
)
"""「能不能先跟我讲讲」, 「能否把它列出来」; not 「能否先公开后备案」, 「能不能列席」."""

_WHATEVER = re.compile(r"(?:无论|不论|不管(?![的了,]))[^,;。?!]*?(?:都|也|$)|看(?:看|一下)?(?:是否|有没有|[能要可]不[能要可])[^,;。?!]*")
"""A condition, whichever way it turns out: 「无论是否有不同意见」, 「不管谁外出都」."""

MOST = 8
"""Questions that one message asks at most; what has more is read as one."""

LEAST_ASKED = 2
"""Characters with content that a clause has at least after 「要不要」 if it is a question of its own."""

_AND = re.compile(r"^(?:还|又|并|且|以及|和|及)+")
_GOES_ON = re.compile(
    r"(?:分别|各自?|每一?(?:个|条|项|章|类|件|点)|都|具体)的?(?:标题|题目|名称|名字|开头|主题)?(?:都|分别)?(?:是|叫|为|指|抓)[^,;。?!]*"
)
"""A clause that asks for the names of what the clause before it counts: 「…分几部分,分别叫什么」."""

_HOW_MANY_OF_THEM = re.compile(
    r"(?:一共|总共|总计|合计|拢共|加起来|加一起|共|都)*(?:是|有|列)?(?:了|出)?(?:几|多少)(?:大|个)*(?:项|条|件|类|种|方面|部分|块|点|家|个)(?:呢|啊|呀)?"
)
"""A clause that only asks for the number of what the clause before it asks to be listed: 「…干哪几件事,一共几项」."""

_COUNTED = re.compile(r"(?:多少|(?<!第)几|哪几)(?:大|个)*(?:项|条|章|节|类|种|方面|部分|块|点|场|批)")

_CONDITION = re.compile(r"以上|以下|以内|时候|的$|^(?:的|时)")


class Divider:
    """Divides questions into facets."""

    def __init__(self, coordinates: Coordinates, completer: Completer) -> None:
        self._coordinates = coordinates
        self._completer = completer

    def compared(self, text: str) -> tuple[str, ...]:
        """「全体会议和常务会议的组成」: the question once for each of the two; () when nothing is compared."""
        return self._listed(text) or self._paired(text)

    def contrasted(self, text: str) -> tuple[str, ...]:
        """``compared``, of a later clause alone where the first one asks something else: 「甲有什么要求,乙、丙各办了多少件」."""
        first, *rest = self.clauses(text) or (text,)
        divided = [self.compared(clause) for clause in rest]
        if self.compared(first) or not any(divided):
            return self.compared(text)
        return (first, *(part for clause, parts in zip(rest, divided, strict=True) for part in parts or (clause,)))

    def measured(self, text: str) -> tuple[str, ...]:
        """「副主席请假比秘书长多几天」, 「去年增速跟今年目标比」: what is asked, once for each of the two; () when nothing is."""
        if both := _BOTH_ARE.match(text):
            return tuple(f"{side}{both['rest']}" for side in self._both(both["first"], both["second"]))
        text = _TAKE.sub("", text)
        found = _AGAINST.match(text) or _THAN.match(text)
        if found is None:
            return ()
        first, second = self._both(found["first"], found["second"])
        asked = _asked_of_each(found["asked"].strip(","))
        return tuple(f"{side}{found['field']}{asked}" for side in (first, second))

    def _both(self, first: str, second: str) -> tuple[str, str]:
        """Two things that are compared, each with what only the other says of both: 「一产增速」 and 「二产」."""
        within = _WITHIN.match(first)
        second = within[0] + second if within else second
        return self._with_topic(first, second), self._with_topic(second, first)

    def _with_topic(self, side: str, other: str) -> str:
        """One side of a comparison, with what only the other one says."""
        bare, there = without_years(side), without_years(other)
        named = len(bare) < len(there) and bare[-2:] != there[-2:] and not _ATTRIBUTE.search(bare)
        if named and (term := self._coordinates.same_kind(bare, there)):
            return other.replace(term, bare, 1)
        there = _ITS_FIGURE.sub("", there).removeprefix("的")
        return f"{there}{side}" if leaves_out_topic(side) and not leaves_out_topic(other) else side

    def _listed(self, text: str) -> tuple[str, ...]:
        pair = re.search(r"(?P<first>[\u4e00-\u9fff]{2,10}?)(?:和|与|跟|、|还是|及)(?P<second>[\u4e00-\u9fff]{2,10})", text)
        if pair is None:
            return ()
        for size in range(len(pair["second"]), 1, -1):
            second = pair["second"][:size]
            first = self._coordinates.same_kind(second, pair["first"])
            begin, end = pair.end("first") - len(first or ""), pair.start("second") + size
            if first and pair["first"].endswith(first) and re.match(_AFTER, text[end:]):
                rest = _without_contrast(_BOTH.sub("", text[end:]))
                own = 0 < begin <= SHARED and not names_year(text[:begin])  # 「三公经费和会议费」: 「三」 belongs to the first alone
                return text[:begin] + first + rest, ("" if own else text[:begin]) + second + rest
        return ()

    def _paired(self, text: str) -> tuple[str, ...]:
        """Two things joined by 和 where the question contrasts them, whatever they are."""
        pair = _PAIR.match(text) if _CONTRAST.search(text) else None
        if pair is None:
            return ()
        rest = _without_contrast(_BOTH.sub("", text[pair.end() :]))
        sides = self._both(pair["first"], pair["second"])
        return tuple(f"{side.removesuffix('的') if rest.startswith('的') else side}{rest}" for side in sides)

    def clauses(self, text: str) -> tuple[str, ...]:
        """The clauses that each ask something, with what the clauses before them are about; () when only one asks."""
        pieces = [piece for piece in _pieces(text) if not questions.SAYS_SO.fullmatch(piece)]
        asking = [_asks(piece) for piece in pieces]
        if sum(asking) > MOST:
            return ()
        if sum(asking) < 2:
            return () if _GOES_ON.fullmatch(text.rpartition(",")[2]) and _COUNTED.search(text) else _without_mark(text)
        topic = "".join(_MATTER.sub("", piece) for piece, asks in zip(pieces, asking, strict=True) if not asks)
        texts: list[str] = []
        for piece in (piece for piece, asks in zip(pieces, asking, strict=True) if asks):
            texts.append(f"{topic},{piece}" if topic else self._continued(piece, texts[0]) if texts else piece)
        parts = tuple(part for text in texts for part in _without_mark(text) or (text,))
        return parts if len(parts) <= MOST else tuple(texts)

    def _continued(self, piece: str, first: str) -> str:
        """A clause that goes on asking, with the topic of the first one when it names none."""
        if leaves_out_topic(piece) or questions.NO_SUBJECT.match(piece) or _WHETHER.match(piece):
            topic = stem(first)
            return f"{without_years(topic) if names_year(piece) else topic},{piece}"
        whole = self._completer.complete(piece, first).question if self._completer.ellipsis(piece) > 0 else piece
        year = re.search(questions.NAMED_YEAR, first)
        # what has a year: 「今年进出口增长多少,利用外资增长多少」 asks both of this year
        dated = year and what_is_wanted(piece).kind in FIGURES and not names_year(whole) and not re.search(r"规则|方案|办法", piece)
        return f"{year[0]}{whole}" if year and dated else whole


def _asks(piece: str) -> bool:
    """Whether a clause asks something of its own: 「要不要公开」 does, 「行不行」 and 「能不能告诉我」 don't."""
    piece = _WHATEVER.sub("", piece)
    if questions.ASKS.search(piece):
        return True
    whether = _WHETHER.search(piece)
    return whether is not None and not _PLEA.search(piece) and len(questions.FILLER.sub("", piece[whether.end() :])) >= LEAST_ASKED


def _asked_of_each(text: str) -> str:
    """What a comparison asks of either side: 「哪两家」; a figure when it only asks which is more."""
    if named := re.match(r"(?:谁|哪(?:个|家|边|项|种|类))的?(?P<field>[^,;。?!]{2,10}?)(?:会|要|更|还)?[多高长大快早少低短小慢晚]", text):
        return f"{named['field']}是多少"
    asked = re.match(r"(?:多少|几(?:个?工作日|[天年月次项个家]))|(?:哪|什么|啥|谁)[^,;。?!]*", text)
    return asked[0] if asked and not _CONTRAST.match(text) else "是多少"


def leaves_out_topic(piece: str) -> bool:
    """Whether a part of a question says nothing of what it is about: 「当年预期增幅定的多少」, 「其中民企多少户」."""
    import rjieba

    words = rjieba.cut(_ATTRIBUTE.sub(" ", without_years(piece)))
    said = "".join(word for word in words if re.search(r"\w", word) and not questions.FILLER.fullmatch(word))
    return bool(_PART_OF.match(piece)) or len(said) < 2


def by_year(text: str, years: Sequence[int], base: int | None) -> tuple[str, ...]:
    """The question once for each year; ``base`` is the year that 今年 means."""
    return tuple(_of_year(text, year, years, base if base is not None else year) for year in years)


def in_figures(text: str, base: int | None) -> str:
    """The text with 「去年」 as 「2023年」: two years told apart by their number."""
    if base is None:
        return text
    for word, shift in questions.RELATIVE_YEARS.items():
        text = text.replace(word, f"{base + shift}年")
    return text


def _of_year(text: str, year: int, years: Sequence[int], base: int) -> str:
    text = in_figures(text, base)
    for other in years:
        if other != year:
            text = re.sub(rf"(?:与|和|跟|同|比|较|、)?{other}年?(?:的)?(?:与|和|跟|同|比|较|、)?", "", text)
    text = _without_contrast(text)
    return text if f"{year}" in text else f"{year}年{text}"


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in (part.strip() for clause in re.split("[,;?。!:]", text) for part in _side_by_side(clause) if part.strip()):
        if pieces and _goes_on(piece, pieces[-1]):
            pieces[-1] += f",{piece}"
        else:
            pieces.append(piece)
    return pieces


def _goes_on(piece: str, before: str) -> bool:
    """Whether a clause asks for the names of what the one before counts, or for the number of what that one lists."""
    if _GOES_ON.fullmatch(piece) and _COUNTED.search(before):
        return True
    return bool(_HOW_MANY_OF_THEM.fullmatch(piece) and questions.LIST.search(before))


def _side_by_side(piece: str) -> Sequence[str]:
    """The parts of a clause between which 、 stands, when each of them asks: 「谁主持、多久开一次」."""
    parts = re.split("、(?=[^、]*(?:谁|哪|什么|多少|几|怎么|如何))", piece)
    return parts if all(questions.ASKS.search(part) for part in parts) else (piece,)


def _without_mark(text: str) -> tuple[str, ...]:
    """The two questions of a text that no mark divides, the second with the topic of the first; () when it has one."""
    first = questions.ASKS.search(text)
    if first is None or first.start() < 3:
        return ()
    if re.match(r"哪(?!里|儿|由|有|,)", text[first.start() :]):
        return ()  # 「哪些会议由谁召集」
    rest = text[first.end() :]
    second = _SECOND.search(rest)
    if second is None or _CONDITION.search(rest[: second.start()]):
        return ()
    begin = first.end() + second.start()
    topic, asked = before_asking(text[:begin]), _AND.sub("", text[begin:])
    return text[:begin], f"{without_years(topic) if names_year(asked) else topic}{asked}"


def _without_contrast(text: str) -> str:
    """What is asked of each, when what is asked of both is how they differ."""
    return _CONTRAST.sub("", text).strip(",")
