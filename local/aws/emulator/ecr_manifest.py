"""What an image's manifest says: the blobs and manifests that it needs, its size, its kind."""

import json
from typing import Any

from ministack.services import ecr

from .extend import needs

needs(ecr, "_layer_blobs", "_manifest_blobs")


def parse(manifest: bytes) -> dict[str, Any]:
    """Empty where it is none."""
    try:
        parsed = json.loads(manifest)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _blobs(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    config = manifest.get("config")
    return [*([config] if config else []), *manifest.get("layers", [])]


def missing(repository: str, manifest: bytes) -> list[str]:
    """The digests that must be in the repository before this manifest, and are not."""
    parsed = parse(manifest)
    blobs, manifests = ecr._layer_blobs.get(repository, {}), ecr._manifest_blobs.get(repository, {})
    absent = [blob["digest"] for blob in _blobs(parsed) if blob["digest"] not in blobs]
    return absent + [child["digest"] for child in parsed.get("manifests", []) if child["digest"] not in manifests]


def size(manifest: bytes) -> int:
    """As ECR counts: the compressed layers; of an index, nothing."""
    return sum(blob.get("size", 0) for blob in _blobs(parse(manifest)))


def is_index(media_type: str) -> bool:
    return media_type in (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )


def artifact_type(manifest: bytes) -> str | None:
    parsed = parse(manifest)
    return parsed.get("artifactType") or parsed.get("config", {}).get("mediaType")


def subject(manifest: bytes) -> str | None:
    return (parse(manifest).get("subject") or {}).get("digest")


def referrers(repository: str, digest: str) -> dict[str, Any]:
    """OCI's answer to "what refers to this image": an index of the manifests whose subject it is."""
    media_type = "application/vnd.oci.image.manifest.v1+json"
    found = []
    for own, raw in ecr._manifest_blobs.get(repository, {}).items():
        if subject(raw) != digest:
            continue
        parsed = parse(raw)
        entry = {"mediaType": parsed.get("mediaType", media_type), "digest": own, "size": len(raw)}
        optional = {"artifactType": artifact_type(raw), "annotations": parsed.get("annotations")}
        found.append({**entry, **{key: value for key, value in optional.items() if value}})
    return {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": found}
