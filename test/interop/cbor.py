# Owns: the subset of CBOR that bodies are written in. Written from docs/sealed-values.md (Bodies) and RFC 8949 alone.
# Values: int, bytes, str, list, and dict with unsigned integers for keys.

DEPTH_MAX = 4
NUMBER_MAX = 2**53 - 1
UINT, BSTR, TSTR, ARRAY, MAP = 0, 2, 3, 4, 5


class Refused(Exception):
    """The value is not to be used; the text says which step of the specification says so."""


def encode(value):
    if isinstance(value, bool) or value is None:
        raise TypeError("no booleans, no null")
    if isinstance(value, int):
        return head(UINT, value)
    if isinstance(value, bytes):
        return head(BSTR, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return head(TSTR, len(text)) + text
    if isinstance(value, list):
        return head(ARRAY, len(value)) + b"".join(encode(item) for item in value)
    return head(MAP, len(value)) + b"".join(encode(key) + encode(value[key]) for key in sorted(value))


def head(major, argument):
    """The shortest form, RFC 8949 section 4.2.1."""
    if not 0 <= argument <= NUMBER_MAX:
        raise ValueError("a number out of range")
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise AssertionError


def decode(data):
    value, end = item(data, 0, 1)
    if end != len(data):
        raise Refused("body: bytes after its end")
    if encode(value) != data:
        raise Refused("body: not what a writer would have written")
    return value


def item(data, at, depth):
    major, argument, at = read_head(data, at)
    if major == UINT:
        return argument, at
    if major in (BSTR, TSTR):
        text = data[at : at + argument]
        if len(text) != argument:
            raise Refused("body: ends too early")
        if major == BSTR:
            return text, at + argument
        try:
            return text.decode("utf-8"), at + argument
        except UnicodeDecodeError:
            raise Refused("body: text that is not UTF-8") from None
    if major not in (ARRAY, MAP):
        raise Refused("body: a type that bodies do not have")
    if depth > DEPTH_MAX:
        raise Refused("body: too deep")
    if argument > len(data) - at:
        raise Refused("body: ends too early")
    if major == ARRAY:
        items = []
        for _ in range(argument):
            one, at = item(data, at, depth + 1)
            items.append(one)
        return items, at
    entries = {}
    for _ in range(argument):
        key_major, key, at = read_head(data, at)
        if key_major != UINT or key in entries:
            raise Refused("body: a key that maps here do not have")
        entries[key], at = item(data, at, depth + 1)
    return entries, at


def read_head(data, at):
    if at >= len(data):
        raise Refused("body: ends too early")
    major, info = data[at] >> 5, data[at] & 0x1F
    if info < 24:
        return major, info, at + 1
    if info > 27:
        raise Refused("body: no such length")
    size = 1 << (info - 24)
    argument = data[at + 1 : at + 1 + size]
    if len(argument) != size:
        raise Refused("body: ends too early")
    number = int.from_bytes(argument, "big")
    if number > NUMBER_MAX:
        raise Refused("body: a number out of range")
    return major, number, at + 1 + size
