"""How staff ask: the grammar of questions as patterns over folded text. None of them knows a subject.

COURTESY                              what is not part of a question (rag.language.orders: what is no question at all)
YEAR, NAMED_YEAR, RELATIVE_YEARS      which year
NOT_THAT_YEAR                         which year, and which not
LIST, COUNT, COMPARE, ASKED           what kind of answer is wanted
INTERROGATIVE, ASKS                   the words that ask; ASKS those that can head a clause of their own
NO_SUBJECT, SAYS_SO, ELLIPSIS_START, PRONOUN, SAME, FILLER  what shows that a question leaves its topic out
SUBJECT                               what a question about a table's rows says beside their fields
COORDINATE                            terms that a document lists side by side
"""

from __future__ import annotations

import re

from rag.language.patterns import any_of
from rag.records import Asked

COURTESY = re.compile(
    r"^(?:[\s,。!?、~…]*"
    + any_of(
        r"您好|你好|hi|hello|老师|宁问|小宁|领导",
        r"请问(?:一下)?|想问(?:一下|问)?|问一下|问下|麻烦问?(?:一下)?|请教(?:一下)?",
        r"想了解(?:一下)?|咨询(?:一下)?",
    )
    + r"[\s,。!?、~:]*)+"
)
"""「您好,请问一下…」."""

# ── which year ──────────────────────────────────────────────────────────────────────────────────

_QUANTITY = r"[多余]?" + any_of(
    r"[万亿]|亩|元|户|吨|套|辆|件|次|天|小时|千瓦|公里|公顷|平方|立方",
    r"人次?(?![均大民才社口工])|个(?![人体])|家(?!庭)|名(?![单称])|项(?!目)|条(?!例)",
)
YEAR = re.compile(rf"(?<!\d)(20\d{{2}}(?!{_QUANTITY})|(?<=[^\d])\d{{2}}(?=年))(?:年度?)?(?![\d〕\])】-])")
"""「2024年」, 「2024」; not the number of something: 「突破2000万亩」."""

RELATIVE_YEARS = {"今年": 0, "本年": 0, "去年": -1, "上年": -1, "上一年": -1, "前年": -2, "明年": 1, "后年": 2}
NAMED_YEAR = rf"(?:{'|'.join(RELATIVE_YEARS)}|20\d{{2}}年)"
NOT_THAT_YEAR = re.compile(
    any_of(
        rf"[,;。!]?(?:别|不要|不用|甭|勿)[再用去]?[把给拿跟和与同对向]?我?[说报列提答算看讲问管发是]?{NAMED_YEAR}[^,;。?!]*",
        rf"[,;(]?而?(?:不是|不问|非){NAMED_YEAR}的?(?:那个?|数据?)?(?:[,;)]|$)?",
    )
)
"""「…,别把去年的数给我」: a year that is named to say that it is not meant."""

# ── what kind of answer ─────────────────────────────────────────────────────────────────────────

LIST = re.compile(
    any_of(
        r"哪些|哪几|哪[二两三四五六七八九十]+|列(?:一下|出|举)",
        r"有什么|有啥|包括什么|包含什么|都有(?:什么|谁|啥)|是什么和什么",
        r"(?:分别|各自|都)(?:是|叫|为)(?:什么|哪|啥)",
        r"都(?:要|应|该)?(?:干|做|管|审|议)些?(?:什么|啥)",
        r"几(?:大|个|项|类|种|条|方面|点)(?:任务|内容|工作|事项|方面|工程|举措|措施|目标|问题)?(?:分别)?[是有]?(?:哪|什么|啥)",
    )
)
"""More than one thing: 「哪些」, 「有什么」, 「五个方面分别是什么」."""

COUNT = re.compile(
    any_of(
        r"(?:多少|(?<!第)几|哪几)个?(?P<counter>项|条|章|节|行|个|家|批|类|种|款|部分|方面|人|名|所|处|次)",
        r"共有?(?:多少|几)|总共|(?<=[有分列])几点",
    )
)
"""How many there are: 「一共多少项」."""

