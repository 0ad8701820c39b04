"""The command line. Thin: it reads arguments, calls one stage, prints. Heavy imports wait until they are needed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import memory, texts
from rag.errors import InputError, NingwenError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.records import Turn

COMMANDS = "ningwen.commands"
"""Entry-point group through which other packages add commands without being imported here."""

OWN = {
    "telegram": "bot.telegram.cli",
    "wecom": "bot.wecom.cli",
    "access": "bot.access_cli",
    "audit": "bot.audit_cli",
    "doctor": "bot.doctor",
}
"""Commands of this package with a module of their own: its ``mount`` adds them; loaded when they are called, or for help."""

app = typer.Typer(
    help=texts.APP_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
index_app = typer.Typer(help=texts.INDEX_HELP, no_args_is_help=True)
app.add_typer(index_app, name="index")


def main() -> None:
    """Entry point of ``ningwen``. Whatever happens, a person sees one sentence and no traceback."""
    memory.look_rarely()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    _mount(sys.argv[1:])
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except NingwenError as error:
        _fail(error.user_message, error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # the last line of defence
        if os.environ.get("NINGWEN_DEBUG"):
            raise
        show = getattr(error, "format_message", None)  # click's own usage errors
        _fail(texts.USAGE.format(detail=show()) if show else texts.UNEXPECTED, 2)
    finally:
        memory.look_no_more()


def _fail(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(code)


def _mount(arguments: list[str]) -> None:
    """Add the commands of other packages: all for help, else the one that is called."""
    wanted = next((a for a in arguments if not a.startswith("-")), None)
    if wanted in {"ask", "chat", "search", "show", "corpus", "index"}:
        return
    for name, module in OWN.items():
        if wanted in (None, name):
            import_module(module).mount(app)
    for point in entry_points(group=COMMANDS):
        if wanted in (None, point.name):
            try:
                app.add_typer(point.load(), name=point.name)
            except ImportError:
                if wanted == point.name:
                    _fail(texts.COMMAND_UNAVAILABLE.format(name=point.name), 2)


def _open(*, last_good: bool = False, again: bool = False, chat: bool = False) -> Assistant:
    from bot.terminal import ProgressBar
    from rag.assistant import open_assistant
    from rag.settings import Settings

    with ProgressBar() as progress:
        return open_assistant(Settings.load(), progress, last_good=last_good, again=again, chat=chat)


@app.command(help=texts.ASK_HELP)
def ask(
    question: Annotated[list[str] | None, typer.Argument(help=texts.ASK_QUESTION)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=texts.ASK_JSON)] = False,
    as_lines: Annotated[bool, typer.Option("--jsonl", help=texts.ASK_JSONL)] = False,
    last_good: Annotated[bool, typer.Option("--last-good", help=texts.ASK_LAST_GOOD)] = False,
) -> None:
    """One question, or a line of JSON each from standard input."""
    if as_lines:
        _answer_lines(last_good=last_good)
        return
    text = " ".join(question or ())
    if not text.strip():
        raise InputError(texts.EMPTY_QUESTION)
    _check_length(text)
    from bot.render import answer_json
    from bot.terminal import show_answer

    answer = _open(last_good=last_good, chat=True).ask(text)
    if as_json:
        print(json.dumps(answer_json(answer), ensure_ascii=False, indent=2), flush=True)
    else:
        show_answer(answer)
    if answer.status == "refused":
        raise typer.Exit(3)


def _check_length(text: str) -> None:
    from rag.assistant import MAX_QUESTION

    if len(text) > MAX_QUESTION:
        raise InputError(texts.LONG_QUESTION.format(limit=MAX_QUESTION))


def _answer_lines(*, last_good: bool) -> None:
    from bot.render import answer_json

    assistant: Assistant | None = None
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8", errors="replace")
        if not line.strip():
            continue
        identity: object = None
        try:
            entry = _read_line(line)
            identity = entry.get("id")
            question, history = _read_entry(entry)
            assistant = assistant or _open(last_good=last_good, chat=True)
            output = {"id": identity, **answer_json(assistant.ask(question, history))}
        except InputError as error:
            output = {"id": identity, "status": "invalid", "error": error.user_message}
        print(json.dumps(output, ensure_ascii=False), flush=True)


def _read_line(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(texts.BAD_JSON) from None
    if not isinstance(entry, dict):
        raise InputError(texts.BAD_JSON)
    return entry


def _read_entry(entry: dict[str, Any]) -> tuple[str, list[Turn]]:
    from rag.records import Turn

    question = entry.get("question")
    if not isinstance(question, str) or not question.strip():
        raise InputError(texts.BAD_QUESTION)
    _check_length(question)
    history = entry.get("history") or []
    if not isinstance(history, list):
        raise InputError(texts.BAD_HISTORY)
    turns = []
    for turn in history:
        if not isinstance(turn, dict) or not isinstance(turn.get("question"), str):
            raise InputError(texts.BAD_HISTORY)
        answer = turn.get("answer")
        turns.append(Turn(turn["question"], answer if isinstance(answer, str) else None))
    return question, turns


@app.command(help=texts.CHAT_HELP)
def chat() -> None:
    """A conversation on the terminal."""
    assistant = _open(chat=True)
    history: list[Turn] = []
    print(texts.CHAT_BANNER)
    while True:
        try:
            line = input(texts.CHAT_PROMPT).strip()
        except (EOFError, KeyboardInterrupt):
            print(f"\n{texts.CHAT_BYE}")
            return
        if not line:
            continue
        if line == "/quit":
            print(texts.CHAT_BYE)
            return
        if line == "/new":
            history.clear()
            print(texts.CHAT_NEW)
        elif line.startswith("/show "):
            _print_error(partial(_print_place, assistant, line.removeprefix("/show ")))
        elif line.startswith("/"):
            print(texts.CHAT_COMMANDS)
        else:
            _print_error(partial(_converse, assistant, line, history))


def _print_place(assistant: Assistant, place: str) -> None:
    from bot.places import place_text

    print(place_text(assistant, place))


def _converse(assistant: Assistant, question: str, history: list[Turn]) -> None:
    from bot.terminal import show_answer
    from rag.records import Turn

    answer = assistant.ask(question, history)
    show_answer(answer)
    print()
    history.append(Turn(question, answer.answer))


def _print_error(action: Callable[[], None]) -> None:
    try:
        action()
    except NingwenError as error:
        print(error.user_message)


@app.command(help=texts.SEARCH_HELP)
def search(
    question: Annotated[list[str], typer.Argument(help=texts.ASK_QUESTION)],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50, help=texts.SEARCH_LIMIT)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help=texts.ASK_JSON)] = False,
) -> None:
    """What retrieval finds, before an answer is composed."""
    from bot.terminal import show_hits
    from rag.language.locators import short_label

    text = " ".join(question)
    _check_length(text)
    assistant = _open()
    taken = assistant.index.snapshot
    rows = []
    for rank, hit in enumerate(assistant.search(text)[1][:limit], start=1):
        entry = taken.by_id[hit.unit.document].entry
        words = taken.passages[hit.passages[0]].text if hit.passages else taken.text_of(hit.unit)
        label = short_label(entry, hit.unit)
        rows.append(
            {"rank": rank, "locator": str(hit.unit), "label": label, "score": round(hit.score, 3), "found_by": hit.found_by, "text": words}
        )
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    show_hits(rows)


@app.command(help=texts.SHOW_HELP)
def show(
    locator: Annotated[list[str], typer.Argument(help=texts.SHOW_LOCATOR)],
    as_json: Annotated[bool, typer.Option("--json", help=texts.ASK_JSON)] = False,
) -> None:
    """The verbatim text of a place."""
    from bot.places import find_place, place_text

    assistant = _open()
    place = " ".join(locator)
    if as_json:
        found = find_place(assistant, place)
        node = assistant.index.snapshot.nodes[found]
        entry = assistant.index.snapshot.by_id[found.document].entry
        from rag.language.locators import render_label

        body = {"locator": str(found), "label": render_label(entry, found), "kind": node.kind, "heading": node.heading}
        print(json.dumps({**body, "text": assistant.index.snapshot.text_of(found)}, ensure_ascii=False, indent=2))
        return
    print(place_text(assistant, place))


@app.command(help=texts.CORPUS_HELP)
def corpus(
    document: Annotated[str | None, typer.Argument(help=texts.CORPUS_ID)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=texts.ASK_JSON)] = False,
) -> None:
    """The documents, or the outline of one."""
    from bot.terminal import show_outline
    from rag.documents.sources import read_corpus
    from rag.search.snapshot import read_snapshot
    from rag.settings import Settings

    taken = read_snapshot(read_corpus(Settings.load().corpus_dir))
    if document is None:
        _print_documents(taken, as_json=as_json)
        return
    if document not in taken.by_id:
        raise InputError(texts.NO_SUCH_DOCUMENT.format(id=document[:40], known="、".join(taken.by_id)))
    outline = [
        (len(locator.path), str(locator), f"{node.label}{node.heading}")
        for locator, node in taken.nodes.items()
        if locator.document == document and locator.path
    ]
    if as_json:
        print(json.dumps([{"locator": place, "heading": heading} for _, place, heading in outline], ensure_ascii=False, indent=2))
        return
    show_outline(outline)


def _print_documents(taken: Any, *, as_json: bool) -> None:
    from bot.terminal import show_documents

    rows = []
    for item in taken.documents:
        entry = item.entry
        units = len({passage.unit for passage in taken.passages if passage.unit.document == entry.id})
        rows.append(
            {
                "id": entry.id,
                "title": entry.title,
                "document_number": entry.document_number,
                "issuer": entry.issuer,
                "date": entry.issued or entry.adopted,
                "status": entry.status,
                "units": units,
            }
        )
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    show_documents(rows)


@index_app.command("build", help=texts.INDEX_BUILD_HELP)
def index_build() -> None:
    """Build the index of the present corpus and settings."""
    assistant = _open(again=True)
    print(texts.INDEX_READY.format(name=assistant.index.fingerprint))


@index_app.command("status", help=texts.INDEX_STATUS_HELP)
def index_status() -> None:
    """Which indexes there are; exit code 1 when the current one is missing."""
    from rag.assistant import current_fingerprint
    from rag.search.folders import list_indexes
    from rag.settings import Settings

    settings = Settings.load()
    name = current_fingerprint(settings)
    found = list_indexes(settings.data_dir, name)
    for status in found:
        state = texts.INDEX_COMPLETE if status.complete else texts.INDEX_PARTIAL
        mark = texts.INDEX_CURRENT if status.current else "　　"
        print(
            texts.INDEX_LINE.format(
                mark=mark, name=status.fingerprint, state=state, vectors=status.vectors, size=status.size / 1e6, built=status.built
            )
        )
    if not any(status.current and status.complete for status in found):
        print(texts.INDEX_MISSING)
        raise typer.Exit(1)


@index_app.command("prune", help=texts.INDEX_PRUNE_HELP)
def index_prune() -> None:
    """Delete every index but the current one."""
    from rag.assistant import current_fingerprint
    from rag.search.index import prune
    from rag.settings import Settings

    settings = Settings.load()
    deleted = prune(settings.data_dir, current_fingerprint(settings), chroma_url=settings.chroma_url)
    print(texts.INDEX_PRUNED.format(count=len(deleted)))
