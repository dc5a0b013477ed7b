"""What is in a job's bag, as threads of Dask read it: how many partitions, then each record, a line of JSON each."""

import base64
import json

from dask_bag import records

bag = records()
print(json.dumps(bag.npartitions))
for record in bag.compute(scheduler="threads"):
    print(json.dumps(base64.b64encode(record).decode() if isinstance(record, bytes) else record))
