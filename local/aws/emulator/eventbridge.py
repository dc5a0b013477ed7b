"""Events of AWS services on the default bus, where PutEvents from outside still refuses `aws.*` sources, as AWS does; and
the limit of a call's size, which ministack does not know.
"""

import json
import logging
import re
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import eventbridge

from .admin import BadRequest, route
from .extend import extends

logger = logging.getLogger("local.events")
_CALL_BYTES = 256 * 1024
_TIME_BYTES = 14


@extends(eventbridge, "_put_events")
def _put_events(original: Any, data: dict[str, Any], **rest: Any) -> Any:
    if sum(map(_size, data.get("Entries", []))) >= _CALL_BYTES:
        message = "Total size of the entries in the request is over the limit."
        return error_response_json("ValidationException", message, 400)
    return original(data, **rest)


def _size(entry: dict[str, Any]) -> int:
    """EventBridge user guide, "Calculating PutEvents event entry size"."""
    texts = [entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""), *entry.get("Resources", [])]
    return sum(len(str(text).encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)


def emit(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    status, _headers, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    if status != 200 or json.loads(body)["FailedEntryCount"]:
        logger.error("event %s was not taken: %s", detail_type, body)


@route("POST", "events")
def _events(_match: re.Match[str], body: dict[str, Any]) -> dict[str, int]:
    """Tells events as AWS's services do, many at once: `{events: [{source, detailType, detail}]}`."""
    events = body.get("events")
    if not isinstance(events, list):
        raise BadRequest("events must be a list of {source, detailType, detail}")
    for event in events:
        emit(event["source"], event["detailType"], event["detail"], event.get("resources", []))
    return {"told": len(events)}
