"""Compares reading and importing notebooks with Python's nbformat.read, interleaved in one run.

    bench_notebooks.py FOLDER-OF-BINARIES NOTEBOOK...

`nbformat.read` and `read` (the example `read_notebooks`: read and extract, no store) are both timed
inside their process, after a first round that warms it. `read, process` counts the start and end
of the process of `read_notebooks` and a single round. `import` is the whole process of
`entrenar import`, durable, into a new store each time.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import nbformat

ROUNDS = 15


def seconds(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def python(files):
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.read(file, as_version=nbformat.NO_CONVERT)


def main():
    binaries, files = Path(sys.argv[1]), sys.argv[2:]
    run = lambda *args: subprocess.run(args, check=True, stdout=subprocess.DEVNULL)
    read = str(binaries / "examples/read_notebooks")
    times = {"nbformat.read": [], "read": [], "read, process": [], "import": []}
    python(files)
    for _ in range(ROUNDS):
        times["nbformat.read"].append(seconds(lambda: python(files)))
        inside = subprocess.run([read, "--rounds", "5", *files], check=True, capture_output=True)
        times["read"].append(json.loads(inside.stdout)["micros"] / 1e6)
        times["read, process"].append(seconds(lambda: run(read, *files)))
        with tempfile.TemporaryDirectory() as folder:
            store = f"{folder}/store.db"
            times["import"].append(
                seconds(lambda: run(binaries / "entrenar", "--store", store, "import", *files, "--json"))
            )
    base = statistics.median(times["nbformat.read"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<16} median {median * 1000:8.1f} ms   {base / median:5.1f} x nbformat.read")


if __name__ == "__main__":
    main()
