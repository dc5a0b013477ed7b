"""Resource types that ministack's CloudFormation lacks. A template with a type that nobody makes is refused as a
whole, naming the type and where to add it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, provisioners

from ..extend import extends, needs

needs(provisioners, "_RESOURCE_HANDLERS", "_pascal_to_camel", "_tag_map", "_physical_name", "_cfn_bool")

Props = dict[str, Any]
Made = tuple[str, dict[str, Any]]  # physical id, attributes
Create = Callable[[str, Props, str], Made]
Update = Callable[[str, Props, Props], dict[str, Any]]
Delete = Callable[[str, Props], None]


def register(resource_type: str, create: Create, delete: Delete, update: Update | None = None) -> None:
    """Without `update`, a change makes the resource anew and then deletes the old one, unless they are one."""

    def change(physical_id: str, old: Props, new: Props, stack: str, logical_id: str | None = None) -> Made:
        if update is not None:
            return physical_id, update(physical_id, old, new)
        delete(physical_id, old)
        return create(logical_id or physical_id, new, stack)

    provisioners._RESOURCE_HANDLERS[resource_type] = {
        "create": create,
        "update": change,
        "update_with_logical_id": True,
        "delete": delete,
    }


def answered(response: tuple[int, Any, Any]) -> Any:
    """The body of a service's answer; its error fails the resource."""
    status, _headers, body = response
    text = body.decode() if isinstance(body, bytes) else body
    if status >= 400:
        raise ValueError(text)
    return json.loads(text) if text[:1] in ("{", "[") else text


def camel(value: Any) -> Any:
    return provisioners._pascal_to_camel(value)


def _explain(original: Any, *args: Any, **kwargs: Any) -> None:
    try:
        original(*args, **kwargs)
    except ValueError as error:
        types = re.search(r"Unrecognized resource types: \[(.+)\]", str(error))
        if types is None:
            raise
        raise ValueError(
            f"Template format error: Unrecognized resource types: [{types[1]}]. The AWS emulator cannot make them: "
            "add them to local/aws/emulator/cloudformation/, or leave them out of this stack."
        ) from error


for _module in (engine, changesets, handlers):
    extends(_module, "validate_template_support")(_explain)

from . import backup, custom_resources, ec2, eks, other  # noqa: E402, F401 - imported for what they register
