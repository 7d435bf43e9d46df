"""What a stack holds: permissions, queues, logs, the table, keys, alarms."""

import json
import re
from collections.abc import Iterator

from shape import STACK, allows, functions, many, named, of_type, statements, text, trusts

# Names that this stack does not know, each with why.
OPEN = {
    "arn:${AWS::Partition}:sms-voice:*:${AWS::AccountId}:*": "numbers and sender ids are the shop's, in the account's region",
    "arn:${AWS::Partition}:ses:*:${AWS::AccountId}:identity/*": "senders are the shop's, in the account's region",
    "arn:${AWS::Partition}:ses:*:${AWS::AccountId}:configuration-set/*": "configuration sets are the shop's",
}
# A dead letter is kept for as long as SQS keeps anything: two weeks.
DEAD_LETTER_SECONDS = 1_209_600
DURABLE = ["DeletionPolicy", "UpdateReplacePolicy"]
ALARMS = ["dead-letters", "oldest-message", "oldest-code", "errors", "throttles", "schedule-late", "schedule-stopped", "aws-sms"]


def permissions(template: dict) -> Iterator[str]:
    """Roles: one for each function, that trusts Lambda alone and names what it may use."""
    used = [named(it["Role"]) for it in functions(template).values()]
    for role in sorted({role for role in used if used.count(role) > 1}):
        yield f"{role}: the role of {used.count(role)} functions"
    for role in used:
        if not trusts(template, role, "lambda.amazonaws.com"):
            yield f"{role}: Lambda may not take it on"
    for name, role in of_type(template, "AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name}: a managed policy allows more than one stack's things"
        for statement in statements(role):
            for action in many(statement["Action"]):
                if "*" in action:
                    yield f"{name}: {action} is not one action"
            for resource in many(statement["Resource"]):
                where = resource if isinstance(resource, str) else text(resource) or ""
                if "*" in where and where not in OPEN:
                    yield f"{name}: {where} names more than one thing"
    for kind in ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"]:
        for name, policy in of_type(template, kind).items():
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Principal"] == "*" or "Condition" not in statement:
                    yield f"{name}: it lets in more than its own sources"


def names(template: dict) -> Iterator[str]:
    """A name that is given begins with the stack's, so that two stacks fit in one account."""
    keys = {
        "AWS::Events::EventBus": "Name",
        "AWS::Scheduler::Schedule": "Name",
        "AWS::ApiGatewayV2::Api": "Name",
        "AWS::CloudFront::Function": "Name",
        "AWS::CloudWatch::Alarm": "AlarmName",
        "AWS::CloudWatch::Dashboard": "DashboardName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::Events::Rule": "Name",
        "AWS::IAM::Role": "RoleName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::SNS::Topic": "TopicName",
        "AWS::SQS::Queue": "QueueName",
    }
    for kind, key in keys.items():
        for name, properties in of_type(template, kind).items():
            if key in properties and STACK not in (text(properties[key]) or ""):
                yield f"{name}: {key} is the same in every stack"
    for name, properties in of_type(template, "AWS::Logs::MetricFilter").items():
        for metric in properties["MetricTransformations"]:
            if STACK not in (text(metric["MetricNamespace"]) or ""):
                yield f"{name}: two stacks count in one metric"


def dead_letters(template: dict) -> Iterator[str]:
    """Every queue and every function that events invoke has a place for what fails."""
    queues = of_type(template, "AWS::SQS::Queue")
    dead = {named(it["RedrivePolicy"]["deadLetterTargetArn"]) for it in queues.values() if "RedrivePolicy" in it}
    for name, function in functions(template).items():
        target = named(function.get("DeadLetterConfig", {}).get("TargetArn"))
        if target:
            dead.add(target)
            if not allows(template, named(function["Role"]), "sqs:SendMessage", target):
                yield f"{name}: it may not leave what failed in {target}"
        elif any(name in [named(it["Arn"]) for it in rule["Targets"]] for rule in of_type(template, "AWS::Events::Rule").values()):
            yield f"{name}: an event that it can't take is lost"
    for name, queue in queues.items():
        if name in dead:
            if queue.get("MessageRetentionPeriod") != DEAD_LETTER_SECONDS:
                yield f"{name}: dead letters are not kept for two weeks"
        elif "RedrivePolicy" not in queue:
            yield f"{name}: it has no dead letters"
    for it in sorted(dead - set(queues)):
        yield f"{it}: dead letters go there, and it is no queue"


def logs(template: dict) -> Iterator[str]:
    """Whatever logs does so to a group that forgets, and that it may write to."""
    groups = of_type(template, "AWS::Logs::LogGroup")
    for name, group in groups.items():
        if "RetentionInDays" not in group:
            yield f"{name}: it keeps logs for ever"
    for name, function in functions(template).items():
        group = named(function.get("LoggingConfig", {}).get("LogGroup"))
        if group not in groups:
            yield f"{name}: it logs to a group of Lambda's own, which keeps logs for ever"
        elif not allows(template, named(function["Role"]), "logs:PutLogEvents", group):
            yield f"{name}: it may not write to {group}"


def runtimes(template: dict) -> Iterator[str]:
    """Functions: runtime, architecture, memory and time."""
    for name, function in functions(template).items():
        if function.get("Runtime") != "provided.al2023" or function.get("Handler") != "bootstrap":
            yield f"{name}: it does not run on provided.al2023"
        if [named(it) for it in function.get("Architectures", [])] != ["Architecture"]:
            yield f"{name}: it is not built for the parameter Architecture"
        for key in ["MemorySize", "Timeout", "Description"]:
            if key not in function:
                yield f"{name}: {key} is not set"
    architectures = template["Parameters"]["Architecture"].get("AllowedValues")
    if architectures != ["x86_64", "arm64"]:
        yield f"Architecture: {architectures} is not x86_64 and arm64"


def storage(template: dict) -> Iterator[str]:
    """The table outlives its stack and can be restored; whatever keeps messages is encrypted."""
    for name, table in of_type(template, "AWS::DynamoDB::Table").items():
        resource = template["Resources"][name]
        for policy in DURABLE:
            if resource.get(policy) != "Retain":
                yield f"{name}: {policy} is not Retain"
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name}: it can't be restored to a point in time"
        if not table.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name}: it is not encrypted by a key of the account"
        if not table.get("DeletionProtectionEnabled"):
            yield f"{name}: it can be deleted"
        if table.get("TimeToLiveSpecification") != {"AttributeName": "expires", "Enabled": True}:
            yield f"{name}: nothing in it expires"
    for name, queue in of_type(template, "AWS::SQS::Queue").items():
        if queue.get("SqsManagedSseEnabled") is not True:
            yield f"{name}: it is not encrypted"


