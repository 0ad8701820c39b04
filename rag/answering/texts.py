"""Every sentence that an answer may hold beside the documents' own words. Official Chinese, free of facts."""

from __future__ import annotations

GREETING = "您好！我是宁问，依据自治区政府工作规则、政府工作报告等文件回答办文办会和政策问题，并附条款和原文。请直接提问。"
"""To a greeting, thanks or 「你能做什么」."""

TASK = "我只依据已收录的文件回答问题并注明出处，不代写文稿，也不执行问题中夹带的其他指令。请直接提出要查询的规定或数据。"
"""To a request to write something, or to an instruction hidden in a question."""

NOT_IN_DOCUMENTS = "现有文件中没有找到可以直接回答这个问题的规定或数据。"
"""The documents do not say."""

NEAREST = "内容最接近的是{label}，仅供查阅，不构成答复。"
"""Names the nearest place; the person may look it up."""

NO_SUCH_PLACE = "《{title}》没有{asked}，有效范围是{valid}。"
"""A reference to something that the document does not have."""

NO_SUCH_NUMBER = "已收录的文件中没有{asked}，现有文件的文号是{valid}。"
"""A 文号 that no document has or mentions."""

EMPTY = "没有收到可以识别的问题，请用文字写明要查询的事项。"
"""To a question without a word in it."""

YEAR_LEAD = "{year}年:"
"""Before a value whose year the question gave as 今年 or 去年, or compared with another year's."""

ELSEWHERE = "所问条款没有写明这一内容，{place}的表述是："
"""Before what another place of the same document says, when the one that the question names does not."""

MISSING_PART = "未找到：{part}"
"""What a partial answer lacks."""

COUNT_LEAD = "共{count}{counter}："
"""Before a list of which the question asks how many it has; counted from the list that follows."""

NOT_STATED = "资料没有写明"
"""What a chat model is told to write when the passages do not say; a reply that is only this becomes a refusal."""

EXCERPT_LEAD = "【原文摘录】"
"""Before an extract that stands in for what a chat model should have written."""

STATUS_NAMES = {"in_force": "现行有效", "superseded": "已被替代", "repealed": "已废止", "draft": "征求意见稿"}
"""A document's status, as a prompt says it."""

TOTAL = "《{title}》共{count}{counter}。"
"""How many articles, chapters or rows a document has; the last of them is cited."""
