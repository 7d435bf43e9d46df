"""What is shown of the deployed stack, in its order."""

import json
import shutil
import threading
import time

from . import checks, drift, place, same, trace
from .checks import check, expect, wait_until
from .emulator import Emulator
from .loopback import EndUserMessaging, Front, Receiver
from .mutations import Mutations
from .sides import SENDER, Deployed, Machine, apply, rows_of
from .stack import Stack, package

# The first of the customers who sign up while the stack is deployed anew.
_CROWD = 100


def tell() -> int:
    """Everything; the exit code."""
    place.fresh()
    if check("there is a release binary of every function", present) is None:
        print(f"{checks.passed} passed, {len(checks.failed)} failed", flush=True)
        return 1
    template = drift.template()
    check("each folder under functions/ is a function of the template", drift.folders, template)
    check("what each binary can ask of AWS is what its role allows", drift.actions, template)
    check("the template gives variables that the code reads, and all of them", drift.variables, template)
    check("the code reads table, index and queues by the names of the template", drift.stores, template)
    check("the API has the routes that the functions serve", drift.routes, template)
    emulator = check("the emulator of AWS is up, and enforces roles", Emulator)
    packaged = emulator and check("sam package takes the release binaries of all functions", package, emulator)
    if packaged:
        Story(emulator, packaged).tell()
    print(f"{checks.passed} passed, {len(checks.failed)} failed", flush=True)
    return 1 if checks.failed else 0


def present() -> bool:
    missing = [name for name in (*place.FUNCTIONS, "tsunagi") if not (place.BINARIES / name).exists()]
    expect(not missing, f"none of {', '.join(missing)} in {place.BINARIES}: cargo build --release, or TSUNAGI_BINARIES")
    return True


