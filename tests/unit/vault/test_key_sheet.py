"""The recovery sheet: every mistyped letter and misplaced line is found, and found where it is."""

from __future__ import annotations

import base64
import datetime
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault.key_sheet import (
    MistypedLine,
    SheetFacts,
    SheetReader,
    print_sheet,
    read_sheet,
    sheet_lines,
)
from sitekeep_shared.vault.keys import KEY_BYTES, WholeKey
from sitekeep_shared.vault.spelling import ALPHABET, spell, unspell

KEY = WholeKey(bytes(range(32)), (bytes(range(32, 64)),))
FACTS = SheetFacts(bytes(16), "/srv/vault", datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC))
ONE_PAGE_LINES = 60
ONE_PAGE_COLUMNS = 85
MOST_ROTATIONS = 8

secrets = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
whole_keys = st.builds(
    WholeKey, secrets, st.lists(secrets, min_size=1, max_size=6).map(lambda each: tuple(each))
)


@given(st.binary(max_size=70))
def test_bytes_are_spelled_and_read_back(data: bytes) -> None:
    assert unspell(spell(data), len(data)) == data
    assert unspell(spell(data).lower().replace(" ", "-"), len(data)) == data


@given(whole_keys)
def test_a_sheet_reads_back_as_the_key(key: WholeKey) -> None:
    assert read_sheet(sheet_lines(key)) == key
    assert read_sheet(print_sheet(key, FACTS).splitlines()) == key


def test_how_a_sheet_is_spelled_never_changes() -> None:
    assert sheet_lines(KEY) == [
        "1/4  000G 40R4 0M30 E209 185G R38E 1YZF ED6S",
        "2/4  208H 44RM 2MB1 E60S 38DH R78Y 3WSK BPR9",
        "3/4  40GJ 48S4 4MK2 EA19 58NJ RB9E 5ZHT 6CN8",
        "4/4  60RK 4CSM 6MV3 EE1S 78XK RF9Y 7XMB CXBK",
    ]


def test_a_line_is_what_the_page_of_the_format_says() -> None:
    """Another base32 with its letters exchanged, and the CRC-32 of number, total and bytes."""
    exchanged = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)
    part = KEY.private_keys[0][:16]
    check = zlib.crc32(bytes([3, 4]) + part).to_bytes(4, "little")
    letters = base64.b32encode(part + check).decode().translate(exchanged)
    assert sheet_lines(KEY)[2].replace(" ", "") == f"3/4{letters}"


@pytest.mark.parametrize("rotations", [0, 1, MOST_ROTATIONS])
def test_a_sheet_fits_one_page(rotations: int) -> None:
    key = KEY
    for _ in range(rotations):
        key = key.rotated()
    lines = print_sheet(key, FACTS).splitlines()
    assert len(lines) <= ONE_PAGE_LINES
    assert max(map(len, lines)) <= ONE_PAGE_COLUMNS
    assert FACTS.repository_id.hex() in "\n".join(lines)
    assert key.keys.key_id in "\n".join(lines)
    assert "2026-01-05" in "\n".join(lines)


def test_every_single_wrong_letter_of_a_line_is_found_there() -> None:
    """All of them: 32 places, 31 other letters."""
    lines = sheet_lines(KEY)
    places = [place for place, letter in enumerate(lines[2]) if place > 4 and letter != " "]
    assert len(places) == 32
    for place in places:
        for letter in set(ALPHABET) - {lines[2][place]}:
            wrong = lines[2][:place] + letter + lines[2][place + 1 :]
            with pytest.raises(MistypedLine, match="Line 3/4 "):
                read_sheet([*lines[:2], wrong, lines[3]])


@given(whole_keys, st.data())
def test_a_wrong_letter_in_any_line_is_found_there(key: WholeKey, data: st.DataObject) -> None:
    lines = sheet_lines(key)
    number = data.draw(st.integers(0, len(lines) - 1))
    label, text = lines[number].split("  ")
    place = data.draw(st.integers(0, len(text) - 1).filter(lambda place: text[place] != " "))
    letter = data.draw(st.sampled_from(ALPHABET).filter(lambda letter: letter != text[place]))
    lines[number] = f"{label}  {text[:place]}{letter}{text[place + 1 :]}"
    with pytest.raises(MistypedLine, match=f"Line {label} "):
        read_sheet(lines)


