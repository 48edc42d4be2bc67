"""Checks a DSSE envelope with in-toto-attestation and securesystemslib.

python check_envelope.py ENVELOPE PUBLIC_KEY_LINE < lines of "sha256  name"

Prints the predicate as JSON. Tried with in-toto-attestation 0.9.3 and securesystemslib 1.6.0.
"""

import base64
import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.link.v0 import link_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Proto
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

with open(sys.argv[1]) as file:
    written = json.load(file)
envelope = Envelope.from_dict(dict(written))
minisign = base64.b64decode(sys.argv[2])
assert minisign[:2] == b"Ed" and len(minisign) == 42
key_id = minisign[2:10][::-1].hex().upper()
key = SSlibKey(key_id, "ed25519", "ed25519", {"public": minisign[10:].hex()})
assert list(envelope.verify([key], 1)) == [key_id]

proto = json_format.Parse(envelope.payload, Proto())
statement = Statement.copy_from_pb(proto)
statement.validate()
found = sorted(f"{s.digest['sha256']}  {s.name}" for s in proto.subject)
assert found == sorted(line.rstrip("\n") for line in sys.stdin), found
assert proto.predicate_type == "https://in-toto.io/attestation/link/v0.3"
predicate = json_format.MessageToDict(proto.predicate)
json_format.ParseDict(predicate, link_pb2.Link())
print(json.dumps(predicate, sort_keys=True))

# A payload of other bytes must not hold.
broken = dict(written)
payload = bytearray(base64.b64decode(written["payload"]))
payload[60] ^= 1
broken["payload"] = base64.b64encode(bytes(payload)).decode()
try:
    Envelope.from_dict(broken).verify([key], 1)
except Exception:
    pass
else:
    raise SystemExit("an edited payload verifies")
