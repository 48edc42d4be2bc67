#!/usr/bin/env python3
"""Reads a folder of citations with the programs of the field and compares.

The folder holds NNN.bib, NNN.cff and NNN.record.json (archive metadata), all.bib with all
entries, and meant.json with what was meant. Each program that is not there is skipped, loudly. Exit code 1 if anything differs.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import urllib.error
import urllib.request
from pathlib import Path

PROBLEMS = []


def problem(text):
    PROBLEMS.append(text)


def skipped(what, why):
    print(f"SKIPPED: {what}: {why}")


BREAKS = "\t\n\x0b\x0c\r \x85\u2028\u2029"


def visible(char):
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or code == 0xFEFF or 0xFDD0 <= code < 0xFDF0:
        return "\ufffd"
    if code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return char


INVISIBLE = re.compile(
    "[\\s\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f]*"
)


def one_line(text):
    words = re.split(f"[{BREAKS}]+", text)
    line = " ".join("".join(map(visible, word)) for word in words if word)
    return "" if INVISIBLE.fullmatch(line) else line


COMMANDS = {
    "\\textbraceleft": "{",
    "\\textbraceright": "}",
    "\\textbackslash": "\\",
    "\\textasciitilde": "~",
    "\\textasciicircum": "^",
}
TOKEN = re.compile(r"(\\[a-zA-Z]+)\{\}|\\(.)|([{}])|([^\\{}]+)", re.S)


def decoded(latex):
    """The text of a field: commands and escapes undone, grouping braces dropped."""
    out = []
    for command, escaped, _brace, plain in TOKEN.findall(latex):
        out.append(COMMANDS[command] if command else escaped or plain)
    return "".join(out)


def same(a, b):
    """Equal up to Unicode normalization and white space, which programs may change."""

    def fold(text):
        return " ".join(unicodedata.normalize("NFC", text).split())

    return fold(a) == fold(b)


def meant_title(case):
    return one_line(case["title"].strip()) or "Title not recorded"


def meant_names(case):
    """(given, particle and family, suffix) of each author, as BibTeX programs show them."""
    names = []
    for author in case["authors"]:
        family = " ".join(filter(None, [author["particle"], author["family"]]))
        names.append((author["given"], family, author["suffix"]))
    return names


def compare_entry(program, case, title, names):
    key = case["key"]
    if not same(title, meant_title(case)):
        problem(f"{program}: {key}: title {title!r}, meant {meant_title(case)!r}")
    wanted = meant_names(case)
    ok = len(names) == len(wanted) and all(
        same(a, b) for got, want in zip(names, wanted) for a, b in zip(got, want)
    )
    if not ok:
        problem(f"{program}: {key}: authors {names!r}, meant {wanted!r}")


def pybtex_entries(path):
    from pybtex.database import parse_file

    for key, entry in parse_file(str(path), bib_format="bibtex").entries.items():
        names = []
        for person in entry.persons.get("author", []):
            parts = (
                person.first_names + person.middle_names,
                person.prelast_names + person.last_names,
                person.lineage_names,
            )
            names.append(tuple(decoded(" ".join(part)) for part in parts))
        yield key, entry, names


def check_pybtex(folder, cases):
    try:
        import pybtex
    except ImportError as error:
        return skipped("pybtex", error)
    seen = 0
    for path in [folder / "all.bib", *sorted(folder.glob("[0-9]*.bib"))]:
        try:
            for key, entry, names in pybtex_entries(path):
                compare_entry("pybtex", cases[key], decoded(entry.fields["title"]), names)
                seen += 1
        except Exception as error:
            problem(f"pybtex: {path.name}: {type(error).__name__}: {error}")
    if seen != 2 * len(cases):
        problem(f"pybtex: {seen} entries of {2 * len(cases)}")
    print(f"pybtex {pybtex.__version__}: {seen} entries")


def check_biber(folder, cases):
    if not shutil.which("biber"):
        return skipped("biber", "not on the PATH")
    command = ["biber", "--tool", "--validate-datamodel", "--output-file", "biber-out.bib", "all.bib"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    for line in (run.stdout + run.stderr).splitlines():
        if line and not line.startswith("INFO"):
            problem(f"biber: {line}")
    if run.returncode:
        problem(f"biber: exit code {run.returncode}")
        return
    written = (folder / "biber-out.bib").read_text("utf-8")
    count = len(re.findall(r"^@[A-Z]+\{", written, re.M))
    if count != len(cases):
        problem(f"biber: {count} entries of {len(cases)}")
    try:
        import pybtex  # noqa: F401  reads biber's output
    except ImportError:
        pass
    else:
        for key, entry, names in pybtex_entries(folder / "biber-out.bib"):
            compare_entry("biber", cases[key], decoded(entry.fields["title"]), names)
    print(f"biber: {count} entries")


def plain_loader(yaml):
    """PyYAML without dates: the schema wants them as text."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def compare_cff(program, name, case, document):
    if document["title"] != meant_title(case):
        problem(f"{program}: {name}: title {document['title']!r}, meant {meant_title(case)!r}")
    keywords = list(dict.fromkeys(filter(None, (one_line(k.strip()) for k in case["keywords"]))))
    if document.get("keywords", []) != keywords:
        problem(f"{program}: {name}: keywords {document.get('keywords')!r}, meant {keywords!r}")
    for author in case["authors"]:
        parts = {
            "given-names": author["given"],
            "name-particle": author["particle"],
            "family-names": author["family"],
            "name-suffix": author["suffix"],
        }
        parts = {key: value for key, value in parts.items() if value}
        found = any(
            parts.items() <= other.items()
            if author["person"]
            else author["family"] in (other.get("name"), other.get("alias"))
            for other in document["authors"]
        )
        if not found:
            problem(f"{program}: {name}: author {author!r} not in {document['authors']!r}")
    if not case["authors"] and document["authors"] != [{"name": "Author not recorded"}]:
        problem(f"{program}: {name}: authors {document['authors']!r}, meant nobody")