@given(whole_keys, st.data())
def test_two_letters_swapped_are_found(key: WholeKey, data: st.DataObject) -> None:
    lines = sheet_lines(key)
    number = data.draw(st.integers(0, len(lines) - 1))
    label, text = lines[number].split("  ")
    letters = list(text.replace(" ", ""))
    place = data.draw(st.integers(0, len(letters) - 2))
    letters[place], letters[place + 1] = letters[place + 1], letters[place]
    if letters == list(text.replace(" ", "")):
        return
    lines[number] = f"{label}  {''.join(letters)}"
    with pytest.raises(MistypedLine, match=f"Line {label} "):
        read_sheet(lines)


@given(whole_keys, st.data())
def test_two_lines_swapped_are_found_with_and_without_their_numbers(
    key: WholeKey, data: st.DataObject
) -> None:
    lines = sheet_lines(key)
    first, second = sorted(
        data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True))
    )
    swapped = list(lines)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    with pytest.raises(MistypedLine, match=f"line {first + 1}/{len(lines)} comes here"):
        read_sheet(swapped)
    bodies = [line.split("  ")[1] for line in swapped]
    if bodies[first] == bodies[second]:
        return
    renumbered = [f"{number}/{len(lines)} {body}" for number, body in enumerate(bodies, start=1)]
    with pytest.raises(MistypedLine, match=f"Line {first + 1}/{len(lines)} "):
        read_sheet(renumbered)


@given(whole_keys, st.data())
def test_a_line_that_is_left_out_is_found(key: WholeKey, data: st.DataObject) -> None:
    lines = sheet_lines(key)
    number = data.draw(st.integers(0, len(lines) - 1))
    with pytest.raises(MistypedLine, match=f"{number + 1}/"):
        read_sheet(lines[:number] + lines[number + 1 :])


def test_a_sheet_from_before_a_rotation_does_not_pass_for_a_part_of_the_new_one() -> None:
    old, new = sheet_lines(KEY), sheet_lines(KEY.rotated())
    with pytest.raises(MistypedLine, match="Line 1/6 "):
        read_sheet([line.replace("/4", "/6") for line in old[:2]] + new[2:])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "has to begin with its number, 1/…"),
        ("0004 1061", "has to begin with its number"),
        ("1/4  0004 1061", "has 8 letters, not 32"),
        ("1/4  U00G 40R4 0M30 E209 185G R38E 1YZF ED6S", "'U' is not a letter"),
        ("1/3  000G 40R4 0M30 E209 185G R38E 1YZF ED6S", "no sheet has so many lines"),
        ("1/2  000G 40R4 0M30 E209 185G R38E 1YZF ED6S", "no sheet has so many lines"),
        ("0/4  000G 40R4 0M30 E209 185G R38E 1YZF ED6S", "line 1/4 comes here"),
    ],
)
def test_a_line_that_cannot_be_one_says_why(line: str, problem: str) -> None:
    with pytest.raises(MistypedLine, match="of the recovery sheet") as raised:
        SheetReader().take(line)
    assert problem in str(raised.value)


def test_a_line_that_was_refused_is_typed_again() -> None:
    reader = SheetReader()
    lines = sheet_lines(KEY)
    reader.take(lines[0])
    for wrong in (lines[2], "2/6 " + lines[1][5:], lines[1][:-1] + "0"):
        with pytest.raises(MistypedLine):
            reader.take(wrong)
    for line in lines[1:]:
        reader.take(reader.labelled(line.split("  ")[1].lower()))
    assert reader.finish() == KEY


def test_letters_that_look_like_digits_are_read_as_them() -> None:
    lines = [line.replace("0", "o").replace("1 ", "l ") for line in sheet_lines(KEY)]
    assert read_sheet(lines) == KEY
