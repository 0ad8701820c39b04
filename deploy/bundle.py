"""Make a folder that installs Ningwen where there is no internet: python deploy/bundle.py WHEEL FOLDER

The wheels are those of requirements.lock, by version and hash, without what only developers need; for the system and
Python that this runs on. install.sh in the folder checks and installs them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NAME = "ningwen"
BESIDE = ("deploy/install.sh", "deploy/ningwen-telegram.service", "deploy/ningwen-wecom.service", "deploy/nginx.conf", "deploy/backup.sh",
          "deploy/restore.sh", "docs/deploy.md", ".env.example")  # fmt: skip


def main() -> None:
    """Build it."""
    wheel, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "wheels").mkdir(parents=True)
    requirements = folder / "requirements.txt"
    requirements.write_text(runtime_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"), runtime_names()), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--require-hashes", "-r", requirements, "-w", folder / "wheels"]
    subprocess.run(command, check=True)
    shutil.copy(wheel, folder / "wheels")
    for name in BESIDE:
        shutil.copy(ROOT / name, folder / Path(name).name.replace(".env", "env"))
    write_sums(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {len(list((folder / 'wheels').iterdir()))} wheels, {size / 1e6:.0f} MB")


def runtime_names() -> set[str]:
    """What the program needs to run on this system, and what that needs in turn: by the metadata of what is installed."""
    found: set[str] = set()
    waiting = [(NAME, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        for line in distribution(name).requires or ():
            needed = Requirement(line)
            if not any(needed.marker is None or needed.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                continue
            canonical = canonicalize_name(needed.name)
            if canonical not in found or needed.extras:
                found.add(canonical)
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


def runtime_lock(lock: str, names: set[str]) -> str:
    """The entries of these names, with their hashes."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.strip())
    kept = [entry for entry in entries if canonicalize_name(re.split(r"[\s=\[;]", entry, maxsplit=1)[0]) in names]
    return "\n".join(kept) + "\n"


def write_sums(folder: Path) -> None:
    """SHA256SUMS of every file, as sha256sum reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}" for path in files]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
