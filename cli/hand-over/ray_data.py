"""The records of a GetSchwifty data job as a dataset of Ray, a block for each split: `python ray_data.py` counts them.

Workers must find getschwifty_splits.py: ray.init(runtime_env={"working_dir": "."}).
"""

import json

import ray

from getschwifty_splits import records_of, splits_of


def rows(row):
    return [{"record": record} for record in records_of(json.loads(row["split"]))]


def records(path="splits.ndjson"):
    splits = [{"split": json.dumps(split)} for split in splits_of(path)]
    return ray.data.from_items(splits, override_num_blocks=max(1, len(splits))).flat_map(rows)


if __name__ == "__main__":
    ray.init(runtime_env={"working_dir": "."})
    print(records().count())
