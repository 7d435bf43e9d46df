#!/usr/bin/env python3
"""Writes the secret of a stack as JSON: random keys, and those of the accounts that the definition `providers` names.

    infra/new-secret.py [accounts.json]        {"main": {"token": "…"}, …}

Under other keys messages' codes change, opt-outs and erasures are not found again, and clients are refused. So this is for
a new stack; a key is changed in the secret that is there.
"""

import base64
import json
import secrets
import sys


def signing() -> str:
    """A key for signatures, as Standard Webhooks write it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def main(arguments: list[str]) -> None:
    accounts = {}
    if arguments:
        with open(arguments[0], encoding="utf-8") as file:
            accounts = json.load(file)
    secret = {
        "WRITE_KEY": "wk_" + secrets.token_hex(24),
        "CODE_KEY": secrets.token_hex(32),
        "ADDRESS_KEY": secrets.token_hex(32),
        "ADMIN_KEY": "ak_" + secrets.token_hex(24),
        "CALLBACK_SECRET": signing(),
        "WEBHOOK_SECRET": signing(),
        "EDGE_KEY": "ek_" + secrets.token_hex(24),
        "SANDBOX_KEY": "pk_" + secrets.token_hex(24),
        # Text within text, as the functions read it from one variable.
        "PROVIDER_SECRETS": json.dumps(accounts, ensure_ascii=False),
    }
    print(json.dumps(secret, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
