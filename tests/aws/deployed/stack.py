"""The stack: packaged once, deployed with `sam`, its table, queues and definitions."""

import copy
import io
import json
import shutil
import subprocess
import zipfile

import boto3.dynamodb.types
from emulated import emulated
from samcli.yamlhelper import yaml_dump, yaml_parse

from . import place
from .checks import Failed, expect

NAME = "shop"


def package(emulator) -> dict:
    """Has `sam` put the release binaries where CloudFormation finds them; returns the template that names them."""
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
        path.write_text(yaml_dump(emulated(template or self.packaged, self.parameters)), encoding="utf-8")
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

    def another_version(self) -> dict:
        """The template with other code for every function: the same binaries, and a byte more that nobody reads."""
        template = copy.deepcopy(self.packaged)
        s3 = self.emulator.client("s3")
        for resource in template["Resources"].values():
            if resource["Type"] != "AWS::Serverless::Function":
                continue
            bucket, _, key = resource["Properties"]["CodeUri"].removeprefix("s3://").partition("/")
            archive = zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = 0o755 << 16
            bootstrap.create_system = 3
            told = io.BytesIO()
            with zipfile.ZipFile(told, "w", zipfile.ZIP_STORED) as other:
                other.writestr(bootstrap, archive.read("bootstrap") + b"\0")
            s3.put_object(Bucket=bucket, Key=f"{key}-again", Body=told.getvalue())
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{key}-again"
        return template

    def delete(self) -> None:
        """`sam delete`."""
        sam(self.emulator, "delete", "--stack-name", self.name, "--no-prompts", "--region", place.REGION)

    def still_there(self) -> set[str]:
        """What is in the account of what the stack had."""
        client = self.emulator.client
        names = {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]}
        names |= set(self.sqs.list_queues().get("QueueUrls", []))
        names |= set(self.dynamodb.list_tables()["TableNames"])
        names |= {bus["Name"] for bus in client("events").list_event_buses()["EventBuses"]}
        names |= {schedule["Name"] for schedule in client("scheduler").list_schedules()["Schedules"]}
        names |= {api["ApiId"] for api in client("apigatewayv2").get_apis()["Items"]}
        names |= {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
        return names & set(self.ids.values())

    def define(self, rows: dict[tuple[str, str], dict]) -> int:
        """Puts those definitions among `rows` into the table that it lacks, and tells the bus; their number."""
        known = self.rows()
        definitions = {key: item for key, item in rows.items() if key[0].startswith("D#")}
        write = boto3.dynamodb.types.TypeSerializer().serialize
        for key, item in definitions.items():
            if key not in known:
                told = {name: write(value) for name, value in item.items()}
                self.dynamodb.put_item(TableName=self.outputs["TableName"], Item=told)
        latest: dict[str, int] = {}
        for pk, sk in definitions:
            if pk == "D#":
                name, _, version = sk.rpartition("#")
                latest[name] = max(latest.get(name, 0), int(version))
        number = sum(latest.values())
        entry = {"Source": "tsunagi", "DetailType": "Definition Applied", "Detail": json.dumps({"number": number})}
        entry["EventBusName"] = self.outputs["BusName"]
        answer = self.emulator.client("events").put_events(Entries=[entry])
        expect(answer["FailedEntryCount"] == 0, f"the bus refused it: {answer}")
        return number

    def letters(self, queue: str, take: bool = False) -> list[dict]:
        """The messages of a dead-letter queue; they stay there unless they are taken."""
        url, found = self.ids[queue], []
        while True:
            asked = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "VisibilityTimeout": 5 if take else 0}
            messages = self.sqs.receive_message(QueueUrl=url, **asked).get("Messages", [])
            for message in messages:
                if take:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += messages
            if not messages or not take:
                return found

    def redrive(self, dead: str, queue: str) -> int:
        """Sends dead letters back with all they carry, since the emulator has no StartMessageMoveTask; how many."""
        letters = self.letters(dead, take=True)
        for letter in letters:
            attributes = {
                name: {part: value for part, value in said.items() if part in ("DataType", "StringValue")}
                for name, said in letter.get("MessageAttributes", {}).items()
            }
            self.sqs.send_message(QueueUrl=self.ids[queue], MessageBody=letter["Body"], MessageAttributes=attributes)
        return len(letters)

    def hide(self, queue: str, seconds: int) -> None:
        """For how long a queue hides a message that a function failed on."""
        self.sqs.set_queue_attributes(QueueUrl=self.ids[queue], Attributes={"VisibilityTimeout": str(seconds)})

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
