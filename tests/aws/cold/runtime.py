"""One start of a function: Lambda's Runtime API on loopback, which gives it one event and takes its answer.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import dataclasses
import json
import os
import pathlib
import selectors
import signal
import socket
import time
from collections.abc import Callable

# How long a function may take for its first answer, in seconds; more than any does on a busy machine.
LIMIT = 20
PATH = "/2018-06-01/runtime/"


class Failed(Exception):
    """A function did not start, or did not answer."""


@dataclasses.dataclass
class Start:
    """What a start took, in milliseconds: until the function asked for an event, and of the processor until it had answered
    it; what it asked of AWS before the event and after; its answer."""

    next_ms: float
    cpu_ms: float
    before: list[str]
    after: list[str]
    answer: bytes


@dataclasses.dataclass
class Request:
    connection: socket.socket
    path: str
    body: bytes
    at: float


class Requests:
    """What comes over the connections of one process, one request at a time."""

    def __init__(self, server: socket.socket):
        self.selector = selectors.DefaultSelector()
        self.selector.register(server, selectors.EVENT_READ)
        self.server = server
        self.received: dict[socket.socket, bytes] = {}

    def receive(self) -> Request:
        deadline = time.perf_counter() + LIMIT
        while (left := deadline - time.perf_counter()) > 0:
            for key, _ in self.selector.select(left):
                at = time.perf_counter()
                if key.fileobj is self.server:
                    connection, _ = self.server.accept()
                    self.selector.register(connection, selectors.EVENT_READ)
                    self.received[connection] = b""
                    continue
                connection = key.fileobj
                more = connection.recv(1 << 16)
                if not more:
                    self.selector.unregister(connection)
                    connection.close()
                self.received[connection] += more
                if whole := complete(self.received[connection]):
                    self.received[connection] = b""
                    return Request(connection, *whole, at)
        raise Failed(f"nothing came within {LIMIT} s")

    def close(self) -> None:
        for connection in self.received:
            connection.close()
        self.selector.close()


def complete(received: bytes) -> tuple[str, bytes] | None:
    """The path and the body of a request, when all of it has come."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        done = body.endswith(b"0\r\n\r\n")
    else:
        done = len(body) >= int(headers.get("content-length", 0))
    return (first.split(" ")[1], body) if done else None


def answer(connection: socket.socket, event: dict) -> None:
    body = json.dumps(event).encode()
    deadline = int(time.time() * 1000) + LIMIT * 1000
    head = [
        "HTTP/1.1 200 OK",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        f"lambda-runtime-deadline-ms: {deadline}",
        "lambda-runtime-invoked-function-arn: arn:aws:lambda:ap-northeast-1:123456789012:function:one",
        "lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
    ]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)


def start(binary: pathlib.Path, variables: dict, event: dict, aws: Callable[[], list[str]], log: pathlib.Path) -> Start:
    """Starts a function, gives it an event and ends it when its answer has come, before it hears that it did. `aws` says
    what was asked there since the last time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": binary.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        }
        output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        requests = Requests(server)
        began = time.perf_counter()
        process = os.posix_spawn(
            binary, [binary], given | variables, file_actions=[output, (os.POSIX_SPAWN_DUP2, 1, 2)]
        )
        try:
            asked = requests.receive()
            if asked.path != PATH + "invocation/next":
                raise Failed(f"{asked.path}: {asked.body!r}")
            before = aws()
            answer(asked.connection, event)
            answered = requests.receive()
            if not answered.path.endswith("/response"):
                raise Failed(f"{answered.path}: {answered.body!r}")
        except (Failed, OSError) as error:
            said = log.read_text(encoding="utf-8", errors="replace")
            raise Failed(f"{binary}: {error}\n{said}") from error
        finally:
            os.kill(process, signal.SIGKILL)
            _, _, usage = os.wait4(process, 0)
            requests.close()
    cpu = usage.ru_utime + usage.ru_stime
    return Start((asked.at - began) * 1000, cpu * 1000, before, aws(), answered.body)
