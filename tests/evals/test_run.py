"""Runs: what is kept, what goes on after a kill, what runs side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.records import Case, Observation
from evals.run import read_observations, read_run, run_cases
from evals.spec import differences, make_spec
from rag.errors import InputError, StorageError
from rag.records import Answer, Usage, Writing
from rag.settings import Settings
from tests.stand_ins.gold import ROOT, cases

SPEC = {"revision": "1", "mode": "extractive", "gold": "g"}


def answer(question: str, writing: Writing | None = None) -> Answer:
    return Answer(question, question, "refused", "没有规定。", (), None, None, "none", (), "f", {}, (), writing=writing)


def ask(question: str, history: Any) -> Answer:
    return answer(question)


def test_an_error_is_an_observation(tmp_path: Path) -> None:
    """A case that raises is kept with what was raised, and the run goes on."""

    def broken(question: str, history: Any) -> Answer:
        if question == cases()[1].question:
            raise RuntimeError("no model here")
        return answer(question)

    found = run_cases(cases()[:3], broken, tmp_path, SPEC)
    assert [o.error for o in found] == [None, "RuntimeError: no model here", None]
    assert read_observations(tmp_path) == found
    assert read_run(tmp_path) == (SPEC, list(cases()[:3]), found)


def test_a_cut_line_is_asked_again(tmp_path: Path) -> None:
    """What was asked is not asked again; a line that was cut off is."""
    asked: list[str] = []

    def count(question: str, history: Any) -> Answer:
        asked.append(question)
        return answer(question)

    run_cases(cases()[:5], count, tmp_path, SPEC)
    path = tmp_path / "observations.jsonl"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(InputError, match="没有结束"):
        read_run(tmp_path)
    asked.clear()
    assert [o.case for o in run_cases(cases()[:6], count, tmp_path, SPEC)] == [case.id for case in cases()[:6]]
    assert asked == [case.question for case in cases()[4:6]]


def test_a_run_of_something_else_does_not_go_on(tmp_path: Path) -> None:
    """Observations of two programs never mix in one folder."""
    run_cases(cases()[:2], ask, tmp_path, SPEC)
    with pytest.raises(InputError, match="代码版本不同"):
        run_cases(cases()[:2], ask, tmp_path, {**SPEC, "revision": "2"})
    with pytest.raises(InputError, match="题目摘要不同"):
        run_cases(cases()[:2], ask, tmp_path, {**SPEC, "gold": "h"})


def test_workers_ask_side_by_side(tmp_path: Path) -> None:
    """Four workers have four questions under way at once; the result is in the order of the cases, progress counts errors."""
    barrier = threading.Barrier(4)
    seen: list[tuple[int, int, int]] = []

    def together(question: str, history: Any) -> Answer:
        barrier.wait(timeout=10)
        if question == cases()[0].question:
            time.sleep(0.2)
            raise RuntimeError("last of its four")
        return answer(question)

    found = run_cases(cases()[:8], together, tmp_path, SPEC, workers=4, on_progress=lambda d, t, errors=0: seen.append((d, t, errors)))
    assert [o.case for o in found] == [case.id for case in cases()[:8]]
    assert [done for done, _, _ in seen] == list(range(1, 9))
    assert seen[-1] == (8, 8, 1)
    assert sorted(o.case for o in read_observations(tmp_path)) == sorted(case.id for case in cases()[:8])


def test_an_interrupt_stops_the_queue(tmp_path: Path) -> None:
    """Ctrl-C does not wait for the questions that have not begun."""
    asked: list[str] = []

    def slow(question: str, history: Any) -> Answer:
        asked.append(question)
        time.sleep(0.05)
        return answer(question)

    def interrupt(done: int, total: int, errors: int = 0) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cases(cases()[:20], slow, tmp_path, SPEC, on_progress=interrupt)
    assert len(asked) < 5


def test_what_a_model_took_is_kept(tmp_path: Path) -> None:
    """Tokens, cost and whether the extract stood in are in the observation; an extract has none."""
    writing = Writing("m", Usage(1200, 80, 0.5), 1200, fallback="timeout")
    with_model = run_cases(cases()[:1], lambda q, h: answer(q, writing), tmp_path / "a", SPEC)[0]
    assert with_model.usage == {"prompt_tokens": 1200, "completion_tokens": 80, "cost": 0.5, "fallback": 1.0}
    free = Writing("m", Usage(10, 2), 10)
    assert run_cases(cases()[:1], lambda q, h: answer(q, free), tmp_path / "b", SPEC)[0].usage.keys() == {
        "prompt_tokens", "completion_tokens", "fallback",
    }  # fmt: skip
    assert run_cases(cases()[:1], ask, tmp_path / "c", SPEC)[0].usage == {}


def test_history_is_asked_with_its_answers(tmp_path: Path) -> None:
    """Earlier turns reach the assistant in order, with an answer where the case gives one."""
    from evals.records import PastTurn

    seen: list[Any] = []

    def keep(question: str, history: Any) -> Answer:
        seen.extend((turn.question, turn.answer) for turn in history)
        return answer(question)

    run_cases([Case("x", "follow-up", "那呢?", history=(PastTurn("甲?"), PastTurn("乙?", "是。")))], keep, tmp_path, SPEC)
    assert seen == [("甲?", None), ("乙?", "是。")]


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    """What can't be read or written is told in a sentence."""
    with pytest.raises(InputError, match="不是评测运行目录"):
        read_run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="无法写入"):
        run_cases(cases()[:1], ask, tmp_path / "file", SPEC)


