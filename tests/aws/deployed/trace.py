"""One list of calls, played on both runtimes, and what each of them made of it."""

import datetime
import json
import re
import threading
import time
import zoneinfo

from .checks import expect, wait_until
from .sides import Side

# Zones without summer time, one for every part of the day.
_ZONES = ["Pacific/Honolulu", "America/Bogota", "America/Sao_Paulo", "Africa/Lagos", "Asia/Dubai", "Asia/Kolkata",
          "Asia/Bangkok", "Asia/Tokyo", "Pacific/Noumea"]  # fmt: skip


def zone(hours: set[int]) -> str:
    """A zone in which it is one of these hours, and stays so for the test."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=10)
    return next(name for name in _ZONES if now.astimezone(zoneinfo.ZoneInfo(name)).hour in hours)


class Trace:
    """What happens to twelve customers."""

    def __init__(self) -> None:
        self.day = zone(set(range(10, 19)))
        self.night = zone({21, 22, 23, 0, 1, 2, 3, 4, 5})
        began = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.began = int(began.timestamp())
        self._at = began - datetime.timedelta(minutes=2)
        self._called = 0

    def call(self, kind: str, user: str, **more) -> dict:
        """A tracking call, the same for both: each at an instant of its own, shortly before now."""
        self._called += 1
        at = self._at + datetime.timedelta(seconds=self._called)
        common = {"type": kind, "userId": user, "messageId": f"t-{self._called}", "timestamp": at.isoformat()}
        return common | more

    def people(self) -> list[dict]:
        """Twelve customers: one without a number, one at night, some by LINE."""
        agreed = {channel: {"marketing": True} for channel in ("sms", "email", "line")}
        calls = []
        for number in range(1, 13):
            traits = {
                "name": f"花{number}",
                "phone": phone(number),
                "email": email(number),
                "time_zone": self.night if number in (9, 10) else self.day,
                "consents": agreed,
            }
            if number <= 3:
                traits["line_id"] = f"U{number:032x}"
            if number == 5:
                del traits["phone"]
            if number == 11:
                traits["consents"] = {"sms": {"marketing": False}}
            calls.append(self.call("identify", user(number), traits=traits))
        return calls

    def sign_ups(self) -> list[dict]:
        return [self.call("track", user(number), event="Signed Up") for number in range(1, 7)]

    def orders(self) -> list[dict]:
        order = lambda number: {"order_id": f"A-{number}", "total": 3980, "currency": "JPY"}
        buyers = (1, *range(7, 13))
        return [self.call("track", user(number), event="Order Completed", properties=order(number)) for number in buyers]


def user(number: int) -> str:
    return f"u{number:02}"


def phone(number: int) -> str:
    return f"+8190{10_000_000 + number}"


def email(number: int) -> str:
    return f"u{number:02}@example.jp"


def both(play, *sides: Side) -> list:
    """Does something on all sides at once; the errors of each count."""
    results, errors = [None] * len(sides), []

    def run(index: int, side: Side) -> None:
        try:
            results[index] = play(side)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index, side)) for index, side in enumerate(sides)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def link(text: str) -> str:
    """The first link of a text."""
    found = re.search(r"http://[!-~]+", text)
    expect(found, f"no link in {text}")
    return found[0]


def status(document: dict, journey: str) -> dict:
    """The enrollment of a customer in a journey."""
    return next((entry for entry in document.get("enrollments", []) if entry["journey"] == journey), {})


def messages(document: dict, journey: str) -> dict[int, dict]:
    """The messages of an enrollment, by step."""
    visits = status(document, journey).get("visits", [])
    return {visit["message"]["step"]: visit["message"] for visit in visits if "message" in visit}


def delivered(people: dict, numbers, journey: str, step: int) -> bool:
    """Whether the provider told that these customers have the message of a step."""
    return all(messages(people.get(user(n), {}), journey).get(step, {}).get("status") == "delivered" for n in numbers)


class Play:
    """The trace in its parts; each waits until what it did has come to rest, so that both sides do the same in turn."""

    def __init__(self, trace: Trace) -> None:
        self.people, self.sign_ups, self.orders = trace.people(), trace.sign_ups(), trace.orders()
        call = trace.call
        self.asked = [
            call("enroll", user(8), journey="asked", key="spring"),
            call("enroll", user(7), journey="asked", key="spring"),
            call("enroll", user(7), journey="asked", key="spring"),
        ]
        self.removed = [call("remove", user(8), journey="asked")]
        self.replied_at = trace.began - 1
        self.exports: dict[str, dict] = {}

    def begin(self, side: Side) -> None:
        """Customers, and those who sign up get their first message."""
        side.take(self.people)
        side.until("everyone is stored", lambda people: len(people) == len(self.people))
        side.take(self.sign_ups)
        side.until("the first messages arrived", lambda people: delivered(people, (1, 2, 3, 4, 6), "welcome", 0))

    def click(self, side: Side) -> None:
        """Two follow their links, and a program a third one; each is led where the definition says."""
        for number, method in ((1, "GET"), (2, "GET"), (3, "HEAD")):
            message = side.message(phone(number), "です")
            # Whoever is there within three seconds is taken for a program.
            time.sleep(max(0, message["accepted_at"] / 1000 + 4 - time.time()))
            answer, headers, _ = side.browse(link(message["text"]), method)
            expect(answer == 302 and headers["location"] == "https://shop.example.jp/", f"{side.name}: {answer} {headers}")
        clicked = lambda people: all("clicked" in messages(people[user(n)], "welcome")[0] for n in (1, 2))
        side.until("the clicks are known", clicked)

    def reply(self, side: Side) -> None:
        """One answers STOP, which counts only when the provider signed it."""
        code = side.message(phone(3))["reference"]
        notice = {"type": "reply", "from": phone(3), "to_reference": code, "text": "停止", "at": self.replied_at, "id": "r-1"}
        forged = side.tell([notice], "whsec_" + "A" * 43 + "=")
        expect(forged == 403, f"{side.name}: a forged post was answered {forged}")
        expect(not side.suppressed("sms"), f"{side.name}: a forged post stopped someone")
        told = side.tell([notice], identifier="post-2")
        expect(told == 200, f"{side.name}: a signed post was answered {told}")
        expect(len(side.suppressed("sms")) == 1, f"{side.name}: who answered STOP is not suppressed")
        side.settle()

    def buy(self, side: Side) -> None:
        """Orders: the goal of one, and what begins the other journey for others."""
        side.take(self.orders)
        goal = lambda people: status(people[user(1)], "welcome").get("state", {}).get("ended", {}).get("why") == "goal"
        side.until("the goal is reached", goal)
        side.take(self.asked)
        side.until("a request began a journey", lambda people: delivered(people, (7, 8), "asked", 0))
        side.take(self.removed)
        held = lambda people: all(status(people[user(n)], "news") for n in range(7, 13))
        side.until("everyone who bought is in the other journey", held)
        sent = lambda people: all(
            message.get("status") != "accepted"
            for number in range(7, 13)
            for message in messages(people[user(number)], "news").values()
        )
        side.until("and what was sent there arrived", sent)

    def verify(self, side: Side) -> None:
        """A one-time code is sent and is right once."""
        number = "+819019999999"
        answer, told = side.call("/v1/verifications", {"to": number, "ip": "192.0.2.7"})
        expect(answer == 202, f"{side.name}: {answer} {told}")
        code = re.search(r"[0-9]{6}", side.message(number)["text"])[0]
        check = lambda code: side.call("/v1/verifications/check", {"id": told["id"], "code": code})[1].get("status")
        found = [check("000000" if code != "000000" else "111111"), check(code), check(code)]
        expect(found == ["refused", "approved", "refused"], f"{side.name}: {found}")
        side.settle()

    def wait(self, side: Side) -> None:
        """The clock alone takes everyone on: who clicked by LINE, the others by e-mail."""
        on = lambda people: delivered(people, (3, 4, 5, 6), "welcome", 7) and 6 in messages(people[user(2)], "welcome")
        side.until("the wait is over", on, 150)
        side.settle()

    def read(self, side: Side) -> None:
        """One letter is opened, followed and opted out of, another bounces."""
        letter = side.message(email(4))
        pixel = re.search(r"http://[^\"]+/p/[^\"]+", letter["html"])
        expect(pixel and side.browse(pixel[0])[0] == 200, f"{side.name}: the pixel is not served")
        answer, headers, _ = side.browse(link(letter["text"]))
        expect(answer == 302 and headers["location"] == "https://shop.example.jp/letter", f"{side.name}: {answer}")
        page = re.search(r"http://[!-~]+/o/[!-~]+", letter["text"])[0]
        expect(side.browse(page)[0] == 200, f"{side.name}: the page to opt out is not served")
        answer = side.browse(page, "POST", {})[0]
        expect(answer == 200 and len(side.suppressed("email")) == 1, f"{side.name}: opting out was answered {answer}")
        code = side.message(email(6))["reference"]
        bounced = {"type": "receipt", "reference": code, "status": {"bounced": {"permanent": True}}, "at": self.replied_at}
        expect(side.tell([bounced | {"parts": None, "price": None}], identifier="post-3") == 200, "the bounce is refused")
        side.settle()

    def repeat(self, side: Side) -> None:
        """All calls once more change nothing."""
        before = len(side.inbox())
        side.take(self.people + self.sign_ups + self.orders + self.asked + self.removed)
        side.settle()
        expect(len(side.inbox()) == before, f"{side.name}: calls that came again sent something")

    def export(self, side: Side) -> None:
        """All that is kept of one person is told."""
        answer, told = side.call("/v1/person/export", {"userId": user(2)}, "admin_key")
        expect(answer == 200, f"{side.name}: {answer} {told}")
        self.exports[side.name] = told
        refused, _ = side.call("/v1/person/export", {"userId": user(2)}, "write_key")
        expect(refused == 401, f"{side.name}: the write key reads people: {refused}")

    def erase(self, side: Side) -> None:
        """One person asks to be erased."""
        answer, told = side.call("/v1/person/erase", {"userId": user(12)}, "admin_key")
        expect(answer in (200, 202), f"{side.name}: {answer} {told}")

    def erased(self, side: Side) -> None:
        """Nothing is left of that person."""
        stage = lambda: side.call("/v1/person/erasure", {"userId": user(12)}, "admin_key")[1]
        wait_until(f"{side.name}: the erasure is over", lambda: "erased" in json.dumps(stage()), 150, 1)
        left = [key for key, item in side.rows().items() if user(12) in json.dumps([key, item])]
        expect(not left, f"{side.name}: left of who was erased: {left}")
        side.settle()