def check_cff(folder, cases):
    try:
        import cffconvert
        import jsonschema
        import yaml
    except ImportError as error:
        return skipped("cffconvert, PyYAML and jsonschema", error)
    schema_path = Path(cffconvert.__file__).parent / "schemas/1.2.0/schema.json"
    schema = jsonschema.Draft7Validator(
        json.loads(schema_path.read_text("utf-8")), format_checker=jsonschema.FormatChecker()
    )
    paths = sorted(folder.glob("*.cff"))
    if len(paths) != len(cases):
        problem(f"cff: {len(paths)} files of {len(cases)}")
    loader = plain_loader(yaml)
    for path, case in zip(paths, cases.values()):
        text = path.read_text("utf-8")
        try:
            document = yaml.load(text, loader)
            for error in schema.iter_errors(document):
                problem(f"CFF schema: {path.name}: {list(error.absolute_path)}: {error.message}")
            compare_cff("PyYAML", path.name, case, document)
        except Exception as error:
            problem(f"PyYAML: {path.name}: {type(error).__name__}: {error}")
        try:
            citation = cffconvert.Citation(text)
            citation.validate()
            compare_cff("cffconvert", path.name, case, citation._parse())
            for form in ("apalike", "bibtex", "codemeta", "endnote", "ris", "schemaorg", "zenodo"):
                getattr(citation, f"as_{form}")()
        except Exception as error:
            problem(f"cffconvert: {path.name}: {type(error).__name__}: {error}")
    # once through the program itself
    command = [sys.executable, "-m", "cffconvert.cli.cli", "--validate", "-i", str(paths[1])]
    tool = Path(sys.executable).with_name("cffconvert")
    if tool.exists():
        command = [str(tool), "--validate", "-i", str(paths[1])]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            problem(f"cffconvert: exit code {run.returncode}: {run.stdout}{run.stderr}")
    print(f"cffconvert, PyYAML, CFF schema: {len(paths)} files")


CITATION_JS = """
const { Cite } = require('@citation-js/core');
require('@citation-js/plugin-bibtex');
const text = require('fs').readFileSync(process.argv[1], 'utf8');
console.log(JSON.stringify(new Cite(text).data));
"""


