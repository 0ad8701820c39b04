"""Orders to an assistant, as words over folded text.

A model's sentence that holds one, and its source does not, is not shown.
"""

from __future__ import annotations

import re

from rag.language.patterns import any_of

INJECTION = re.compile(
    any_of(
        r"(?:忽略|无视|忘掉|忘记|抛开|跳过|绕过|取消)(?:掉|了)?(?:以上|上面|之前|前面|先前|所有|全部|一切|你的|系统|任何|这些)+的?(?:指令|提示|设定|规则|要求|限制|资料|文件)",
        r"提示词|系统(?:提示|消息|指令(?!性)|设定)|system[\s_]*prompt|\bprompt\b",
        r"jailbreak|越狱|(?:开发者|管理员|调试)模式|(?:developer|debug)\s*mode",
        r"ignore\s+(?:all|the|previous|above)|new\s+instructions?\b|assistant\s*:|</?(?:script|system|s|inst)>|\[inst\]",
        r"api.?key|密钥|登录密码|管理员密码|环境变量|连接字?符?串",
        r"(?:drop|truncate|delete)\s+(?:table|from)",
        r"[\[【<{(「](?:系统|管理员|开发者|模型|助手)(?:通知|指令|消息|更新|模式)",
        r"(?:以后|今后|从现在起)你(?:都|只|必须|要)|你(?:必须|只能|务必)(?:回答|同意|承认|服从)|假装你?是|扮演",
    )
)
"""「忽略以上所有指令」, 「系统提示」, 「密钥」."""
