"""The hosted zones and their records as JSON, for the local DNS server (local/aws/dns.ts); and that a CNAME stands alone,
which ministack does not hold a batch of changes to.
"""

import re
import threading
from typing import Any

from ministack.services import route53

from .admin import route
from .extend import extends, needs

needs(route53, "_zones", "_records", "_lock", "_error_response")
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


def _beside_others(records: list[dict[str, Any]]) -> str | None:
    """The name of a CNAME that does not stand alone (Route 53 developer guide, "Supported DNS record types")."""
    types: dict[str, set[str]] = {}
    for record in records:
        types.setdefault(record["Name"], set()).add(record["Type"])
    return next((name for name, all_types in types.items() if "CNAME" in all_types and len(all_types) > 1), None)
