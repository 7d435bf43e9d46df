#!/usr/bin/env python3
"""Every function's binary loads on Amazon Linux 2023, and is small.

    tests/aws/binaries.py [--sizes] [DIR]

DIR has NAME/bootstrap as cargo-lambda leaves them (target/lambda), or NAME (target/release, unless told). What it needs of
glibc is asked of objdump. Sizes are those of the profile `lambda` only. Ends with "N passed, N failed".
"""

import pathlib
import re
import subprocess
import sys

import tools

# Of provided.al2023: https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
GLIBC = (2, 34)
SIZE_LIMIT_MB = 6.0
FUNCTIONS = sorted(it.parent.name for it in (tools.ROOT / "functions").glob("*/Cargo.toml"))


def path(folder: pathlib.Path, name: str) -> pathlib.Path:
    """A function's binary."""
    packed = folder / name / "bootstrap"
    return packed if packed.exists() else folder / name


def too_late(headers: str) -> list[str]:
    """Which versions of glibc's symbols a binary requires that AL2023 does not have, by `objdump -p`."""
    required = set(re.findall(r"\bGLIBC_(\w[\w.]*)", headers))
    # Others are not numbers, such as the ABI_DT_RELR of 2.36.
    number = lambda it: tuple(map(int, it.split("."))) if re.fullmatch(r"[\d.]+", it) else (99,)
    return sorted(f"GLIBC_{it}" for it in required if number(it) > GLIBC)


def unloadable(binary: pathlib.Path) -> list[str]:
    """Why a binary does not load there."""
    done = subprocess.run(["objdump", "-p", binary], capture_output=True, text=True)
    if done.returncode:
        return [done.stderr.strip()]
    if "GLIBC_" not in done.stdout:
        return ["it names no version of glibc"]
    remedy = "built with this machine's C library? `cargo lambda build` links for an earlier one"
    return [f"needs {', '.join(found)}: {remedy}"] if (found := too_late(done.stdout)) else []


def oversized(binary: pathlib.Path) -> list[str]:
    size = binary.stat().st_size / 1e6
    return [f"{size:.1f} MB, over {SIZE_LIMIT_MB} MB"] if size > SIZE_LIMIT_MB else []


def main() -> int:
    places = [it for it in sys.argv[1:] if it != "--sizes"]
    folder = pathlib.Path(places[0]) if places else tools.TARGET / "release"
    checks = [unloadable, oversized] if "--sizes" in sys.argv else [unloadable]
    later = ["  required from libc.so.6:", "    0x0 0x00 05 GLIBC_2.34", "    0x0 0x00 04 GLIBC_2.35", "  GLIBC_ABI_DT_RELR"]
    results = {"later versions are found": [] if len(too_late("\n".join(later))) == 2 else ["they are not"]}
    for name in FUNCTIONS:
        results[name] = [why for check in checks for why in check(path(folder, name))]
    return tools.tell(results)


if __name__ == "__main__":
    sys.exit(main())
