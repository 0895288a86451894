"""One record in, one verdict out: accepted, parked (well formed, but nobody can say yet whose it is) or rejected.

What JSON is, `attestations.strict_json` says, and the kinds' schemas say the rest. There are three ways to the same
verdict. A line that is written as others were that were accepted is judged by one match (see `gate.ingest.shapes`).
Else the fast parser reads it, and is believed when writing again what it read gives the same line but for white space:
then there was no second key of a name, no number that two parsers read differently, and no escape. Every other line
goes through the strict reader itself.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from attestations import strict_json
from gate.ingest.shapes import CANONICAL, Shape, UnshapedError, shape_of
from gate.model import GateError, Kind, Location, Row
from gate.reading import Schema, parse_time
from gate.store import Column, misfit, tables

MAX_RECORD = 16 << 20
ACCEPTED, PARKED, REJECTED = "accepted", "parked", "rejected"
TENANT = ("tenantid", "tenant_id")
POLICY = ("policyversion", "policy_version")
ENVELOPE = ("datacontenttype", "dataschema")

_PLAIN = orjson.OPT_STRICT_INTEGER
_SPACE = b" \t\r\n"
_FAST = 1 << 20
_TRIES = 32
"""To learn a shape of a kind: each compiles a long expression, and a producer has few."""
_TYPE = re.compile(rb'"type": ?("[^"\\]{1,200}")')
_JSON_MEDIA = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/(?:[A-Za-z0-9!#$&^_.-]{1,100}\+)?json(?:\s*;.{0,100})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What records are judged by; plain values, so that it can be sent to another process.

    `schemas` are the JSON Schemas by kind; `kind` is that of bare records, None when they are CloudEvents; `tenants`
    those the registry knows, None without a registry; `not_after` the latest time (RFC 3339, UTC, whole seconds) that
    is not in the future. `expired` is by kind until when its records were dropped from the store: older ones do not
    come back.
    """

    schemas: Mapping[str, Mapping[str, Any]]
    kind: str | None
    tenants: frozenset[str] | None
    not_after: str
    expired: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A record that was not accepted. `reason` is a word to count by, `detail` a sentence that may hold its text."""

    outcome: str
    reason: str
    detail: str
    kind: str | None = None
    identity: str | None = None


Accepted = tuple[str, bytes]
"""A record's kind, and the record as canonical JSON. A plain tuple: there are millions."""


def kind_of(name: str, schema: Mapping[str, Any]) -> Kind:
    return Kind(name=name, pack="", schema=schema, source=Location(path=f"{name}.json"))


def event_type(schema: Mapping[str, Any]) -> str | None:
    """The CloudEvents `type` that a kind's schema fixes; None for a kind of bare records."""
    fields = schema.get("properties", {})
    found = fields.get("type", {}).get("const") if "specversion" in fields else None
    return found if isinstance(found, str) else None


def when(schema: Mapping[str, Any]) -> str | None:
    """The field that says when a record happened: `time` (CloudEvents), or the only required time there is."""
    fields = schema.get("properties", {})
    times = [name for name in schema.get("required", ()) if fields.get(name, {}).get("format") == "date-time"]
    return "time" if "time" in times else times[0] if len(times) == 1 else None


def identity_of(kind: str, schema: Mapping[str, Any], record: Row) -> str | None:
    """What no two different records may share: source and id of an event, kind and id of a bare record."""
    if event_type(schema) is not None or "specversion" in record:
        source, name = record.get("source"), record.get("id")
        if not (isinstance(source, str) and isinstance(name, str)):
            return None
        return f"{len(source.encode())}:{source}{name}"
    name = record.get("id")
    return f"kind:{kind}:{name}" if isinstance(name, str) else None


def parse(line: bytes) -> Any:
    """The JSON value of a line. Raises StrictJsonError exactly where `strict_json.loads` does."""
    brackets = line.count(b"{") + (line.count(b"[") if b"[" in line else 0)
    if brackets <= strict_json.MAX_DEPTH and len(line) <= _FAST:
        try:
            value = orjson.loads(line)
            text = orjson.dumps(value, option=_PLAIN)
        except (orjson.JSONDecodeError, TypeError):  # what can't be written again raises a TypeError
            return strict_json.loads(line, max_bytes=MAX_RECORD)
        if text == line or text.translate(None, _SPACE) == line.translate(None, _SPACE):
            return value
    return strict_json.loads(line, max_bytes=MAX_RECORD)


