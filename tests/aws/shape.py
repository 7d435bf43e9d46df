"""What the checks ask of a translated template."""

from collections.abc import Iterator

STACK = "${AWS::StackName}"


def of_type(template: dict, kind: str) -> dict[str, dict]:
    """The properties of every resource of a type, by logical id."""
    found = template["Resources"].items()
    return {name: it.get("Properties", {}) for name, it in found if it["Type"] == kind}


def named(value) -> str | None:
    """The logical id that a Ref, or a GetAtt of anything, names."""
    if not isinstance(value, dict):
        return None
    if "Ref" in value:
        return value["Ref"]
    target = value.get("Fn::GetAtt")
    if isinstance(target, str):
        return target.split(".")[0]
    return target[0] if target else None


def text(value) -> str | None:
    """The text of a Sub, or text itself."""
    if isinstance(value, dict):
        value = value.get("Fn::Sub")
    return value if isinstance(value, str) else None


def many(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(role: dict) -> Iterator[dict]:
    for policy in role.get("Policies", []):
        yield from many(policy["PolicyDocument"]["Statement"])


def allows(template: dict, role: str | None, action: str, resource: str) -> bool:
    """Whether a role allows an action on a resource of the template, by their logical ids."""
    properties = of_type(template, "AWS::IAM::Role").get(role or "", {})
    return any(
        statement["Effect"] == "Allow"
        and action in many(statement["Action"])
        and resource in [named(it) for it in many(statement["Resource"])]
        for statement in statements(properties)
    )


def trusts(template: dict, role: str | None, service: str) -> bool:
    properties = of_type(template, "AWS::IAM::Role").get(role or "", {})
    document = properties.get("AssumeRolePolicyDocument", {"Statement": []})
    return any(
        service in many(statement["Principal"].get("Service", []))
        for statement in many(document["Statement"])
    )


def functions(template: dict) -> dict[str, dict]:
    return of_type(template, "AWS::Lambda::Function")


def role_of(template: dict, function: str | None) -> str | None:
    return named(functions(template).get(function or "", {}).get("Role"))
