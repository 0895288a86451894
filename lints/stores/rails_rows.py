"""Rows of Active Record that take an object as a whole: whether a client may name their tenant in it."""

from __future__ import annotations

import re

from lints.extract.facts import Argument
from lints.patterns import regex
from lints.stores import taken as taken_by
from lints.stores.orm_sql import mapping
from lints.stores.rails_relation import Relation

PERMITS = regex(r"\.permit!|\.to_unsafe_h|\.(?:permit|expect)\(([^()]{0,1500})\)")
"""What a client may set: a list, or anything."""
_OPEN = regex(r"\.permit!|\.to_unsafe_h(?:ash)?\b|\bJSON\.parse\(\s*request\b")
_ADDS = regex(r"\.(?:merge!?|reverse_merge!?|deep_merge!?|tap|transform_\w+|update|store)\b|\bif\b|\?")
"""What may put something into an object before it is handed over."""
_REMOVES = regex(r"\.(?:slice|except|select|reject|delete|compact\w*|filter\w*)\b")
_EXCEPT = regex(r"\.except\(([^()]{0,300})\)")
_VALUE = r"\w+:\s*[^(),{}*]{1,80}(?:\([^()]{0,80}\))?"
_MERGED = regex(rf"\.merge!?\(\s*(\{{?\s*{_VALUE}(?:,\s*{_VALUE})*\s*\}}?)\s*\)")
"""`.merge(skipper: current_user)`, written out."""
_SLICED = regex(r"\.slice\(\s*((?::\w+\s*,?\s*){1,40})\)$")
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
    return found is not None and not (_ADDS.search(text, found.end()) or _REMOVES.search(text, found.end()))


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
    merged = {name for found in _MERGED.findall(text) for name in re.findall(r"(\w+):", found)}
    if names & merged:
        return []  # set after what was sent
    text = _MERGED.sub("", text)
    sliced = _SLICED.search(text)
    listed = symbols(sliced.group(1)) if sliced is not None else permitted(text)
    told = PERMITS.search(text)
    plain = _ADDS.search(text) is None
    named = sliced is None and _REMOVES.search(text) is None and told is not None and told.group(1) is not None
    if is_open(text) or (plain and named and told is not None and not names.isdisjoint(symbols(told.group(1) or ""))):
        builder.raw = text
        return []
    gone = {name for found in _EXCEPT.findall(text) for name in symbols(found)}
    if by in {"new", "build"} or (plain and listed is not None and not names & (set(listed) - gone)):
        return []
    return taken_by.unseen(builder)
