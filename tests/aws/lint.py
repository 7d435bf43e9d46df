#!/usr/bin/env python3
"""The template is right: cfn-lint on it and on its translation, checkov, and what no linter sees.

    tests/aws/lint.py       installs its tools on the first run; ends with "N passed, N failed"
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import tools

TOOLS = tools.enter("requirements-lint.txt")

import checks_events as events  # noqa: E402
import checks_stack as stack  # noqa: E402
import proofs  # noqa: E402
import translate  # noqa: E402

TEMPLATE = tools.ROOT / "infra/template.yaml"
CHECKS: list[Callable] = [
    events.event_sources,
    events.schedules,
    events.rules,
    events.routes,
    events.http,
    stack.permissions,
    stack.names,
    stack.dead_letters,
    stack.logs,
    stack.runtimes,
    stack.storage,
    stack.keys,
    stack.alarms,
    stack.spending,
    stack.dashboards,
]


def cfn_lint(path: Path) -> Iterator[str]:
    done = subprocess.run([TOOLS / "bin/cfn-lint", "--format", "parseable", path], capture_output=True, text=True)
    yield from (done.stdout + done.stderr).splitlines()


def checkov(path: Path) -> Iterator[str]:
    """What checkov finds and checkov.toml gives no reason for, and reasons that nothing needs."""
    reasons = tomllib.loads((tools.HERE / "checkov.toml").read_text(encoding="utf-8"))
    command = [TOOLS / "bin/checkov", "-f", path, "--framework", "cloudformation", "-o", "json", "--quiet", "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout.strip():
        yield f"checkov says nothing: {done.stderr[-500:]}"
        return
    report = json.loads(done.stdout)
    if report["summary"]["passed"] == 0 or report["summary"]["parsing_errors"]:
        yield "checkov did not read the template"
    used = set()
    for failed in report["results"]["failed_checks"]:
        reason = reasons.get(failed["check_id"])
        if reason and failed["resource"].startswith(reason["resources"] + "."):
            used.add(failed["check_id"])
        else:
            yield f"{failed['check_id']} {failed['resource']}: {failed['check_name']}"
    for stale in sorted(set(reasons) - used):
        yield f"{stale}: checkov.toml has a reason that nothing needs"


def main() -> int:
    template = translate.translate(translate.read(str(TEMPLATE)))
    translated = tools.TARGET / "aws-translated.json"
    translated.write_text(json.dumps(template, indent=1), encoding="utf-8")
    results = {
        "cfn-lint, the template": list(cfn_lint(TEMPLATE)),
        "cfn-lint, its translation": list(cfn_lint(translated)),
        "checkov, every reason needed": list(checkov(translated)),
    }
    broken = tools.TARGET / "aws-broken.json"
    broken.write_text(json.dumps(proofs.broken(template), indent=1), encoding="utf-8")
    said = [*cfn_lint(broken), *checkov(broken)]
    results["the linters find what they are there for"] = [
        f"nobody says {part!r}" for _, part in proofs.LINTED if not any(part in line for line in said)
    ]
    for check in CHECKS:
        results[check.__doc__.splitlines()[0]] = list(check(template))
    runbook = (tools.ROOT / "infra/README.md").read_text(encoding="utf-8")
    results[stack.documented.__doc__] = list(stack.documented(template, runbook))
    results["the runbook's check can fail"] = proofs.undocumented(template, runbook)
    results[f"{len(proofs.PROOFS)} mistakes are found"] = proofs.unproven(template, CHECKS)
    return tools.tell(results)


if __name__ == "__main__":
    sys.exit(main())
