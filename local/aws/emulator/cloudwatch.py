"""CloudWatch alarms as AWS evaluates them (per dimensions, M of N periods, missing data, again as time passes), the
`CloudWatch Alarm State Change` event, the SNS message's exact shape, and the queues' own metrics.
"""

import json
import logging
import re
import threading
import time
from typing import Any

import ministack.app as app
from ministack.core.responses import get_account_id, new_uuid
from ministack.services import cloudwatch, sns, sqs

from .admin import BadRequest, route
from .eventbridge import emit
from .extend import extends, needs

needs(cloudwatch, "_metrics", "_alarms", "_composite_alarms", "_dims_key", "_calc_stats", "_stat_value")
needs(cloudwatch, "_record_history", "_evaluate_parent_alarms", "_evaluate_all_alarms", "record_metric")
needs(cloudwatch, "_is_sns_action_arn")
needs(sns, "_fanout")
needs(sqs, "_queues", "_HANDLERS")
needs(app, "_MAIN_LOOP")
logger = logging.getLogger("local.alarms")

_EVALUATE_SECONDS = 5
_QUEUE_POINTS = 2000
_EVICT_SECONDS = 600
_previous: dict[str, dict[str, str]] = {}  # alarm ARN -> the state that it had before
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_WORDS = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", lambda value, limit: value >= limit),
    "GreaterThanThreshold": ("greater than", lambda value, limit: value > limit),
    "LessThanThreshold": ("less than", lambda value, limit: value < limit),
    "LessThanOrEqualToThreshold": ("less than or equal to", lambda value, limit: value <= limit),
}

_evicted = 0.0
_speeds: dict[str, float] = {}  # alarm name -> how much faster its clock runs than ours


@route("POST", "clock/alarms")
def _hurry(_match: re.Match[str], body: dict[str, Any]) -> dict[str, Any]:
    """`{ alarm, speed }`: at 6, a period of a minute is over in ten seconds; 1 is our time again. All else of the alarm
    is as its stack says."""
    name, speed = str(body.get("alarm")), body.get("speed")
    if name not in cloudwatch._alarms:
        raise BadRequest(f"there is no alarm {name}")
    if not isinstance(speed, int | float) or not 1 <= speed <= 10:
        raise BadRequest("speed is a number from 1 to 10: queues are measured every five seconds")
    _speeds[name] = speed
    return {"alarm": name, "speed": speed}


@extends(cloudwatch, "_evict_old_metrics")
def _evict(original: Any) -> None:
    """ministack goes through all points of two weeks at every request: a quarter of its time, when it had run an hour."""
    global _evicted
    if time.monotonic() - _evicted >= _EVICT_SECONDS:
        _evicted = time.monotonic()
        original()


@extends(cloudwatch, "_evaluate_alarm")
def _evaluate_alarm(_original: Any, alarm: dict[str, Any]) -> None:
    values = _datapoints(alarm, time.time())
    state, reason = _decide(alarm, values)
    old = alarm["StateValue"]
    if state == old:
        return
    shown = [value for value in values if value is not None]
    data = {
        "version": "1.0",
        "queryDate": _timestamp(time.time()),
        "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
        "period": alarm["Period"],
        "recentDatapoints": shown,
        "threshold": alarm["Threshold"],
    }
    alarm |= {"StateValue": state, "StateReason": reason, "StateReasonData": json.dumps(data)}
    alarm["StateUpdatedTimestamp"] = int(time.time())
    cloudwatch._record_history(alarm["AlarmName"], old, state, reason, reason_data=data)
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _datapoints(alarm: dict[str, Any], now: float) -> list[float | None]:
    """One value a period, the newest first; the newest period ends now, so that an alarm need not wait for a minute
    of the clock."""
    wanted = cloudwatch._dims_key({each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []})
    points = cloudwatch._metrics.get((alarm.get("Namespace"), alarm.get("MetricName"), wanted)) or []
    period = alarm["Period"] / _speeds.get(alarm["AlarmName"], 1)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    values: list[float | None] = []
    for age in range(alarm["EvaluationPeriods"]):
        end = now - age * period
        within = [point for point in points if end - period < point["Timestamp"] <= end]
        stats = cloudwatch._calc_stats(within)
        values.append(cloudwatch._stat_value(stats, statistic, within) if stats else None)
    return values


def _decide(alarm: dict[str, Any], values: list[float | None]) -> tuple[str, str]:
    words, breaches = _WORDS[alarm["ComparisonOperator"]]
    limit, needed = alarm["Threshold"], alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    missing = alarm.get("TreatMissingData") or "missing"
    present = [value for value in values if value is not None]
    if not present and missing in ("missing", "ignore"):
        state = "INSUFFICIENT_DATA" if missing == "missing" else alarm["StateValue"]
        return state, f"Insufficient Data: {len(values)} datapoints were unknown."
    absent = len(values) - len(present)
    breaching = sum(1 for value in present if breaches(value, limit)) + (absent if missing == "breaching" else 0)
    state = "ALARM" if breaching >= needed else "OK"
    if not present:
        treated = "Breaching" if missing == "breaching" else "NonBreaching"
        return state, (
            f"Threshold Crossed: no datapoints were received for {absent} period{'s' if absent > 1 else ''} and "
            f"{absent} missing datapoint{'s were' if absent > 1 else ' was'} treated as [{treated}]."
        )
    crossed = breaching if state == "ALARM" else len(values) - breaching
    was = "was" if state == "ALARM" else "was not"
    return state, (
        f"Threshold Crossed: {crossed} out of the last {len(values)} datapoints {present} {was} {words} the threshold "
        f"({limit}) (minimum {needed} datapoint{'s' if needed > 1 else ''} for OK -> ALARM transition)."
    )


