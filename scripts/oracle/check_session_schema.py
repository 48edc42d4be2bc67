"""Validates session.json files against docs/session.schema.json.

Usage: check_session_schema.py SCHEMA FILE...
Prints one line a problem and ends with 1 if there is any; ends with 77 where the Python package
`jsonschema` is not installed.
"""

import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("the Python package jsonschema is not installed")
    sys.exit(77)


def main(schema_path, paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    problems = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            session = json.load(file)
        for error in validator.iter_errors(session):
            print(f"{path}: {error.json_path}: {error.message[:300]}")
            problems += 1
    print(f"{len(paths)} files, {problems} problems")
    return 1 if problems or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