class _Compiled:
    """A kind ready to judge with."""

    def __init__(self, name: str, schema: Mapping[str, Any]) -> None:
        self.name = name
        self.raw = schema
        self.schema = Schema(schema, name)
        self.is_valid: Callable[[Any], bool] = self.schema.is_valid
        self.type = event_type(schema)
        fields = schema.get("properties", {})
        self.fields = frozenset(fields)
        self.names = frozenset(_names(schema))
        required = schema.get("required", ())
        self.tenant = next((name for name in TENANT if name in fields), None)
        self.attribution = tuple(name for name in (*TENANT, *POLICY) if name in required)
        kind = kind_of(name, schema)
        self.misfit = misfit(kind)
        found = tables(kind)
        self.columns = found[0].columns
        self.arrays = {table.array for table in found if table.array}
        times = [column for table in found for column in table.columns if column.format]
        plain = all(not table.array or not any(c.format for c in table.columns) for table in found)
        self.times = tuple(c.path for c in times) if plain and all(c.format == "date-time" for c in times) else None
        """Where its times stand; None when they are of more than the simple kind."""
        self.when = when(schema)
        self.dated = "time" if any(c.path == ("time",) and c.format == "date-time" for c in times) else None
        example = dict(self.schema.example or {})
        self.stand_in = {name: example.get(name, "unknown") for name in self.attribution}


def _names(schema: Any) -> Iterable[str]:
    if isinstance(schema, Mapping):
        for name, node in schema.get("properties", {}).items():
            yield name
            yield from _names(node)
        yield from _names(schema.get("items"))


