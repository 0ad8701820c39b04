"""Load through Telegram as a ratio: python -m tests.bench.telegram_load

50 chats ask 10 questions each, all at once, through the emulator of the Bot API; the same questions, each with what its
chat said before, go to the bare assistant, in a process of its own, in one thread or in as many as the bot has workers,
whichever is faster. Both are timed from their first question to their last answer, in turns: the ratio is the median of
those of neighbours. At least 0.8 of the bare rate; p50 and p95 are from update to reply, queueing included.
With --memory, 2 000 questions more: the process may not grow by more than 10 % after the first 500.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bot.settings import BotSettings
from rag.assistant import open_assistant
from rag.settings import Settings
from tests.stand_ins.process import ROOT, Program
from tests.stand_ins.telegram import TOKEN, BotApi

CHATS, EACH = 50, 10
BOUND = 0.8

BARE = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from rag.assistant import open_assistant
from rag.records import Turn
from rag.settings import Settings
assistant = open_assistant(Settings.load())
chats, turns = json.load(sys.stdin), int(sys.argv[2])
def talk(questions):
    history = []
    for question in questions:
        answer = assistant.ask(question, history[-turns:])
        history.append(Turn(question, answer.answer))
for questions in chats[:10]:
    talk(questions[:2])
begin = time.perf_counter()
with ThreadPoolExecutor(int(sys.argv[1])) as pool:
    list(pool.map(talk, chats))
print(sum(map(len, chats)) / (time.perf_counter() - begin))
"""


def main() -> int:
    """Print the figures; exit code 1 when a bound is not kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    settings = Settings.load()
    open_assistant(settings)  # builds the index where there is none
    questions = gold_questions(CHATS * EACH)
    with tempfile.TemporaryDirectory() as folder, BotApi() as api:
        bot = start_bot(api, Path(folder), settings.data_dir, options.workers, options.processes)
        quiet(bot)  # both processes are there before anything is timed
        ask_all(api, bot, gold_questions(20), chats=5, first=1)
        threads, bare, through, waits = bare_threads(questions, options.workers), [], [], []
        for number in range(options.rounds):
            bare.append(bare_rate(questions, threads))
            rate, delays = ask_all(api, bot, questions, chats=CHATS, first=1000 * (number + 1))
            through.append(rate)
            waits += delays
        good = report(bare, through, waits)
        if options.memory:
            good = memory(api, bot) and good
        bot.stop()
    return 0 if good else 1


def gold_questions(count: int) -> list[str]:
    """That many questions of the gold set, over again where it is shorter."""
    found = []
    for path in sorted((ROOT / "evals" / "gold").glob("*.jsonl")):
        found += [entry["question"] for entry in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if not entry["history"]]
    return [found[number % len(found)] for number in range(count)]


def start_bot(api: BotApi, folder: Path, data: Path, workers: int, processes: int) -> Program:
    """The real process, over a database of its own."""
    environment = {
        "NINGWEN_DATA_DIR": str(data), "DATABASE_URL": f"sqlite:///{folder / 'load.db'}", "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_BASE_URL": api.address, "ALLOWED_USERS": "telegram:*", "RATE_PER_MINUTE": "100000", "QUEUE_LIMIT": "100000",
        "TELEGRAM_RATE": "100000", "WORKERS": str(workers), "PROCESSES": str(processes), "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    bot = Program(folder, environment, "telegram")
    bot.start()
    return bot


def quiet(bot: Program, seconds: float = 2.0) -> None:
    """Return once the program and its helpers have done nothing for so long."""
    assert bot.process is not None
    busy, since = -1.0, time.monotonic()
    while time.monotonic() - since < seconds:
        now = sum(map(_cpu, [bot.process.pid, *_children(bot.process.pid)]))
        if now > busy + 0.05 * seconds:
            busy, since = now, time.monotonic()
        time.sleep(0.2)


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def bare_threads(questions: list[str], workers: int) -> int:
    """One or as many as there are workers: what is faster."""
    return max((1, workers), key=lambda threads: bare_rate(questions, threads))


def bare_rate(questions: list[str], threads: int) -> float:
    """Answers a second of the assistant alone; question and chat go together as in ``ask_all``."""
    turns = int(BotSettings.model_fields["session_turns"].default)
    command = [sys.executable, "-c", BARE, str(threads), str(turns)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    chats = json.dumps([questions[chat::CHATS] for chat in range(CHATS)])
    done = subprocess.run(command, input=chats, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def ask_all(api: BotApi, bot: Program, questions: list[str], *, chats: int, first: int) -> tuple[float, list[float]]:
    """Everybody asks at once; answers a second, and seconds from each update to its reply."""
    already = len(api.sent)
    begin = time.time()
    for number, question in enumerate(questions):
        api.say(first + number % chats, question)
    deadline = time.monotonic() + 300
    while len(api.sent) < already + len(questions):
        assert bot.process is not None
        assert bot.process.poll() is None, bot.log_text()[-2000:]
        assert time.monotonic() < deadline, f"{len(api.sent) - already} of {len(questions)}"
        time.sleep(0.005)
    replies = api.sent[already:]
    return len(questions) / (replies[-1].at - begin), [reply.at - begin for reply in replies]


def memory(api: BotApi, bot: Program) -> bool:
    """Megabytes of the process after each 500 of 2 000 further questions."""
    sizes = []
    for number in range(5):
        ask_all(api, bot, gold_questions(500), chats=CHATS, first=100_000 + number * 1000)
        assert bot.process is not None
        status = Path(f"/proc/{bot.process.pid}/status").read_text(encoding="ascii")
        sizes.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
    grown = sizes[-1] / sizes[0] - 1
    print(f"memory   {'  '.join(f'{size:.0f}' for size in sizes)} MB after each 500 questions: {grown:+.1%} over the last 2000")
    return grown < 0.1


def middle_ratio(bare: list[float], through: list[float]) -> float:
    """The median of the ratios of neighbours: a machine that is shared may be another one a minute later."""
    return statistics.median(mine / alone for alone, mine in zip(bare, through, strict=True))


def report(bare: list[float], through: list[float], waits: list[float]) -> bool:
    """The figures, and whether the rate is good enough."""
    cuts = statistics.quantiles(waits, n=20)
    ratio = middle_ratio(bare, through)
    print(f"bare     {' '.join(f'{rate:.1f}' for rate in bare)} answers/s")
    print(f"telegram {' '.join(f'{rate:.1f}' for rate in through)} answers/s")
    print(f"waiting  p50 {cuts[9]:.2f} s   p95 {cuts[18]:.2f} s from update to reply")
    print(f"ratio    {ratio:.2f}   at least {BOUND}   {'ok' if ratio >= BOUND else 'UNDER'}")
    return ratio >= BOUND


if __name__ == "__main__":
    sys.exit(main())
