"""Calls of the local cloud itself, under `/_local/`: no AWS API, for the local administrator's credentials only
(HTTP Basic). A path that holds a secret of its own, such as a build's callback, is registered as open.
"""

import asyncio
import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Callable
from typing import Any

import ministack.app as app

from .extend import extends

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[re.Match[str], dict[str, Any]], Any]

_routes: list[tuple[str, re.Pattern[str], Handler, bool]] = []


class BadRequest(Exception):
    """What is wrong with the call, for the caller."""


class NotFound(Exception):
    """What was asked for does not exist."""


def route(method: str, path: str, *, open_path: bool = False) -> Callable[[Handler], Handler]:
    def decorate(handler: Handler) -> Handler:
        _routes.append((method, re.compile(f"/_local/{path}"), handler, open_path))
        return handler

    return decorate


def is_admin(authorization: str) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded)
    except binascii.Error:
        return False
    key = os.environ.get("AWS_ACCESS_KEY_ID", "test")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "test")
    return secrets.compare_digest(given, f"{key}:{secret}".encode())


@extends(app, "_handle_post_body_shortcuts")
async def _handle(original: Any, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> Any:
    if not path.startswith("/_local/"):
        return await original(method, path, headers, body, *rest)
    # Off the loop: a handler may wait for functions that call this server meanwhile.
    return await asyncio.to_thread(_dispatch, method, path, headers, body)


def _dispatch(method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
    for wanted, pattern, handler, open_path in _routes:
        match = pattern.fullmatch(path)
        if match is None or wanted != method:
            continue
        if not open_path and not is_admin(headers.get("authorization", "")):
            return _json(401, {"message": "the local administrator's credentials are needed (HTTP Basic)"})
        try:
            data = json.loads(body or b"{}")
            if not isinstance(data, dict):
                raise BadRequest("the body must be a JSON object")
            return _json(200, handler(match, data))
        except (BadRequest, json.JSONDecodeError) as error:
            return _json(400, {"message": str(error)})
        except NotFound as error:
            return _json(404, {"message": str(error)})
    return _json(404, {"message": f"no {method} {path} here"})


def _json(status: int, body: Any) -> Response:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
