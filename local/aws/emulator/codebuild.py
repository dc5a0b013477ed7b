"""CodeBuild whose builds run: each is handed to the local services, which report back to the build's own address.

ministack leaves a build IN_PROGRESS when it is told that builds are executed, and calls `_execute_build` in a thread.
"""

import json
import logging
import re
import secrets
import threading
import time
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import codebuild, sts

from .admin import BadRequest, NotFound, route
from .ecr_api import endpoint
from .eventbridge import emit
from .extend import extends, needs
from .local_services import ServiceError, post

needs(codebuild, "EXECUTE_BUILDS", "_builds", "_projects", "_finish_build", "_log_sink")
needs(sts, "register_session")
needs(iam_actions, "extract_resource_arn")
needs(iam_evaluator, "enforce", "validate_role_arn")
logger = logging.getLogger("local.codebuild")
codebuild.EXECUTE_BUILDS = True

_ENDED = ("SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED")
_ACCEPT_SECONDS = 30
_TOKEN_SECONDS = 300
_tokens: dict[str, dict[str, Any]] = {}  # idempotency token -> when, what and which build
_callbacks: dict[str, str] = {}  # build id -> the secret part of its callback's address
_starting = threading.Lock()


@extends(codebuild, "_start_build")
def _start_build(original: Any, data: dict[str, Any]) -> Any:
    """The overrides of StartBuild are kept in the build's record; ministack would drop them. It reads the project
    from its store, so the project as overridden stands there meanwhile. The same token is the same build."""
    name = data.get("projectName", "")
    if name not in codebuild._projects:
        return original(data)
    with _starting:
        known = _same_token(data)
        if known is not None:
            return known
        role = data.get("serviceRoleOverride")
        if role and iam_evaluator.validate_role_arn(role):
            message = f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}: does the role exist?"
            return error_response_json("InvalidInputException", message, 400)
        project = codebuild._projects[name]
        codebuild._projects[name] = _overridden(project, data)
        try:
            response = original(data)
        finally:
            codebuild._projects[name] = project
        _remember_token(data, response)
        return response


def _same_token(data: dict[str, Any]) -> Any:
    """For five minutes; then the token is as good as new (CodeBuild API reference, StartBuild: idempotencyToken)."""
    started = _tokens.get(data.get("idempotencyToken", ""))
    if started is None or time.time() - started["at"] > _TOKEN_SECONDS:
        return None
    if started["request"] != data:
        message = "Idempotency token was used already with other parameters"
        return error_response_json("InvalidInputException", message, 400)
    return json_response({"build": codebuild._builds[started["build"]]})


def _remember_token(data: dict[str, Any], response: Any) -> None:
    token = data.get("idempotencyToken")
    if token and response[0] == 200:
        build = json.loads(response[2])["build"]["id"]
        _tokens[token] = {"at": time.time(), "request": data, "build": build}


