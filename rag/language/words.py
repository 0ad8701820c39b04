"""Which words of a sentence carry its content, and when another text has them too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.language.statements import tag_words

_GLUE = """
    一般 需要 应当 应该 必须 可以 能够 不得 不能 以及 或者 并且 同时 此外 另外 其中 该 这 这个 上述 以上 以下 如下 分别 包括 包含 即 为 是 有 由
    对 对于 关于 按照 根据 依据 依照 规定 要求 明确 提出 指出 进行 开展 作出 相关 有关 具体 主要 内容 情况 方面 事项 工作 单位 人员 以 将 已 已经
    时 期间 如 若 如果 等 均 都 也 还 则 而 但 但是 不过 因此 所以 才 才能 方可 之后 之前 之内 以内 内 中 目前 现行 文件 资料 问题 属于 不属于 作为
    用于 通过 采取 方式 实行 执行 做好 完成 涉及 是否 原则上 通常 共 共有 总共 一共 达 达到 左右 约 近 还是 还要 以外 除外 除 外 其他 其它 任何
    流程 程序 条件 对象 主体 情形 频率 频次 次数 数量 金额 时间 时限 期限 日期 地点 名称 范围 标准 方法 步骤 环节 结果 原因 目的 部分 类型 种类
    事情 任务 每 各 所 本 此 其 之 者 与 和 及 或 并 在 于 从 向 到 至 被 把 给 让 使 个 项 条 次 名 位 件 家 户 人 年 月 日 天 周 前 后 上 下 里
    的 地 得 了 着 过 不 未 无 非 没有 没 可 能 会 要 须 需 应 再 又 就 只 仅 只有 只要 无需 不需 不需要 无须 不必 不用 不是 不可 不可以 否 对的 正确
    不正确 说法 有误 并非 而是 答 答复 因 因为 由于 为了 进一步 统一 总的来说 首先 其次 再次 最后 第一 第二 第三 一是 二是 三是 四是 五是 也就是 方面 即可
    予以 给予 加以 予 有所 起 起来 出 出来 上来 下来 左右 之一 一些 某 某些 一个 一项 一次 种 类 段 本规则 本方案 来看 而言 例如 比如 比 更 最 较 很 十分
    全部 共计 合计 总计 责任 当 处 方 者 作 做 讲 说 指 叫 称 称为 简称 全称 列 列入 纳入 涵盖 构成 组成 当中 过程 阶段 环节 主题 事 办理 处理 安排 采用 使用
    现有 相应 对应 所在 所属 该项 该会议 该文件 今年 去年 本年 年度 目标 数据 水平 规模 总量 整体 总体 全区 宁夏 自治区 我区 全自治区 区 政府 人民政府 确有 这一 这种 同期 该类 这类 此类 仍然 仍 也可 另 可随时 先 确 起 及其 否则 随后 然后 再由 后再 后方 由此 对此 为此 就此 据此 且 并由 并按 应由 须由 按规定 依规定 按要求 按程序 计划 仍应 均应 应先 不会 会 不应 不宜 不须 无法
"""
GLUE = frozenset(_GLUE.split())
"""Words that connect, and abstract ones that name the kind of thing: they claim nothing by themselves."""

_SAME = (
    "开 召开 举行 举办 开会", "提前 之前 事先 前 先", "请假 请休假 告假", "同意 批准 准许 许可 审批 报批 批复 允许 获批 批",
    "负责 牵头 主管 承担 责任 主责 抓", "参加 出席 到场 到会 参会 列席 参与", "报告 汇报 通报 说明", "报备 备案 报告", "印发 发布 下发 发文 制发 发出 印 出台",
    "签发 签署 签字 签", "起草 草拟 拟稿 拟定 拟", "答复 回复 反馈 回应", "离宁 外出 离开 出区", "期限 时限 时间 期间 期",
    "领导 领导同志 负责同志 负责人 首长", "单位 部门 机构", "目标 预期 争取 力争 计划 拟 打算 预计", "施行 执行 实施 生效 起效 落实 推行",
    "废止 停止执行 失效 终止 停止", "措施 举措 做法 办法", "讨论 审议 研究 商议", "组成 构成 包括 成员", "确定 决定 定 明确 认定", "制定 拟定 出台 制订",
    "建设 建成 新建 建立 建 筹建 修建 设立", "报送 上报 送 提交 呈报 报 递交 送交", "视为 认定 当作 看作 算作 视同 等同", "异议 意见 不同意见 反对",
    "增长 增加 提高 提升 上升 增至 新增 增 涨 增幅 增速", "下降 减少 降低 压减 压缩 下调 减 缩减 降", "涉及 关系 事关 有关", "承办 主办 办理", "结束 完成 完 终",
    "协商 沟通 商量 会商 商定", "超过 以上 突破 多于 高于 超", "单独 单行 另行 另", "征求 听取 征询 征集", "邀请 请", "规章 规定", "禁止 严禁 不得 不准",
    "追加 增加", "金额 资金 经费 款项", "培养 培育", "人数 人", "作报告 报告 作", "支持 扶持 帮助", "推进 推动 促进 加快", "不在 离宁 外出 离开",
    "自觉 主动", "按期 按时 如期", "编发 刊发 简报", "合并 一并 并入 一同", "首先 先", "到期 期末 末", "住房 保障房 保障性住房", "老百姓 群众 公众", "专家 行家",
    "国家 国务院", "交办 交代", "当事人 本人", "规模以上 规上", "比例 比重 占比 率", "GDP gdp 地区生产总值 生产总值", "旅客 乘客", "发送 运送", "企业 公司",
    "牵头 带头 领头", "抄送 抄报", "代表 委托", "职责 职能 职权 任务", "要点 重点", "频次 次", "审批 审核 审查", "上会 审议 会议", "追回 讨回 要回",
    "组织 举办 安排", "依法 法律", "逾期 超期 过期 超时", "正式 书面", "公布 公开 发布", "原则 原则上", "特殊 例外 特别", "会后 会议结束后 会议结束", "会前 会议召开前", "不同 无", "总数 总量 总",
)  # fmt: skip
SYNONYMS: dict[str, frozenset[str]] = {}
for _group in _SAME:
    for _word in _group.split():
        SYNONYMS[_word] = SYNONYMS.get(_word, frozenset()) | frozenset(_group.split())

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
    """Whether a text, in matching form, has a word, one that says the same, or its characters close together in order; names as they are."""
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
