"""9000 rows of a word of 500 characters, which nothing compresses, in groups of 250, into the file whose name comes in."""

import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

some = random.Random(7)
words = ["".join(some.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=500)) for _ in range(9000)]
pq.write_table(pa.table({"id": range(9000), "word": words}), sys.stdin.read(), row_group_size=250, compression="none", use_dictionary=False)
