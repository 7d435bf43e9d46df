"""For each function the first event of its life: one that makes it read the table, where there is nothing."""

import base64
import hashlib
import hmac
import json
import time

NOW = int(time.time())
CODE = "0123456789ab"
CUSTOMER = "1001"
KEY = "0123456789abcdef0123456789abcdef"
CALLBACK_SECRET = "whsec_" + base64.b64encode(KEY.encode()).decode()
QUEUE = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/"

# What the template gives, to all of them: none reads what it does not know.
VARIABLES = {
    "AWS_REGION": "ap-northeast-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": KEY,
    "AWS_SESSION_TOKEN": KEY * 10,
    "STAGE": "development",
    "LOG_LEVEL": "info",
    "TABLE_NAME": "table",
    # One, of which `schedule` reads one page.
    "DUE_SHARDS": "1",
    "BUS_NAME": "bus",
    "ADDRESS_KEY": KEY,
    "ADMIN_KEY": KEY,
    "CODE_KEY": KEY,
    "WRITE_KEY": KEY,
    "CALLBACK_SECRET": CALLBACK_SECRET,
    "WEBHOOK_SECRET": CALLBACK_SECRET,
    "EMAIL_FROM": "shop@example.jp",
    "LINK_BASE_URL": "https://go.example.jp",
    "SENDER_NAME": "shop",
    "SENDER_ADDRESS": "Tokyo",
    "SENDER_CONTACT": "shop@example.jp",
    "PROVIDER_SECRETS": "{}",
    "SEND_CONCURRENCY": "5",
    "QUEUE_URL": QUEUE + "own",
    "DEAD_LETTER_QUEUE_URLS": QUEUE + "dead",
} | {f"{name}_QUEUE_URL": QUEUE + name.lower() for name in [
    "CODES", "DEAD_LETTER", "EMAIL", "ERASE", "INBOX", "LATER", "LINE", "RECOMPUTE", "SMS", "WEBHOOK",
]}  # fmt: skip


def request(method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> dict:
    """An HTTP request as the API passes it on, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "go.example.jp", "content-type": "application/json"} | (headers or {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "go.example.jp",
            "domainPrefix": "go",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"},
            "requestId": "id",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": NOW * 1000,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def batch(body: object) -> dict:
    """A message of a queue."""
    record = {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "handle",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(NOW * 1000)},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:ap-northeast-1:123456789012:own",
        "awsRegion": "ap-northeast-1",
    }
    return {"Records": [record]}


def signed(path: str, body: object) -> dict:
    """A post of the sandbox: https://www.standardwebhooks.com"""
    sent = f"msg_1.{NOW}.{json.dumps(body)}".encode()
    signature = base64.b64encode(hmac.digest(KEY.encode(), sent, hashlib.sha256)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW), "webhook-signature": f"v1,{signature}"}
    return request("POST", path, body, headers)


def keyed(path: str, body: object) -> dict:
    """A call with a key."""
    return request("POST", path, body, {"authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()})


SEND = batch({"v": 1, "customer": CUSTOMER, "code": CODE})
WEBHOOK = {
    "v": 1, "customer": CUSTOMER, "code": CODE, "journey": "thanks", "version": 1, "step": 0, "at": NOW, "definitions": 0,
}  # fmt: skip
EVENTS = {
    "advance": batch({"v": 1, "customer": CUSTOMER, "inputs": [{"type": "timer"}]}),
    "callback": signed("/callbacks/sandbox", []),
    "erase": batch({"v": 1, "customer": CUSTOMER, "at": NOW}),
    "ingest": keyed("/v1/track", {"userId": CUSTOMER, "event": "Page Viewed"}),
    "link": request("GET", f"/l/{CODE}"),
    "person": keyed("/v1/person/erasure", {"userId": CUSTOMER}),
    "recompute": {"detail-type": "Scheduled Event"},
    "schedule": {},
    "send-code": batch({"v": 1, "id": CODE}),
    "send-email": SEND,
    "send-line": SEND,
    "send-sms": SEND,
    "send-webhook": batch(WEBHOOK),
    "verify": keyed("/v1/verifications/check", {"id": CODE, "code": "123456"}),
}
