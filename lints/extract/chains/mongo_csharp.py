"""Calls of MongoDB's .NET driver as documents: filters built by methods, by lambdas, or held in variables.

A filter is read as text, where it stands or where its variable or the function that makes it stands in the same file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke
from lints.extract.values import Gap, Listing, Lit, Record, Step, Value
from lints.patterns import regex

USED = (b"MongoDB.Driver", b"IMongoCollection<")
_METHODS = regex(
    r"(Find|CountDocuments|DeleteOne|DeleteMany|UpdateOne|UpdateMany|ReplaceOne|FindOneAndUpdate|FindOneAndDelete"
    r"|FindOneAndReplace|InsertOne|InsertMany|BulkWrite|Distinct|Match)(?:Sync|Async)?"
)
_ON_QUERY = regex(r"(?:Where|First|Single|Any|Count)(?:OrDefault)?(?:Async)?")
_DECLARED = regex(r"\bIMongoCollection<(?:\w+\.)*(\w+)>\??\s+(\w+)\s*(?:[;={,)]|$)", re.MULTILINE)
_BASE = regex(r"\bclass\s+\w+(?:<[^<>{}]{0,80}>)?(?:\([^()]{0,600}\))?\s*:\s*\w*Mongo\w*<([^<>{}]{1,200})>")
_TYPE_PARAMETER = regex(r"T(?:[A-Z]\w*)?")
_NO_DOCUMENT = regex(r"(?:Guid|string|int|long|Int\d\d|\w*(?:Id|Key|Context))\??")
_GIVEN = regex(r"GetCollection<(?:\w+\.)*(\w+)>\(\s*(?:\"([\w.-]+)\")?")
_SESSION = regex(r"_?\w*[sS]ession\w*|handle")
_LAMBDA = regex(r"\s*\(?\s*(\w+)\s*\)?\s*=>\s*(.+)", re.DOTALL)
_BUILT = regex(r"(?:\w+(?:<[^<>]{0,80}>)?\.)*(\w+)(?:<[^<>()]{1,80}>)?\s*\(")
_BUILDER = regex(r"\b\w*(?:[fF]ilter|[bB]uilders?)\w*(?:<[^<>]{0,80}>)?(?:\.Filter)?\.")
_COMPARED = regex(r"([^=<>!]+?)\s*(==|!=|<=|>=|<|>)\s*([^=<>].*)", re.DOTALL)
_BRACKETS = regex(r"[()\[\]{}]|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)'")
_SIGNS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_NO_VALUE = frozenset({"session", "cancellationToken", "ct", "options"})
_MAX_DEPTH, _MAX_TEXT = 12, 4000
_UNSEEN, _NEUTRAL = "...", "?"


@dataclass(slots=True)
class _Reading:
    """The file that a filter is read in, and how many parts may still be read."""

    source: bytes
    left: int = 200


@lru_cache(maxsize=4)
def _used(source: bytes) -> bool:
    return any(name in source for name in USED)


def begun(asked: Asked) -> Begun | None:
    """The call of a collection of MongoDB; None for any other call."""
    source = asked.interpreter.notes.source
    call = asked.call
    if call.receiver is None or not _used(source):
        return None
    method = _METHODS.fullmatch(call.method)
    receiver = call.receiver
    text = asked.interpreter.notes.text(receiver.span)
    if (
        isinstance(receiver, Invoke)
        and receiver.method in {"AsQueryable", "Aggregate"}
        and receiver.receiver is not None
    ):
        if receiver.method == "AsQueryable" and not _ON_QUERY.fullmatch(call.method):
            return None
        text = asked.interpreter.notes.text(receiver.receiver.span)
        name = "find"
    elif method is None or method.group(1) == "Match":
        return None
    else:
        name = method.group(1)[0].lower() + method.group(1)[1:]
    collection = _collection(source, text)
    if collection is None:
        return None
    written = [asked.interpreter.notes.text(one.span) for one in call.arguments]
    if written and _SESSION.fullmatch(written[0].strip()):
        written = written[1:]
    functions = asked.interpreter.notes.functions
    around = next((one for one in functions if one.name), functions[0] if functions else None)
    start = max(around.span[0] if around is not None else 0, call.span[0] - 2 * _MAX_TEXT)
    reading = _Reading(source)
    before = source[start : call.span[0]].decode("utf-8", "replace")
    arguments: list[Value] = []
    if name.startswith("insert"):
        made = _made(written[0]) if written else None
        if made is None:
            return None  # an object, whose class says what it has
        arguments = [made]
    elif name == "bulkWrite":
        arguments = [Gap(written[0] if written else "", call.span)]
    elif name == "distinct":
        arguments = [Gap("field", call.span), *(_filter(one, before, reading, 0) for one in written[1:2])]
    else:
        arguments = [_filter(written[0], before, reading, 0) if written else Record({})]
        arguments += (
            [_change(one) for one in written[1:2]] if name.startswith(("update", "findOneAnd", "replace")) else []
        )
        if any("IsUpsert = true" in one for one in written[2:]):
            arguments.append(Record({"upsert": Gap("true", call.span)}))
    filtered = arguments[0] if arguments else None
    if _TYPE_PARAMETER.fullmatch(collection) is not None and isinstance(filtered, Record):
        arguments[0] = Record({**filtered.fields, _UNSEEN: Gap(collection, call.span)})  # whose, its users decide
    return Begun("mongo", collection, (Step(name, tuple(arguments), {}, call.span),))


def _collection(source: bytes, text: str) -> str | None:
    """The class, or the name, of the documents of a collection; None if it is none."""
    given = _GIVEN.search(text)
    if given is not None:
        return given.group(2) or given.group(1)
    declared, base = _held(source)
    last = text.strip().rpartition(".")[2].rstrip("!?")
    if last in declared:
        return declared[last]
    return base if base and last in {"Collection", "collection", "_collection"} else None


@lru_cache(maxsize=4)
def _held(source: bytes) -> tuple[Mapping[str, str], str]:
    text = source.decode("utf-8", "replace")
    base = _BASE.search(text)
    return {name: kind for kind, name in _DECLARED.findall(text)}, _document(base.group(1)) if base is not None else ""


def _document(arguments: str) -> str:
    """Of the types that a class is made for the one of its documents: the last that is no key."""
    named = [part.strip().rpartition(".")[2] for part in arguments.split(",")]
    return next((name for name in reversed(named) if _NO_DOCUMENT.fullmatch(name) is None), named[0])


def documents(text: str) -> set[str]:
    """The classes of documents that a file keeps collections of."""
    found = {kind for kind, _ in _DECLARED.findall(text)}
    found |= {_document(base) for base in _BASE.findall(text)}
    return found | {kind for kind, _ in _GIVEN.findall(text)}


def _filter(text: str, before: str, reading: _Reading, depth: int) -> Record:
    """A filter as a document; what can't be seen in it is `...`."""
    text = _bare(text)
    reading.left -= 1
    if reading.left < 0 or depth > _MAX_DEPTH or len(text) > _MAX_TEXT:
        return Record({_UNSEEN: Gap(text[:100], (0, 0))})
    found = _LAMBDA.fullmatch(text)
    if found is not None:
        return _condition(found.group(2), found.group(1), depth)
    for sign, join in (("|", _either), ("&", _both)):
        parts = _split(text, sign)
        if len(parts) > 1:
            return join([_filter(part, before, reading, depth + 1) for part in parts if part.strip()])
    if text.endswith(".Empty"):
        return Record({})
    if text.startswith("new BsonDocument"):
        if re.fullmatch(r"new BsonDocument(?:\(\s*\))?", text) is not None:
            return Record({})
        pairs = re.findall(r"(?:\{|\()\s*\"([\w.]+)\"\s*,\s*([^{}()]{1,200}?)\s*[})]", text)
        return Record({name: _value(value) for name, value in pairs} or {_UNSEEN: Gap(text[:100], (0, 0))})
    built = _BUILT.match(text)
    if built is not None and _closes(text, built.end()) == len(text) - 1:
        inner = _split(text[built.end() : -1], ",")
        if _BUILDER.match(text) is not None:
            return _by_builder(built.group(1), inner, before, reading, depth)
        return _by_function(built.group(1), len(inner), reading, depth)
    if text.isidentifier():
        return _by_variable(text, before, reading, depth)
    return Record({_UNSEEN: Gap(text[:100], (0, 0))})


