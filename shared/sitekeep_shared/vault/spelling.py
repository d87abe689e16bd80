"""Bytes in letters that people type: Crockford's base32, without I, L, O and U.

Lower case, hyphens and spaces do not matter; I and L read as 1, O as 0.
Source: https://www.crockford.com/base32.html
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP_LETTERS = 4
_BITS = 5
_READ = {letter: number for number, letter in enumerate(ALPHABET)} | {"I": 1, "L": 1, "O": 0}


def spell(data: bytes) -> str:
    """Groups of four letters. The last letter is filled with zero bits."""
    bits = len(data) * 8
    count = -(-bits // _BITS)
    number = int.from_bytes(data, "big") << (count * _BITS - bits)
    letters = [ALPHABET[(number >> (_BITS * place)) & 31] for place in reversed(range(count))]
    groups = range(0, count, _GROUP_LETTERS)
    return " ".join("".join(letters[start : start + _GROUP_LETTERS]) for start in groups)


def unspell(text: str, size: int) -> bytes:
    """The reverse of spell for so many bytes.

    Raises:
        ValueError: a letter is not one of the alphabet, or there are too few or too many.
    """
    letters = [letter for letter in text.upper() if letter not in " -\t"]
    strange = next((letter for letter in letters if letter not in _READ), None)
    if strange is not None:
        raise ValueError(f"{strange!r} is not a letter that occurs")
    expected = -(-size * 8 // _BITS)
    if len(letters) != expected:
        raise ValueError(f"it has {len(letters)} letters, not {expected}")
    number = 0
    for letter in letters:
        number = number << _BITS | _READ[letter]
    spare = expected * _BITS - size * 8
    if number & ((1 << spare) - 1):
        raise ValueError("its last letter is wrong")
    return (number >> spare).to_bytes(size, "big")
