#!/usr/bin/env python3
"""The CDK app deploys what the SAM template says, and cdk-nag has nothing to say that is not answered.

    tests/aws/cdk.py        installs the app's packages on the first run; ends with "N passed, N failed"
"""

import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import tools

tools.enter("requirements-lint.txt")

import translate  # noqa: E402
from shape import of_type  # noqa: E402

APP = tools.ROOT / "infra/cdk"
OUT = tools.TARGET / "aws-cdk.out"
# Of every AWS variable, none: what is synthesized depends on no account.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
    "AWS_EC2_METADATA_DISABLED": "true",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CI": "true",
}


def install() -> None:
    """`npm ci`, when what is installed is not what package-lock.json says."""
    lock = hashlib.sha256((APP / "package-lock.json").read_bytes()).hexdigest()
    done = APP / "node_modules/.installed"
    if not done.exists() or done.read_text() != lock:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=APP, check=True)
        done.write_text(lock)


def artifacts(template: dict) -> Path:
    """A binary for each function that says nothing but its name: they need not be built to be compared."""
    folder = tools.TARGET / "aws-cdk-artifacts"
    for function in of_type(template, "AWS::Serverless::Function").values():
        name = function["CodeUri"].rsplit("/", 1)[-1]
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "bootstrap").write_text(name)
    return folder


def synth(binaries: Path) -> tuple[list[str], dict]:
    command = ["npx", "--no-install", "cdk", "synth", "--quiet", "-c", f"artifacts={binaries}", "-o", OUT]
    done = subprocess.run(command, cwd=APP, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        return (done.stdout + done.stderr).splitlines(), {}
    report = json.loads((OUT / "validation-report.json").read_text(encoding="utf-8"))
    found = [
        f"{violation['ruleName']}: {violation.get('description', '')}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        if violation["severity"] != "info"
    ]
    ran = {json.dumps(plugin) for plugin in report["pluginReports"]}
    for pack in ["AwsSolutions", "Serverless"]:
        if not any(pack in it for it in ran):
            found.append(f"{pack} did not run")
    return found, json.loads((OUT / "tsunagi.template.json").read_text(encoding="utf-8"))


def plain(value):
    """References in one spelling: `X.Arn` and [X, Arn] are the same."""
    if isinstance(value, dict):
        if isinstance(value.get("Fn::GetAtt"), str):
            return {"Fn::GetAtt": value["Fn::GetAtt"].split(".", 1)}
        return {key: plain(it) for key, it in value.items()}
    return [plain(it) for it in value] if isinstance(value, list) else value


def code(app: dict, sam: dict) -> list[str]:
    """Each function's asset is its own binary."""
    wrong = []
    for name, function in of_type(sam, "AWS::Serverless::Function").items():
        folder = function["CodeUri"].rsplit("/", 1)[-1]
        key = of_type(app, "AWS::Serverless::Function")[name]["CodeUri"]["Key"]
        if (OUT / f"asset.{key.removesuffix('.zip')}" / "bootstrap").read_text() != folder:
            wrong.append(f"{name}: its code is not {folder}'s")
    return wrong


def differences(app: dict, sam: dict) -> list[str]:
    """Where two translated templates differ, but for where code comes from."""
    wrong = []
    for part in ["Resources", "Conditions", "Outputs"]:
        one, other = plain(copy.deepcopy(app[part])), plain(copy.deepcopy(sam[part]))
        for name in sorted(set(one) | set(other)):
            a, b = one.get(name), other.get(name)
            for it in (a, b):
                if it and it.get("Type") == "AWS::Lambda::Function":
                    it["Properties"].pop("Code", None)
            if a != b:
                wrong.append(f"{part}.{name} differs")
    return wrong


def parameters(sam: dict) -> list[str]:
    """The typed parameters are the template's: those without a default must be given."""
    text = (APP / "src/parameters.ts").read_text(encoding="utf-8")
    typed = {name: optional for name, optional in re.findall(r"^  (\w+)(\??):", text, re.M)}
    wanted = {name: "?" if "Default" in it else "" for name, it in sam["Parameters"].items()}
    return [f"{name}: the template and src/parameters.ts differ" for name in sorted(set(typed) ^ set(wanted))] + [
        f"{name}: whether it must be given differs" for name in sorted(typed) if name in wanted and typed[name] != wanted[name]
    ]


def unproven(app: dict, sam: dict) -> list[str]:
    """The comparison finds a property that differs and a resource that is missing."""
    missed = []
    broken = copy.deepcopy(app)
    broken["Resources"]["InboxQueue"]["Properties"]["VisibilityTimeout"] = 30
    if differences(broken, sam) != ["Resources.InboxQueue differs"]:
        missed.append("a property that differs is not found")
    del broken["Resources"]["InboxQueue"]
    if differences(broken, sam) != ["Resources.InboxQueue differs"]:
        missed.append("a resource that is missing is not found")
    return missed


def main() -> int:
    install()
    sam = translate.read(str(tools.ROOT / "infra/template.yaml"))
    found, app = synth(artifacts(sam))
    results = {"cdk synth, cdk-nag": found}
    if app:
        one, other = translate.translate(app), translate.translate(sam)
        results["code is each function's own"] = code(app, sam)
        results[f"{len(other['Resources'])} resources are the template's"] = differences(one, other)
        results["parameters are typed"] = parameters(sam)
        results["a difference is found"] = unproven(one, other)
    return tools.tell(results)


if __name__ == "__main__":
    sys.exit(main())
