"""Who may do what: roles, table privileges, and routines that run with their owner's rights (PostgreSQL)."""

from __future__ import annotations

import re
from dataclasses import replace

from lints.patterns import regex
from lints.schema.facts import Grant, Role, Routine
from lints.schema.names import IDENT, NAME
from lints.schema.security import parenthesised, top_level_commas
from lints.schema.statement import Statement

_MAX_BODY = 512 * 1024
PRIVILEGES = frozenset({"select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"})
_ROLE = regex(
    rf"(?:create|alter)\s+(?:role|user|group)\s+(?:if\s+not\s+exists\s+)?({IDENT})\s*(.*)", re.IGNORECASE | re.DOTALL
)
_POWER = regex(r"\b(no)?(superuser|bypassrls)\b", re.IGNORECASE)
_IN_ROLE = regex(rf"\bin\s+(?:role|group)\s+({IDENT}(?:\s*,\s*{IDENT})*)", re.IGNORECASE)
_DROP_ROLE = regex(rf"drop\s+(?:role|user|group)\s+(?:if\s+exists\s+)?({IDENT}(?:\s*,\s*{IDENT})*)", re.IGNORECASE)
_ON_TABLES = regex(
    rf"(grant|revoke)\s+(?:grant\s+option\s+for\s+)?(.*?)\s+on\s+(?:(all\s+tables\s+in\s+schema)\s+({IDENT}(?:\s*,\s*{IDENT})*)"
    rf"|(?:table\s+)?({NAME}(?:\s*,\s*{NAME})*))\s+(?:to|from)\s+(.*)",
    re.IGNORECASE | re.DOTALL,
)
_DEFAULTS = regex(
    rf"alter\s+default\s+privileges\s+(?:for\s+(?:role|user)\s+{IDENT}(?:\s*,\s*{IDENT})*\s+)?"
    rf"(?:in\s+schema\s+({IDENT})(?:\s*,\s*{IDENT})*\s+)?(grant|revoke)\s+(?:grant\s+option\s+for\s+)?(.*?)\s+on\s+tables\s+(?:to|from)\s+(.*)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_TABLES = regex(
    r"(?:grant|revoke)\s.*?\son\s+(?:all\s+(?:functions|sequences|procedures|routines)|schema|database|function|procedure"
    r"|routine|sequence|language|type|domain|foreign|large|tablespace|parameter)\b",
    re.IGNORECASE | re.DOTALL,
)
_MEMBERSHIP = regex(
    rf"(grant|revoke)\s+(?:(?:admin|inherit|set)\s+option\s+for\s+)?({IDENT}(?:\s*,\s*{IDENT})*)\s+(?:to|from)\s+(.*)",
    re.IGNORECASE | re.DOTALL,
)
_TAIL = regex(r"\b(?:with\s+(?:grant|admin|inherit|set)|granted\s+by|cascade|restrict)\b.*", re.IGNORECASE | re.DOTALL)
_ROUTINE = regex(
    rf"create\s+(?:or\s+(?:replace|alter)\s+)?(?:definer\s*=\s*\S+\s+)?(?:function|proc(?:edure)?)\s+(?:if\s+not\s+exists\s+)?({NAME})\s*",
    re.IGNORECASE,
)
_ONE_FORM = frozenset({"tsql", "mysql", "oracle"})
"""Dialects in which routines of one name have one form."""
_CHANGED = regex(rf"(alter|drop)\s+(?:function|procedure|routine)\s+(?:if\s+exists\s+)?({NAME})\s*(\()?", re.IGNORECASE)
_LANGUAGE = regex(r"\blanguage\s+'?(\w+)'?", re.IGNORECASE)
_DOLLARS = regex(r"\bas\s+(\$\w*\$)(.*?)\1", re.IGNORECASE | re.DOTALL)
_QUOTED = regex(r"\bas\s+'((?:[^']|'')*+)'(?!\s*,)", re.IGNORECASE)
_ATOMIC = regex(r"\bbegin\s+atomic\b(.*)\bend\b", re.IGNORECASE | re.DOTALL)
_RETURN = regex(r"\breturn\b\s+(.*)", re.IGNORECASE | re.DOTALL)


