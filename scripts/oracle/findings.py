"""What the scripts of this folder share: counts of files, findings, and the table of them."""

import json
import sys
import time
from collections import Counter, defaultdict
from importlib import metadata
from pathlib import Path


class Findings:
    """Findings by validator; each kind is printed once with its first file."""

    def __init__(self):
        self.files = Counter()
        self.seconds = defaultdict(float)
        self.found = defaultdict(Counter)
        self.first = {}
        self.skipped = []

    def add(self, validator, text, path):
        text = " ".join(str(text).split())[:300]
        self.found[validator][text] += 1
        self.first.setdefault((validator, text), path)

    def check(self, validator, path, function, *args):
        """Runs one validator on one file; an exception is a finding."""
        self.files[validator] += 1
        began = time.perf_counter()
        try:
            for text in function(path, *args) or ():
                self.add(validator, text, path)
        except Exception as error:  # whatever a validator raises is its finding
            self.add(validator, f"{type(error).__name__}: {error}", path)
        self.seconds[validator] += time.perf_counter() - began

    def skip(self, validator, why):
        self.skipped.append(f"SKIPPED: {validator}: {why}")

    def finish(self):
        """Prints the table and ends the process."""
        for validator in sorted(self.files):
            total = sum(self.found[validator].values())
            seconds = self.seconds[validator]
            print(f"{validator} | {self.files[validator]} | {total} | {seconds:.1f} s")
        for validator, found in sorted(self.found.items()):
            for text, count in found.most_common(40):
                print(f"FINDING {validator}: {count} x {text}\n    first in {self.first[validator, text]}")
        for line in self.skipped:
            print(line)
        total = sum(sum(found.values()) for found in self.found.values())
        print(f"{total} findings")
        sys.exit(1 if total else 0)


def version(package):
    return f"{package} {metadata.version(package)}"


def folders(root):
    return sorted(path for path in Path(root).iterdir() if path.is_dir())


def facts(folder):
    return json.loads((folder / "facts.json").read_text())
