#!/usr/bin/env python3
"""Recall and false blocks of the secret gate and of detect-secrets, on the same files in one run.

    check_secrets.py --gate PROGRAM --planted DIR --clean DIR... [--detect-secrets] [--limit]

PROGRAM is the example `secret_gate`; DIR of `--planted` was made by plant_secrets.py. A planted credential
counts as found where the gate reports exactly it (by its fingerprint); for detect-secrets where it
reports it by its SHA-1 or any finding on a line of the notebook that holds a part of it. A clean
notebook counts as blocked where anything is reported that blocks. With `--limit` the exit code is 1
if recall is below 99 % or more than 1 % of the clean notebooks are blocked.
"""

import argparse
import collections
import hashlib
import json
import pathlib
import subprocess
import sys


def gate(program, paths):
    """Findings that block, by file."""
    found = {}
    for at in range(0, len(paths), 200):
        batch = [str(path) for path in paths[at : at + 200]]
        out = subprocess.run([program, *batch], check=True, capture_output=True, text=True).stdout
        for text in out.splitlines():
            one = json.loads(text)
            found[one["file"]] = [f for f in one["findings"] if f["severity"] == "blocks"]
    return found


def detect(paths):
    """Findings of detect-secrets with its default settings: (SHA-1, line), by file."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    found = {}
    with default_settings():
        for path in paths:
            secrets = SecretsCollection()
            secrets.scan_file(str(path))
            found[str(path)] = [(s.secret_hash, s.line_number, s.type) for _, s in secrets]
    return found


def lines_of(path, secret):
    """Lines of a notebook that hold the secret, or for a key of several lines any of them."""
    pieces = [secret] if "\n" not in secret else [p for p in secret.split("\n") if len(p) > 20]
    escaped = {json.dumps(piece)[1:-1] for piece in pieces} | set(pieces)
    return {
        number
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(piece in line for piece in escaped)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gate", required=True)
    parser.add_argument("--planted", type=pathlib.Path, required=True)
    parser.add_argument("--clean", type=pathlib.Path, nargs="+", default=[])
    parser.add_argument("--detect-secrets", action="store_true")
    parser.add_argument("--limit", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    truth = json.loads((args.planted / "truth.json").read_text())
    planted = sorted((args.planted / "planted").glob("*.ipynb"))
    clean = sorted(path for folder in [args.planted / "clean", *args.clean] for path in folder.rglob("*.ipynb"))
    ours = gate(args.gate, planted + clean)
    unread = [path for path in planted + clean if str(path) not in ours]
    missed = collections.Counter()
    for one in truth:
        path = str(args.planted / "planted" / one["file"])
        prints = {f["fingerprint"] for f in ours.get(path, [])}
        if one["fingerprint"] not in prints:
            missed[(one["family"], one["form"])] += 1
            if args.verbose:
                print("missed", one["family"], one["form"], one["file"], one["at"], one["secret"][:60].replace("\n", "|"))
    recall = 1 - sum(missed.values()) / len(truth)
    blocked = [path for path in clean if ours.get(str(path))]
    for path in blocked:
        print("blocked", path)
        for f in ours[str(path)]:
            print("   ", f["rule"], f["length"], f["places"][:2], f["fingerprint"])
    rows = [("entrenar", recall, len(blocked), len(clean))]
    if args.detect_secrets:
        theirs = detect(planted + clean)
        hits = 0
        for one in truth:
            path = args.planted / "planted" / one["file"]
            found = theirs[str(path)]
            sha1 = hashlib.sha1(one["secret"].encode()).hexdigest()
            hits += any(f[0] == sha1 for f in found) or bool({f[1] for f in found} & lines_of(path, one["secret"]))
        rows.append(("detect-secrets", hits / len(truth), sum(bool(theirs[str(p)]) for p in clean), len(clean)))
    print(f"{len(truth)} credentials, {len({t['family'] for t in truth})} families, {len({t['form'] for t in truth})} forms; {len(unread)} files unread")
    for name, share, false, of in rows:
        print(f"{name:15} recall {share:8.3%}   clean notebooks blocked {false} of {of} ({false / max(of, 1):.2%})")
    if args.limit and (recall < 0.99 or len(blocked) * 100 > len(clean) or unread):
        sys.exit(1)


if __name__ == "__main__":
    main()
