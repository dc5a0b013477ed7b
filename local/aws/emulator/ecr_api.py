"""ECR's API where ministack answers otherwise than AWS: layers, sizes, absent images, tags, tokens, settings."""

import base64
import json
import os
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.core.router import extract_access_key_id
from ministack.services import ecr

from . import ecr_manifest
from .extend import extends, needs

needs(ecr, "_repositories", "_images", "_layer_blobs", "_manifest_blobs", "_image_digest", "_describe_images")

Data = dict[str, Any]
ACTIONS: dict[str, Callable[[Data], Data]] = {}

# Whoever asks for the password of `docker login` is who the registry sees later.
_passwords: dict[str, tuple[str, float]] = {}
_caller: ContextVar[str] = ContextVar("ecr_caller", default="")
_TOKEN_SECONDS = 12 * 3600
_settings: dict[str, str] = {}
_SETTINGS = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "DISABLED"}


class Refused(Exception):
    """An error that the API answers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def action(name: str) -> Callable[[Callable[[Data], Data]], Callable[[Data], Data]]:
    def decorate(handler: Callable[[Data], Data]) -> Callable[[Data], Data]:
        ACTIONS[name] = handler
        return handler

    return decorate


@extends(ecr, "handle_request")
async def _handle_request(original: Any, method: str, path: str, headers: Data, body: bytes, query: Data) -> Any:
    handler = ACTIONS.get(headers.get("x-amz-target", "").rpartition(".")[2])
    if handler is None:
        return await original(method, path, headers, body, query)
    _caller.set(extract_access_key_id(headers, query))
    try:
        return json_response(handler(json.loads(body or b"{}")))
    except json.JSONDecodeError:
        return error_response_json("SerializationException", "Invalid JSON", 400)
    except Refused as refused:
        return error_response_json(refused.code, refused.message, 400)


def repository(data: Data) -> tuple[str, Data]:
    name = data.get("repositoryName", "")
    found = ecr._repositories.get(name)
    if found is None:
        registry = get_account_id()
        raise Refused(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{registry}'",
        )
    return name, found


def image(name: str, image_id: Data) -> Data:
    found = ecr._find_image(name, image_id)
    if found is None:
        raise Refused(
            "ImageNotFoundException", f"The image with imageId {describe(image_id)} does not exist {at(name)}"
        )
    return found


def describe(image_id: Data) -> str:
    digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
    return f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"


def at(name: str) -> str:
    return f"within the repository with name '{name}' in the registry with id '{get_account_id()}'"


@extends(ecr, "_find_image")
def _find_image(_original: Any, name: str, image_id: Data) -> Data | None:
    """With both a digest and a tag, the image must have both: a tag that has moved finds nothing."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if not digest and not tag:
        return None
    for found in ecr._images.get(name, []):
        if (not digest or found["imageDigest"] == digest) and (not tag or tag in found["imageTags"]):
            return found
    return None


@action("PutImage")
def _put_image(data: Data) -> Data:
    name, _ = repository(data)
    manifest = data.get("imageManifest", "").encode()
    digest, tag = ecr._image_digest(manifest), data.get("imageTag")
    if data.get("imageDigest", digest) != digest:
        raise Refused("ImageDigestDoesNotMatchException", "The image digest does not match the image manifest")
    missing = ecr_manifest.missing(name, manifest)
    if missing:
        raise Refused(
            "LayersNotFoundException",
            f"The layers with digests '[{', '.join(missing)}]' required for pushing image into repository with name "
            f"'{name}' in the registry with id '{get_account_id()}' do not exist",
        )
    known = ecr._find_image(name, {"imageDigest": digest})
    if known is not None and (tag is None or tag in known["imageTags"]):
        raise Refused("ImageAlreadyExistsException", f"Image with digest '{digest}' already exists {at(name)}")
    status, _, body = ecr._put_image(data)
    answer = json.loads(body)
    if status != 200:
        raise Refused(answer.get("__type", "ServerException"), answer.get("message", ""))
    return {"image": {**answer["image"], "imageId": _image_id(digest, tag)}}


@extends(ecr, "_put_image")
def _store_image(original: Any, data: Data) -> Any:
    """What the API was given can be pulled, too."""
    response = original(data)
    if response[0] == 200:
        manifest = data["imageManifest"].encode()
        ecr._manifest_blobs.setdefault(data["repositoryName"], {})[ecr._image_digest(manifest)] = manifest
    return response


def _image_id(digest: str, tag: str | None) -> Data:
    return {"imageDigest": digest, **({"imageTag": tag} if tag else {})}


@action("ListImages")
def _list_images(data: Data) -> Data:
    name, _ = repository(data)
    wanted = data.get("filter", {}).get("tagStatus", "ANY")
    ids = []
    for found in ecr._images.get(name, []):
        tags = found["imageTags"]
        if wanted != "UNTAGGED":
            ids += [_image_id(found["imageDigest"], tag) for tag in tags]
        if wanted != "TAGGED" and not tags:
            ids.append(_image_id(found["imageDigest"], None))
    return {"imageIds": ids}


