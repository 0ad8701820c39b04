"""What a run was made of, so that two runs can be told apart and one can be made again."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evals.measures import NAMES
from rag.errors import InputError
from rag.settings import Settings

IDENTITY = ("revision", "changes", "settings", "index", "mode", "embedder", "model", "manifest", "prompts", "gold")
"""What has to be the same for a run to go on where it stopped."""

LABELS: dict[str, str] = {
    "revision": "代码版本",
    "dirty": "有未提交的改动",
    "changes": "改动摘要",
    "settings": "配置摘要",
    "index": "索引指纹",
    "mode": "作答方式",
    "embedder": "向量模型",
    "model": "对话模型",
    "manifest": "文件清单摘要",
    "prompts": "提示词摘要",
    "gold": "题目摘要",
    "packages": "依赖版本",
    "measures": "指标",
}
"""What a reader calls each entry."""

_PACKAGES = (
    "chromadb", "onnxruntime", "tokenizers", "numpy", "bm25s", "rjieba", "langchain-core", "langchain-openai", "openai", "tiktoken"
)  # fmt: skip
_LOCAL = {"data_dir", "corpus_dir", "openai_api_key"}
"""Settings that say where things lie on this machine, or a secret."""


def make_spec(settings: Settings, index: str, embedder: str, files: Sequence[Path], root: Path) -> dict[str, Any]:
    """Revision and uncommitted changes, settings, hashes of manifest, prompts and gold, model names, package versions."""
    status = _git("status", "--porcelain", root=root)
    return {
        "revision": _git("rev-parse", "HEAD", root=root),
        "dirty": bool(status),
        "changes": _digest([status.encode(), _git("diff", "HEAD", root=root).encode()]) if status else "",
        "settings": _digest([settings.model_dump_json(exclude=_LOCAL).encode()]),
        "index": index,
        "mode": "extractive" if settings.chat_model is None else "generated",
        "embedder": embedder,
        "model": settings.chat_model,
        "manifest": _hash([settings.corpus_dir / "manifest.toml"]),
        "prompts": _hash(sorted((root / "prompts").glob("*.md"))),
        "gold": _hash(files),
        "packages": {name: _version(name) for name in _PACKAGES},
        "measures": list(NAMES),
    }


def check_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise InputError when a run that is to go on was started from something else."""
    for key in IDENTITY:
        if before.get(key) != now.get(key):
            raise InputError(f"该目录中的运行与现在的{LABELS[key]}不同，不能接着运行；请换一个目录。", detail=key)


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What differs between two specs: label, before, now."""
    shown = [(label, before.get(key), now.get(key)) for key, label in LABELS.items() if key not in ("packages", "measures")]
    packages = [(name, before.get("packages", {}).get(name), now.get("packages", {}).get(name)) for name in _PACKAGES]
    return [(label, _text(old), _text(new)) for label, old, new in [*shown, *packages] if old != new]


def _text(value: Any) -> str:
    return "无" if value in (None, "") else {True: "是", False: "否"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _hash(paths: Iterable[Path]) -> str:
    return _digest([path.name.encode() + b"\0" + path.read_bytes() for path in paths if path.is_file()])


def _digest(parts: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _git(*arguments: str, root: Path) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, errors="replace", check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
