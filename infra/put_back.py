#!/usr/bin/env python3
"""Puts customers back as a restored copy of the table has them. Needs boto3 and ordinary AWS credentials.

    infra/put_back.py RESTORED TABLE [--only IDS] [--write]

What was sent stays known: claims, suppressions and consents of the table in use are not touched. Left alone are customers who
are not in the table any more (they were erased), who are being erased, and who said anything on messages since.
"""

import argparse
import time

import boto3
from boto3.dynamodb.conditions import Attr, Key

# What a person said on messages, in the keys beside the customer.
WORDS = ("consent#", "untold#")


def beside(table, pk: str) -> dict[str, dict]:
    """All that stands under a customer's key, by sort key."""
    found, start = {}, {}
    while True:
        page = table.query(KeyConditionExpression=Key("pk").eq(pk), ConsistentRead=True, **start)
        found.update({item["sk"]: item for item in page["Items"]})
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def customers(table, only: set[str] | None):
    """The customers of the copy."""
    if only is not None:
        for customer in sorted(only):
            yield from [it for it in [table.get_item(Key={"pk": f"C#{customer}", "sk": "customer"}).get("Item")] if it]
        return
    start = {}
    while True:
        page = table.scan(FilterExpression=Attr("sk").eq("customer") & Attr("pk").begins_with("C#"), **start)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def put_back(copied: dict, restored, table, write: bool) -> str:
    """What becomes of one customer."""
    pk = copied["pk"]
    now = beside(table, pk)
    current = now.get("customer")
    if "erasing" in copied or current is None or "erasing" in current:
        return "erased"
    if current["doc"] == copied["doc"]:
        return "same"
    words = {sk for sk in now if sk.startswith(WORDS)}
    if words - set(beside(restored, pk)):
        return "said"
    item = copied | {"rev": current["rev"] + 1, "by": f"put-back-{time.time_ns()}"}
    shard = copied.get("due_shard") or current.get("due_shard")
    if shard:
        # Due at once: whoever is looked at finds the next instant by itself.
        item |= {"due_shard": shard, "due_at": int(time.time())}
    if write:
        try:
            table.put_item(Item=item, ConditionExpression=Attr("rev").eq(current["rev"]))
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            return "changing"
    return "put back"


SAYS = {
    "put back": "put back",
    "same": "as they were",
    "erased": "erased since, left alone",
    "said": "said something on messages since, left alone",
    "changing": "changed at the same moment, left alone: run it again",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("restored")
    arguments.add_argument("table")
    arguments.add_argument("--only", help="a file of customers' ids, one a line")
    arguments.add_argument("--write", action="store_true", help="do it; without, it only counts")
    given = arguments.parse_args()
    only = None
    if given.only:
        with open(given.only, encoding="utf-8") as file:
            only = {line.strip() for line in file if line.strip()}
    dynamodb = boto3.resource("dynamodb")
    restored, table = dynamodb.Table(given.restored), dynamodb.Table(given.table)
    counts = dict.fromkeys(SAYS, 0)
    for copied in customers(restored, only):
        became = put_back(copied, restored, table, given.write)
        counts[became] += 1
        if became in ("said", "changing"):
            print(f"{copied['pk'].removeprefix('C#')}: {SAYS[became]}")
    for became, count in counts.items():
        print(f"{count} {SAYS[became]}")
    if not given.write:
        print("nothing was written: --write does it")


if __name__ == "__main__":
    main()
