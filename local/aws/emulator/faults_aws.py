"""Calls of AWS that are throttled, refused for now, or slow: `POST /_local/faults/calls` says which and how often.

A rule names a service, as ministack routes it, and a text that the call's operation must hold: its name for most
services, method and path for those that have none (Route 53, S3: "POST /2013-04-01/hostedzone"). It answers before the
service sees the call, so that nothing is done of what is refused. `GET` tells what each rule has done, `DELETE` takes
all away.
"""

import asyncio
import json
import re
import threading
from dataclasses import asdict, dataclass
from typing import Any
from xml.sax.saxutils import escape

import ministack.app as app
from ministack.core.router import detect_service

from .admin import BadRequest, route
from .extend import extends, needs

needs(app, "_routing_params", "_ct_event_name")


@dataclass
class Rule:
    service: str
    operation: str
    code: str
    """The error's name; empty: the call is only late."""
    status: int
    seconds: float
    """It is late by these."""
    times: int
    """How many calls it still takes."""
    taken: int = 0


_rules: list[Rule] = []
_lock = threading.Lock()


@route("POST", "faults/calls")
def _add(_match: re.Match[str], body: dict[str, Any]) -> dict[str, Any]:
    """`{ service, operation, code, status, seconds, times }`"""
    try:
        rule = Rule(
            service=str(body["service"]),
            operation=str(body.get("operation", "")),
            code=str(body.get("code", "")),
            status=int(body.get("status", 400)),
            seconds=float(body.get("seconds", 0)),
            times=int(body.get("times", 1)),
        )
    except (KeyError, ValueError) as error:
        raise BadRequest(f"not a fault: {error!r}") from error
    if rule.times < 1 or rule.seconds < 0 or not (rule.code or rule.seconds) or not 400 <= rule.status <= 599:
        raise BadRequest("times is at least 1, status 400 to 599, and there must be a code or seconds")
    with _lock:
        _rules.append(rule)
    return asdict(rule)


@route("GET", "faults/calls")
def _list(_match: re.Match[str], _body: dict[str, Any]) -> dict[str, Any]:
    with _lock:
        return {"faults": [asdict(rule) for rule in _rules]}


@route("DELETE", "faults/calls")
def _clear(_match: re.Match[str], _body: dict[str, Any]) -> dict[str, Any]:
    with _lock:
        _rules.clear()
    return {}


@extends(app, "_dispatch_service_request")
async def _dispatch(
    original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
) -> Any:
    if _rules:
        routing = app._routing_params(method, path, headers, body, query)
        service = detect_service(method, path, headers, routing)
        name = app._ct_event_name(service, method, path, headers, routing)
        rule = _take(service, f"{name} {method} {path}")
        if rule is not None:
            await asyncio.sleep(rule.seconds)
            if rule.code:
                return _failure(rule, headers, request_id)
    return await original(method, path, headers, body, query, request_id)


def _take(service: str, operation: str) -> Rule | None:
    with _lock:
        for rule in _rules:
            if rule.service == service and rule.operation in operation and rule.times > 0:
                rule.times -= 1
                rule.taken += 1
                return rule
    return None


def _failure(rule: Rule, headers: dict[str, str], request_id: str) -> tuple[int, dict[str, str], bytes]:
    """In the protocol of the call: JSON where it has a target, else XML."""
    message = f"{rule.code}: a fault that was asked for"
    if "x-amz-target" in headers:
        body = json.dumps({"__type": rule.code, "message": message}).encode()
        return rule.status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-requestid": request_id}, body
    xml = (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{escape(rule.code)}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{escape(request_id)}</RequestId></ErrorResponse>"
    )
    return rule.status, {"Content-Type": "text/xml", "x-amzn-requestid": request_id}, xml.encode()
