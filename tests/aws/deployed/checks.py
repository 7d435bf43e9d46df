"""One line for each check, and how many passed."""

import time
import traceback

passed = 0
failed: list[str] = []


class Failed(Exception):
    """What was found instead of what was expected."""


def check(name: str, holds, *arguments):
    """Runs a check, tells how it went, and returns what it returned. One that failed stops nothing."""
    global passed
    began = time.monotonic()
    try:
        result = holds(*arguments)
    except Exception as error:  # a check may fail of anything, and the others are still worth their time
        failed.append(name)
        place = "" if isinstance(error, Failed) else traceback.format_exc(limit=-3)
        print(f"FAIL {time.monotonic() - began:6.1f} s  {name}\n     {error or type(error).__name__}\n{place}", flush=True)
        return None
    passed += 1
    print(f"ok   {time.monotonic() - began:6.1f} s  {name}", flush=True)
    return result


def expect(holds, message: str) -> None:
    """Fails the check unless it holds."""
    if not holds:
        raise Failed(message)


def wait_until(what: str, holds, seconds: float = 60, every: float = 0.25):
    """Waits until something is so, and returns what it was found to be."""
    until = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > until:
            raise Failed(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(every)