class Judge:
    """Judges the records of a run."""

    def __init__(self, rules: Rules) -> None:
        self._kinds = {name: _Compiled(name, schema) for name, schema in rules.schemas.items()}
        self._types = {kind.type: kind for kind in self._kinds.values() if kind.type is not None}
        self._only = None if rules.kind is None else self._kinds[rules.kind]
        self._tenants = rules.tenants
        self._not_after = rules.not_after
        self._limit = parse_time(rules.not_after)
        self._known = None if rules.tenants is None else {f'"{name}"'.encode() for name in rules.tenants}
        self._until = f'"{rules.not_after}"'.encode()
        self._usual = len(self._until)
        self._expired = {name: parse_time(text) for name, text in rules.expired.items()}
        self._since = {name: f'"{text}"'.encode() for name, text in rules.expired.items()}
        self._last: Shape | None = None
        self._shapes: dict[bytes, list[Shape]] = {}
        self._tries = dict.fromkeys(self._kinds, 0)

    def __call__(self, line: bytes) -> Accepted | Held:
        """The verdict on one record's bytes; no exception leaves for anything that is in them."""
        shape = self._last
        if shape is None or (match := shape.match(line)) is None:
            shape, match = self._shaped(line)
            if shape is None or match is None:
                return self._long(line, learn=True)
        values = match.group(*shape.order)
        if self._known is not None and shape.tenant is not None and values[shape.tenant] not in self._known:
            return self._long(line)
        if shape.time is not None:
            time = values[shape.time]
            if time > self._until if len(time) == self._usual else time[:20] >= self._until[:20]:
                return self._long(line)
            if self._since and time[:20] <= self._since.get(shape.kind, b"")[:20]:  # perhaps dropped before
                return self._long(line)
        return shape.kind, shape.canonical % values

    def _shaped(self, line: bytes) -> tuple[Shape | None, re.Match[bytes] | None]:
        """Another shape than the last one that takes the line."""
        if not self._shapes:
            return None, None
        named = _TYPE.search(line)
        for shape in self._shapes.get(b"" if self._only is not None or named is None else named[1], ()):
            if shape is not self._last and (match := shape.match(line)) is not None:
                self._last = shape
                return shape, match
        return None, None

    def _long(self, line: bytes, *, learn: bool = False) -> Accepted | Held:
        try:
            record = parse(line)
        except strict_json.StrictJsonError as error:
            return Held(REJECTED, "too-long" if len(line) > MAX_RECORD else "not-json", str(error))
        except RecursionError:
            return Held(REJECTED, "not-json", "nested too deeply")
        whole = dict(record) if type(record) is dict else {}
        verdict = self.judge(record)
        if learn and isinstance(verdict, tuple) and self._tries[verdict[0]] < _TRIES:
            self._learn(self._kinds[verdict[0]], whole, line)
        return verdict

    def _learn(self, kind: _Compiled, record: Row, line: bytes) -> None:
        self._tries[kind.name] += 1
        apart = frozenset(ENVELOPE) - kind.fields if kind.type is not None else frozenset()
        try:
            shape = shape_of(kind.name, kind.raw, record, line, apart=apart, tenant=kind.tenant, time=kind.dated)
        except UnshapedError:
            return
        if (self._known is not None and kind.tenant is not None and shape.tenant is None) or (
            (kind.name in self._expired or (kind.dated is not None and record.get(kind.dated) is not None))
            and shape.time is None
        ):
            return
        named = b"" if self._only is not None else orjson.dumps(kind.type)
        self._shapes.setdefault(named, []).append(shape)
        self._last = shape

    def judge(self, record: Any) -> Accepted | Held:
        if type(record) is not dict:
            return Held(REJECTED, "not-an-object", "a record is a JSON object")
        kind = self._only
        if kind is None:
            named = record.get("type")
            kind = self._types.get(named) if type(named) is str else None
            if kind is None or record.get("specversion") != "1.0":
                return _stranger(record)
        if kind.type is not None and ("datacontenttype" in record or "dataschema" in record):
            held = _envelope(kind, record)
            if held is not None:
                return held
        if not kind.is_valid(record) or not self._fits(kind, record):
            return self._unfit(kind, record)
        if kind.name in self._expired:
            moment = record.get(kind.when or "")
            if moment is not None and parse_time(moment) < self._expired[kind.name]:
                return Held(REJECTED, "expired", "records of its age were dropped from this store", kind.name)
        if self._tenants is not None and kind.tenant is not None and record.get(kind.tenant) not in self._tenants:
            return _parked(kind, record, "unknown-tenant", "no tenant of that name is declared")
        if kind.dated is not None and (time := record.get(kind.dated)) is not None and self._future(time):
            return _parked(kind, record, "future-time", f"its time lies after {self._not_after}")
        return kind.name, orjson.dumps(record, option=CANONICAL)

    def _future(self, time: str) -> bool:
        if len(time) == 20 and time[10::9] == "TZ":
            return time > self._not_after
        return parse_time(time) > self._limit

    def _fits(self, kind: _Compiled, record: Row) -> bool:
        """Whether a valid record's times fit their columns: RFC 3339 in its usual form, in UTC, no leap second, does.

        The schema asserted the format before, so that a few characters tell which form it is.
        """
        if kind.times is None:
            return kind.misfit(record) is None
        for path in kind.times:
            value: Any = record.get(path[0])
            for name in path[1:]:
                value = value.get(name) if type(value) is dict else None
            if value is not None and not (
                len(value) == 20 and value[10::9] == "TZ" and value[17] < "6" and value > "0001"
            ):
                return kind.misfit(record) is None
        return True

    def _unfit(self, kind: _Compiled, record: dict[str, Any]) -> Held:
        missing = [name for name in kind.attribution if record.get(name) is None]
        if missing:
            whole = {**record, **{name: kind.stand_in[name] for name in missing}}
            if kind.is_valid(whole) and self._fits(kind, whole):
                return _parked(kind, record, f"missing-{'-and-'.join(missing)}", "it says not whose it is, or by what")
        problems = kind.schema.problems(record, limit=5)
        if not problems:
            return Held(REJECTED, "time", kind.misfit(record) or "a time that is none", kind.name)
        known = [part for part in problems[0].path if isinstance(part, str) and part in kind.names]
        return Held(REJECTED, ":".join(["schema", ".".join(known)] if known else ["schema"])[:128], problems[0].text,
                    kind.name)  # fmt: skip


def _parked(kind: _Compiled, record: Row, reason: str, detail: str) -> Held:
    return Held(PARKED, reason, detail, kind.name, identity_of(kind.name, kind.raw, record))


