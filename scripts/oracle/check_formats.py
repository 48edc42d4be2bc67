#!/usr/bin/env python3
"""Reads every format of an artifact with a program of its field and compares all with what was meant.

The folder holds NNN/ with one file a format and NNN/meant.json. Each reader gives one record:
title, authors (given, family with particle and suffix), ORCID iDs by author, DOI, licence, version,
date. A program that is not there is skipped, loudly. Exit code 1 if anything differs.

ENTRENAR_CITATION_JS   a folder with node_modules/@citation-js (optional)
ENTRENAR_DATACITE_XSD  a folder with kernel-4.6/metadata.xsd and kernel-4.7/metadata.xsd (optional)
ENTRENAR_ZENODO_SCHEMA the JSON schema of zenodraft/zenodo-upload-metadata-schema (optional)
"""


import html
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from check_citations import PROBLEMS, decoded, one_line, plain_loader, problem, same, skipped

SCHEMAS = Path(__file__).parent / "schemas"
SPDX = re.compile(r"^https://spdx\.org/licenses/([A-Za-z0-9.+-]+?)(\.html)?$")
NOTE = re.compile(r"(?:^|\s)License: ([A-Za-z0-9.+:() -]+?)\.(?=\s|$)")
FIELDS = ("title", "authors", "orcids", "doi", "license", "version", "date")


class Case:
    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        meant = json.loads((folder / "meant.json").read_text("utf-8"))
        self.refused = set(meant["refused"])
        self.unique = meant["unique_authors"]
        self.meant = {
            "title": one_line(meant["title"].strip()) or "Title not recorded",
            "authors": [
                (a["given"], " ".join(filter(None, (a["particle"], a["family"], a["suffix"]))))
                for a in meant["authors"]
            ],
            "orcids": {str(at + 1): a["orcid"] for at, a in enumerate(meant["authors"]) if a["orcid"]},
            "doi": meant["doi"],
            "license": same_license(meant["license"]),
            "version": one_line(meant["version"].strip()),
            "date": meant["date"],
        }
        self.has_comma = any("," in part for name in self.meant["authors"] for part in name)

    def path(self, name):
        return self.folder / name

    def text(self, name):
        # as bytes: Python would turn CR LF into LF
        return self.path(name).read_bytes().decode("utf-8")


def same_license(text):
    """A choice with each licence once; other expressions as they are."""
    if not text or re.search(r"\bAND\b|\bWITH\b|[(+:]|LicenseRef", text):
        return text or ""
    return " OR ".join(dict.fromkeys(text.split(" OR ")))


def license_in(note):
    found = NOTE.findall(note)
    return same_license(found[-1]) if found else ""


def compare(program, case, got, without=()):
    meant = case.meant
    for field in FIELDS:
        if field in without:
            continue
        want, have = meant[field], got.get(field)
        if field == "authors":
            ok = len(have) == len(want) and all(
                same(a, b) for got_name, name in zip(have, want) for a, b in zip(got_name, name)
            )
        elif field == "orcids":
            ok = have == want
        elif field == "license":
            ok = same_license(have or "").lower() == want.lower()
        else:
            ok = same(str(have or ""), want)
        if not ok:
            problem(f"{program}: {case.name}: {field} {have!r}, meant {want!r}")


# --- BibTeX -------------------------------------------------------------------------------------

COMMANDS = {
    "textquotedblleft": "“", "textquotedblright": "”", "textquoteleft": "‘", "textquoteright": "’",
    "textexclamdown": "¡", "textquestiondown": "¿", "textbraceleft": "{", "textbraceright": "}",
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^",
}
# LaTeX's names of the marks, for what latexcodec has no table entry of.
MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
    ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323",
    "c": "\u0327", "k": "\u0328", "b": "\u0331",
}
LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "pounds": "£", "S": "§", "P": "¶", "copyright": "©",
    "textregistered": "®", "texttrademark": "™", "textbullet": "•", "textendash": "–",
    "textemdash": "—", "ldots": "…",
}
ACCENT = re.compile(r"\{\\([`'^~=.\"])(\\[ij]|[A-Za-z])\}|\{\\([urHvdckb])\{(\\[ij]|[A-Za-z])\}\}")
LETTER = re.compile(r"\{\\([A-Za-z]+)\}")


