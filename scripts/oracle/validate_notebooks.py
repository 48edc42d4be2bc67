"""Validates notebooks with nbformat and checks that their cell ids are unique.

    validate_notebooks.py NOTEBOOK...

Prints one line for each fault and ends with 1 if there is one. nbformat's validator does not
see duplicate cell ids in files that it did not read itself, so they are checked here.
"""

import json
import sys
import warnings

import nbformat


def faults(path):
    with open(path, "rb") as file:
        notebook = json.loads(file.read())
    ids = [cell.get("id") for cell in notebook["cells"]]
    if len(set(ids)) != len(ids):
        yield "cell ids are not unique"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            nbformat.validate(notebook)
            nbformat.read(path, as_version=nbformat.NO_CONVERT)
        except Exception as error:
            yield f"{type(error).__name__}: {error}"


def main():
    found = [f"{path}: {fault}" for path in sys.argv[1:] for fault in faults(path)]
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
