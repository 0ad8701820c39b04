"""``ningwen eval …``: lint, run, accept. Mounted by the command line through an entry point."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from evals import cli_foreign
from evals.records import Score, Summary
from rag.errors import InputError

app = typer.Typer(help="评测：检查题目、运行、判定、更新基线。", no_args_is_help=True)

app.command("retrieval", help=cli_foreign.RETRIEVAL_HELP)(cli_foreign.retrieval)
app.command("passages", help=cli_foreign.PASSAGES_HELP)(cli_foreign.passages)

_HERE = Path(__file__).parent
_ROOT = _HERE.parent


@app.command("lint", help="检查每道题目是否与原文相符。\n\n例：ningwen eval lint")
def lint(gold: Annotated[list[Path] | None, typer.Option("--gold", help="题目文件，可多次给出。")] = None) -> None:
    """Check every gold case against the corpus."""
    from evals.cases import gold_files, read_cases, shortages
    from evals.cases import lint as check
    from rag.documents.sources import read_corpus
    from rag.search.snapshot import read_snapshot
    from rag.settings import Settings

    cases = read_cases(gold or gold_files())
    problems = check(cases, read_snapshot(read_corpus(Settings.load().corpus_dir), expand=False), complete=gold is None)
    for problem in problems:
        print(problem)
    for shortage in shortages(cases) if gold is None else ():
        print(f"提醒：{shortage}")
    print(f"{len(cases)} 题，{len(problems)} 处问题")
    if problems:
        raise typer.Exit(1)


@app.command("run", help="运行全部题目、计分、写报告，未过门槛时以 1 退出。\n\n例：ningwen eval run")
def run(
    gold: Annotated[list[Path] | None, typer.Option("--gold", help="题目文件，可多次给出；缺省为自带题目。")] = None,
    split: Annotated[str, typer.Option(help="只运行 dev 或 test；缺省为全部。")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="运行目录；给出已有目录则接着运行。")] = None,
) -> None:
    """Run the cases, score them and apply the gate."""
    from evals.cases import gold_files, read_cases
    from evals.gate import judge, read_baseline, read_gate
    from evals.report import write_report
    from evals.run import make_spec, run_cases
    from evals.score import score_run, summarise
    from rag.assistant import open_assistant
    from rag.settings import Settings

    settings = Settings.load()
    files = gold or gold_files()
    cases = [case for case in read_cases(files) if not split or case.split == split]
    if not cases:
        raise InputError("没有可运行的题目。")
    assistant = open_assistant(settings)
    spec = make_spec(assistant.index.fingerprint, assistant.embedder.name, "extractive", None, files, _ROOT)
    folder = out or _ROOT / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{spec['revision'][:7] or 'none'}"
    observations = run_cases(cases, assistant.ask, folder, spec, on_progress=_progress)
    scores = score_run(cases, observations, assistant.index.snapshot)
    summary = summarise(cases, scores, spec, sum(o.error is not None for o in observations))
    _print_summary(summary)
    if split != "test":
        _print_losses(scores, {case.id for case in cases if case.split == "dev"}, cases)
    baseline = read_baseline(_HERE / "baseline.json")
    verdict = judge(summary, read_gate(_HERE / "gate.toml"), baseline)
    page = write_report(folder, cases, observations, scores, summary, verdict, baseline, assistant.index.snapshot)
    for finding in verdict.findings:
        print(f"{finding.level:<5} {finding.message}")
    print(f"{'通过' if verdict.passed else '未通过'}  {page}")
    if not verdict.passed:
        raise typer.Exit(1)


@app.command("accept", help="把一次运行的结果记为新的基线。\n\n例：ningwen eval accept runs/20240123-101500-abc1234")
def accept(folder: Annotated[Path, typer.Argument(help="运行目录。")]) -> None:
    """Write a new baseline from a run."""
    import json

    from evals.cases import gold_files, read_cases
    from evals.gate import write_baseline
    from evals.run import read_observations
    from evals.score import score_run, summarise
    from rag.documents.sources import read_corpus
    from rag.search.snapshot import read_snapshot
    from rag.settings import Settings

    observations = read_observations(folder)
    known = {observation.case for observation in observations}
    cases = [case for case in read_cases(gold_files()) if case.id in known]
    if not cases:
        raise InputError(f"{folder} 里没有可用的运行结果。")
    snapshot = read_snapshot(read_corpus(Settings.load().corpus_dir), expand=False)
    spec: dict[str, Any] = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    scores = score_run(cases, [o for o in observations if o.case in {c.id for c in cases}], snapshot)
    write_baseline(summarise(cases, scores, spec, sum(o.error is not None for o in observations)), _HERE / "baseline.json")
    print("基线已更新。")


def _progress(done: int, total: int, errors: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{total} 题，{errors} 个错误", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done == total or done % 100 == 0:
        print(f"{done}/{total} 题，{errors} 个错误", file=sys.stderr, flush=True)


def _print_summary(summary: Summary) -> None:
    names = list(dict.fromkeys(m for found in summary.overall.values() for m in found))
    print(f"{'':<20}{'dev':>24}{'test':>24}")
    for name in names:
        cells = []
        for split in ("dev", "test"):
            found = summary.overall[split].get(name)
            cells.append(f"{found.mean:.3f} [{found.low:.2f}, {found.high:.2f}] {found.count:>4}" if found else "")
        print(f"{name:<20}{cells[0]:>24}{cells[1]:>24}")


def _print_losses(scores: list[Score], shown: set[str], cases: list[Any]) -> None:
    """Why dev cases lost, so that a cause can be found; test cases are only counted."""
    asked = {case.id: case.question for case in cases}
    reasons: dict[str, list[str]] = {}
    for score in scores:
        if score.reason and score.value is not None and score.case in shown:
            reasons.setdefault(score.case, []).append(f"{score.measure}：{score.reason}")
    for name, found in reasons.items():
        print(f"{name}  {asked[name]}\n    " + "\n    ".join(found))