def accents(latex):
    """The special characters of BibTeX as the letters that TeX sets."""

    def accent(match):
        mark, base = match.group(1) or match.group(3), match.group(2) or match.group(4)
        return base.replace("\\", "") + MARKS[mark]

    def letter(match):
        name = match.group(1)
        return LETTERS.get(name) or COMMANDS.get(name) or match.group(0)

    return LETTER.sub(letter, ACCENT.sub(accent, latex.replace("\\textup{", "{")))


MONTHS = "January February March April May June July August September October November December".split()
ANNOTATION = re.compile(r'(\d+)="([^"]*)"')


def bib_record(fields, names, latex):
    text = (lambda value: decoded(accents(value))) if latex else decoded
    date = fields.get("date") or fields.get("year", "")
    if latex and fields.get("day"):
        month = fields["month"]
        number = MONTHS.index(month) + 1 if month in MONTHS else int(month)
        date = f"{fields['year']}-{number:02}-{int(fields['day']):02}"
    return {
        "title": text(fields["title"]),
        "authors": names,
        "orcids": dict(ANNOTATION.findall(fields.get("author+an:orcid", ""))),
        "doi": fields.get("doi", ""),
        "license": license_in(text(fields.get("note", ""))),
        "version": text(fields.get("version", "")),
        "date": date,
    }


def check_pybtex(cases, name, latex):
    try:
        import pybtex
        from pybtex.database import parse_string
    except ImportError as error:
        return skipped("pybtex", error)
    text = (lambda value: decoded(accents(value))) if latex else decoded
    for case in cases:
        try:
            (entry,) = parse_string(case.text(name), "bibtex").entries.values()
        except Exception as error:
            problem(f"pybtex: {case.name}/{name}: {type(error).__name__}: {error}")
            continue
        names = []
        for person in entry.persons.get("author", []):
            first = person.first_names + person.middle_names
            rest = person.prelast_names + person.last_names + person.lineage_names
            names.append((text(" ".join(first)), text(" ".join(rest))))
        compare(f"pybtex {name}", case, bib_record(entry.fields, names, latex))
    print(f"pybtex {pybtex.__version__}: {len(cases)} of {name}")


DUMP = r"""ENTRY { author title year month day version doi note author+an:orcid }{}{}
INTEGERS { at count }
FUNCTION {field} { swap$ duplicate$ empty$ { pop$ pop$ } { swap$ " " * swap$ * write$ newline$ } if$ }
FUNCTION {misc} {
  "@@ENTRY " cite$ * write$ newline$
  author empty$ 'skip$ {
    author num.names$ 'count :=
    #1 'at :=
    { at count > { #0 } { #1 } if$ }
    { "@@given " author at "{ff}" format.name$ * write$ newline$
      "@@family " author at "{vv}{ ll}{ jj}" format.name$ * write$ newline$
      at #1 + 'at := }
    while$
  } if$
  title "@@title" field year "@@year" field month "@@month" field day "@@day" field
  version "@@version" field doi "@@doi" field note "@@note" field
  author+an:orcid "@@author+an:orcid" field
}
FUNCTION {default.type} { misc }
MACRO {jan} {"January"} MACRO {feb} {"February"} MACRO {mar} {"March"} MACRO {apr} {"April"}
MACRO {may} {"May"} MACRO {jun} {"June"} MACRO {jul} {"July"} MACRO {aug} {"August"}
MACRO {sep} {"September"} MACRO {oct} {"October"} MACRO {nov} {"November"} MACRO {dec} {"December"}
READ
ITERATE {call.type$}
"""


