"""Which resources a backup plan covers. Nothing is ever backed up here: the plan is what an account would follow."""

from typing import Any

from ministack.services import backup

from ..extend import needs
from . import Made, Props, answered, register

needs(backup, "_create_selection", "_delete_selection")


def _create_selection(_logical_id: str, props: Props, _stack: str) -> Made:
    plan = props["BackupPlanId"]
    body: dict[str, Any] = {"BackupSelection": props["BackupSelection"]}
    selection = answered(backup._create_selection(plan, body))["SelectionId"]
    return f"{selection}_{plan}", {"Id": selection, "SelectionId": selection, "BackupPlanId": plan}


def _delete_selection(physical_id: str, _props: Props) -> None:
    selection, _, plan = physical_id.partition("_")
    backup._delete_selection(plan, selection)


register("AWS::Backup::BackupSelection", _create_selection, _delete_selection)
