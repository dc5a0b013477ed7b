"""IAM: enforcement that starts after the deployment, and what ministack's evaluation of policies lacks: DynamoDB's
leading keys, resources named in lists, and policy variables such as `${aws:PrincipalTag/team}`.
"""

import json
import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import ministack.app as app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import dynamodb, ecr, iam

from .admin import BadRequest, route
from .extend import extends, needs

needs(app, "AUTH")
needs(lambda_runtime, "reset", "workers_in_use")
needs(iam_actions, "extract_resource_arn")
needs(iam_actions, "_DYNAMODB_TRANSACT_ITEM_ACTIONS", "_dynamodb_table_arn", "_query_param", "extract_iam_action")
needs(iam_evaluator, "_role_name_from_assumed_arn", "ParsedStatement")
needs(ecr, "_repo_arn")
needs(iam, "_roles")
needs(dynamodb, "_tables", "_key_condition_av")

_VARIABLE = re.compile(r"\$\{\s*([^},]+?)\s*(?:,\s*'([^']*)'\s*)?\}")
_LEADING_KEYS = "dynamodb:LeadingKeys"
_DRAIN_SECONDS = 15


@route("POST", "iam")
def _enforce(_match: re.Match[str], body: dict[str, Any]) -> dict[str, Any]:
    """`{ "enforce": true }`. Warm Lambda workers hold an unenforced account's all-powerful credentials, so they go."""
    wanted = body.get("enforce")
    if not isinstance(wanted, bool):
        raise BadRequest('the body must be { "enforce": true } or { "enforce": false }')
    if app.AUTH != wanted:
        app.AUTH = wanted
        deadline = time.monotonic() + _DRAIN_SECONDS
        while lambda_runtime.workers_in_use() and time.monotonic() < deadline:
            time.sleep(0.05)
        lambda_runtime.reset()
    return {"enforce": app.AUTH}


@extends(iam_evaluator, "_first_match")
def _first_match(original: Any, context: Any, statements: list[Any], effect: str) -> Any:
    return original(context, [_resolved(statement, context) for statement in statements], effect)


def _resolved(statement: Any, context: Any) -> Any:
    if "${" not in json.dumps([statement.resources, statement.not_resources, statement.conditions]):
        return statement
    return replace(
        statement,
        resources=_substituted(statement.resources, context),
        not_resources=_substituted(statement.not_resources, context),
        conditions=_substituted(statement.conditions, context),
    )


def _substituted(value: Any, context: Any) -> Any:
    if isinstance(value, list):
        return [_substituted(each, context) for each in value]
    if isinstance(value, dict):
        return {key: _substituted(each, context) for key, each in value.items()}
    return _VARIABLE.sub(lambda match: _variable(match, context), value) if isinstance(value, str) else value


def _variable(match: re.Match[str], context: Any) -> str:
    name, default = match.groups()
    if name in ("*", "?", "$"):
        return name
    value = iam_evaluator._resolve_condition_key(name, context)
    if value is None and default is not None:
        return default
    # Left as it is, a variable without a single plain value matches nothing: neither a wildcard in a tag's value
    # nor a missing tag may widen what a statement allows.
    return value if isinstance(value, str) and not set(value) & {"*", "?"} else match.group(0)


@extends(iam_evaluator, "_resolve_condition_key")
def _condition_key(original: Any, key: str, context: Any) -> Any:
    """Two keys that differ from AWS's. The emulator's plain HTTP on an address of this machine stands for AWS's TLS:
    what refuses anything else would refuse everything here. A session's `aws:PrincipalArn` is its role's ARN."""
    if key.lower() == "aws:securetransport":
        return "true"
    value = original(key, context)
    return _role_arn(value) if key.lower() == "aws:principalarn" else value


def _role_arn(principal: str) -> str:
    if ":assumed-role/" not in principal:
        return principal
    name, account = iam_evaluator._role_name_from_assumed_arn(principal), principal.split(":")[4]
    role = iam._roles.get_scoped(account, None, name)
    return role["Arn"] if role else principal


