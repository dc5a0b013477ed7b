"""Events that get lost, come twice or late: what EventBridge promises is at least once, in any order, some day.

A rule says what happens to the next deliveries of an event to the targets of rules, by its source, its detail type and
a text that its detail holds. It works on EventBridge's own way to its targets, so that a stage sees nothing but the
outcome. `POST /_local/faults/events` adds a rule, `GET` tells what each has done and how many of the messages that it let
through are still in a queue, `DELETE` takes all away.
"""

import json
import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, sqs

from .admin import BadRequest, route
from .extend import extends, needs

needs(sqs, "_queues")

_KINDS = ("drop", "double", "delay")


@dataclass
class Rule:
    source: str
    detailType: str  # noqa: N815 - as it is sent
    holds: str
    """A text that the detail, as JSON, must hold: an environment's name, say. Empty for every event."""
    fault: str
    times: int
    """How many deliveries it still takes."""
    seconds: float
    """Of a delay."""
    queue: str = ""
    """The name of the queue on whose way it falls. Empty for the first of all targets."""
    taken: int = 0
    delivered: int = 0
    events: list[str] = field(default_factory=list)
    """The ids of the events that it took."""


_rules: list[Rule] = []
_lock = threading.Lock()


@route("POST", "faults/events")
def _add(_match: re.Match[str], body: dict[str, Any]) -> dict[str, Any]:
    """`{ source, detailType, holds, fault: "drop" | "double" | "delay", times, seconds, queue }`"""
    try:
        rule = Rule(
            source=str(body["source"]),
            detailType=str(body["detailType"]),
            holds=str(body.get("holds", "")),
            fault=str(body["fault"]),
            times=int(body.get("times", 1)),
            seconds=float(body.get("seconds", 0)),
            queue=str(body.get("queue", "")),
        )
    except (KeyError, ValueError) as error:
        raise BadRequest(f"not a fault: {error!r}") from error
    if rule.fault not in _KINDS or rule.times < 1 or rule.seconds < 0:
        raise BadRequest(f"fault is one of {', '.join(_KINDS)}, times at least 1, seconds at least 0")
    with _lock:
        _rules.append(rule)
    return asdict(rule)


@route("GET", "faults/events")
def _list(_match: re.Match[str], _body: dict[str, Any]) -> dict[str, Any]:
    return {"rules": [{**asdict(rule), "waiting": _waiting(rule)} for rule in _rules]}


def _waiting(rule: Rule) -> int:
    """Messages of its events that nobody has handled to the end: in a stage's queue, in flight or among its dead letters."""
    bodies = [message["body"] for queue in list(sqs._queues.values()) for message in list(queue["messages"])]
    return sum(any(event in body for event in rule.events) for body in bodies)


@route("DELETE", "faults/events")
def _clear(_match: re.Match[str], _body: dict[str, Any]) -> dict[str, Any]:
    with _lock:
        _rules.clear()
    return {"rules": []}


@extends(eventbridge, "_invoke_target")
def _invoke_target(original: Any, target: Any, event: dict[str, Any], rule: Any, view: Any = None) -> None:
    fault = _take(event, target)
    if fault is None:
        return original(target, event, rule, view)
    if fault.fault == "drop":
        return None
    if fault.fault == "double":
        original(target, event, rule, view)
        original(target, event, rule, view)
        fault.delivered += 2
        return None
    account, region = get_account_id(), get_region()

    def late() -> None:
        with request_scope(account, region):
            original(target, event, rule, view)
        fault.delivered += 1

    timer = threading.Timer(fault.seconds, late)
    timer.daemon = True
    timer.start()
    return None


def _take(event: dict[str, Any], target: dict[str, Any]) -> Rule | None:
    """The first rule that fits and still takes deliveries takes this one."""
    detail = event.get("Detail", "")
    text = detail if isinstance(detail, str) else json.dumps(detail)
    with _lock:
        for rule in _rules:
            named = rule.source == event.get("Source") and rule.detailType == event.get("DetailType")
            led = not rule.queue or str(target.get("Arn", "")).endswith(f":{rule.queue}")
            if named and led and rule.times > 0 and rule.holds in text:
                rule.times -= 1
                rule.taken += 1
                rule.events.append(event["EventId"])
                return rule
    return None
