"""AWS behind TLS, as far as a function asks it for one event: an empty table, queues and a bus that take everything.

It has a certificate as AWS's endpoints have, of RSA and two steps below a root, and is a process of its own, so that it
takes nothing of the processor from who measures.
"""

import http.server
import json
import multiprocessing
import pathlib
import ssl

import trustme

NOTHING_FOUND = {"Items": [], "Count": 0, "ScannedCount": 0}
ANSWERS = {
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "Query": NOTHING_FOUND,
    "Scan": NOTHING_FOUND,
    "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
    "PutEvents": {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]},
    "SendMessage": {"MessageId": "1", "MD5OfMessageBody": ""},
}
REFUSED = {"__type": "com.amazonaws.sqs#EmptyBatchRequest", "message": "There should be at least one entry."}


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers by the operation that is asked for, and notes it."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet.
    wbufsize = -1
    asked: multiprocessing.SimpleQueue

    def do_POST(self) -> None:
        operation = self.headers["x-amz-target"].rpartition(".")[2]
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, said = 200, ANSWERS.get(operation, {})
        if operation == "SendMessageBatch":
            taken = [{"Id": it["Id"], "MessageId": "1", "MD5OfMessageBody": ""} for it in asked["Entries"]]
            status, said = (200, {"Successful": taken, "Failed": []}) if taken else (400, REFUSED)
        self.asked.put(operation)
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """Shakes hands in the thread of each connection, and is not surprised when a function is ended in the middle."""

    daemon_threads = True
    tls: ssl.SSLContext

    def finish_request(self, request, address) -> None:
        super().finish_request(self.tls.wrap_socket(request, server_side=True), address)

    def handle_error(self, *_: object) -> None:
        pass


class Aws:
    """The process: where it is, and what it was asked."""

    def __init__(self, folder: pathlib.Path, roots: bytes):
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        certificate = authority.create_child_ca(key_type=trustme.KeyType.RSA).issue_cert(
            "localhost", key_type=trustme.KeyType.RSA
        )
        self.trusted = folder / "roots.pem"
        # As many roots as a function embeds, and one more.
        self.trusted.write_bytes(roots + authority.cert_pem.bytes())
        Server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(Server.tls)
        Answers.asked = multiprocessing.SimpleQueue()
        server = Server(("127.0.0.1", 0), Answers)
        self.url = f"https://localhost:{server.server_address[1]}"
        self.process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
        self.process.start()
        server.server_close()

    def asked(self) -> list[str]:
        """What was asked for since the last time."""
        found = []
        while not Answers.asked.empty():
            found.append(Answers.asked.get())
        return found

    def close(self) -> None:
        self.process.terminate()
        self.process.join()