def run_bibtex(folder, style, keys=("*",)):
    """Runs the real 8-bit BibTeX; its warnings and errors are problems."""
    cited = ",".join(keys)
    (folder / f"{style}.aux").write_text(
        f"\\relax\n\\citation{{{cited}}}\n\\bibstyle{{{style}}}\n\\bibdata{{classic}}\n", "utf-8"
    )
    run = subprocess.run(["bibtex", style], cwd=folder, capture_output=True, text=True, errors="replace")
    log = (folder / f"{style}.blg").read_text("utf-8", errors="replace")
    for line in log.splitlines():
        if "arning--" in line or "---line" in line or line.startswith(("I couldn't", "Repeated")):
            problem(f"bibtex {style}: {line}")
    if run.returncode:
        problem(f"bibtex {style}: exit code {run.returncode}: {run.stdout[-500:]}")
        return b""
    return (folder / f"{style}.bbl").read_bytes()


def check_bibtex(folder, cases):
    if not shutil.which("bibtex"):
        return skipped("bibtex", "not on the PATH")
    (folder / "classic.bib").write_text("".join(c.text("citation-classic.bib") for c in cases), "utf-8")
    (folder / "dump.bst").write_text(DUMP, "utf-8")
    keys = {re.match(r"@misc\{(.*),", c.text("citation-classic.bib")).group(1): c for c in cases}
    written = run_bibtex(folder, "dump").decode("utf-8", errors="replace")
    # BibTeX breaks lines at white space.
    entries = re.sub(r"\n(?!@@)\s*", " ", written).split("@@ENTRY ")[1:]
    for entry in entries:
        key, *lines = entry.splitlines()
        fields, given, family = {}, [], []
        for line in lines:
            name, _, value = line[2:].partition(" ")
            if name == "given":
                given.append(value)
            elif name == "family":
                family.append(value)
            else:
                fields[name] = value
        # BibTeX ties words; a tilde of the text is a command.
        text = lambda value: decoded(accents(value))
        given, family = ([part.replace("~", " ") for part in parts] for parts in (given, family))
        names = [(text(a).strip(), text(b).strip()) for a, b in zip(given, family)]
        compare("bibtex", keys[key], bib_record(fields, names, True))
    if len(entries) != len(cases):
        problem(f"bibtex: {len(entries)} entries of {len(cases)}")
    for style in ("plain", "abbrv", "alpha"):
        if not subprocess.run(["kpsewhich", f"{style}.bst"], capture_output=True).stdout:
            skipped(f"bibtex with {style}.bst", "the style is not installed")
            continue
        try:
            # alpha has labels for 26 works of the same author and year
            some = sorted(keys)[:26] if style == "alpha" else ["*"]
            run_bibtex(folder, style, some).decode("utf-8")
        except UnicodeDecodeError as error:
            problem(f"bibtex {style}: {error}")
    version = subprocess.run(["bibtex", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    print(f"{version}: {len(entries)} entries")


# --- CFF ----------------------------------------------------------------------------------------


def check_cff(cases):
    try:
        import cffconvert
        import jsonschema
        import yaml
    except ImportError as error:
        return skipped("cffconvert, PyYAML and jsonschema", error)
    schema = Path(cffconvert.__file__).parent / "schemas/1.2.0/schema.json"
    schema = jsonschema.Draft7Validator(json.loads(schema.read_text("utf-8")))
    loader = plain_loader(yaml)
    for case in cases:
        text = case.text("CITATION.cff")
        document = yaml.load(text, loader)
        for error in schema.iter_errors(document):
            problem(f"CFF schema: {case.name}: {list(error.absolute_path)}: {error.message}")
        try:
            citation = cffconvert.Citation(text)
            citation.validate()
            document = citation._parse()
        except Exception as error:
            problem(f"cffconvert: {case.name}: {type(error).__name__}: {error}")
        authors = document["authors"]
        if authors == [{"name": "Author not recorded"}] and not case.meant["authors"]:
            authors = []
        names = [
            (
                a.get("given-names", ""),
                a.get("name")
                or " ".join(
                    filter(None, (a.get("name-particle"), a.get("family-names"), a.get("name-suffix")))
                )
                or a.get("alias"),
            )
            for a in authors
        ]
        license = document.get("license")
        if isinstance(license, list):
            license = " OR ".join(license)
        if not license and "license-url" in document:
            license = SPDX.match(document["license-url"]).group(1)
        doi = document.get("doi", "")
        for other in document.get("identifiers", []):
            if not doi and other.get("description") == "The DOI of the work.":
                doi = other["value"].removeprefix("https://doi.org/")
        got = {
            "title": document["title"],
            "authors": names,
            "orcids": {
                str(at): a["orcid"].removeprefix("https://orcid.org/")
                for at, a in enumerate(authors, 1)
                if "orcid" in a
            },
            "doi": doi,
            "license": license or license_in(document.get("abstract", "").replace("\n", " ")),
            "version": document.get("version", ""),
            "date": str(document.get("date-released", "")),
        }
        # The format takes no author twice.
        compare("cffconvert", case, got, () if case.unique else ("authors", "orcids"))
    print(f"cffconvert {importlib.metadata.version('cffconvert')}, CFF schema: {len(cases)} files")


# --- CSL-JSON and RIS ---------------------------------------------------------------------------


def csl_name(name):
    if "literal" in name:
        return "", name["literal"]
    family = (name.get("non-dropping-particle"), name.get("family"), name.get("suffix"))
    return name.get("given", ""), " ".join(filter(None, family))


def csl_date(date):
    if not date:
        return ""
    first, *rest = date["date-parts"][0]
    return "-".join([f"{int(first):04}", *(f"{int(part):02}" for part in rest)])


def csl_record(item):
    custom = item.get("custom", {})
    return {
        "title": item.get("title", ""),
        "authors": [csl_name(name) for name in item.get("author", [])],
        "orcids": {
            str(one["author"]): one["orcid"].removeprefix("https://orcid.org/")
            for one in custom.get("orcid", [])
        },
        "doi": item.get("DOI", ""),
        "license": custom.get("license", ""),
        "version": item.get("version", ""),
        "date": csl_date(item.get("issued")),
    }


def package_schema(name):
    import importlib.util

    # commonmeta's own __init__ asks for more than its schemas need
    found = importlib.util.find_spec("commonmeta")
    if found is None:
        raise ImportError("no module commonmeta")
    return json.loads((Path(found.origin).parent / "resources" / name).read_text("utf-8"))


def check_csl(cases):
    try:
        import jsonschema

        schema = jsonschema.Draft7Validator(package_schema("csl-data.json"))
    except ImportError as error:
        return skipped("CSL schema", error)
    for case in cases:
        items = json.loads(case.text("citation.csl.json"))
        for error in schema.iter_errors(items):
            problem(f"CSL schema: {case.name}: {list(error.absolute_path)}: {error.message}")
        compare("CSL-JSON", case, csl_record(items[0]))
    print(f"CSL-JSON 1.0.2 schema: {len(cases)} files")


def ris_name(name):
    """`Family, Given, Suffix`; no given names behind the first comma: a name without parts."""
    parts = name.split(", ")
    if ",, " in name or ",," in name:
        return "", name.replace(",,", ",", 1)
    if len(parts) == 1:
        return "", name
    return parts[1], " ".join([parts[0], *parts[2:]])


def check_ris(cases):
    try:
        import rispy
    except ImportError as error:
        return skipped("rispy", error)
    for case in cases:
        try:
            (record,) = rispy.loads(case.text("citation.ris"))
        except Exception as error:
            problem(f"rispy: {case.name}: {type(error).__name__}: {error}")
            continue
        unknown = set(record.get("unknown_tag", {}))
        if unknown:
            problem(f"rispy: {case.name}: unknown tags {unknown}")
        notes = record.get("notes", [])
        orcid = re.compile(r"^ORCID iD of author (\d+): https://orcid\.org/(.*)$")
        got = {
            "title": record["title"] if "title" in record else record.get("primary_title", ""),
            "authors": [ris_name(name) for name in record.get("authors", [])],
            "orcids": dict(m.groups() for m in map(orcid.match, notes) if m),
            "doi": record.get("doi", ""),
            "license": next((license_in(n) for n in notes if n.startswith("License: ")), ""),
            "version": record.get("edition", ""),
            "date": record.get("date", record.get("year", "")).replace("/", "-"),
        }
        names = got["authors"]
        # RIS has no way to write a comma inside a part of a name.
        commas = any("," in part for name in case.meant["authors"] for part in name if name[0])
        compare("rispy", case, got, ("authors",) if commas else ())
        if commas and len(names) != len(case.meant["authors"]):
            problem(f"rispy: {case.name}: {len(names)} authors")
    print(f"rispy {importlib.metadata.version('rispy')}: {len(cases)} files")


CITATION_JS = """
const { Cite, plugins } = require('@citation-js/core');
require('@citation-js/plugin-bibtex'); require('@citation-js/plugin-ris');
require('@citation-js/plugin-csl');
const fs = require('fs');
const out = {};
for (const name of JSON.parse(fs.readFileSync(0, 'utf8'))) {
  const options = { generateGraph: false };
  // It would take any text with `@article{` in it for BibTeX.
  if (name.endsWith('.ris')) options.forceType = '@ris/file';
  if (name.endsWith('.json')) options.forceType = '@csl/list+object';
  const text = fs.readFileSync(name, 'utf8');
  try { out[name] = new Cite(name.endsWith('.json') ? JSON.parse(text) : text, options).data; }
  catch (error) { out[name] = String(error); }
}
console.log(JSON.stringify(out));
"""

# What citation-js does not hand over, by format. Its own form of dates and names is compared.
JS_WITHOUT = {
    "citation.bib": ("orcids", "license"),
    "citation-classic.bib": ("orcids", "license"),
    # of the date it takes the year alone
    "citation.ris": ("orcids", "license", "version", "date"),
    "citation.csl.json": (),
}


def check_citation_js(cases):
    modules = os.environ.get("ENTRENAR_CITATION_JS")
    if not modules or not shutil.which("node"):
        return skipped("citation-js", "no node, or ENTRENAR_CITATION_JS is not set")
    environment = {**os.environ, "NODE_PATH": str(Path(modules) / "node_modules")}
    names = [str(case.path(name)) for case in cases for name in JS_WITHOUT]
    command = ["node", "-e", CITATION_JS]
    run = subprocess.run(command, input=json.dumps(names), capture_output=True, text=True, env=environment)
    if run.returncode:
        return problem(f"citation-js: exit code {run.returncode}: {run.stderr[-2000:]}")
    read = json.loads(run.stdout)
    for case in cases:
        for name, without in JS_WITHOUT.items():
            items = read[str(case.path(name))]
            if isinstance(items, str) or len(items) != 1:
                problem(f"citation-js: {case.name}/{name}: {items!r}"[:400])
                continue
            if name.endswith(".ris") and case.has_comma:
                without = (*without, "authors")
            compare(f"citation-js {name}", case, csl_record(items[0]), without)
            if csl_date(items[0].get("issued"))[:4] != case.meant["date"][:4]:
                problem(f"citation-js: {case.name}/{name}: {items[0].get('issued')}")
    print(f"citation-js: {len(cases)} of each of {', '.join(JS_WITHOUT)}")


# --- DataCite -----------------------------------------------------------------------------------


def datacite_names(creators):
    return [
        (given or "", (family if family else name) or "")
        for name, given, family in creators
        if name != ":unav"
    ]


def valid_identifiers(case, identifiers):
    """Each (type, value) is valid to idutils, which is what InvenioRDM asks."""
    try:
        import idutils
    except ImportError:
        return
    checks = {
        "DOI": idutils.is_doi, "arXiv": idutils.is_arxiv, "Handle": idutils.is_handle,
        "ISBN": idutils.is_isbn, "ISSN": idutils.is_issn, "PMID": idutils.is_pmid,
        "ORCID": idutils.is_orcid, "ROR": idutils.is_ror, "SWHID": idutils.is_swh,
        "ARK": idutils.is_ark, "URN": idutils.is_urn, "URL": idutils.is_url,
    }
    for kind, value in identifiers:
        if kind in checks and not checks[kind](value):
            problem(f"idutils: {case.name}: {value!r} is no {kind}")


def check_datacite_json(cases):
    try:
        from datacite import schema45
    except ImportError as error:
        return skipped("datacite", error)
    count = 0
    for case in cases:
        if refused(case, "datacite.json"):
            continue
        count += 1
        record = json.loads(case.text("datacite.json"))
        for error in schema45.validator.iter_errors(record):
            problem(f"DataCite 4.5: {case.name}: {list(error.absolute_path)}: {error.message}")
        creators = [c for c in record["creators"] if c["name"] != ":unav"]
        rights = record.get("rightsList", [])
        dates = [d["date"] for d in record.get("dates", []) if d["dateType"] == "Issued"]
        if not record["publicationYear"] == case.meant["date"][:4]:
            problem(f"DataCite 4.5: {case.name}: year {record['publicationYear']}")
        got = {
            "title": record["titles"][0]["title"],
            "authors": datacite_names(
                (c["name"], c.get("givenName"), c.get("familyName")) for c in creators
            ),
            "orcids": {
                str(at): one["nameIdentifier"].removeprefix("https://orcid.org/")
                for at, c in enumerate(creators, 1)
                for one in c.get("nameIdentifiers", [])
            },
            "doi": record.get("doi", ""),
            "license": " OR ".join(r.get("rightsIdentifier", r["rights"]) for r in rights),
            "version": record.get("version", ""),
            "date": dates[0] if dates else record["publicationYear"],
        }
        compare("DataCite 4.5 JSON", case, got)
        related = record.get("relatedIdentifiers", [])
        valid_identifiers(case, [(r["relatedIdentifierType"], r["relatedIdentifier"]) for r in related])
    print(f"datacite, schema 4.5: {count} files")


def check_datacite_xml(cases):
    folder = os.environ.get("ENTRENAR_DATACITE_XSD")
    try:
        from lxml import etree
    except ImportError as error:
        return skipped("lxml", error)
    space = "{http://datacite.org/schema/kernel-4}"
    for version, name in (("4.6", "datacite-4.6.xml"), ("4.7", "datacite.xml")):
        schema = None
        if folder:
            path = Path(folder) / f"kernel-{version}/metadata.xsd"
            schema = etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True)))
        else:
            skipped(f"DataCite's XSD {version}", "ENTRENAR_DATACITE_XSD is not set")
        count = 0
        for case in cases:
            if refused(case, name):
                continue
            count += 1
            tree = etree.fromstring(case.path(name).read_bytes())
            if schema is not None and not schema.validate(tree):
                for error in schema.error_log:
                    problem(f"DataCite {version} XSD: {case.name}: {error.message}")
            find = lambda path, of=tree: of.findall("/".join(space + p for p in path.split("/")))
            text = lambda path, of=tree: next((e.text or "" for e in find(path, of)), "")
            creators = [c for c in find("creators/creator") if text("creatorName", c) != ":unav"]
            doi = text("identifier")
            dates = [d.text for d in find("dates/date") if d.get("dateType") == "Issued"]
            rights = find("rightsList/rights")
            got = {
                "title": text("titles/title"),
                "authors": datacite_names(
                    (text("creatorName", c), text("givenName", c), text("familyName", c))
                    for c in creators
                ),
                "orcids": {
                    str(at): one.text.removeprefix("https://orcid.org/")
                    for at, c in enumerate(creators, 1)
                    for one in find("nameIdentifier", c)
                },
                "doi": "" if doi == ":unas" else doi,
                "license": " OR ".join(r.get("rightsIdentifier") or r.text for r in rights),
                "version": text("version"),
                "date": dates[0] if dates else text("publicationYear"),
            }
            compare(f"DataCite {version} XML", case, got)
            related = find("relatedIdentifiers/relatedIdentifier")
            valid_identifiers(case, [(r.get("relatedIdentifierType"), r.text) for r in related])
        print(f"lxml {etree.__version__}, DataCite {version} XML: {count} files")


