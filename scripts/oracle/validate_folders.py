#!/usr/bin/env python3
"""Validates a folder of artifact folders with the quick validators, in one process.

    validate_folders.py ROOT          # each folder of ROOT is one artifact

Exit code 1 if anything is found. A validator that is not there is skipped, loudly.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import fastjsonschema
import idutils
import nbformat
import rispy
import yaml
from jsonschema import Draft7Validator, validators
from lxml import etree
from pybtex.database.input import bibtex
from pyld import jsonld

from findings import Findings, facts, folders, version

HERE = Path(__file__).parent
FOUND = Findings()


def packaged(package, *path):
    """A file of a package, which need not be importable."""
    return Path(find_spec(package).submodule_search_locations[0]).joinpath(*path)


def schema(path):
    text = json.loads(path.read_text())
    return validators.validator_for(text, Draft7Validator)(text)


def checked(validator):
    def check(path):
        document = json.loads(path.read_text())
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]

    return check


def notebook(path):
    document = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    yield from (error.message for error in nbformat.validator.iter_validate(document))
    # iter_validate does not see this
    ids = [cell.get("id") for cell in document.cells]
    if len(set(ids)) != len(ids):
        yield "cell ids are not unique"


CFF = schema(packaged("cffconvert", "schemas", "1.2.0", "schema.json"))
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Texts(LOADER):
    """Dates stay text, as the schema wants them."""


Texts.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()
}


def cff(path):
    document = yaml.load(path.read_text(), Texts)
    return [f"{error.json_path}: {error.message}" for error in CFF.iter_errors(document)]


CARD = schema(HERE / "model_card.schema.json")
FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)


def card(path):
    """The Hub's own check is a request to the Hub; its written rules are in the schema."""
    text = path.read_text()
    front = FRONT.match(text)
    if text.startswith("---") != bool(front):
        yield "the metadata do not end"
    document = yaml.load(front[1], Texts) if front else {}
    yield from (f"{error.json_path}: {error.message}" for error in CARD.iter_errors(document))
    if "\n# " not in "\n" + (text[front.end():] if front else text):
        yield "no title"


def bib(path):
    database = bibtex.Parser().parse_string(path.read_text())
    if len(database.entries) != 1:
        yield f"{len(database.entries)} entries"


def ris(path):
    entries = rispy.loads(path.read_text())
    if len(entries) != 1:
        yield f"{len(entries)} entries"
    for entry in entries:
        if entry.get("unknown_tag"):
            yield f"unknown tags {entry['unknown_tag']}"


def sums(path):
    listed = dict(line.split("  ", 1)[::-1] for line in path.read_text().splitlines() if line[0] != "\\")
    for name, digest in listed.items():
        if hashlib.sha256((path.parent / name).read_bytes()).hexdigest() != digest:
            yield f"{name} differs"