def _overridden(project: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    source, environment = dict(project.get("source", {})), dict(project.get("environment", {}))
    for key, override in (("buildspec", "buildspecOverride"), ("location", "sourceLocationOverride")):
        if override in data:
            source[key] = data[override]
    if "sourceTypeOverride" in data:
        source["type"] = data["sourceTypeOverride"]
    variables = {each["name"]: each for each in environment.get("environmentVariables", [])}
    variables |= {each["name"]: each for each in data.get("environmentVariablesOverride", [])}
    environment["environmentVariables"] = list(variables.values())
    logs = data.get("logsConfigOverride", project.get("logsConfig", {}))
    role = data.get("serviceRoleOverride", project["serviceRole"])
    # CodeBuild takes no less than five minutes; here less is taken too, so that nobody waits for a build that hangs.
    minutes = data.get("timeoutInMinutesOverride", project.get("timeoutInMinutes", 60))
    overridden = {"source": source, "environment": environment, "logsConfig": logs}
    return {**project, **overridden, "serviceRole": role, "timeoutInMinutes": minutes}


class _Passing(str):
    """The project that a build is started of, with the role that is passed for it."""

    role: str


@extends(iam_actions, "extract_resource_arn")
def _project_arn(original: Any, service: str, *rest: Any, **named: Any) -> Any:
    arn = original(service, *rest, **named)
    body = named.get("body") or next((each for each in rest if isinstance(each, bytes)), b"")
    role = json.loads(body or b"{}").get("serviceRoleOverride") if service == "codebuild" else None
    if not isinstance(role, str):
        return arn
    passing = _Passing(arn)
    passing.role = role
    return passing


@extends(iam_evaluator, "enforce")
def _may_pass(original: Any, *args: Any, resource_arn: str = "*", **rest: Any) -> Any:
    """To start a build as another role than the project's takes the right to pass it to CodeBuild (IAM user guide,
    "Grant a user permissions to pass a role to an AWS service")."""
    denied = original(*args, resource_arn=resource_arn, **rest)
    if denied is not None or not isinstance(resource_arn, _Passing):
        return denied
    access_key, _action, _service, region = args
    to = {"iam:PassedToService": "codebuild.amazonaws.com"}
    return original(access_key, "iam:PassRole", "iam", region, resource_arn=resource_arn.role, service_context=to)


def _logs(build_id: str, project: dict[str, Any]) -> dict[str, str]:
    """Where it is to write (CodeBuild API reference, CloudWatchLogsConfig: streamName is a prefix)."""
    wanted = project.get("logsConfig", {}).get("cloudWatchLogs", {})
    prefix, own = wanted.get("streamName"), build_id.rsplit(":", 1)[-1]
    group = wanted.get("groupName") or f"/aws/codebuild/{project['name']}"
    return {"groupName": group, "streamName": f"{prefix}/{own}" if prefix else own}


@extends(codebuild, "_execute_build")
def _execute_build(_original: Any, build_id: str, project: dict[str, Any]) -> None:
    build = codebuild._builds[build_id]
    build |= {"serviceRole": project["serviceRole"], "buildComplete": False}
    build["logs"] |= _logs(build_id, project)
    _callbacks[build_id] = secrets.token_urlsafe(32)
    _tell(build)
    request = {
        "buildId": build_id,
        "buildArn": build["arn"],
        "project": project["name"],
        "callbackUrl": f"{endpoint()}/_local/codebuild/{build_id}/{_callbacks[build_id]}",
        "endpoint": endpoint(),
        "region": get_region(),
        "environment": project["environment"].get("environmentVariables", []),
        "source": project["source"],
        "sourceVersion": build["sourceVersion"],
        "buildspec": project["source"].get("buildspec", ""),
        "serviceRole": project["serviceRole"],
        "logs": {key: build["logs"][key] for key in ("groupName", "streamName")},
        "credentials": _credentials(project["serviceRole"], build_id),
        "timeoutInMinutes": build["timeoutInMinutes"],
    }
    try:
        post("/build", request, _ACCEPT_SECONDS)
    except ServiceError as error:
        logger.error("build %s: %s", build_id, error)
        codebuild._log_sink(build)(str(error))
        _end(build, "FAULT")


def _credentials(role_arn: str, build_id: str) -> dict[str, str]:
    """A session of the project's service role, as CodeBuild assumes it."""
    role, session = role_arn.rsplit("/", 1)[-1], f"AWSCodeBuild-{build_id.rsplit(':', 1)[-1]}"
    access_key, secret, token = "ASIA" + new_uuid().replace("-", "")[:16].upper(), new_uuid(), secrets.token_hex(32)
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"accessKeyId": access_key, "secretAccessKey": secret, "sessionToken": token}


@route("POST", "codebuild/([^/]+)/([^/]+)", open_path=True)
def _report(match: re.Match[str], report: dict[str, Any]) -> dict[str, Any]:
    """`{ buildStatus, currentPhase, phases }`, each time all that is known; a final status ends the build."""
    build_id, secret = match.groups()
    build = codebuild._builds.get(build_id)
    if build is None or not secrets.compare_digest(_callbacks.get(build_id, ""), secret):
        raise NotFound(f"no build {build_id} reports here")
    status, phases = report.get("buildStatus"), report.get("phases", [])
    if status not in (*_ENDED, "IN_PROGRESS"):
        raise BadRequest(f"unknown buildStatus {status!r}: one of {', '.join(_ENDED)} or IN_PROGRESS")
    if build["buildStatus"] != "IN_PROGRESS":
        return {"buildStatus": build["buildStatus"]}
    _note_phases(build, report.get("currentPhase", "BUILD"), phases)
    if status in _ENDED:
        _end(build, status)
    return {"buildStatus": build["buildStatus"]}