COMPARE = re.compile(
    any_of(
        r"相比|对比|比较|区别|不同|不一样|差别|差异|差距|差在|相差|差多少|变化|高于|低于|还是",
        r"各自?(?:是|有|要|需|需要|为|由|归|达|达到|占|给|加|添|办|新增)?(?:多少|什么|谁|哪|几)",
        r"分别[^,;。?!]{0,6}(?:多少|几|什么|啥|怎么|谁|哪)",
        r"各自?(?!部门|单位|厅|局|委|地|级|市|县|区|位|项|类|种|族|界|方|国|有关)[^,;。?!]{1,4}(?:多少|几|什么|啥|谁|哪|怎么)",
        r"比.{1,12}[高低多少快慢大小]",
    )
)
"""Two things side by side: 「有什么区别」, 「各是多少」, 「比去年高吗」."""

INTERROGATIVE = re.compile(r"谁|哪|什么|啥|多少|几(?!乎)|怎么|怎样|如何|何时|多久|多长|吗|呢|是否|能不能|可不可以|要不要|行不行")
ASKS = re.compile(
    any_of(
        r"谁|哪|什么|啥|多少|多大|怎么|怎样|如何|何时|多久|多长|(?:呢|吗|没有?)$",
        r"第几|(?<=[有分列])几点",
        r"几(?:个百?分?点|件|个?工作日|个?月|个?大?(?:部分|板块|块|章|节|方面)|大(?=[\u4e00-\u9fff]{2})|[天次年批项条份种家名位户人倍])",
    )
)

ASKED: dict[Asked, str] = {
    "unit": any_of(
        r"责任单位|责任部门|牵头单位|牵头部门|(?:单位|部门)[是有](?:谁|哪)",
        r"哪[几一1两2些]?家来?(?:牵头|负责|管|承担|落实|抓)|谁来?(?:牵头|负责|管|承担|落实)",
        r"哪(?:个|些|家|几家|几个)?(?:单位|部门|厅局?|机构)来?(?:牵头|负责|管|承担|落实|抓)?",
        r"归(?:谁|哪)|由(?:谁|哪)[个家些]?(?:部门|单位)?(?:牵头|负责|落实)",
    ),
    "deadline": any_of(
        r"完成时限|(?<!审批)(?<!办结)(?<!办理)(?<!回复)时限(?:是|为|到|呢|[?。]|$)",
        r"(?:什么时候|啥时候|何时|几时|哪天|多久).{0,4}"
        r"(?:完成|做完|弄完|办完|搞完|干完|搞定|办好|弄好|收尾|收官|到位|落地|截止)",
        r"什么时候(?:要|得|之?前|必须|应|能|才)?(?:落实|结束)|何时落实",
        r"(?:完成|落实)的?(?:时间|期限|截止)|截止(?:到|时间)",
        r"到(?:什么时候|哪年|何时)(?:完成|为止)",
    ),
    "batch": any_of(
        r"第几批|几批|批次|同一?个?批|哪一?批",
        r"(?:是|属于?)第[一二三四五六七八九十\d]+批",
        r"国函|国务院的?(?:哪|什么)[个份]?(?:文件|通知|文)",
    ),
    "measures": any_of(
        r"举措(?!表|清单)|措施(?!表|清单)|做法|具体任务|落实什么|要做些?什么",
        r"怎么(?:落实|推进|干|做|推)|如何(?:落实|推进)",
    ),
    "content": r"主要内容|内容是什么|是个?什么(?:意思|事项)|具体[是指]什么",
    "title": any_of(
        r"[是叫]个?(?:什么|啥|哪个)(?:事项|项目|事)|事项名称",
        r"(?<!分别)(?<!各自)(?<!都)叫(?:什么|啥)",
    ),
    "document_number": r"文号|发文字号|几号文|多少号",
    "frequency": any_of(
        r"多久(?:开|召开|安排|学|一次|组织|举行)",
        r"几(?:个月|天|年|周)(?:开|召开|安排|学)?[一1]?次",
        r"每个?(?:月|年|季度|周)要?(?:开|召开|安排)?几|(?:一年|一个月|半年)要?(?:开|安排)?几",
        r"频[率次]",
    ),
    "time": any_of(
        r"(?:几|多少)个?(?:工作日|天|日|小时|个?月|年)",
        r"多久|多长时间|提前(?:多久|几|多少)|什么时候|何时|哪一?[年天月]|时间",
    ),
    "number": any_of(
        r"多少|几(?!乎|何)|多大|多高|第几|百分之|排(?:名)?第",
        r"比例|占比|比重|增速|增幅|涨幅|数[量字据]|达到|总额|金额|规模",
    ),
    "person": r"谁|哪位|何人|什么人|哪[个位些]领导|哪级",
}
"""What a question asks of a document or of a table's row, the particular before the general."""

# ── what leaves its topic out ───────────────────────────────────────────────────────────────────