def offline(url, _options):
    """The contexts that our JSON-LD names, without a network: every term in one vocabulary."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": {"@context": {"@vocab": "https://schema.org/", "type": "@type", "id": "@id"}},
    }


def linked(path):
    expanded = jsonld.expand(json.loads(path.read_text()), {"documentLoader": offline})
    if not expanded or not any(node.get("@type") for node in expanded):
        yield "no typed node after expansion"


IDENTIFIERS = [
    (re.compile(r"https://orcid\.org/([^\"\s<]+)"), "ORCID", idutils.is_orcid),
    (re.compile(r"https://ror\.org/([^\"\s<]+)"), "ROR", idutils.is_ror),
    (re.compile(r"https://doi\.org/([^\"\s<]+)"), "DOI", idutils.is_doi),
]


def identifiers(path):
    text = path.read_text()
    for pattern, name, is_valid in IDENTIFIERS:
        for value in set(pattern.findall(text)):
            if not is_valid(value):
                yield f"{name} {value}"


def xsd(file):
    parsed = etree.XMLSchema(etree.parse(str(file), etree.XMLParser(no_network=True)))

    def check(path):
        document = etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False))
        if not parsed.validate(document):
            yield from (error.message for error in parsed.error_log)

    return check


def batch(places, name, function):
    """One run of a program over all files of that name; keys are made unique."""
    with tempfile.TemporaryDirectory() as folder:
        entries = []
        for number, place in enumerate(places):
            text = (place / name).read_text()
            entries.append(re.sub(r"^(@\w+\{)[^,]*,", rf"\g<1>entry{number},", text, count=1))
        together = Path(folder) / name
        together.write_text("\n".join(entries))
        return list(function(together, len(entries)))


def biber(path, _count):
    command = ["biber", "--tool", "--validate-datamodel", "--nolog", "-O", str(path) + ".out", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    for line in done.stdout.splitlines():
        if line.startswith(("ERROR", "WARN")):
            yield re.sub(r"'entry\d+' \(.*?\): ", "", line)


CITATION_JS = """
const Cite = require(process.env.ENTRENAR_CITATION_JS + '/node_modules/citation-js');
const data = new Cite(require('fs').readFileSync(process.argv[1], 'utf8')).data;
console.log(data.length);
"""


def citation_js(path, count):
    place = os.environ["ENTRENAR_CITATION_JS"]
    done = subprocess.run(["node", "-e", CITATION_JS, str(path)], cwd=place, capture_output=True, text=True)
    if done.returncode:
        yield next((line for line in done.stderr.splitlines() if "Error" in line), done.stderr[-300:])
    elif done.stdout.strip() != str(count):
        yield f"{done.stdout.strip()} entries of {count}"


def checks():
    """Which validators read which file."""
    from datacite import schema45

    session = fastjsonschema.compile(json.loads((HERE.parent.parent / "docs/session.schema.json").read_text()))
    csl = schema(packaged("commonmeta", "resources", "csl-data.json"))
    yield f"{version('nbformat')}", "notebook.ipynb", notebook
    yield f"CFF 1.2.0 schema of {version('cffconvert')}", "CITATION.cff", cff
    yield "model card by a schema of the Hub's rules", "model-card.md", card
    yield version("pybtex"), "citation.bib", bib
    yield f"{version('pybtex')}, classic", "citation-classic.bib", bib
    yield f"CSL schema of {version('commonmeta-py')}", "citation.csl.json", checked(csl)
    yield version("rispy"), "citation.ris", ris
    yield f"{version('datacite')}, schema 4.5", "datacite.json", checked(schema45.validator)
    yield version("pyld"), "codemeta.json", linked
    yield version("pyld"), "schema-org.jsonld", linked
    yield version("idutils"), "codemeta.json", identifiers
    yield "session.schema.json", "session.json", lambda path: session(json.loads(path.read_text())) and None
    yield "sha256sum", "SHA256SUMS", sums
    for file, name in [("datacite-4.6.xml", "kernel-4.6"), ("datacite.xml", "kernel-4.7")]:
        schemas = os.environ.get("ENTRENAR_DATACITE_XSD")
        if schemas:
            yield f"lxml, DataCite XSD {name[-3:]}", file, xsd(Path(schemas) / name / "metadata.xsd")
        else:
            FOUND.skip(f"DataCite XSD {name[-3:]}", "ENTRENAR_DATACITE_XSD is not set")


def main():
    places = folders(sys.argv[1])
    for validator, name, function in checks():
        for place in places:
            if (place / name).exists():
                FOUND.check(validator, place / name, function)
    together = [place for place in places if (place / "citation.bib").exists()]
    if shutil.which("biber"):
        found = batch(together, "citation.bib", biber)
        FOUND.files["biber --validate-datamodel"] += len(together)
        for text in found:
            FOUND.add("biber --validate-datamodel", text, "citation.bib")
    else:
        FOUND.skip("biber", "not installed")
    if os.environ.get("ENTRENAR_CITATION_JS"):
        found = batch(together, "citation.bib", citation_js)
        FOUND.files["citation-js"] += len(together)
        for text in found:
            FOUND.add("citation-js", text, "citation.bib")
    else:
        FOUND.skip("citation-js", "ENTRENAR_CITATION_JS is not set")
    FOUND.finish()


main()
