"""The SAM template as CloudFormation receives it, by SAM's own translator: nothing is asked of AWS."""

import copy
import os
import re

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# The translator puts them into ARNs; the account is nobody's.
REGION = "ap-northeast-1"


def read(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        return yaml_parse(file.read())


def translate(template: dict) -> dict:
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and isinstance(properties["CodeUri"], str):
            # `sam deploy` puts the binary in a bucket and says so here.
            folder = re.sub(r".*/", "", properties["CodeUri"])
            properties["CodeUri"] = f"s3://artifacts/{folder}.zip"
    # No parameter has a value here: what is translated holds for every value.
    translated = Translator({}, Parser()).translate(template, {})
    # The translator hands out the same objects twice; JSON does not.
    return copy.deepcopy(translated)
