"""Strict readers: bytes of YAML or JSON in, plain values with their line numbers out, or one clear `GateError`.

YAML is read from the event stream with budgets, because every Python YAML loader can be stopped by a file of 521 bytes
(merge keys) and the C loader crashes on deep nesting. The subset accepted: one document, string keys, no duplicate
keys, no tags, no merge keys; a plain scalar that YAML 1.1 and 1.2 read differently must be quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from gate.model import GateError

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 100_000

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
# Read one way by YAML 1.1 and another by 1.2, or as something other than the text a person sees.
_AMBIGUOUS = re.compile(
    r"y|n|yes|no|on|off|~|[-+]?\.inf|\.nan|[-+]?0[0-9_]+|0[xob][0-9a-f_]+|[-+]?[0-9][0-9]*_[0-9_]*"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9]*)?|[-+]?[0-9.]+e[-+]?[0-9]+|[-+]?[0-9]*\.|[-+]?\.[0-9]+|<<|=",
    re.IGNORECASE,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTANTS = {"true": True, "false": False, "null": None, "": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file: its value and the 1-based line of every node, by its path of keys and indexes."""

    name: str
    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Iterable[str | int]) -> int:
        """The line of the node, or of its nearest ancestor that is known."""
        at = tuple(path)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def error(self, path: Iterable[str | int], message: str) -> GateError:
        return GateError(f"{self.name}:{self.line(path)}: {message}")


