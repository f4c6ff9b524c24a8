# Owns: the schema of each body, in both directions: CBOR to named fields, and named fields back to CBOR.
# Written from the CDDL of docs/sealed-values.md alone. Bytes are hex in the fields. Methods stay numbers: this reads
# structure; which methods a release knows is the release's.
from cbor import Refused, decode, encode

U32 = 2**32 - 1


def refuse(what):
    raise Refused(f"step 8: {what}")


class Uint:
    def __init__(self, low=0, high=U32):
        self.low, self.high = low, high

    def read(self, value):
        return value if isinstance(value, int) and self.low <= value <= self.high else refuse("a number")

    def write(self, field):
        return self.read(field)


class Bytes:
    def __init__(self, low, high=None):
        self.low, self.high = low, low if high is None else high

    def read(self, value):
        return value.hex() if isinstance(value, bytes) and self.low <= len(value) <= self.high else refuse("bytes")

    def write(self, field):
        return bytes.fromhex(field)


class Text:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def read(self, value):
        if isinstance(value, str) and self.low <= len(value.encode("utf-8")) <= self.high:
            return value
        return refuse("a text")

    def write(self, field):
        return self.read(field)


class List:
    def __init__(self, item, low, high):
        self.item, self.low, self.high = item, low, high

    def read(self, value):
        if not isinstance(value, list) or not self.low <= len(value) <= self.high:
            return refuse("a list")
        return [self.item.read(one) for one in value]

    def write(self, field):
        return [self.item.write(one) for one in field]


class Lineage(List):
    """Ascending, each once."""

    def __init__(self, high=8):
        super().__init__(Bytes(8), 1, high)

    def read(self, value):
        kids = super().read(value)
        return kids if kids == sorted(set(kids)) else refuse("lineage")


class Tuple:
    def __init__(self, **fields):
        self.fields = fields

    def read(self, value):
        if not isinstance(value, list) or len(value) != len(self.fields):
            return refuse("an array of a fixed length")
        return {name: type_.read(one) for (name, type_), one in zip(self.fields.items(), value)}

    def write(self, field):
        return [type_.write(field[name]) for name, type_ in self.fields.items()]


class Choice:
    """Tuples told apart by the number at one position."""

    def __init__(self, position, name, tuples):
        self.position, self.name, self.tuples = position, name, tuples

    def read(self, value):
        if not isinstance(value, list) or len(value) <= self.position:
            return refuse(self.name)
        kind = value[self.position]
        return self.tuples[kind].read(value) if isinstance(kind, int) and kind in self.tuples else refuse(self.name)

    def write(self, field):
        return self.tuples[field[self.name]].write(field)


class ByLength:
    """A tuple whose type is told by how many items it has."""

    def __init__(self, *types):
        self.types = {len(type_.fields): type_ for type_ in types}

    def read(self, value):
        if not isinstance(value, list) or len(value) not in self.types:
            return refuse("a tuple of another length")
        return self.types[len(value)].read(value)

    def write(self, field):
        return self.types[len(field)].write(field)


class Slot:
    """u8(length) | name | 00 … 00"""

    def read(self, value):
        if not isinstance(value, bytes) or len(value) != 65 or value[0] > 64 or any(value[1 + value[0] :]):
            return refuse("slot")
        try:
            return value[1 : 1 + value[0]].decode("utf-8")
        except UnicodeDecodeError:
            return refuse("slot")

    def write(self, field):
        name = field.encode("utf-8")
        return (bytes([len(name)]) + name).ljust(65, b"\0")


class Map:
    """key: (name, type, whether it must be there)"""

    def __init__(self, keys):
        self.keys = keys

    def read(self, value):
        if not isinstance(value, dict) or not set(value) <= set(self.keys):
            return refuse("an unknown key")
        for key, (name, _, required) in self.keys.items():
            if required and key not in value:
                refuse(f"{name} is missing")
        return {self.keys[key][0]: self.keys[key][1].read(value[key]) for key in sorted(value)}

    def write(self, fields):
        return {key: type_.write(fields[name]) for key, (name, type_, _) in self.keys.items() if name in fields}


class Inner:
    """A byte string that is CBOR itself."""

    def __init__(self, type_, high):
        self.type, self.high = type_, high

    def read(self, value):
        if not isinstance(value, bytes) or len(value) > self.high:
            return refuse("inner CBOR")
        return self.type.read(decode(value))

    def write(self, field):
        return encode(self.type.write(field))


ACCOUNT = Text(1, 48)
EVENT = Tuple(method=Uint(1, 255), dt=Uint(0, 65535), credential=Text(1, 16))


def participant(kind, **value):
    return Tuple(party=Bytes(6), dt=Uint(0, 65535), kind=Uint(kind, kind), **value)


PARTICIPANT = Choice(
    2,
    "kind",
    {0: participant(0), 1: participant(1, kidPrefix=Bytes(2)), 2: participant(2, nameId=Text(1, 256))},
)