def _note_phases(build: dict[str, Any], current: str, phases: list[dict[str, Any]]) -> None:
    start = build["startTime"]
    before = [
        {"phaseType": name, "phaseStatus": "SUCCEEDED", "startTime": start, "endTime": start}
        for name in ("SUBMITTED", "QUEUED", "PROVISIONING")
    ]
    ended = [{**phase, "durationInSeconds": int(phase["endTime"] - phase["startTime"])} for phase in phases]
    known = {phase["phaseType"] for phase in ended}
    now = [] if current in known or current == "COMPLETED" else [{"phaseType": current, "startTime": int(time.time())}]
    build |= {"phases": [*before, *ended, *now], "currentPhase": current}


def _end(build: dict[str, Any], status: str) -> None:
    for phase in build["phases"]:
        phase.setdefault("endTime", int(time.time()))
        phase.setdefault("phaseStatus", status)
    codebuild._finish_build(build, status)
    build["buildComplete"] = True
    _tell(build)


@extends(codebuild, "_stop_build")
def _stop_build(original: Any, data: dict[str, Any]) -> Any:
    build = codebuild._builds.get(data.get("id", ""))
    if build is None:
        return original(data)
    if build["buildStatus"] == "IN_PROGRESS":
        _end(build, "STOPPED")
        try:
            post("/build/stop", {"buildId": build["id"]}, _ACCEPT_SECONDS)
        except ServiceError as error:
            logger.error("build %s was stopped, but goes on: %s", build["id"], error)
    return json_response({"build": build})


def _tell(build: dict[str, Any]) -> None:
    group, stream = build["logs"]["groupName"], build["logs"]["streamName"]
    information = {
        "artifact": {"location": ""},
        "environment": _environment(build["environment"]),
        "timeout-in-minutes": build["timeoutInMinutes"],
        "build-complete": build["buildStatus"] != "IN_PROGRESS",
        "initiator": build["initiator"],
        "build-start-time": _date(build["startTime"]),
        "source": build["source"],
        "source-version": build["sourceVersion"],
        "logs": {"group-name": group, "stream-name": stream},
        "phases": [_phase(phase) for phase in build["phases"]],
    }
    detail = {
        "build-status": build["buildStatus"],
        "project-name": build["projectName"],
        "build-id": build["arn"],
        "additional-information": information,
        "current-phase": build["currentPhase"],
        "current-phase-context": "[]",
        "version": "1",
    }
    emit("aws.codebuild", "CodeBuild Build State Change", json.loads(json.dumps(detail, default=str)), [build["arn"]])


def _environment(of: dict[str, Any]) -> dict[str, Any]:
    """The names that the event has for them (CodeBuild user guide, "Build notifications input format reference")."""
    return {
        "image": of.get("image", ""),
        "privileged-mode": of.get("privilegedMode", False),
        "compute-type": of.get("computeType", ""),
        "type": of.get("type", ""),
        "environment-variables": of.get("environmentVariables", []),
    }


def _phase(phase: dict[str, Any]) -> dict[str, Any]:
    start, end = phase["startTime"], phase.get("endTime")
    context = [f"{each.get('statusCode', '')}: {each.get('message', '')}" for each in phase.get("contexts", [])]
    told: dict[str, Any] = {"phase-type": phase["phaseType"], "start-time": _date(start), "phase-context": context}
    if end is not None:
        told |= {"end-time": _date(end), "duration-in-seconds": int(end - start), "phase-status": phase["phaseStatus"]}
    return told


def _date(epoch: float) -> str:
    """`Sep 1, 2017 4:12:29 PM`, as these events have it."""
    moment = time.gmtime(epoch)
    return time.strftime(f"%b {moment.tm_mday}, %Y {moment.tm_hour % 12 or 12}:%M:%S %p", moment)