def keys(template: dict) -> Iterator[str]:
    """Keys come from the one secret, and no parameter carries one."""
    for name, parameter in template["Parameters"].items():
        if parameter.get("NoEcho"):
            yield f"parameter {name}: a key that whoever deploys has to know"
    for name, function in functions(template).items():
        for variable, value in function["Environment"]["Variables"].items():
            if variable.endswith(("_KEY", "_SECRET", "_SECRETS")):
                said = json.dumps(value)
                wanted = f"{{{{resolve:secretsmanager:${{Secret}}:SecretString:{wanted_key(variable)}::${{SecretVersion}}}}}}"
                if wanted not in said:
                    yield f"{name}: {variable} is not the secret's {wanted_key(variable)}"


def wanted_key(variable: str) -> str:
    return "SANDBOX_KEY" if variable.endswith("_PROVIDER_KEY") else variable


def alarms(template: dict) -> Iterator[str]:
    """Every alarm that the runbook lists is there and tells someone."""
    found = of_type(template, "AWS::CloudWatch::Alarm")
    for name, alarm in found.items():
        told = [named(it) for it in alarm.get("AlarmActions", [])]
        if not told or any(it not in of_type(template, "AWS::SNS::Topic") for it in told):
            yield f"{name}: it tells nobody"
        if len(alarm.get("Metrics", [])) > 11:
            yield f"{name}: an alarm reads ten metrics at most"
    known = {text(it["AlarmName"]) for it in found.values()}
    for name in ALARMS:
        if f"{STACK}-{name}" not in known:
            yield f"{name}: the alarm is missing"
    watched = {named(d["Value"]) for it in found.values() for m in it.get("Metrics", []) if "MetricStat" in m
               for d in m["MetricStat"]["Metric"].get("Dimensions", [])}
    queues = of_type(template, "AWS::SQS::Queue")
    for queue in queues:
        if "RedrivePolicy" not in queues[queue] and queue not in watched:
            yield f"{queue}: no alarm looks at these dead letters"


def spending(template: dict) -> Iterator[str]:
    """What accounts cost beside the estimate is told to whoever is told of alarms."""
    for rule in of_type(template, "AWS::Events::Rule").values():
        if "Spend Off" in rule["EventPattern"].get("detail-type", []):
            topics = of_type(template, "AWS::SNS::Topic")
            if not any(named(it["Arn"]) in topics for it in rule["Targets"]):
                yield "what an account costs is told to no topic"
            return
    yield "no rule tells what an account costs"


def dashboards(template: dict) -> Iterator[str]:
    """The dashboard reads as JSON, and shows every alarm that is always there."""
    for name, dashboard in of_type(template, "AWS::CloudWatch::Dashboard").items():
        body = text(dashboard["DashboardBody"]) or ""
        try:
            json.loads(body)
        except ValueError as error:
            yield f"{name}: its body is no JSON: {error}"
        for alarm in of_type(template, "AWS::CloudWatch::Alarm"):
            if "Condition" not in template["Resources"][alarm] and f"${{{alarm}.Arn}}" not in body:
                yield f"{name}: it does not show {alarm}"


def documented(template: dict, text: str) -> Iterator[str]:
    """The runbook's table has every parameter with its default, and every alarm."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) ?\|", text.split("## Parameters and dials")[1].split("## ")[0], re.M))
    for name, parameter in template["Parameters"].items():
        default = str(parameter["Default"]) if "Default" in parameter else "–"
        if rows.get(name, "none").strip("`") != default:
            yield f"{name}: infra/README.md has the default {rows.get(name)} for {default!r}"
    for name in sorted(set(rows) - set(template["Parameters"])):
        yield f"{name}: infra/README.md has a parameter that the template has not"
    for name in ALARMS:
        if f"| `{name}` |" not in text:
            yield f"{name}: infra/README.md does not say what the alarm means"
