"""Rows of Active Record that take an object as a whole: whether a client may name their tenant in it."""

from __future__ import annotations

import re

from lints.extract.facts import Argument
from lints.patterns import regex
from lints.stores import taken as taken_by
from lints.stores.orm_sql import mapping
from lints.stores.rails_relation import Relation

PERMITS = regex(r"\.permit!|\.to_unsafe_h|\.(?:permit|expect)\(([^()]{0,400})\)")
"""What a client may set: a list, or anything."""
_OPEN = regex(r"\.permit!|\.to_unsafe_h(?:ash)?\b|\bJSON\.parse\(\s*request\b")
_LATER = regex(
    r"\.(?:merge!?|reverse_merge!?|slice|except|tap|deep_merge|select|reject|delete|transform_\w+)\b|\bif\b|\?|\.to_unsafe_h"
)
_LISTED = regex(r"%[iw]\[[^\]]*\]|:\w+\??|\b\w+:|\"\w+\"|'\w+'|[\[\]{},\s]|=>")


def symbols(text: str) -> list[str]:
    listed = [word for group in re.findall(r"%[iw]\[([^\]]*)\]", text) for word in group.split()]
    return [*re.findall(r":(\w+)", text), *re.findall(r"[\"'](\w+)[\"']", text), *listed]


def permitted(text: str) -> list[str] | None:
    """The attributes that a client may set; None for anything, or where they can't all be seen."""
    found = PERMITS.search(text)
    if found is None or found.group(1) is None or _LISTED.sub("", found.group(1)):
        return None
    return [*symbols(found.group(1)), *re.findall(r"\b(\w+):(?!:)", found.group(1))]


def is_open(text: str) -> bool:
    """Whether an object has whatever a client sent."""
    found = _OPEN.search(text)
    return found is not None and _LATER.search(text[found.end() :]) is None


def filled(relation: Relation, taken: Argument, by: str, after: str) -> list[str | None]:
    """What is stored of a row that takes an object: nothing to be said of one that leaves its tenant alone."""
    builder = relation.builder
    columns = taken_by.of_tenant(builder)
    if not columns:
        return []
    names = {*columns, *(column.removesuffix("_id") for column in columns)}
    last = mapping(taken)
    if names & last.keys() or re.search(rf"\.(?:{'|'.join(map(re.escape, sorted(names)))})\s*=(?!=)", after):
        return []  # set after what was sent
    text = last["..."].text if "..." in last else taken.text
    listed, told = permitted(text), PERMITS.search(text)
    plain = _LATER.search(text) is None
    if is_open(text) or (plain and told is not None and not names.isdisjoint(symbols(told.group(1) or ""))):
        builder.raw = text
        return []
    if by in {"new", "build"} or (plain and listed is not None):
        return []
    return taken_by.unseen(builder)
