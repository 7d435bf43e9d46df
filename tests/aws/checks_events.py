"""What invokes functions: queues, the clock, the buses, HTTP."""

import re
from collections.abc import Iterator

from shape import STACK, allows, functions, many, named, of_type, role_of, text, trusts

# Every way in from outside, and how whoever comes proves who they are.
ROUTES = {
    "POST /v1/batch": "write key",
    "POST /v1/identify": "write key",
    "POST /v1/track": "write key",
    "POST /v1/enroll": "write key",
    "POST /v1/remove": "write key",
    "POST /v1/verifications": "write key",
    "POST /v1/verifications/check": "write key",
    "POST /v1/person/export": "admin key",
    "POST /v1/person/erase": "admin key",
    "POST /v1/person/erasure": "admin key",
    "POST /callbacks/{account}": "the provider's signature",
    "GET /callbacks/{account}": "the provider's signature",
    "POST /callbacks/{account}/{segment}": "the provider's signature, or the secret segment",
    "GET /callbacks/{account}/{segment}": "the provider's signature, or the secret segment",
    "GET /l/{code}": "none: a link of a message",
    "GET /l/{code}/{link}": "none: a link of a message",
    "HEAD /l/{code}": "none: a link of a message",
    "HEAD /l/{code}/{link}": "none: a link of a message",
    "GET /p/{file}": "none: a file of a page",
    "GET /o/{code}": "none: the page to opt out",
    "POST /o/{code}": "none: the page to opt out",
    "POST /o/{code}/preferences": "none: the page to opt out",
    "GET /c/{code}": "none: the page that confirms an address",
    "POST /c/{code}": "none: the page that confirms an address",
    "GET /f/{code}": "none: a form of a message",
    "POST /f/{code}": "none: a form of a message",
    "GET /v/{token}": "none: the page that confirms a number",
    "POST /v/{token}": "none: the page that confirms a number",
}
# A batch over this waits to fill, or Lambda refuses it.
BATCH_WITHOUT_WINDOW = 10
VISIBILITY_PER_TIMEOUT = 6
# API Gateway answers 503 after 30 s.
HTTP_SECONDS = 29


def event_sources(template: dict) -> Iterator[str]:
    """Queue sources: batch sizes, partial batches, permissions, visibility."""
    queues = of_type(template, "AWS::SQS::Queue")
    for name, source in of_type(template, "AWS::Lambda::EventSourceMapping").items():
        queue, function = named(source["EventSourceArn"]), named(source["FunctionName"])
        window = source.get("MaximumBatchingWindowInSeconds", 0)
        if source.get("BatchSize", 10) > BATCH_WITHOUT_WINDOW and window < 1:
            yield f"{name}: a batch of {source['BatchSize']} without a batching window"
        if "ReportBatchItemFailures" not in source.get("FunctionResponseTypes", []):
            yield f"{name}: one message that fails brings its whole batch back"
        for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]:
            if not allows(template, role_of(template, function), action, queue):
                yield f"{name}: {function} may not {action} on {queue}"
        timeout = functions(template)[function]["Timeout"]
        least = VISIBILITY_PER_TIMEOUT * timeout + window
        if queues[queue].get("VisibilityTimeout", 30) < least:
            yield f"{name}: {queue} hides messages for less than {least} s"
        limit = source.get("ScalingConfig", {}).get("MaximumConcurrency", 2)
        if isinstance(limit, int) and not 2 <= limit <= 1000:
            yield f"{name}: MaximumConcurrency {limit} is not 2 to 1000"


RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)")
FIELDS = [(0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199)]
NAMES = {3: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", 4: "SUN MON TUE WED THU FRI SAT"}


def reads_as_schedule(expression: str) -> bool:
    if RATE.fullmatch(expression) or re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", expression):
        return True
    cron = re.fullmatch(r"cron\((.*)\)", expression)
    fields = cron.group(1).split(" ") if cron else []
    # Of day of month and day of week, one must be `?`.
    return len(fields) == 6 and (fields[2] == "?") != (fields[4] == "?") and all(
        reads_as_field(place, field) for place, field in enumerate(fields)
    )


def reads_as_field(place: int, field: str) -> bool:
    low, high = FIELDS[place]
    for part in field.split(","):
        base, _, step = part.partition("/")
        if step and not step.isdigit():
            return False
        if base in ("*", "?") or (place in (2, 4) and re.fullmatch(r"L|\d+W|\d+L|\d#\d|LW", base)):
            continue
        for end in base.split("-"):
            known = end.upper() in NAMES.get(place, "").split() and end
            if not known and not (end.isdigit() and low <= int(end) <= high):
                return False
    return True


def schedules(template: dict) -> Iterator[str]:
    """EventBridge Scheduler: expressions, time zones, names and roles."""
    for name, schedule in of_type(template, "AWS::Scheduler::Schedule").items():
        expression = schedule["ScheduleExpression"]
        if not reads_as_schedule(expression):
            yield f"{name}: {expression} is no schedule"
        if expression.startswith("cron") and "ScheduleExpressionTimezone" not in schedule:
            yield f"{name}: {expression} without a time zone is UTC"
        if not (text(schedule.get("Name")) or "").startswith(STACK):
            yield f"{name}: its name is not the stack's own, so two stacks collide"
        target = schedule["Target"]
        role, function = named(target["RoleArn"]), named(target["Arn"])
        if not trusts(template, role, "scheduler.amazonaws.com"):
            yield f"{name}: its role {role} is not the scheduler's"
        if not allows(template, role, "lambda:InvokeFunction", function):
            yield f"{name}: its role {role} may not invoke {function}"
        if "RetryPolicy" not in target:
            yield f"{name}: it is tried again for a day, whatever that is good for"
        dead = named(target.get("DeadLetterConfig", {}).get("Arn"))
        if dead and not allows(template, role, "sqs:SendMessage", dead):
            yield f"{name}: its role {role} may not leave what failed in {dead}"


def rules(template: dict) -> Iterator[str]:
    """Rules of the buses: permission to invoke, and where an event goes that could not be handed over."""
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    roles = of_type(template, "AWS::IAM::Role")
    for name, rule in of_type(template, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            to = named(target["Arn"])
            if to in functions(template) and not any(
                named(it["FunctionName"]) == to
                and it["Principal"] == "events.amazonaws.com"
                and named(it.get("SourceArn")) == name
                for it in permissions
            ):
                yield f"{name}: it may not invoke {to}"
            role = named(target.get("RoleArn"))
            if role and not (role in roles and trusts(template, role, "events.amazonaws.com")):
                yield f"{name}: its role {role} is not the bus's"
            dead = named(target.get("DeadLetterConfig", {}).get("Arn"))
            if not dead:
                yield f"{name}: what {to} could not be handed is lost"
            elif not takes_from(template, dead, "events.amazonaws.com"):
                yield f"{name}: {dead} takes nothing from the bus"


def takes_from(template: dict, queue: str, service: str) -> bool:
    for policy in of_type(template, "AWS::SQS::QueuePolicy").values():
        if queue in [named(it) for it in policy["Queues"]]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if service in many(statement["Principal"].get("Service", [])):
                    return "sqs:SendMessage" in many(statement["Action"]) and "Condition" in statement
    return False


def routes(template: dict) -> Iterator[str]:
    """The public routes are exactly those above."""
    found = [it["RouteKey"] for it in of_type(template, "AWS::ApiGatewayV2::Route").values()]
    for key in sorted(set(found) - set(ROUTES)):
        yield f"{key}: a route that nobody allowed"
    for key in sorted(set(ROUTES) - set(found)):
        yield f"{key}: a route is missing"
    if len(found) != len(set(found)):
        yield "two routes have one key"


def http(template: dict) -> Iterator[str]:
    """The way from a route to its function, and what the API takes and logs."""
    integrations = of_type(template, "AWS::ApiGatewayV2::Integration")
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    for name, route in of_type(template, "AWS::ApiGatewayV2::Route").items():
        target = (text(route["Target"]) or "").removeprefix("integrations/").strip("${}")
        if target not in integrations:
            yield f"{name}: its target {target} is no integration"
    for name, integration in integrations.items():
        function = named(integration["IntegrationUri"])
        if integration["PayloadFormatVersion"] != "2.0":
            yield f"{name}: the functions read payload 2.0"
        if functions(template)[function]["Timeout"] > HTTP_SECONDS:
            yield f"{name}: {function} may take longer than the API waits"
        if not any(
            named(it["FunctionName"]) == function
            and it["Principal"] == "apigateway.amazonaws.com"
            and "${Api}/" in (text(it.get("SourceArn")) or "")
            for it in permissions
        ):
            yield f"{name}: the API may not invoke {function}"
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage").items():
        settings = stage.get("DefaultRouteSettings", {})
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(settings):
            yield f"{name}: nothing throttles it"
        log = stage.get("AccessLogSettings", {}).get("Format", "")
        for word in ["path", "rawPath", "sourceIp", "identity", "userAgent", "protocol"]:
            if f"$context.{word}" in log:
                yield f"{name}: $context.{word} tells of a person or is a secret"
        if not log:
            yield f"{name}: it has no access log"
