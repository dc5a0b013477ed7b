"""A bucket's tags as its template has them: CDK's autoDeleteObjects only empties a bucket that carries its tag."""

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from .extend import extends, needs

needs(s3, "_bucket_tags")


@extends(provisioners, "_s3_apply_configurations")
def _apply_configurations(
    original: Any, name: str, props: dict[str, Any], old_props: dict[str, Any] | None = None
) -> None:
    original(name, props, old_props)
    tags = {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []}
    if tags:
        s3._bucket_tags[name] = tags
    elif old_props and old_props.get("Tags"):
        s3._bucket_tags.pop(name, None)