SESSION = Map(
    {
        1: ("sid", Bytes(16), True),
        2: ("account", ACCOUNT, True),
        3: ("created", Uint(), True),
        4: ("events", List(EVENT, 1, 8), True),
        5: ("participants", List(PARTICIPANT, 1, 255), False),
        6: ("lineage", Lineage(), False),
    }
)

PENDING_SAML = Map(
    {
        1: ("party", Bytes(6), True),
        2: ("acs", Bytes(8), True),
        3: ("inResponseTo", Tuple(id=Text(1, 200), issueInstant=Uint()), False),
        4: ("relayState", Text(0, 512), False),
        5: ("nameId", Uint(1, 4), True),
        6: ("classes", List(Uint(0, 65535), 1, 16), False),
        7: ("attributeConsumingServiceIndex", Uint(0, 65535), False),
        8: ("subject", Tuple(kind=Uint(1, 4), digest=Bytes(16)), False),
    }
)

CLAIMS = Tuple(idToken=Text(0, 160), userinfo=Text(0, 160))
RESOURCES = List(Bytes(8), 1, 8)
ACR = List(Uint(1, 255), 1, 8)

PENDING_OIDC = Map(
    {
        1: ("party", Bytes(6), True),
        2: ("redirectUri", Bytes(8), True),
        3: ("loopbackPort", Uint(1, 65535), False),
        4: ("response", Tuple(type=Uint(0, 2), mode=Uint(0, 5)), True),
        5: ("state", Text(1, 512), False),
        6: ("nonce", Text(1, 128), False),
        7: ("codeChallenge", Bytes(32), False),
        8: ("dpopKey", Bytes(32), False),
        9: ("scopes", Uint(0, 127), True),
        10: ("resources", RESOURCES, False),
        11: ("claims", CLAIMS, False),
        12: ("acr", ACR, False),
        13: ("flags", Uint(0, 3), True),
        14: ("subject", Bytes(16), False),
    }
)

FAILURE = Choice(
    0,
    "failure",
    {1: Tuple(failure=Uint(1, 1)), 2: Tuple(failure=Uint(2, 2), retryAfter=Uint()), 3: Tuple(failure=Uint(3, 3))},
)


CHALLENGE = ByLength(
    Tuple(method=Uint(1, 255)),
    Tuple(method=Uint(1, 255), dt=Uint(0, 65535), data=Bytes(0, 64)),
)


PENDING_CAS = Map({1: ("party", Bytes(6), True), 2: ("service", Text(1, 960), True), 3: ("flags", Uint(0, 3), True)})

PENDING_ACCOUNT = Map({1: ("page", Text(1, 160), True), 2: ("account", ACCOUNT, False)})

PROTOCOLS = {
    1: ("saml", Inner(PENDING_SAML, 992)),
    2: ("oidc", Inner(PENDING_OIDC, 992)),
    3: ("cas", Inner(PENDING_CAS, 992)),
    4: ("account", Inner(PENDING_ACCOUNT, 992)),
}


class Flow(Map):
    """Rules between keys, beside those of each; key 5 is what the protocol in key 4 says."""

    def read(self, value):
        fields = super().read(value)
        if fields["protocol"] not in PROTOCOLS:
            refuse("a protocol")
        name, pending = PROTOCOLS[fields["protocol"]]
        if not fields["party"].startswith(name + ":"):
            refuse("the protocol is not the party's")
        fields["pending"] = pending.read(bytes.fromhex(fields["pending"]))
        if "suggested" in fields and fields["flags"] & 8:
            refuse("a suggested name beside a required subject")
        if ("account" in fields) and not ("events" in fields or "challenge" in fields):
            refuse("an account without a proof or a challenge")
        if "events" in fields and "account" not in fields:
            refuse("proofs of nobody")
        return fields

    def write(self, fields):
        _, pending = PROTOCOLS[fields["protocol"]]
        return super().write({**fields, "pending": pending.write(fields["pending"]).hex()})


FLOW = Flow(
    {
        1: ("innerId", Bytes(16), True),
        2: ("lineage", Lineage(), False),
        3: ("party", Text(1, 256), True),
        4: ("protocol", Uint(1, 255), True),
        5: ("pending", Bytes(0, 992), True),
        6: ("flags", Uint(0, 31), True),
        7: ("levels", List(Uint(1, 3), 1, 3), False),
        8: ("maxAge", Uint(), False),
        9: ("suggested", Text(0, 64), False),
        10: ("receivedAt", Uint(), True),
        11: ("began", Uint(), True),
        12: ("typedName", Slot(), True),
        13: ("failure", FAILURE, False),
        14: ("account", ACCOUNT, False),
        15: ("events", List(EVENT, 1, 4), False),
        16: ("challenge", CHALLENGE, False),
        17: ("language", Uint(1, 2), False),
    }
)

TRANSIENT = Map({1: ("sid", Bytes(16), True), 2: ("account", ACCOUNT, True)})

ENROLMENT = Map(
    {
        1: ("id", Bytes(16), True),
        2: ("within", Bytes(16), True),
        3: ("account", ACCOUNT, True),
        4: ("version", Uint(), True),
        5: ("method", Uint(1, 5), True),
        6: ("own", Bytes(1, 320), True),
        7: ("lineage", Lineage(), False),
    }
)

