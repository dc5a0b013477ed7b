"""The hosted zones and their records as JSON, for the local DNS server (local/aws/dns.ts); and what ministack lacks of
Route 53's rules: a CNAME stands alone, a call has a size, a refusal names its record, and the order of a listing.
"""

import re
import threading
from typing import Any

from ministack.services import route53

from .admin import route
from .extend import extends, needs

needs(route53, "_zones", "_records", "_lock", "_error_response", "_name_sort_key", "_parse_body", "_find", "_findall", "_text")
# Route 53 Developer Guide, "Quotas", "Maximums on API requests".
_RECORDS = 1_000
_CHARACTERS = 32_000
_changing = threading.Lock()


@route("GET", "zones")
def _list_zones(_match: re.Match[str], _body: dict[str, Any]) -> dict[str, Any]:
    with route53._lock:
        return {
            "zones": [
                {
                    "id": zone["id"],
                    "name": zone["name"],
                    "private": zone["private"],
                    "records": [_record(record) for record in route53._records.get(zone["id"], [])],
                }
                for zone in route53._zones.values()
            ]
        }


def _record(record: dict[str, Any]) -> dict[str, Any]:
    answer = {
        "name": record["Name"],
        "type": record["Type"],
        "ttl": int(record.get("TTL", 60)),
        "values": record.get("ResourceRecords", []),
    }
    if "AliasTarget" in record:
        answer["alias"] = record["AliasTarget"]["DNSName"]
    return answer


@extends(route53, "_change_resource_record_sets")
def _change(original: Any, zone_id: str, body: bytes) -> Any:
    over = _over_size(body)
    if over is not None:
        return route53._error_response("InvalidChangeBatch", over)
    # One change after the other: what ministack has taken is taken back where it breaks the rule.
    with _changing:
        before = list(route53._records.get(zone_id, []))
        response = original(zone_id, body)
        lonely = _beside_others(route53._records.get(zone_id, []))
        if lonely is None:
            return response
        with route53._lock:
            route53._records[zone_id] = before
        return route53._error_response(
            "InvalidChangeBatch",
            f"RRSet of type CNAME with DNS name {lonely} is not permitted as a record of another type is there already",
        )


def _over_size(body: bytes) -> str | None:
    """UPSERT counts twice; an alias is one record, of no characters."""
    root = route53._parse_body(body)
    batch = None if root is None else route53._find(root, "ChangeBatch")
    changes = None if batch is None else route53._find(batch, "Changes")
    records = characters = 0
    for change in [] if changes is None else route53._findall(changes, "Change"):
        weight = 2 if route53._text(change, "Action") == "UPSERT" else 1
        values = [value.text or "" for value in change.iter() if value.tag.rpartition("}")[2] == "Value"]
        records += weight * max(1, len(values))
        characters += weight * sum(len(value) for value in values)
    if records > _RECORDS:
        return f"Number of records limit of {_RECORDS} exceeded."
    return f"Number of characters limit of {_CHARACTERS} exceeded." if characters > _CHARACTERS else None


@extends(route53, "_name_sort_key")
def _name_sort_key(_original: Any, name: str) -> str:
    """Labels reversed with the dot at the end, as ASCII (API reference, ListResourceRecordSets): `web-2` before `web`."""
    return ".".join(reversed(name.rstrip(".").split("."))) + "."


def _beside_others(records: list[dict[str, Any]]) -> str | None:
    """The name of a CNAME that does not stand alone (Route 53 developer guide, "Supported DNS record types")."""
    types: dict[str, set[str]] = {}
    for record in records:
        types.setdefault(record["Name"], set()).add(record["Type"])
    return next((name for name, all_types in types.items() if "CNAME" in all_types and len(all_types) > 1), None)
