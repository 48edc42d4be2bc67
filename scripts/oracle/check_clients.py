#!/usr/bin/env python3
"""Other people's clients deposit at an archive: inveniordm-py, rocrate-inveniordm, zenodo-client.

    check_clients.py BASE_URL CLIENT...        the token is read from ENTRENAR_CLIENTS_TOKEN

BASE_URL is without /api; nothing of the clients is changed but their base address. Each makes a draft with
files, publishes it, and what was published is read back.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import requests

TOKEN = os.environ["ENTRENAR_CLIENTS_TOKEN"]
CONTENT = b"epoch,loss\n1,0.5\n"
METADATA = {
    "title": "Deposited by another client",
    "publication_date": "2026-11-22",
    "publisher": "An archive",
    "resource_type": {"id": "dataset"},
    "creators": [{"person_or_org": {"type": "personal", "given_name": "Ada", "family_name": "Lovelace"}}],
}


def published(base, identifier, files):
    """The record must be public, with these files."""
    record = requests.get(f"{base}/api/records/{identifier}", timeout=60)
    record.raise_for_status()
    assert record.json()["is_published"], record.text
    listing = requests.get(f"{base}/api/records/{identifier}/files", timeout=60).json()
    found = {entry["key"]: entry["checksum"] for entry in listing["entries"]}
    wanted = {name: "md5:" + hashlib.md5(content).hexdigest() for name, content in files.items()}
    assert found == wanted, (found, wanted)


def inveniordm_py(base):
    from inveniordm_py import InvenioAPI
    from inveniordm_py.files.metadata import FilesListMetadata, OutgoingStream
    from inveniordm_py.records.metadata import DraftMetadata

    class Content(OutgoingStream):
        """What 0.1.1 documents, `OutgoingStream(data=…)`, sends a form with the bytes as its field `data`."""

        def to_request(self):
            return self._data["data"]

    client = InvenioAPI(f"{base}/api", TOKEN)
    draft = client.records.create(
        data=DraftMetadata(access={"record": "public", "files": "public"}, files={"enabled": True}, metadata=METADATA)
    )
    draft.files.create(FilesListMetadata([{"key": "metrics.csv"}]))
    file = draft.files("metrics.csv")
    file.set_contents(Content(data=io.BytesIO(CONTENT)))
    file.commit()
    record = draft.publish()
    published(base, record.data["id"], {"metrics.csv": CONTENT})


def rocrate_inveniordm(base):
    crate = {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": METADATA["title"],
                "description": "A crate.",
                "datePublished": "2026-11-22",
                "author": {"@id": "https://orcid.org/0000-0002-1825-0097"},
                "publisher": {"@id": "#archive"},
                "license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
                "hasPart": [{"@id": "metrics.csv"}],
            },
            {"@id": "#archive", "@type": "Organization", "name": "An archive"},
            {
                "@id": "https://orcid.org/0000-0002-1825-0097",
                "@type": "Person",
                "name": "Josiah Carberry",
                "givenName": "Josiah",
                "familyName": "Carberry",
            },
            {"@id": "metrics.csv", "@type": "File", "name": "metrics.csv"},
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        crate_folder = Path(folder, "crate")
        crate_folder.mkdir()
        (crate_folder / "metrics.csv").write_bytes(CONTENT)
        text = json.dumps(crate, indent=1)
        (crate_folder / "ro-crate-metadata.json").write_text(text, "utf-8")
        before = set(own_records(base))
        done = subprocess.run(
            [str(Path(sys.executable).with_name("rocrate_inveniordm")), "--publish", str(crate_folder)],
            cwd=folder,
            env={**os.environ, "INVENIORDM_BASE_URL": base, "INVENIORDM_API_KEY": TOKEN},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (identifier,) = set(own_records(base)) - before
    published(base, identifier, {"metrics.csv": CONTENT, "ro-crate-metadata.json": text.encode()})


def own_records(base):
    reply = requests.get(
        f"{base}/api/user/records?size=100&sort=newest", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
    )
    return [hit["id"] for hit in reply.json()["hits"]["hits"]]


def zenodo_client(base):
    from zenodo_client import Creator, Metadata, Zenodo

    client = Zenodo(access_token=TOKEN)
    client.base, client.api_base = base, f"{base}/api"
    client.depositions_base = f"{base}/api/deposit/depositions"
    about = Metadata(
        title=METADATA["title"],
        upload_type="dataset",
        description="Made by zenodo-client.",
        creators=[Creator(name="Lovelace, Ada")],
        publication_date="2026-11-22",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "metrics.csv")
        path.write_bytes(CONTENT)
        first = client.create(about, path)
        first.raise_for_status()
        path.write_bytes(CONTENT * 2)
        second = client.update(first.json()["id"], path)
        second.raise_for_status()
    assert first.json()["submitted"] and second.json()["submitted"], second.text
    assert first.json()["id"] != second.json()["id"], second.text


def main():
    base, clients = sys.argv[1], sys.argv[2:]
    for name in clients:
        globals()[name.replace("-", "_")](base)
        print(f"{name} {version(name)}: ok", flush=True)


if __name__ == "__main__":
    main()