def _by_builder(method: str, given: list[str], before: str, reading: _Reading, depth: int) -> Record:
    """`Filter.Eq(b => b.TenantId, tenant)`, `Filter.And(one, another)`."""
    if method == "Where" and given:
        return _filter(given[0], before, reading, depth + 1)
    if method in {"And", "Or"}:
        items = [one for part in given for one in _listed(part, before)]
        read = [_filter(one, before, reading, depth + 1) for one in items]
        return _both(read) if method == "And" else _either(read)
    name = _field(given[0]) if given else None
    if name is None:
        return Record({_UNSEEN if method in {"Eq", "Not", "ElemMatch"} else _NEUTRAL: Gap(method, (0, 0))})
    value = given[1] if len(given) > 1 else ""
    return Record({name: _value(value) if method == "Eq" else Record({f"${method.lower()}": Gap(value, (0, 0))})})


def _listed(text: str, before: str) -> Iterator[str]:
    """The items of a list that is written out, or held in a variable; what is added to it later only narrows."""
    text = _bare(text)
    if text.isidentifier():
        made = re.findall(
            rf"\b{text}\s*=\s*(?:new\s+List<[^;{{}}()]{{1,120}}>(?:\(\s*\))?\s*|new\s*\[\]\s*)?([{{\[][^;]{{0,{_MAX_TEXT}}}[}}\]])\s*;",
            before,
        )
        if not made:
            yield text
            return
        if re.search(rf"\b{text}\.(?:Add|AddRange|Insert)\(", before) is not None:
            yield _UNSEEN
        text = made[-1].strip()
    opened = text.find("{") if text.startswith("new") else 0
    if opened >= 0 and text[opened : opened + 1] in {"{", "["}:
        yield from (part for part in _split(text[opened + 1 : -1], ",") if part.strip())
    else:
        yield text


