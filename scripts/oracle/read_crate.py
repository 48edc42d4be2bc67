#!/usr/bin/env python3
"""Read a crate with ro-crate-py (0.16) and rdflib: every entity must be seen, every file found with its bytes.

    read_crate.py DIR

rdflib drops an entity whose @id is no valid IRI without a word, so what it sees is counted. Exit code 77: a reader is not
installed.
"""
import hashlib
import json
import sys
from pathlib import Path
from urllib.parse import unquote

try:
    import rdflib
    from rocrate.rocrate import ROCrate
except ImportError as error:
    print(error)
    sys.exit(77)


def main() -> None:
    folder = Path(sys.argv[1])
    document = json.loads((folder / "ro-crate-metadata.json").read_text())
    ids = [entity["@id"] for entity in document["@graph"]]
    problems = []

    crate = ROCrate(folder)
    for name in ids:
        if crate.dereference(name) is None:
            problems.append(f"ro-crate-py does not see {name}")
    for entity in crate.data_entities:
        path = folder / unquote(entity.id)
        if not path.is_file():
            problems.append(f"ro-crate-py has the data entity {entity.id}, and there is no such file")
        elif "sha256" in entity.properties() and entity["sha256"] != hashlib.sha256(path.read_bytes()).hexdigest():
            problems.append(f"{entity.id}: another SHA-256")
    on_disk = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    described = {unquote(entity.id) for entity in crate.data_entities}
    for path in sorted(on_disk - described - {"ro-crate-metadata.json", "ro-crate-preview.html"}):
        problems.append(f"{path} is not described")

    # No network: a vocabulary of its own stands for the contexts.
    document["@context"] = {"@vocab": "https://schema.org/", "@base": "file:///crate/"}
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld", base="file:///crate/")
    # A subject that is no valid IRI is dropped when the graph is written, and read again.
    graph = rdflib.Graph().parse(data=graph.serialize(format="nt"), format="nt")
    seen = len(set(graph.subjects()))
    if seen != len(ids):
        problems.append(f"rdflib sees {seen} of {len(ids)} entities")
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
