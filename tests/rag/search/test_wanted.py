"""The kind of thing that answers a question."""

import pytest

from rag.language.text import matching_form
from rag.search.wanted import items_wanted, what_is_wanted


@pytest.mark.parametrize(
    ("question", "kind", "meets", "fails"),
    [
        ("要提前几天请假", "figure", "须提前3天请假", "须提前2小时请假"),
        ("总投资多少亿元", "figure", "总投资12.5亿元", "总投资3000万元"),
        ("浓度降到多少微克", "figure", "降到28微克", "居全国第五位"),
        ("新增就业多少人", "figure", "新增就业8万多人", "新增就业明显"),
        ("一共安排多少", "figure", "安排35件", "安排妥当"),
        ("占比多少", "share", "占比达到67%", "占比达到67亿元"),
        ("退休金涨了几个百分点,涨幅是几个点", "share", "上调百分之三", "上调三元"),
        ("在全国排第几", "rank", "位居全国第五", "增长6%"),
        ("什么时候完成", "time", "“十四五”期末", "责任单位完成"),
        ("多久开一次", "time", "每月召开2次—3次", "由主席召集和主持"),
        ("每年要交多少接入费", "money", "每年收取3万元", "成立时间超过1年"),
        ("总投资多少", "money", "总投资281亿元", "共有12个项目"),
        ("报名费用是多少", "money", "免收报名费", "2024年1月报名"),
        ("厅长出差先找谁批再找谁批", "order", "须请示分管领导同意后,再向党委请假", "按照有关规定提前3天报备"),
        ("先报什么后报什么", "order", "先报请示", "提前10个工作日报送"),
        ("接到电话多少分钟内报", "figure", "15分钟内报送", "24小时专人值守"),
        ("护理补贴一个月发多少", "money", "每月发放120元", "覆盖8万多人"),
        ("应急演练搞过几回", "times", "开展演练3次", "适时开展演练"),
        ("新标准哪个月开始执行", "date", "自7月起执行", "每人每年提高到1380元"),
        ("大厅搬到哪条路", "street", "位于北京路", "街道乡镇服务设施"),
        ("每千人床位现在是几个", "figure", "每千人床位达到6个", "每千人床位超过全国平均数"),
        ("覆盖多少岁以上老人", "figure", "80周岁以上老人", "覆盖8万多老人"),
        ("上调前每人是多少", "before", "从580元提高到640元", "提高到640元"),
        ("迟报了给什么处分", "sanction", "依法依规追究责任", "提前10个工作日报送"),
        ("涨之前每年是多少", "before", "由每年1000元提高到1200元", "每年提高到1200元"),
        ("申请要满足哪些条件", "condition", "注册时间超过1年", "提供便利化服务"),
        ("项目由哪个单位牵头组建", "office", "自治区科技厅牵头组建", "积极推进组建"),
        ("得了第几", "rank", "夺得季军", "打进总决赛"),
        ("清雪费市里和区里各出多少", "shares", "市、区财政按比例分担", "投入3000万元左右"),
        ("局长是哪里人,哪年出生", "life", "1970年出生", "由局长召集和主持"),
        ("食堂的订餐电话是多少", "contact", "拨打服务热线", "每日11时开放"),
        ("新校区批下来没", "approval", "获教育部批复", "积极推进筹建"),
        ("这个小组的副组长由谁担任", "holder", "副组长由厅长担任", "成立由各部门组成的小组"),
        ("材料要每月报一次还是季度报", "frequency", "按季度报送", "定期报送"),
        ("提前3天还是5天送达", "either", "提前5天送达", "及时送达"),
        ("副主席离宁外出请假要提前3天还是一周", "either", "须提前3天请假", "须提前2小时请假"),
        ("会后印发纪要是5个工作日还是一周", "either", "会后7个工作日内印发", "按程序印发"),
        ("检查结果按周报还是月报", "frequency", "每季度通报", "及时通报"),
        ("副主席请假怎么申请", "procedure", "须提前3天向党委请假", "严格执行请销假制度"),
        ("议题怎么申报", "procedure", "议题由分管领导提出", "议题和文件于会前送达"),
        ("活动怎么报名", "procedure", "由各单位报送人员名单", "活动按期举行"),
        ("对口支援的是哪个省", "province", "深化闽宁协作", "关心青年干部晋升"),
        ("引进企业来自哪些省", "province", "来自安徽、江西、辽宁", "绿水青山,山川秀美"),
        ("百岁老人每月发几百", "money", "每月发放500元", "80周岁以上老人全覆盖"),
        ("报送材料有统一模板吗", "form", "报送格式按公文处理条例执行", "定期报送工作情况"),
        ("办证要带哪些材料", "papers", "提交申请材料", "实行全流程网上审批"),
        ("三批试点企业具体名单", "roster", "确定甲公司、乙公司、丙公司为试点", "适时转发试点企业名单"),
        ("安置房怎么申请", "procedure", "向街道提出申请", "新建安置房2万套"),
        ("2.5万户里抗震农房有几户", "part", "2.5万户,其中,抗震农房8000户", "包括危房在内"),
        ("300户里贫困户有几户", "part", "改造300户,其中贫困户20户", "改造危房300户"),
        ("村道硬化每公里造价", "money", "每公里40万元", "硬化村道300公里"),
        ("申请材料交到哪个处", "bureau", "由法规处受理", "妥善处理申请材料"),
        ("体育馆是哪家公司中标的", "bidder", "由某集团承建", "体育馆建成投用"),
        ("绕城公路有多长", "length", "全长38公里", "绕城公路建成通车"),
        ("设备巡检的频次", "rhythm", "每季度巡检", "加强设备巡检"),
        ("清退了多少家中介", "count", "清退中介12家", "清退违规中介"),
        ("协调会谁主持", "procedure", "由秘书长主持", "召开协调会"),
        ("对口帮扶的是哪个省", "province", "浙江对口帮扶", "深化对口帮扶"),
        ("作风测评怎么打分", "scoring", "按百分制扣分", "开展作风测评"),
        ("延期开工原因是什么", "reason", "受汛期影响延期开工", "项目延期开工"),
        ("先进名单有谁", "roster", "表彰甲、乙、丙三人", "公布先进名单"),
        ("文号是多少", "document_number", "宁政发〔2023〕35号", "2023年12月22日"),
    ],
)
def test_what_answers(question: str, kind: str, meets: str, fails: str) -> None:
    """A text with the unit, time, share, rank or number that is asked for may answer; one with another may not."""
    wanted = what_is_wanted(question)
    assert wanted.kind == kind
    assert wanted.met_by(matching_form(meets))
    assert not wanted.met_by(matching_form(fails))


