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
HIT_COLUMNS = ("序号", "得分", "出处", "命中方式", "原文")

SHOW_HELP = "显示某处原文及上下文。\n\n例：ningwen show work-rules#26；ningwen show 附件第3项"
SHOW_LOCATOR = "出处定位（work-rules#26）或写法（第二十六条、附件第3项）。"
SHOW_BEFORE = "上一处：{label}"
SHOW_AFTER = "下一处：{label}"
NO_SUCH_LOCATOR = "没有「{asked}」这一处。可用 ningwen corpus 查看文件目录。"

CORPUS_HELP = "列出已收录的文件；给出标识则列出目录。\n\n例：ningwen corpus work-rules"
CORPUS_ID = "文件标识，如 work-rules。"
NO_SUCH_DOCUMENT = "没有标识为「{id}」的文件，现有：{known}。"
DOCUMENT_COLUMNS = ("标识", "文件", "日期", "状态", "单元")
UNITS = "{count} 个单元"
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

BUTTON_ORIGINAL = "原文"
BUTTON_GONE = "这条答复已不可用，请重新提问。"
THANKS = "谢谢反馈。"
ASK_REASON = "哪里不对？请选一项。"
REASONS = ("内容不准确", "引用不对", "不完整", "答非所问")

NO_TELEGRAM_TOKEN = "没有配置 TELEGRAM_BOT_TOKEN，请在 .env 中填写机器人令牌。"
BAD_TELEGRAM_TOKEN = "TELEGRAM_BOT_TOKEN 无效，请核对机器人令牌。"
TWO_POLLERS = "另有一个进程在用同一令牌接收消息，请只保留一个。"
TELEGRAM_COMMANDS = {
    "ask": "提问",
    "new": "另起话题",
    "sources": "已收录的文件",
    "original": "查看条款原文",
    "help": "用法",
}

TELEGRAM_HELP = (
    "启动 Telegram 机器人，默认长轮询；按 Ctrl+C 停止，正在回答的会答完。\n\n"
    "例：ningwen telegram；ningwen telegram --webhook https://bot.example.gov.cn/telegram"
)
TELEGRAM_WEBHOOK = "改用回调方式，填写 Telegram 可以访问的地址。"

ACCESS_HELP = "使用权限：批准配对码、查看和撤销。"
APPROVE_HELP = "批准配对码，准许对方使用。\n\n例：ningwen access approve 123456 --note 秘书一处张三"
APPROVE_CODE = "对方收到的六位配对码。"
APPROVE_NOTE = "备注，便于日后辨认。"
APPROVED = "已准许 {platform} 用户 {key} 使用。"
NO_SUCH_CODE = "没有配对码「{code}」，可能已过期；请对方再发一条消息，获取新的配对码。"
ACCESS_LIST_HELP = "列出可使用的人员和群，以及等待批准的配对码。\n\n例：ningwen access list"
ACCESS_LISTED = "配置  {name}"
ACCESS_KINDS = {"user": "人员", "group": "群"}
ACCESS_GRANTED = "准许  {key}  {platform} {kind}  {at}  {note}"
ACCESS_WAITING = "等待  配对码 {code}  {platform}  {at}"
ACCESS_NOBODY = "目前没有人可以使用。请在 .env 中填写 ALLOWED_USERS，或让对方私聊机器人获取配对码。"
REVOKE_HELP = "撤销使用权限。\n\n例：ningwen access revoke 3f2a9c1b7d04；ningwen access revoke telegram:123456"
REVOKE_WHO = "access list 列出的编号（至少六位），或 平台:用户标识。"
REVOKED = "已撤销 {key}。"
BAD_REVOKE = "请给出 access list 列出的编号（至少六位），或形如 telegram:123456 的用户标识。"
NO_SUCH_GRANT = "没有给过「{who}」权限。写在 ALLOWED_USERS 或 ALLOWED_GROUPS 中的，请在 .env 中删除。"
AMBIGUOUS_GRANT = "有 {count} 条符合，请多写几位编号。"

AUDIT_HELP = "审计记录的导出和清理。"
AUDIT_EXPORT_HELP = "导出审计记录。\n\n例：ningwen audit export --format csv --since 2026-01-01 --until 2026-06-30 -o audit.csv"
AUDIT_FORMAT = "csv 或 jsonl。"
AUDIT_SINCE = "起始日期，如 2026-01-01。"
AUDIT_UNTIL = "截止日期（含当日），如 2026-06-30。"
AUDIT_STATUS = "只导出一种状态：answered、partial、refused、failed 等。"
AUDIT_OUTPUT = "写入的文件；不写则输出到终端。"
AUDIT_EXPORTED = "共导出 {count} 条。"
AUDIT_NOT_WRITTEN = "文件 {path} 无法写入，请检查路径、权限和磁盘空间。"
AUDIT_PRUNE_HELP = "删除超过保留期的审计记录及相应问答。运行中的机器人每天也会自动清理。\n\n例：ningwen audit prune"
AUDIT_DAYS = "保留的天数；不写则用配置项 AUDIT_DAYS。"
AUDIT_PRUNED = "已删除 {count} 条超过 {days} 天的记录。"
BAD_DATE = "「{text}」不是日期，应形如 2026-01-31。"

