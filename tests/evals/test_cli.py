"""The commands from end to end, with the real assistant on a few cases."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evals import cases as gold_module
from evals import cli, drafts
from evals.baseline import read_baseline
from evals.records import Case, Evidence
from evals.run import read_run
from rag.errors import InputError
from tests.stand_ins.chat_endpoint import KEY, MODEL, ChatEndpoint, Reply

CASES = (
    Case(
        "meeting", "direct", "常务会议一般多久开一次?", "test", locators=(("work-rules#21",),), facts=(("2次—3次",),),
        evidence=(Evidence("work-rules#21", "一般每月召开2次—3次"),),
    ),
    Case(
        "guests", "direct", "自治区领导同志出席部门的工作会议吗?", "dev", locators=(("work-rules#26",),), facts=(("一般不出席",),),
        evidence=(Evidence("work-rules#26", "一般不出席部门的工作会议"),),
    ),
    Case("fees", "unanswerable", "会议费每人每天标准是多少", "test", unanswerable="没有标准"),
    Case("weather", "out-of-domain", "明天天气怎么样", "dev", unanswerable="与文件无关"),
)  # fmt: skip
GATE = '[floors]\nfacts = {}\nrefusal_recall = 0.5\n\n[latency.extractive]\np95_ms = 60000\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> Path:
    """A gate, no baseline yet and a gold folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_GATE", tmp_path / "gate.toml")
    monkeypatch.setattr(cli, "_BASELINE", tmp_path / "baseline.json")
    monkeypatch.setattr(cli, "_ACCEPTED", tmp_path / "accepted")
    monkeypatch.setattr(drafts, "measure_drafts", lambda subject: ())  # its drafts are about the project's own cases
    monkeypatch.setattr(gold_module, "GOLD", tmp_path / "gold")
    (tmp_path / "gate.toml").write_text(GATE.format(0.9), encoding="utf-8")
    (tmp_path / "gold").mkdir()
    write_gold(tmp_path, CASES)
    return tmp_path


