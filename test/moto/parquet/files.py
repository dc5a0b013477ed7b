"""Parquet files of many kinds, as pyarrow writes them, into the folder that comes in. Says the name of each, a line each."""

import datetime
import decimal
import sys

import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.stdin.read()


def write(name, table, rows=700, **options):
    pq.write_table(table, f"{folder}/{name}.parquet", row_group_size=rows, **options)
    print(f'"{name}"')


def flat(count):
    return pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "word": pa.array([None if i % 11 == 0 else f"word {i % 37} é" for i in range(count)]),
            "share": pa.array([i / 7 for i in range(count)], pa.float64()),
            "is": pa.array([i % 3 == 0 for i in range(count)]),
            "bytes": pa.array([bytes([i % 256]) * (i % 50) for i in range(count)]),
        }
    )


table = flat(3000)
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    write(f"codec-{codec}", table, compression=codec)
write("no-dictionary", table, use_dictionary=False)
write("pages-v2", table, data_page_version="2.0", data_page_size=500, write_page_checksum=True)
write("page-index", table, write_page_index=True, data_page_size=500)
write("old", table, version="1.0", store_schema=False, write_statistics=False)
write("sorted", table, sorting_columns=[pq.SortingColumn(0)])
write("said", table.replace_schema_metadata({"of": "us", "long": "x" * 5000}))
write("one-group", table, rows=10_000)
write("many-groups", flat(300), rows=3)
write("wide", pa.table({f"c{i}": pa.array(range(i, i + 60)) for i in range(200)}), rows=20)
write("no-row", table.slice(0, 0))
write("long-values", pa.table({"text": ["x" * 300_000, "y" * 200_000, None] * 4}), rows=2, compression="none")
nested = [{"a": [1, None, 3], "b": {"c": "x", "d": [["p"], [], None]}}, {"a": None, "b": None}, {"a": [], "b": {"c": None, "d": []}}]
write(
    "nested",
    pa.table(
        {
            "s": pa.array(nested * 400),
            "m": pa.array([[("k", 1), ("l", None)], [], None] * 400, pa.map_(pa.string(), pa.int32())),
            "l": pa.array([[1.5], None, []] * 400, pa.large_list(pa.float32())),
        }
    ),
    rows=111,
)
write(
    "typed",
    pa.table(
        {
            "t": pa.array([datetime.datetime(2020, 1, 1, 1, i % 60, tzinfo=datetime.timezone.utc) for i in range(500)]),
            "d": pa.array([decimal.Decimal(i) / 100 for i in range(500)], pa.decimal128(20, 2)),
            "day": pa.array([datetime.date(2020, 1, 1 + i % 28) for i in range(500)]),
            "e": pa.array([f"v{i % 5}" for i in range(500)]).dictionary_encode(),
            "f": pa.array([i.to_bytes(4, "big") for i in range(500)], pa.binary(4)),
            "n": pa.nulls(500),
        }
    ),
    rows=64,
)
write("int96", pa.table({"t": pa.array([datetime.datetime(2020, 1, 1, 1, i % 60) for i in range(99)])}), rows=10, use_deprecated_int96_timestamps=True)
write("filters", table, bloom_filter_options={"id": {"ndv": 3000, "fpp": 0.01}, "word": True})

with pq.ParquetWriter(f"{folder}/nothing.parquet", table.schema):
    print('"nothing"')
with pq.ParquetWriter(f"{folder}/uneven.parquet", table.schema) as writer:
    for begin, count in [(0, 1), (1, 1999), (2000, 0), (2000, 2), (2002, 998)]:
        writer.write_table(table.slice(begin, count))
    print('"uneven"')