@extends(cloudwatch, "_dispatch_alarm_actions")
def _dispatch(_original: Any, alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
    now = _timestamp(time.time())
    state = {"value": new, "reason": reason, "timestamp": now}
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    unchecked = {"value": old, "reason": "Unchecked: Initial alarm creation", "timestamp": now}
    previous = _previous.get(alarm["AlarmArn"], unchecked)
    _previous[alarm["AlarmArn"]] = state
    detail = {
        "alarmName": alarm["AlarmName"],
        "configuration": _configuration(alarm),
        "previousState": previous,
        "state": state,
    }
    emit("aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm["AlarmArn"]])
    if not alarm.get("ActionsEnabled", True):
        return
    message = json.dumps(_message(alarm, old, new, reason, now))
    subject = f'{new}: "{alarm["AlarmName"]}" in US East (N. Virginia)'[:100]
    for action in alarm.get(_ACTIONS[new]) or []:
        if cloudwatch._is_sns_action_arn(action):
            sns._fanout(action, new_uuid(), message, subject)


def _configuration(alarm: dict[str, Any]) -> dict[str, Any]:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return {**described, "alarmRule": alarm["AlarmRule"]}
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []},
    }
    statistic = {
        "metric": metric,
        "period": alarm["Period"],
        "stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
    }
    return {**described, "metrics": [{"id": new_uuid(), "metricStat": statistic, "returnData": True}]}


def _message(alarm: dict[str, Any], old: str, new: str, reason: str, now: str) -> dict[str, Any]:
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": get_account_id(),
        "NewStateValue": new,
        "NewStateReason": reason,
        "StateChangeTime": now,
        "Region": "US East (N. Virginia)",
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old,
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
    }
    if "AlarmRule" in alarm:
        return {**message, "AlarmRule": alarm["AlarmRule"]}
    extended = alarm.get("ExtendedStatistic")
    trigger = {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        **({"ExtendedStatistic": extended} if extended else {"Statistic": alarm["Statistic"].upper()}),
        "Unit": alarm.get("Unit"),
        "Dimensions": [{"value": each["Value"], "name": each["Name"]} for each in alarm.get("Dimensions") or []],
        "Period": alarm["Period"],
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"],
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": "",
    }
    return {**message, "Trigger": trigger}


def _timestamp(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch)) + f".{int(epoch * 1000) % 1000:03d}+0000"


def _watch() -> None:
    """Time alone changes an alarm's state, too: when data stops, or a peak leaves the window."""
    while True:
        time.sleep(_EVALUATE_SECONDS)
        if app._MAIN_LOOP is not None:
            # On the loop that serves PutMetricData, so that nothing changes under the evaluation.
            app._MAIN_LOOP.call_soon_threadsafe(_tick)


def _tick() -> None:
    try:
        _measure_queues()
        cloudwatch._evaluate_all_alarms()
    except Exception:
        logger.exception("alarms could not be evaluated; trying again")


_sent: dict[str, int] = {}  # queue name -> messages since the last measurement


@extends(sqs, "_act_send_message")
def _send(original: Any, data: dict[str, Any], url: str) -> Any:
    answer = original(data, url)
    name = url.rsplit("/", 1)[-1]
    _sent[name] = _sent.get(name, 0) + 1
    return answer


# A batch calls it by its name, a single message through this table.
sqs._HANDLERS["SendMessage"] = sqs._act_send_message


def _measure_queues() -> None:
    """A queue that is read tells of zero messages, too."""
    now = time.time()
    for url, queue in sqs._queues.items():
        messages = list(queue["messages"])
        visible = sum(1 for message in messages if message["visible_at"] <= now)
        oldest = max((now - message["sent_at"] for message in messages), default=0.0)
        dimensions = {"QueueName": url.rsplit("/", 1)[-1]}
        for name, value, unit in (
            ("NumberOfMessagesSent", _sent.pop(dimensions["QueueName"], 0), "Count"),
            ("ApproximateNumberOfMessagesVisible", visible, "Count"),
            ("ApproximateNumberOfMessagesNotVisible", len(messages) - visible, "Count"),
            ("ApproximateAgeOfOldestMessage", oldest, "Seconds"),
        ):
            cloudwatch.record_metric("AWS/SQS", name, value, unit, dimensions)
            points = cloudwatch._metrics[("AWS/SQS", name, cloudwatch._dims_key(dimensions))]
            del points[:-_QUEUE_POINTS]


threading.Thread(target=_watch, daemon=True, name="alarms").start()