NO_SUBJECT = re.compile(
    r"(?:又|再|还|并|且|也|都)*"
    + any_of(
        r"(?:由|归|属于?|给)(?:谁|哪|什么|几)",
        r"(?:居|位[居列]|排[名在]?|占)[^,;。?!]{0,6}(?:多少|几|哪|什么|啥)",
        r"(?:同比|环比)?(?:增长|下降|提高|增加|减少)了?[到至]?(?:多少|几)",
    )
)
"""A clause that begins with what is said of something: 「由谁召集和主持」, 「居全国第几位」."""

ELLIPSIS_START = re.compile(r"^(?:那么?[份部本]?|还有|另外|此外|再|然后|接着|如果|要是|换成|至于|同样)(?!些|个|是)")
"""「那…呢」, 「换成…」: what goes on from the question before."""

SAYS_SO = re.compile(
    r"(?:[这那]?[份个些]?(?:工作)?(?:报告|规则|方案|文件|材料)(?:里面?|中|上)?|里面|里头|上面)"
    r"(?:到底|究竟|具体)?(?:有没有|有|写没写|提没提|说没说|怎么)?"
    r"(?:数字?|数据|写|提到?|说到?|讲到?|规定|交代)?[过了]?(?:没有?|吗|么|不)?[?。!]*"
    r"|(?:里面?|中|上)?[都也均]?有(?:没有)?(?:个|过|什么|啥)?(?:明文|明确|硬性)?的?"
    r"(?:明文|规定|规矩|说法|条文|条款|依据|讲究|表态|表述)(?:没有?|吗|么)?[?。!]*"
)
"""A clause that asks only whether the documents say something: it has no subject of its own."""

PRONOUN = re.compile(
    any_of(
        r"这[个些项条一类种次里样]?|那[个些项条次里]|此[项事条类]|该(?:项|条|会|文件|规定|事项)?",
        r"它们?|(?<!其)他们|其(?!他|它|中|余)|上述|前者|后者",
    )
)
SAME = re.compile(
    any_of(
        r"同一[句条处项块件个]",
        r"(?:对应|相应|同样)的?[那这]?一?(?:句|条|处|项|块|部分|地方|要求|规定|内容)",
    )
)
FILLER = re.compile(
    any_of(
        r"呢|吗|么|呀|啊|吧|嘛|的|了|请问|一下",
        r"是|有|会|能|要|需要|应该|可以|得|都|也|又|再|就|才|还",
        r"什么|多少|几|谁|哪[个些里家儿位年天]?|怎么[样办]?|如何|为什么|为何|何时|多久|多长",
        r"时候|时间|时限|提前|具体|一般|到底|究竟|大概",
        r"以及|和|与|及|或者?|在|对|由|给|让|被|把|从|到|向|为|按",
        r"那么?|这|我们?|你们?|您|他们?",
        r"个|项|条|次|年|月|日|天|第",
        r"增长|完成|负责|牵头|单位|部门|责任|目标|签[字发]?|批准?|数[字据]?|比例|规定|说|讲|内容|依据|文号|举措|措施|来",
        r"[,。!?、;:\s\"'“”()《》?!.·…~-]",
    )
)
"""Words that name no topic: a question that has no others leaves its topic out."""

# ── the things themselves ───────────────────────────────────────────────────────────────────────

COORDINATE = re.compile(r"[\u4e00-\u9fff]{2,8}(?:、[\u4e00-\u9fff]{2,8})+(?:[和或及][\u4e00-\u9fff]{2,8})?")
"""「主席、副主席和秘书长」."""

SUBJECT = re.compile(
    any_of(
        r"事项|任务|正文|工作|改革|试点|经验|项目|附件|附表|表格?|清单|方案|复制|推广|自贸(?:试验)?区?|自由贸易试验区",
        r"里面?|中|当中|一共|总共|全部|分别|单独|所有|作为",
        r"参与|涉及|承担|牵头|负责|落实|件|活|干|做",
    )
)


def asked_of_years(text: str) -> str:
    """A folded question with the years that it means, by their usual names: without those that it rules out, 上年度 as 去年."""
    kept = NOT_THAT_YEAR.sub("", text).strip(",;")
    text = kept if len(kept) >= 4 else text
    text = re.sub(r"上一?年度?", "去年", text)
    return re.sub(r"(?<![基成资])本年度?|当年度?" if "去年" in text else r"(?<![基成资])本年度?", "今年", text)
