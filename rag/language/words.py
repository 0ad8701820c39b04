"""Which words of a sentence carry its content, and when another text has them too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.language.statements import tag_words

_CONNECTING = """
    以及 或者 并且 同时 此外 另外 其中 及其 但是 不过 而是 否则 因此 所以 因为 由于 为了 如果 例如 比如 也就是 总的来说 进一步 统一
    首先 其次 再次 最后 第一 第二 第三 一是 二是 三是 四是 五是 随后 然后 再由 后再 后方 由此 对此 为此 就此 据此 并由 并按
    对于 关于 按照 根据 依据 依照 通过 作为 用于 按规定 依规定 按要求 按程序 来看 而言
    期间 之后 之前 之内 以内 以外 除外 当中 起来 出来 上来 下来
"""
_POINTING = """
    这个 这一 这种 这类 此类 该类 该项 该会议 该文件 本规则 本方案 上述 以上 以下 如下 相关 有关 相应 对应 所在 所属 现有 目前 现行 同期
    其他 其它 任何 某些 一些 之一 一个 一项 一次 分别 全部 整体 总体 十分 仍然 已经
    共有 总共 一共 共计 合计 总计 达到 左右
    今年 去年 本年 年度 全区 宁夏 自治区 我区 全自治区 政府 人民政府
"""
_HOW_STRICTLY = """
    一般 通常 原则上 需要 应当 应该 必须 可以 能够 才能 方可 即可 也可 可随时 还是 还要 只有 只要 应由 须由 仍应 均应 应先 确有
    不得 不能 不可 不可以 不是 不会 不应 不宜 不须 不需 不需要 不必 不用 无需 无须 无法 没有 并非 是否 对的 正确 不正确 有误 说法
"""
_ABSTRACT = """
    规定 要求 明确 提出 指出 进行 开展 作出 采取 实行 执行 做好 完成 办理 处理 安排 采用 使用 予以 给予 加以 有所 计划
    涉及 属于 不属于 包括 包含 列入 纳入 涵盖 构成 组成 称为 简称 全称 答复
    主要 具体 内容 情况 方面 事项 事情 任务 工作 单位 人员 责任 文件 资料 问题 主题 目标 原因 目的 结果
    方式 方法 流程 程序 步骤 环节 过程 阶段 条件 对象 主体 情形 范围 标准 名称 地点 部分 类型 种类
    频率 频次 次数 数量 金额 数据 水平 规模 总量 时间 时限 期限 日期
"""
GLUE = frozenset(f"{_CONNECTING}{_POINTING}{_HOW_STRICTLY}{_ABSTRACT}".split())
"""Words that connect, and abstract ones that name the kind of thing: they claim nothing by themselves."""

_SAME = """
    开 召开 举行 举办 开会
    组织 举办 安排
    参加 出席 到场 到会 参会 列席 参与
    上会 审议 会议
    会前 会议召开前
    会后 会议结束后 会议结束
    邀请 请
    请假 请休假 告假
    离宁 外出 离开 出区
    不在 离宁 外出 离开
    讨论 审议 研究 商议
    协商 沟通 商量 会商 商定
    征求 听取 征询 征集
    异议 意见 不同意见 反对
    同意 批准 准许 许可 审批 报批 批复 允许 获批 批
    审批 审核 审查
    确定 决定 定 明确 认定
    视为 认定 当作 看作 算作 视同 等同
    禁止 严禁 不得 不准

    负责 牵头 主管 承担 责任 主责 抓
    牵头 带头 领头
    承办 主办 办理
    职责 职能 职权 任务
    领导 领导同志 负责同志 负责人 首长
    单位 部门 机构
    国家 国务院
    当事人 本人
    代表 委托
    专家 行家
    老百姓 群众 公众
    企业 公司
    旅客 乘客
    人数 人

    报告 汇报 通报 说明
    作报告 报告 作
    报备 备案 报告
    报送 上报 送 提交 呈报 报 递交 送交
    抄送 抄报
    答复 回复 反馈 回应
    起草 草拟 拟稿 拟定 拟
    制定 拟定 出台 制订
    签发 签署 签字 签
    印发 发布 下发 发文 制发 发出 印 出台
    公布 公开 发布
    编发 刊发 简报
    施行 执行 实施 生效 起效 落实 推行
    废止 停止执行 失效 终止 停止
    规章 规定
    依法 法律
    交办 交代
    追回 讨回 要回

    提前 之前 事先 前 先
    首先 先
    按期 按时 如期
    逾期 超期 过期 超时
    到期 期末 末
    期限 时限 时间 期间 期
    结束 完成 完 终
    频次 次

    增长 增加 提高 提升 上升 增至 新增 增 涨 增幅 增速
    下降 减少 降低 压减 压缩 下调 减 缩减 降
    超过 以上 突破 多于 高于 超
    比例 比重 占比 率
    总数 总量 总
    金额 资金 经费 款项
    GDP gdp 地区生产总值 生产总值
    规模以上 规上
    目标 预期 争取 力争 计划 拟 打算 预计

    措施 举措 做法 办法
    建设 建成 新建 建立 建 筹建 修建 设立
    推进 推动 促进 加快
    支持 扶持 帮助
    培养 培育
    追加 增加
    合并 一并 并入 一同
    组成 构成 包括 成员
    涉及 关系 事关 有关
    住房 保障房 保障性住房
    发送 运送

    正式 书面
    自觉 主动
    单独 单行 另行 另
    特殊 例外 特别
    原则 原则上
    要点 重点
    不同 无
