"""ECR's registry (OCI distribution): who may push, manifests without their layers, blob mounting, referrers.

Anonymous pulls are let through, because the node's containerd has no credentials. Pushes are checked as on AWS, by
the identity that asked for the password, once IAM is enforced.
"""

import base64
import binascii
import json
import os
import re
from typing import Any

import ministack.app as app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from . import ecr_api, ecr_manifest
from .extend import extends, needs

needs(iam_evaluator, "resolve_principal", "evaluate", "combine_resource_policy", "EvalContext", "AuthError")
needs(ecr, "_parse_v2_path", "_registry_error", "_registry_ok", "_ensure_repo_exists", "_query_first", "_layer_blobs")
needs(app, "AUTH")

Response = tuple[int, dict[str, str], bytes]
_REFERRERS = re.compile(r"/v2/(.+)/referrers/(sha256:[0-9a-f]{64})")
_ACTIONS = {
    ("blob_uploads", "POST"): "InitiateLayerUpload",
    ("blob_upload_session", "PATCH"): "UploadLayerPart",
    ("blob_upload_session", "PUT"): "CompleteLayerUpload",
    ("manifest", "PUT"): "PutImage",
    ("manifest", "GET"): "BatchGetImage",
    ("manifest", "HEAD"): "BatchGetImage",
    ("manifest", "DELETE"): "BatchDeleteImage",
    ("blob", "GET"): "GetDownloadUrlForLayer",
    ("blob", "HEAD"): "BatchCheckLayerAvailability",
    ("tags_list", "GET"): "ListImages",
}


@extends(app, "_is_ecr_registry_path")
def _is_registry_path(original: Any, path: str) -> bool:
    return bool(original(path) or _REFERRERS.fullmatch(path))


@extends(ecr, "handle_registry_request")
async def _handle(original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Response:
    denied = _authorize(method.upper(), path, headers)
    if denied is not None:
        return denied
    match = _REFERRERS.fullmatch(path)
    if match is None:
        return await original(method, path, headers, body, query)
    name, digest = match.groups()
    return ecr._ensure_repo_exists(name) or _json(ecr_manifest.referrers(name, digest))


def _json(index: dict[str, Any]) -> Response:
    return ecr._registry_ok(200, {"Content-Type": index["mediaType"]}, json.dumps(index).encode())


def _authorize(method: str, path: str, headers: dict[str, str]) -> Response | None:
    if not app.AUTH:
        return None
    verb, name, _reference = ecr._parse_v2_path(path) or ("", "", "")
    access_key = _access_key(headers.get("authorization", ""))
    if access_key is None:
        # A client shows its credentials only to a registry that asks for them at `/v2/`.
        return None if method in ("GET", "HEAD") and verb != "ping" else _challenge()
    action = _ACTIONS.get((verb, method))
    return _deny(access_key, f"ecr:{action}", name) if action else None


def _challenge() -> Response:
    status, headers, body = ecr._registry_error(401, "UNAUTHORIZED", "authentication required")
    return (
        status,
        {**headers, "WWW-Authenticate": f'Basic realm="{ecr_api.endpoint()}",service="ecr.amazonaws.com"'},
        body,
    )


def _access_key(authorization: str) -> str | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if user == os.environ.get("AWS_ACCESS_KEY_ID") and password == os.environ.get("AWS_SECRET_ACCESS_KEY"):
        return user
    return ecr_api.access_key_of(password) if user == "AWS" else None


def _deny(access_key: str, action: str, name: str) -> Response | None:
    principal = iam_evaluator.resolve_principal(access_key, get_account_id())
    if isinstance(principal, iam_evaluator.AuthError):
        return ecr._registry_error(403, "DENIED", principal.message)
    if principal.policies is None:
        return None
    context = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=ecr._repo_arn(name),
        region=get_region(),
        principal_keys=principal.keys,
    )
    result = iam_evaluator.evaluate(context, principal.policies, *principal.limits)
    policy = ecr.repository_policy_for_arn(context.resource_arn)
    if policy is not None:
        result = iam_evaluator.combine_resource_policy(result, context, *policy, limits=principal.limits)
    if result.decision == "Allow":
        return None
    message = f"User: {principal.arn} is not authorized to perform: {action} on resource: {context.resource_arn}"
    return ecr._registry_error(403, "DENIED", message)


@extends(ecr, "_v2_start_blob_upload")
def _start_upload(original: Any, name: str, query: dict[str, Any], body: bytes) -> Response:
    """Mounts a blob of another repository only where the registry has BLOB_MOUNTING on; else it is uploaded."""
    if ecr_api.get_setting({"name": "BLOB_MOUNTING"})["value"] != "ENABLED":
        query = {key: value for key, value in query.items() if key != "mount"}
    return original(name, query, body)


@extends(ecr, "_v2_complete_blob_upload")
def _complete_upload(original: Any, name: str, upload: str, query: dict[str, Any], body: bytes) -> Response:
    """What repositories have in common is held once: by the hundred their bases would fill the machine."""
    response = original(name, upload, query, body)
    digest, own = ecr._query_first(query, "digest"), ecr._layer_blobs.get(name, {})
    if digest in own:
        own[digest] = next(blobs[digest] for blobs in ecr._layer_blobs._data.values() if digest in blobs)
    return response


@extends(ecr, "_v2_put_manifest")
def _put_manifest(original: Any, name: str, reference: str, headers: dict[str, str], body: bytes) -> Response:
    if name in ecr._repositories:
        missing = ecr_manifest.missing(name, body)
        if missing:
            return ecr._registry_error(
                404, "MANIFEST_BLOB_UNKNOWN", f"not in repository {name}: {', '.join(missing)}", {"digests": missing}
            )
    response = original(name, reference, headers, body)
    subject = ecr_manifest.subject(body)
    if response[0] == 201 and subject:
        response[1]["OCI-Subject"] = subject
    return response
