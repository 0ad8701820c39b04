"""The wheel holds what the program needs, and the program runs from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("rag", "bot", "evals", "prompts", "corpus")
SHIPPED = {".py", ".toml", ".txt", ".json", ".jsonl", ".md", ".html", ".onnx"}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

OFFLINE = """
import ipaddress, os, sys
def stay_inside(event, arguments):
    if event not in ("socket.connect", "socket.getaddrinfo"):
        return
    host = arguments[0] if event == "socket.getaddrinfo" else arguments[1][0]
    if event == "socket.connect" and isinstance(arguments[1], (str, bytes)):
        return
    if host in (None, "", "localhost") or ipaddress.ip_address(host).is_loopback:
        return
    os.write(2, b"outside connection\\n")
    os._exit(97)
sys.addaudithook(stay_inside)
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**kept, "HOME": str(cwd), **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", timeout=900, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    return build_wheel(tmp_path_factory)


def build_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the tree: nothing is left in the repository, and nothing old gets in."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    target = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, cwd=source)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in an environment with no way out, and return its bin folder.

    The dependencies are those of the present environment, reached through a .pth file. The wheel is installed before
    that, lest the installer take the present, editable install for one of its own.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    programs = home / "bin"
    done = run(
        sys.executable, "-m", "pip", "--python", programs / "python", "install", "--no-deps", "--no-index", "--no-compile", wheel,
        cwd=home, PIP_DISABLE_PIP_VERSION_CHECK="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (site,) = home.glob("lib/python*/site-packages")
    present = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (site / "present.pth").write_text("\n".join(present), encoding="utf-8")
    (site / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    return programs


def test_the_wheel_holds_every_file(wheel: Path) -> None:
    """Modules, documents, models, prompts and gold cases are in the wheel, where they are in the repository."""
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix in SHIPPED and "__pycache__" not in path.parts
    }
    assert sorted(files - held) == [], "not listed in pyproject.toml"
    assert {"corpus/manifest.toml", "rag/judging/reader.onnx", "rag/judging/judge.json", "rag/reading/acts.toml"} <= held
    assert any(name.startswith("corpus/sources/") and name.endswith(".txt") for name in held)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    """No tests, caches or settings of a developer get into it."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} <= set(PACKAGES)
    assert not any("__pycache__" in name or "/.env" in name for name in zipfile.ZipFile(wheel).namelist())


def test_the_installed_program_finds_its_files(installed: Path, tmp_path: Path) -> None:
    """From an installed wheel, away from the repository, the documents lie beside the code."""
    code = (
        "import rag, pathlib; from rag.documents.sources import read_corpus, read_sources; from rag.settings import Settings;"
        "assert len(read_sources(read_corpus(Settings.load().corpus_dir))) >= 3; print(pathlib.Path(rag.__file__).parent.parent)"
    )
    done = run(installed / "python", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(installed.parent)


@pytest.mark.parametrize("fresh", [True, False], ids=["new machine", "with the index"])
def test_the_installed_program_answers(installed: Path, tmp_path: Path, real_data: Path, fresh: bool) -> None:
    """With the network cut, a question is answered and cites its article: from an index that it builds, and from one that is there.

    An index has the same name wherever it was built, so that the installed program opens the one that the repository's made.
    The status is asserted, not the text: a refusal names the nearest article too.
    """
    question = "常务会议一般多久开一次?"
    settings = {"NINGWEN_DATA_DIR": str(tmp_path / "data" if fresh else real_data)}
    before = sorted((real_data / "index").iterdir())
    done = run(installed / "ningwen", "ask", "--json", question, cwd=tmp_path, NINGWEN_DEBUG="1", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted((real_data / "index").iterdir()) == before
    answer = json.loads(done.stdout)
    assert answer["status"] == "answered", answer["answer"]
    assert "work-rules#21" in [citation["locator"] for citation in answer["citations"]]