@pytest.mark.parametrize(
    "question",
    [
        "有哪几条规定",
        "这几天谁管事",
        "每周报三四种简报行吗",
        "讲了哪几个方面",
        "消费券是什么",
        "过紧日子是第几条",
        "在附件第几行",
        "想请领导写几个字",
        "这个窗口能办什么",
        "出生率高的县怎么做的",
        "第三批了吗,还是第二批",
        "试点 企业 名单",
        "哪些科创企业能享受",
        "中标后反悔的怎么办",
        "会议经费要不要列预算",
        "会议经费能否列预算",
        "会议经费",
        "会议预算",
        "农民工工资",
        "附件第3项里有几家单位",
        "请假手续有什么不同",
    ],
)
def test_a_list_or_a_person_may_be_any_text(question: str) -> None:
    """How many things of a kind there are is a list, and 「这几天」 asks for nothing."""
    assert what_is_wanted(question).met_by("任何文字")


@pytest.mark.parametrize(
    ("question", "fails", "meets"),
    [
        ("30个项目里,在建的有几个", "共30个项目", "共30个项目,其中在建12个"),
        ("投了92亿,煤矿占多少", "投入92亿元", "投入92亿元,其中煤矿5亿元"),
        ("从9%提到多少", "由9%起", "由9%提高到12.5%"),
        ("风险要分成几级", "分级管理", "分为三级管理"),
        ("计划投资几何", "加快建设", "计划投资40亿元"),
    ],
)
def test_a_figure_that_is_given_is_not_the_one_asked_for(question: str, fails: str, meets: str) -> None:
    """What the question states itself doesn't answer it."""
    assert not what_is_wanted(question).met_by(fails)
    assert what_is_wanted(question).met_by(meets)


@pytest.mark.parametrize("question", ["会议经费标准", "村道硬化每公里成本", "危房改造每户补贴标准", "供水工程总投资", "供暖每平方米价格"])
def test_a_sum_with_a_word_of_amount_is_asked_for(question: str) -> None:
    """A subject that happens to be money is none: 「会议经费」."""
    assert what_is_wanted(question).kind == "money"


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("说的“九定”,九个定是定什么", 9), ("“七个不得”具体是哪七条", 7), ("实事里第17件是哪件", 17), ("八项工程分别是什么", 8),
        ("15条旅游线路分别叫什么", 15), ("19个县区,把名单列给我", 19),
        ("第九条是什么", 0), ("13个事项的责任单位是什么", 0), ("2024年有哪些大事", 0), ("常务会议多久开一次", 0),
    ],
)  # fmt: skip
def test_how_many_things_a_list_has_to_have(question: str, count: int) -> None:
    """The number of things asked for by name, not that of an article, a year or what only describes."""
    assert items_wanted(question) == count


@pytest.mark.parametrize(
    ("question", "differs"),
    [
        ("出国(境)费用压减67%,实际花了多少万元", True), ("出国费用压减67%,港澳算在里面吗", True), ("出国费用是多少元", True),
        ("接待费压减了多少", False), ("接待费压减了百分之几", False), ("出国费用要报批吗", False), ("占比51%,全国平均是多少", False),
    ],
)  # fmt: skip
def test_a_question_that_certainly_asks_for_something_else(question: str, differs: bool) -> None:
    """Beside one that asks for a share: it asks for a sum, or states the share itself; a bare 「多少」 may be a share."""
    assert what_is_wanted("出国(境)费用压减了百分之多少").differs_from(question) is differs