DOCTOR_HELP = "逐项检查索引、阅读模型、数据库、模型接口、令牌和时钟，说明问题和处理办法。\n\n例：ningwen doctor"
DOCTOR_INDEX = "索引"
DOCTOR_JUDGE = "阅读与判定"
DOCTOR_DATABASE = "数据库"
DOCTOR_MODEL = "模型接口"
DOCTOR_TELEGRAM = "Telegram"
DOCTOR_WECOM = "企业微信"
DOCTOR_NO_WECOM = "未配置 WECOM_CORP_ID 等"
DOCTOR_WECOM_GOOD = "{ways}配置完整"
DOCTOR_WECOM_TOKEN = "自建应用可取得 access_token"
DOCTOR_WECOM_UNREACHABLE = "连不上接口（{error}），请检查网络、代理和 WECOM_API_URL"
DOCTOR_WECOM_SECRET = "接口不接受企业ID或 Secret（错误码{code}），请核对 WECOM_CORP_ID 和 WECOM_SECRET"
DOCTOR_CLOCK = "时钟"
DOCTOR_BROKEN = "检查时出错（{error}），设置 NINGWEN_DEBUG=1 运行相应命令可查看详情。"
DOCTOR_JUDGE_GOOD = "判定参数 {judge}，适用于阅读模型 {reader}"
DOCTOR_DATABASE_GOOD = "{kind}，可读写，待答 {waiting} 条"
DOCTOR_NO_MODEL = "未配置 OPENAI_MODEL，摘录原文作答"
DOCTOR_MODEL_GOOD = "可用，模型 {model}"
DOCTOR_MODEL_UNREACHABLE = "连不上（{error}），请检查 OPENAI_BASE_URL 和网络；其间自动改用摘录原文"
DOCTOR_MODEL_KEY = "密钥不被接受，请检查 OPENAI_API_KEY"
DOCTOR_MODEL_STATUS = "返回 {code}，请检查 OPENAI_BASE_URL 是否指向兼容 OpenAI 的接口（通常以 /v1 结尾）"
DOCTOR_NO_TELEGRAM = "未配置 TELEGRAM_BOT_TOKEN"
DOCTOR_TELEGRAM_GOOD = "可用，机器人 @{name}"
DOCTOR_TELEGRAM_UNREACHABLE = "连不上（{error}），请检查网络、代理和 TELEGRAM_BASE_URL"
DOCTOR_CLOCK_GOOD = "准确"
DOCTOR_CLOCK_OFF = "与服务器相差 {seconds} 秒，请校准系统时间（如启用 NTP）"
DOCTOR_CLOCK_BACK = "早于数据目录中已有文件的时间，请校准系统时间（如启用 NTP）"
DOCTOR_CLOCK_ALONE = "没有可对照的服务器，未检查"

# ── WeCom ──

WECOM_WAITING = "正在查阅文件，请稍候……"
WECOM_CARD = "依据与评价"
WECOM_CARD_DESC = "查看条款原文，或评价本次答复"
WECOM_ORIGINAL = "查看原文"
WECOM_UP = "👍 有帮助"
WECOM_DOWN = "👎 有问题"
WECOM_REASON_CARD = "哪里有问题？"
WECOM_REASONS = {1: "与问题无关", 2: "内容不完整", 3: "内容有错误", 4: "数据分析错误"}
WECOM_RATED = "已记录，谢谢"
WECOM_SHORTENED = "（条款原文较长，未全部列出。发送 /original 加条款号可查看，例如：/original 第二十一条。）"
WECOM_UNREACHABLE = "暂时连接不上企业微信，回复稍后重发。"
WECOM_SAID_NO = "企业微信没有接受这条回复（错误码{code}）。"
WECOM_SLOW = "发送过于频繁，回复稍后发出。"
WECOM_DISPLACED = "同一个智能机器人在别处建立了长连接，本进程已停止接收。请确认只有一处运行，再重启本进程。"
WECOM_HELP = (
    "在企业微信中回答问题：按 .env 的配置启动自建应用回调、智能机器人回调和智能机器人长连接，并提供 /healthz、/readyz、/metrics。"
    "\n\n例：ningwen wecom"
)
WECOM_NOT_CONFIGURED = (
    "没有配置企业微信。请在 .env 中至少填写一种接入方式："
    "自建应用（WECOM_CORP_ID 等）、智能机器人回调（WECOM_BOT_TOKEN 等）或长连接（WECOM_BOT_ID 等）。"
)
WECOM_INCOMPLETE = "企业微信{way}的配置不完整，还缺：{missing}。"
WECOM_WAYS = {"app": "自建应用", "bot": "智能机器人回调", "socket": "智能机器人长连接"}
LISTEN_FAILED = "无法监听 {address}，请检查 HTTP_LISTEN 以及端口是否被占用。"
