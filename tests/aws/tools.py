"""A virtual environment for each list of pinned tools, under the target directory; and how checks are told."""

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


def tell(results: dict[str, list[str]]) -> int:
    """Prints what each check found, and how many found nothing; the exit code."""
    for name, found in results.items():
        print(f"{'FAILED' if found else 'ok'}: {name}")
        for line in found:
            print(f"    {line}")
    failed = sum(map(bool, results.values()))
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    print(environment(sys.argv[1]))
