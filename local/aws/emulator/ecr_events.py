"""`ECR Image Action`: told on the default bus for every image that is pushed or deleted, by API or registry."""

import json
from typing import Any

from ministack.services import ecr

from . import ecr_api, ecr_scanning
from .eventbridge import emit
from .extend import extends


def _tell(kind: str, name: str, digest: str, tag: str | None) -> None:
    detail = {"result": "SUCCESS", "repository-name": name, "image-digest": digest, "action-type": kind}
    emit("aws.ecr", "ECR Image Action", {**detail, "image-tag": tag} if tag else detail, [])


def _pushed(name: str, digest: str, tag: str | None) -> None:
    _tell("PUSH", name, digest, tag)
    ecr_scanning.pushed(name, digest)


@extends(ecr, "_put_image")
def _put_image(original: Any, data: dict[str, Any]) -> Any:
    response = original(data)
    if response[0] == 200:
        digest = json.loads(response[2])["image"]["imageId"]["imageDigest"]
        _pushed(data["repositoryName"], digest, data.get("imageTag"))
    return response


@extends(ecr, "_v2_put_manifest")
def _v2_put_manifest(original: Any, name: str, reference: str, headers: dict[str, str], body: bytes) -> Any:
    response = original(name, reference, headers, body)
    if response[0] == 201:
        tag = None if reference.startswith("sha256:") else reference
        _pushed(name, response[1]["Docker-Content-Digest"], tag)
    return response


_delete = ecr_api.ACTIONS["BatchDeleteImage"]


@ecr_api.action("BatchDeleteImage")
def _batch_delete_image(data: dict[str, Any]) -> dict[str, Any]:
    answer = _delete(data)
    for gone in answer["imageIds"]:
        _tell("DELETE", data["repositoryName"], gone["imageDigest"], gone.get("imageTag"))
    return answer
