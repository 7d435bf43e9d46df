"""Permissions are known to be tested: where a function's role lacks one action, what needs it fails and says so."""

import copy
import time

from . import trace
from .checks import check, expect, wait_until
from .loopback import EndUserMessaging, Receiver
from .sides import Deployed
from .stack import Stack

# Who loses what, in two rounds: none stands in the way of another's being asked.
FIRST = {
    "Link": "dynamodb:GetItem",
    "Callback": "dynamodb:BatchGetItem",
    "Verify": "dynamodb:PutItem",
    "Person": "dynamodb:Query",
    "Schedule": "dynamodb:Query",
    "Recompute": "dynamodb:PutItem",
    "SendSms": "dynamodb:PutItem",
    "SendEmail": "dynamodb:PutItem",
    "SendWebhook": "dynamodb:GetItem",
}
SECOND = {"Ingest": "sqs:SendMessage", "Advance": "dynamodb:PutItem", "SendCode": "dynamodb:UpdateItem"}

# The queues in which what fails waits, each with its dead letters.
QUEUES = {
    "InboxQueue": "InboxDeadLetters",
    "SmsQueue": "SmsDeadLetters",
    "EmailQueue": "EmailDeadLetters",
    "WebhookQueue": "WebhookDeadLetters",
    "CodesQueue": "CodesDeadLetters",
    "CallbackQueue": "CallbackDeadLetters",
}


def without(template: dict, taken: dict[str, str]) -> dict:
    """The template in which each of these roles lacks one action."""
    template = copy.deepcopy(template)
    for function, action in taken.items():
        statements = template["Resources"][f"{function}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        found = 0
        for statement in list(statements):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if action in actions:
                found += 1
                statement["Action"] = [other for other in actions if other != action]
                if not statement["Action"]:
                    statements.remove(statement)
        expect(found, f"the role of {function} does not have {action} to begin with")
    return template


class Mutations:
    """A stack whose roles lack something, and the same stack with all put back."""

    def __init__(self, stack: Stack, deployed: Deployed, receiver: Receiver, text: EndUserMessaging) -> None:
        self.stack = stack
        self.deployed = deployed
        self.receiver = receiver
        self.text = text
        self.functions = stack.emulator.client("lambda")
        self.since = 0

    def tell(self) -> None:
        for taken, drive in ((FIRST, self.first), (SECOND, self.second)):
            what = ", ".join(f"{function} {action}" for function, action in taken.items())
            if not check(f"a stack without one action each of {what}", self.take, taken):
                continue
            drive()
            for function, action in taken.items():
                check(f"  without {action}, {function} is denied, and nothing else is", self.denied, function, action)
            check("  with all put back, what was put aside is redriven and done", self.put_back)
        check("  what was redriven reached each receiver once", self.once)

    def take(self, taken: dict[str, str]) -> bool:
        for queue in QUEUES:
            self.stack.hide(queue, 1)
        self.stack.deploy(without(self.stack.packaged, taken))
        self.since = int(time.time() * 1000)
        return True

    def first(self) -> None:
        code = next(iter(trace.messages(self.deployed.documents()["c50"], "asked").values()))["code"]
        receipt = {"type": "receipt", "reference": code, "status": "delivered", "at": 0, "parts": None, "price": None}
        self.deployed.tell([receipt], identifier="mutated")
        check("  a link is not followed", self.answers, 503, lambda: self.deployed.browse(f"{self.deployed.url}/l/{code}")[0])
        start = {"to": "+819018888888", "ip": "192.0.2.8"}
        check("  no code is sent", self.answers, 503, lambda: self.deployed.call("/v1/verifications", start)[0])
        about = {"userId": "c50"}
        check("  nobody is told of", self.answers, 503, lambda: self.deployed.call("/v1/person/export", about, "admin_key")[0])
        for function in ("ScheduleFunction", "RecomputeFunction"):
            self.functions.invoke(FunctionName=self.stack.ids[function], Payload=b"{}")
        # One fails at the SMS, one has no number and fails at the webhook, one fails at the letter.
        people = {70: {"phone": trace.phone(70)}, 72: {}, 73: {"email": trace.email(73)}}
        self.deployed.take([
            *({"type": "identify", "userId": f"c{number}", "messageId": f"i-{number}", "traits": traits}
              for number, traits in people.items()),
            {"type": "track", "userId": "c70", "messageId": "s-70", "event": "Signed Up"},
            {"type": "track", "userId": "c72", "messageId": "s-72", "event": "Signed Up"},
            {"type": "enroll", "userId": "c73", "messageId": "e-73", "journey": "asked", "key": "one"},
        ])  # fmt: skip
        for dead in ("SmsDeadLetters", "WebhookDeadLetters", "EmailDeadLetters"):
            check(f"  what fails nine times is in {dead}, with its cause", self.put_aside, dead)

    def second(self) -> None:
        call = {"type": "identify", "userId": "c71", "traits": {}}
        check("  no call is taken", self.answers, 503, lambda: self.deployed.call("/v1/batch", {"batch": [call]})[0])
        self.deployed.call("/v1/verifications", {"to": "+819018888888", "ip": "192.0.2.8"})
        code = next(iter(trace.messages(self.deployed.documents()["c50"], "asked").values()))["code"]
        receipt = {"type": "open", "reference": code, "at": int(time.time())}
        self.deployed.tell([receipt], identifier="mutated-again")
        for dead in ("CodesDeadLetters", "InboxDeadLetters"):
            check(f"  what fails nine times is in {dead}, with its cause", self.put_aside, dead)

    def answers(self, wanted: int, ask) -> None:
        found = ask()
        expect(found == wanted, f"answered {found}, not {wanted}")

    def put_aside(self, dead: str) -> None:
        letter = wait_until(f"there is a letter in {dead}", lambda: self.stack.letters(dead), 60, 1)[0]
        cause = letter["MessageAttributes"]["cause"]["StringValue"]
        expect("AccessDenied" in cause or "not authorized" in cause, f"its cause is {cause}")

    def denied(self, function: str, action: str) -> None:
        role = self.stack.ids[f"{function}Role"]
        lines = [line for line in self.stack.logged(self.since) if "AccessDenied" in line or "not authorized" in line]
        mine = [line for line in lines if role in line]
        expect(mine, f"of {role} no denial is logged, only: {lines[:3]}")
        others = [line for line in mine if action not in line]
        expect(not others, f"denied besides: {others[:3]}")

    def put_back(self) -> None:
        self.stack.deploy()
        moved = sum(self.stack.redrive(dead, queue) for queue, dead in QUEUES.items())
        expect(moved, "nothing was put aside")
        self.deployed.settle(90)
        left = {dead: len(self.stack.letters(dead)) for dead in QUEUES.values()}
        expect(not any(left.values()), f"given up again: {left}")
        for queue in QUEUES:
            self.stack.hide(queue, self.stack.packaged["Resources"][queue]["Properties"]["VisibilityTimeout"])

    def once(self) -> None:
        people = self.deployed.documents()
        for customer, journey, step in (("c70", "welcome", 0), ("c73", "asked", 1)):
            found = trace.messages(people[customer], journey).get(step, {}).get("status")
            expect(found in ("accepted", "delivered"), f"the message to {customer} is {found}")
        told = [taken["customer"] for taken in self.receiver.taken].count("c72")
        expect(told == 1, f"the webhook about c72 came {told} times")
        texts = [text["DestinationPhoneNumber"] for text in self.text.taken].count(trace.phone(70))
        expect(texts == 1, f"c70 got {texts} SMS")
