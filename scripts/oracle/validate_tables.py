#!/usr/bin/env python3
"""Validates provenance and tables of a folder of artifact folders, in one process.

    validate_tables.py ROOT          # each folder of ROOT is one artifact

* *.prov.json: read by prov, written and read again, and equal
* croissant.json: mlcroissant, errors and warnings
Exit code 1 if anything is found.
"""

import json
import logging
import sys
from collections import Counter
from pathlib import Path

FINDINGS = Counter()
FIRST = {}
CHECKED = Counter()


def finding(validator, text, path):
    text = f"{validator}: {text}"
    FINDINGS[text] += 1
    FIRST.setdefault(text, path)


def check_prov(path):
    from prov.model import ProvDocument

    text = path.read_text()
    document = ProvDocument.deserialize(content=text, format="json")
    again = document.serialize(format="json")
    second = ProvDocument.deserialize(content=again, format="json").serialize(format="json")
    if json.loads(again) != json.loads(second):
        finding("prov", "differs after a round trip", path)
    meant = json.loads(text)
    for kind, records in meant.items():
        if kind != "prefix" and len(json.loads(again).get(kind, {})) != len(records):
            finding("prov", f"records of {kind} are lost", path)


def check_croissant(path):
    import mlcroissant

    try:
        dataset = mlcroissant.Dataset(jsonld=str(path))
    except mlcroissant.ValidationError as error:
        finding("mlcroissant", str(error), path)
        return
    issues = dataset.metadata.ctx.issues
    for error in sorted(issues.errors):
        finding("mlcroissant", error, path)
    facts = json.loads((path.parent / "facts.json").read_text())
    absent = {"date": "https://schema.org/datePublished"}
    meant = {f'Property "{absent[fact]}" is recommended, but does not exist.' for fact in facts["absent"]}
    said = {warning.partition("] Property ")[2] for warning in issues.warnings}
    for warning in sorted({f"Property {warning}" for warning in said} ^ meant):
        finding("mlcroissant warning", warning, path)
    try:
        records = sum(1 for _ in dataset.records("points"))
    except Exception as error:
        finding("mlcroissant", f"records: {type(error).__name__}: {error}", path)
        return
    import csv

    with open(path.parent / "metrics.csv", newline="") as file:
        rows = sum(1 for _ in csv.reader(file)) - 1
    if records != rows:
        finding("mlcroissant", f"{records} records of {rows}", path)


def main():
    logging.disable(logging.WARNING)
    checks = {"provenance.json": check_prov, "croissant.json": check_croissant}
    for folder in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
        for name, check in checks.items():
            if (folder / name).exists():
                CHECKED[name] += 1
                check(folder / name)
    for name, count in sorted(CHECKED.items()):
        print(f"{name}: {count} files")
    for text, count in sorted(FINDINGS.items()):
        print(f"FINDING {count} x {text}\n    first in {FIRST[text]}")
    print(f"{sum(FINDINGS.values())} findings")
    sys.exit(1 if FINDINGS else 0)


main()
