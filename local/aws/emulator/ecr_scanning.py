"""ECR's image scanning. The local services scan; this keeps what they find, tells it as AWS does, and answers the API.

Basic scanning ends in `ECR Image Scan`, enhanced scanning (Amazon Inspector) in `Inspector2 Scan`, whose shapes differ.
"""

import fnmatch
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import ecr

from . import ecr_api, ecr_findings, ecr_manifest
from .ecr_api import Data, Refused, action, image, repository
from .eventbridge import emit
from .local_services import ServiceError, post

logger = logging.getLogger("local.scanning")

_SCAN_SECONDS = 900
_DAY = 24 * 3600
_DONE = ("COMPLETE", "ACTIVE")


@dataclass
class Scan:
    """One image's scan: of the kind that the registry had when it began."""

    enhanced: bool
    status: str
    description: str = ""
    findings: list[Data] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    started_at: float = field(default_factory=time.time)
    completed_at: float = 0.0

    def image_scan_status(self) -> Data:
        return {"status": self.status, **({"description": self.description} if self.description else {})}


_scans: AccountRegionScopedDict = AccountRegionScopedDict()  # "repository@digest" -> Scan
_registry: AccountRegionScopedDict = AccountRegionScopedDict()  # "configuration" -> scanning configuration


def _configuration() -> Data:
    return _registry.get("configuration", {"scanType": "BASIC", "rules": []})


def _frequency(name: str) -> tuple[str, list[Data]]:
    """How often a repository is scanned, and by which filters of the registry's configuration."""
    for rule in _configuration()["rules"]:
        applied = [each for each in rule["repositoryFilters"] if fnmatch.fnmatchcase(name, each["filter"])]
        if applied:
            return rule["scanFrequency"], applied
    on_push = ecr._repositories[name]["imageScanningConfiguration"].get("scanOnPush", False)
    basic = _configuration()["scanType"] == "BASIC"
    return ("SCAN_ON_PUSH" if basic and on_push else "MANUAL"), []


def pushed(name: str, digest: str) -> None:
    """An index is not scanned; the images that it names are, each when it is pushed."""
    found = ecr._find_image(name, {"imageDigest": digest})
    if found is None or ecr_manifest.is_index(found["imageManifestMediaType"]):
        return
    if _frequency(name)[0] != "MANUAL":
        _start(name, digest)


def _start(name: str, digest: str) -> Scan:
    enhanced = _configuration()["scanType"] == "ENHANCED"
    scan = Scan(enhanced, "PENDING" if enhanced else "IN_PROGRESS")
    _scans[f"{name}@{digest}"] = scan
    spawn_background(_run, name, digest, scan, thread_name="ecr-scan")
    return scan


def _run(name: str, digest: str, scan: Scan) -> None:
    found = ecr._find_image(name, {"imageDigest": digest})
    tags = list(found["imageTags"]) if found else []
    request = {
        "registry": ecr_api.endpoint(),
        "repository": name,
        "digest": digest,
        "tags": tags,
        "scanType": "ENHANCED" if scan.enhanced else "BASIC",
    }
    try:
        answer = post("/scan", request, _SCAN_SECONDS)
    except ServiceError as error:
        logger.error("scan of %s@%s: %s", name, digest, error)
        answer = {"status": "FAILED", "description": str(error)}
    ecr_findings.complete(scan, answer)
    _tell(name, digest, tags, scan)


def _tell(name: str, digest: str, tags: list[str], scan: Scan) -> None:
    arn = ecr._repo_arn(name)
    about: Data = {"image-digest": digest, "image-tags": tags}
    if not scan.enhanced:
        status = "COMPLETE" if scan.status == "COMPLETE" else "FAILED"
        counts = {"finding-severity-counts": scan.counts}
        detail = {"scan-status": status, "repository-name": name, **counts, **about}
        emit("aws.ecr", "ECR Image Scan", detail, [arn])
    elif scan.status == "ACTIVE":
        # Inspector counts the total among the severities and names the repository by its ARN; a scan that it could
        # not make is not told.
        totals = {**scan.counts, "TOTAL": sum(scan.counts.values())}
        counts = {"finding-severity-counts": totals}
        detail = {"scan-status": "INITIAL_SCAN_COMPLETE", "repository-name": arn, **counts, **about}
        emit("aws.inspector2", "Inspector2 Scan", detail, [arn])


