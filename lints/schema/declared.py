"""`tenancy.yaml`: what an organisation says about its tables and wrappers, each with a reason.

Shape (every key optional, unknown keys refused):

    version: 1
    dialect: postgres                  # how migrations and statements are read
    tenant_columns: [tenant_id, org_id]
    settings: [app.tenant_id]          # session settings that hold the caller's tenant
    isolation: {by: row_security, roles: [app]}  # or {by: statements, reason: "…"}; roles: what the service connects as
    tables:
      countries: {ownership: global, reason: "ISO 3166, the same for everybody"}
      boats:     {ownership: owned, column: fleet_id}
      logbooks:  {ownership: child}                      # the foreign key in the schema says of what
      prices:    {ownership: shared_null, column: tenant_id, reason: "NULL rows are list prices"}
      members:   {principal: [user_id], reason: "..."}   # ownership as derived; these columns identify the caller
    globals:                           # short form of `ownership: global`
      currencies: "ISO 4217"
    functions:
      reserve_berth: {tenant_argument: 0, reason: "checks the tenant itself"}
    carriers:                          # wrappers that a statement can go through, or what sets the tenant of a job:
                                       # its decorator, its base class, a function that it calls
      - {call: appendTenantFilter, trust: none, reason: "concatenates text; a top-level OR escapes it"}
      - {call: withTenantConnection, trust: enforces, reason: "one schema per tenant"}
      - {call: withTenant, trust: sets_context, reason: "SET LOCAL app.tenant_id; policies confine"}
    graph:                             # Cypher: which properties hold the tenant, which labels are nobody's
      properties: [tenantId]
      globals: {Country: "ISO 3166"}
    paths:                             # globs; the first class that matches wins, before the built-in ones
      test: ["**/*.spec.ts"]
      seed: ["db/seeds/**"]
      migration: ["db/changes/**"]
      generated: ["**/*.gen.ts"]

A `reason` is required wherever something is taken out of judgement: `global`, `shared_null`, `principal`, a trusted
carrier (`sets_context`, `enforces`), a function, and isolation by statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lints.tenancy import Function, Origin, Ownership


class DeclarationError(ValueError):
    """`tenancy.yaml` says something that can't be meant. One line: place, rule, remedy."""


class Trust(StrEnum):
    """What going through a wrapper means. It never means that the statement is scoped."""

    NONE = "none"  # known, proves nothing
    SETS_CONTEXT = "sets_context"  # sets the tenant for policies in the database; as good as those policies
    ENFORCES = "enforces"  # other tenants' rows are out of reach (schema or database per tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDeclaration:
    """What is said of one table; UNKNOWN ownership means "as derived"."""

    ownership: Ownership
    origin: Origin
    column: str | None = None
    principal_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A wrapper, by the last part of the name of its call (`withTenant`, or qualified: `pg.withTenant`).

    For background work it may also be a decorator or a base class of the function, or any function that it calls.
    """

    call: str
    trust: Trust
    origin: Origin


class Means(StrEnum):
    """What keeps tenants apart in the database."""

    ROW_SECURITY = "row_security"  # policies in the database: every tenant table must have them
    STATEMENTS = "statements"  # predicates in statements; policies, where there are some, are a second line


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How tenants are kept apart, and the database roles that the service connects as (none: not said)."""

    by: Means
    roles: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """A `tenancy.yaml` as read."""

    tables: Mapping[str, TableDeclaration] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    carriers: tuple[Carrier, ...] = ()
    settings: tuple[str, ...] = ()
    tenant_columns: tuple[str, ...] = ()
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    graph_properties: tuple[str, ...] = ()
    graph_globals: Mapping[str, str] = field(default_factory=dict)
    dialect: str | None = None
    isolation: Isolation | None = None