def _stranger(record: Row) -> Held:
    """An event of a type that no kind has is parked; what is no CloudEvent is rejected."""
    for name in ("type", "source", "id"):
        if not (isinstance(record.get(name), str) and record[name]):
            return Held(
                REJECTED, "not-a-cloudevent", f"the attribute {name!r} is missing; for bare records give --kind"
            )
    if record.get("specversion") != "1.0":
        return Held(REJECTED, "not-a-cloudevent", "specversion must be 1.0")
    return Held(PARKED, "unknown-type", "no kind of this policy has that type", None, identity_of("", {}, record))


def _envelope(kind: _Compiled, record: dict[str, Any]) -> Held | None:
    """Check the attributes that say how the data is written, and take them off: the schemas are of what it says."""
    media = record.get("datacontenttype")
    if media is not None and not (isinstance(media, str) and _JSON_MEDIA.fullmatch(media)):
        return Held(REJECTED, "datacontenttype", "the data of an event must be JSON", kind.name)
    schema = record.get("dataschema")
    if schema is not None and schema != kind.raw.get("$id"):
        if not isinstance(schema, str):
            return Held(REJECTED, "schema:dataschema", "dataschema: must be of type string", kind.name)
        return _parked(kind, record, "unknown-dataschema", "its data is of another schema than the policy's")
    for name in ENVELOPE:
        if name not in kind.fields:
            record.pop(name, None)
    return None


def cells(header: list[str], kinds: Mapping[str, Mapping[str, Any]], only: str | None) -> Callable[[bytes], bytes]:
    """Turns a row of CSV into JSON: a column is named like the table's (`data_quantity`) or by its path
    (`data.quantity`); an empty cell is no value. Raises ValueError for a row that is none."""
    typed: dict[str, dict[str, tuple[tuple[str, ...], str]]] = {}
    types: dict[str, str] = {}
    for name, schema in kinds.items():
        found = tables(kind_of(name, schema))
        columns = {**{c.name: (c.path, _json_type(c)) for c in found[0].columns},
                   **{".".join(c.path): (c.path, _json_type(c)) for c in found[0].columns}}  # fmt: skip
        for table in found[1:]:
            columns |= {"_".join(table.array): (table.array, "array"), ".".join(table.array): (table.array, "array")}
        typed[name] = columns
        named = event_type(schema)
        if named is not None:
            types[named] = name
    of_type = header.index("type") if only is None and "type" in header else None

    def row(data: bytes) -> bytes:
        try:
            rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"not a row of CSV: {str(error)[:100]}") from None
        if len(rows) != 1 or len(rows[0]) != len(header):
            raise ValueError(f"a row of {len(rows[0]) if rows else 0} cells under {len(header)} columns")
        kind = only if of_type is None else types.get(rows[0][of_type])
        columns = typed.get(kind or "", {})
        record: dict[str, Any] = {}
        for name, cell in zip(header, rows[0], strict=True):
            if cell != "":
                path, wanted = columns.get(name, ((name,), "string"))
                inner: Any = record
                for part in path[:-1]:
                    inner = inner.setdefault(part, {}) if type(inner) is dict else None
                if type(inner) is not dict or path[-1] in inner:
                    raise ValueError(f"two cells for one value: the column {name[:60]!r} and another")
                inner[path[-1]] = _cell(cell, wanted)
        return orjson.dumps(record)

    return row


def _json_type(column: Column) -> str:
    return "string" if column.format else {"BIGINT": "integer", "BOOLEAN": "boolean"}.get(column.type, "string")


_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")


def _cell(text: str, wanted: str) -> Any:
    """A cell as its column wants it; what does not fit stays text, for the schema to refuse."""
    if wanted == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if wanted == "boolean" and text in ("true", "false"):
        return text == "true"
    if wanted == "array":
        try:
            return strict_json.loads(text.encode())
        except strict_json.StrictJsonError:
            return text
    return text


def check_kinds(rules: Rules) -> None:
    """Raise GateError for schemas that can't be judged by, before anything is read."""
    types: dict[str, str] = {}
    for name, schema in rules.schemas.items():
        kind = _Compiled(name, schema)
        if kind.type is not None and types.setdefault(kind.type, name) != name:
            raise GateError(f"the kinds {types[kind.type]} and {name} have the same CloudEvents type {kind.type!r}")
