"""The page of a run: whole in itself, in Chinese, and used as a reader uses it, in a real browser the size of a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.changes import find_changes, reworded
from evals.drafts import DraftRow
from evals.gate import judge
from evals.measures import NAMES
from evals.records import Baseline, Case, Evidence, PastTurn, Run
from evals.report import Page, markdown, table, write_report
from evals.score import as_baseline, make_run
from tests.stand_ins.browser import Browser, find_chromium, open_browser
from tests.stand_ins.gold import SPEC, cases, gate, observe, right, run_of, snapshot

pytestmark = pytest.mark.xdist_group("report-page")  # one browser for all
NO_BROWSER = "chromium is not installed (apt-get install chromium)"
FOLLOW_UP = Case(
    "follow-1", "follow-up", "那纪要呢?<script>alert(1)</script>", split="dev", history=(PastTurn("主席办公会议由谁召集?"),),
    locators=(("work-rules#24",),), facts=(("9次",),), evidence=(Evidence("work-rules#24", "主席办公会议"),),
)  # fmt: skip
TABLE_CASE = Case("table-1", "table", "第三项由谁负责?", split="dev", locators=(("ftz-plan#annex.3",),))


def broken(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """Loses facts in the follow-up, refuses the table's question, changes a quote of the first."""
    if case.id == cases()[0].id:
        return {**answer, "citations": [{**c, "quote": c["quote"] + "另行规定"} for c in answer["citations"]]}
    if case.id == "table-1":
        return {**answer, "status": "refused", "answer": "没有规定。", "citations": [], "scores": [7.25]}
    return answer


@pytest.fixture(scope="module")
def run() -> Run:
    from evals.records import Observation

    both = [*cases(), FOLLOW_UP, TABLE_CASE]
    observations = [*observe(broken), *(Observation(c.id, broken(c, right(c)), None, 40.0) for c in (FOLLOW_UP, TABLE_CASE))]
    observations[5] = replace(observations[5], answer=None, error="TimeoutError: 20 s")
    return make_run(both, observations, {**SPEC, "packages": {"chromadb": "1"}, "dirty": False}, snapshot())


@pytest.fixture(scope="module")
def baseline(run: Run) -> Baseline:
    """The same cases when the first was right, the table's was right and the last was refused."""
    before = as_baseline(run.summary)
    values = {measure: dict(of_case) for measure, of_case in before.values.items()}
    values["quote_exact"][cases()[0].id] = 1.0
    values["refusal_recall"][cases()[-1].id] = 0.0
    told = {**before.told, cases()[0].id: replace(before.told[cases()[0].id], answer="从前的答复[1]")}
    told[cases()[1].id] = replace(told[cases()[1].id], answer="换了说法[1]")
    return Baseline({**SPEC, "revision": "w"}, before.overall, values, told)


DRAFTS = (DraftRow("good", 60, 0, 2, ("good-3", "good-9")), DraftRow("figure", 6, 6, 0, ()), DraftRow("negation", 6, 5, 0, ("negation-2",)))


@pytest.fixture(scope="module")
def page(run: Run, baseline: Baseline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return write_report(folder, Page(run, judge(run.summary, gate(), baseline), baseline, drafts=DRAFTS), snapshot())


def test_changes_are_told_case_by_case(run: Run, baseline: Baseline) -> None:
    """What got worse comes first, with the measure, both values and both answers; what only reads differently is counted."""
    found = find_changes(run, baseline)
    assert [(change.case.id, change.worse) for change in found] == [(cases()[0].id, True), (cases()[-1].id, False)]
    assert [(step.measure, step.before, step.after, step.better) for step in found[0].steps] == [("quote_exact", 1.0, 0.0, False)]
    assert found[0].before is not None
    assert (found[0].before.answer, found[0].after.answer) != ("", "从前的答复[1]")
    assert reworded(run, baseline) == 1


def test_the_table_has_intervals_baseline_and_arrow(run: Run, baseline: Baseline) -> None:
    """A measure that fell has an arrow down, one where less is better an arrow up when it grew worse; latencies alike have none."""
    rows = {row.measure: row for row in table(run, baseline)}
    assert list(rows) == [name for name in NAMES if name in rows]
    assert {rows[name].arrow for name in rows} == {"→"}
    lower = {"test": {**baseline.overall["test"], "quote_exact": replace(baseline.overall["test"]["quote_exact"], mean=1.0)}}
    lower["test"]["false_refusal"] = replace(lower["test"]["false_refusal"], mean=0.0)
    rows = {row.measure: row for row in table(run, replace(baseline, overall=lower))}
    assert rows["quote_exact"].arrow == "↓ 变差"
    assert rows["false_refusal"].arrow == "↑ 变差"
    assert rows["quote_exact"].change is not None
    assert rows["quote_exact"].change.mean < 0
    assert rows["quote_exact"].baseline == 1.0


def test_the_page_is_self_contained(page: Path) -> None:
    """No address of anything outside stands in the page, and what people typed is text."""
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"<(?:link|img|iframe|object|script src|video|base)\b|@import|url\((?!#)", text)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<script>alert(1)</script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_markdown_is_short(run: Run, baseline: Baseline) -> None:
    """For a merge request: the verdict, what fails, the table, what got worse, what verification stopped."""
    found = Page(run, judge(run.summary, gate(), baseline), baseline, drafts=DRAFTS)
    text = markdown(found, table(run, baseline))
    assert text.startswith(f"**评测未通过**（{len(run.cases)} 题）")
    assert "- 不通过：1 题运行出错：TimeoutError: 20 s" in text
    assert f"- {cases()[0].id}：引文逐字一致" in text
    assert "| 否定翻转 | 6 | 5 |  |" in text
    assert len(text.splitlines()) < 60


