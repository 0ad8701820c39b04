"""Kinds of thing that a question asks for, and what each looks like in an official text; both as patterns over folded text.

Figures with their units are in rag.search.wanted; these are the kinds that have a noun or an adverb of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANY = r"(?:什么|哪些|哪几个|啥|何种)(?:样的)?"
_HOW = r"(?:怎么|如何|怎样|咋)"
_WHICH = r"哪(?:一|1|个|些|家|几家|几个)*"
_BODY = r"(?:公司|企业|高校|学校|医院)"
_DIGITS = r"(?:\d[\d,.]*|[一二三四五六七八九十百千两])"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: how it is asked for, and what a text has that tells it."""

    name: str
    asks: re.Pattern[str]
    answers: re.Pattern[str]


PARTICULAR = (
    Kind(
        "before",  # the value that something had: 「涨之前是多少」
        re.compile(
            r"(?:涨|提高|调(?:整|高|低)?|上调|下调|上涨|增加|提标|改|变|降)了?(?:之前|以前|前)[^,;]{0,8}(?:多少|几)"
            r"|(?:原来|原先|以前|先前)(?:是|有|为|每)[^,;]{0,6}(?:多少|几)"
        ),
        re.compile(
            r"(?:由|从|原)[^,。;]{0,14}\d"
            r"|\d[^,。;]{0,8}(?:提高|增加|增|调整|上调|上升|下降|降|扩大|减少|压缩|涨|改)[至到为]\d"
        ),
    ),
    Kind(
        "sanction",
        re.compile(
            rf"(?:{_ANY}|{_HOW})个?(?:处分|处罚|惩处|惩罚|追责|问责)|(?:处分|处罚)(?:是|为|有)?(?:什么|哪|啥)|罚(?:什么|啥)"
        ),
        re.compile(
            r"处分|处罚|问责|追责|责任|追究|批评|通报|约谈|警告|查处|处理|惩|罚|撤职|降级|免职|开除|诫勉|督促|纠正|考核|整改|严肃"
        ),
    ),
    Kind(
        "shares",  # what each of several payers gives: 「中央和自治区各出多少」
        re.compile(r"各(?:自)?(?:要|得|应该?|需要?)?(?:出|掏|拿|担|分担|承担|负担|投|摊)(?:了)?(?:多少|几|什么比例)"),
        re.compile(
            r"分担|负担|分摊|各(?:出|自|承担|拿)|比例|配套|自筹|(?:中央|自治区|国家|地方|市县|财政|企业|个人|单位|银行)[^,。;]{0,8}\d"
        ),
    ),
    Kind(
        "life",  # of a person
        re.compile(
            r"出生(?!率|人口|缺陷|医学)|籍贯|老家(?:在|是)哪|(?:哪里|哪儿|哪|什么地方)的?人$|(?:什么|啥)(?:学历|民族|文化程度)|毕业(?:于|院校)|哪个?(?:学校|大学)毕业"
            r"|多大(?:岁数|年纪)|今年多大|几岁了|简历|履历|(?:哪(?:一|1)?[年月天]|什么时候|何时)(?:上任|就任|到任|任职|入党)"
        ),
        re.compile(r"出生|生于|籍贯|学历|毕业(?!生)|简历|履历|\d岁|上任|就任|到任|入党"),
    ),
    Kind(
        "contact",
        re.compile(
            r"(?:电话|手机|座机|传真|邮箱|网址|微信号|公众号|邮编)(?:号码?)?(?:是|有|叫)?(?:多少|什么|啥|几|哪)(?!个?(?:分钟|小时|秒|天|个|次|通|人|元|钱))|(?:打|拨)(?:什么|哪个?|啥|几号)(?:电话|号码)|联系(?:方式|电话)"
        ),
        re.compile(r"\d{5,}|电话|热线|邮箱|网址|公众号|@|http"),
    ),
    Kind(
        "approval",
        re.compile(
            r"(?:获批|(?<!第)(?<![一二三四五六七八九十\d])批(?:准|复|下来)?)了(?:没有?|吗|么)|批下来没|获批没"
            r"|(?:哪(?:一|1)?[年月天]|什么时候|何时|几号)(?:获批|批(?:准|复|下来|的$))"
        ),
        re.compile(r"获批|批复|批准(?!后|方|,)|同意|审定|通过|入选|获评|认定|国家级"),
    ),
    Kind(
        "street",
        re.compile(r"哪(?:一|1)?(?:条|个)?(?:大?街|道?路|巷|楼)|几(?:楼|层)|地址|门牌|在哪里?办公"),
        re.compile(
            r"[街路巷]\d|(?:大街|大道|街道(?!乡|镇|办|社区|服务|、)|胡同|[\u4e00-\u9fff]{2}[街路巷])(?![径线网由演边道])|\d+号楼|\d+[楼层室]|地址|位于|坐落"
        ),
    ),
    Kind(
        "date",
        re.compile(r"哪(?:一|1)?(?:个月|天|日|月份?)|几月|(?<![a-z\d])几号(?![文楼线])|什么日子"),
        re.compile(
            r"\d{1,2}月|\d日|[“\"]?十[三四五]五[”\"]?|年[初末底中]|[月期]末|月底|之日|当[天日]|[上下]半年|季度|春节|会[前后]|年\d"
            r"|\d个?(?:工作日|天)|随时|第一时间"
        ),
    ),
    Kind(
        "times",
        re.compile(r"(?:过了?|了|一共|总共|累计)(?:多少|几)[回次趟场]"),
        re.compile(rf"{_DIGITS}(?:多|余|几)?[万千百]?[次回场趟届]|首次|多次|再次"),
    ),
)
"""Kinds whose question has no other reading; looked for before figures."""

GENERAL = (
    Kind(
        "condition",
        re.compile(
            rf"{_ANY}(?:条件|门槛|资格|认定标准)|(?:条件|门槛|资格|认定标准)(?:有|是|为|包括)?(?:哪|什么|啥|多)"
            rf"|{_HOW}(?:才能)?(?:认定|评定|界定)"
        ),
        re.compile(
            r"条件|符合|具备|满足|资格|标准|前提|情形|经[^,。;]{2,}(?:推荐|审查|认定)|凡|除.{2,}外|如(?!期|下)|确需|未被|无(?:不良|违法|重大)|视[为同]"
            r"|(?:成立|注册|时间|年限|金额|规模|收入|利润|资产|比例|人数)[^,。;]{0,6}(?:超过|达到|不[低少]于|以上)"
        ),
    ),
    Kind(
        "office",
        re.compile(
            rf"[由归是属]{_WHICH}(?:单位|部门|机构|厅局?|人)|谁来?(?:牵头|负责|主管|承办|组建|主持|召集|批|签)"
            rf"|{_WHICH}(?:单位|部门|机构)来?(?:牵头|负责|主管|承办|组建|承担|提供|建|出资)"
        ),
        re.compile(
            r"[厅局委署](?![理名托派])|法院|检察院|银行|办公室|外办|单位|部门|政府|海关|主席|秘书长|领导|负责|主任|书记|机构|国务院|党组|代表|委员"
            r"|专家|人员|同志|专班"
        ),
    ),
    Kind(
        "body",
        re.compile(rf"[由归是属]{_WHICH}{_BODY}|{_WHICH}{_BODY}来?(?:牵头|负责|主管|承办|组建|承担|提供|建|出资)"),
        re.compile(r"公司|企业|集团|大学|学院|学校|医院|高校|银行|[厅局委院]"),
    ),
)
"""Kinds that a question is read for when it asks for no figure and no time."""
