# Owns: how CAS tickets spell an envelope: docs/sealed-values.md, CAS tickets. Values of other purposes stay as they are.
from cbor import Refused
from envelope import from_base64url, to_base64url

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIXES = {"cas-st": "ST-", "cas-pt": "PT-", "cas-pgt": "PGT-"}
# Characters for a block of so many bytes.
LENGTHS = [0, 2, 3, 5, 6, 7, 9, 10, 11]


def ticket_of(purpose, token):
    if purpose not in PREFIXES:
        return token
    data = from_base64url(token)
    return PREFIXES[purpose] + "".join(write_block(data[i : i + 8]) for i in range(0, len(data), 8))


def envelope_of(purpose, text):
    if purpose not in PREFIXES:
        return text
    prefix = PREFIXES[purpose]
    if not text.startswith(prefix):
        raise Refused("step 1: not a ticket of this kind")
    letters = text[len(prefix) :]
    return to_base64url(b"".join(read_block(letters[i : i + 11]) for i in range(0, len(letters), 11)))


def write_block(data):
    number = int.from_bytes(data, "big")
    letters = ""
    for _ in range(LENGTHS[len(data)]):
        number, digit = divmod(number, 62)
        letters = DIGITS[digit] + letters
    return letters


def read_block(letters):
    if len(letters) not in LENGTHS or any(letter not in DIGITS for letter in letters):
        raise Refused("step 2: no base 62")
    number = 0
    for letter in letters:
        number = number * 62 + DIGITS.index(letter)
    size = LENGTHS.index(len(letters))
    if number >= 256**size:
        raise Refused("step 2: a number that the bytes cannot hold")
    return number.to_bytes(size, "big")