def refused(case, name):
    """Whether the format was refused, as it must be where it cannot be written."""
    there = case.path(name).exists()
    if there == (name in case.refused):
        problem(f"{case.name}/{name}: {'written' if there else 'missing'}")
    return not there


# --- JSON-LD ------------------------------------------------------------------------------------

SCHEMA_ORG = "http://schema.org/"


def schema_org_context():
    """What of schema.org's context matters to reading: its words, and which of them are addresses."""
    addresses = "license url codeRepository sameAs relatedLink citation isBasedOn".split()
    return {
        "@vocab": SCHEMA_ORG,
        **{word: {"@id": SCHEMA_ORG + word, "@type": "@id"} for word in addresses},
    }


def check_json_ld(cases, name, context_url, context):
    try:
        import pyld
        from pyld import jsonld
    except ImportError as error:
        return skipped("pyld", error)

    def load(url, options=None):
        if url.rstrip("/") != context_url:
            raise ValueError(f"unexpected context {url}")
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url,
                "document": {"@context": context}}

    for case in cases:
        document = json.loads(case.text(name))
        try:
            (work,) = jsonld.expand(document, {"documentLoader": load, "base": "https://base.invalid/"})
        except Exception as error:
            problem(f"pyld: {case.name}/{name}: {type(error).__name__}: {error}")
            continue

        def values(node, word):
            found = node.get(SCHEMA_ORG + word, [])
            if found and "@list" in found[0]:
                found = found[0]["@list"]
            return found

        def text(node, word):
            found = values(node, word)
            return str(found[0].get("@value", found[0].get("@id", ""))) if found else ""

        dropped = set(document) - {"@context", "@id", "@type"}
        for word in dropped:
            bare = word.removeprefix("schema:")
            if not any(key.endswith("/" + bare) for key in work):
                problem(f"pyld: {case.name}/{name}: {word} is no word of the context")
        licenses = []
        for one in values(work, "license"):
            match = SPDX.match(one.get("@id", one.get("@value", "")))
            licenses.append(match.group(1) if match else text(one, "name"))
        authors = values(work, "author")
        for author in authors:
            kinds = author.get("@type", [])
            if not any(kind in (SCHEMA_ORG + "Person", SCHEMA_ORG + "Organization") for kind in kinds):
                problem(f"pyld: {case.name}/{name}: author of type {kinds}")
        got = {
            "title": text(work, "name"),
            "authors": [
                (text(a, "givenName"), text(a, "familyName") or text(a, "name")) for a in authors
            ],
            "orcids": {
                str(at): a["@id"].removeprefix("https://orcid.org/")
                for at, a in enumerate(authors, 1)
                if a.get("@id", "").startswith("https://orcid.org/")
            },
            "doi": work.get("@id", "").removeprefix("https://doi.org/"),
            "license": " OR ".join(licenses),
            "version": text(work, "version"),
            "date": text(work, "datePublished"),
        }
        compare(f"pyld {name}", case, got)
    print(f"PyLD {importlib.metadata.version('PyLD')}: {len(cases)} of {name}")