@action("DescribeImages")
def _describe_images(data: Data) -> Data:
    name, _ = repository(data)
    ids = data.get("imageIds")
    found = [image(name, one) for one in ids] if ids else list(ecr._images.get(name, []))
    wanted = data.get("filter", {}).get("tagStatus", "ANY")
    if wanted != "ANY":
        found = [one for one in found if bool(one["imageTags"]) == (wanted == "TAGGED")]
    return {"imageDetails": [_image_detail(name, one) for one in found]}


# Filled by ecr_scanning: what a scan adds to an image's description.
scan_summary: Callable[[str, str], Data] = lambda _name, _digest: {}  # noqa: E731


def _image_detail(name: str, found: Data) -> Data:
    manifest = found["imageManifest"].encode()
    detail: Data = {
        "registryId": get_account_id(),
        "repositoryName": name,
        "imageDigest": found["imageDigest"],
        "imageSizeInBytes": ecr_manifest.size(manifest),
        "imagePushedAt": found["imagePushedAt"],
        "imageManifestMediaType": found["imageManifestMediaType"],
        "artifactMediaType": ecr_manifest.artifact_type(manifest) or found["imageManifestMediaType"],
        **scan_summary(name, found["imageDigest"]),
    }
    return {**detail, "imageTags": found["imageTags"]} if found["imageTags"] else detail


@action("BatchDeleteImage")
def _batch_delete_image(data: Data) -> Data:
    """A tag alone is only taken off, unless it is the image's last."""
    name, _ = repository(data)
    deleted, failures = [], []
    for image_id in data.get("imageIds", []):
        found = ecr._find_image(name, image_id)
        if found is None:
            failure = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": image_id, **failure})
            continue
        digest, tags = found["imageDigest"], found["imageTags"]
        gone = list(tags) if image_id.get("imageDigest") else [image_id["imageTag"]]
        found["imageTags"] = [tag for tag in tags if tag not in gone]
        if not found["imageTags"]:
            ecr._images[name].remove(found)
            ecr._manifest_blobs.get(name, {}).pop(digest, None)
        deleted += [_image_id(digest, tag) for tag in gone] or [_image_id(digest, None)]
    return {"imageIds": deleted, "failures": failures}


@action("BatchCheckLayerAvailability")
def _check_layers(data: Data) -> Data:
    name, _ = repository(data)
    blobs = ecr._layer_blobs.get(name, {})
    layers = [
        {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": len(blobs[digest])}
        if digest in blobs
        else {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
        for digest in data.get("layerDigests", [])
    ]
    return {"layers": layers, "failures": []}


@action("GetDownloadUrlForLayer")
def _download_url(data: Data) -> Data:
    name, _ = repository(data)
    digest = data.get("layerDigest", "")
    if digest not in ecr._layer_blobs.get(name, {}):
        raise Refused("LayersNotFoundException", f"The layer with digest '{digest}' does not exist {at(name)}")
    return {"downloadUrl": f"{endpoint()}/v2/{name}/blobs/{digest}", "layerDigest": digest}


def endpoint() -> str:
    return os.environ["AWS_ENDPOINT_URL"]


@action("GetAuthorizationToken")
def _authorization_token(_data: Data) -> Data:
    password, expires = secrets.token_urlsafe(48), time.time() + _TOKEN_SECONDS
    _passwords[password] = (_caller.get(), expires)
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    data = {"authorizationToken": token, "expiresAt": int(expires), "proxyEndpoint": endpoint()}
    return {"authorizationData": [data]}


def access_key_of(password: str) -> str | None:
    access_key, expires = _passwords.get(password, ("", 0.0))
    return access_key if expires > time.time() else None


@action("GetAccountSetting")
def get_setting(data: Data) -> Data:
    name = data.get("name", "")
    if name not in _SETTINGS:
        raise Refused("InvalidParameterException", f"Unknown account setting '{name}'")
    return {"name": name, "value": _settings.get(name, _SETTINGS[name])}


@action("ListImageReferrers")
def _list_referrers(data: Data) -> Data:
    name, _ = repository(data)
    found = ecr_manifest.referrers(name, data.get("subjectId", {}).get("imageDigest", ""))["manifests"]
    return {"referrers": [{**one, "artifactStatus": "ACTIVE"} for one in found[: data.get("maxResults", 50)]]}


@action("GetDownloadUrlForLayer")
def _download_url(data: Data) -> Data:
    """Anonymous pulls are let through, as a signed address is on AWS."""
    name, _ = repository(data)
    digest = data.get("layerDigest", "")
    return {"downloadUrl": f"{endpoint()}/v2/{name}/blobs/{digest}", "layerDigest": digest}


@action("PutAccountSetting")
def _put_setting(data: Data) -> Data:
    get_setting(data)
    _settings[data["name"]] = data.get("value", "")
    return get_setting(data)


@extends(ecr, "_create_repository")
def _create_repository(original: Any, data: Data) -> Any:
    answer = original(data)
    filters = data.get("imageTagMutabilityExclusionFilters")
    if answer[0] == 200 and filters:
        ecr._repositories[data["repositoryName"]]["imageTagMutabilityExclusionFilters"] = filters
    return answer


@extends(ecr, "_repo_shape")
def _repo_shape(original: Any, repo: Data) -> Data:
    """With the tags that may move all the same (ECR API Reference, Repository), which ministack forgets."""
    filters = repo.get("imageTagMutabilityExclusionFilters")
    return {**original(repo), **({"imageTagMutabilityExclusionFilters": filters} if filters else {})}
