"""What goes around row level security: views, definer functions, roles, privileges (TENDDL007 to 009, 014, 015)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lints.ddl.result import Finding
from lints.ddl.subject import Subject, quoted
from lints.patterns import regex
from lints.proof import Proof, Verdict, prove
from lints.schema.facts import Grant, Routine
from lints.schema.rights import PRIVILEGES
from lints.schema.security import top_level_commas, without_comments

_WORD = regex(r"[A-Za-z_][\w$]*|\"[^\"]+\"")
_AROUND = frozenset({"truncate", "references", "trigger"})
_EFFECTS = {
    "truncate": "TRUNCATE empties a table of all tenants",
    "references": "REFERENCES tells which keys other tenants have",
    "trigger": "TRIGGER runs code on everybody's rows",
}
_STRINGS = regex(r"'(?:[^']|'')*+'")


def findings(subject: Subject) -> Iterator[Finding]:
    """All of them."""
    yield from _views(subject)
    yield from _routines(subject)
    yield from _roles(subject)
    yield from _privileges(subject)


def _views(subject: Subject) -> Iterator[Finding]:
    for name, view in subject.schema.views.items():
        if view.security_invoker and not view.materialized:
            continue
        proofs = prove(view.sql, subject.model, dialect=subject.model.dialect)
        touched = _tenants(subject, proofs)
        if not touched or (not view.materialized and _confined(proofs)):
            continue
        shown = ", ".join(touched)
        because = subject.owned[touched[0]].origin if touched[0] in subject.owned else None
        if view.materialized:
            yield Finding(
                rule="TENDDL008",
                subject=name,
                table=touched[0],
                why=f"the materialized view {name} holds rows of {shown} and no policy applies to it: whoever may"
                " read it reads all tenants' rows",
                fix=f"REVOKE ALL ON {quoted(name)} FROM PUBLIC;\n-- and from every role the service connects as; let it"
                " read through a security_barrier view that compares the tenant",
                origin=view.origin,
                owned_because=because,
            )
        else:
            yield Finding(
                rule="TENDDL007",
                subject=name,
                table=touched[0],
                why=f"the view {name} reads {shown} with its owner's rights, which policies do not bind unless they are"
                " forced and the owner is no superuser: the caller's policies do not hold through it",
                fix=f"ALTER VIEW {quoted(name)} SET (security_invoker = true);",
                origin=view.origin,
                owned_because=because,
            )


def _tenants(subject: Subject, proofs: tuple[Proof, ...]) -> list[str]:
    """Tenant-owned tables that a query reads; of one that is not understood, whatever table it names."""
    found: dict[str, None] = {}
    for proof in proofs:
        for reference in proof.references:
            if reference.table in subject.owned:
                found[reference.table] = None
        for table in proof.tables:
            if table in subject.owned:
                found[table] = None
        if proof.verdict is Verdict.UNPARSED:
            found |= dict.fromkeys(subject.owned)
    return list(found)


def _confined(proofs: tuple[Proof, ...]) -> bool:
    return bool(proofs) and all(proof.verdict is Verdict.PROVEN for proof in proofs)


def _routines(subject: Subject) -> Iterator[Finding]:
    for routine in subject.schema.routines:
        if not routine.definer:
            continue
        touched = _mentioned(subject, routine)
        exempt = routine.trigger or routine.name in subject.declared.functions
        reaches = bool(touched) and not exempt and not _proven(subject, routine)
        if routine.pinned and not reaches:
            continue
        named = f"{quoted(routine.name)}({_types(routine.arguments)})"
        said, fixes = [], []
        if reaches:
            said.append(f"it uses {', '.join(touched)}, and nothing in it compares the tenant with the session's")
            fixes.append(f"ALTER FUNCTION {named} SECURITY INVOKER;")
        if not routine.pinned:
            said.append(
                "its search_path is not pinned, so that a caller can put tables of his own in the place of others"
            )
            fixes.append(f"ALTER FUNCTION {named} SET search_path = pg_catalog, public, pg_temp;")
        table = touched[0] if touched else None
        arity = len(top_level_commas(routine.arguments)) if routine.arguments.strip() else 0
        yield Finding(
            rule="TENDDL009",
            subject=f"{routine.name}/{arity}",
            table=table,
            why=f"the function {routine.name} runs with its owner's rights: {'; '.join(said)}",
            fix="\n".join(fixes),
            origin=routine.origin,
            owned_because=subject.owned[table].origin if table is not None else None,
        )


def _mentioned(subject: Subject, routine: Routine) -> list[str]:
    text = _STRINGS.sub("''", without_comments(routine.body or ""))
    words = {word.strip('"') if word[0] == '"' else word.lower() for word in _WORD.findall(text)}
    return [name for name in subject.owned if name.rpartition(".")[2] in words]


def _proven(subject: Subject, routine: Routine) -> bool:
    """Whether the body of an SQL function compares the tenant with the session's; its arguments are anybody's."""
    if routine.language != "sql" or routine.body is None:
        return False
    body = re.sub(r"\$(\d+)", r"argument_\1", routine.body)
    return _confined(prove(body, subject.model, dialect=subject.model.dialect))


def _types(arguments: str) -> str:
    """The arguments without their defaults, as ALTER FUNCTION takes them."""
    parts = [
        re.split(r"\s+default\s+|:?=", part, maxsplit=1, flags=re.IGNORECASE)[0] for part in top_level_commas(arguments)
    ]
    return ", ".join(" ".join(part.split()) for part in parts if part.strip())


def _roles(subject: Subject) -> Iterator[Finding]:
    for name, role in subject.schema.roles.items():
        if not (role.superuser or role.bypasses) or (subject.roles is not None and name not in subject.roles):
            continue
        power = "superuser" if role.superuser else "BYPASSRLS"
        takes = [word for word, held in (("NOSUPERUSER", role.superuser), ("NOBYPASSRLS", role.bypasses)) if held]
        yield Finding(
            rule="TENDDL014",
            subject=name,
            table=None,
            why=f"no policy binds the role {name} ({power}), nor whoever may become it",
            fix=f"ALTER ROLE {quoted(name)} {' '.join(takes)};",
            origin=role.origin,
        )


def _privileges(subject: Subject) -> Iterator[Finding]:
    """One finding for what a role may do on tables that are there, and one for those to come."""
    held: dict[tuple[str, bool, frozenset[str]], dict[str, Grant]] = {}
    for grant in subject.schema.grants:
        for table, privileges in grant.privileges.items():
            around = _AROUND.intersection(privileges)
            if (table == "*" or table in subject.owned) and around and subject.counts([grant.role]):
                held.setdefault((grant.role, table == "*", around), {}).setdefault(table, grant)
    for (name, later, around), tables in held.items():
        grant = next(iter(tables.values()))
        named = sorted(tables)
        listed = ", ".join(sorted(word.upper() for word in around))
        shown = "every table made later" if later else ", ".join(named[:3])
        shown += f" and {len(named) - 3} more" if len(named) > 3 else ""
        role = "PUBLIC" if name == "public" else quoted(name)
        effects = "; ".join(text for word, text in _EFFECTS.items() if word in around)
        schema = f" IN SCHEMA {quoted(grant.schema)}" if grant.schema is not None else ""
        fix = f"REVOKE {listed} ON {', '.join(map(subject.named, named))} FROM {role};"
        if later:
            fix = f"ALTER DEFAULT PRIVILEGES{schema} REVOKE {listed} ON TABLES FROM {role};"
        yield Finding(
            rule="TENDDL015",
            subject=f"{name}: {', '.join(sorted(around))}{' on tables to come' if later else ''}",
            table=None if later else named[0],
            why=f"{name} may do what policies do not judge on {shown}: {effects}",
            fix=fix,
            origin=grant.origin,
            owned_because=None if later else subject.owned[named[0]].origin,
        )


assert _AROUND <= PRIVILEGES
