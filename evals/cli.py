"""``ningwen eval …``: thin commands, mounted by the command line through an entry point."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evals.progress import progress
from rag.errors import InputError, StorageError

if TYPE_CHECKING:
    from evals.gate import Verdict
    from evals.records import Judgement, Observation, Run
    from rag.search.snapshot import Snapshot
    from rag.settings import Settings

app = typer.Typer(help="评测：检查题目、运行、判定、比较、更新基线。", no_args_is_help=True)

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
_GATE, _BASELINE, _ACCEPTED = _HERE / "gate.toml", _HERE / "baseline.json", _HERE / "accepted"

GoldFiles = Annotated[list[Path] | None, typer.Option("--gold", help="题目文件，可多次给出；缺省为自带题目。")]


@app.command("lint", help="检查每道题目是否与原文相符。\n\n例：ningwen eval lint")
def lint(gold: GoldFiles = None) -> None:
    """Check every gold case against the corpus."""
    from evals.cases import gold_files, read_cases, shortages
    from evals.cases import lint as check

    cases = read_cases(gold or gold_files())
    problems = check(cases, _snapshot())
    for problem in problems:
        print(problem)
    for shortage in shortages(cases) if gold is None else ():
        print(f"提醒：{shortage}")
    print(f"{len(cases)} 题，{len(problems)} 处问题")
    if problems:
        raise typer.Exit(1)


@app.command("run", help="运行全部题目、计分、写报告，未过门槛时以 1 退出。\n\n例：ningwen eval run")
def run(
    gold: GoldFiles = None,
    split: Annotated[Literal["", "dev", "test"], typer.Option(help="只运行 dev 或 test；缺省为全部。只运行 dev 时不作判定。")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="运行目录；给出已有目录则接着运行。")] = None,
    mode: Annotated[
        Literal["", "extractive", "generated"], typer.Option(help="作答方式；缺省由 OPENAI_MODEL 是否设置决定。")
    ] = "",
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="同时提问的题数；缺省：摘录 1，对话模型 8。")] = None,
    judged: Annotated[bool, typer.Option("--judge", help="另用对话模型评判每条陈述是否有引文支持。")] = False,
) -> None:
    """Run the cases, score them, write the report and apply the gate."""
    from evals.cases import gold_files, read_cases
    from evals.run import run_cases
    from evals.score import make_run
    from evals.spec import make_spec
    from rag.assistant import open_assistant

    settings = _settings(mode)
    files = gold or gold_files()
    cases = [case for case in read_cases(files) if split in ("", case.split)]
    if not cases:
        raise InputError("没有可运行的题目。")
    together = workers or (1 if settings.chat_model is None else 8)
    with progress("建立索引", "步") as report:
        assistant = open_assistant(settings, lambda stage, done, total: report(done, total))
    spec = make_spec(settings, assistant.index.fingerprint, assistant.embedder.name, files, _ROOT)
    folder = out or Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{spec['revision'][:7] or 'none'}"
    print(f"运行目录：{folder}", file=sys.stderr)
    with progress("运行", "题") as report:
        observations = run_cases(cases, assistant.ask, folder, spec, workers=together, on_progress=report)
    judgements = _judge(settings, observations, folder, together) if judged else []
    finished = make_run(cases, observations, spec, assistant.index.snapshot, judgements)
    _conclude(finished, folder, assistant.index.snapshot, whole=gold is None and not split, judged=split != "dev")


@app.command("compare", help="比较两次运行，写出与评测报告相同的页面。\n\n例：ningwen eval compare runs/甲 runs/乙")
def compare(
    before: Annotated[Path, typer.Argument(help="前一次的运行目录。")],
    after: Annotated[Path, typer.Argument(help="后一次的运行目录。")],
    out: Annotated[Path | None, typer.Option("--out", help="页面所在目录；缺省为后一次的目录下的 compare。")] = None,
) -> None:
    """The page of a run with another run in the baseline's place; both are scored anew by the present measures."""
    from evals.gate import judge, read_gate
    from evals.report import Page, write_report
    from evals.score import as_baseline

    snapshot = _snapshot()
    first, second = (_read_run(folder, snapshot) for folder in (before, after))
    baseline = as_baseline(first.summary)
    verdict = judge(second.summary, read_gate(_GATE), baseline, whole=False)
    folder = out or after / "compare"
    folder.mkdir(parents=True, exist_ok=True)
    page = write_report(folder, Page(second, verdict, baseline, before.resolve().name), snapshot)
    _print_verdict(verdict)
    print(page)


@app.command("accept", help="把一次运行的结果记为新的基线，并存下它的报告。\n\n例：ningwen eval accept runs/20240123-101500-abc1234")
def accept(
    folder: Annotated[Path, typer.Argument(help="运行目录。")],
    force: Annotated[bool, typer.Option("--force", help="未达下限也接受。")] = False,
) -> None:
    """Write a new baseline, and its page beside it, from a run of all gold cases; one that misses a floor only when forced."""
    from evals.baseline import read_baseline, write_baseline
    from evals.cases import gold_files, read_cases
    from evals.drafts import measure_drafts
    from evals.gate import judge, read_gate
    from evals.report import Page, write_report

    snapshot = _snapshot()
    accepted = _read_run(folder, snapshot)
    if set(accepted.cases) != set(read_cases(gold_files())):
        raise InputError(f"{folder} 不是对现有全部题目的运行，不能作为基线。")
    gate, drafts = read_gate(_GATE), measure_drafts(snapshot)
    missed = [finding for finding in judge(accepted.summary, gate, None, drafts=drafts).findings if finding.level == "fail"]
    for finding in missed:
        print(finding.message)
    if missed and not force:
        raise InputError("该次运行未达下限，不能作为基线；确需接受的，请加 --force。")
    before = read_baseline(_BASELINE)
    verdict = judge(accepted.summary, gate, before, drafts=drafts, whole=False)
    _ACCEPTED.mkdir(exist_ok=True)
    page = write_report(_ACCEPTED, Page(accepted, verdict, before, "上一基线", drafts), snapshot)
    write_baseline(accepted.summary, _BASELINE)
    print(f"基线已更新：{len(accepted.cases)} 题。报告：{page}")