class Story:
    """One stack from its first deployment to its end."""

    def __init__(self, emulator: Emulator, packaged: dict) -> None:
        self.emulator = emulator
        self.keys = place.keys()
        self.secret(place.WORK.name, {})
        self.front = Front(emulator)
        self.receiver = Receiver(self.keys["webhook_secret"])
        self.text = EndUserMessaging()
        self.machine = Machine(self.keys)
        parameters = {
            "Secret": place.WORK.name,
            "SenderName": SENDER,
            "EmailFrom": "shop@example.jp",
            "LinkBaseUrl": self.front.url,
        }
        self.stack = Stack(emulator, packaged, parameters)
        self.deployed = Deployed(self.keys, self.stack, self.front)
        parameters["SandboxUrl"] = self.deployed.provider
        self.definitions = place.WORK / "definitions"
        shutil.copytree(place.DEFINITIONS, self.definitions)
        self.fill("welcome.yaml", "RECEIVER", self.receiver.url)

    def tell(self) -> None:
        if check("sam deploy makes every resource of the template", self.deploy):
            check("a bus event reaches its rule's target: definitions come into force", self.put_in_force)
            check("tsunagi up serves the same definitions", self.machine.up)
            self.play()
            check("each webhook came signed, once from either runtime", self.webhooks)
            check("a poison message is put aside with its cause, and comes back there when it is redriven", self.poison)
            check("a new version over running campaigns: data stay, all go on, nothing is sent twice", self.redeploy)
            check("a letter leaves by SES, an SMS by End User Messaging, each signed as its function's role", self.by_aws)
            check("what AWS tells of them on the default bus reaches their customers", self.told_by_aws)
            Mutations(self.stack, self.deployed, self.receiver, self.text).tell()
            second = check("a second stack stands beside it in the same account", self.second)
            check("sam delete takes one stack away and keeps its table; the other goes on", self.delete, second)

    def secret(self, name: str, accounts: dict) -> None:
        """The one secret of a stack."""
        names = {
            "WRITE_KEY": "write_key",
            "CODE_KEY": "code_key",
            "ADDRESS_KEY": "address_key",
            "ADMIN_KEY": "admin_key",
            "CALLBACK_SECRET": "callback_secret",
            "WEBHOOK_SECRET": "webhook_secret",
            "SANDBOX_KEY": "provider_key",
        }
        secret = {name: self.keys[key] for name, key in names.items()} | {"PROVIDER_SECRETS": json.dumps(accounts)}
        self.emulator.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))

    def fill(self, file: str, word: str, value: str) -> None:
        """Puts an address of this run into a definition."""
        path = self.definitions / file
        path.write_text(path.read_text(encoding="utf-8").replace(word, value), encoding="utf-8")

    def deploy(self) -> bool:
        self.stack.deploy()
        self.front.api = self.stack.ids["Api"]
        expect(self.stack.status == "CREATE_COMPLETE", self.stack.status)
        wanted = {name for name, resource in self.stack.packaged["Resources"].items() if "Condition" not in resource}
        expect(wanted <= self.stack.ids.keys(), f"not there: {wanted - self.stack.ids.keys()}")
        return True

    def put_in_force(self) -> None:
        """`tsunagi apply` checks and numbers definitions; its rows are put into the deployed table, and the bus is told."""
        self.machine.apply(self.definitions)
        number = self.stack.define(self.machine.rows())
        begun = lambda: [sk for pk, sk in self.deployed.rows() if pk == "R#" and f"#{number:010}#" in sk]
        wait_until("a run over everyone has begun", begun, 30)

    def play(self) -> None:
        played = trace.Trace()
        play = trace.Play(played)
        parts = [
            ("ingest → inbox → advance → send → signed receipt", play.begin),
            ("links lead where the definition says, and clicks are told from programs", play.click),
            ("a signed reply opts out, a forged one changes nothing", play.reply),
            ("orders reach the goal and begin journeys; enroll and remove", play.buy),
            ("an erasure is asked for with the admin key", play.erase),
            ("a one-time code is sent, and is right once", play.verify),
            ("a schedule fires: a wait ends by the clock alone, by LINE and by e-mail", play.wait),
            ("letters are opened, followed, opted out of and bounce", play.read),
            ("what is kept of one person is told", play.export),
            ("calls that come again change nothing", play.repeat),
            ("nothing is left of who was erased", play.erased),
        ]
        both = lambda part: trace.both(part, self.machine, self.deployed)
        for name, part in parts:
            check(name, both, part)
        check("both runtimes decided, sent and kept the same", self.compare, played.began, play)

    def compare(self, began: int, play: trace.Play) -> None:
        seen = [same.Seen(side, began) for side in (self.machine, self.deployed)]
        for side, rows in zip(("machine", "deployed"), seen):
            (place.WORK / f"rows-{side}.txt").write_text("\n".join([*rows.rows, *rows.sent]), encoding="utf-8")
        compared = same.same(*seen)
        ledger = [row for row in seen[1].rows if '"pk": "J#' in row]
        expect(compared > 100 and len(ledger) > 12, f"only {compared} rows and {len(ledger)} of the ledger were compared")
        exports = [one.read(play.exports[one.side.name]) for one in seen]
        for export in exports:
            # They stand in the order of their codes, which are drawn by chance.
            export["messages"].sort(key=lambda message: message["code"])
        expect(exports[0] == exports[1], f"exports differ:\n     {exports[0]}\n     {exports[1]}")

    def webhooks(self) -> None:
        expect(self.receiver.refused == 0, f"{self.receiver.refused} webhooks were not signed")
        came = sorted(taken["customer"] for taken in self.receiver.taken)
        wanted = sorted(2 * [trace.user(number) for number in range(1, 7)])
        expect(came == wanted, f"webhooks came of {came}")

    def poison(self) -> None:
        body = '{"v":1,"customer":"poison",\n"inputs":"090-1234-5678"}'
        self.stack.sqs.send_message(QueueUrl=self.stack.ids["InboxQueue"], MessageBody=body)
        for _ in range(2):
            letter = wait_until("it is put aside", lambda: self.stack.letters("InboxDeadLetters"), 30)[0]
            cause = letter["MessageAttributes"]["cause"]["StringValue"]
            expect(letter["Body"] == body and "line 2" in cause and "090" not in cause, f"{letter}")
            self.stack.redrive("InboxDeadLetters", "InboxQueue")
        wait_until("it is put aside again", lambda: self.stack.letters("InboxDeadLetters", take=True), 30)
        told = [line for line in self.stack.logged() if "1234-5678" in line]
        expect(not told, f"a log tells a number: {told}")

    def by_aws(self) -> None:
        self.emulator.client("sesv2").create_email_identity(EmailIdentity="example.jp")
        accounts = place.WORK / "accounts"
        accounts.mkdir()
        (accounts / "providers.yaml").write_text(
            "providers:\n"
            "  accounts:\n"
            f"    mail: {{ provider: ses, url: '{self.emulator.url}' }}\n"
            f"    texts: {{ provider: aws, url: '{self.text.url}', settings: {{ sender: '000512345' }} }}\n"
            "  routes:\n"
            "    - { channel: email, to: { mail: 1 } }\n"
            "    - { channel: sms, to: { texts: 1 } }\n",
            encoding="utf-8",
        )
        # `up` keeps its own accounts: these are checked and numbered beside what is in force, in an installation of theirs.
        scratch = place.WORK / "scratch"
        for directory in (self.definitions, accounts):
            apply(directory, scratch)
        self.stack.define(rows_of(scratch))
        # What a function has read of definitions it keeps for half a minute.
        time.sleep(31)
        self.deployed.take(person(50))
        self.deployed.take([enroll(50)])
        sent = lambda people: {1, 0} <= trace.messages(people.get("c50", {}), "asked").keys()
        accepted = lambda people: sent(people) and all(
            it["status"] == "accepted" for it in trace.messages(people["c50"], "asked").values()
        )
        self.deployed.until("both are accepted", accepted)
        expect(len(self.text.taken) == 1, f"End User Messaging took {self.text.taken}")
        text = self.text.taken[0]
        expect(text["DestinationPhoneNumber"] == trace.phone(50) and text["Context"]["code"], f"{text}")
        expect(self.text.keys.isdisjoint({"test"}), "the SMS was signed with other keys than its function's")
        [mails] = self.emulator.get("/_ministack/ses/messages")["messages"].values()
        # The emulator keeps no sender of a raw message.
        found = [(mail["To"], mail["BodyText"]) for mail in mails]
        expect(len(found) == 1 and found[0][0] == [trace.email(50)], f"SES took {found}")
        expect(f"{self.front.url}/l/" in found[0][1], f"no link of ours in {found[0][1]}")

    def told_by_aws(self) -> None:
        """Nobody may put events of AWS's on the bus, and the emulator puts none there: its rules judge ours, and their
        target is handed what they let through."""
        sms, mail = (trace.messages(self.deployed.documents()["c50"], "asked")[step]["code"] for step in (0, 1))
        now = int(time.time())
        text = {"eventType": "TEXT_DELIVERED", "eventVersion": "1.0", "eventTimestamp": now * 1000, "isFinal": True}
        letter = {"eventType": "Delivery", "mail": {"tags": {"code": [mail]}}, "delivery": {}}
        self.tell_by_rule("aws.sms-voice", "Text Message Delivery Status Updated", text | {"context": {"code": sms}}, 1)
        self.tell_by_rule("aws.sms-voice", "Text Message Delivery Status Updated", text, 0)
        self.tell_by_rule("aws.ses", "Email Delivered", letter, 1)
        self.tell_by_rule("aws.ses", "Email Sent", letter, 0)
        arrived = lambda people: all(it["status"] == "delivered" for it in trace.messages(people["c50"], "asked").values())
        self.deployed.until("both arrived", arrived)

    def tell_by_rule(self, source: str, kind: str, detail: dict, rules: int) -> None:
        """An event of AWS's that so many of the stack's rules on the default bus take."""
        events = self.emulator.client("events")
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {"version": "0", "id": "1", "source": source, "detail-type": kind, "time": at, "region": place.REGION,
                 "account": "000000000000", "resources": [], "detail": detail}  # fmt: skip
        taken = 0
        for rule in events.list_rules()["Rules"]:
            pattern = rule.get("EventPattern")
            if pattern and events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]:
                for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                    taken += 1
                    expect(self.stack.ids["CallbackFunction"] in target["Arn"], f"{rule['Name']} tells {target['Arn']}")
                    answer = self.emulator.client("lambda").invoke(FunctionName=target["Arn"], Payload=json.dumps(event))
                    expect("FunctionError" not in answer, f"{kind}: {answer['Payload'].read()}")
        expect(taken == rules, f"{taken} rules take {kind}, not {rules}")

    def redeploy(self) -> None:
        """People sign up while every function gets another zip; who was in the middle of a journey stays there."""
        kept = ("C#u", "J#", "M#", "S#", "E#")
        before = {key for key in self.deployed.rows() if key[0].startswith(kept)}
        template = self.stack.another_version()
        # Where AWS lets an invocation end, the emulator kills it: its messages come back, here before the test is over.
        for queue in ("InboxQueue", "SmsQueue", "EmailQueue"):
            self.stack.hide(queue, 20)
        deploying = threading.Thread(target=self.attempt, args=(template,))
        deploying.start()
        numbers = []
        while deploying.is_alive() or len(numbers) < 10:
            numbers.append(_CROWD + len(numbers))
            self.deployed.take([*person(numbers[-1]), enroll(numbers[-1])])
            deploying.join(0.5)
        expect(self.stack.status == "UPDATE_COMPLETE", f"{self.deploy_error or self.stack.status}")
        numbers.append(_CROWD + len(numbers))
        self.deployed.take([*person(numbers[-1]), enroll(numbers[-1])])
        self.deployed.until("everyone was written to", lambda people: all(
            trace.delivered({trace.user(number): people.get(f"c{number}", {})}, [number], "asked", step)
            for number in numbers for step in (0, 1)
        ), 180)  # fmt: skip
        self.deployed.settle()
        lost = before - self.deployed.rows().keys()
        expect(not lost, f"lost: {lost}")
        inbox = self.deployed.inbox()
        sent = {number: [entry["times"] for entry in inbox if entry["to"] == trace.phone(number)] for number in numbers}
        twice = {number: times for number, times in sent.items() if times != [1]}
        expect(not twice, f"not once each: {twice}")
        waits = trace.status(self.deployed.documents()["u02"], "welcome")["state"]
        expect("waiting" in waits, f"a campaign of before stands at {waits}")

    def attempt(self, template: dict) -> None:
        self.deploy_error = None
        try:
            self.stack.deploy(template)
        except checks.Failed as error:
            self.deploy_error = error

    def second(self):
        """A stack of another name with a secret of its own."""
        self.secret("second", {})
        second = Stack(self.emulator, self.stack.packaged, self.stack.parameters | {"Secret": "second"}, "second")
        second.deploy()
        shared = set(second.ids.values()) & set(self.stack.ids.values()) - {"$default"}
        expect(not shared, f"both stacks have {shared}")
        return second

    def delete(self, second) -> None:
        expect(second, "there is no second stack")
        table = self.stack.outputs["TableName"]
        second.delete()
        left = second.still_there()
        expect(left == {second.outputs["TableName"]}, f"left of the deleted stack: {left}")
        expect(table in self.stack.dynamodb.list_tables()["TableNames"], "the other stack's table is gone")
        self.deployed.take(person(60))
        self.deployed.until("the other stack takes customers", lambda people: "c60" in people)


def person(number: int) -> list[dict]:
    """A customer with a number and an address."""
    traits = {"phone": trace.phone(number), "email": trace.email(number)}
    return [{"type": "identify", "userId": f"c{number}", "messageId": f"i-{number}", "traits": traits}]


def enroll(number: int) -> dict:
    """A request to write to that customer."""
    return {"type": "enroll", "userId": f"c{number}", "messageId": f"e-{number}", "journey": "asked", "key": "one"}