# --- Zenodo and InvenioRDM ----------------------------------------------------------------------


def paragraphs(text):
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


def check_zenodo(cases):
    schema = None
    path = os.environ.get("ENTRENAR_ZENODO_SCHEMA")
    if path:
        import jsonschema

        schema = jsonschema.Draft7Validator(json.loads(Path(path).read_text("utf-8")))
    else:
        skipped("Zenodo's schema", "ENTRENAR_ZENODO_SCHEMA is not set")
    for case in cases:
        record = json.loads(case.text(".zenodo.json"))
        if schema:
            for error in schema.iter_errors(record):
                # Its DOIs have fewer characters than DOIs have.
                if list(error.absolute_path) != ["doi"]:
                    problem(f"Zenodo schema: {case.name}: {list(error.absolute_path)}: {error.message[:300]}")
        creators = record.get("creators", [])
        # Zenodo takes a name with one comma apart.
        names = [
            tuple(reversed([part.strip() for part in c["name"].split(",")]))
            if c["name"].count(",") == 1 else ("", c["name"])
            for c in creators
        ]
        meant = [", ".join(filter(None, reversed(name))) for name in case.meant["authors"]]
        if case.unique and [c["name"] for c in creators] != meant:
            problem(f"Zenodo: {case.name}: authors {[c['name'] for c in creators]!r}, meant {meant!r}")
        commas = case.has_comma
        got = {
            "title": record["title"],
            "authors": names,
            "orcids": {str(at): c["orcid"] for at, c in enumerate(creators, 1) if "orcid" in c},
            "doi": record.get("doi", ""),
            "license": record.get("license") or license_in(record.get("notes", "")),
            "version": record.get("version", ""),
            "date": record.get("publication_date", ""),
        }
        without = ("authors",) if commas else ()
        compare("Zenodo", case, got, without if case.unique else ("authors", "orcids"))
    print(f"Zenodo deposit metadata: {len(cases)} files")


