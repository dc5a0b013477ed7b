"""The CORS configuration of an HTTP API made by a template: ministack keeps CloudFormation's spelling of its members
and looks them up in the API's.
"""

from typing import Any

from ministack.services import apigateway

from .extend import extends


def _respelled(original: Any, configuration: dict[str, Any] | None, *rest: Any) -> Any:
    return original({key[:1].lower() + key[1:]: value for key, value in (configuration or {}).items()}, *rest)


extends(apigateway, "_cors_response_headers")(_respelled)
extends(apigateway, "_cors_preflight_response")(_respelled)
