"""The template with what the emulator has not written out for it. The product stays as it is; infra/README.md lists all."""

import copy


def emulated(template: dict, parameters: dict[str, str]) -> dict:
    """A copy for `sam deploy` to the emulator, with these parameters over the template's defaults."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for policy in properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
            permissions(policy["PolicyDocument"]["Statement"])
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
            one_metric(properties)
        for event in properties.get("Events", {}).values():
            limit = event["Properties"].get("ScalingConfig")
            if limit and isinstance(limit["MaximumConcurrency"], dict):
                # It compares the number with the text that a parameter is, and polls nothing.
                name = limit["MaximumConcurrency"]["Ref"]
                limit["MaximumConcurrency"] = int(parameters.get(name, template["Parameters"][name]["Default"]))
    return template


def one_metric(alarm: dict) -> None:
    """It knows no alarms over several metrics: of those, the first."""
    first = next(it["MetricStat"] for it in alarm.pop("Metrics") if "MetricStat" in it)
    alarm.update(first["Metric"], Period=first["Period"], Statistic=first["Stat"])


def permissions(statements: list[dict]) -> None:
    """Two of its services ask for what AWS does not."""
    for statement in statements:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if "sqs:SendMessage" in actions:
            # On AWS there is no action of that name: who may send may send ten at once.
            statement["Action"] = [*actions, "sqs:SendMessageBatch"]
        if "ses:SendEmail" in actions:
            # It does not look at which identity a letter is from.
            statement["Resource"] = "*"