def apply_role(s: Statement, text: str) -> None:
    """CREATE, ALTER or DROP ROLE."""
    dropped = _DROP_ROLE.match(text)
    if dropped is not None:
        for name in _roles(s, dropped.group(1)):
            s.catalog.roles.pop(name, None)
        return
    found = _ROLE.match(text)
    if found is None:
        return
    name, options = s.written_name(found.group(1))[1], re.sub(r"'(?:[^']|'')*+'", "", found.group(2))
    role = s.catalog.roles.get(name) or Role(name=name, origin=s.origin("role defined here"))
    powers = {power.lower(): not no for no, power in _POWER.findall(options)}
    if powers:
        role = replace(
            role,
            superuser=powers.get("superuser", role.superuser),
            bypasses=powers.get("bypassrls", role.bypasses),
            origin=s.origin("the role's powers are set here"),
        )
    joined = _IN_ROLE.search(options)
    if joined is not None:
        role = replace(role, member_of=tuple(sorted({*role.member_of, *_roles(s, joined.group(1))})))
    s.catalog.roles[name] = role


def apply_grant(s: Statement, text: str) -> str | None:
    """GRANT or REVOKE, of privileges on tables or of roles; returns why it could not be read, or None."""
    defaults = _DEFAULTS.match(text)
    if defaults is not None:
        schema, verb, what, roles = defaults.groups()
        _change(s, verb, what, ["*"], roles, s.written_name(schema)[1] if schema else None)
        return None
    if text[:5].lower() == "alter" or _NOT_TABLES.match(text):
        return None
    on_tables = _ON_TABLES.match(text)
    if on_tables is not None:
        verb, what, everything, schemas, listed, roles = on_tables.groups()
        if everything:
            wanted = {s.written_name(part)[1] for part in top_level_commas(schemas)}
            inside = {None if name in ("public", "dbo", "main") else name for name in wanted}
            tables = [name for schema, name in s.catalog.tables if schema in inside]
            _change(s, verb, what, tables, roles, next(iter(sorted(wanted))))
        else:
            _change(s, verb, what, [s.written_name(part)[1] for part in top_level_commas(listed)], roles, None)
        return None
    membership = _MEMBERSHIP.match(text)
    if membership is None:
        return "a GRANT or REVOKE that could not be read"
    verb, groups, members = membership.groups()
    for member in _roles(s, members):
        role = s.catalog.roles.get(member) or Role(name=member, origin=s.origin("role named here"))
        before, joined = set(role.member_of), set(_roles(s, groups))
        both = before | joined if verb.lower() == "grant" else before - joined
        s.catalog.roles[member] = replace(role, member_of=tuple(sorted(both)))
    return None


def _change(s: Statement, verb: str, what: str, tables: list[str], roles: str, schema: str | None) -> None:
    words = {part.split("(")[0].strip().lower() for part in top_level_commas(what)}
    named = {word.removesuffix(" privileges") for word in words}
    privileges = PRIVILEGES if "all" in named else named & PRIVILEGES
    for role in _roles(s, roles):
        if verb.lower() == "grant":
            if tables and privileges:
                given = dict.fromkeys(tables, tuple(sorted(privileges)))
                s.catalog.grants.append(
                    Grant(role=role, privileges=given, origin=s.origin("granted here"), schema=schema)
                )
            continue
        s.catalog.grants = [
            replace(
                grant,
                privileges={
                    table: left
                    for table, held in grant.privileges.items()
                    if (left := tuple(p for p in held if p not in privileges) if table in tables else held)
                },
            )
            if grant.role == role
            else grant
            for grant in s.catalog.grants
        ]


def _roles(s: Statement, written: str) -> list[str]:
    names = top_level_commas(_TAIL.sub("", written).replace(";", ""))
    return [s.written_name(re.sub(r"^group\s+", "", name, flags=re.IGNORECASE))[1] for name in names if name]


