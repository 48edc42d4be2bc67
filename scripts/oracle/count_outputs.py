"""Counts the cells and outputs of notebooks with Python's json module alone.

    count_outputs.py NOTEBOOK...

Prints one JSON object: for each file the number of code cells, of other cells, and of outputs
by type, in the words of nbformat 4 (nbformat 2 and 3: `pyout`, `pyerr`). An output without a
type, or that is no object, counts as `odd`.
"""

import collections
import json
import sys

NAMES = {"pyout": "execute_result", "pyerr": "error"}


def count(path):
    with open(path, "rb") as file:
        notebook = json.loads(file.read())
    cells = list(notebook.get("cells", []))
    for worksheet in notebook.get("worksheets", []):
        cells.extend(worksheet.get("cells", []))
    outputs = collections.Counter()
    code = 0
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        code += 1
        for output in cell.get("outputs", []):
            kind = output.get("output_type") if isinstance(output, dict) else None
            outputs[NAMES.get(kind, kind) if isinstance(kind, str) else "odd"] += 1
    return {"code": code, "other": len(cells) - code, "outputs": outputs}


def main():
    json.dump({path: count(path) for path in sys.argv[1:]}, sys.stdout)


if __name__ == "__main__":
    main()