def check_citation_js(folder, cases):
    modules = os.environ.get("ENTRENAR_CITATION_JS")
    if not modules or not shutil.which("node"):
        return skipped("citation-js", "no node, or ENTRENAR_CITATION_JS is not set")
    environment = {**os.environ, "NODE_PATH": str(Path(modules) / "node_modules")}
    command = ["node", "-e", CITATION_JS, str(folder / "all.bib")]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    if run.returncode:
        return problem(f"citation-js: exit code {run.returncode}: {run.stderr}")
    entries = json.loads(run.stdout)
    if len(entries) != len(cases):
        problem(f"citation-js: {len(entries)} entries of {len(cases)}")
    for entry in entries:
        case = cases[entry["id"]]
        names = [
            (
                name.get("given", ""),
                " ".join(
                    filter(None, [name.get("non-dropping-particle"), name.get("family", "")])
                ),
                name.get("suffix", ""),
            )
            for name in entry.get("author", [])
        ]
        compare_entry("citation-js", case, entry.get("title", ""), names)
    print(f"citation-js: {len(entries)} entries")


# The archive's name of each thing that the deposit lists as required and a draft can lack.
REQUIRED = {
    "Author": "metadata.creators",
    "PublicationDate": "metadata.publication_date",
    "Publisher": "metadata.publisher",
    "Title": "metadata.title",
}


def sanitized(value):
    """As the archive stores text: entities undone, widths folded, invisible characters dropped."""
    text = unicodedata.normalize("NFKC", html.unescape(json.dumps(value, ensure_ascii=False)))
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Zs"))


def check_invenio(folder, cases):
    base = os.environ.get("ENTRENAR_INVENIO")
    if not base:
        return skipped("InvenioRDM", "ENTRENAR_INVENIO is not set")
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Bearer " + os.environ.get("ENTRENAR_INVENIO_TOKEN", ""),
    }
    count = 0
    for path, case in zip(sorted(folder.glob("*.record.json")), cases.values()):
        record = json.loads(path.read_text("utf-8"))
        # A small InvenioRDM has no vocabularies of languages and funders.
        record["metadata"].pop("languages", None)
        for funding in record["metadata"].get("funding", []):
            if "id" in funding["funder"]:
                funding["funder"] = {"name": funding["funder"]["id"]}
        body = json.dumps(record).encode()
        request = urllib.request.Request(f"{base}/records", body, headers)
        try:
            with urllib.request.urlopen(request) as reply:
                draft = json.load(reply)
        except urllib.error.HTTPError as error:
            problem(f"InvenioRDM: {path.name}: {error.code}: {error.read()[:300]!r}")
            continue
        count += 1
        complaints = {error["field"] for error in draft.get("errors", [])}
        wanted = {REQUIRED[name] for name in case["missing"] if name in REQUIRED}
        # The archive counts characters that leave no mark as part of a title; the deposit does not.
        if len(sanitized(case["title"])) < 5 and "metadata.title" not in complaints:
            wanted.discard("metadata.title")
        if complaints != wanted:
            problem(f"InvenioRDM: {path.name}: {draft.get('errors')}, meant {sorted(wanted)}")
        for name, value in json.loads(body)["metadata"].items():
            if name in ("title", "version", "publication_date", "subjects"):
                kept = draft["metadata"].get(name)
                if sanitized(kept) != sanitized(value) and f"metadata.{name}" not in complaints:
                    problem(f"InvenioRDM: {path.name}: {name} {kept!r}, sent {value!r}")
    print(f"InvenioRDM: {count} drafts")


def main():
    folder = Path(sys.argv[1])
    meant = json.loads((folder / "meant.json").read_text("utf-8"))
    cases = {case["key"]: case for case in meant}
    if len(cases) != len(meant):
        problem(f"{len(meant) - len(cases)} keys are not unique")
    for key in cases:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", key):
            problem(f"key {key!r}")
    check_pybtex(folder, cases)
    check_biber(folder, cases)
    check_cff(folder, cases)
    check_citation_js(folder, cases)
    check_invenio(folder, cases)
    for text in PROBLEMS[:60]:
        print(text)
    print(f"{len(PROBLEMS)} problems")
    sys.exit(1 if PROBLEMS else 0)


if __name__ == "__main__":
    main()
