"""S3 where ministack answers otherwise than AWS: a bucket's tags, and checksums of full objects."""

import re
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from .extend import extends, needs

needs(
    s3,
    "_bucket_tags",
    "_compute_s3_checksum",
    "_ensure_bucket",
    "_error",
    "_multipart_uploads",
    "_qp",
)


@extends(provisioners, "_s3_apply_configurations")
def _apply_configurations(
    original: Any, name: str, props: dict[str, Any], old_props: dict[str, Any] | None = None
) -> None:
    """As its template has them: CDK's autoDeleteObjects only empties a bucket that carries its tag."""
    original(name, props, old_props)
    tags = {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []}
    if tags:
        s3._bucket_tags[name] = tags
    elif old_props and old_props.get("Tags"):
        s3._bucket_tags.pop(name, None)


@extends(s3, "_complete_multipart_upload")
def _complete_multipart_upload(
    original: Any,
    bucket_name: str,
    key: str,
    body: bytes,
    query_params: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> Any:
    """A checksum of the full object is of all its bytes (S3 User Guide, "Checking object integrity"); ministack knows a
    checksum of its parts' checksums alone, and would refuse what is sent with such an upload's end."""
    given = dict(headers or {})
    upload = s3._multipart_uploads.get(s3._qp(query_params, "uploadId"))
    algorithm = (upload or {}).get("checksum_algorithm")
    if upload is None or algorithm is None or given.get("x-amz-checksum-type") != "FULL_OBJECT":
        return original(bucket_name, key, body, query_params, headers)
    parts = upload["parts"]
    whole = s3._compute_s3_checksum(algorithm, b"".join(parts[number]["body"] for number in sorted(parts)))
    if given.pop(f"x-amz-checksum-{algorithm.lower()}", whole) != whole:
        says = f"The {algorithm} you specified did not match the calculated checksum."
        return s3._error("BadDigest", says, 400, f"/{bucket_name}/{key}")
    answer = original(bucket_name, key, body, query_params, given)
    if answer[0] == 200:
        stored = s3._ensure_bucket(bucket_name)["objects"][key]
        stored.update(checksums={algorithm: whole}, checksum_type="FULL_OBJECT")
    return answer


_CONTENTS = re.compile(rb"<Contents><Key>(.*?)</Key>.*?(?=</Contents>)", re.DOTALL)


@extends(s3, "_list_objects_v2")
def _list_objects_v2(original: Any, bucket_name: str, query_params: dict[str, Any]) -> Any:
    """Each object says which checksum it has, and of what (S3 API Reference, Object); ministack says neither."""
    status, headers, body = original(bucket_name, query_params)
    if status != 200:
        return status, headers, body
    objects = s3._ensure_bucket(bucket_name)["objects"]
    is_encoded = s3._qp(query_params, "encoding-type", "") == "url"

    def told(match: re.Match[bytes]) -> bytes:
        key = unescape(match[1].decode())
        stored = objects.get(unquote(key) if is_encoded else key, {})
        kind = stored.get("checksum_type") or "FULL_OBJECT"
        return match[0] + b"".join(
            f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>".encode()
            for algorithm in stored.get("checksums") or {}
        )

    return status, headers, _CONTENTS.sub(told, body)
