"""A clean stop (SIGTERM) keeps everything, and the next start takes it up; after anything else nothing is kept.

ministack saves its own services at shutdown, forgives what it could not save, and starts fresh where it could not load.
Here a stop counts as clean only when every service was saved: a mark beside the state says so, and goes with the start
that takes the state up. What the modules of this package hold is kept with it; image blobs are files, as they are large.
"""

import json
import logging
import os
import pathlib
from collections.abc import Callable
from typing import Any

import ministack.app as app
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict, request_scope
from ministack.services import ecr, sts

from . import codebuild, cloudwatch, ecr_api, ecr_scanning, eks
from .extend import extends, needs

needs(persistence, "PERSIST_STATE", "STATE_DIR", "save_state", "load_state")
needs(app, "_state_map", "_get_module", "AUTH")
needs(ecr, "_layer_blobs", "get_state", "load_persisted_state")
needs(sts, "_sessions")
logger = logging.getLogger("local.persistence")

_MARK = pathlib.Path(persistence.STATE_DIR) / "complete.json"
_BLOBS = pathlib.Path(persistence.STATE_DIR) / "ecr-blobs"
_OURS = "local"


class _NotSaved(Exception):
    """A service whose state could not be written."""


@extends(persistence, "save_state")
def _save(original: Callable[..., None], service: str, data: dict[str, Any]) -> None:
    """ministack logs a failure and goes on; a state with a hole must not be taken up."""
    path = pathlib.Path(persistence.STATE_DIR) / f"{service}.json"
    path.unlink(missing_ok=True)
    original(service, data)
    if not path.exists():
        raise _NotSaved(service)


@extends(app, "save_all")
def _save_all(_original: Any, services: dict[str, Callable[[], Any]]) -> None:
    _MARK.unlink(missing_ok=True)
    try:
        states = {name: get_state() for name, get_state in services.items()}
        for name, state in states.items():
            if state is not None:
                persistence.save_state(name, state)
        persistence.save_state(_OURS, _get_ours())
    except Exception:
        logger.exception("not everything could be saved: the next start begins anew")
        return
    _MARK.write_text(json.dumps(sorted(name for name, state in states.items() if state is not None)))


@extends(app, "_load_persisted_state")
def _load_all(_original: Any) -> None:
    """All or nothing: an error here ends the start."""
    if not _MARK.exists():
        return
    for name, module in app._state_map.items():
        data = persistence.load_state(name)
        if data:
            app._get_module(module).load_persisted_state(data)
    ours = persistence.load_state(_OURS)
    if ours is None:
        raise RuntimeError(f"{persistence.STATE_DIR} is marked as complete, but the local cloud's own part is not there")
    _restore_ours(ours)
    _MARK.unlink()


def _get_ours() -> dict[str, Any]:
    scans = AccountRegionScopedDict()
    for key, scan in ecr_scanning._scans._data.items():
        scans._data[key] = vars(scan)
    return {
        "enforce": app.AUTH,
        "node": eks._node,
        "registrySettings": ecr_api._settings,
        "scanningConfiguration": ecr_scanning._registry,
        "scans": scans,
        "buildCallbacks": codebuild._callbacks,
        "alarmsBefore": cloudwatch._previous,
        # AWS takes what STS gave out until it expires; pods ask for no other before.
        "sessions": sts._sessions,
    }


def _restore_ours(state: dict[str, Any]) -> None:
    app.AUTH = state["enforce"]
    eks.resume(state["node"])
    ecr_api._settings.update(state["registrySettings"])
    ecr_scanning._registry._data.update(state["scanningConfiguration"]._data)
    codebuild._callbacks.update(state["buildCallbacks"])
    cloudwatch._previous.update(state["alarmsBefore"])
    sts._sessions.update(state["sessions"])
    for key, fields in state["scans"]._data.items():
        ecr_scanning._scans._data[key] = ecr_scanning.Scan(**fields)
        account, region, name = key
        if fields["status"] in ("PENDING", "IN_PROGRESS"):
            # Its work ended with the process that did it.
            with request_scope(account, region):
                ecr_scanning._start(*name.split("@", 1))


@extends(ecr, "get_state")
def _get_registry(original: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    state = original()
    _BLOBS.mkdir(parents=True, exist_ok=True)
    kept = set()
    for blobs in state["layer_blobs"]._data.values():
        for digest, content in blobs.items():
            file = _BLOBS / digest.replace(":", "-")
            kept.add(file.name)
            if not file.exists():
                fresh = file.with_suffix(".tmp")
                fresh.write_bytes(content)
                os.replace(fresh, file)
    for file in _BLOBS.iterdir():
        if file.name not in kept:
            file.unlink()
    for key, blobs in list(state["layer_blobs"]._data.items()):
        state["layer_blobs"]._data[key] = dict.fromkeys(blobs)
    return state


@extends(ecr, "load_persisted_state")
def _restore_registry(original: Callable[[Any], None], data: dict[str, Any]) -> None:
    read: dict[str, bytes] = {}
    for blobs in data["layer_blobs"]._data.values():
        for digest in blobs:
            # Once, as it was: repositories have their bases in common, and by the hundred they would fill the machine.
            if digest not in read:
                read[digest] = (_BLOBS / digest.replace(":", "-")).read_bytes()
            blobs[digest] = read[digest]
    original(data)