def test_the_spec_tells_runs_apart(tmp_path: Path, clean_environment: None) -> None:
    """Revision, settings, gold, prompts and packages are in the spec; the key and the places of files are not."""
    gold = tmp_path / "gold.jsonl"
    gold.write_text("1")
    base = {"corpus_dir": ROOT / "corpus", "data_dir": tmp_path, "openai_api_key": "sk-secret"}
    first = make_spec(Settings.load(**base), "i", "e5", [gold], ROOT)
    assert first == make_spec(Settings.load(**{**base, "data_dir": tmp_path / "b", "openai_api_key": "other"}), "i", "e5", [gold], ROOT)
    assert "sk-secret" not in json.dumps(first)
    assert first["mode"] == "extractive"
    assert first["packages"]["chromadb"]
    gold.write_text("2")
    second = make_spec(Settings.load(**base, chat_model="m", precision="int8"), "i", "e5", [gold], ROOT)
    assert second["mode"] == "generated"
    changed = [label for label, _, _ in differences(first, second)]
    assert {"配置摘要", "作答方式", "对话模型", "题目摘要"} <= set(changed)
    assert differences(first, first) == []


_SLOWLY = """
import sys, time
from pathlib import Path
from evals.cases import read_cases
from evals.run import run_cases
from tests.evals.test_run import SPEC, answer

def slow(question, history):
    time.sleep(0.02)
    with open(sys.argv[3], "a") as file:
        print(question, file=file)
    return answer(question)

run_cases(read_cases([Path(sys.argv[1])]), slow, Path(sys.argv[2]), SPEC, workers=3)
"""


@pytest.mark.slow
def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """A process killed (-9) again and again ends with every case observed once, and hardly any asked twice."""
    gold = tmp_path / "gold.jsonl"
    many = [Case(f"c{i}", "direct", f"第{i}问?") for i in range(90)]
    from dataclasses import asdict

    gold.write_text("".join(json.dumps(asdict(case), ensure_ascii=False) + "\n" for case in many), encoding="utf-8")
    folder, asked = tmp_path / "run", tmp_path / "asked"
    path = folder / "observations.jsonl"
    kills = 0
    while True:
        command = [sys.executable, "-c", _SLOWLY, str(gold), str(folder), str(asked)]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        before = len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 0
        while process.poll() is None and kills < 3:
            if path.is_file() and len(path.read_text(encoding="utf-8").splitlines()) >= before + 15:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        if process.wait(timeout=60) == 0:
            break
    assert kills == 3
    _, read, observations = read_run(folder)
    assert [case.id for case in read] == [observation.case for observation in observations] == [case.id for case in many]
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(many)
    times = Counter(asked.read_text(encoding="utf-8").splitlines())
    assert len(times) == len(many)
    assert sum(times.values()) <= len(many) + kills * 4


def test_observations_of_other_shape_are_dropped(tmp_path: Path) -> None:
    """A line that is no observation is not taken for one."""
    found = run_cases(cases()[:2], ask, tmp_path, SPEC)
    path = tmp_path / "observations.jsonl"
    path.write_text('{"case": "x"}\n[1]\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_observations(tmp_path) == found
    assert replace(found[0], latency_ms=0.0) == Observation(found[0].case, found[0].answer, None, 0.0, {})
