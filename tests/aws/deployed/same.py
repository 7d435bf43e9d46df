"""Two sides' rows beside each other, without what differs between any two runs."""

import json
import re

from .checks import expect
from .sides import Side

# To the second no two runs are alike: instants of the run are told by how far they are from its beginning, in hours.
_HOUR = 3600
_YEARS = 4 * 365 * 86_400
_SECONDS = re.compile(r"(?<![0-9])(?:00)?[0-9]{10}(?![0-9])")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

# Who wrote an item at which attempt is drawn by chance; how often it was written depends on how inputs came together.
_DRAWN = {"rev", "by", "attempt"}

# Runs of `recompute` say how far they have read, verifications and their counters are drawn by chance and by the minute.
_LEFT_OUT = ("R#", "V#", "K#")


class Seen:
    """The rows of a side as they are compared."""

    def __init__(self, side: Side, began: int) -> None:
        self.side = side
        self.began = began
        rows = side.rows()
        self.codes = _codes(rows)
        kept = {key: item for key, item in rows.items() if not key[0].startswith(_LEFT_OUT)}
        self.rows = sorted(json.dumps(self._row(*key, item), ensure_ascii=False, sort_keys=True) for key, item in kept.items())
        self.sent = sorted(json.dumps(self._sent(entry), ensure_ascii=False, sort_keys=True) for entry in side.inbox())

    def _row(self, pk: str, sk: str, item: dict) -> dict:
        told = {name: self.read(value) for name, value in item.items() if name not in _DRAWN | {"pk", "sk"}}
        return {"pk": self._text(pk), "sk": self._key(sk)} | told

    def _key(self, sk: str) -> str:
        """A row of the record ends with a hash of all it says, the code of a message among it; what it says is compared."""
        told = self._text(sk)
        return re.sub(r"#[^#]+$", "#…", told) if told.startswith(("consent#", "untold#")) else told

    def _sent(self, entry: dict) -> dict:
        told = {name: entry[name] for name in ("channel", "to", "from", "subject", "text", "parts", "times")}
        if entry["reference"] not in self.codes:
            # A one-time code, or a message to who was erased.
            told["text"] = re.sub(r"[0-9]{6}", "######", told["text"])
        return self.read(told)

    def read(self, value):
        if isinstance(value, dict):
            return {self._text(name): self.read(inner) for name, inner in value.items() if name != "provider_id"}
        if isinstance(value, list):
            return [self.read(inner) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return self._instant(int(value)) if self._of_the_run(int(value)) else value
        if value[:1] in ("{", "["):
            return self.read(json.loads(value))
        return self._text(value)

    def _text(self, text: str) -> str:
        for code, name in self.codes.items():
            text = text.replace(code, name)
        text = text.replace(self.side.url, "BASE")
        text = _ISO.sub("INSTANT", text)
        return _SECONDS.sub(lambda found: self._instant(int(found[0])) if self._of_the_run(int(found[0])) else found[0], text)

    def _of_the_run(self, seconds: int) -> bool:
        return self.began <= seconds < self.began + _YEARS

    def _instant(self, seconds: int) -> str:
        return f"T+{round((seconds - self.began) / _HOUR)}h"


def _codes(rows: dict) -> dict[str, str]:
    """Codes by what they stand for: whose message, in which journey, at which step."""
    names = {}
    for (pk, sk), item in rows.items():
        if not (pk.startswith("C#") and sk == "customer" and item.get("doc")):
            continue
        document = json.loads(item["doc"])
        for enrollment in document.get("enrollments", []):
            for visit in enrollment.get("visits", []):
                for what in visit.values():
                    if "code" in what:
                        names[what["code"]] = f"<{document['id']} {enrollment['journey']} {what['step']}>"
    # Of who was erased, only the hash of the code stands anywhere.
    return names


def same(one: Seen, other: Seen) -> int:
    """Fails unless both sides decided and kept the same; how many rows that were."""
    for what in ("rows", "sent"):
        left, right = getattr(one, what), getattr(other, what)
        only_left, only_right = _without(left, right), _without(right, left)
        told = [(one, line) for line in only_left[:6]] + [(other, line) for line in only_right[:6]]
        shown = "\n".join(f"     {seen.side.name}: {line}" for seen, line in told)
        expect(not only_left and not only_right, f"{what} differ, {len(only_left)} and {len(only_right)}:\n{shown}")
    return len(one.rows)


def _without(left: list[str], right: list[str]) -> list[str]:
    rest = list(right)
    found = []
    for line in left:
        if line in rest:
            rest.remove(line)
        else:
            found.append(line)
    return found
