"""Texts as people write them, in every script, with everything that has ever broken a program."""

from __future__ import annotations

import random
from typing import Any

from sitekeep_shared.content.adf import document, paragraph

Json = Any

PIECES = (
    "plain",
    "Größe",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "世界こんにちは",
    "안녕하세요",
    "Привет",
    "Ελληνικά",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "e\u0301 a\u0308\u0323 n\u0303",
    "\u202eright to left\u202c",
    "\u200fרtl\u200e",
    "zero\u200bwidth\u200d\u2060",
    "\ufeffmark",
    "nul-like \u0001\u001f",
    "tab\tinside",
    "\"double\" 'single' `back`",
    "“smart” „quotes“ «guillemets»",
    "back\\slash \\n \\u0041",
    "<b>&amp;</b> <!-- -->",
    "{{curly}} {noformat} [a|b]",
    "%s %d ${x} #{y}",
    "' OR 1=1 --",
    'project = X AND summary ~ "y*" ORDER BY z',
    "a/b/../c?d=e&f#g",
    "*bold* _it_ -strike- ~x~",
    "\U0001f9ff\U00020000\U0010fffd",
    "null",
    "0",
    "-1e5",
    "İstanbul ıI ß ẞ",
    "ﬁ ligature ①②",
)
SEPARATORS = (" ", "", " / ", ", ", " — ")


def odd(chance: random.Random, most: int = 3) -> str:
    """Some pieces in a row."""
    pieces = [chance.choice(PIECES) for _ in range(chance.randint(1, most))]
    return chance.choice(SEPARATORS).join(pieces)


def name(chance: random.Random, number: int, length: int = 60) -> str:
    """A name that no other thing of the kind has: it ends in its number."""
    return f"{odd(chance, 2)[: length - 6].strip()} {number}".strip()


def line(chance: random.Random) -> str:
    """One line, as a summary."""
    return f"s {odd(chance)} ."[:250]


def text(chance: random.Random) -> Json:
    """A document of a few paragraphs, or none at all."""
    if chance.random() < 0.2:
        return None
    nodes: list[Json] = [paragraph(odd(chance)) for _ in range(chance.randint(1, 3))]
    nodes += [make(chance) for make in _BLOCKS if chance.random() < 0.25]
    return document(*nodes)


def _list(chance: random.Random) -> Json:
    items = [{"type": "listItem", "content": [paragraph(odd(chance))]} for _ in range(2)]
    return {"type": "orderedList", "attrs": {"order": 7}, "content": items}


def _code(chance: random.Random) -> Json:
    code = {"type": "text", "text": f"if x:\n\t{odd(chance)}\n"}
    return {"type": "codeBlock", "attrs": {"language": "python"}, "content": [code]}


def _marked(chance: random.Random) -> Json:
    marks: list[Json] = [{"type": "strong"}, {"type": "textColor", "attrs": {"color": "#ff5630"}}]
    words = {"type": "text", "text": odd(chance), "marks": marks}
    return {"type": "paragraph", "content": [words, {"type": "hardBreak"}]}


def _quote(chance: random.Random) -> Json:
    return {"type": "blockquote", "content": [paragraph(odd(chance))]}


_BLOCKS = (_list, _code, _marked, _quote)


def properties(chance: random.Random, most: int = 3) -> list[tuple[str, Json]]:
    """A few keys with values, as apps keep them: of every shape, up to the longest one."""
    found = [(odd(chance, 1), chance.choice(_VALUES)) for _ in range(chance.randint(1, most))]
    return list(dict(found).items())


_LONGEST_VALUE = 32_768
_VALUES: tuple[Json, ...] = (
    None,
    False,
    0,
    -1.5,
    9_007_199_254_740_993,
    "",
    "ü" * (_LONGEST_VALUE - 2),
    [],
    {},
    [None, [], {}, [[]]],
    {"a": {"b": {"c": ["", {"d": [0, {"ключ": {"": "世界"}}]}]}}},
    {"größe": "„XL“ & <more>", "key": "KEY-1", "id": 10_000, "accountId": "712020:nobody"},
)
"""Values at the edges of JSON and of what Jira takes (32,768 characters)."""