PATH_CLASSES = ("test", "seed", "migration", "generated", "script", "source")
_KEYS = frozenset(
    {
        "version",
        "dialect",
        "tenant_columns",
        "settings",
        "tables",
        "globals",
        "functions",
        "carriers",
        "paths",
        "graph",
        "isolation",
    }
)
_NEED_REASON = frozenset({Ownership.GLOBAL, Ownership.SHARED_NULL})


LineOf = Callable[[tuple[str | int, ...]], int]
"""The line of the value at a path of keys and positions."""


def read_declarations(
    declared: Mapping[str, Any] | Declarations | None, path: str = "tenancy.yaml", line_of: LineOf | None = None
) -> Declarations:
    """Check a parsed `tenancy.yaml`. Raises `DeclarationError` (one line) for anything that is not understood.

    `line_of` says where in the file a value stands; without it every origin is its first line.
    """
    if declared is None:
        return Declarations()
    if isinstance(declared, Declarations):
        return declared

    def origin(why: str, *keys: str | int) -> Origin:
        return Origin(path=path, line=1 if line_of is None else line_of(keys), why=why)

    source = _mapping(declared, path)
    unknown = sorted(map(str, set(source) - _KEYS))
    if unknown:
        raise DeclarationError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    if source.get("version", 1) != 1:
        raise DeclarationError(f"{path}: version: {source['version']!r} is not known; this version reads 1")
    tables: dict[str, TableDeclaration] = {}
    for name, value in _mapping(source.get("tables") or {}, f"{path}: tables").items():
        tables[name] = _table(path, name, value, origin)
    for name, reason in _mapping(source.get("globals") or {}, f"{path}: globals").items():
        if name in tables:
            raise DeclarationError(f"{path}: globals: {name} is declared under tables too; keep one")
        where = f"{path}: globals: {name}"
        tables[name] = TableDeclaration(
            ownership=Ownership.GLOBAL, origin=origin(f"declared global: {_text(reason, where)}", "globals", name)
        )
    functions: dict[str, Function] = {}
    for name, value in _mapping(source.get("functions") or {}, f"{path}: functions").items():
        where = f"{path}: functions: {name}"
        spec = _spec(value, where, {"tenant_argument", "reason"})
        argument = spec.get("tenant_argument")
        if not isinstance(argument, int) or isinstance(argument, bool) or argument < 0:
            raise DeclarationError(f"{where}: tenant_argument must be the 0-based position of the tenant")
        reason = _reason(spec, where)
        functions[name] = Function(
            name=name,
            tenant_argument=argument,
            origin=origin(f"declared scoped by its argument: {reason}", "functions", name),
        )
    graph = _spec(source.get("graph") or {}, f"{path}: graph", {"properties", "globals"})
    labels = _mapping(graph.get("globals") or {}, f"{path}: graph: globals")
    return Declarations(
        graph_properties=_texts(graph.get("properties") or [], f"{path}: graph: properties"),
        graph_globals={label: _text(reason, f"{path}: graph: globals: {label}") for label, reason in labels.items()},
        tables=tables,
        functions=functions,
        carriers=tuple(_carriers(path, source.get("carriers") or [], origin)),
        settings=tuple(sorted({*_texts(source.get("settings") or [], f"{path}: settings")})),
        tenant_columns=_texts(source.get("tenant_columns") or [], f"{path}: tenant_columns"),
        paths=_paths(path, source.get("paths") or {}),
        dialect=_dialect(path, source["dialect"]) if source.get("dialect") is not None else None,
        isolation=_isolation(path, source["isolation"], origin) if source.get("isolation") is not None else None,
    )


def _dialect(path: str, value: object) -> str:
    from lints.proof.dialects import ALIASES, DIALECTS

    name = _text(value, f"{path}: dialect").lower()
    if ALIASES.get(name, name) not in DIALECTS:
        raise DeclarationError(f"{path}: dialect: {name[:40]!r} is not one of {', '.join(DIALECTS)}")
    return ALIASES.get(name, name)


