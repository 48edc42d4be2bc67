#!/usr/bin/env python3
"""Validates RO-Crates with roc-validator in a pool of processes, and reads them with ro-crate-py and runcrate.

    validate_crates.py ROOT          # each folder of ROOT with ro-crate-metadata.json is a crate

facts.json of each folder lists the facts that nobody gave ("absent"). Nothing may be found at the
required level; at the recommended level of the profiles exactly what EXPECTED lists for the absent
facts. ENTRENAR_ROC_CACHE is the cache with the contexts of RO-Crate. Exit code 1 if anything else is found.
"""

import json
import logging
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

from findings import Findings, facts, folders, version

PROFILE = "process-run-crate-0.5"

# Identifier of the check: the absent facts because of any of which it is found.
EXPECTED = {
    "process-run-crate-0.5_3.2": {"interpreter", "address of the interpreter"},
    "process-run-crate-0.5_4.1": {"version of the interpreter"},
    "process-run-crate-0.5_5.1": {"interpreter", "address of the interpreter"},
    "process-run-crate-0.5_7.1": {"interpreter"},
    "process-run-crate-0.5_8.4": {"end"},
    "process-run-crate-0.5_8.6": {"agent"},
    "ro-crate-1.1_22.2": {"author"},
    "ro-crate-1.1_22.3": {"publisher"},
    "ro-crate-1.1_30.2": {"affiliation"},
    "ro-crate-1.1_30.3": {"affiliation"},
    "ro-crate-1.1_31.1": {"name of an organisation"},
    "ro-crate-1.1_31.2": {"address of an organisation"},
}


def prepare_queries_once():
    """rdflib parses the queries of the shapes anew for every crate: 28 % of the time. Prepared ones may be run again."""
    from rdflib.plugins.sparql import prepareQuery, processor

    prepared, query = {}, processor.SPARQLProcessor.query

    def run(self, text, initBindings=None, initNs=None, base=None, DEBUG=False):
        if isinstance(text, str):
            key = (text, base, tuple(sorted((name, str(place)) for name, place in (initNs or {}).items())))
            if key not in prepared:
                prepared[key] = prepareQuery(text, initNs=initNs, base=base)
            text = prepared[key]
        return query(self, text, initBindings, initNs, base, DEBUG)

    processor.SPARQLProcessor.query = run


def start(cache):
    """Each process has the caches of its own: SQLite is shared badly."""
    global SETTINGS
    import shutil

    from rocrate_validator import models

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    prepare_queries_once()
    own = Path(tempfile.mkdtemp()) / "contexts"
    shutil.copy(cache + ".sqlite", str(own) + ".sqlite")
    SETTINGS = {
        "profile_identifier": PROFILE,
        "requirement_severity": models.Severity.RECOMMENDED,
        "offline": True,
        "cache_path": own,
        "abort_on_first": False,
        "disable_profile_inheritance": False,
        "validate_profile_checks": False,
    }
    SETTINGS.pop("disable_profile_inheritance")


def validate(place):
    from rocrate_validator import services

    began = time.perf_counter()
    try:
        result = services.validate(SETTINGS | {"rocrate_uri": str(place)})
        issues = [
            (issue.severity.name, issue.check.identifier, str(issue.message), str(issue.violatingEntity))
            for issue in result.get_issues()
        ]
    except Exception as error:
        issues = [("REQUIRED", "exception", f"{type(error).__name__}: {error}", "")]
    return str(place), issues, time.perf_counter() - began


def judge(place, issues):
    """What was found and not expected, and what was expected and not found."""
    absent = set(facts(place)["absent"])
    found = set()
    for severity, check, message, entity in issues:
        if severity == "RECOMMENDED" and EXPECTED.get(check, set()) & absent:
            found.add(check)
        else:
            yield f"{severity} {check}: {message}"
    for check, why in EXPECTED.items():
        if why & absent and check not in found:
            yield f"{check} was expected, for {sorted(why & absent)} is absent"


def read(place):
    from rocrate.rocrate import ROCrate

    crate = ROCrate(str(place))
    described = json.loads((place / "ro-crate-metadata.json").read_text())["@graph"]
    files = [entity for entity in described if "File" in str(entity.get("@type"))]
    if not crate.data_entities and files:
        yield "no data entity is seen"
    for entity in files:
        if crate.get(entity["@id"]) is None:
            yield f"{entity['@id']} is not seen"


def report(place):
    import contextlib
    import io

    from runcrate.report import dump_crate_actions

    with contextlib.redirect_stdout(io.StringIO()) as out:
        dump_crate_actions(str(place))
    described = json.loads((place / "ro-crate-metadata.json").read_text())["@graph"]
    actions = [entity for entity in described if entity.get("@type") == "CreateAction"]
    told = out.getvalue().count("action: ")
    if told != len(actions):
        yield f"{told} of {len(actions)} actions are told"


def main():
    found = Findings()
    crates = [place for place in folders(sys.argv[1]) if (place / "ro-crate-metadata.json").exists()]
    limit = int(os.environ.get("ENTRENAR_VALIDATE_CRATES", "40"))
    # 3,000 runs take minutes; scripts/validate-all.sh reads them too
    largest = int(os.environ.get("ENTRENAR_VALIDATE_LARGEST", "500000"))
    cache = os.environ.get("ENTRENAR_ROC_CACHE")
    name = f"{version('roc-validator')}, {PROFILE}"
    if cache:
        small = [place for place in crates if (place / "ro-crate-metadata.json").stat().st_size <= largest]
        if len(small) < len(crates):
            print(f"{len(crates) - len(small)} crates of more than {largest} bytes of metadata are left out of {name}")
        # of a part, every fourth is a real session
        real = [place for place in small if place.name.startswith("real")]
        made = [place for place in small if not place.name.startswith("real")]
        crates_read = made[: max(limit - limit // 4, limit - len(real))]
        crates_read += real[: limit - len(crates_read)]
        with multiprocessing.Pool(2, start, [cache]) as pool:
            for place, issues, seconds in pool.imap_unordered(validate, crates_read):
                found.files[name] += 1
                if found.files[name] % 50 == 0:
                    print(f"{found.files[name]} of {len(crates_read)} crates", file=sys.stderr)
                found.seconds[name] += seconds
                for text in judge(Path(place), issues):
                    found.add(name, text, place)
    else:
        found.skip("roc-validator", "ENTRENAR_ROC_CACHE is not set")
    for place in crates:
        found.check(version("rocrate"), place, read)
        found.check(version("runcrate"), place, report)
    found.finish()


if __name__ == "__main__":
    main()
