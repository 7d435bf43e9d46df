"""What stands around the stack on loopback: its domain, the shop's own system, and End User Messaging."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def serve(handle) -> str:
    """Serves requests with `handle`, a function of the handler, on a free port; its address."""

    class Handler(_Handler):
        pass

    for method in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"):
        setattr(Handler, f"do_{method}", lambda self: handle(self))
    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


class Front:
    """The domain of a stack: the emulator tells its APIs apart by names that no resolver knows."""

    def __init__(self, emulator) -> None:
        self.emulator = emulator
        self.api = None
        self.url = serve(self._pass)

    def _pass(self, request: _Handler) -> None:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        headers["Host"] = f"{self.api}.execute-api.localhost:{self.emulator.port}"
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=60)
        try:
            connection.request(request.command, request.path, request.body() or None, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
        request.answer(answer.status, kept, body)


def signed(secret: str, identifier: str, at: int, body: bytes) -> str:
    """A signature after Standard Webhooks (https://www.standardwebhooks.com)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = f"{identifier}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()


class Receiver:
    """The shop's own system: takes webhooks whose signature is right."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.taken: list[dict] = []
        self.refused = 0
        self.url = serve(self._take) + "/hooks"

    def _take(self, request: _Handler) -> None:
        body = request.body()
        identifier, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "0")
        right = signed(self.secret, identifier, int(at), body) in request.headers.get("webhook-signature", "").split(" ")
        if right:
            self.taken.append(json.loads(body))
        else:
            self.refused += 1
        request.answer(204 if right else 401, [], b"")


class EndUserMessaging:
    """Stands in for AWS End User Messaging, which the emulator lacks: takes every SMS that was signed for it."""

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.keys: set[str] = set()
        self.url = serve(self._take)

    def _take(self, request: _Handler) -> None:
        body = request.body()
        signature = request.headers.get("authorization", "")
        asked = request.headers.get("x-amz-target", "")
        scope = signature.partition("Credential=")[2].partition(",")[0]
        if asked != "PinpointSMSVoiceV2.SendTextMessage" or "/sms-voice/aws4_request" not in scope:
            problem = {"__type": "AccessDeniedException", "Message": f"{asked} {scope}"}
            request.answer(400, [("content-type", "application/x-amz-json-1.0")], json.dumps(problem).encode())
            return
        self.keys.add(scope.partition("/")[0])
        self.taken.append(json.loads(body))
        answer = {"MessageId": f"eum-{len(self.taken)}"}
        request.answer(200, [("content-type", "application/x-amz-json-1.0")], json.dumps(answer).encode())
