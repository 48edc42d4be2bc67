"""Compares how bibliographies are read, and citations are formatted, with programs of the field.

usage: check_references.py FOLDER [CITATION_JS]

FOLDER holds NAME.bib with NAME.bib.json (the CSL-JSON that entrenar read from it), NAME.cff with
NAME.cff.json, and styles.json: [{"csl": ITEM, "apa": TEXT, "vancouver": TEXT}, …]. Tried with pybtex
0.26, cffconvert 2.0.0 and citation-js 0.7.21 (citeproc-js). Prints each difference; the exit
code is 1 if there is one that is not explained.
"""

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

found = []


def same(where, what, theirs, ours):
    def plain(text):
        text = unicodedata.normalize("NFC", str(text or ""))
        for old, new in (("\u00a0", " "), ("“", '"'), ("”", '"'), ("``", '"'), ("''", '"'),
                         ("’", "'"), ("–", "-"), ("—", "-"), ("--", "-"), ("$", "")):
            text = text.replace(old, new)
        return re.sub(r"\s+", " ", re.sub(r"\\[a-zA-Z]+ ?|[{}\\]", "", text)).strip()

    if plain(theirs) != plain(ours):
        found.append(f"{where}: {what}: theirs {plain(theirs)!r}, ours {plain(ours)!r}")


def check_bib(path, items):
    from pybtex.database.input import bibtex
    from pybtex.richtext import Text
    from pybtex.scanner import PybtexSyntaxError
    import pybtex.errors

    pybtex.errors.set_strict_mode(False)
    try:
        database = bibtex.Parser(encoding="utf-8").parse_file(str(path))
    except PybtexSyntaxError as error:
        return print(f"{path.name}: pybtex gives up the file ({error}); not compared")
    ours = {item["id"].lower(): item for item in items}
    compared = 0
    for key, entry in database.entries.items():
        if entry.type.lower() in ("xdata", "set"):
            continue
        item = ours.get(key.lower())
        where = f"{path.name} {key}"
        if item is None:
            found.append(f"{where}: we have not read it")
            continue
        compared += 1

        def text(value):
            try:
                return str(Text.from_latex(value).render_as("text"))
            except Exception:
                return value

        title = entry.fields.get("title")
        if title and "subtitle" not in entry.fields:
            same(where, "title", text(title), item.get("title"))
        year = re.search(r"\d{4}", entry.fields.get("date") or entry.fields.get("year") or "")
        if year and "issued" in item:
            same(where, "year", year.group(), item["issued"]["date-parts"][0][0])
        theirs = []
        # pybtex does not know biblatex's extended name format
        if "=" not in "".join(str(p) for p in entry.persons.get("author", [])):
            for person in entry.persons.get("author", []):
                family = " ".join(text(part) for part in person.last_names)
                if family != "others":
                    theirs.append(family)
            names = [name.get("family") or name["literal"] for name in item.get("author", [])]
            # an organisation's name in braces is one word to pybtex, too
            same(where, "authors", " & ".join(theirs), " & ".join(names))
    print(f"{path.name}: {compared} entries compared with pybtex")


def check_cff(path, items):
    from cffconvert import Citation

    citation = json.loads(Citation(path.read_text()).as_schemaorg())
    item = items[0]
    same(path.name, "title", citation.get("name"), item.get("title"))
    same(path.name, "version", citation.get("version"), item.get("version"))
    same(path.name, "date", citation.get("datePublished"),
         "-".join(f"{part:02}" for part in item.get("issued", {}).get("date-parts", [[]])[0]))
    doi = (citation.get("identifier") or "").removeprefix("https://doi.org/")
    if doi.startswith("10."):
        same(path.name, "doi", doi, item.get("DOI"))
    names = ("familyName", "name", "givenName", "alternateName")
    theirs = [next((a[n] for n in names if a.get(n)), "") for a in citation.get("author", [])]
    ours = [" ".join(filter(None, [a.get("non-dropping-particle"), a.get("family"),
                             a.get("suffix")])) or a["literal"]
            for a in item.get("author", [])]
    same(path.name, "authors", " & ".join(theirs), " & ".join(ours))
    print(f"{path.name}: compared with cffconvert")


NODE = """
const fs = require('fs');
const {Cite} = require('@citation-js/core');
require('@citation-js/plugin-csl');
const cases = JSON.parse(fs.readFileSync(process.argv[1]));
const out = cases.map(one => {
  const item = {...one.csl}; delete item.custom;
  const cite = new Cite([item]);
  const of = template => cite.format('bibliography', {template, format: 'text', lang: 'en-US'}).trim();
  return {apa: of('apa'), vancouver: of('vancouver')};
});
console.log(JSON.stringify(out));
"""


def check_styles(path, modules):
    done = subprocess.run(["node", "-e", NODE, str(path)], cwd=modules, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"node: {done.stderr}")
    cases = json.loads(path.read_text())
    equal = total = 0
    for case, theirs in zip(cases, json.loads(done.stdout)):
        for style in ("apa", "vancouver"):
            total += 1
            before = len(found)
            same(case["csl"]["id"], style, theirs[style], case[style].strip())
            equal += len(found) == before
    print(f"styles: {equal} of {total} citations equal citeproc-js's")


def main():
    folder = Path(sys.argv[1])
    for path in sorted(folder.glob("*.bib")):
        check_bib(path, json.loads(Path(f"{path}.json").read_text()))
    for path in sorted(folder.glob("*.cff")):
        check_cff(path, json.loads(Path(f"{path}.json").read_text()))
    if len(sys.argv) > 2 and (folder / "styles.json").exists():
        check_styles(folder / "styles.json", sys.argv[2])
    for line in found:
        print(f"DIFFERENT {line}")
    print(f"{len(found)} differences")


main()
