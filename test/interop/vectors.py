# Owns: holding the pinned vectors, whose bodies are opaque, against envelope.py; and mutants, of which none may open.
from hashlib import shake_128

from cbor import Refused
from envelope import (
    DETERMINISTIC,
    PURPOSES,
    Key,
    additional_data,
    expand,
    from_base64url,
    plaintext_of,
    seal,
    to_base64url,
    unseal,
    xaes_key,
    xaes_open,
    xaes_seal,
)


class VectorRing:
    """The two keys of the vectors; no key of theirs ends."""

    def __init__(self, keys, realm=None):
        self.realm = keys["realm"] if realm is None else realm
        both = [Key(bytes.fromhex(keys[name])) for name in ("mk1", "mk2")]
        self.keys = {key.kid: key for key in both}

    def find(self, kid, _now):
        if kid not in self.keys:
            raise Refused("step 4: the key is unknown")
        return self.keys[kid]


def hold(what, condition):
    if not condition:
        raise Refused(f"vector: {what}")


def refused(ring, purpose, context, token, now):
    try:
        unseal(ring, purpose, context, token, now)
    except Refused:
        return True
    return False


def check_vectors(file):
    keys = file["keys"]
    ring = VectorRing(keys)
    check_purposes(file["purposes"])
    check_keys(keys, ring)
    check_xaes(file)
    counts = {"vectors": 0, "refused": 0, "mutants": 0}
    for vector in file["vectors"]:
        check_vector(ring, vector)
        counts["vectors"] += 1
        counts["mutants"] += check_mutants(ring, keys, vector)
    for case in file["refused"]:
        twin, rest = case["twin_that_opens"], (case["purpose"], case["context"])
        hold(f"{case['why']}: its twin opens", unseal(ring, *rest, twin["token"], twin["now"]))
        hold(f"{case['why']}: refused", refused(ring, *rest, case["token"], case["now"]))
        counts["refused"] += 1
    return counts


def check_purposes(purposes):
    for name, (bucket, life, tolerance, characters, _) in PURPOSES.items():
        pinned = purposes.get(name)
        if pinned is None:
            continue
        ours = (bucket, life, tolerance, characters, name in DETERMINISTIC)
        fields = ("bucket", "max_lifetime", "tolerance_after_exp", "max_chars", "deterministic")
        hold(f"limits of {name}", ours == tuple(pinned[field] for field in fields))
    hold("every purpose is known", set(purposes) <= set(PURPOSES))


def check_keys(keys, ring):
    first = Key(bytes.fromhex(keys["mk1"]))
    hold("prk1", first.prk.hex() == keys["prk1"])
    hold("kids", [kid.hex() for kid in ring.keys] == [keys["kid1"], keys["kid2"]])
    hold("key", first.of_purpose(b"key", keys["realm"], "sso-session").hex() == keys["key1_sso-session"])
    hold("det", first.of_purpose(b"det", keys["realm"], "saml-transient").hex() == keys["det1_saml-transient"])
    hold("expand", expand(first.prk, b"kid", 8).hex() == keys["kid1"])


def check_xaes(file):
    for vector in file["c2sp_xaes_256_gcm"]:
        key, nonce, plaintext, aad, sealed = (
            bytes.fromhex(vector[name]) for name in ("key", "nonce", "plaintext", "aad", "ciphertext")
        )
        hold("C2SP seals", xaes_seal(key, nonce, plaintext, aad) == sealed)
        hold("C2SP opens", xaes_open(key, nonce, sealed, aad) == plaintext)
    pinned = file["c2sp_accumulated"]
    stream = shake_128().digest
    source, total, at = stream(6_000_000), shake_128(), 0

    def take(count):
        nonlocal at
        at += count
        return source[at - count : at]

    for _ in range(pinned["iterations"]):
        key, nonce = take(32), take(24)
        plaintext = take(take(1)[0])
        aad = take(take(1)[0])
        total.update(xaes_seal(key, nonce, plaintext, aad))
    hold("C2SP accumulated", total.hexdigest(32) == pinned["shake128_32"])


def check_vector(ring, vector):
    purpose, context, name = vector["purpose"], vector["context"], vector["name"]
    key = ring.keys[bytes.fromhex(vector["kid"])]
    body, nonce = bytes.fromhex(vector["body"]), bytes.fromhex(vector["nonce"])
    times = (vector["schema"], vector["iat"], vector["exp"])
    hold(f"{name}: aad", additional_data(key.kid, purpose, context).hex() == vector["aad"])
    hold(f"{name}: plaintext", plaintext_of(purpose, *times, body).hex() == vector["plaintext"])
    hold(f"{name}: kx", xaes_key(key.of_purpose(b"key", ring.realm, purpose), nonce).hex() == vector["kx"])
    # A deterministic purpose must come to the pinned nonce without being told it.
    given = bytes(24) if purpose in DETERMINISTIC else nonce
    hold(f"{name}: token", seal(key, ring.realm, purpose, context, *times, body, given) == vector["token"])
    opened = unseal(ring, purpose, context, vector["token"], vector["iat"])
    hold(f"{name}: body", opened["body"] == body and opened["nonce"] == vector["nonce"])


def check_mutants(ring, keys, vector):
    purpose, context, token, now = vector["purpose"], vector["context"], vector["token"], vector["iat"]
    envelope = from_base64url(token)
    mutants = [to_base64url(flip(envelope, bit)) for bit in range(len(envelope) * 8)]
    mutants += [to_base64url(envelope[:-count]) for count in range(1, 17)]
    mutants += [token + tail for tail in ("=", "==", " ", "\n", "A", "AAAA", ".")] + [" " + token, "", token[:-1]]
    # Another spelling of the last character decodes to the same bytes, where it has bits to spare.
    mutants += [token[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                if last != token[-1]]
    for mutant in mutants:
        hold(f"{vector['name']}: a mutant opens: {mutant}", refused(ring, purpose, context, mutant, now))
    others = [(other, context) for other in PURPOSES if other != purpose] + [(purpose, context + "x")]
    for other in others:
        hold(f"{vector['name']}: opens as {other}", refused(ring, *other, token, now))
    realm = VectorRing(keys, keys["realm"] + "/")
    hold(f"{vector['name']}: opens in another realm", refused(realm, purpose, context, token, now))
    return len(mutants) + len(others) + 1


def flip(data, bit):
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]