@extends(iam_actions, "extract_iam_action")
def _iam_action(original: Any, *args: Any, **named: Any) -> Any:
    """SQS knows no permission for a batch: whoever may send a message may send ten."""
    action = original(*args, **named)
    # ECR has no permission of its own for it.
    if action == "ecr:ListImageReferrers":
        return "ecr:BatchGetImage"
    return action.removesuffix("Batch") if isinstance(action, str) and action.startswith("sqs:") else action


@extends(iam_actions, "extract_resource_arn")
def _repository_arn(original: Any, service: str, method: str, path: str, *rest: Any, **named: Any) -> Any:
    """DescribeRepositories names its repository in a list; with one in it, that one is the resource, as on AWS."""
    arn = original(service, method, path, *rest, **named)
    body = named.get("body") or next((each for each in rest if isinstance(each, bytes)), b"")
    if service != "ecr" or arn != "*" or not body:
        return arn
    names = json.loads(body).get("repositoryNames")
    return ecr._repo_arn(names[0]) if isinstance(names, list) and len(names) == 1 else arn


@extends(iam_actions, "extract_resource_arn")
def _build_arn(
    original: Any,
    service: str,
    method: str,
    path: str,
    headers: Any,
    body: bytes,
    query_params: Any,
    region: str,
    account_id: str,
) -> str:
    """Builds are resources of their project (Service Authorization Reference, AWS CodeBuild), where ministack knows a
    project by its name alone. Of several builds the first one's project stands for all."""
    found = original(service, method, path, headers, body, query_params, region, account_id)
    if service != "codebuild" or found != "*":
        return found
    data = json.loads(body or b"{}")
    ids = data.get("ids") or [data.get("id")]
    if not isinstance(ids, list) or not isinstance(ids[0], str) or ":" not in ids[0]:
        return found
    return f"arn:aws:codebuild:{region}:{account_id}:project/{ids[0].rsplit(':', 1)[0]}"


@extends(iam_actions, "extract_resource_arn")
def _association_arn(original: Any, service: str, method: str, path: str, *rest: Any, **named: Any) -> Any:
    """What is done to one association of EKS Pod Identity is done to it, not to its cluster (Service Authorization
    Reference, Amazon EKS: `podidentityassociation/<cluster>/<id>`)."""
    arn = original(service, method, path, *rest, **named)
    found = re.search(r"/clusters/([^/]+)/pod-identity-associations/([^/?]+)", path) if service == "eks" else None
    return arn.replace(":cluster/", ":podidentityassociation/") + f"/{found[2]}" if found else arn


@extends(iam_actions, "extract_resource_arn")
def _stream_arn(original: Any, service: str, *rest: Any, **named: Any) -> Any:
    """What is done within a log group is done to a stream of it, named or not: `…:log-group:<group>:log-stream:<stream>`,
    which policies on the group's own ARN (it ends in `:*`) take in. ministack stops at the group."""
    arn = original(service, *rest, **named)
    body = named.get("body") or next((each for each in rest if isinstance(each, bytes)), b"")
    if service != "logs" or ":log-group:" not in arn or arn.endswith(":*") or not body:
        return arn
    return f"{arn}:log-stream:{json.loads(body).get('logStreamName', '')}"


class _InNamespace(str):
    """The resource of PutMetricData, which is none, with the namespace that is put into."""

    namespace: str


@extends(iam_actions, "extract_resource_arn")
def _metrics_namespace(
    original: Any,
    service: str,
    method: str,
    path: str,
    headers: Any,
    body: bytes,
    query_params: Any,
    region: str,
    account_id: str,
) -> str:
    """`cloudwatch:namespace` (Service Authorization Reference, Amazon CloudWatch) is a key of this one action, which
    comes as JSON or as a form. What can't be read has no namespace: a policy that asks for one refuses it."""
    found = original(service, method, path, headers, body, query_params, region, account_id)
    if service != "monitoring":
        return found
    action = iam_actions.extract_iam_action(service, method, path, headers, body, query_params)
    if action != "cloudwatch:PutMetricData":
        return found
    namespace = _namespace_in(headers, body, query_params)
    if not isinstance(namespace, str):
        return found
    arn = _InNamespace(found)
    arn.namespace = namespace
    return arn


