"""Vectors on a real Chroma server at CHROMA_URL: one process builds, another answers, the server goes away."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.assistant import open_assistant
from rag.errors import EndpointError
from rag.settings import Settings
from tests.conftest import write_small_corpus
from tests.stand_ins.process import Program

pytestmark = pytest.mark.slow

QUESTION = "会议请假要提前几天说?"


class ChromaServer:
    """``chroma run`` on a free loopback port; its data lies in the folder and outlives it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        command = [str(Path(sys.executable).parent / "chroma"), "run", "--host", "127.0.0.1", "--port", str(self.port)]
        with (folder / "chroma.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--path", str(folder / "chroma")], cwd=folder, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)}
            )

    def wait(self) -> None:
        """Until it answers, at most a minute."""
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/v2/heartbeat", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail("the Chroma server did not start")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    folder = tmp_path / "server"
    folder.mkdir()
    running = ChromaServer(folder)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


def test_build_answer_and_the_server_gone(
    server: ChromaServer, small_corpus: Path, data_dir: Path, tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vectors are on the server alone, a second process answers from them; a server that is gone is one sentence, exit code 2.

    Prune clears the server too, and the index on disk of the same corpus is another index, which answers without a server.
    """
    monkeypatch.chdir(tmp_path)
    environment = {"NINGWEN_CORPUS_DIR": str(small_corpus), "NINGWEN_DATA_DIR": str(data_dir)}
    program = Program(tmp_path, {**environment, "CHROMA_URL": server.url})
    assert (built := program.run("index", "build")).returncode == 0, built.stderr
    (folder,) = (path for path in (data_dir / "index").iterdir() if path.is_dir())
    assert not (folder / "chroma").exists()
    answered = program.run("ask", "--json", QUESTION)
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout)["citations"][0]["locator"] == "meeting-rules#3"
    assert _collections(server) == [f"ningwen-{folder.name}"]

    changed = write_small_corpus(tmp_path / "changed")
    (changed / "manifest.toml").write_text("# looked through\n" + (changed / "manifest.toml").read_text(encoding="utf-8"), encoding="utf-8")
    other = Program(tmp_path, {**environment, "NINGWEN_CORPUS_DIR": str(changed), "CHROMA_URL": server.url})
    assert other.run("index", "build").returncode == 0
    assert len(_collections(server)) == 2
    assert program.run("index", "prune").returncode == 0
    assert _collections(server) == [f"ningwen-{folder.name}"]

    assistant = open_assistant(Settings.load(corpus_dir=small_corpus, data_dir=data_dir, chroma_url=server.url))
    server.stop()
    with pytest.raises(EndpointError, match="CHROMA_URL"):
        assistant.ask(QUESTION)
    for gone in (program.run("ask", QUESTION), other.run("index", "build"), program.run("index", "prune")):
        assert (gone.returncode, gone.stdout) == (2, "")
        assert "Chroma 服务器失败，请检查 CHROMA_URL 和服务器状态。" in gone.stderr.splitlines()[-1]
        assert "Traceback" not in gone.stderr
        assert str(server.port) not in gone.stderr
    on_disk = Program(tmp_path, environment).run("ask", QUESTION)
    assert on_disk.returncode == 0, on_disk.stderr


def _collections(server: ChromaServer) -> list[str]:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.HttpClient(host="127.0.0.1", port=server.port, settings=ChromaSettings(anonymized_telemetry=False))
    return sorted(collection.name for collection in client.list_collections())