def _by_variable(name: str, before: str, reading: _Reading, depth: int) -> Record:
    """What a variable is set to before, and what is added to it with `&=`, which only narrows."""
    declares = (
        rf"\b(?:var|FilterDefinition<[^;=()]{{1,80}}>)\s+{name}\s*=(?!=)"
        rf"|\bvar\s*\([^()=;]{{0,200}}\b{name}\b[^()=;]{{0,200}}\)\s*="
    )
    set_to = list(re.finditer(declares, before))
    if not set_to or "(" in set_to[-1].group():
        return Record({_UNSEEN: Gap(name, (0, 0))})
    start = set_to[-1].end()
    end = _closes(before, start, stop=";")
    made = _filter(before[start:end], before[:start], reading, depth + 1)
    later = before[end:]
    for change in re.finditer(rf"\b{name}\s*([&|]?=)(?!=)", later):
        value = later[change.end() : _closes(later, change.end(), stop=";")]
        if change.group(1) == "|=" or (change.group(1) == "=" and not re.match(rf"\s*{name}\s*&", value)):
            return Record({_UNSEEN: Gap(name, (0, 0))})
        made = _both([made, Record({_UNSEEN: Gap(value[:100], (0, 0))})])
    return made


def _by_function(name: str, count: int, reading: _Reading, depth: int) -> Record:
    """What a function of the file gives, on each path; of those of one name the ones with as many parameters."""
    text = reading.source.decode("utf-8", "replace")
    found: list[Record] = []
    fitting = 0
    heads = re.finditer(rf"\bFilterDefinition<[^;=()]{{1,80}}>\s+{name}(?:<[^<>()]{{1,80}}>)?\s*\(", text)
    for head in list(heads)[:8]:
        close = _closes(text, head.end())
        if len([part for part in _split(text[head.end() : close], ",") if part.strip()]) == count:
            found += _returned(text, close + 1, reading, depth)
            fitting += 1
    if not found:
        return Record({_UNSEEN: Gap(name, (0, 0))})
    made = found[0] if len(found) == 1 else _either(found)
    return Record({**made.fields, _UNSEEN: Gap(name, (0, 0))}) if fitting > 1 else made  # which one, types decide


def _returned(text: str, begin: int, reading: _Reading, depth: int) -> Iterator[Record]:
    arrow = re.compile(r"\s*=>").match(text, begin)
    if arrow is not None:
        yield _filter(text[arrow.end() : _closes(text, arrow.end(), stop=";")], "", reading, depth + 1)
        return
    opened = text.find("{", begin)
    body = text[opened + 1 : _closes(text, opened + 1)] if opened >= 0 else ""
    for found in re.finditer(r"\breturn\b", body):
        value = body[found.end() : _closes(body, found.end(), stop=";")]
        yield _filter(value, body[: found.start()], reading, depth + 1)


def _condition(text: str, row: str, depth: int) -> Record:
    """The body of a lambda."""
    text = _bare(text)
    for sign, join in (("||", _either), ("&&", _both)):
        parts = _split(text, sign)
        if len(parts) > 1 and depth < _MAX_DEPTH:
            return join([_condition(part, row, depth + 1) for part in parts])
    if text == "true":
        return Record({})
    called = re.fullmatch(r"([\w.?!]+)\.Equals\(\s*([^()]+)\)", text)
    found = called or _COMPARED.fullmatch(text)
    if found is not None and "=>" not in text:
        left, right = found.group(1), found.group(2 if called else 3)
        sign = "==" if called else found.group(2)
        name, value = _path(left, row), right
        if name is None:
            name, value = _path(right, row), left
        if name is not None and re.search(rf"(?<![\w.]){row}\b", value) is None:
            return Record({name: _value(value) if sign == "==" else Record({"$ne": Gap(value, (0, 0))})})
    handed = re.search(rf"(?<![\w.]){row}\s*[,)]", text) is not None or "=>" in text
    return Record({_UNSEEN if handed else _NEUTRAL: Gap(text[:100], (0, 0))})


