"""A custom resource whose function fails without an answer fails at once, with the function's error. On AWS, and in
ministack, the stack waits an hour for it; here somebody sits before it.
"""

from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from ..extend import extends, needs

needs(custom_resource, "deliver_response", "_pending")


@extends(lambda_svc, "_execute_function_with_config_scope")
def _execute(original: Any, function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    result = original(function, event)
    if result.get("error") and isinstance(event, dict) and {"ResponseURL", "RequestType"} <= event.keys():
        token = event["ResponseURL"].rsplit("/", 1)[-1]
        pending = custom_resource._pending.get(token)
        if pending is not None and pending["result"] is None:
            reason = f"{result['body'].get('errorMessage', result['body'])} (the function's log tells more)"
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
    return result