"""
SYNONYMS: dict[str, frozenset[str]] = {}
"""Each word with those that can say the same: in meetings, of people, in papers, of time, of amounts, of measures, of manner."""

for _line in _SAME.splitlines():
    _group = frozenset(_line.split())
    for _word in _group:
        SYNONYMS[_word] = SYNONYMS.get(_word, frozenset()) | _group

_NOUN = "nijlztrfbgs"
_SKIPPED = "xmqupcewoyk"
_AFFIXES = re.compile(r"^[须应要可将已均都也并再才仍地于由被把](?=.{1,2}$)|^中(?=..$)|(?<=..)[于的地得了由向在为等]$")
_NUMERIC = re.compile(r"[\d.,%第〇零一二三四五六七八九十百千万亿两几多余个-]+")


@dataclass(frozen=True, slots=True)
class Term:
    """A word with content; ``firm`` when it names a thing, which another word can't replace."""

    text: str
    firm: bool
    proper: bool = False  # a name of a place, a person, a body


@lru_cache(maxsize=4096)
def content_terms(text: str) -> tuple[Term, ...]:
    """The words of a text, in matching form, that carry its content."""
    terms = []
    for written, tag in tag_words(text):
        word = _AFFIXES.sub("", written)
        if len(word) < 2 or _is_glue(word) or _is_glue(written) or _NUMERIC.fullmatch(word) or tag[0] in _SKIPPED:
            continue
        if re.search(r"\w", word):
            terms.append(Term(word, tag[0] in _NOUN or tag == "vn", tag in ("ns", "nr", "nt")))
    return tuple(terms)


def _is_glue(word: str) -> bool:
    return word in GLUE or (len(word) == 4 and word[:2] in GLUE and word[2:] in GLUE)


@lru_cache(maxsize=4096)
def _loosely(word: str, gap: str) -> re.Pattern[str]:
    """A word's characters in order, with at most a gap between two of them."""
    return re.compile(gap.join(map(re.escape, word)))


@lru_cache(maxsize=16384)
def is_carried(term: Term, text: str) -> bool:
    """Whether a text, in matching form, has a word, one that says the same, or, but for names, its characters in order, close together."""
    word = term.text
    if word in text or any(other in text for other in SYNONYMS.get(word, ())):
        return True
    if term.proper:
        return False
    gap = ".{0,1}" if term.firm and len(word) == 2 else ".{0,3}"
    return _loosely(word, gap).search(text) is not None


@lru_cache(maxsize=16384)
def bigrams(text: str) -> frozenset[str]:
    """Pairs of neighbouring characters: how near two clauses are, whatever their word boundaries."""
    bare = re.sub(r"[^\w%]", "", text)
    return frozenset(bare[i : i + 2] for i in range(len(bare) - 1))


def overlap(clause: str, text: str) -> float:
    """The share of a clause's pairs of characters that a text has, 0…1."""
    pairs = bigrams(clause)
    return len(pairs & bigrams(text)) / len(pairs) if pairs else 0.0
