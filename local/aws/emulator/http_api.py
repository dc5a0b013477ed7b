"""HTTP APIs: the CORS configuration made by a template (ministack keeps CloudFormation's spelling of its members and
looks them up in the API's), and the domain name in a function's event (a host that ends in an IPv4 address is no host).
"""

from typing import Any

from ministack.core.responses import get_region
from ministack.services import apigateway, lambda_svc

from .extend import extends


def _respelled(original: Any, configuration: dict[str, Any] | None, *rest: Any) -> Any:
    return original({key[:1].lower() + key[1:]: value for key, value in (configuration or {}).items()}, *rest)


extends(apigateway, "_cors_response_headers")(_respelled)
extends(apigateway, "_cors_preflight_response")(_respelled)


@extends(lambda_svc, "_execute_function_with_config_scope")
def _execute(original: Any, record: Any, event: Any, *rest: Any, **options: Any) -> Any:
    context = event.get("requestContext") if isinstance(event, dict) else None
    if isinstance(context, dict) and "domainName" in context and "apiId" in context:
        # As AWS names an API without a domain of its own.
        name = f"{context['apiId']}.execute-api.{get_region()}.amazonaws.com"
        event = {**event, "requestContext": {**context, "domainName": name}}
    return original(record, event, *rest, **options)
