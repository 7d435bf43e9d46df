"""Template and code say the same: what each binary can ask of AWS, and which variables and routes it knows."""

import functools
import re

import translate

from . import place
from .checks import expect

# Where the SDK writes the operation of a request: only those that a binary can get to are linked into it.
SERVICES = {
    "DynamoDB_20120810": ("dynamodb", ["BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan",
                                       "TransactGetItems", "TransactWriteItems", "UpdateItem"]),
    "AmazonSQS": ("sqs", ["ChangeMessageVisibility", "DeleteMessage", "DeleteMessageBatch", "GetQueueAttributes", "PurgeQueue",
                          "ReceiveMessage", "SendMessage", "SendMessageBatch"]),
    "AWSEvents": ("events", ["PutEvents"]),
    "PinpointSMSVoiceV2": ("sms-voice", ["SendTextMessage"]),
}  # fmt: skip
# Operations that are no actions: what is asked for them.
ASKED = {
    "dynamodb:TransactWriteItems": {"dynamodb:DeleteItem", "dynamodb:PutItem"},
    "sqs:SendMessageBatch": {"sqs:SendMessage"},
}
# Parts of a transaction that not all have: a binary does not say which it makes.
PARTS = {"dynamodb:TransactWriteItems": {"dynamodb:ConditionCheckItem"}}
SES = (b"/v2/email/outbound-emails", {"ses:SendEmail", "ses:SendRawEmail"})
# What Lambda itself does by the function's role: its poller, its dead letters and its logs.
LAMBDA = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "logs:CreateLogStream", "logs:PutLogEvents"}
# A queue that is called otherwise by who puts something there.
ELSEWHERE = {"LATER_QUEUE_URL"}
# Read by the SDK's configuration and set by Lambda.
GIVEN = {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"}


@functools.cache
def binary(name: str) -> bytes:
    return (place.BINARIES / name).read_bytes()


def declared(template: dict) -> dict[str, tuple[str, dict]]:
    """The functions of a template by their folders: the logical id and the properties of each."""
    resources = template["Resources"].items()
    functions = [(name, it["Properties"]) for name, it in resources if it["Type"] == "AWS::Serverless::Function"]
    return {properties["CodeUri"].rsplit("/", 1)[-1]: (name, properties) for name, properties in functions}


def folders(template: dict) -> None:
    """Each folder under functions/ is a function, and each function a folder."""
    expect(sorted(declared(template)) == place.FUNCTIONS, f"{sorted(declared(template))} and {place.FUNCTIONS}")


def actions(template: dict) -> None:
    """What each binary can ask for is allowed, and what is allowed it can ask for."""
    wrong = []
    for folder, (name, properties) in sorted(declared(template).items()):
        asked = can_ask(binary(folder))
        granted = granted_to(template, properties)
        wrong += [f"{folder} may ask for {action}, and {name} is not allowed it" for action in sorted(asked - granted)]
        spare = sorted(granted - asked - LAMBDA - may_ask(binary(folder)))
        wrong += [f"{name} is allowed {action}, and nothing in {folder} asks for it" for action in spare]
    expect(not wrong, "\n     ".join(wrong))


def can_ask(code: bytes) -> set[str]:
    """The actions that a binary can get to."""
    found = set(SES[1]) if SES[0] in code else set()
    for target, (service, operations) in SERVICES.items():
        for operation in operations:
            # The name of a longer operation begins with that of a shorter one.
            longer = "|".join(it.removeprefix(operation) for it in operations if it.startswith(operation) and it != operation)
            end = f"(?!{longer})" if longer else ""
            if re.search(f"{target}\\.{operation}{end}".encode(), code):
                found |= ASKED.get(f"{service}:{operation}", {f"{service}:{operation}"})
    return found


def may_ask(code: bytes) -> set[str]:
    """Further actions that a binary may need for what it can get to."""
    return {action for operation, actions in PARTS.items() if operation.split(":")[1].encode() in code for action in actions}


def granted_to(template: dict, properties: dict) -> set[str]:
    """The actions that a function's role allows."""
    role = template["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
    found = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            found |= set(statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
    return found


def variables(template: dict) -> None:
    """Every variable that the template gives a function is one that its binary knows. The other way round it shows when
    it starts: it is deployed with these and nothing else."""
    everyone = template["Globals"]["Function"]["Environment"]["Variables"]
    wrong = []
    for folder, (name, properties) in sorted(declared(template).items()):
        for variable in properties.get("Environment", {}).get("Variables", {}):
            if variable.encode() not in binary(folder):
                wrong.append(f"{name} gets {variable}, which {folder} does not know")
    named = set()
    for source in [*place.ROOT.glob("functions/*/src/**/*.rs"), *place.ROOT.glob("shared/*/src/**/*.rs")]:
        if "tests" not in source.parts and source.name != "tests.rs":
            named |= set(re.findall(r'vars\.(?:get|required|parsed)\(\s*"([A-Z_]+)"', source.read_text(encoding="utf-8")))
    given = set(everyone).union(*(it.get("Environment", {}).get("Variables", {}) for _, it in declared(template).values()))
    wrong += [f"the code reads {variable}, which no function is given" for variable in sorted(named - given - GIVEN)]
    expect(not wrong, "\n     ".join(wrong))


def stores(template: dict) -> None:
    """The code reads the table, its index and its queues by the names that the template gives them."""
    resources = template["Resources"]
    table = resources["Table"]["Properties"]
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(place.ROOT.glob("shared/cloud/src/**/*.rs")))
    indexes = {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}
    wrong = [f"the code asks for an index {name}" for name in set(re.findall(r'index_name\("(\w+)"\)', code)) ^ indexes]
    attributes = {it["AttributeName"] for it in [*table["AttributeDefinitions"], table["TimeToLiveSpecification"]]}
    wrong += [f"the code knows no attribute {name}" for name in attributes if f'"{name}"' not in code]
    for folder, (name, properties) in sorted(declared(template).items()):
        given = properties.get("Environment", {}).get("Variables", {})
        events = properties.get("Events", {}).values()
        sources = [it["Properties"]["Queue"]["Fn::GetAtt"][0] for it in events if it["Type"] == "SQS"]
        for source in sources:
            redrive = resources[source]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            if given.get("DEAD_LETTER_QUEUE_URL") != {"Ref": redrive}:
                wrong.append(f"{name} puts what it gives up elsewhere than {source} does")
            if given.get("QUEUE_URL", {"Ref": source}) != {"Ref": source}:
                wrong.append(f"{name} puts back what it took from {source} into another queue")
        for variable, value in given.items():
            called = variable.removesuffix("_QUEUE_URL").title().replace("_", "") + "Queue"
            if variable.endswith("_QUEUE_URL") and not variable.startswith("DEAD") and variable not in ELSEWHERE:
                wrong += [f"{name} has {variable} lead to {value['Ref']}"] if value["Ref"] != called else []
    expect(not wrong, "\n     ".join(wrong))


def routes(template: dict) -> None:
    """The API has every route that a function serves, and no other."""
    resources = template["Resources"]
    wrong = []
    for folder, (name, _) in sorted(declared(template).items()):
        integrations = {
            key for key, it in resources.items()
            if it["Type"] == "AWS::ApiGatewayV2::Integration" and it["Properties"]["IntegrationUri"]["Fn::GetAtt"][0] == name
        }  # fmt: skip
        target = lambda it: re.search(r"\$\{(\w+)\}", it["Properties"]["Target"]["Fn::Sub"])[1]
        templates = {
            it["Properties"]["RouteKey"] for it in resources.values()
            if it["Type"] == "AWS::ApiGatewayV2::Route" and target(it) in integrations
        }  # fmt: skip
        served = set().union(*map(served_by, (place.ROOT / "functions" / folder / "src").glob("*.rs")))
        # Whatever answers GET answers HEAD; the API lets that through to links, where programs ask.
        served |= {route.replace("GET ", "HEAD ", 1) for route in served if route.startswith("GET /l/")}
        wrong += [f"{folder} serves {route}, which leads nowhere" for route in sorted(served - templates)]
        wrong += [f"{route} leads to {folder}, which does not serve it" for route in sorted(templates - served)]
    expect(not wrong, "\n     ".join(wrong))


def served_by(source) -> set[str]:
    """The routes that a file of Rust declares."""
    text = source.read_text(encoding="utf-8")
    text = text.partition("#[cfg(test)]")[0]
    found = set()
    for declaration in re.finditer(r"\.route\(\s*\"([^\"]+)\",", text):
        rest, depth, end = text[declaration.end() :], 1, 0
        while depth and end < len(rest):
            depth += {"(": 1, ")": -1}.get(rest[end], 0)
            end += 1
        handlers = set(re.findall(r"\b(get|post|any|calls)\(", rest[:end]))
        methods = {"get": ["GET"], "post": ["POST"], "any": ["GET", "POST"], "calls": ["POST"]}
        found |= {f"{method} {declaration[1]}" for handler in handlers for method in methods[handler]}
    return found


def template() -> dict:
    """The template as it is written."""
    return translate.read(place.ROOT / "infra/template.yaml")
