"""Each check finds what it is there for: a mistake is made in a copy of the template, and the check must name it."""

import copy
from collections.abc import Callable

import checks_events as events
import checks_stack as stack


# The check, what goes wrong, and a part of what it must say. `p` gives a resource's properties, `t` is the template.
PROOFS: list[tuple[Callable, Callable[[Callable, dict], object], str]] = [
    (events.event_sources, lambda p, t: p("AdvanceFunctionInbox").pop("MaximumBatchingWindowInSeconds"), "without a batching window"),
    (events.event_sources, lambda p, t: p("SendSmsFunctionSms").update(FunctionResponseTypes=["ReportBatchItemFailure"]), "brings its whole batch back"),
    (events.event_sources, lambda p, t: drop(p("SendEmailRole"), "sqs:DeleteMessage"), "SendEmailFunction may not sqs:DeleteMessage on EmailQueue"),
    (events.event_sources, lambda p, t: p("InboxQueue").update(VisibilityTimeout=180), "InboxQueue hides messages for less than 181 s"),
    (events.event_sources, lambda p, t: p("SendSmsFunction").update(Timeout=31), "SmsQueue hides messages for less than 186 s"),
    (events.event_sources, lambda p, t: p("RecomputeFunctionTasks").update(ScalingConfig={"MaximumConcurrency": 1}), "MaximumConcurrency 1"),
    (events.schedules, lambda p, t: p("ScheduleFunctionDue").update(ScheduleExpression="rate(1 minutes)"), "rate(1 minutes) is no schedule"),
    (events.schedules, lambda p, t: p("RecomputeFunctionNightly").update(ScheduleExpression="cron(0 3 * * * *)"), "is no schedule"),
    (events.schedules, lambda p, t: p("RecomputeFunctionNightly").update(ScheduleExpression="cron(0 24 * * ? *)"), "is no schedule"),
    (events.schedules, lambda p, t: p("RecomputeFunctionNightly").pop("ScheduleExpressionTimezone"), "without a time zone"),
    (events.schedules, lambda p, t: p("ScheduleFunctionDue").update(Name="ScheduleFunctionDue"), "two stacks collide"),
    (events.schedules, lambda p, t: trust(p("ScheduleFunctionDueRole"), "events.amazonaws.com"), "is not the scheduler's"),
    (events.schedules, lambda p, t: drop(p("ScheduleFunctionDueRole"), "lambda:InvokeFunction"), "may not invoke ScheduleFunction"),
    (events.schedules, lambda p, t: drop(p("RecomputeFunctionNightlyRole"), "sqs:SendMessage"), "may not leave what failed"),
    (events.schedules, lambda p, t: p("ScheduleFunctionDue")["Target"].pop("RetryPolicy"), "tried again for a day"),
    (events.rules, lambda p, t: t["Resources"].pop("CallbackFunctionSmsEventsPermission"), "may not invoke CallbackFunction"),
    (events.rules, lambda p, t: trust(p("EventTargetRole"), "lambda.amazonaws.com"), "is not the bus's"),
    (events.rules, lambda p, t: p("CallbackFunctionEmailEvents")["Targets"][0].pop("DeadLetterConfig"), "is lost"),
    (events.rules, lambda p, t: t["Resources"].pop("EventDeadLettersPolicy"), "takes nothing from the bus"),
    (events.routes, lambda p, t: p("TrackRoute").update(RouteKey="$default"), "a route that nobody allowed"),
    (events.routes, lambda p, t: t["Resources"].pop("OptOutRoute"), "POST /o/{code}: a route is missing"),
    (events.routes, lambda p, t: p("TrackRoute").update(RouteKey="POST /v1/batch"), "two routes have one key"),
    (events.http, lambda p, t: t["Resources"].pop("LinkPermission"), "may not invoke LinkFunction"),
    (events.http, lambda p, t: p("IngestPermission").pop("SourceArn"), "may not invoke IngestFunction"),
    (events.http, lambda p, t: p("LinkIntegration").update(PayloadFormatVersion="1.0"), "read payload 2.0"),
    (events.http, lambda p, t: t["Resources"].pop("VerifyIntegration"), "is no integration"),
    (events.http, lambda p, t: p("PersonFunction").update(Timeout=60), "longer than the API waits"),
    (events.http, lambda p, t: p("ApiStage").pop("DefaultRouteSettings"), "nothing throttles it"),
    (events.http, lambda p, t: p("ApiStage").pop("AccessLogSettings"), "no access log"),
    (events.http, lambda p, t: p("ApiStage")["AccessLogSettings"].update(Format='{"path":"$context.path"}'), "tells of a person"),
    (stack.permissions, lambda p, t: p("LinkFunction").update(Role=p("IngestFunction")["Role"]), "IngestRole: the role of 2 functions"),
    (stack.permissions, lambda p, t: trust(p("LinkRole"), "edgelambda.amazonaws.com"), "Lambda may not take it on"),
    (stack.permissions, lambda p, t: p("LinkRole").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]), "a managed policy"),
    (stack.permissions, lambda p, t: first(p("LinkRole")).update(Action="dynamodb:*"), "dynamodb:* is not one action"),
    (stack.permissions, lambda p, t: first(p("LinkRole")).update(Resource="*"), "names more than one thing"),
    (stack.permissions, lambda p, t: p("AlarmsPolicy")["PolicyDocument"]["Statement"][0].pop("Condition"), "more than its own sources"),
    (stack.names, lambda p, t: p("Bus").update(Name="tsunagi"), "Bus: Name is the same in every stack"),
    (stack.names, lambda p, t: p("SmsQueue").update(QueueName="sms"), "QueueName is the same in every stack"),
    (stack.names, lambda p, t: p("ErrorsFilter")["MetricTransformations"][0].update(MetricNamespace="Tsunagi"), "count in one metric"),
    (stack.dead_letters, lambda p, t: p("SmsQueue").pop("RedrivePolicy"), "SmsQueue: it has no dead letters"),
    (stack.dead_letters, lambda p, t: p("SmsDeadLetters").pop("MessageRetentionPeriod"), "not kept for two weeks"),
    (stack.dead_letters, lambda p, t: t["Resources"].pop("SmsDeadLetters"), "it is no queue"),
    (stack.dead_letters, lambda p, t: p("CallbackFunction").pop("DeadLetterConfig"), "an event that it can't take is lost"),
    (stack.dead_letters, lambda p, t: drop(p("RecomputeRole"), "sqs:SendMessage"), "RecomputeFunction: it may not leave what failed"),
    (stack.logs, lambda p, t: p("Logs").pop("RetentionInDays"), "keeps logs for ever"),
    (stack.logs, lambda p, t: p("LinkFunction").pop("LoggingConfig"), "a group of Lambda's own"),
    (stack.logs, lambda p, t: drop(p("LinkRole"), "logs:PutLogEvents"), "LinkFunction: it may not write to Logs"),
    (stack.runtimes, lambda p, t: p("LinkFunction").update(Runtime="provided.al2"), "provided.al2023"),
    (stack.runtimes, lambda p, t: p("LinkFunction").update(Architectures=["x86"]), "the parameter Architecture"),
    (stack.runtimes, lambda p, t: p("LinkFunction").pop("MemorySize"), "MemorySize is not set"),
    (stack.runtimes, lambda p, t: t["Parameters"]["Architecture"].update(AllowedValues=["x86_64"]), "is not x86_64 and arm64"),
    (stack.storage, lambda p, t: t["Resources"]["Table"].pop("UpdateReplacePolicy"), "UpdateReplacePolicy is not Retain"),
    (stack.storage, lambda p, t: p("Table").pop("PointInTimeRecoverySpecification"), "can't be restored"),
    (stack.storage, lambda p, t: p("Table").pop("SSESpecification"), "not encrypted by a key"),
    (stack.storage, lambda p, t: p("Table").pop("DeletionProtectionEnabled"), "can be deleted"),
    (stack.storage, lambda p, t: p("Table")["TimeToLiveSpecification"].update(Enabled=False), "nothing in it expires"),
    (stack.storage, lambda p, t: p("InboxQueue").pop("SqsManagedSseEnabled"), "InboxQueue: it is not encrypted"),
    (stack.keys, lambda p, t: t["Parameters"].update(WriteKey={"Type": "String", "NoEcho": True}), "parameter WriteKey"),
    (stack.keys, lambda p, t: variables(p("LinkFunction")).update(ADDRESS_KEY="0123456789abcdef"), "ADDRESS_KEY is not the secret's"),
    (stack.keys, lambda p, t: variables(p("LinkFunction")).update(ADDRESS_KEY=variables(p("AdvanceFunction"))["CODE_KEY"]), "ADDRESS_KEY is not the secret's"),
    (stack.alarms, lambda p, t: p("ErrorsAlarm").pop("AlarmActions"), "ErrorsAlarm: it tells nobody"),
    (stack.alarms, lambda p, t: p("DeadLettersAlarm")["Metrics"].extend(p("DeadLettersAlarm")["Metrics"]), "ten metrics at most"),
    (stack.alarms, lambda p, t: t["Resources"].pop("LateAlarm"), "schedule-late: the alarm is missing"),
    (stack.alarms, lambda p, t: p("DeadLettersAlarm")["Metrics"].pop(), "EraseDeadLetters: no alarm looks"),
    (stack.spending, lambda p, t: t["Resources"].pop("SpendOffRule"), "no rule tells"),
    (stack.spending, lambda p, t: p("SpendOffRule")["Targets"][0].update(Arn=""), "to no topic"),
    (stack.dashboards, lambda p, t: p("Dashboard").update(DashboardBody={"Fn::Sub": "{"}), "no JSON"),
    (stack.dashboards, lambda p, t: t["Resources"].update(OneMore={"Type": "AWS::CloudWatch::Alarm"}), "does not show OneMore"),
]

