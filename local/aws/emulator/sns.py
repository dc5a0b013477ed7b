"""HTTP subscriptions. One made by a template is asked to confirm, as one made by the API is; the subscriber may start
after the stack, so it is asked again for a while, as SNS does. A notice that an endpoint does not take is sent again as
the subscription's delivery policy says, and then moved to its DLQ; ministack sends it once. An hour of SNS's is half a
minute here.
"""

import asyncio
import json
import logging
import time
from typing import Any
from urllib.error import HTTPError

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

# Of a subscription that says nothing, as SNS documents it; seconds.
_DEFAULT = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "numMaxDelayRetries": 0,
}
_FASTER = 120  # than AWS's clock, for the pauses between attempts
_ATTEMPTS = 60
_PAUSE_SECONDS = 5


@extends(provisioners, "_sns_sub_create")
def _create_subscription(original: Any, logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    pauses_of(json.dumps(props.get("DeliveryPolicy") or {}))
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


def pauses_of(policy: str) -> list[float]:
    """Between the attempts, in SNS's seconds: no delay, before, during and after the backoff, which is linear here
    whatever function the policy names.
    """
    retries = _DEFAULT | (json.loads(policy).get("healthyRetryPolicy") or {} if policy else {})
    low, high = retries["minDelayTarget"], retries["maxDelayTarget"]
    around = [retries[name] for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")]
    backoff = retries["numRetries"] - sum(around)
    if backoff < 0 or retries["numRetries"] > 100 or not 1 <= low <= high <= 3600:
        raise ValueError(f"SNS refuses the delivery policy {policy}")
    rising = [low + (high - low) * nth / max(backoff - 1, 1) for nth in range(backoff)]
    pauses = [0.0] * around[0] + [low] * around[1] + rising + [high] * around[2]
    if sum(pauses) > 3600:
        raise ValueError(f"SNS tries for an hour at most, and the delivery policy {policy} says {sum(pauses)} seconds")
    return pauses


@extends(sns, "_deliver_to_http")
async def _deliver(_original: Any, endpoint: str, payload: str) -> None:
    attributes = _attributes_of(endpoint, payload)
    problem = ""
    for pause in (0, *pauses_of(attributes.get("DeliveryPolicy", ""))):
        await asyncio.sleep(pause / _FASTER)
        try:
            await asyncio.to_thread(sns._http_post_sync, endpoint, payload, "Notification")
            return
        except OSError as error:
            problem = str(error)
            # What the endpoint says is wrong with the request stays wrong.
            if isinstance(error, HTTPError) and error.code < 500:
                break
    logger.error("%s did not take a notice: %s", endpoint, problem)
    policy = attributes.get("RedrivePolicy")
    if policy:
        queue = json.loads(policy)["deadLetterTargetArn"]
        sns._deliver_to_sqs(queue, payload, True, payload, topic_arn=json.loads(payload)["TopicArn"])


def _attributes_of(endpoint: str, payload: str) -> dict[str, str]:
    """Of the subscription that a notice is sent for."""
    topic_arn = json.loads(payload).get("TopicArn", "") if payload.startswith("{") else ""
    subscriptions = (sns._topic_by_arn_any_scope(topic_arn) or {}).get("subscriptions", [])
    return next((it["attributes"] for it in subscriptions if it["endpoint"] == endpoint), {})
