"""An HTTP subscription made by a template is asked to confirm, as one made by the API is. The subscriber may start
after the stack, so it is asked again for a while, as SNS does."""

import asyncio
import logging
import time
from typing import Any

import ministack.app as app
from ministack.core.concurrency import spawn_background
from ministack.core.responses import new_uuid
from ministack.services import sns
from ministack.services.cloudformation import provisioners

from .extend import extends, needs

needs(sns, "_find_subscription", "_send_subscription_confirmation")
needs(provisioners, "_RESOURCE_HANDLERS")
needs(app, "_MAIN_LOOP")
logger = logging.getLogger("local.sns")

_ATTEMPTS = 60
_PAUSE_SECONDS = 5


@extends(provisioners, "_sns_sub_create")
def _create_subscription(original: Any, logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    arn, attributes = original(logical_id, props, stack_name)
    subscription = sns._find_subscription(props.get("TopicArn", ""), arn)
    if subscription and subscription["protocol"] in ("http", "https"):
        subscription["token"] = new_uuid()
        subscription["attributes"]["PendingConfirmation"] = "true"
        spawn_background(_ask, props["TopicArn"], arn, thread_name="sns-confirmation")
    return arn, attributes


# The handler table holds the function itself, so a replaced name alone would not be seen.
provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]["create"] = provisioners._sns_sub_create


def _ask(topic_arn: str, arn: str) -> None:
    for _ in range(_ATTEMPTS):
        subscription = sns._find_subscription(topic_arn, arn)
        if subscription is None or subscription["confirmed"]:
            return
        sending = sns._send_subscription_confirmation(topic_arn, subscription)
        asyncio.run_coroutine_threadsafe(sending, app._MAIN_LOOP).result(timeout=30)
        time.sleep(_PAUSE_SECONDS)
    logger.error("the subscription %s was never confirmed by its endpoint", arn)