def _isolation(path: str, value: object, origin: Callable[..., Origin]) -> Isolation:
    where = f"{path}: isolation"
    spec = _spec(value, where, {"by", "roles", "reason"})
    try:
        by = Means(spec.get("by", ""))
    except ValueError:
        known = ", ".join(m.value for m in Means)
        raise DeclarationError(f"{where}: by {spec.get('by')!r} is not one of {known}") from None
    needed = by is Means.STATEMENTS or spec.get("reason") is not None
    reason = f": {_reason(spec, where)}" if needed else ""
    roles = _texts(spec.get("roles") or [], f"{where}: roles")
    return Isolation(by=by, roles=roles, origin=origin(f"declared isolation by {by.value}{reason}", "isolation"))


def _table(path: str, name: str, value: object, origin: Callable[..., Origin]) -> TableDeclaration:
    where = f"{path}: tables: {name}"
    spec = _spec(value, where, {"ownership", "column", "reason", "principal"})
    written = spec.get("ownership", "unknown")
    try:
        ownership = Ownership(written)
    except ValueError:
        known = ", ".join(o.value for o in Ownership if o is not Ownership.UNKNOWN)
        raise DeclarationError(f"{where}: ownership {written!r} is not one of {known}") from None
    principal = _texts(spec.get("principal") or [], f"{where}: principal")
    if ownership is Ownership.UNKNOWN and not principal:
        raise DeclarationError(f"{where}: say its ownership, or which principal columns it has")
    needs_reason = ownership in _NEED_REASON or bool(principal)
    reason = _reason(spec, where) if needs_reason or spec.get("reason") is not None else ""
    column = _text(spec["column"], f"{where}: column") if spec.get("column") is not None else None
    said = f"declared {ownership.value}" if ownership is not Ownership.UNKNOWN else "principal columns declared"
    return TableDeclaration(
        ownership=ownership,
        origin=origin(f"{said}: {reason}" if reason else said, "tables", name),
        column=column,
        principal_columns=principal,
    )


def _carriers(path: str, value: object, origin: Callable[..., Origin]) -> list[Carrier]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise DeclarationError(f"{path}: carriers: a list of {{call, trust, reason}} is wanted")
    found: list[Carrier] = []
    for position, item in enumerate(value):
        where = f"{path}: carriers[{position}]"
        spec = _spec(item, where, {"call", "trust", "reason"})
        call = _text(spec.get("call"), f"{where}: call")
        try:
            trust = Trust(spec.get("trust", "none"))
        except ValueError:
            known = ", ".join(t.value for t in Trust)
            raise DeclarationError(f"{where}: trust {spec['trust']!r} is not one of {known}") from None
        reason = _reason(spec, where) if trust is not Trust.NONE or spec.get("reason") is not None else ""
        said = origin(f"{call}: {reason}" if reason else call, "carriers", position)
        found.append(Carrier(call=call, trust=trust, origin=said))
    return found


def _paths(path: str, value: object) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, globs in _mapping(value, f"{path}: paths").items():
        if name not in PATH_CLASSES:
            raise DeclarationError(f"{path}: paths: {name!r} is not one of {', '.join(PATH_CLASSES)}")
        found[name] = _texts(globs, f"{path}: paths: {name}")
    return found


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise DeclarationError(f"{where}: a mapping is wanted")
    return value


def _spec(value: object, where: str, keys: set[str]) -> Mapping[str, Any]:
    spec = _mapping(value, where)
    unknown = sorted(set(spec) - keys)
    if unknown:
        raise DeclarationError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}")
    return spec


def _reason(spec: Mapping[str, Any], where: str) -> str:
    return _text(spec.get("reason"), f"{where}: reason")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DeclarationError(f"{where}: a non-empty text is wanted")
    return " ".join(value.split())


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise DeclarationError(f"{where}: a list of texts is wanted")
    return tuple(_text(item, where) for item in value)