def _path(text: str, row: str) -> str | None:
    """`TenantId` of `b.TenantId`, `Owner.TenantId` of `b.Owner.TenantId`."""
    text = re.sub(r"[?!]|\.Value$", "", text.strip())
    found = re.fullmatch(rf"{row}\.([\w.]+)", text)
    return found.group(1) if found is not None else None


def _field(text: str) -> str | None:
    text = text.strip()
    quoted = re.fullmatch(r"\"([\w.]+)\"|nameof\((?:\w+\.)*(\w+)\)", text)
    if quoted is not None:
        return quoted.group(1) or quoted.group(2)
    found = _LAMBDA.fullmatch(text)
    return _path(found.group(2), found.group(1)) if found is not None else None


def _value(text: str) -> Value:
    text = text.strip()
    literal = re.fullmatch(r"\"([^\"]*)\"|(-?\d+)|(true|false|null)", text)
    if literal is not None:
        return Lit(next(part for part in literal.groups() if part is not None), (0, 0))
    return Gap(re.sub(r"[?!]|\.Value$", "", text), (0, 0))


def _made(text: str) -> Record | None:
    """`new Boat { Name = name, TenantId = tenant }` by its properties."""
    found = re.fullmatch(r"\s*new(?:\s+[\w.]+)?(?:\(\s*\))?\s*\{(.*)\}\s*", text, re.DOTALL)
    if found is None:
        return None
    pairs = (part.partition("=") for part in _split(found.group(1), ","))
    return Record({name.strip(): _value(value) for name, sign, value in pairs if sign})


def _change(text: str) -> Value:
    """`Builders<Boat>.Update.Set(b => b.Name, name)` as what it sets."""
    fields: dict[str, Value] = {}
    for found in re.finditer(r"\.Set(?:OnInsert)?\(", text):
        given = _split(text[found.end() : _closes(text, found.end())], ",")
        name = _field(given[0]) if len(given) > 1 else None
        if name is not None:
            fields[name] = _value(given[1])
    return Record({"$set": Record(fields)}) if fields else Gap(text[:200], (0, 0))


def _both(given: list[Record]) -> Record:
    """All of several documents as one; conditions on one field twice stand in `$and`."""
    fields: dict[str, Value] = {}
    beside: list[Value] = []
    for one in given:
        for name, value in one.fields.items():
            if name in {_UNSEEN, _NEUTRAL} or name not in fields:
                fields[name] = value
            else:
                beside.append(Record({name: value}))
    if beside:
        held = fields.get("$and")
        fields["$and"] = Listing((*(held.items if isinstance(held, Listing) else ()), *beside))
    return Record(fields)


def _either(given: list[Record]) -> Record:
    fields: dict[str, Value] = {"$or": Listing(tuple(given))}
    if any(_UNSEEN in one.fields for one in given):
        fields[_UNSEEN] = Gap("…", (0, 0))
    return Record(fields)


def _bare(text: str) -> str:
    text = text.strip()
    while text.startswith("(") and _closes(text, 1) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closes(text: str, start: int, *, stop: str = "") -> int:
    """Where the bracket that is open before `start` is closed, or where `stop` comes outside of brackets."""
    depth = 0 if stop else 1
    marks = re.compile(rf"{_BRACKETS.pattern}|{re.escape(stop)}") if stop else _BRACKETS
    for mark in marks.finditer(text, start):
        if stop and mark.group() == stop and depth == 0:
            return mark.start()
        depth += _SIGNS.get(mark.group(), 0)
        if depth == 0 and not stop:
            return mark.start()
    return len(text)


def _split(text: str, sign: str) -> list[str]:
    """The parts between a sign that stands outside of brackets and strings; `<…>` of types holds commas too."""
    parts: list[str] = []
    depth = start = 0
    for mark in re.finditer(rf"{_BRACKETS.pattern}|<[\w., ]{{1,80}}>|{re.escape(sign)}", text):
        depth += _SIGNS.get(mark.group(), 0)
        if mark.group() == sign and depth == 0 and mark.start() >= start:
            parts.append(text[start : mark.start()])
            start = mark.end()
    return [*parts, text[start:]]
