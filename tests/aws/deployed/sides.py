"""The two runtimes, each with a provider of its own, as whoever calls them from outside sees them."""

import base64
import json
import re
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3.dynamodb.types

from . import place
from .checks import Failed, expect, wait_until
from .loopback import signed

BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_open = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({})).open


def request(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None):
    """Makes a request and follows nothing: the status, the headers and the body."""
    asked = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with _open(asked, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Side:
    """A runtime and its provider."""

    def __init__(self, name: str, keys: dict[str, str], url: str, provider: str) -> None:
        self.name = name
        self.keys = keys
        self.url = url
        self.provider = provider

    def call(self, path: str, body: dict, key: str = "write_key") -> tuple[int, dict]:
        """Calls the API."""
        authorization = "Basic " + base64.b64encode(f"{self.keys[key]}:".encode()).decode()
        headers = {"authorization": authorization, "content-type": "application/json"}
        status, _, answer = request("POST", self.url + path, headers, json.dumps(body).encode())
        return status, json.loads(answer or b"{}")

    def take(self, calls: list[dict]) -> None:
        """Posts tracking calls; every one must be taken. As any shop's system does, it tries again what failed: ids make
        that harmless."""
        for _ in range(5):
            status, answer = self.call("/v1/batch", {"batch": calls})
            if status < 500:
                break
            time.sleep(1)
        expect(status == 202 and answer["accepted"] == len(calls), f"{self.name}: {status} {answer}")

    def browse(self, url: str, method: str = "GET", form: dict | None = None, agent: str = BROWSER):
        """Opens a page, as people do."""
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"user-agent": agent}
        if body is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        return request(method, url, headers, body)

    def tell(self, notices: list[dict], secret: str | None = None, identifier: str = "post-1") -> int:
        """Posts notices as the sandbox would, signed; the status of the answer."""
        body, at = json.dumps(notices).encode(), int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": identifier,
            "webhook-timestamp": str(at),
            "webhook-signature": signed(secret or self.keys["callback_secret"], identifier, at, body),
        }
        return request("POST", self.url + "/callbacks/sandbox", headers, body)[0]

    def inbox(self) -> list[dict]:
        """What the provider accepted, oldest first."""
        found: list[dict] = []
        while True:
            after = found[-1]["number"] if found else 0
            page = json.loads(request("GET", f"{self.provider}/inbox?limit=1000&after={after}")[2])
            if not page:
                return found
            found += page

    def message(self, to: str, containing: str = "") -> dict:
        """The latest message to an address, once there is one."""
        fits = lambda entry: entry["to"] == to and containing in (entry["text"] or "")
        find = lambda: [entry for entry in self.inbox() if fits(entry)][-1:]
        return wait_until(f"{self.name}: a message to {to}", find)[0]

    def documents(self) -> dict[str, dict]:
        """The customers' documents, by their ids."""
        rows = self.rows().items()
        return {pk[2:]: json.loads(item["doc"]) for (pk, sk), item in rows if pk[:2] == "C#" and sk == "customer"}

    def until(self, what: str, holds, seconds: float = 60) -> None:
        """Waits until the customers' documents are so."""
        found = {}

        def look() -> bool:
            found.update(self.documents())
            return holds(found)

        wait_until(f"{self.name}: {what}", look, seconds)

    def suppressed(self, channel: str) -> list[str]:
        """Keys of the addresses of a channel to which nothing is sent any more."""
        return [pk for pk, sk in self.rows() if pk.startswith(f"S#{channel}#") and sk == "suppression"]

    def rows(self) -> dict[tuple[str, str], dict]:
        """Every item of the table, by its key."""
        raise NotImplementedError

    def queued(self) -> dict[str, int]:
        """How many messages lie in each queue that has any."""
        raise NotImplementedError

    def settle(self, seconds: float = 60) -> None:
        """Waits until nothing is under way but runs over everyone and erasures, which take their minutes."""
        slow = ("RecomputeQueue", "EraseQueue")
        busy = lambda: {name: count for name, count in self.queued().items() if name not in slow}
        calm = lambda: not busy() and time.sleep(1.2) is None and not busy()
        try:
            wait_until("", calm, seconds)
        except Failed as error:
            raise Failed(f"{self.name}: after {seconds:.0f} s there are still messages in {busy()}") from error


