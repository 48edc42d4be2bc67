#!/usr/bin/env python3
"""Reads metrics.parquet with pyarrow and compares it, cell by cell, with points.jsonl.

    check_parquet.py FOLDER...
"""

import json
import math
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet as pq

SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
COLUMNS = ["name", "run", "rank", "step", "epoch", "time", "value"]


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or math.isnan(a) and math.isnan(b)
    return a == b


def main():
    wrong = rows = 0
    for folder in map(Path, sys.argv[1:]):
        table = pq.read_table(folder / "metrics.parquet")
        if table.column_names != COLUMNS:
            sys.exit(f"{folder}: columns {table.column_names}")
        types = [str(field.type) for field in table.schema]
        if types != ["string", "uint32", "uint32", "int64", "double", "timestamp[us, tz=UTC]", "double"]:
            sys.exit(f"{folder}: types {types}")
        table = table.set_column(5, "time", table["time"].cast("int64"))
        read = table.to_pylist()
        lines = (folder / "points.jsonl").read_text().splitlines()
        if len(read) != len(lines):
            sys.exit(f"{folder}: {len(read)} rows of {len(lines)}")
        for row, line in zip(read, lines):
            meant = json.loads(line)
            for column in COLUMNS:
                value = meant[column]
                if column in ("epoch", "value") and value is not None:
                    value = SPECIAL[value] if isinstance(value, str) else float(value)
                if not same(row[column], value):
                    wrong += 1
                    print(f"{folder}: {column}: {row[column]!r} instead of {value!r}")
        rows += len(read)
    print(f"pyarrow {pyarrow.__version__}: {rows} rows")
    sys.exit(1 if wrong else 0)


main()
