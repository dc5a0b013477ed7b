"""HTTP subscriptions. One made by a template is asked to confirm, as one made by the API is; the subscriber may start
after the stack, so it is asked again for a while, as SNS does. A notice that an endpoint does not take is sent again, and
then moved to the subscription's DLQ; ministack sends it once. SNS goes on for an hour, which here is half a minute.
"""

import asyncio
import json
import logging
import time
from typing import Any

import ministack.app as app
from ministack.core.concurrency import spawn_background
from ministack.core.responses import new_uuid
from ministack.services import sns
from ministack.services.cloudformation import provisioners

from .extend import extends, needs

needs(sns, "_find_subscription", "_send_subscription_confirmation", "_http_post_sync", "_topic_by_arn_any_scope", "_deliver_to_sqs")
needs(provisioners, "_RESOURCE_HANDLERS")
needs(app, "_MAIN_LOOP")
logger = logging.getLogger("local.sns")

# Immediately, before, during and after the backoff, as SNS's default policy for HTTP has it; seconds.
_PAUSES = (0, 0, 0, 1, 1, 2, 4, 8, 8, 8)
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


@extends(sns, "_deliver_to_http")
async def _deliver(_original: Any, endpoint: str, payload: str) -> None:
    problem = ""
    for pause in (0, *_PAUSES):
        await asyncio.sleep(pause)
        try:
            await asyncio.to_thread(sns._http_post_sync, endpoint, payload, "Notification")
            return
        except OSError as error:
            problem = str(error)
    logger.error("%s did not take a notice: %s", endpoint, problem)
    _leave(endpoint, payload)


def _leave(endpoint: str, payload: str) -> None:
    """Into the DLQ of the endpoint's subscription, as it is."""
    topic_arn = json.loads(payload).get("TopicArn", "") if payload.startswith("{") else ""
    subscriptions = (sns._topic_by_arn_any_scope(topic_arn) or {}).get("subscriptions", [])
    for subscription in subscriptions:
        policy = subscription["attributes"].get("RedrivePolicy")
        if subscription["endpoint"] == endpoint and policy:
            queue = (json.loads(policy) if isinstance(policy, str) else policy)["deadLetterTargetArn"]
            sns._deliver_to_sqs(queue, payload, True, payload, topic_arn=topic_arn)
