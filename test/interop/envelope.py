# Owns: keys, XAES-256-GCM, the envelope: steps 1 to 7 of opening, and sealing with a given nonce.
# Written from docs/sealed-values.md (Bytes, Keys, XAES-256-GCM, Purposes, Opening, Keyring, Stable secret) alone.
# Primitives: HMAC from the standard library, AES and AES-GCM from python3-cryptography.
import base64
import hmac
import json
import re
from datetime import datetime, timezone

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cbor import Refused

OVERHEAD = 49
FUTURE = 60
MINUTE, HOUR, DAY = 60, 3600, 86400

# name: bucket, longest life, tolerance after exp, characters, schemas
PURPOSES = {
    "sso-session": (64, 12 * HOUR, 60, 3072, {1}),
    "login-flow": (64, 8 * HOUR, 60, 2000, {1}),
    "enrolment": (64, 10 * MINUTE, 10, 768, {1}),
    "device": (32, 90 * DAY, 60, 236, {1}),
    "oidc-code": (32, MINUTE, 10, 1024, {1}),
    "oidc-refresh": (32, 90 * DAY, 60, 2048, {1}),
    "oidc-par": (32, 10 * MINUTE, 10, 1600, {1}),
    "oidc-access": (32, 10 * MINUTE, 10, 896, {1}),
    "oidc-dpop-nonce": (16, 10 * MINUTE, 10, 96, {1}),
    "cas-st": (32, MINUTE, 10, 253, {1}),
    "cas-pt": (32, MINUTE, 10, 253, {1}),
    "cas-pgt": (32, 8 * HOUR, 60, 252, {1}),
    "saml-transient": (96, 12 * HOUR, 60, 256, {1}),
}
DETERMINISTIC = {"saml-transient"}


def hmac_sha256(key, data):
    return hmac.new(key, data, "sha256").digest()


def expand(prk, info, length):
    """HKDF-Expand of at most one block, RFC 5869 section 2.3."""
    return hmac_sha256(prk, info + b"\x01")[:length]


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text):
    """Only the canonical spelling; None for any other."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if to_base64url(data) == text else None


class Key:
    """One key of a ring, with what is derived from it."""

    def __init__(self, master):
        self.prk = hmac_sha256(b"signet.seal.v1", master)
        self.kid = expand(self.prk, b"kid", 8)

    def of_purpose(self, label, realm, purpose):
        return expand(self.prk, label + b"\0" + realm.encode("utf-8") + b"\0" + purpose.encode("ascii"), 32)


class Ring:
    """A keyring's file: what opening needs of it."""

    def __init__(self, text):
        file = json.loads(text)
        if file["format"] != "signet-keyring/1":
            raise ValueError("not a keyring")
        self.realm = file["realm"]
        self.revoked = {bytes.fromhex(entry["kid"]) for entry in file["revoked"]}
        self.keys, self.expires = {}, {}
        for entry in file["keys"]:
            key = Key(from_base64url(entry["key"]))
            if entry["alg"] != "XAES-256-GCM" or key.kid.hex() != entry["kid"]:
                raise ValueError("a key id that is not the key's own")
            self.keys[key.kid] = key
            self.expires[key.kid] = seconds(entry["expires"])

    def find(self, kid, now):
        if kid in self.revoked:
            raise Refused("step 4: the key is revoked")
        if kid not in self.keys:
            raise Refused("step 4: the key is unknown")
        if now >= self.expires[kid]:
            raise Refused("step 4: the key has ended")
        return self.keys[kid]


def seconds(text):
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xaes_key(key, nonce):
    """Kx, the key of one message."""
    left = int.from_bytes(aes(key, bytes(16)), "big")
    k1 = (left << 1) & (2**128 - 1)
    if left >> 127:
        k1 ^= 0x87

    def half(number):
        block = int.from_bytes(bytes([0, number, 0x58, 0]) + nonce[:12], "big")
        return aes(key, (block ^ k1).to_bytes(16, "big"))

    return half(1) + half(2)


def xaes_seal(key, nonce, plaintext, aad):
    return AESGCM(xaes_key(key, nonce)).encrypt(nonce[12:], plaintext, aad)