def read_yaml(data: bytes, name: str, *, foreign: bool = False) -> Document:
    """Parse one YAML document.

    `foreign` is for files whose format is not ours (CI workflows): ambiguous plain scalars stay the strings they look
    like, aliases and merge keys are followed at the price of the nodes they stand for, and GitLab's `!reference [a, b]`
    becomes the list `!reference, a, b`. Raises GateError naming file and line.
    """
    import yaml

    text = _text(data, name, MAX_BYTES)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _YamlReader(name, foreign=foreign)
    try:
        for event in yaml.parse(text, Loader=loader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise GateError(f"{name}:{mark.line + 1 if mark else 1}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise GateError(f"{name}:1: not YAML: {str(error).splitlines()[0][:120]}") from None
    if not reader.finished:
        raise GateError(f"{name}:1: the file is empty; expected a YAML document")
    return Document(name=name, value=reader.value, lines=reader.lines)


class _YamlReader:
    """Builds a value from parser events, checking every budget as the events come."""

    def __init__(self, name: str, *, foreign: bool) -> None:
        self.name = name
        self.foreign = foreign
        self.value: Any = None
        self.finished = False
        self.lines: dict[Path, int] = {}
        self._stack: list[tuple[Any, Path, list[str]]] = []  # container, its path, [pending key]
        self._nodes = 0
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open_anchors: list[tuple[str, int, int]] = []  # anchor, depth, nodes before it

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        line = event.start_mark.line + 1
        if kind == "DocumentStartEvent" and self.finished:
            raise self._refuse(line, "a second document starts here; one file holds one document")
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._start({} if kind == "MappingStartEvent" else [], event, line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            container, _, _ = self._stack.pop()
            if isinstance(container, dict) and "<<" in container:
                self._merge(container, line)
            if self._open_anchors and self._open_anchors[-1][1] == len(self._stack):
                anchor, _, before = self._open_anchors.pop()
                self._anchors[anchor] = (self._anchors[anchor][0], self._nodes - before)
            self.finished = self.finished or not self._stack
        elif kind == "ScalarEvent":
            self._scalar(event, line)
        elif kind == "AliasEvent":
            self._alias(event, line)

    def _merge(self, container: dict[str, Any], line: int) -> None:
        """Merge keys of foreign files. Their aliases have paid for the nodes they stand for, so this stays bounded."""
        value = container.pop("<<")
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                raise self._refuse(line, "a merge key (<<) takes mappings")
            for key, inner in part.items():
                container.setdefault(key, inner)

    def _refuse(self, line: int, message: str) -> GateError:
        return GateError(f"{self.name}:{line}: {message}")

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._refuse(line, f"more than {MAX_NODES:,} nodes; split the file")

    def _start(self, container: Any, event: Any, line: int) -> None:
        reference = self.foreign and event.tag == "!reference" and isinstance(container, list)
        if event.tag is not None and not event.implicit and not reference:
            raise self._refuse(line, f"the tag {event.tag!r} is not allowed")
        if self._expects_key():
            raise self._refuse(line, "a mapping key must be a plain string")
        if len(self._stack) >= MAX_DEPTH:
            raise self._refuse(line, f"nested deeper than {MAX_DEPTH} levels")
        self._count(1, line)
        if reference:
            container.append("!reference")  # GitLab's; what it refers to is left to the reader
        path = self._put(container, line)
        if event.anchor:
            self._anchors[event.anchor] = (container, MAX_NODES + 1)  # an alias inside its own anchor is a cycle
            self._open_anchors.append((event.anchor, len(self._stack), self._nodes - 1))
        self._stack.append((container, path, []))

    def _scalar(self, event: Any, line: int) -> None:
        if event.tag is not None and event.tag != "!":
            raise self._refuse(line, f"the tag {event.tag!r} is not allowed")
        self._count(1, line)
        if _SURROGATE.search(event.value):
            raise self._refuse(line, "a lone surrogate, which is no text")
        plain = event.implicit[0] and not event.style
        if self._expects_key():
            mapping, path, pending = self._stack[-1]
            if plain and event.value == "<<" and not self.foreign:
                raise self._refuse(line, "merge keys (<<) are not allowed; write the keys out")
            if event.value in mapping:
                raise self._refuse(line, f"the key {event.value!r} stands twice in one mapping")
            pending.append(event.value)
            self.lines[(*path, event.value)] = line
            return
        value: Any = self._plain(event.value, line) if plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, line)
        self.finished = self.finished or not self._stack

    def _plain(self, text: str, line: int) -> Any:
        if text.lower() in _CONSTANTS and (text in _CONSTANTS or text.islower()):
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return text if self.foreign else float(text)
        if not self.foreign and (_AMBIGUOUS.fullmatch(text) or text.lower() in _CONSTANTS):
            raise self._refuse(line, f"the scalar {text[:40]!r} is read differently by different tools; quote it")
        return text

    def _alias(self, event: Any, line: int) -> None:
        if not self.foreign:
            raise self._refuse(line, "aliases are not allowed; write the value out")
        if self._expects_key():
            raise self._refuse(line, "a mapping key must be a plain string")
        if event.anchor not in self._anchors:
            raise self._refuse(line, f"the alias *{event.anchor} has no anchor")
        value, size = self._anchors[event.anchor]
        self._count(size, line)
        self._put(value, line)

    def _expects_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and not self._stack[-1][2]

    def _put(self, value: Any, line: int) -> Path:
        if not self._stack:
            self.value = value
            self.lines[()] = line
            return ()
        container, path, pending = self._stack[-1]
        key: str | int
        if isinstance(container, dict):
            key = pending.pop()
            container[key] = value
            here: Path = (*path, key)
        else:
            here = (*path, len(container))
            container.append(value)
            self.lines[here] = line
        return here


def read_json(data: bytes, name: str, *, max_bytes: int = 16 << 20) -> Document:
    """Parse strict JSON (no duplicate keys, no NaN, bounded depth and size). Raises GateError naming the file."""
    from attestations.strict_json import StrictJsonError, loads

    try:
        return Document(name=name, value=loads(data, max_bytes=max_bytes))
    except StrictJsonError as error:
        raise GateError(f"{name}: not strict JSON: {error}") from None


def read_document(data: bytes, name: str) -> Document:
    """JSON by its name's ending, YAML otherwise."""
    return read_json(data, name) if name.endswith(".json") else read_yaml(data, name)


def _text(data: bytes, name: str, limit: int) -> str:
    if len(data) > limit:
        raise GateError(f"{name}: {len(data):,} bytes; the limit is {limit:,}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GateError(f"{name}:{line}: not UTF-8 (byte {error.start})") from None


@dataclass(frozen=True, slots=True)
class Problem:
    """One violation of a schema: the node it is about (for its line) and a sentence that never quotes the value."""

    path: Path
    text: str


class Schema:
    """A compiled JSON Schema (draft 2020-12) that never reaches the network or a file and whose patterns are linear."""

    def __init__(self, schema: Mapping[str, Any], name: str) -> None:
        import jsonschema_rs

        try:
            jsonschema_rs.meta.validate(dict(schema))
            self._validator = jsonschema_rs.Draft202012Validator(
                dict(schema),
                validate_formats=True,
                retriever=_refuse_reference,
                pattern_options=jsonschema_rs.RegexOptions(),
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            message = getattr(error, "message", str(error)).splitlines()[0]
            raise GateError(f"{name}: not a usable JSON Schema: {message[:200]}") from None
        self._schema = schema
        examples = schema.get("examples", ())
        self.example: Mapping[str, Any] | None = examples[0] if examples else None
        """The schema's own first example, over which controls write theirs as merge patches."""
        if self.example is not None and self.problems(self.example, limit=1):
            raise GateError(f"{name}: the schema's own example: {self.problems(self.example)[0].text}")

    def problems(self, value: Any, *, limit: int = 20) -> list[Problem]:
        """What is wrong, misspelt keys first (they explain missing ones); empty when valid."""
        found = [_problem(error, self._schema) for error in islice(self._validator.iter_errors(value), limit)]
        return sorted(found, key=lambda problem: "unknown key" not in problem.text)

    def is_valid(self, value: Any) -> bool:
        return bool(self._validator.is_valid(value))

    def check(self, document: Document) -> None:
        """Raise a GateError for the first thing that is wrong, with its file and line."""
        problems = self.problems(document.value)
        if problems:
            raise document.error(problems[0].path, problems[0].text)


def _refuse_reference(uri: str) -> Any:
    raise ValueError(f"schemas are self-contained; $ref to {uri!r} is refused")


def _problem(error: Any, schema: Mapping[str, Any]) -> Problem:
    path = tuple(error.instance_path)
    where = ".".join(str(part) for part in path)
    sentence = _sentence(error, schema)
    if type(error.kind).__name__.endswith("AdditionalProperties"):
        path = (*path, error.kind.unexpected[0])
    return Problem(path, f"{where}: {sentence}" if where else sentence)


def _sentence(error: Any, schema: Mapping[str, Any]) -> str:
    keyword = type(error.kind).__name__.rsplit("_", 1)[-1]
    node: Any = schema
    for part in list(error.schema_path)[:-1]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = {}
            break
    if keyword == "AdditionalProperties":
        unknown = list(error.kind.unexpected)
        known = list(node.get("properties", {})) if isinstance(node, Mapping) else []
        return "; ".join(f"unknown key {key[:60]!r}{did_you_mean(key, known)}" for key in unknown[:5])
    if keyword == "Required":
        return f"the key {error.kind.property!r} is missing"
    if keyword == "Enum":
        return f"must be one of {', '.join(str(option) for option in error.kind.options)}"
    if keyword == "Type":
        return f"must be of type {', '.join(error.kind.types)}"
    if keyword == "Pattern":
        return f"must match {error.kind.pattern}"
    if keyword == "Format":
        return f"must be a valid {error.kind.format}"
    rule = error.schema_path[-1] if error.schema_path else keyword
    limit = getattr(error.kind, "limit", None)
    return f"violates {rule}" + (f" ({limit})" if limit is not None else "")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """` (did you mean 'x'?)`, or nothing."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[-+][0-9]{2}:[0-9]{2})?"
)


def parse_time(text: str) -> datetime:
    """RFC 3339 with an explicit offset, as UTC, truncated to milliseconds.

    Raises ValueError: naive, a leap second, outside the years 1 to 9999 in UTC, or any other way ISO 8601 has.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 time such as 2026-11-21T10:00:00Z")
    if found[3] is None:
        raise ValueError("the time has no offset; write it in UTC with a trailing Z")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def parse_date(text: str) -> date:
    """ISO 8601 calendar date `YYYY-MM-DD`."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f"not a date: {text[:20]!r}")
    return date.fromisoformat(text)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(moment: datetime) -> int:
    """UTC epoch milliseconds, exact (no floating point)."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_epoch_ms(value: int) -> datetime:
    """The UTC datetime of epoch milliseconds."""
    from datetime import timedelta

    return _EPOCH + timedelta(milliseconds=value)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with a trailing Z; milliseconds only where there are any."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