def _scan_of(name: str, digest: str) -> Scan | None:
    return _scans.get(f"{name}@{digest}")


def _summary(name: str, digest: str) -> Data:
    scan = _scan_of(name, digest)
    if scan is None:
        return {}
    summary = {"imageScanStatus": scan.image_scan_status()}
    if scan.status not in _DONE:
        return summary
    return {**summary, "imageScanFindingsSummary": ecr_findings.summary(scan)}


ecr_api.scan_summary = _summary


@action("StartImageScan")
def _start_image_scan(data: Data) -> Data:
    name, _ = repository(data)
    found = image(name, data.get("imageId") or {})
    if _configuration()["scanType"] == "ENHANCED":
        raise Refused("ValidationException", "This feature is disabled: enhanced scanning is on for the registry")
    media_type = found["imageManifestMediaType"]
    if ecr_manifest.is_index(media_type):
        raise Refused(
            "UnsupportedImageTypeException", f"An artifact with media type '{media_type}' cannot be scanned."
        )
    last = _scan_of(name, found["imageDigest"])
    if last and last.status in ("IN_PROGRESS", "COMPLETE") and time.time() - last.started_at < _DAY:
        raise Refused("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
    scan = _start(name, found["imageDigest"])
    return {**_identity(name, data, found), "imageScanStatus": scan.image_scan_status()}


@action("DescribeImageScanFindings")
def _describe_findings(data: Data) -> Data:
    name, _ = repository(data)
    image_id = data.get("imageId") or {}
    found = image(name, image_id)
    scan = _scan_of(name, found["imageDigest"])
    if scan is None:
        raise Refused(
            "ScanNotFoundException",
            f"Image scan does not exist for the image with '{ecr_api.describe(image_id)}' "
            f"in the repository with name '{name}' in the registry with id '{get_account_id()}'",
        )
    answer = {**_identity(name, data, found), "imageScanStatus": scan.image_scan_status()}
    if scan.status not in _DONE:
        return answer
    page, next_token = ecr_findings.page(scan, data)
    return {**answer, "imageScanFindings": page, **({"nextToken": next_token} if next_token else {})}


def _identity(name: str, data: Data, found: Data) -> Data:
    image_id = {**(data.get("imageId") or {}), "imageDigest": found["imageDigest"]}
    return {"registryId": get_account_id(), "repositoryName": name, "imageId": image_id}


@action("GetRegistryScanningConfiguration")
def _get_configuration(_data: Data) -> Data:
    return {"registryId": get_account_id(), "scanningConfiguration": _configuration()}


@action("PutRegistryScanningConfiguration")
def put_configuration(data: Data) -> Data:
    scan_type = data.get("scanType", _configuration()["scanType"])
    allowed = {"BASIC": ("SCAN_ON_PUSH", "MANUAL"), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}
    rules: list[Any] = data.get("rules", [])
    if scan_type not in allowed or any(rule.get("scanFrequency") not in allowed[scan_type] for rule in rules):
        raise Refused("InvalidParameterException", f"Invalid scan type or frequency: {scan_type}, {rules}")
    _registry["configuration"] = {"scanType": scan_type, "rules": rules}
    return {"registryScanningConfiguration": _configuration()}


@action("BatchGetRepositoryScanningConfiguration")
def _repository_configurations(data: Data) -> Data:
    configurations, failures = [], []
    for name in data.get("repositoryNames", []):
        if name not in ecr._repositories:
            reason = {"failureCode": "REPOSITORY_NOT_FOUND", "failureReason": "Repository not found"}
            failures.append({"repositoryName": name, **reason})
            continue
        frequency, applied = _frequency(name)
        configurations.append(
            {
                "repositoryArn": ecr._repo_arn(name),
                "repositoryName": name,
                "scanOnPush": frequency != "MANUAL",
                "scanFrequency": frequency,
                "appliedScanFilters": applied,
            }
        )
    return {"scanningConfigurations": configurations, "failures": failures}
