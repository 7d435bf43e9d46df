#!/usr/bin/env python3
"""Cold starts: each function against Lambda's runtime API on loopback, in pairs with a bare hello world.

    tests/aws/cold_start.py [--starts N] [--json] [--binaries DIR]

Measures binaries in DIR (NAME/bootstrap as cargo-lambda leaves them in target/lambda, or NAME), among them `hello` of
tests/hello. How long from its start until a function asks for its first event; how much of the processor until it has
answered it, with what it reads of the table over TLS; how large it is. Ratios are medians over pairs. It asserts no time,
but that each function is connected to AWS before it asks for its first event, and can handle that.
"""

import argparse
import json
import pathlib
import statistics
import sys

import tools

tools.enter("requirements-cold.txt")

import binaries  # noqa: E402
from cold import events, runtime  # noqa: E402
from cold.aws import Aws  # noqa: E402

HELLO = "hello"
ROOTS = tools.ROOT / "shared/cloud/src/amazon-roots.pem"
# What the design aims at, as ratios to hello's.
AIM, AIM_OF_PAGES = 3.5, 3.0
PAGES = {"callback", "link"}


def wrong(name: str, start: runtime.Start) -> str | None:
    """What a function did not do at its first start."""
    if not start.before:
        return f"{name} asked for its first event before it had a connection to AWS"
    answer = json.loads(start.answer)
    if isinstance(answer, dict) and (answer.get("statusCode", 200) >= 500 or answer.get("batchItemFailures")):
        return f"{name} could not handle its first event: {answer}"
    return None


def pairs(name: str, folder: pathlib.Path, aws: Aws, variables: dict[str, str], count: int, log: pathlib.Path) -> dict:
    """Starts a function and hello by turns."""
    event = events.EVENTS[name]
    start = lambda which: runtime.start(binaries.path(folder, which), variables, event, aws.asked, log)
    # The first brings both files into memory.
    first, _ = start(name), start(HELLO)
    if failed := wrong(name, first):
        raise runtime.Failed(failed)
    starts: dict[str, list[runtime.Start]] = {name: [], HELLO: []}
    for turn in range(count):
        for which in [name, HELLO] if turn % 2 else [HELLO, name]:
            starts[which].append(start(which))
    median = lambda which, what: statistics.median(getattr(it, what) for it in starts[which])
    ratio = lambda what: statistics.median(
        getattr(one, what) / getattr(bare, what) for one, bare in zip(starts[name], starts[HELLO], strict=True)
    )
    return {
        "function": name,
        "next_ms": median(name, "next_ms"),
        "hello_next_ms": median(HELLO, "next_ms"),
        "next_ratio": ratio("next_ms"),
        "cpu_ms": median(name, "cpu_ms"),
        "hello_cpu_ms": median(HELLO, "cpu_ms"),
        "cpu_ratio": ratio("cpu_ms"),
        "aim": AIM_OF_PAGES if name in PAGES else AIM,
        "megabytes": binaries.path(folder, name).stat().st_size / 1e6,
        "asked_before": first.before,
        "asked_after": first.after,
    }


def table(results: list[dict], hello: float) -> str:
    """The figures for reading; what misses its aim is marked."""
    lines = [
        "| function | MB | to the first `next`, ms | ÷ hello | CPU to the first answer, ms | ÷ hello | asked of AWS |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for it in results:
        missed = "" if it["cpu_ratio"] <= it["aim"] else " (!)"
        lines.append(
            f"| `{it['function']}` | {it['megabytes']:.1f} | {it['next_ms']:.1f} | {it['next_ratio']:.1f} "
            f"| {it['cpu_ms']:.1f} | {it['cpu_ratio']:.2f}{missed} | {', '.join(it['asked_after'])} |"
        )
    mean = lambda what: statistics.median(it[what] for it in results)
    lines.append(f"| `{HELLO}` | {hello:.1f} | {mean('hello_next_ms'):.1f} | 1 | {mean('hello_cpu_ms'):.1f} | 1 | |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=15, help="pairs of starts (15)")
    parser.add_argument("--json", action="store_true", help="all figures, for programs")
    parser.add_argument("--binaries", type=pathlib.Path, default=tools.TARGET / "lambda", help="target/lambda")
    parser.add_argument("names", nargs="*", metavar="FUNCTION", help="all of them")
    given = parser.parse_args()
    work = tools.TARGET / "cold-start"
    work.mkdir(parents=True, exist_ok=True)
    aws = Aws(work, ROOTS.read_bytes())
    variables = events.VARIABLES | {"AWS_ENDPOINT_URL": aws.url, "SSL_CERT_FILE": str(aws.trusted)}
    try:
        results = [
            pairs(name, given.binaries, aws, variables, given.starts, work / "log")
            for name in given.names or binaries.FUNCTIONS
        ]
    except (runtime.Failed, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        aws.close()
    hello = binaries.path(given.binaries, HELLO).stat().st_size / 1e6
    print(json.dumps({"hello_megabytes": hello, "functions": results}, indent=1) if given.json else table(results, hello))
    return 0


if __name__ == "__main__":
    sys.exit(main())
