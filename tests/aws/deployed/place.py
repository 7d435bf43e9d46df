"""Where everything of a run is: paths, ports, keys, processes."""

import atexit
import base64
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
BINARIES = pathlib.Path(os.environ.get("TSUNAGI_BINARIES") or TARGET / "release").resolve()
TSUNAGI = BINARIES / "tsunagi"
WORK = TARGET / "aws-tests"
DEFINITIONS = pathlib.Path(__file__).parent.parent / "definitions"
REGION = "ap-northeast-1"

FUNCTIONS = sorted(folder.name for folder in (ROOT / "functions").iterdir() if (folder / "Cargo.toml").exists())

# What the emulator and sam are given of the environment: what it has of AWS would reach the functions as well.
CLEAN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}

# Where the tools are; `tools` says so.
SAM = MINISTACK = pathlib.Path()

_processes: list[subprocess.Popen] = []


def tools(sam: pathlib.Path, ministack: pathlib.Path) -> None:
    """Notes where the tools are."""
    global SAM, MINISTACK
    SAM, MINISTACK = sam, ministack


def fresh() -> None:
    """Empties the directory of the run."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def keys() -> dict[str, str]:
    """The keys of both runtimes, as the one-machine runtime keeps them: what is hashed under them is then the same."""
    signing = lambda: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "write_key": "wk_" + secrets.token_hex(16),
        "code_key": secrets.token_hex(16),
        "callback_secret": signing(),
        "provider_key": "pk_" + secrets.token_hex(16),
        "webhook_secret": signing(),
        "address_key": secrets.token_hex(32),
        "admin_key": "ak_" + secrets.token_hex(16),
    }


def start(name: str, arguments: list, environment: dict[str, str]) -> subprocess.Popen:
    """Starts a process that ends with the run; what it says is in a file of its name."""
    log = open(WORK / f"{name}.log", "wb")
    # A group of its own, so that what it starts ends with it.
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=WORK,
    )
    _processes.append(process)
    return process


def stop(process: subprocess.Popen) -> None:
    """Ends a process and all it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


@atexit.register
def stop_all() -> None:
    """Leaves nothing running, also when the run itself is told to stop."""
    while _processes:
        stop(_processes.pop())


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def said(name: str) -> str:
    """What a process said so far."""
    return (WORK / f"{name}.log").read_text(encoding="utf-8", errors="replace")