def xaes_open(key, nonce, sealed, aad):
    try:
        return AESGCM(xaes_key(key, nonce)).decrypt(nonce[12:], sealed, aad)
    except InvalidTag:
        raise Refused("step 5: it does not decrypt") from None


def additional_data(kid, purpose, context):
    text = context.encode("utf-8")
    name = purpose.encode("ascii")
    return b"\x01" + kid + bytes([len(name)]) + name + len(text).to_bytes(2, "big") + text


def plaintext_of(purpose, schema, iat, exp, body):
    bucket = PURPOSES[purpose][0]
    header = bytes([schema]) + iat.to_bytes(4, "big") + exp.to_bytes(4, "big") + len(body).to_bytes(2, "big")
    content = header + body
    return content + bytes(-len(content) % bucket)


def seal(key, realm, purpose, context, schema, iat, exp, body, nonce):
    """The token. `nonce` is ignored, because computed, for a deterministic purpose."""
    aad = additional_data(key.kid, purpose, context)
    plaintext = plaintext_of(purpose, schema, iat, exp, body)
    if purpose in DETERMINISTIC:
        nonce = hmac_sha256(key.of_purpose(b"det", realm, purpose), aad + plaintext)[:24]
    sealed = xaes_seal(key.of_purpose(b"key", realm, purpose), nonce, plaintext, aad)
    return to_base64url(b"\x01" + key.kid + nonce + sealed)


def unseal(ring, purpose, context, token, now):
    """Steps 1 to 7. What it returns is authentic; its body is still bytes."""
    if purpose not in PURPOSES:
        raise Refused("no such purpose")
    bucket, life, tolerance, characters, schemas = PURPOSES[purpose]
    if not isinstance(token, str) or len(token) > characters:
        raise Refused("step 1: not a token, or too long")
    envelope = from_base64url(token)
    if envelope is None:
        raise Refused("step 2: not base64url in its canonical spelling")
    padded = len(envelope) - OVERHEAD
    if padded < bucket or padded % bucket or envelope[0] != 1:
        raise Refused("step 3: a shape that this purpose does not have")
    kid, nonce, sealed = envelope[1:9], envelope[9:33], envelope[33:]
    key = ring.find(kid, now)
    aad = additional_data(kid, purpose, context)
    plaintext = xaes_open(key.of_purpose(b"key", ring.realm, purpose), nonce, sealed, aad)
    schema, length = plaintext[0], int.from_bytes(plaintext[9:11], "big")
    iat, exp = int.from_bytes(plaintext[1:5], "big"), int.from_bytes(plaintext[5:9], "big")
    padding = plaintext[11 + length :]
    if 11 + length > len(plaintext) or len(padding) >= bucket or any(padding):
        raise Refused("step 6: padding")
    if schema not in schemas:
        raise Refused("step 6: schema")
    if iat > now + FUTURE or now >= exp + tolerance or exp <= iat or exp - iat > life:
        raise Refused("step 7: lifetime")
    return {
        "purpose": purpose,
        "context": context,
        "kid": kid.hex(),
        "nonce": nonce.hex(),
        "schema": schema,
        "iat": iat,
        "exp": exp,
        "length": length,
        "padding": len(padding),
        "body": plaintext[11 : 11 + length],
    }


def stable_names(text, party, account, sid):
    """What a party is told that is computed from the stable secret."""
    file = json.loads(text)
    prk = hmac_sha256(b"signet.pairwise.v1", from_base64url(file["secret"]))
    if file["format"] != "signet-stable-secret/1" or expand(prk, b"fingerprint", 8).hex() != file["fingerprint"]:
        raise ValueError("not a stable secret, or a damaged one")
    pair = b"".join(len(one).to_bytes(4, "big") + one for one in (party.encode("utf-8"), account.encode("utf-8")))
    return {
        "pairwiseId": to_base64url(hmac_sha256(expand(prk, b"pairwise", 32), pair)),
        "sessionIndex": to_base64url(aes(expand(prk, b"sidx\0" + party.encode("utf-8"), 32), sid)),
    }
