"""Every sentence that the terminal shows beside an answer. One file, official Chinese."""

from __future__ import annotations

APP_HELP = "宁问：依据已收录文件回答办文办会和政策问题，附条款和原文。"

ASK_HELP = "回答一个问题，给出条款和原文。\n\n例：ningwen ask 常务会议一般多久开一次？"
ASK_QUESTION = "要问的问题。"
ASK_JSON = "以 JSON 输出完整答复。"
ASK_JSONL = "从标准输入逐行读取 {id, question, history}，逐行输出 JSON。"
ASK_LAST_GOOD = "文件或清单有误时，改用最近一次建成的索引回答。"

CHAT_HELP = "连续对话，可以追问。\n\n例：ningwen chat，然后输入：副主席离宁外出要提前几天请假？ 再输入：那秘书长呢？"
CHAT_BANNER = "宁问对话。/show 定位 看原文，/new 另起话题，/quit 退出。"
CHAT_PROMPT = "问> "
CHAT_NEW = "已另起话题。"
CHAT_COMMANDS = "可用命令：/show 定位（如 /show work-rules#26 或 /show 第二十六条）、/new、/help、/quit。"
CHAT_BYE = "再见。"

SEARCH_HELP = "列出检索结果：位置、得分和命中方式。\n\n例：ningwen search 分管副主席能参加部门会议吗"
SEARCH_LIMIT = "显示的条数。"
NO_HITS = "没有检索到相关内容。"

SHOW_HELP = "显示某处原文及上下文。\n\n例：ningwen show work-rules#26；ningwen show 附件第3项"
SHOW_LOCATOR = "出处定位（work-rules#26）或写法（第二十六条、附件第3项）。"
SHOW_BEFORE = "上一处：{label}"
SHOW_AFTER = "下一处：{label}"
NO_SUCH_LOCATOR = "没有「{asked}」这一处。可用 ningwen corpus 查看文件目录。"
NO_SUCH_PLACE = "《{title}》没有{asked}，有效范围是{valid}。"

CORPUS_HELP = "列出已收录的文件；给出标识则列出目录。\n\n例：ningwen corpus work-rules"
CORPUS_ID = "文件标识，如 work-rules。"
NO_SUCH_DOCUMENT = "没有标识为「{id}」的文件，现有：{known}。"
STATUS_NAMES = {"in_force": "现行有效", "superseded": "已被替代", "repealed": "已废止", "draft": "征求意见稿"}
ISSUED = "印发"
DELIVERED = "报告"

INDEX_HELP = "索引的建立、查看和清理。"
INDEX_BUILD_HELP = "建立与当前文件和配置对应的索引，已有则不重建。\n\n例：ningwen index build"
INDEX_STATUS_HELP = "查看索引是否完整。\n\n例：ningwen index status"
INDEX_PRUNE_HELP = "删除当前索引以外的旧索引和未完成的残留。\n\n例：ningwen index prune"
INDEX_READY = "索引已就绪：{name}"
INDEX_MISSING = "当前文件和配置对应的索引尚未建立，请运行 ningwen index build。"
INDEX_LINE = "{mark} {name}  {state}  {vectors} 条向量  {size:.1f} MB  {built}"
INDEX_CURRENT = "当前"
INDEX_COMPLETE = "完整"
INDEX_PARTIAL = "未完成"
INDEX_PRUNED = "已删除 {count} 个旧索引。"

EMPTY_QUESTION = "请写明要问的问题。"
BAD_JSON = "这一行不是有效的 JSON 对象。"
BAD_QUESTION = "缺少 question，或 question 为空。"
LONG_QUESTION = "问题过长，请控制在{limit}字以内。"
BAD_HISTORY = "history 应为 [{{question, answer}}] 形式的列表。"

NEAREST = "最接近：{label}"
MISSING = "未覆盖：{missing}"
UNEXPECTED = "程序出现意外错误，问题没有得到回答。设置 NINGWEN_DEBUG=1 后重试可查看详情。"
COMMAND_UNAVAILABLE = "命令 {name} 无法载入，安装可能不完整。"
USAGE = "命令或参数有误：{detail}。运行 ningwen --help 查看用法。"

# ── chats ──

BOT_START = "您好，我是宁问。请直接用文字提出办文办会或政策方面的问题，我依据已收录的文件作答，并附条款和原文。发送 /help 查看用法。"
BOT_HELP = (
    "直接发送问题即可，例如：常务会议一般多久开一次？可以接着追问。\n"
    "/ask 问题：提问（群聊中也可以@我或回复我的消息）\n"
    "/new：另起话题，不再参考前面的问答\n"
    "/sources：已收录的文件\n"
    "/original 第二十一条：查看条款原文，也可写 /original 21、/original 附件第3项\n"
    "请用文字提问，单条不超过2000字；图片、语音和文件暂不能识别。消息发出后再修改的，不会重新作答。"
)
SOURCES = "已收录的文件："
ORIGINAL_USAGE = "请写明要看的条款，例如：/original 第二十一条，或 /original 附件第3项。"
UNKNOWN_COMMAND = "没有这个命令。可用：/ask、/new、/sources、/original、/help。"
ASK_USAGE = "请在 /ask 后写明问题，例如：/ask 常务会议一般多久开一次？"

PAIRING = "您还没有使用权限。配对码：{code}。请将配对码告知管理员，1小时内有效。"
PAIRING_FULL = "暂时无法办理配对，请稍后再试。"
RATE_LIMITED = "提问过于频繁，请稍等一分钟再发。"
QUEUE_FULL = "当前排队的问题较多，请过几分钟再发一次。"
TOO_LONG = "消息过长，请控制在{limit}字以内，分几次提问也可以。"
UNSUPPORTED = "暂时只能识别文字，请把问题用文字发给我；图片、语音和文件暂不能识别。"
EDITED = "消息修改后不会重新作答，请把修改后的问题重新发送一次。"
ANSWER_FAILED = "暂时无法作答，请稍后再发一次；多次失败请联系管理员。"
STORE_FAILED = "系统暂时无法保存消息，这条消息没有受理，请稍后再发。"
DELIVERY_FAILED = "回复没有送达。"

BAD_DATABASE = "配置项 DATABASE_URL 的值不正确，应为 sqlite:///文件路径 或 postgresql://用户:密码@主机/库名。"
KEY_FAILED = "读不到或无法建立假名密钥 {path}，请检查数据目录的权限。"
