#!/usr/bin/env python3
"""Validates provenance and tables of a folder of artifact folders, in one process.

    validate_tables.py ROOT          # each folder of ROOT is one artifact

* *.prov.json: read by prov, written and read again, and equal
* croissant.json: mlcroissant, errors and warnings
Exit code 1 if anything is found.
"""

import csv
import json
import logging
import sys

import mlcroissant
from prov.model import ProvDocument

from findings import Findings, facts, folders, version

def prov(path, is_read_twice):
    """Nothing is lost; what prov writes reads back as the same."""
    text = path.read_text()
    document = ProvDocument.deserialize(content=text, format="json")
    again = document.serialize(format="json")
    if is_read_twice:
        second = ProvDocument.deserialize(content=again, format="json").serialize(format="json")
        if json.loads(again) != json.loads(second):
            yield "differs after a round trip"
    told = json.loads(again)
    for kind, records in json.loads(text).items():
        if kind != "prefix" and len(told.get(kind, {})) != len(records):
            yield f"records of {kind} are lost"


def croissant(path):
    """Errors, and warnings but for the facts that nobody gave."""
    dataset = mlcroissant.Dataset(jsonld=str(path))
    issues = dataset.metadata.ctx.issues
    yield from sorted(issues.errors)
    properties = {"date": "https://schema.org/datePublished"}
    absent = [properties[fact] for fact in facts(path.parent)["absent"] if fact in properties]
    meant = {f'Property "{name}" is recommended, but does not exist.' for name in absent}
    said = {"Property " + warning.partition("] Property ")[2] for warning in issues.warnings}
    yield from sorted(said ^ meant)


def records(path):
    """All rows are read, each as what its field says."""
    read = sum(1 for _ in mlcroissant.Dataset(jsonld=str(path)).records("points"))
    with open(path.parent / "metrics.csv", newline="") as file:
        rows = sum(1 for _ in csv.reader(file)) - 1
    if read != rows:
        yield f"{read} records of {rows} rows"


def main():
    logging.disable(logging.WARNING)
    found = Findings()
    for number, place in enumerate(folders(sys.argv[1])):
        found.check(version("prov"), place / "provenance.json", prov, number % 10 == 1)
        if (place / "croissant.json").exists():
            found.check(version("mlcroissant"), place / "croissant.json", croissant)
            # reading all rows takes 100 times as long as the description
            if number % 10 == 0:
                found.check(f"{version('mlcroissant')}, records", place / "croissant.json", records)
    found.finish()


main()
