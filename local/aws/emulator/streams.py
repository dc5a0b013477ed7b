"""Lambda on a DynamoDB stream as AWS runs it: partial batch failures, bisection, bounded retries, and what is given up
told to the failure destination. ministack takes a partial failure for success and retries an error for ever.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import request_scope
from ministack.services import dynamodb, lambda_svc

from .extend import extends, needs

needs(lambda_svc, "_iter_all_esms", "_get_func_record_for_qualifier", "_dynamodb_stream_table_from_arn_spec")
needs(lambda_svc, "_dynamodb_stream_positions", "_esm_backoff_until", "_esm_inflight", "_dispatch_esm_batch")
needs(lambda_svc, "_apply_filter_criteria", "_execute_function", "_send_ddb_stream_failure_record")
needs(dynamodb, "_tables", "stream_start_position", "stream_end_position", "stream_records_since")

Mapping = dict[str, Any]
_LONGEST_PAUSE_SECONDS = 10.0


@dataclass
class Progress:
    """Of the batch that failed last: how often, and how many of its records are tried next."""

    size: int
    attempts: int = 0


_progress: dict[str, Progress] = {}  # mapping's id -> its progress


@extends(lambda_svc, "_poll_dynamodb_streams")
def _poll(_original: Any) -> bool:
    found = False
    for account_id, region, mapping in lambda_svc._iter_all_esms():
        with request_scope(account_id, region):
            found = _dispatch(mapping) or found
    return found


def _dispatch(mapping: Mapping) -> bool:
    """One batch at a time, off the poller's thread: a slow function holds up no other."""
    identifier = mapping["UUID"]
    if not mapping.get("Enabled", True) or lambda_svc._esm_inflight.get(identifier):
        return False
    if lambda_svc._esm_backoff_until.get(identifier, 0) > time.time():
        return False
    table = _table(mapping)
    function, _config = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    if table is None or function is None or _position(mapping, table) >= dynamodb.stream_end_position(table):
        return False
    lambda_svc._dispatch_esm_batch(identifier, _run, mapping, table, function)
    return True


def _table(mapping: Mapping) -> str | None:
    try:
        source = parse_arn(mapping.get("EventSourceArn", ""))
    except ArnParseError:
        return None
    named = lambda_svc._dynamodb_stream_table_from_arn_spec(source) if source.service == "dynamodb" else None
    if named is None or dynamodb._tables.get(named[0], {}).get("LatestStreamArn") != mapping["EventSourceArn"]:
        return None
    return named[0]


def _position(mapping: Mapping, table: str) -> int:
    positions, identifier = lambda_svc._dynamodb_stream_positions, mapping["UUID"]
    horizon, end = dynamodb.stream_start_position(table), dynamodb.stream_end_position(table)
    if identifier not in positions:
        positions[identifier] = horizon if mapping.get("StartingPosition") == "TRIM_HORIZON" else end
    # Positions outlive a restart, the stream's records do not: it counts from none again.
    elif positions[identifier] > end:
        positions[identifier] = horizon
    return max(positions[identifier], horizon)


def _run(mapping: Mapping, table: str, function: dict[str, Any]) -> None:
    identifier, position = mapping["UUID"], _position(mapping, table)
    whole = mapping.get("BatchSize", 100)
    progress = _progress.get(identifier, Progress(whole))
    batch = dynamodb.stream_records_since(table, position, min(progress.size, whole))
    wanted = lambda_svc._apply_filter_criteria(batch, mapping)
    result = lambda_svc._execute_function(function, {"Records": wanted}) if wanted else {}
    failed = _first_failure(mapping, wanted, result)
    if failed is None:
        _advance(mapping, position + len(batch))
        mapping["LastProcessingResult"] = f"OK - {len(wanted)} records"
        return
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    done = next(index for index, record in enumerate(batch) if record is wanted[failed])
    if failed > 0:
        _advance(mapping, position + done)
    elif mapping.get("BisectBatchOnFunctionError") and len(wanted) > 1:
        # A split takes no retry away.
        progress.size = max(1, len(batch) // 2)
        _progress[identifier] = progress
    else:
        _retry(mapping, position, batch, wanted, function, result, progress)


def _first_failure(mapping: Mapping, records: list[Any], result: dict[str, Any]) -> int | None:
    """The index of the first record that was not processed; those after it are not counted as processed."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return None
    body = result.get("body")
    body = json.loads(body) if isinstance(body, (str, bytes)) and body else body
    failures = {each.get("itemIdentifier") for each in (body or {}).get("batchItemFailures") or []}
    if not failures:
        return None
    indexes = [i for i, record in enumerate(records) if record["dynamodb"]["SequenceNumber"] in failures]
    # An identifier that is none of the batch's fails the whole batch, as on AWS.
    return min(indexes, default=0)


def _retry(
    mapping: Mapping,
    position: int,
    batch: list[Any],
    wanted: list[Any],
    function: dict[str, Any],
    result: dict[str, Any],
    progress: Progress,
) -> None:
    identifier = mapping["UUID"]
    progress.attempts += 1
    _progress[identifier] = progress
    given_up = _given_up(mapping, wanted, progress)
    if given_up:
        lambda_svc._send_ddb_stream_failure_record(
            mapping, function, wanted, mapping["EventSourceArn"], result, given_up
        )
        _advance(mapping, position + len(batch))
        return
    pause = min(0.25 * 2**progress.attempts, _LONGEST_PAUSE_SECONDS)
    lambda_svc._esm_backoff_until[identifier] = time.time() + pause


def _given_up(mapping: Mapping, records: list[Any], progress: Progress) -> str | None:
    limit, age = int(mapping.get("MaximumRetryAttempts", -1)), int(mapping.get("MaximumRecordAgeInSeconds", -1))
    if 0 <= limit < progress.attempts:
        return "RetryAttemptsExhausted"
    oldest = min(float(record["dynamodb"]["ApproximateCreationDateTime"]) for record in records)
    return "RecordAgeExceeded" if 0 < age < time.time() - oldest else None


def _advance(mapping: Mapping, position: int) -> None:
    lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    _progress.pop(mapping["UUID"], None)
    lambda_svc._esm_backoff_until.pop(mapping["UUID"], None)
