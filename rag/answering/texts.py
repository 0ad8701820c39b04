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

NEAREST_SAYS = "内容最接近的是{label}：“{said}”仅供查阅，不构成答复。"
"""The same with the words that come nearest."""

PERHAPS = "\n您是不是想问：\n{questions}"
"""Questions that the documents do answer, after the nearest place of one that they don't."""

PLACE_ASKED = "{label}是怎么规定的？"
"""Such a question; it is looked up."""

NO_SUCH_PLACE = "《{title}》没有{asked}，有效范围是{valid}。"
"""A reference to something that the document does not have."""

NO_SUCH_NUMBER = "已收录的文件中没有{asked}，现有文件的文号是{valid}。"
"""A 文号 that no document has or mentions."""

NOT_HELD = "没有收录《{title}》，无法依据该文件答复。可以先查看已收录的文件目录。"
"""A document that a question names and that is not held."""

EMPTY = "没有收到可以识别的问题，请用文字写明要查询的事项。"
"""To a question without a word in it."""

YEAR_LEAD = "{year}年:"
"""Before a value whose year the question gave as 今年 or 去年, or compared with another year's."""

MISSING_PART = "未找到：{part}"
"""What a partial answer lacks."""

NOT_STATED = "资料没有写明"
"""What a chat model is told to write when the passages do not say; a reply that is only this becomes a refusal."""

EXCERPT_LEAD = "【原文摘录】"
"""Before an extract that stands in for what a chat model should have written."""

STATUS_NAMES = {"in_force": "现行有效", "superseded": "已被替代", "repealed": "已废止", "draft": "征求意见稿"}
"""A document's status, as a prompt says it."""


# ── replies to messages that are no questions ───────────────────────────────────────────────────

THANKS = "不客气。还有需要查的规定或数据，请随时提出。"
"""To thanks."""

FAREWELL = "好的，再见。需要查规定或数据时，请随时提问。"
"""To a farewell."""

SMALLTALK = {
    "blame": "很抱歉没有帮上忙。请换个说法，或者补充文件名称、事项、时间等线索，我再查一遍。",
    "weary": "您辛苦了。翻查条文的事可以交给我，请告诉我要查什么。",
    "amused": "好的，轻松一下。要查规定或数据时，请接着问。",
    "praise": "谢谢肯定。还有需要查的，请接着问。",
    "wait": "好的，您先忙，需要时请接着问。",
    "note": "好的。还有需要查的，请接着问。",
    "agreement": "好的。还有需要查的，请接着问。",
}
"""To small talk, by its tone."""

EMOJI = "收到。还有需要查的，请接着问。"
"""To nothing but emoji."""

WHO = "我是宁问，一个依据已收录文件答问的程序，不是真人。我只引用文件原文并注明出处，查不到的会如实说明。请直接提出要查的规定或数据。"
"""To 「你是谁」, 「你能做什么」."""

WHICH = "前面还没有可以接着说明的答复。请说明要查的是哪份文件、哪一条，或者直接提出问题。"
"""To 「依据是什么」 and the like with nothing answered before."""

STILL = "仍是上一答复：{answer}"
"""To 「你确定?」 after a question that the documents do not answer; nothing new was looked for."""

WHY_LEAD = "上一答复的依据是："
"""Before the places and words that an answer rests on."""

BASIS = "{label}，{standing}："
"""A place with the standing of its document, before its words."""

PLACE = "{label}："
"""A place before its words."""

ISSUED = "{date}印发"
EFFECTIVE = "自{date}起施行"
REPLACED_BY = "由{label}替代"
"""What a document's standing says beside its status, where it is known."""

NOTHING_MORE = "{places}中与此有关的内容已全部列出，没有更多内容。"
"""To 「还有吗」 when all of a place has been shown."""

TABLE_HEAD = "| 序号 | 内容 | 出处 |\n| --- | --- | --- |"
"""The head of a table of what an answer says."""

RECALL = "您问的是“{question}”，答复的依据是{labels}。"
"""To 「我刚才问了什么」; the labels bring their citations' numbers."""

RECALL_REFUSED = "您问的是“{question}”。当时的答复是：{answer}"
"""The same of a question that was not answered."""

NOTHING_ASKED = "本次对话中您还没有提出过问题。请直接提问。"
"""The same when nothing was asked."""
