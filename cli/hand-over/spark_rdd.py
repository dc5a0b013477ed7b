"""The records of a GetSchwifty data job as an RDD of Spark, a partition for each split.

`spark-submit --py-files getschwifty_splits.py spark_rdd.py` counts them.
"""

from pyspark.sql import SparkSession

from getschwifty_splits import records_of, splits_of


def records(spark, path="splits.ndjson"):
    splits = splits_of(path)
    return spark.sparkContext.parallelize(splits, max(1, len(splits))).flatMap(records_of)


if __name__ == "__main__":
    print(records(SparkSession.builder.getOrCreate()).count())