class Machine(Side):
    """The one-machine runtime: `tsunagi up`."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.data = place.WORK / "machine"
        listen = f"127.0.0.1:{place.free_port()}"
        provider = start_provider("machine", self.data, keys, f"http://{listen}")
        super().__init__("one machine", keys, f"http://{listen}", provider)
        self.listen = listen

    def apply(self, directory) -> None:
        """`tsunagi apply`."""
        apply(directory, self.data)

    def up(self) -> None:
        """`tsunagi up`."""
        arguments = ["up", "--data", self.data, "--listen", self.listen, "--durability", "fast", "--provider", self.provider]
        place.start("up", [place.TSUNAGI, *arguments, "--sender", SENDER], place.CLEAN)
        wait_until("`tsunagi up` serves", lambda: "Ctrl-C" in place.said("up"), 30)

    def rows(self) -> dict[tuple[str, str], dict]:
        return rows_of(self.data)

    def queued(self) -> dict[str, int]:
        file = sqlite3.connect(f"file:{self.data}/queues.sqlite?mode=ro", uri=True)
        try:
            count = "SELECT name, count(*) FROM messages JOIN queues ON queues.id = queue GROUP BY name"
            return dict(file.execute(count).fetchall())
        finally:
            file.close()


SENDER = "つなぎ書店"


class Deployed(Side):
    """The deployed stack, by its domain."""

    def __init__(self, keys: dict[str, str], stack, front) -> None:
        super().__init__("deployed", keys, front.url, start_provider("deployed", place.WORK / "deployed", keys, front.url))
        self.stack = stack

    def rows(self) -> dict[tuple[str, str], dict]:
        return self.stack.rows()

    def queued(self) -> dict[str, int]:
        return self.stack.queued()


def start_provider(name: str, data, keys: dict[str, str], callback: str) -> str:
    """`tsunagi sandbox` beside a runtime; its address."""
    data.mkdir(mode=0o700)
    (data / "secrets.json").write_text(json.dumps(keys), encoding="utf-8")
    arguments = ["sandbox", "--data", data, "--listen", "127.0.0.1:0", "--callback", callback]
    place.start(f"provider-{name}", [place.TSUNAGI, *arguments], place.CLEAN)
    find = lambda: re.search(r"^sandbox +(http://\S+)", place.said(f"provider-{name}"), re.MULTILINE)
    return wait_until("the provider listens", find, 30)[1]


def apply(directory, data) -> None:
    """`tsunagi apply`, to an installation on this machine."""
    run_tsunagi("apply", directory, "--data", data)


def run_tsunagi(*arguments) -> str:
    """Runs a command of `tsunagi` to its end."""
    ran = subprocess.run([place.TSUNAGI, *arguments], env=place.CLEAN, text=True, capture_output=True, cwd=place.WORK)
    expect(ran.returncode == 0, f"tsunagi {arguments[0]} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stdout


def rows_of(data) -> dict[tuple[str, str], dict]:
    """The items of an installation on this machine."""
    read = boto3.dynamodb.types.TypeDeserializer().deserialize
    file = sqlite3.connect(f"file:{data}/tables.sqlite?mode=ro", uri=True)
    try:
        found = {}
        for (item,) in file.execute('SELECT item_json FROM "Table"'):
            item = {name: read(value) for name, value in json.loads(item).items()}
            item = {name: int(value) if hasattr(value, "as_integer_ratio") else value for name, value in item.items()}
            found[item["pk"], item["sk"]] = item
        return found
    finally:
        file.close()
