"""What kind of thing answers a question: a figure with a unit, a time, a duration, a name, a share.

The sentence that answers 「…多少亿元」 has a figure in 亿; one that has none may be about the subject, and is no
answer. Read off the question's own words, it ranks sentences, and it refuses where no sentence has the kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.language.kinds import DIGITS, GENERAL, PARTICULAR
from rag.language.numerals import to_int
from rag.language.words import SYNONYMS

_MULTIPLE = r"(?:多|余|几)?(?:万亿|千万|百万|亿|万|千|百)?(?:多|余)?"
_FIGURE = re.compile(
    r"\d|(?<![每第一二三四五六七八九十百千两])[一二三四五六七八九十百千两]+(?:个|项|条|次|名|位|章|批|年|月|日|天|分|大|类|种|家|届|成|倍|户|人)|百分之|翻番|翻一番|过半|一半"
)
_TIME = re.compile(
    r"\d{4}年|\d{1,2}月|会[前后]|根据需要|如期|尽快|年[初中]|商定|\d{1,2}日|年底|年末|期末|五年|[“\"]?十四五[”\"]?|月底|季度|每年|每月|每周|随时|第一时间|及时|当[天日年月]|之日|\d[\d.]*(?:多|余)?个?(?:工作日|小时|天|日|周|月|年)"
    r"|[一二三四五六七八九十两半]+(?:个)?(?:工作日|小时|天|周|月|年|季度)|[前后]$|之前|之后|前(?:,|。|;|$)|期间|时限"
)
_SHARE = re.compile(r"[%‰]|百分之|百分点|[一二三四五六七八九十]成|过半|一半|翻番|翻一番|\d倍|分之")
_NAME = re.compile(
    r"(?:主席|省长|书记|主任|厅长|局长|市长|同志|选手|运动员|代表)[\u4e00-\u9fff]{2,3}(?![\u4e00-\u9fff])|[\u4e00-\u9fff]{2,3}(?:夺|获|荣)"
)
_DOCUMENT_NUMBER = re.compile(r"〔\d{4}〕\d+号")
_RANK = re.compile(
    r"首|第(?:\d+|[一二三四五六七八九十百]+)|最[高多大好快低小早]|前列|前茅|居.{0,4}[一二三四五六七八九十]位|倒数|[冠亚季]军"
    r"|[金银铜]牌"
)

_CARDINAL = re.compile(
    r"(?:多少|(?<![第这那哪晚早过好])几)(?:多|来)?(?P<multiple>万亿|千万|百万|亿|万|千|百)?个?(?P<unit>工作日|小时|平方米|平方公里|立方米|千瓦时?|公里|公顷|公斤|微克|毫克|亩|分钟|秒|级|[天日年月周次岁元钱度吨斤米倍届]|块钱)"
    r"|多少(?P<many>万亿|亿|万)?(?P<heads>[人名户字页辆台套])?"
)
"""A number of something that is measured; how many things of a kind there are is a list, and has no figure."""

_UNITS: dict[str, str] = {
    "钱": "元", "块钱": "元", "度": "(?:℃|°c|度|千瓦时)", "人": "(?:人|名|位|万)", "名": "(?:名|人|位|万)", "户": "(?:户|家|个|万)",
    "天": "(?:工作日|天|日)", "日": "(?:工作日|天|日)", "年": "(?:年|周年)", "次": "(?:次|回|届)", "岁": "周?岁",
    "分钟": "(?:分钟|分|刻钟)", "斤": "(?:斤|公斤|吨)",
}  # fmt: skip
_HOW_MANY = re.compile(r"几何(?!图|学|形)|几多")
_GIVEN = re.compile(r"(?<![\d.第〕])\d+(?:\.\d+)?(?:万亿|[万亿]|%)?(?![\d.年月日号〕])")
_ORDINAL = re.compile(r"第几(?!个?(?:条|章|节|项|行|点|部分|大?块))|(?<!安)排(?:名|位|在)?(?:第几|多少|老几)|(?:名次|位次)")
_HOW_LONG = re.compile(r"多久|多长时间|几时|什么时候|啥时候|什么时间|何时|哪(?:一)?[年月天日]|几(?:月份?|号)(?!文)")
_HOW_MUCH = re.compile(r"多少(?![号项个条种类家件款章所处部])|多大(?:规模|面积)|多高|几[百千万亿]")
_HOW_LARGE = re.compile(
    r"(?:比例|占比|比重|率|幅度?|增速|涨幅|降幅)(?:是|为|有|达到?|到)?(?:了)?(?:多少|几|多大|多高)|多大比例|百分之几|几成|百分之多少"
)
_SUM = r"(?:(?<!消)费用?|经费|资金|预算|补贴|补助|奖金|罚款|罚金|租金|押金|保证金|工资|薪酬|价格?|造价|总投资|投资额|金额)"
_HOW_COSTLY = re.compile(
    rf"多少[\u4e00-\u9fff]{{0,4}}{_SUM}(?!率|比)"
    rf"|(?:{_SUM}|投资)(?:总额|标准)?(?:安排|需要?|是|为|有|要|达到?|定)?(?:了)?多少(?!个|家|项|户|次|人)"
)
_COUNTED = re.compile(r"(?:多少|(?<!哪)几)(?P<unit>[家个项件名人户条所亿万])")
_NO_SUM = r"(?:多|余)?(?:户|人|亩|吨|套|辆|千瓦|个|家|平方|立方|级)"
_MONEY = re.compile(rf"{DIGITS}{_MULTIPLE}元|{DIGITS}(?:多|余)?[万亿](?!{_NO_SUM})|免费|免收|无偿|不收")
_RECEIVED = re.compile(
    r"(?:每个?|[一1]个?|按)(?:月|人|年|天|户)[^,;?]{0,6}?(?:发|领|给|补|拿|交|缴|收|得|挣|罚|奖)[^,;?]{0,4}(?:多少|几[百千万])(?![个家项户次人份])"
    r"|多少[^,;?]{0,4}(?:每个?|[一1]个?)(?:月|人)$"
)
_ASKED = r"(?:哪|谁|什么(?!补|奖)|怎么|如何|吗|[要能]不[要能]|有没有|[能可是]否|\s)"
_SUM_OF = r"(?:补贴|补助|奖补|手续费|税费|费用|经费|预算|租金|成本|价格|工资)"
_SUM_ALONE = re.compile(
    rf"^(?!.*{_ASKED}).*(?:额度|[单造售票]价|总投资|投资总?额|{_SUM_OF}标准)[?。]?$"
    rf"|^(?!.*{_ASKED}).*每[^,。;?!]{{1,8}}{_SUM_OF}[?。]?$"
    r"|(?:给|有)(?:什么|多少)(?:补助|补贴|奖励)$"
)
"""A sum that is named by a word of amount, and nothing asked of it: 「公路每公里造价」; 「会议经费」 is a subject."""

_JUST_HOW_MANY = re.compile(r"(?:是|有|为|达到?|到)了?几个[?。]?$")
_IN_ORDER = re.compile(r"先[^,。;?!]{0,6}(?:谁|哪|什么|啥)[^。;?!]{0,6}(?:再|后|然后|接着)[^,。;?!]{0,6}(?:谁|哪|什么|啥)?")
_STEPS = re.compile(r"先|再(?!次|贴)|然后|后,|[后前]由")
_HOLDER = re.compile(
    r"(?P<office>(?:副|组|总)?(?:组长|会长|校长|院长|所长|站长|馆长|行长|理事长|董事长|经理|指挥长?|队长|联络员|联系人|召集人|发言人|链长|河长))"
    r"(?:现在|目前|具体|到底|究竟|一般|都|应该?)*(?:由|是|归|让|叫|为)?(?:谁|哪(?:一|1)?(?:位|个|名)|什么人|啥人|什么名字)"
)
"""Who holds an office that few texts name: one that does not name it tells nothing of its holder."""

_PROCEDURE = re.compile(
    r"(?:由|归|是|该)?谁(?:来|去|负责)?(?P<done>主持|签发|带队|运营|运维|考核|判定|收回|起草|编号|登记|保管|垫付|担保|培训|发放|盖章|颁发|汇总|录入|验收)"
    r"|(?:怎么|如何|咋|怎样)(?:才能)?(?:去|来|进行)?"
    r"(?P<act>申请|申领|申报|预约|报名|查询|下载|投诉|注册|登录|遴选|评选|评审|验收|处罚|补办|缴费|举报|收费|考核|领取|报销|补偿|赔偿)"
)
"""How something is applied for, judged, paid, or who does it: a text without the word says nothing of it."""

_APPLIES = ("申请", "申报", "申领", "报名")
_APPLIED = re.compile(r"申请|申报|申领|报名|提出|提请|请示|请假|报[送备批请经]|向[^,。;]{2,}报")
"""How an official text says that somebody applies: a question after 「怎么申请」 need not have its verb."""

_MANY = re.compile(
    r"多少[家个项条位名份种件所遍处座支篇类批款本场台]|(?<![第这那哪好])几(?:位|份|遍|轮)(?!领导|[副正]|[\u4e00-\u9fff]{0,2}长)"
)
_NUMBERED = re.compile(
    rf"{DIGITS}{_MULTIPLE}(?:个|家|项|条|位|名|份|种|件|所|遍|处|座|支|篇|辆|套|户|类|批|款|本|场|节|次|人|轮|大)|、[^,。;]*、"
)
"""How many things of a kind: a number of any, or a list of them."""

_AMONG = r"(?:里面?|当中|里头|中(?!学|心|国|小|央|等))"  # 「中」 that opens no other word: 「30家中小企业」
_WITHIN_GIVEN = re.compile(
    rf"(?<![\d.第])\d[\d.]*[万亿]?(?![\d.年月日号])[多余]?[\u4e00-\u9fff]{{0,6}}(?<!其){_AMONG}[^,。;?!]{{0,10}}(?:多少|(?<!第)几)"
)
"""A part asked of a whole that is given: 「2.5万户里抗震农房有几户」; 「第3项」 is a place."""

_PART_OF = re.compile(rf"(?:其中,?|占|包括|含|分别)[^,。;]{{0,12}}?(?:{_FIGURE.pattern})")
"""A part that is measured: 「其中抗震农房8000户」."""

_OFTEN = r"(?:每(?:个)?(?:季度?|半年|年|月|周|天|日)|[一1]?(?:季度|半年|月度)|[日周旬月季年]报)"
_EITHER_OFTEN = re.compile(rf"{_OFTEN}[^,。;?!]{{0,10}}还是[^,。;?!]{{0,4}}(?:{_OFTEN}|[一1两二]?个?[年月周天])")
_REPEATED = re.compile(
    r"每个?(?:半?年|季|月|周|天|日|[两二三\d])|季度|[半按]年|年度|按[月季]|随时|[年月天周季日][^,。;]{0,4}[一二两三四多\d]次"
)
"""How often, by what repeats: 「按季度」, 「每周两次」."""

_OF = r"个?(?P<{}>工作日|小时|分钟|[天日年月周次元倍%])"
_EITHER = re.compile(
    rf"(?<![\d.]){DIGITS}(?:{_OF.format('first')})?[^,。;?!]{{0,6}}还是[^,。;?!\d]{{0,6}}{DIGITS}{_OF.format('other')}"
)
"""Two values that are offered, one of which is asked for, each in a unit of its own: 「提前3天还是5天」, 「3天还是一周」."""

_WHICH_NUMBER = re.compile(r"文号|发文字号|字号|几号文|多少号|什么号")
_WHETHER = re.compile(r"要不要|需不需要|用不用|能不能|可不可以|该不该|是否|是不是|有没有")
_NAMED = re.compile(r"叫(?:什么|啥)名字?(?:的)?(?:人|同志)?|(?:姓名|名字)(?:是|叫)?(?:什么|啥)|姓(?:什么|啥)|谁(?:夺|获|拿|得)")


FIGURES = ("figure", "share", "money", "rank")
"""Kinds that a figure answers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The kind of thing that a question asks for; ``pattern`` is what its answer has, None when any text may answer."""

    kind: str  # 「figure」, 「time」, 「date」, 「share」, 「money」, 「rank」, 「office」, 「condition」, …; 「any」
    pattern: re.Pattern[str] | None = None
    given: tuple[str, ...] = ()  # figures that the question states itself: none of them is what it asks for

    def met_by(self, text: str) -> bool:
        """Whether a text in matching form has that kind of thing."""
        if self.pattern is None:
            return True
        for figure in self.given:
            if figure in text:
                text = re.sub(rf"(?<![\d.]){re.escape(figure)}(?!\d|\.\d)[多余]?", "", text)
        return bool(self.pattern.search(text))

    def differs_from(self, question: str) -> bool:
        """Whether another folded question certainly asks for something else: for another kind of figure, or stating one of this kind."""
        other = what_is_wanted(question)
        if self.pattern is None or other.pattern in (self.pattern, _FIGURE):
            return False
        return other.kind in FIGURES or self.met_by(question)


@lru_cache(maxsize=4096)  # indexed questions are read too
def what_is_wanted(question: str) -> Wanted:
    """The kind of thing that a folded question asks for."""
    wanted, given = _kind(_HOW_MANY.sub("多少", question)), _GIVEN.findall(question)
    if wanted.kind == "any" and (part := _COUNTED.search(question)) and re.search(rf"\d(?:多|余)?{part['unit']}", question):
        return Wanted("figure", _measured(None, part["unit"]), tuple(given))  # 「49家里,…有几家」: part of a number that is given
    return replace(wanted, given=tuple(given)) if wanted.kind in ("figure", "money", "share") else wanted


def _kind(question: str) -> Wanted:
    if _WHICH_NUMBER.search(question) and not _WHETHER.search(question):
        return Wanted("document_number", _DOCUMENT_NUMBER)
    if kind := next((kind for kind in PARTICULAR if kind.asks.search(question)), None):
        return Wanted(kind.name, kind.answers)
    if match := _HOLDER.search(question):
        return Wanted("holder", re.compile(match["office"].removesuffix("人")))
    if _WITHIN_GIVEN.search(question):
        return Wanted("part", _PART_OF)
    if _EITHER_OFTEN.search(question):
        return Wanted("frequency", _REPEATED)
    if match := _EITHER.search(question):
        units = [unit for unit in (match["first"], match["other"]) if unit]
        return Wanted("either", re.compile("|".join(_measured(None, unit).pattern for unit in units)))
    if _RECEIVED.search(question):
        return Wanted("money", _MONEY)
    if _ORDINAL.search(question):
        return Wanted("rank", _RANK)
    if _HOW_LARGE.search(question):
        return Wanted("share", _SHARE)
    if match := next((m for m in _CARDINAL.finditer(question) if m["unit"] or m["many"] or m["heads"]), None):
        return Wanted("figure", _measured(match["multiple"] or match["many"], match["unit"] or match["heads"]))
    if _HOW_COSTLY.search(question):
        return Wanted("money", _MONEY)
    if _HOW_LONG.search(question):
        return Wanted("time", _TIME)
    if _HOW_MUCH.search(question) or _JUST_HOW_MANY.search(question):
        return Wanted("figure", _FIGURE)
    if _IN_ORDER.search(question):
        return Wanted("order", _STEPS)
    if _SUM_ALONE.search(question):
        return Wanted("money", _MONEY)
    if match := _PROCEDURE.search(question):
        said = match["act"] or match["done"]
        return Wanted("procedure", _APPLIED if said in _APPLIES else re.compile("|".join(map(re.escape, SYNONYMS.get(said, {said})))))
    if _MANY.search(question):
        return Wanted("count", _NUMBERED)
    if _NAMED.search(question) and not re.search(r"事项|工程|平台|行动|项目|制度|机制|体系|文件|办法|模式", question):
        return Wanted("name", _NAME)
    if kind := next((kind for kind in GENERAL if kind.asks.search(question)), None):
        return Wanted(kind.name, kind.answers)
    return Wanted("any")


@lru_cache(maxsize=256)
def _measured(multiple: str | None, unit: str | None) -> re.Pattern[str]:
    if unit is None or (unit == "元" and multiple):
        return re.compile(rf"{DIGITS}(?:多|余)?[万千百]*{re.escape(multiple or '')}")
    return re.compile(rf"{DIGITS}{_MULTIPLE}个?{_UNITS.get(unit, re.escape(unit))}")


_NUMERAL = r"[二三四五六七八九十百]+|\d+"
_HOW_MANY_ITEMS = re.compile(
    rf"哪(?P<asked>{_NUMERAL})(?!年|月|日|号|届)[个项条大类种样件点家批处方]?"
    rf"|(?<![第\d.〔])(?P<named>{_NUMERAL})(?:个|项|条|大|类|种|样|件|方面|点|定|化|新|优)[^,。?!;的]{{0,8}}(?:都|分别|具体|各)*(?:是|指|有|包括|叫|为|抓|讲)的?(?:哪|什么|啥|定什么)"
    rf"|第(?P<place>{_NUMERAL})(?:件|样|桩)"
    rf"|(?<![第\d.〔])(?P<all>{_NUMERAL})(?:个|家|名|位|条|所|座|项)[^?!;。]{{0,14}}(?:名单|名录|名称|清单|逐(?:一|1|个|条)列)"
)


@lru_cache(maxsize=256)
def items_wanted(question: str) -> int:
    """How many things a folded question wants listed: 「七个不得是哪七条」 7, 「第17件是哪件」 17; 0 when it wants no list."""
    counts = [to_int(found) or 0 for match in _HOW_MANY_ITEMS.finditer(question) for found in match.groups() if found]
    return max(counts, default=0)