@app.command("harvest", help="把被标记 👎 的答复整理成题目草稿，供人核改。\n\n例：ningwen eval harvest --out drafts.jsonl")
def harvest(
    export: Annotated[Path | None, typer.Argument(help="ningwen audit export 导出的 JSONL；缺省为直接读取问答数据库。")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="只取这一天以来的答复。")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="写入的文件；缺省为标准输出。")] = None,
) -> None:
    """Draft cases from answers that people marked 👎."""
    from evals.cases import gold_files, read_cases
    from evals.harvest import make_drafts, read_database, read_export
    from evals.journal import to_line
    from evals.settings import EvalSettings

    begin = since.timestamp() if since else 0.0
    if export is not None:
        complaints = [complaint for complaint in read_export(export) if since is None or complaint.at >= since.strftime("%Y-%m-%d")]
    else:
        complaints = read_database(EvalSettings.load().database_url, since=begin)
    drafts = make_drafts(complaints, read_cases(gold_files()))
    text = "".join(map(to_line, drafts))
    if out is None:
        print(text, end="")
    else:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageError(f"文件 {out} 无法写入。", detail=repr(error)) from error
    print(f"{len(complaints)} 条 👎，{len(drafts)} 份草稿", file=sys.stderr)


def _settings(mode: str) -> Settings:
    from rag.settings import Settings

    settings = Settings.load(chat_model=None) if mode == "extractive" else Settings.load()
    if mode == "generated" and settings.chat_model is None:
        raise InputError("未设置 OPENAI_MODEL，无法以对话模型作答。")
    return settings


def _snapshot() -> Snapshot:
    from rag.documents.sources import read_corpus
    from rag.search.snapshot import read_snapshot
    from rag.settings import Settings

    return read_snapshot(read_corpus(Settings.load().corpus_dir))


def _judge(settings: Settings, observations: list[Observation], folder: Path, workers: int) -> list[Judgement]:
    from evals.judge import judge_answers, make_judge
    from rag.answering.generate import make_chat_model

    with progress("评判", "题") as report:
        return judge_answers(observations, make_judge(make_chat_model(settings)), folder, workers=workers, on_progress=report)


def _read_run(folder: Path, snapshot: Snapshot) -> Run:
    from evals.judge import read_judgements
    from evals.run import read_run
    from evals.score import make_run

    spec, cases, observations = read_run(folder)
    return make_run(cases, observations, spec, snapshot, read_judgements(folder))


def _conclude(finished: Run, folder: Path, snapshot: Snapshot, *, whole: bool, judged: bool) -> None:
    """Apply the gate, write the report, print both; exit 1 when the gate fails."""
    from evals.baseline import read_baseline
    from evals.drafts import measure_drafts
    from evals.gate import Verdict, judge, read_gate
    from evals.report import Page, write_report

    baseline = read_baseline(_BASELINE)
    drafts = measure_drafts(snapshot) if whole else ()
    verdict = judge(finished.summary, read_gate(_GATE), baseline, drafts=drafts, whole=whole) if judged else Verdict(True, ())
    page = write_report(folder, Page(finished, verdict, baseline, drafts=drafts), snapshot)
    _print_table(finished)
    _print_losses(finished)
    _print_verdict(verdict)
    print(f"{'只运行了 dev，不作判定' if not judged else '通过' if verdict.passed else '未通过'}  {page}")
    if not verdict.passed:
        raise typer.Exit(1)


def _print_table(finished: Run) -> None:
    from evals.measures import NAMES

    print(f"{'':<20}{'dev':>30}{'test':>30}")
    for name in NAMES:
        cells = []
        for split in ("dev", "test"):
            found = finished.summary.overall[split].get(name)
            cells.append(f"{found.mean:.3f} [{found.low:.2f}, {found.high:.2f}] {found.count:>4}" if found else "")
        if any(cells):
            print(f"{name:<20}{cells[0]:>30}{cells[1]:>30}")


def _print_losses(finished: Run) -> None:
    """Why dev cases lost, so that a cause can be found; test cases are only counted."""
    asked = {case.id: case.question for case in finished.cases if case.split == "dev"}
    reasons: dict[str, list[str]] = {}
    for score in finished.scores:
        if score.reason and score.value is not None and score.case in asked:
            reasons.setdefault(score.case, []).append(f"{score.measure}：{score.reason}")
    for name, found in reasons.items():
        print(f"{name}  {asked[name]}\n    " + "\n    ".join(found))


def _print_verdict(verdict: Verdict) -> None:
    for finding in verdict.findings:
        print(f"{finding.level:<5} {finding.message}")