@pytest.fixture
def built(place: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with the index of the real documents."""
    monkeypatch.setenv("NINGWEN_DATA_DIR", str(real_data))
    return place


def write_gold(place: Path, found: tuple[Case, ...]) -> None:
    text = "".join(json.dumps(asdict(case), ensure_ascii=False) + "\n" for case in found)
    (place / "gold" / "all.jsonl").write_text(text, encoding="utf-8")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words))


@pytest.mark.slow
def test_from_a_run_to_the_next_baseline(built: Path) -> None:
    """A run passes and is accepted; the next one is compared with it; a higher floor fails it with 1, and the page says so."""
    gold = ["--gold", str(built / "gold" / "all.jsonl")]
    first = run("run", *gold, "--out", "a")
    assert first.exit_code == 0, first.output
    assert "还没有基线" in first.output
    assert "通过  a/report.html" in first.output
    assert len((built / "a" / "observations.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    assert run("accept", "a").exit_code == 0
    baseline = read_baseline(built / "baseline.json")
    assert baseline is not None
    assert baseline.told["meeting"].cited == ("work-rules#21",)

    assert "通过，可以发布" in (built / "accepted" / "report.html").read_text(encoding="utf-8")
    assert (built / "accepted" / "summary.md").is_file()

    before = (built / "a" / "observations.jsonl").read_bytes()
    again = run("run", *gold, "--out", "a")
    assert again.exit_code == 0
    assert (built / "a" / "observations.jsonl").read_bytes() == before, "what was asked is not asked again"
    assert "没有变化。" in (built / "a" / "report.html").read_text(encoding="utf-8")

    (built / "gate.toml").write_text(GATE.format(0.9) + "\n[categories.direct]\n'hit@5' = 1.5\n", encoding="utf-8")
    failed = run("run", *gold, "--out", "b")
    assert failed.exit_code == 1
    assert "direct 前五命中 hit@5 1.000 低于下限 1.5" in failed.output
    assert "未通过，不得发布" in (built / "b" / "report.html").read_text(encoding="utf-8")
    refused = run("accept", "b")
    assert isinstance(refused.exception, InputError)
    assert run("accept", "b", "--force").exit_code == 0


@pytest.mark.slow
def test_two_runs_compared(built: Path) -> None:
    """The same page with the first run in the baseline's built; a fact that was lost is there with both answers."""
    gold = ["--gold", str(built / "gold" / "all.jsonl")]
    run("run", *gold, "--out", "a")
    run("run", *gold, "--out", "b")
    path = built / "b" / "observations.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["case"] == "guests":
            line["answer"]["answer"] = "另一种说法[1]"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    done = run("compare", "a", "b")
    assert done.exit_code == 0, done.output
    assert "事实齐全 facts 较基线退步 1.000（dev 1 题" in done.output
    text = (built / "b" / "compare" / "report.html").read_text(encoding="utf-8")
    assert 'id="change-guests"' in text
    assert "另一种说法[1]" in text
    assert "一般不出席部门的工作会议" in text
    assert "a与变化" in text


@pytest.mark.slow
def test_a_chat_model_is_asked_side_by_side(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a model the cases are under way together; tokens, cost and fallbacks are measured, and statements judged."""
    begun: list[float] = []

    def script(body: dict[str, Any]) -> Reply:
        if "<陈述>" in body["messages"][-1]["content"]:
            return Reply("支持")
        if "<资料" in body["messages"][-1]["content"]:
            begun.append(time.monotonic())
        return Reply("此事按惯例办理。", usage=(1000, 30), pause=0.3)

    (built / "gate.toml").write_text("[floors]\nclaim_support = 1.0\n'hit@1' = 1.0\n", encoding="utf-8")
    with ChatEndpoint(script=script) as endpoint:
        settings = {"API_KEY": KEY, "BASE_URL": endpoint.url, "MODEL": MODEL, "PROMPT_PRICE": "2", "COMPLETION_PRICE": "10"}
        for name, value in settings.items():
            monkeypatch.setenv(f"OPENAI_{name}", value)
        done = run("run", "--gold", str(built / "gold" / "all.jsonl"), "--out", "m", "--judge")
        plain = run("run", "--gold", str(built / "gold" / "all.jsonl"), "--out", "x", "--mode", "extractive")
    assert done.exit_code == 0, done.output
    ended = min(written for written in endpoint.written_at if written > min(begun))
    assert sorted(begun)[1] < ended, "the second was asked before the first was answered"
    spec, _, observations = read_run(built / "m")
    assert (spec["mode"], spec["model"]) == ("generated", MODEL)
    used = next(o.usage for o in observations if o.case == "meeting")
    assert (used["prompt_tokens"], used["completion_tokens"], used["cost"], used["fallback"]) == (1000, 30, 0.0023, 1.0)
    assert KEY not in "".join(path.read_text(encoding="utf-8") for path in (built / "m").iterdir())
    page = (built / "m" / "report.html").read_text(encoding="utf-8")
    for name in ("提示词元数", "每答费用", "改用摘录", "陈述有据"):
        assert name in page
    assert plain.exit_code == 1, "claim_support was not measured"
    assert read_run(built / "x")[0]["mode"] == "extractive"
    assert all(not o.usage for o in read_run(built / "x")[2])


@pytest.mark.slow
def test_half_a_run(built: Path) -> None:
    """Dev alone is not judged; test alone is; neither is a baseline."""
    gold = ["--gold", str(built / "gold" / "all.jsonl")]
    (built / "gate.toml").write_text(GATE.format(1.5), encoding="utf-8")
    dev = run("run", *gold, "--split", "dev", "--out", "dev")
    assert dev.exit_code == 0
    assert "只运行了 dev，不作判定" in dev.output
    assert [case.id for case in read_run(built / "dev")[1]] == ["guests", "weather"]
    assert run("run", *gold, "--split", "test", "--out", "test").exit_code == 1
    assert isinstance(run("accept", "test").exception, InputError)


@pytest.mark.slow
def test_a_run_of_other_cases_does_not_go_on(built: Path) -> None:
    """A folder with a run of other gold is refused with a sentence."""
    gold = ["--gold", str(built / "gold" / "all.jsonl")]
    run("run", *gold, "--out", "a")
    write_gold(built, (replace(CASES[0], question="常务会议多久开?"), *CASES[1:]))
    refused = run("run", *gold, "--out", "a")
    assert isinstance(refused.exception, InputError)
    assert "题目摘要不同" in str(refused.exception)


def test_lint(place: Path) -> None:
    """Mistakes are printed and end with 1; shortages are only told."""
    done = run("lint")
    assert done.exit_code == 0
    assert "提醒：类别 direct 应至少 40 题，现有 2 题" in done.output
    write_gold(place, (replace(CASES[0], locators=(("work-rules#99",),)), *CASES[1:]))
    done = run("lint")
    assert done.exit_code == 1
    assert "meeting：没有 work-rules#99 这一处" in done.output


def test_what_can_not_be_run(place: Path) -> None:
    """No cases, no run, no model: a sentence each."""
    (place / "empty.jsonl").write_text("")
    assert "没有可运行的题目" in str(run("run", "--gold", "empty.jsonl").exception)
    assert "不是评测运行目录" in str(run("compare", "nothing", "nowhere").exception)
    assert "未设置 OPENAI_MODEL" in str(run("run", "--mode", "generated").exception)
