"""Events of AWS services on the default bus. PutEvents from outside still refuses `aws.*` sources, as AWS does."""

import json
import logging
from typing import Any

from ministack.services import eventbridge

from .extend import needs

needs(eventbridge, "_put_events")
logger = logging.getLogger("local.events")


def emit(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    status, _headers, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    if status != 200 or json.loads(body)["FailedEntryCount"]:
        logger.error("event %s was not taken: %s", detail_type, body)
