#!/usr/bin/env python3
"""A second reader of Signet's sealed values, written from docs/sealed-values.md alone.

  decode.py open KEYRING PURPOSE CONTEXT NOW   a token on standard input -> its fields as JSON
  decode.py seal KEYRING                       such fields on standard input -> the same token again
  decode.py names SECRET PARTY ACCOUNT SID     the pairwise id and the SessionIndex (SID in hex)
  decode.py vectors FILE                       checks every pinned vector, and that no mutant of one opens

Exit 1: refused, or a vector does not hold; the reason is on standard error. It needs python3-cryptography.
"""
# Owns: the commands. Leaves to envelope.py, cbor.py and bodies.py: the format. Where those three need to know more than
# the document says, the document is wrong. Nothing of Signet's own code is used.
import json
import sys

from bodies import read_body, write_body
from cbor import Refused
from envelope import Ring, seal, stable_names, unseal
from tickets import envelope_of, ticket_of
from vectors import check_vectors


def open_command(keyring, purpose, context, now):
    with open(keyring, encoding="utf-8") as file:
        ring = Ring(file.read())
    value = unseal(ring, purpose, context, envelope_of(purpose, sys.stdin.read().strip()), int(now))
    fields = read_body(purpose, value["body"])
    for kid in fields.get("lineage", []) if isinstance(fields, dict) else []:
        if bytes.fromhex(kid) in ring.revoked:
            raise Refused("step 9: it descends from a revoked key")
    for start in fields.get("shortLineage", []) if isinstance(fields, dict) else []:
        if any(kid.startswith(bytes.fromhex(start)) for kid in ring.revoked):
            raise Refused("step 9: it descends from a revoked key, or from one that begins alike")
    return {**value, "body": fields}


def seal_command(keyring):
    with open(keyring, encoding="utf-8") as file:
        ring = Ring(file.read())
    value = json.load(sys.stdin)
    body = write_body(value["purpose"], value["body"])
    key = ring.keys[bytes.fromhex(value["kid"])]
    times = (value["schema"], value["iat"], value["exp"])
    nonce = bytes.fromhex(value["nonce"])
    token = seal(key, ring.realm, value["purpose"], value["context"], *times, body, nonce)
    return {"token": ticket_of(value["purpose"], token)}


def names_command(secret, party, account, sid):
    with open(secret, encoding="utf-8") as file:
        return stable_names(file.read(), party, account, bytes.fromhex(sid))


def vectors_command(path):
    with open(path, encoding="utf-8") as file:
        return check_vectors(json.load(file))


COMMANDS = {"open": open_command, "seal": seal_command, "names": names_command, "vectors": vectors_command}


def main(arguments):
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 1
    try:
        print(json.dumps(COMMANDS[arguments[0]](*arguments[1:]), indent=2, ensure_ascii=False))
        return 0
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