CODE = Map(
    {
        1: ("id", Bytes(16), True),
        2: ("sid", Bytes(16), True),
        3: ("account", ACCOUNT, True),
        4: ("sessionCreated", Uint(), True),
        5: ("events", List(EVENT, 1, 8), True),
        6: ("redirectUri", Bytes(16), True),
        7: ("codeChallenge", Bytes(32), False),
        8: ("dpopKey", Bytes(32), False),
        9: ("scopes", Uint(0, 255), True),
        10: ("resources", RESOURCES, False),
        11: ("claims", CLAIMS, False),
        12: ("nonce", Text(1, 128), False),
        13: ("acr", ACR, False),
        14: ("lineage", Lineage(), False),
    }
)

REFRESH = Map(
    {
        1: ("family", Bytes(16), True),
        2: ("generation", Uint(), True),
        3: ("sid", Bytes(16), True),
        4: ("account", ACCOUNT, True),
        5: ("sessionCreated", Uint(), True),
        6: ("events", List(EVENT, 1, 8), True),
        7: ("scopes", Uint(0, 255), True),
        8: ("resources", RESOURCES, False),
        9: ("dpopKey", Bytes(32), False),
        10: ("claims", CLAIMS, False),
        11: ("acr", ACR, False),
        12: ("ends", Uint(), True),
        13: ("lineage", Lineage(32), False),
    }
)

ACCESS = Map(
    {
        1: ("sid", Bytes(16), True),
        2: ("account", ACCOUNT, True),
        3: ("oldestProof", Uint(), True),
        4: ("latestProof", Uint(), True),
        5: ("family", Bytes(16), True),
        6: ("scopes", Uint(0, 255), True),
        7: ("claims", Text(1, 160), False),
        8: ("lineage", Lineage(32), False),
    }
)

PUSHED = Map({1: ("id", Bytes(16), True), 2: ("parameters", Text(1, 1050), True), 3: ("signed", Uint(0, 1), True)})

class Parts:
    """A byte string of pieces of one size; ascending and each once, when they are a lineage."""

    def __init__(self, size, low, high, ascending):
        self.size, self.low, self.high, self.ascending = size, low, high, ascending

    def read(self, value):
        if not isinstance(value, bytes) or len(value) % self.size or not self.low <= len(value) // self.size <= self.high:
            return refuse("pieces")
        pieces = [value[i : i + self.size].hex() for i in range(0, len(value), self.size)]
        return refuse("an order") if self.ascending and pieces != sorted(set(pieces)) else pieces

    def write(self, field):
        return bytes.fromhex("".join(field))


PROOFS = Tuple(oldest=Uint(0, 65535), newest=Uint(0, 65535), level=Uint(1, 3))
CHAIN = Parts(4, 1, 2, ascending=False)


def short_lineage(high):
    return Parts(2, 0, high, ascending=True)


SERVICE_TICKET = Map(
    {
        1: ("id", Bytes(8), True),
        2: ("sid", Bytes(16), True),
        3: ("account", ACCOUNT, True),
        4: ("service", Bytes(16), True),
        5: ("proofs", PROOFS, True),
        6: ("fromNewLogin", Uint(0, 1), True),
        7: ("shortLineage", short_lineage(3), False),
    }
)


class ProxyTicket(Map):
    """No lineage after two proxies."""

    def read(self, value):
        fields = super().read(value)
        return refuse("a lineage after two proxies") if len(fields["proxies"]) > 1 and "shortLineage" in fields else fields


PROXY_TICKET = ProxyTicket(
    {
        **SERVICE_TICKET.keys,
        6: ("proxies", CHAIN, True),
        7: ("shortLineage", short_lineage(1), False),
    }
)

GRANTING_TICKET = Map(
    {
        1: ("sid", Bytes(16), True),
        2: ("account", ACCOUNT, True),
        3: ("proofs", PROOFS, True),
        4: ("party", Bytes(6), True),
        5: ("proxies", CHAIN, True),
        6: ("shortLineage", Parts(2, 1, 8, ascending=True), False),
    }
)

DEVICE = Map({1: ("id", Bytes(16), True), 2: ("account", Bytes(16), True), 3: ("lineage", Lineage(), False)})

BODIES = {
    "sso-session": SESSION,
    "login-flow": FLOW,
    "saml-transient": TRANSIENT,
    "enrolment": ENROLMENT,
    "device": DEVICE,
    "cas-st": SERVICE_TICKET,
    "cas-pt": PROXY_TICKET,
    "cas-pgt": GRANTING_TICKET,
    "oidc-code": CODE,
    "oidc-refresh": REFRESH,
    "oidc-access": ACCESS,
    "oidc-par": PUSHED,
    "oidc-dpop-nonce": Map({}),
}


def read_body(purpose, data):
    """The named fields of a body; its hex for a purpose whose bodies are not specified yet."""
    return BODIES[purpose].read(decode(data)) if purpose in BODIES else data.hex()


def write_body(purpose, fields):
    return encode(BODIES[purpose].write(fields)) if purpose in BODIES else bytes.fromhex(fields)
