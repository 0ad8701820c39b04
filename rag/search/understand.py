"""Question and history → Query: what is asked, of which document and year, and which places it names.

Everything here is grammar of questions (reference, year, list, comparison, ellipsis), never the subject of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from rag.language.locators import Reference, find_references
from rag.language.numerals import to_chinese
from rag.language.text import fold
from rag.records import Asked, Document, DocumentEntry, Locator, MissingReference, Query, Shape, Turn
from rag.search.snapshot import Snapshot

_COURTESY = re.compile(
    r"^(?:[\s,。!?、~…]*(?:您好|你好|请问(?:一下)?|想问(?:一下|问)?|问一下|问下|麻烦(?:问)?(?:一下)?|请教(?:一下)?|想了解(?:一下)?|咨询(?:一下)?|hi|hello|老师|宁问|小宁|领导)[\s,。!?、~:]*)+"
)
_GREETING = re.compile(
    r"(?:你|您)好(?:啊|呀)?|hi|hello|哈喽|嗨|早上好|下午好|晚上好|早安|晚安|在吗|在不在|谢谢(?:你|您|啦|了)?|多谢|辛苦了?|再见|拜拜|好的|收到|明白了?"
    r"|(?:你|您)(?:是谁|是什么|叫什么(?:名字)?|能(?:做|干)(?:些)?什么|会(?:做|干)?(?:些)?什么|能帮我(?:做|干)?(?:些)?什么|有什么(?:功能|用))(?:呀|啊|呢)?|怎么用(?:你)?|帮助|help"
)
_TASK = re.compile(
    r"(?:帮我|帮忙|给我|替我|为我|请|麻烦(?:你|您)?|能不能|可以|你)*(?:写|撰写|拟|草拟|起草|翻译|生成|编|创作|画|做|润色|改写|仿写|续写|讲)(?:出|好)?(?:一|1|两|几|个|首|篇|份|段|条|张|封|则)"
    r"|(?:帮我|给我|替我|为我)(?:写|拟|翻译|画|编|算|订|查(?:一下)?天气|润色|改)|翻译(?:成|为)|写(?:首|篇|段|份|封|个)"
)
_INJECTION = re.compile(
    r"(?:忽略|无视|忘记|忘掉|抛开|不要(?:理会|遵守)|别管|跳过|绕过|取消)(?:掉|了|你)?(?:的)?(?:以上|上面|之前|前面|先前|此前|所有|全部|一切|你的|系统|任何|上述|这些|原有|既定)(?:的|所有|全部)*(?:指令|规则|提示|要求|设定|限制|内容|约束|规定|说明|安全|校验|核验)"
    r"|系统(?:提示|指令|消息)|提示词|system\s*prompt|prompt|jailbreak|开发者模式|developer\s*mode|管理员模式|越狱|ignore\s+(?:all|the|previous|above)"
    r"|(?:假装|扮演|假设你是|你(?:现在|从现在起|已经)是|从现在(?:起|开始)|今后你|接下来你)|(?:不要|不用|无需|不必|别)(?:给出|标注|写|提供|附)?(?:任何)?(?:引用|出处|依据|条号|来源)"
    r"|<\s*/?\s*(?:script|system|iframe|img)|(?:drop|truncate|delete|insert|select|union)\s+(?:table|from|into|all|\*)|assistant\s*:|</?(?:s|inst)>|\[inst\]|你必须回答|直接回答[“\"「]"
)
_YEAR = re.compile(r"(?<!\d)(20\d{2}|(?<=[^\d])\d{2}(?=年))(?:年度?)?(?![\d〕\])】-])")
_RELATIVE_YEARS = {"今年": 0, "本年": 0, "去年": -1, "上年": -1, "上一年": -1, "前年": -2, "明年": 1, "后年": 2}
_LIST = re.compile(r"哪些|哪几|有什么|包括什么|包含什么|都有(?:什么|谁|啥)|是什么和什么|分别是(?:什么|哪|啥)|列(?:一下|出|举)|有啥|都(?:要|应|该)?(?:干|做|管|审|议)(?:些)?(?:什么|啥)|几(?:大|个|项|类|种|条|方面|点)(?:任务|内容|工作|事项|方面|工程|举措|措施|目标|问题)?(?:分别)?(?:是|有)?(?:哪|什么|啥)")
_COUNT = re.compile(r"(?:多少|几|哪几)(?:项|条|章|个|家|批|类|种|款|部分|方面|人|名|所|处|次)|共(?:有)?(?:多少|几)|总共")
_COMPARE = re.compile(r"(?:相比|对比|比较|区别|不同|差别|差异|变化|各(?:自)?是?(?:多少|什么|哪)|分别(?:是|为|有)?(?:多少|什么|怎么|由谁|哪)|比.{1,12}(?:高|低|多|少|快|慢|大|小)|高于|低于|还是)")
_INTERROGATIVE = re.compile(r"谁|哪|什么|啥|多少|几(?!乎)|怎么|怎样|如何|何时|多久|多长|吗|呢|是否|能不能|可不可以|要不要|行不行")
_ASKS = re.compile(r"谁|哪|什么|啥|多少|几(?:个?工作日|个?月|[天次年批项条])|怎么|怎样|如何|何时|多久|多长|呢$")
_ELLIPSIS_START = re.compile(r"^(?:那么?|还有|另外|此外|再|然后|接着|如果|要是|换成|至于|同样)(?!些|个|是)")
_PRONOUN = re.compile(r"这(?:个|些|项|条|一|类|种|次|里|样)?|那(?:个|些|项|条|次|里)|它(?:们)?|该(?:项|条|会|文件|规定|事项)?|其(?!他|它|中|余)|上述|前者|后者|此(?:项|事|条|类)")
_FILLER = re.compile(
    r"呢|吗|么|呀|啊|吧|嘛|的|了|是|有|会|能|要|需要|应该|可以|得|都|也|又|再|就|才|还|什么|多少|几|谁|哪(?:个|些|里|家|儿|位|年|天)?|怎么(?:样|办)?|如何|为什么|为何|何时|多久|多长|时候|时间|时限|提前|具体|一般|到底|究竟|大概|那么?|这|请问|一下|以及|和|与|及|或者?|在|对|由|给|让|被|把|从|到|向|为|按|我们?|你们?|您|他们?|个|项|条|次|年|月|日|天|第|[,。!?、;:\s\"'“”()《》?!.·…~-]|增长|完成|负责|牵头|单位|部门|责任|目标|签(?:字|发)?|批(?:准)?|数字?|数据|比例|规定|说|讲|内容|依据|文号|批次|举措|措施|来"
)
_ASKED: tuple[tuple[Asked, str], ...] = (
    ("unit", r"责任单位|责任部门|牵头单位|牵头部门|谁(?:来)?(?:牵头|负责|管|承担|落实)|哪(?:个|些|家|几家|几个)?(?:单位|部门|厅局?|机构|厅)(?:来)?(?:牵头|负责|管|承担|落实|抓)?|归(?:谁|哪)|由(?:谁|哪)(?:个|家|些)?(?:部门|单位)?(?:牵头|负责|落实)|(?:单位|部门)(?:是|有)(?:谁|哪)"),
    ("deadline", r"完成时限|什么时候(?:要|得|之?前|必须|应|能|才)?(?:完成|做完|落实|办完|干完|搞完|结束)|何时(?:完成|落实)|(?:完成|落实)(?:的)?(?:时间|期限|截止)|截止(?:到|时间)|时限|期限(?:是|到)|到(?:什么时候|哪年|何时)(?:完成|为止)?"),
    ("batch", r"第几批|哪(?:一)?批|几批|批次|国函|国务院(?:的)?(?:哪|什么)(?:个|份)?(?:文件|通知|文)"),
    ("measures", r"举措|措施|怎么(?:落实|推进|干|做|推)|如何(?:落实|推进)|要做(?:些)?什么|做法|具体任务|落实什么"),
    ("content", r"主要内容|内容是什么|是(?:个)?什么(?:意思|事项)|具体(?:是|指)什么"),
    ("title", r"(?:是|叫)(?:个)?(?:什么|啥|哪个)(?:事项|项目|事)|事项名称|叫什么"),
    ("document_number", r"文号|发文字号|几号文|多少号"),
    ("frequency", r"多久(?:开|召开|安排|学|一次|组织|举行)|几(?:个月|天|年|周)(?:开|召开|安排|学)?(?:一|1)?次|每(?:个)?(?:月|年|季度|周)(?:要)?(?:开|召开|安排)?几|频(?:率|次)|(?:一年|一个月|半年)(?:要)?(?:开|安排)?几"),
    ("time", r"(?:几|多少)(?:个)?(?:工作日|天|日|小时|个?月|年)|多久|多长时间|提前(?:多久|几|多少)|什么时候|何时|哪(?:一)?(?:年|天|月)|时间"),
    ("number", r"多少|几(?!乎|何)|多大|多高|比例|占比|比重|增速|增幅|涨幅|排(?:名)?第|第几|百分之|数(?:量|字|据)|达到|总额|金额|规模"),
    ("person", r"谁|哪位|何人|什么人|哪(?:个|位|些)领导|哪级"),
)  # fmt: skip
_COORDINATE = re.compile(r"[\u4e00-\u9fff]{2,8}(?:[、][\u4e00-\u9fff]{2,8})+(?:(?:和|或|及)[\u4e00-\u9fff]{2,8})?")


class Understanding:
    """Understands questions about one snapshot: its documents, numbering, years and coordinate terms."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._entries = tuple(document.entry for document in snapshot.documents)

    def understand(self, question: str, history: Sequence[Turn] = ()) -> Query:
        """The Query of a question asked after ``history`` (oldest first). Never raises on any text."""
        standalone, second = self._standalone(fold(question), history)
        query = self._read(question, strip_courtesy(standalone), alone=standalone != fold(question))
        if second is None or query.shape in ("smalltalk", "task"):
            return query
        return replace(query, alternative=self._read(question, second, alone=True))

    def _read(self, question: str, core: str, *, alone: bool = False) -> Query:
        """The Query of a question that stands alone; ``alone`` when it is one facet of another."""
        shape = self._shape(core, fold(question))
        if shape in ("smalltalk", "task"):
            return Query(question, core, shape)
        documents = tuple(entry.id for entry in self._entries if self._names(entry, core))
        found = find_references(core)
        references, missing, paragraph = self._resolve(found, documents, core)
        years = self._years(core)
        asked = _asked(core)
        query = Query(
            question, core, shape, asked, references, missing, paragraph, documents, years
        )
        return query if alone else replace(query, facets=self._facets(query))

    # ── follow-ups ──────────────────────────────────────────────────────────────────────────────

    def _standalone(self, question: str, history: Sequence[Turn]) -> tuple[str, str | None]:
        """The question with what it leaves out filled in, and a second reading where the first is not sure."""
        topic = ""
        for turn in history:
            completed, _ = self._complete(fold(turn.question), topic)
            topic = completed if "," not in completed or not topic else topic
        return self._complete(question, topic)

    def _complete(self, question: str, topic: str) -> tuple[str, str | None]:
        core = strip_courtesy(question).strip()
        if not topic or not core or _GREETING.fullmatch(core.rstrip("。!?,~. ")) or _INJECTION.search(core) or _TASK.search(core):
            return question, None
        missing = self._ellipsis(core)
        if missing == 0:
            return question, None
        slot = _ELLIPSIS_START.sub("", core).strip(",、 ")
        swapped = self._swap(slot, topic)
        completed = swapped or f"{self._bare_topic(topic, slot)},{slot}"
        return (completed, None) if missing == 2 else (question, completed)

    def _bare_topic(self, topic: str, slot: str) -> str:
        """The topic without its question mark, and without its year when the new question brings one."""
        bare = _stem(re.sub(r"(?:呢|吗|么|吧|呀|啊)?[?。!,\s]*$", "", topic))
        if self._years(slot):
            bare = _YEAR.sub("", bare)
            for word in _RELATIVE_YEARS:
                bare = bare.replace(word, "")
        return bare

    def _ellipsis(self, core: str) -> int:
        """How surely a question leaves its topic out: 2 surely, 1 perhaps, 0 not."""
        if _ELLIPSIS_START.search(core) or (re.search(r"呢[?。!]*$", core) and len(core) <= 20):
            return 2
        if find_references(core) or any(self._names(entry, core) for entry in self._entries):
            return 0
        bare = _YEAR.sub("", core)
        for word in _RELATIVE_YEARS:
            bare = bare.replace(word, "")
        content = _FILLER.sub("", _PRONOUN.sub("", bare))
        if len(content) <= 3 or (_PRONOUN.search(core) and len(content) <= 10):
            return 2
        return 1 if len(content) <= 9 else 0

    def _swap(self, slot: str, topic: str) -> str | None:
        """「那秘书长呢?」: put 秘书长 where the topic has a term of the same kind."""
        bare = re.sub(r"(?:呢|的|吗|怎么样|怎样|如何)*[?。!,\s]*$", "", slot)
        if not bare or len(bare) > 16:
            return None
        here, before = find_references(bare), find_references(topic)
        if here and before and here[0].text == bare:
            same = next((r for r in before if r.kind == here[0].kind or {r.kind, here[0].kind} == {"row", "item"}), None)
            if same:
                text = f"附件{bare}" if here[0].kind == "item" and same.kind == "row" else bare
                return topic[: same.span[0]] + text + topic[same.span[1] :]
        if bare in _RELATIVE_YEARS or _YEAR.fullmatch(bare):
            dated = _YEAR.sub(bare, topic, count=1)
            if dated == topic:
                word = next((w for w in _RELATIVE_YEARS if w in topic), None)
                dated = topic.replace(word, bare, 1) if word else f"{bare}{topic}"
            return dated
        term = self._same_kind(bare, topic)
        return topic.replace(term, bare, 1) if term else None

    def _same_kind(self, term: str, text: str) -> str | None:
        """A stretch of ``text`` that the documents list beside ``term``, or that is built like it (常务会议, 全体会议)."""
        best = ""
        for first, middle, last in self._lists:
            if not (term in middle or first.endswith(term) or last.startswith(term)):
                continue
            pieces = [*middle, *(first[i:] for i in range(len(first) - 1)), *(last[:i] for i in range(2, len(last) + 1))]
            for piece in pieces:
                if piece in text and piece != term and term not in piece and piece not in term and len(piece) > len(best):
                    best = piece
        if best:
            return best
        size = len(term)
        for ending in (2, 1) if size <= 3 else (2,):
            at = text.find(term[-ending:])
            if size > ending and at >= size - ending and text[at - size + ending : at + ending] != term:
                window = text[at - size + ending : at + ending]
                if re.fullmatch(r"[\u4e00-\u9fffa-z0-9]+", window):
                    return window
        return None

    @cached_property
    def _lists(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        """What the documents list side by side (主席、副主席、秘书长): first, middle and last terms of each list.

        Where the first term begins and the last one ends is not known; those in the middle are exact.
        """
        found: dict[tuple[str, tuple[str, ...], str], None] = {}
        for document in self._snapshot.documents:
            for match in _COORDINATE.finditer(document.text):
                terms = [term for term in re.split(r"[、和或及]", match[0]) if len(term) >= 2]
                if len(terms) > 1:
                    found[(terms[0], tuple(terms[1:-1]), terms[-1])] = None
        return tuple(found)

    # ── shape ───────────────────────────────────────────────────────────────────────────────────

    def _shape(self, core: str, typed: str) -> Shape:
        if _INJECTION.search(typed):
            return "task"
        bare = re.sub(r"[。!?,~.\s、]+$", "", core)
        if not re.search(r"\w", core) or _GREETING.fullmatch(bare) or _GREETING.fullmatch(re.sub(r"[。!?,~.\s]+$", "", typed.strip())):
            return "smalltalk"
        if _TASK.match(core):
            return "task"
        if _COMPARE.search(core) and (len(self._years(core)) > 1 or re.search(r"和|与|跟|比|还是|、", core)):
            return "compare"
        if _LIST.search(core):
            return "list"
        if _COUNT.search(core):
            return "count"
        return "fact"

    # ── references ──────────────────────────────────────────────────────────────────────────────

    def _names(self, entry: DocumentEntry, text: str) -> bool:
        names = (entry.title, entry.short_title, *entry.aliases)
        if entry.document_number and fold(entry.document_number) in re.sub(r"[\[(【﹝]", "〔", re.sub(r"[\])】﹞]", "〕", text)):
            return True
        return any(fold(name) in text for name in names)

    def _resolve(
        self, found: Sequence[Reference], documents: tuple[str, ...], text: str
    ) -> tuple[tuple[Locator, ...], tuple[MissingReference, ...], int | None]:
        resolved: list[Locator] = []
        missing: list[MissingReference] = []
        paragraph: int | None = None
        for reference in found:
            places, lacking = self._places(reference, documents, text)
            resolved.extend(place for place in places if place not in resolved)
            missing.extend(lacking)
            paragraph = paragraph or reference.paragraph
        return tuple(resolved), tuple(missing), paragraph

    def _places(
        self, reference: Reference, documents: tuple[str, ...], text: str
    ) -> tuple[list[Locator], list[MissingReference]]:
        if reference.kind == "number":
            return self._numbered(reference), []
        if reference.kind == "batch":
            return list(self._batched(reference)), []
        candidates = [d for d in self._snapshot.documents if self._has_kind(d, reference)]
        if reference.kind == "item" and not re.search(r"附件|事项|方案|举措|复制推广|自贸", text):
            return [], []
        named = [d for d in candidates if d.entry.id in documents] or candidates
        places = [place for d in named if (place := self._locate(d, reference)) is not None]
        if places or not named:
            return places, []
        return [], [self._missing(named[0], reference)]

    def _has_kind(self, document: Document, reference: Reference) -> bool:
        wanted = {"article": "article", "chapter": "chapter", "row": "row", "item": "row", "part": "part"}[reference.kind]
        return any(
            node.kind == wanted for locator, node in self._snapshot.nodes.items() if locator.document == document.entry.id
        )

    def _locate(self, document: Document, reference: Reference) -> Locator | None:
        locator = Locator(document.entry.id, reference.path)
        return locator if locator in self._snapshot.nodes else None

    def _missing(self, document: Document, reference: Reference) -> MissingReference:
        entry = document.entry
        if reference.kind == "article" and len(reference.path) > 1:
            parent = Locator(entry.id, reference.path[:1])
            if parent in self._snapshot.nodes:
                count = sum(1 for child in self._snapshot.nodes[parent].children if child.label)
                valid = f"第{to_chinese(int(reference.path[0]))}条" + (f"列有{count}项" if count else "没有分项")
                return MissingReference(reference.text, entry.id, valid)
        kind = "row" if reference.kind == "item" else reference.kind
        numbers = [
            int(locator.path[-1].partition("-")[0])
            for locator, node in self._snapshot.nodes.items()
            if locator.document == entry.id and node.kind == kind
        ]
        first, last = min(numbers), max(numbers)
        if kind == "row":
            return MissingReference(reference.text, entry.id, f"附件第{first}项至第{last}项")
        unit = {"article": "条", "chapter": "章", "part": "部分"}[kind]
        return MissingReference(reference.text, entry.id, f"第{to_chinese(first)}{unit}至第{to_chinese(last)}{unit}")

    def _numbered(self, reference: Reference) -> list[Locator]:
        """Where a 文号 leads: the document itself, the rows of a 国函, the article that repeals it."""
        number = reference.document_number or ""
        for entry in self._entries:
            if entry.document_number == number:
                return [Locator(entry.id, ("0",))]
        rows = [
            locator
            for locator, node in self._snapshot.nodes.items()
            if node.row is not None and node.row.batch is not None and node.row.batch.document_number == number
        ]
        if rows:
            return rows
        wanted = fold(number)
        return list(
            dict.fromkeys(passage.unit for passage in self._snapshot.passages if wanted in fold(passage.text))
        )

    def _batched(self, reference: Reference) -> Iterator[Locator]:
        for locator, node in self._snapshot.nodes.items():
            if node.row is None or node.row.batch is None or node.row.batch.batch != reference.batch:
                continue
            if reference.batch_item is None or node.row.batch.item == reference.batch_item:
                yield locator

    # ── years and facets ────────────────────────────────────────────────────────────────────────

    def _years(self, text: str) -> tuple[int, ...]:
        """Years the question is about; 今年 is the year of the document that counts years."""
        found: dict[int, None] = {}
        numbers = [reference.span for reference in find_references(text) if reference.kind == "number"]
        for match in _YEAR.finditer(text):
            if any(a <= match.start() < b for a, b in numbers):
                continue
            year = int(match[1])
            found[year if year > 99 else 2000 + year] = None
        base = max((entry.year for entry in self._entries if entry.part_years), default=None)
        for word, shift in _RELATIVE_YEARS.items():
            if word in text and base is not None:
                found[base + shift] = None
        return tuple(found)

    def _facets(self, query: Query) -> tuple[Query, ...]:
        """The sub-questions of which a question consists: two years, two things compared, two things asked."""
        if len(query.years) == 2 and len(_INTERROGATIVE.findall(query.standalone)) <= 1:
            texts: Sequence[str] = [self._with_year(query.standalone, year, query.years) for year in query.years]
        else:
            texts = (self._compared(query.standalone) if query.shape == "compare" else ()) or self._clauses(query.standalone)
        return tuple(self._read(query.question, text, alone=True) for text in texts)

    def _compared(self, text: str) -> tuple[str, ...]:
        """「全体会议和常务会议的组成」: the question once for each of the two."""
        pair = re.search(r"(?P<first>[\u4e00-\u9fff]{2,10}?)(?:和|与|跟|、|还是|及)(?P<second>[\u4e00-\u9fff]{2,10})", text)
        if pair is None:
            return ()
        for size in range(len(pair["second"]), 1, -1):
            second = pair["second"][:size]
            first = self._same_kind(second, pair["first"])
            begin, end = pair.end("first") - len(first or ""), pair.start("second") + size
            if first and pair["first"].endswith(first) and re.match(r"(?:的|在|有|各|分别|由|要|需|是|谁|哪|多|,|$)", text[end:]):
                return tuple(text[:begin] + term + text[end:] for term in (first, second))
        return ()

    def _clauses(self, text: str) -> tuple[str, ...]:
        """The clauses that each ask something, with what the clauses before them are about; () when only one asks."""
        pieces = [piece.strip() for piece in re.split(r"[,;?。!]|、(?=[^、]*(?:谁|哪|什么|多少|几|怎么|如何))", text) if piece.strip()]
        asking = [bool(_ASKS.search(piece)) for piece in pieces]
        if sum(asking) < 2:
            return ()
        topic = "".join(piece for piece, asks in zip(pieces, asking, strict=True) if not asks)
        texts: list[str] = []
        for piece in (piece for piece, asks in zip(pieces, asking, strict=True) if asks):
            if texts and self._ellipsis(piece) == 2:
                texts.append(self._complete(piece, texts[-1])[0])
            elif topic:
                texts.append(f"{topic},{piece}")
            else:
                texts.append(piece)
                topic = _stem(piece)
        return tuple(texts)

    def _with_year(self, text: str, year: int, years: Sequence[int]) -> str:
        base = max((entry.year for entry in self._entries if entry.part_years), default=year)
        words = {word: base + shift for word, shift in _RELATIVE_YEARS.items() if word in text}
        for word, meant in words.items():
            text = text.replace(word, f"{meant}年")
        for other in years:
            if other != year:
                text = re.sub(rf"(?:与|和|跟|同|比|较|、)?{other}年?(?:的)?(?:与|和|跟|同|比|较|、)?", "", text)
        text = re.sub(r"(?:相比|对比|比较|各(?:自)?|分别)", "", text)
        return text if f"{year}" in text else f"{year}年{text}"


def strip_courtesy(text: str) -> str:
    """The question without 「您好,请问」."""
    stripped = _COURTESY.sub("", text).strip()
    return stripped or text.strip()


def _stem(text: str) -> str:
    """What a question is about: the words before the one that asks; all of it when hardly any stand there."""
    found = _INTERROGATIVE.search(text)
    stem = re.sub(r"(?:由|是|要|应|归|有|叫|需|能|会|被|都|各)+$", "", text[: found.start()] if found else text)
    return stem if len(stem) >= 3 else text


def _asked(text: str) -> Asked:
    for asked, pattern in _ASKED:
        if re.search(pattern, text):
            return asked
    return "any"
