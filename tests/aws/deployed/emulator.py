"""AWS on loopback: ministack, with roles enforced."""

import json
import urllib.request

import boto3
from botocore.config import Config

from . import place
from .checks import wait_until


class Emulator:
    """The emulator, and clients of an administrator of its account."""

    def __init__(self) -> None:
        self.port = place.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (place.WORK / "tmp").mkdir(exist_ok=True)
        account = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": self.url}
        region = {"AWS_REGION": place.REGION, "AWS_DEFAULT_REGION": place.REGION}
        self.environment = place.CLEAN | account | region
        emulator = {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": place.REGION,
            "LAMBDA_EXECUTOR": "local",
            "TMPDIR": str(place.WORK / "tmp"),
        }
        self.process = place.start("ministack", [place.MINISTACK], self.environment | emulator)
        wait_until("the emulator answers", self._answers, 30, 0.1)

    def _answers(self) -> bool:
        try:
            return bool(self.get("/_ministack/health"))
        except OSError:
            return False

    def get(self, path: str):
        """What the emulator tells of itself."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def client(self, service: str):
        """A client with all rights."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=place.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60),
        )
