"""The stack: packaged once, deployed with `sam`, its table, queues and definitions."""

import json
import shutil
import subprocess

import boto3.dynamodb.types
from samcli.yamlhelper import yaml_dump, yaml_parse

import place
from checks import Failed, expect

NAME = "shop"


def package(emulator) -> dict:
    """Has `sam` put the release binaries where CloudFormation finds them; returns the template that names them."""
    missing = [name for name in (*place.FUNCTIONS, "tsunagi") if not (place.BINARIES / name).exists()]
    expect(not missing, f"no binary of {', '.join(missing)} in {place.BINARIES}: cargo build --release, or TSUNAGI_BINARIES")
    infra = place.WORK / "infra"
    infra.mkdir()
    shutil.copy(place.ROOT / "infra" / "template.yaml", infra)
    for name in place.FUNCTIONS:
        bootstrap = place.WORK / "target" / "lambda" / name / "bootstrap"
        bootstrap.parent.mkdir(parents=True)
        subprocess.run(["strip", "-o", bootstrap, place.BINARIES / name], check=True)
    packaged = place.WORK / "packaged.yaml"
    sam(emulator, "package", "--template", infra / "template.yaml", "--resolve-s3", "--output-template-file", packaged)
    return yaml_parse(packaged.read_text(encoding="utf-8"))


def for_emulator(template: dict) -> dict:
    """The template without what the emulator lacks; `README.md` says what that is."""
    template = json.loads(json.dumps(template, default=str))
    resources = template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
            del resources[name]
        for event in properties.get("Events", {}).values():
            scaling = event["Properties"].get("ScalingConfig", {})
            if isinstance(scaling.get("MaximumConcurrency"), dict):
                parameter = template["Parameters"][scaling["MaximumConcurrency"]["Ref"]]
                scaling["MaximumConcurrency"] = int(parameter["Default"])
    return template


def sam(emulator, command: str, *arguments) -> str:
    """Runs `sam` against the emulator."""
    environment = emulator.environment | {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "1"}
    ran = subprocess.run(
        [place.SAM, command, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=place.WORK,
    )
    with open(place.WORK / "sam.log", "a", encoding="utf-8") as log:
        log.write(f"+ sam {command}\n{ran.stdout}\n")
    if ran.returncode:
        raise Failed(f"sam {command} ended with {ran.returncode}:\n" + "\n".join(ran.stdout.splitlines()[-25:]))
    return ran.stdout


class Stack:
    """A deployed stack, seen by an administrator."""

    def __init__(self, emulator, packaged: dict, parameters: dict[str, str], name: str = NAME) -> None:
        self.emulator = emulator
        self.packaged = packaged
        self.parameters = parameters
        self.name = name
        self.cloudformation = emulator.client("cloudformation")
        self.dynamodb = emulator.client("dynamodb")
        self.sqs = emulator.client("sqs")
        self.ids: dict[str, str] = {}
        self.outputs: dict[str, str] = {}

    def deploy(self, template: dict | None = None) -> None:
        """`sam deploy`, of the template as it is unless another is given."""
        path = place.WORK / f"{self.name}.yaml"
        path.write_text(yaml_dump(for_emulator(template or self.packaged)), encoding="utf-8")
        overrides = [f"{name}={value}" for name, value in self.parameters.items()]
        sam(
            self.emulator, "deploy", "--template", path, "--stack-name", self.name, "--resolve-s3", "--capabilities",
            "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar", "--no-fail-on-empty-changeset",
            "--parameter-overrides", *overrides,
        )  # fmt: skip
        self._look()

    def _look(self) -> None:
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        self.ids = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }
        described = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        self.status = described["StackStatus"]

    def rows(self) -> dict[tuple[str, str], dict]:
        """Every item of the table, by its key."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.outputs["TableName"])
        return {(item["pk"], item["sk"]): item for page in pages for item in map(plain, page["Items"])}

    def queued(self) -> dict[str, int]:
        """How many messages lie in each queue that has any."""
        found = {}
        for name, url in self.ids.items():
            if not (name.endswith("Queue") or name.endswith("DeadLetters")):
                continue
            counts = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            total = sum(int(counts[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))
            if total:
                found[name] = total
        return found

    def logged(self, since_ms: int = 0) -> list[str]:
        """What the functions logged."""
        logs = self.emulator.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self.ids["Logs"], startTime=since_ms)
        return [event["message"] for page in pages for event in page["events"]]


def plain(item: dict) -> dict:
    """An item of DynamoDB as Python has it."""
    read = boto3.dynamodb.types.TypeDeserializer().deserialize
    whole = lambda value: int(value) if hasattr(value, "as_integer_ratio") and value == int(value) else value
    return {name: whole(read(value)) for name, value in item.items()}
