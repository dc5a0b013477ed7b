"""Whether files of chunks are the file that they were cut of, and whether other engines find as many rows in each: a case a line; of each
says what differs, a line each.
"""

import io
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from getschwifty_splits import batches_of


class Objects:
    def __init__(self, path):
        self.path = path

    def get_object(self, *, Range, **_):
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        with open(self.path, "rb") as file:
            file.seek(first)
            return {"Body": io.BytesIO(file.read(last - first + 1))}


def differences(whole, parts, rows):
    all = pq.ParquetFile(whole)
    files = [pq.ParquetFile(part, page_checksum_verification=True) for part in parts]
    for number, file in enumerate(files):
        if not file.schema_arrow.equals(all.schema_arrow, check_metadata=True):
            yield f"schema of {number}"
        if not file.schema.equals(all.schema):
            yield f"Parquet's schema of {number}"
        if file.metadata.created_by != all.metadata.created_by or file.metadata.metadata != all.metadata.metadata:
            yield f"what is said of {number}"
        if file.metadata.num_rows == 0:
            yield f"no row in {number}"
    joined = pa.concat_tables([file.read() for file in files]) if files else all.schema_arrow.empty_table()
    if not joined.equals(all.read(), check_metadata=True):
        yield "rows"
    split = {"bucket": "b", "key": "a", "etag": "e", "size": os.path.getsize(whole)}
    for start, end, count in rows:
        batches = batches_of({**split, "start": start, "end": end}, Objects(whole))
        if sum(batch.num_rows for batch in batches) != count:
            yield f"rows of bytes {start} to {end} for other engines"
    groups = [file.metadata.row_group(i) for file in files for i in range(file.num_row_groups)]
    own = [all.metadata.row_group(i) for i in range(all.num_row_groups)]
    if [statistics(group) for group in groups] != [statistics(group) for group in own if group.num_rows > 0]:
        yield "statistics"


def statistics(group):
    columns = [group.column(i) for i in range(group.num_columns)]
    return [(c.num_values, c.total_compressed_size, c.compression, str(c.statistics and c.statistics.to_dict())) for c in columns]


for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps(list(differences(case["whole"], case["parts"], case["rows"]))))