def apply_routine(s: Statement, text: str) -> bool:
    """CREATE, ALTER or DROP of a function or procedure; False for anything else."""
    made = _ROUTINE.match(text)
    if made is not None:
        routine = _routine(s, s.written_name(made.group(1))[1], text, made.end())
        form = "" if s.dialect in _ONE_FORM else _signature(routine.arguments)
        s.catalog.routines[routine.name, form] = routine
        return True
    changed = _CHANGED.match(text)
    if changed is None:
        return False
    name = s.written_name(changed.group(2))[1]
    arguments = parenthesised(f"a {text[changed.end() - 1 :]}", "a") if changed.group(3) else None
    rest = text[changed.end() :]
    for key in [key for key in s.catalog.routines if key[0] == name]:
        if arguments is not None and key[1] != (form := _signature(arguments)) and (name, form) in s.catalog.routines:
            continue
        routine = s.catalog.routines[key]
        if changed.group(1).lower() == "drop":
            del s.catalog.routines[key]
        elif renamed := re.search(rf"\brename\s+to\s+({IDENT})", rest, re.IGNORECASE):
            new = s.written_name(renamed.group(1))[1]
            s.catalog.routines[new, key[1]] = replace(s.catalog.routines.pop(key), name=new)
        else:
            security = re.search(r"\bsecurity\s+(definer|invoker)\b", rest, re.IGNORECASE)
            definer = routine.definer if security is None else security.group(1).lower() == "definer"
            pinned = routine.pinned or re.search(r"\bset\s+search_path\b", rest, re.IGNORECASE) is not None
            if re.search(r"\breset\s+(?:search_path|all)\b", rest, re.IGNORECASE):
                pinned = False
            origin = routine.origin if definer == routine.definer else s.origin("altered here")
            s.catalog.routines[key] = replace(routine, definer=definer, pinned=pinned, origin=origin)
    return True


_DEFAULT = regex(r"\s*(?:=|\bdefault\b).*", re.IGNORECASE | re.DOTALL)
_TYPES = {
    "integer": "int", "int4": "int", "int8": "bigint", "int2": "smallint", "boolean": "bool", "varying": "varchar",
    "precision": "float8", "decimal": "numeric", "timestamptz": "zone",
}  # fmt: skip
"""Other names of types, by their last word."""


def _signature(arguments: str) -> str:
    """What tells the forms of a routine apart: the last word of each type that is handed in."""
    found = []
    for part in top_level_commas(arguments) if arguments.strip() else ():
        words = re.sub(r"\([^()]*\)", "", _DEFAULT.sub("", part)).lower().split()
        if words[:1] == ["out"]:
            continue
        last = (words or [""])[-1]
        array = "[]" if last.endswith("[]") else ""
        last = last.removesuffix("[]").rpartition(".")[2].strip('"')
        found.append(_TYPES.get(last, last) + array)
    return ", ".join(found)


def _routine(s: Statement, name: str, text: str, after: int) -> Routine:
    """What matters of a CREATE FUNCTION or PROCEDURE."""
    text = text[:_MAX_BODY]
    arguments = parenthesised(f"a {text[after:]}", "a") or ""
    body: str | None = None
    start = 0
    outside = text
    for pattern, group in ((_DOLLARS, 2), (_QUOTED, 1), (_ATOMIC, 1)):
        found = pattern.search(text)
        if found is not None:
            body, start = found.group(group), found.start(group)
            body = body.replace("''", "'") if pattern is _QUOTED else body
            outside = text[: found.start(group)] + text[found.end(group) :]
            break
    if body is None and (returned := _RETURN.search(text, after)) is not None:
        body, start = f"SELECT {returned.group(1)}", returned.start(1)
        outside = text[: returned.start()]
    language = _LANGUAGE.search(outside)
    spoken = language.group(1).lower() if language is not None else "sql"
    return Routine(
        name=name,
        definer=re.search(r"\bsecurity\s+definer\b", outside, re.IGNORECASE) is not None,
        pinned=re.search(r"\bset\s+search_path\b", outside, re.IGNORECASE) is not None,
        sql=text,
        origin=s.origin("routine defined here"),
        language=spoken,
        body=body if spoken in ("sql", "plpgsql") else None,
        body_line=s.piece.line + text.count("\n", 0, start),
        arguments=arguments,
        trigger=re.search(r"\breturns\s+(?:event_)?trigger\b", outside, re.IGNORECASE) is not None,
    )
