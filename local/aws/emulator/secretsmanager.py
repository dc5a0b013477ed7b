"""The six characters at the end of a secret's ARN are of its name, so that a configuration can have the whole ARN of a secret
that is made later. In an account they are random, and people read them there.
"""

import hashlib
from typing import Any

from ministack.services import secretsmanager

from .extend import extends, needs

needs(secretsmanager, "_secrets")


@extends(secretsmanager, "_store_new_secret")
def _store(original: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    arn, version = original(name, *args, **kwargs)
    record = secretsmanager._secrets[name]
    record["ARN"] = f"{arn[:-6]}{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return record["ARN"], version
