"""What a scan found, kept from the local services' answer and given out by pages in ECR's shapes."""

from __future__ import annotations

import base64
import datetime
import time
from typing import TYPE_CHECKING, Any

from .ecr_api import Data, Refused

if TYPE_CHECKING:
    from .ecr_scanning import Scan

_PAGE = 100
_LARGEST_PAGE = 1000
_STATUSES = ("COMPLETE", "FAILED", "UNSUPPORTED_IMAGE")
# Timestamps are seconds since the epoch in this API; the services may write them as text.
_TIMES = frozenset({"firstObservedAt", "lastObservedAt", "updatedAt", "vendorCreatedAt", "vendorUpdatedAt", "pushedAt"})


def complete(scan: Scan, answer: Data) -> None:
    status = answer.get("status")
    scan.completed_at = time.time()
    scan.description = answer.get("description") or ""
    if status not in _STATUSES:
        scan.status, scan.description = "FAILED", f"the scanner answered the status {status!r}"
        return
    if status == "COMPLETE":
        scan.findings = [_with_times(finding) for finding in answer[_member(scan)]]
        scan.counts = {severity: count for severity, count in answer["severityCounts"].items() if count}
    # Last, because a reader takes the status for the sign that the rest is there.
    scan.status = "ACTIVE" if scan.enhanced and status == "COMPLETE" else status


def _member(scan: Scan) -> str:
    return "enhancedFindings" if scan.enhanced else "findings"


def _with_times(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_times(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _epoch(each) if key in _TIMES and isinstance(each, str) else _with_times(each)
        for key, each in value.items()
    }


def _epoch(text: str) -> float:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def summary(scan: Scan) -> Data:
    return {
        "imageScanCompletedAt": int(scan.completed_at),
        "vulnerabilitySourceUpdatedAt": int(scan.completed_at),
        "findingSeverityCounts": scan.counts,
    }


def page(scan: Scan, data: Data) -> tuple[Data, str | None]:
    size = data.get("maxResults", _PAGE)
    if not isinstance(size, int) or not 1 <= size <= _LARGEST_PAGE:
        raise Refused("InvalidParameterException", f"maxResults must be between 1 and {_LARGEST_PAGE}")
    start = _offset(scan, data["nextToken"]) if data.get("nextToken") else 0
    end = start + size
    findings = {**summary(scan), _member(scan): scan.findings[start:end]}
    return findings, _token(scan, end) if end < len(scan.findings) else None


def _token(scan: Scan, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{scan.completed_at}:{offset}".encode()).decode()


def _offset(scan: Scan, token: str) -> int:
    """A token is of one scan: after another one it is refused rather than mixing the two."""
    try:
        completed_at, offset = base64.urlsafe_b64decode(token).decode().split(":")
    except ValueError as error:
        raise Refused("InvalidParameterException", "The nextToken is invalid") from error
    if completed_at != str(scan.completed_at):
        raise Refused("InvalidParameterException", "The nextToken is of an earlier scan")
    return int(offset)
