"""Reads the input of a GetSchwifty data job split by split, as its workers do: each record is in exactly one split.

`schwifty job plan` writes splits.ndjson. A line of it is one split: bytes `start` to `end` of the object `key` in `bucket`, as it was
when the job listed it (`etag`, asked for with If-Match: an object that was written since is refused). A split of `records`
- of lines, CSV, or with another delimiter has the records behind each delimiter that begins within its bytes, and at 0 the first one.
  So who reads one skips to the first delimiter after its start, unless that is 0, and reads past its end to the next one.
- of CSV begins between quotes where it is `quoted`: a line feed ends nothing there.
- of fixed width begins and ends where records do.
- of Parquet has the row groups whose pages begin within its bytes, which the object's footer says; some have none.
A compressed object is one split. Where the job has a `header`, that is the first record of each object, in its first split.

Needs boto3, whose credentials must be allowed s3:GetObject there, for zstd before Python 3.14 zstandard, and for Parquet pyarrow.
"""

import functools
import gzip
import io
import json
import re

TAIL = 64 * 1024
BLOCK = 1024 * 1024


def splits_of(path="splits.ndjson"):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def records_of(split, s3=None):
    """Its records in their order, as bytes, each with its delimiter; of Parquet a dict each. At most one is held at once, and a block."""
    records, compressed = split["records"], split["compression"] != "none"
    if records["kind"] == "parquet":
        return (row for batch in batches_of(split, s3) for row in batch.to_pylist())
    blocks = _plain(split, s3) if compressed else _bytes_from_start(split, s3)
    # How long a compressed object is when it is plain, nobody knows before its end.
    end = float("inf") if compressed else split["end"]
    if records["kind"] == "fixed":
        return _fixed(blocks, records["width"])
    if records["kind"] == "csv":
        return _delimited(blocks, _csv_ends(split["quoted"]), 1, split["start"], end)
    delimiter = bytes.fromhex(records.get("delimiter", "0a"))
    return _delimited(blocks, lambda held, at: held.find(delimiter, at), len(delimiter), split["start"], end)


def batches_of(split, s3=None):
    """Of Parquet: its rows as record batches of pyarrow, in their order."""
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(io.BufferedReader(_Object(split, s3), BLOCK))
    begins = [_pages_begin(file.metadata.row_group(number)) for number in range(file.num_row_groups)]
    ours = [number for number, begin in enumerate(begins) if begin is not None and split["start"] <= begin < split["end"]]
    if ours:
        yield from file.iter_batches(row_groups=ours)


def _pages_begin(group):
    columns = [group.column(number) for number in range(group.num_columns)] if group.num_rows else []
    return min((_begin(column) for column in columns if column.total_compressed_size), default=None)


def _begin(column):
    dictionary, data = column.dictionary_page_offset or 0, column.data_page_offset
    return dictionary if 0 < dictionary < data else data


class _Object(io.RawIOBase):
    """An object as a file that can be sought in."""

    def __init__(self, split, s3):
        self.split, self.s3, self.at = split, s3, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.split["size"]}[whence]
        return self.at

    def readinto(self, into):
        end = min(self.at + len(into), self.split["size"])
        if end <= self.at:
            return 0
        into[: end - self.at] = _get(self.split, self.s3, self.at, end).read()
        read, self.at = end - self.at, end
        return read


def _delimited(blocks, find, length, start, end):
    """`find` says where the next delimiter begins, from an offset on; each byte of a delimiter of one byte is shown to it once."""
    ours = start == 0
    held, position = b"", start
    for block in blocks:
        seen = max(0, len(held) - length + 1)
        held += block
        begin = 0
        while (found := find(held, seen)) >= 0:
            seen = found + length
            if ours:
                yield held[begin:seen]
            if position + found >= end:
                return
            ours, begin = True, seen
        if not ours:
            if position + len(held) >= end + length - 1:
                # No record begins within: one of a split before covers it.
                return
            begin = max(0, len(held) - length + 1)
        held, position = held[begin:], position + begin
    if ours and held:
        yield held


def _csv_ends(quoted):
    def find(held, at):
        nonlocal quoted
        for found in re.compile(rb'["\n]').finditer(held, at):
            if found[0] == b'"':
                quoted = not quoted
            elif not quoted:
                return found.start()
        return -1

    return find


def _fixed(blocks, width):
    held = b""
    for block in blocks:
        held += block
        whole = len(held) - len(held) % width
        yield from (held[at : at + width] for at in range(0, whole, width))
        held = held[whole:]
    if held:
        raise ValueError(f"the last record has {len(held)} of {width} bytes")


@functools.cache
def _s3():
    import boto3

    return boto3.client("s3")


def _get(split, s3, start, end):
    asked = {"Bucket": split["bucket"], "Key": split["key"], "IfMatch": split["etag"]}
    return (s3 or _s3()).get_object(**asked, Range=f"bytes={start}-{end - 1}")["Body"]


def _bytes_from_start(split, s3):
    """To the end of the object, for as long as somebody asks: what lies behind the split is read as it is needed."""
    size, fixed = split["size"], split["records"]["kind"] == "fixed"
    at, to = split["start"], split["end"] if fixed else min(split["end"] + TAIL, split["size"])
    while at < to:
        yield from iter(functools.partial(_get(split, s3, at, to).read, BLOCK), b"")
        at, to = to, to if fixed else min(to + BLOCK, size)


def _plain(split, s3):
    body = _get(split, s3, 0, split["size"])
    if split["compression"] == "gzip":
        plain = gzip.GzipFile(fileobj=body)
    else:
        plain = _zstd(body)
    return iter(functools.partial(plain.read, BLOCK), b"")


def _zstd(body):
    try:
        from compression import zstd
    except ImportError:
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    return zstd.ZstdFile(body)
