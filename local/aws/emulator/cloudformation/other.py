"""Single types of other services: ECR's registry settings, composite alarms, event archives."""

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, eventbridge
from ministack.services.cloudformation import provisioners

from .. import ecr_scanning
from ..ecr_api import Refused
from ..extend import needs
from . import Made, Props, answered, camel, register

needs(cloudwatch, "_put_composite_alarm", "_delete_alarms")
needs(eventbridge, "_create_archive", "_update_archive", "_delete_archive")


def _put_scanning(_logical_id: str, props: Props, _stack: str) -> Made:
    configuration = {"scanType": props["ScanType"], "rules": camel(props.get("Rules", []))}
    try:
        ecr_scanning.put_configuration(configuration)
    except Refused as refused:
        raise ValueError(refused.message) from refused
    return get_account_id(), {"RegistryId": get_account_id()}


def _reset_scanning(_physical_id: str, _props: Props) -> None:
    ecr_scanning.put_configuration({"scanType": "BASIC", "rules": []})


def _alarm_name(logical_id: str, props: Props, stack: str) -> str:
    return props.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)


def _put_composite_alarm(logical_id: str, props: Props, stack: str) -> Made:
    name = _alarm_name(logical_id, props, stack)
    answered(cloudwatch._put_composite_alarm({}, {**props, "AlarmName": name}, False, is_json=True))
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}


def _delete_alarm(physical_id: str, _props: Props) -> None:
    answered(cloudwatch._delete_alarms({}, {"AlarmNames": [physical_id]}, False, is_json=True))


def _archive(props: Props) -> dict[str, Any]:
    pattern = props.get("EventPattern", "")
    return {
        "EventSourceArn": props["SourceArn"],
        "Description": props.get("Description", ""),
        "EventPattern": pattern if isinstance(pattern, str) else json.dumps(pattern),
        "RetentionDays": int(props.get("RetentionDays", 0)),
    }


def _create_archive(logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("ArchiveName") or provisioners._physical_name(stack, logical_id, max_len=48)
    answer = answered(eventbridge._create_archive({"ArchiveName": name, **_archive(props)}))
    return name, {"Arn": answer["ArchiveArn"]}


def _update_archive(physical_id: str, _old: Props, new: Props) -> dict[str, Any]:
    answer = answered(eventbridge._update_archive({"ArchiveName": physical_id, **_archive(new)}))
    return {"Arn": answer["ArchiveArn"]}


def _delete_archive(physical_id: str, _props: Props) -> None:
    eventbridge._delete_archive({"ArchiveName": physical_id})


register("AWS::ECR::RegistryScanningConfiguration", _put_scanning, _reset_scanning)
register("AWS::CloudWatch::CompositeAlarm", _put_composite_alarm, _delete_alarm)
register("AWS::Events::Archive", _create_archive, _delete_archive, _update_archive)
