"""Statements of one shape: what differs is only their constants, so that one proof, or one line of a report, is enough.

`shape` keeps the meaning: it replaces constants that can't be anything but data (identifiers of rows, dates, text with
digits in it) by stand-ins, equal ones by equal ones, and gives back what they stand for. `normalised` is coarser: like
pg_stat_statements it makes parameters of constants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

LONGEST = 8_000
"""Characters; longer statements are proven one by one."""

_CONSTANT = re.compile(
    r"""'(?P<text>(?:[^']|'')*+)' | "[^"]*+"
      | (?<=[A-Za-z_"]\ =\ )(?P<number>\d{2,18}) (?=\s*(?:\Z|[);,]|(?:AND|OR|ORDER|LIMIT|GROUP|RETURNING|FOR)\b))""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_DATA = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-z_.@+: -]{3,200}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{8,}", re.ASCII)
_UNSURE = re.compile(
    r"setting|set_config|dblink|\$\w*\$|/\*|--|[#\\`\[?]|::\s*(?:interval|bit)|\binterval\b|->|stands0for|7770\d",
    re.IGNORECASE,
)
"""What makes a constant a name, or a quote no quote: such a statement is its own shape."""
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)
      | (?P<string>(?:\b[eE])?'(?:[^'\\]|''|\\.)*+')
      | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$)
      | (?P<parameter>\$\d+)
      | (?P<quoted>"(?:[^"]|"")*+")
      | (?P<word>[A-Za-z_\x80-\uffff][\w$]*)
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
      | (?P<operator>->>?|\#>>?|::|<>|[<>!]=)
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_TYPED = frozenset(
    {"interval", "date", "time", "timestamp", "timestamptz", "zone", "bit", "b", "x", "n", "u", "uescape", "escape"}
)
_CONTEXT = frozenset({"current_setting", "set_config"})
_VERBS = frozenset({"select", "insert", "update", "delete", "with", "merge", "values", "explain", "table"})
_LISTS = re.compile(r"\$\d+(?:\s*,\s*\$\d+)+")
_ROWS = re.compile(r"(\(\$\+\))(?:\s*,\s*\(\$\+\))+")


class Shape(NamedTuple):
    """The statement with stand-ins, and what each stands for."""

    text: str
    constants: Mapping[str, str]


def shape(sql: str) -> Shape:
    """The shape of a statement. Two statements of one shape have one proof, but for the constants in its words."""
    if len(sql) > LONGEST or _UNSURE.search(sql):
        return Shape(sql, {})
    known: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        written, data = found.group(), found["text"]
        if found["number"] is None and (
            data is None or not _DATA.fullmatch(data) or (_NAME.fullmatch(data) and not _HEX.fullmatch(data))
        ):
            return written
        if written not in known:
            # Unlike anything in the text, so that it is found again in the words of the answer.
            count = len(known)
            known[written] = f"7770{count:03}0777" if data is None else f"'~{count}stands0for1data~'"
        return known[written]

    text = _CONSTANT.sub(stand_in, sql)
    if any(written[0] != "'" and re.search(rf"\b{written}\b", text) for written in known):
        return Shape(sql, {})  # a number that stands elsewhere too would no longer be equal to itself
    return Shape(text, {stood.strip("'"): original.strip("'") for original, stood in known.items()})


def restored(text: str, constants: Mapping[str, str]) -> str:
    """`text` of an answer with the constants of the statement at hand."""
    for stood, original in constants.items():
        text = text.replace(stood, original)
    return text


def normalised(sql: str) -> str:
    """The statement without comments, its constants as parameters; whatever is no query or change of rows as it is.

    Names stay: of settings, of JSON fields, and constants with a type before them.
    """
    tokens = [m for m in _TOKEN.finditer(sql) if m.lastgroup != "comment"]
    words = [m for m in tokens if m.lastgroup != "space"]
    if not words or words[0].group().lower() not in (*_VERBS, "("):
        return " ".join("".join(m.group() for m in tokens).split())
    if any(m.lastgroup == "dollar" for m in words):
        return " ".join(sql.split())
    highest = max((int(m.group()[1:9]) for m in words if m.lastgroup == "parameter"), default=0)
    out: list[str] = []
    before = ["", "", ""]
    for token in tokens:
        text, kind = token.group(), token.lastgroup
        if kind == "space":
            if out and out[-1] != " ":
                out.append(" ")
            continue
        if (kind == "string" or (kind == "number" and before[-1] != ".")) and not _named(before):
            highest += 1
            text = f"${highest}"
        out.append(text)
        before = [*before[1:], token.group().lower()]
    return "".join(out).strip().rstrip(";").rstrip()


def _named(before: list[str]) -> bool:
    """Whether what comes now is a name rather than data."""
    return (
        before[-1] in {"->", "->>", "#>", "#>>"}
        or before[-1] in _TYPED
        or (before[-1] == "(" and before[-2] in _CONTEXT)
    )


def key(text: str) -> str:
    """What a normalised statement is counted under: lists of parameters of any length are one."""
    counted = _LISTS.sub("$+", text)
    return _ROWS.sub(r"\1", re.sub(r"\$\d+", "$+", counted))
