"""The records of a GetSchwifty data job as a bag of Dask, a partition for each split: `python dask_bag.py` counts them."""

from dask import bag, delayed

from getschwifty_splits import records_of, splits_of


def partition(split):
    return list(records_of(split))


def records(path="splits.ndjson"):
    return bag.from_delayed([delayed(partition, traverse=False)(split) for split in splits_of(path)])


if __name__ == "__main__":
    print(records().count().compute())