def _namespace_in(headers: Any, body: bytes, query_params: Any) -> Any:
    if body[:1] != b"{":
        form = parse_qs(body.decode(errors="replace"))
        return iam_actions._query_param(query_params or form, "Namespace")
    try:
        return json.loads(body).get("Namespace")
    except ValueError:
        return None


@extends(iam_actions, "dynamodb_service_context")
def _service_context(original: Any, body: bytes) -> dict[str, Any]:
    context = original(body)
    data = json.loads(body or b"{}") if context else {}
    keys = _leading_keys(data)
    return {**context, _LEADING_KEYS: keys} if keys else context


class _ItemArn(str):
    """A table's ARN with the keys of the one item of a transaction that is checked on it."""

    leading_keys: list[str]


@extends(iam_actions, "dynamodb_transaction_checks")
def _transaction_checks(
    original: Any, action: str, body: bytes, region: str, account_id: str
) -> list[tuple[str, _ItemArn]]:
    if not original(action, body, region, account_id):
        return []
    checks = []
    for item in json.loads(body)["TransactItems"]:
        for member, item_action in iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS.items():
            if isinstance(item, dict) and isinstance(item.get(member), dict) and item[member].get("TableName"):
                operation = item[member]
                arn = _ItemArn(iam_actions._dynamodb_table_arn(operation["TableName"], region, account_id))
                arn.leading_keys = _leading_keys(operation)
                checks.append((item_action, arn))
    return checks


@extends(iam_evaluator, "enforce")
def _check(original: Any, *args: Any, resource_arn: str = "*", service_context: Any = None, **rest: Any) -> Any:
    if isinstance(resource_arn, _ItemArn):
        service_context = {**(service_context or {}), _LEADING_KEYS: resource_arn.leading_keys}
    if isinstance(resource_arn, _InNamespace):
        service_context = {**(service_context or {}), "cloudwatch:namespace": resource_arn.namespace}
    return original(*args, resource_arn=resource_arn, service_context=service_context, **rest)


def _leading_keys(data: dict[str, Any]) -> list[str]:
    """The partition keys that a request names; none for a Scan, as on AWS (where ForAllValues is then true)."""
    requests = data.get("RequestItems")
    if isinstance(requests, dict):
        return [key for table, request in requests.items() for key in _batch_keys(_schema(table), request)]
    table = _schema(data.get("TableName", ""))
    if table is None:
        return []
    if "KeyConditionExpression" in data or "KeyConditions" in data:
        names, values = data.get("ExpressionAttributeNames") or {}, data.get("ExpressionAttributeValues") or {}
        expression, conditions = data.get("KeyConditionExpression"), data.get("KeyConditions")
        key = _partition_key(table, data.get("IndexName"))
        return _texts([dynamodb._key_condition_av(expression, conditions, values, names, key)])
    return _texts([item.get(table["pk_name"]) for item in (data.get("Item"), data.get("Key")) if item])


def _schema(table: str) -> dict[str, Any] | None:
    return dynamodb._tables.get(table.rpartition("/")[2])


def _partition_key(table: dict[str, Any], index: str | None) -> str:
    for each in [*(table.get("GlobalSecondaryIndexes") or []), *(table.get("LocalSecondaryIndexes") or [])]:
        if each["IndexName"] == index:
            return next(key["AttributeName"] for key in each["KeySchema"] if key["KeyType"] == "HASH")
    return table["pk_name"]


def _batch_keys(table: dict[str, Any] | None, request: Any) -> list[str]:
    if table is None:
        return []
    if isinstance(request, dict):
        items = request.get("Keys", [])
    else:
        items = [each.get("PutRequest", {}).get("Item") or each.get("DeleteRequest", {}).get("Key") for each in request]
    return _texts([item.get(table["pk_name"]) for item in items if item])


def _texts(values: list[Any]) -> list[str]:
    return [str(next(iter(value.values()))) for value in values if isinstance(value, dict) and value]