def test_without_a_baseline(run: Run, tmp_path: Path) -> None:
    """A first run has a page too, which says that nothing could be compared."""
    text = write_report(tmp_path, Page(run, judge(run.summary, gate(), None), None), snapshot()).read_text(encoding="utf-8")
    assert "还没有基线" in text
    assert "相比的变化" not in text


# ── in a browser ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Browser]:
    if find_chromium() is None:
        pytest.skip(NO_BROWSER)
    with open_browser() as found:
        found.show_on_phone()
        found.open(page)
        yield found


def shown(browser: Browser) -> set[str]:
    found: list[str] = browser.run("[...document.querySelectorAll('.case')].filter(c => c.checkVisibility()).map(c => c.id)")
    return set(found)


@pytest.mark.slow
def test_the_browser_asks_for_nothing_outside(browser: Browser, page: Path) -> None:
    """The page loads from its file alone, and no script of it fails."""
    assert [address for address in browser.requests if not address.startswith("data:")] == [page.resolve().as_uri()]
    assert browser.errors == []


@pytest.mark.slow
def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, tmp_path: Path) -> None:
    """The verdict is on the first screen, nothing is wider than the phone but what scrolls by itself, and it is drawn."""
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.run("document.getElementById('verdict').getBoundingClientRect().bottom") < 300
    assert browser.run("document.getElementById('verdict').textContent").startswith("未通过，不得发布")
    assert browser.run("[...document.querySelectorAll('.scroll svg')].every(s => s.getBoundingClientRect().height > 100)")
    sizes = "[...document.querySelectorAll('td, p, li, summary, dd, small')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    assert browser.run(f"Math.min(...{sizes})") >= 12
    shot = browser.screenshot(tmp_path / "phone.png")
    assert shot[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(shot) > 20_000


@pytest.mark.slow
def test_cases_are_filtered(browser: Browser) -> None:
    """Keys on the selects leave the cases of one half, category and status; the count says how many."""
    first, last = cases()[0].id, cases()[-1].id
    browser.open(Path(browser.run("decodeURIComponent(location.pathname)")))
    assert shown(browser) == {"case-follow-1", "case-table-1"}  # dev comes first: test is for judging
    browser.press("#split", "ArrowUp")
    everything = {f"change-{first}", f"change-{last}", f"case-{first}", f"case-{cases()[5].id}", "case-follow-1", "case-table-1"}
    assert shown(browser) == everything
    assert browser.run("document.getElementById('shown').textContent") == "显示 6 / 6"
    for _ in range(4):
        browser.press("#status", "ArrowDown")
    assert browser.run("document.getElementById('status').selectedOptions[0].textContent") == "出错"
    assert shown(browser) == {f"case-{cases()[5].id}"}
    browser.press("#status", "ArrowUp")
    assert shown(browser) == {f"change-{last}", "case-table-1"}
    for _ in range(3):
        browser.press("#category", "ArrowDown")
    assert browser.run("document.getElementById('category').value") == "follow-up"
    assert shown(browser) == set()
    assert browser.run("document.getElementById('shown').textContent") == "显示 0 / 6"


@pytest.mark.slow
def test_a_finding_leads_to_its_case(browser: Browser) -> None:
    """A click on a case under a finding opens it, whatever is filtered away."""
    browser.open(Path(browser.run("decodeURIComponent(location.pathname)")))
    name = f"case-{cases()[5].id}"
    assert name not in shown(browser)
    browser.click(f".findings .fail a[href='#{name}']")
    browser.wait_for(f"document.getElementById('{name}').open")
    assert name in shown(browser)
    assert "TimeoutError: 20 s" in browser.run(f"document.getElementById('{name}').innerText")


@pytest.mark.slow
def test_a_case_says_what_went_wrong(browser: Browser) -> None:
    """A click opens a case: history, what was wanted, what was answered and cited, what was found with scores, and why it failed."""
    browser.open(Path(browser.run("decodeURIComponent(location.pathname)")))
    browser.click("#case-follow-1 summary")
    text = browser.run("document.getElementById('case-follow-1').innerText")
    for part in ("主席办公会议由谁召集?", "事实齐全：答复里没有「9次」", "须含：9次", "第二十四条", "[1] work-rules#24", "检索到"):
        assert part in text
    browser.click("#case-table-1 summary")
    text = browser.run("document.getElementById('case-table-1').innerText")
    for part in ("误拒：可回答却拒答", "附件第3项", "实答（拒答）", "7.25"):
        assert part in text


@pytest.mark.slow
def test_verification_is_shown(browser: Browser) -> None:
    """The table of drafts marks a poison that got through."""
    assert browser.run("[...document.querySelectorAll('#drafts tr')].map(r => r.innerText.split(/\\s+/).filter(Boolean).join(' '))") == [
        "草稿 份数 拦下 误伤", "如实转述 good-3、good-9 60 2", "数字改动 6 6", "否定翻转 negation-2 6 5",
    ]  # fmt: skip
    assert browser.run("document.querySelectorAll('#drafts .bad').length") == 2


def test_an_unknown_category_keeps_its_name(tmp_path: Path) -> None:
    """Cases from elsewhere may have categories of their own."""
    own = tuple(replace(case, category="采购") for case in cases())
    found = make_run(own, run_of(observe()).observations, SPEC, snapshot())
    text = write_report(tmp_path, Page(found, judge(found.summary, gate(), None), None), snapshot()).read_text(encoding="utf-8")
    assert f"采购（{len(own)}）" in text
