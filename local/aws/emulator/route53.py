"""The hosted zones and their records as JSON, for the local DNS server (local/aws/dns.ts)."""

import re
from typing import Any

from ministack.services import route53

from .admin import route
from .extend import needs

needs(route53, "_zones", "_records", "_lock")


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
