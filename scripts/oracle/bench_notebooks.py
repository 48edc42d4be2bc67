"""Compares reading and importing notebooks with Python's nbformat.read, interleaved in one run.

    bench_notebooks.py FOLDER-OF-BINARIES NOTEBOOK...

Start-up of Python and its imports is not counted; start-up of entrenar is. `read` is the example
`read_notebooks` (read and extract, no store); `import` is `entrenar import`, durable, into a new
store each time.
"""

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
    times = {"nbformat.read": [], "entrenar read": [], "entrenar import": []}
    python(files)
    for _ in range(ROUNDS):
        times["nbformat.read"].append(seconds(lambda: python(files)))
        times["entrenar read"].append(seconds(lambda: run(binaries / "examples/read_notebooks", *files)))
        with tempfile.TemporaryDirectory() as folder:
            store = f"{folder}/store.db"
            times["entrenar import"].append(
                seconds(lambda: run(binaries / "entrenar", "--store", store, "import", *files, "--json"))
            )
    base = statistics.median(times["nbformat.read"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<16} median {median * 1000:8.1f} ms   {base / median:5.1f} x nbformat.read")


if __name__ == "__main__":
    main()
