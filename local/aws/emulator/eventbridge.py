"""Events of AWS services on the default bus. PutEvents from outside still refuses `aws.*` sources, as AWS does."""

import json
import logging
import re
from typing import Any

from ministack.services import eventbridge

from .admin import BadRequest, route
from .extend import needs

needs(eventbridge, "_put_events")
logger = logging.getLogger("local.events")


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