def check_invenio(cases):
    """The fields alone: drafts are made by a real InvenioRDM in check_citations.py."""
    for case in cases:
        record = json.loads(case.text("invenio-record.json"))
        metadata = record["metadata"]
        creators = [c["person_or_org"] for c in metadata.get("creators", [])]
        licenses = []
        for right in metadata.get("rights", []):
            link = SPDX.match(right.get("link", ""))
            licenses.append(right.get("id") or (link and link.group(1)) or right["title"]["en"])
        got = {
            "title": metadata.get("title", "Title not recorded"),
            "authors": [(c.get("given_name", ""), c.get("family_name") or c["name"]) for c in creators],
            "orcids": {
                str(at): one["identifier"]
                for at, c in enumerate(creators, 1)
                for one in c.get("identifiers", [])
            },
            "doi": record.get("pids", {}).get("doi", {}).get("identifier", ""),
            "license": " OR ".join(licenses),
            "version": metadata.get("version", ""),
            "date": metadata.get("publication_date", ""),
        }
        compare("InvenioRDM", case, got)
    print(f"InvenioRDM record: {len(cases)} files")


def main():
    folder = Path(sys.argv[1])
    cases = [Case(path) for path in sorted(folder.iterdir()) if (path / "meant.json").exists()]
    check_pybtex(cases, "citation.bib", False)
    check_pybtex(cases, "citation-classic.bib", True)
    check_bibtex(folder, cases)
    check_cff(cases)
    check_csl(cases)
    check_ris(cases)
    check_citation_js(cases)
    check_datacite_json(cases)
    check_datacite_xml(cases)
    codemeta = json.loads((SCHEMAS / "codemeta-3.1.jsonld").read_text("utf-8"))["@context"]
    check_json_ld(cases, "codemeta.json", "https://w3id.org/codemeta/3.1", codemeta)
    check_json_ld(cases, "schema-org.jsonld", "https://schema.org", schema_org_context())
    check_zenodo(cases)
    check_invenio(cases)
    for text in PROBLEMS[:60]:
        print(text)
    print(f"{len(PROBLEMS)} problems")
    sys.exit(1 if PROBLEMS else 0)


if __name__ == "__main__":
    main()
