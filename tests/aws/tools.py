"""A virtual environment for each list of pinned tools, under the target directory."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def environment(requirements: str) -> Path:
    """The environment with what a file of this folder lists, made when there is none of exactly that."""
    listed = (HERE / requirements).read_bytes()
    name = Path(requirements).stem.removeprefix("requirements-")
    venv = TARGET / f"aws-{name}-{hashlib.sha256(listed).hexdigest()[:12]}"
    done = venv / "done"
    if not done.exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", HERE / requirements], check=True)
        done.touch()
    return venv


def enter(requirements: str) -> Path:
    """Goes on in that environment: the rest of the program runs there."""
    venv = environment(requirements)
    if Path(sys.prefix) != venv:
        os.execv(venv / "bin/python", [venv / "bin/python", *sys.argv])
    return venv


if __name__ == "__main__":
    print(environment(sys.argv[1]))