# What the linters are there for, and a part of what one of them must say.
LINTED: list[tuple[Callable[[Callable, dict], object], str]] = [
    (lambda p, t: p("LinkFunction").update(Architectures=["x86"]), "'x86' is not one of"),
    (lambda p, t: first(p("LinkRole")).update(Action="dynamodb:PutItems"), "'putitems' is not one of"),
    (lambda p, t: p("SmsQueue").update(VisibilityTimeout=10), "Queue visibility timeout (10)"),
    (lambda p, t: p("SendSmsFunctionSms").update(FunctionResponseTypes=["ReportBatchItemFailure"]), "'ReportBatchItemFailure' is not"),
    (lambda p, t: p("Table").pop("PointInTimeRecoverySpecification"), "CKV_AWS_28 AWS::DynamoDB::Table.Table"),
]


def first(role: dict) -> dict:
    return role["Policies"][0]["PolicyDocument"]["Statement"][0]


def variables(function: dict) -> dict:
    return function["Environment"]["Variables"]


def trust(role: dict, service: str) -> None:
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"Service": [service]}


def drop(role: dict, action: str) -> None:
    """Takes one action away wherever the role allows it."""
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [it for it in actions if it != action]


def broken(template: dict) -> dict:
    """A copy with every mistake that a linter must find."""
    copied = copy.deepcopy(template)
    for mistake, _ in LINTED:
        mistake(lambda name: copied["Resources"][name]["Properties"], copied)
    return copied


def unproven(template: dict, checks: list[Callable]) -> list[str]:
    """What the checks fail to find."""
    missed = [f"{check.__name__}: no proof that it can fail" for check in checks if check not in [it[0] for it in PROOFS]]
    for check, mistake, said in PROOFS:
        broken = copy.deepcopy(template)
        mistake(lambda name: broken["Resources"][name]["Properties"], broken)
        found = list(check(broken))
        if not any(said in it for it in found):
            missed.append(f"{check.__name__}: it does not say {said!r} but {found}")
    return missed


def undocumented(template: dict, text: str) -> list[str]:
    """What the check of the runbook fails to find."""
    mistakes = [("| `DueShards` | `8` |", "| `DueShards` | `9` |"), ("| `LogDays` |", "| `LogDay` |"), ("| `errors` |", "| `error` |")]
    return [f"{to} is accepted" for was, to in mistakes if not list(stack.documented(template, text.replace(was, to)))]
