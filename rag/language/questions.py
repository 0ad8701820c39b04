"""The few words that show that something is asked, and those that are only polite. None of them knows a subject."""

from __future__ import annotations

import re

COURTESY = re.compile(
    r"^(?:[\s,。!?、~]*(?:您好|你好|hi|hello|老师|宁问|请问(?:一下)?|想问(?:一下|问)?|问一下|问下|请教(?:一下)?|咨询(?:一下)?|麻烦(?:问下?)?)"
    r"[\s,。!?、~:]*)+"
)
"""「您好,请问一下…」."""

INTERROGATIVE = re.compile(
    r"谁|哪|什么|啥|多少|几(?!乎)|怎|咋|如何|何时|何种|多[久长大高]|吗|呢|是否|能否|可否|[是有能要会可用]不|有没有|为何"
)
"""「谁」, 「多久」, 「能不能」."""

HOW_MUCH = re.compile(r"多少|几(?!乎)|多[久长大高]|何时|什么时候|哪[年月天]|时限|期限|文号|比例|百分之")
"""What is asked for with a figure."""
