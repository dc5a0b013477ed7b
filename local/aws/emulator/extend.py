"""How the modules of this package change ministack: its handlers are looked up by name at call time, so a name that
is replaced in its module takes effect everywhere.

A name that is not there is a name that a new ministack has moved. All of them are reported together, at start.
"""

import importlib.metadata
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

_missing: list[str] = []


def require_version(version: str) -> None:
    found = importlib.metadata.version("ministack")
    if found != version:
        raise SystemExit(
            f"The AWS emulator extends ministack {version}, but {found} is installed: install "
            "local/aws/requirements.txt, or adapt local/aws/emulator/ to the new version."
        )


def needs(module: ModuleType, *names: str) -> None:
    """Says that the calling module uses these names of ministack's."""
    for name in names:
        if not hasattr(module, name):
            _missing.append(f"{module.__name__}.{name}")


def extends(module: ModuleType, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replaces module.name by the decorated function, which gets the original as its first argument."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        needs(module, name)
        original = getattr(module, name, None)
        setattr(module, name, partial(function, original))
        return function

    return decorate


def verify() -> None:
    if _missing:
        raise SystemExit(
            "This ministack lacks names that local/aws/emulator/ extends: " + ", ".join(sorted(set(_missing)))
        )
