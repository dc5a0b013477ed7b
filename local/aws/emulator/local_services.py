"""Work that an emulator cannot do by itself (scanning, building) is asked of the local services over HTTP."""

import json
import os
import urllib.error
import urllib.request
from typing import Any

# Taken out of the environment, because every Lambda inherits what is in it.
_URL = os.environ.pop("LOCAL_SERVICES_URL", "")
# Never through a proxy that the machine may have: the services are on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServiceError(Exception):
    """The local services could not be asked, or refused."""


def post(path: str, body: dict[str, Any], timeout: float) -> dict[str, Any]:
    if not _URL:
        raise ServiceError("the emulator was started without LOCAL_SERVICES_URL")
    request = urllib.request.Request(
        _URL + path, data=json.dumps(body).encode(), headers={"content-type": "application/json"}, method="POST"
    )
    try:
        with _opener.open(request, timeout=timeout) as response:
            answer = json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise ServiceError(f"POST {path} of the local services answered {error.code}: {error.read(2000)!r}") from error
    except (OSError, ValueError) as error:
        raise ServiceError(f"POST {path} of the local services at {_URL} failed: {error}") from error
    if not isinstance(answer, dict):
        raise ServiceError(f"POST {path} of the local services did not answer a JSON object")
    return answer
