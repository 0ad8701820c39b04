"""Speed as ratios: python -m evals.bench.speed

warm ask     ÷ embedding its question alone          median of 50 questions     at most 25
warm look-up ÷ embedding its question alone          of what need not be read   at most 3
cold ask     ÷ a ten-line script: import chromadb, open, embed, query           at most 1.5
build        ÷ embedding the same texts alone                                   at most 1.2
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from evals.cases import gold_files, read_cases
from rag.assistant import Assistant, open_assistant
from rag.documents.sources import read_corpus
from rag.search.embedding import E5Embedder, make_embedder
from rag.search.index import build_index, texts_to_embed
from rag.search.snapshot import read_snapshot
from rag.settings import Settings

QUESTION = "常务会议一般多久开一次?"
COLD_RUNS = 7

TEN_LINES = """
import sys
import chromadb
from pathlib import Path
from rag.search.embedding import E5Embedder
embedder = E5Embedder(Path(sys.argv[1]))
client = chromadb.PersistentClient(sys.argv[2])
collection = client.get_collection(sys.argv[3], embedding_function=None)
found = collection.query(query_embeddings=[embedder.embed_query(sys.argv[4])], n_results=10)
print(found["ids"][0][0])
"""

PEAK = """
import resource, subprocess, sys
subprocess.run([sys.argv[1], "-c", "from bot.cli import main; main()", "ask", sys.argv[2]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> int:
    """Print the ratios and the peak memory of ``ask``; exit code 1 when a ratio is over its bound."""
    settings = Settings.load()
    assistant = open_assistant(settings)
    dev = [case for case in read_cases(gold_files()) if case.split == "dev" and not case.history]
    read = [case.question for case in dev if case.category != "lookup"][:50]
    looked_up = [*(case.question for case in dev if case.category == "lookup"), "谢谢", "你是谁?", "《差旅费管理办法》怎么规定的?"]
    results = [("warm ask / embedding", warm(assistant, read), 25.0), ("warm look-up / embedding", warm(assistant, looked_up), 3.0)]
    results.append(("cold ask / ten lines", cold(settings, assistant), 1.5))
    results.append(("build / embedding", build(settings), 1.2))
    for name, ratio, bound in results:
        print(f"{name:<24} {ratio:5.2f}   at most {bound}   {'ok' if ratio <= bound else 'OVER'}")
    print(f"peak memory of one ask   {peak_memory(settings):.0f} MB")
    return 0 if all(ratio <= bound for _, ratio, bound in results) else 1


def warm(assistant: Assistant, questions: Sequence[str]) -> float:
    """Median over questions of the whole answer divided by the embedding alone, taken in turns."""
    embedder = assistant.embedder
    asked, embedded = [], []
    for question in questions:
        embedder.embed_query(question)
        embedded.append(_seconds(lambda q=question: embedder.embed_query(q)))  # type: ignore[misc]
        asked.append(_seconds(lambda q=question: assistant.ask(q)))  # type: ignore[misc]
    return statistics.median(a / e for a, e in zip(asked, embedded, strict=True))


def cold(settings: Settings, assistant: Assistant) -> float:
    """Median of whole processes, the two in turns."""
    folder = settings.data_dir / "index" / assistant.index.fingerprint / "chroma"
    ours = [sys.executable, "-c", "from bot.cli import main; main()", "ask", QUESTION]
    theirs = [sys.executable, "-c", TEN_LINES, str(settings.data_dir), str(folder), f"ningwen-{assistant.index.fingerprint}", QUESTION]
    ratios = []
    for run in range(COLD_RUNS + 1):
        first, second = _seconds(lambda: _quiet(ours)), _seconds(lambda: _quiet(theirs))
        if run:
            ratios.append(first / second)
    return statistics.median(ratios)


def build(settings: Settings) -> float:
    """Building the index divided by embedding the texts that are in it, with the model converted before."""
    corpus = read_corpus(settings.corpus_dir)
    embedder = make_embedder(settings)
    groups = texts_to_embed(read_snapshot(corpus))
    if isinstance(embedder, E5Embedder):
        embedder.load()
    alone = _seconds(lambda: [embedder.embed_passages(texts) for texts in groups])
    with tempfile.TemporaryDirectory() as folder:
        whole = _seconds(lambda: build_index(corpus, embedder, Path(folder)))
    return whole / alone


def peak_memory(settings: Settings) -> float:
    """Megabytes of the largest process among one ``ask``."""
    command = [sys.executable, "-c", PEAK, sys.executable, QUESTION]
    environment = {**os.environ, "NINGWEN_DATA_DIR": str(settings.data_dir)}
    return float(subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout) / 1024


def _seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _quiet(command: list[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ, check=False)


if __name__ == "__main__":
    sys.exit(main())
