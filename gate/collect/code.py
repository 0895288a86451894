"""Source code → facts, by the lints: every statement on a tenant-owned table, and every table with its owner.

The judged project is read, never run or imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gate import baseline
from gate.collect import Context, beside, first_line
from gate.collect.aside import UNJUDGED, Found, of_schema, settle
from gate.collect.scanning import model_of as model_of
from gate.collect.scanning import scanned
from gate.model import Aside, Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread, fingerprint
from gate.report.redact import redact
from gate.tree import Tree

if TYPE_CHECKING:
    from lints.rows import Access, CodeFacts, TableFact

MAX_SNIPPET, MAX_SNIPPET_LINES = 3000, 40
MAX_REMEDIES = 2000
# What the lint says would prove it, in words that a remedy makes needless.
_WANTED = re.compile(r"; `[^`]* = <tenant>` would prove it")


def collect(context: Context) -> Iterable[Evidence]:
    """`data_access`: a row a statement. `tenancy_table`: a row a table. `suppression`: a row a `tenant-ok` comment.
    `baseline_entry`: a row an entry of the baseline. `code_pattern`: a row a match, if the policy has that pack."""
    config = context.policy.config.get("source", {})
    code = scanned(context.tree, context.policy)
    facts, base, compared = code.facts, None, ""
    if context.base is not None:
        try:
            base, compared = scanned(context.base, context.policy).facts, f", compared with {context.base.origin}"
        except (GateError, UndecidedError) as error:
            compared = (
                f"; {context.base.origin} can't be analysed, so that everything counts as new: {first_line(error)}"
            )
    entries, entries_unread = _baseline(context)
    patterns = beside.matches(context, facts, base)
    both, both_before = facts, base
    if patterns is not None:
        both = replace(facts, accesses=(*facts.accesses, *patterns.accesses))
        both_before = None if base is None else replace(base, accesses=(*base.accesses, *patterns.base))
    settled = settle(
        both, context.policy, context.as_of.date(), entries=entries, base=both_before,
        schema=(*_unclassified(facts), *_schema(context, context.tree, entries)),
        base_schema=() if base is None else (*_unclassified(base), *_schema(context, context.base, entries)),
        origin=context.base.origin if context.base is not None else "",
    )  # fmt: skip
    remedies = _remedies(context, facts)
    yield Evidence(
        kind="data_access",
        rows=tuple(
            {**_access(access), **_aside(settled.asides.get(index)), **remedies.get(index, {})}
            for index, access in enumerate(facts.accesses)
        ),
        coverage=Coverage(
            scope=f"{len(code.digests)} files, {code.excluded} excluded by policy{compared}",
            unread=(*code.unread, *(Unread(path=p.path, line=p.line, reason=p.reason) for p in facts.unanalysed)),
            numbers={**facts.numbers, "files_excluded": code.excluded, **settled.numbers},
        ),
        materials=tuple(Descriptor(name=path, sha256=digest) for path, digest in code.digests.items()),
    )
    nobodys = [table.table for table in facts.tables if table.ownership == "unknown"]
    classified = {name: _aside(settled.schema.get(index)) for index, name in enumerate(nobodys)}
    yield Evidence(
        kind="tenancy_table",
        rows=tuple({**_table(table), **classified.get(table.table, {})} for table in facts.tables),
        coverage=Coverage(
            scope="migrations and models", unread=code.schema_unread, numbers={"tables": len(facts.tables)}
        ),
    )  # fmt: skip
    understood = _coverage(facts, base)
    yield Evidence(
        kind="coverage",
        rows=(understood,),
        coverage=Coverage(scope=f"{len(code.digests)} files{compared}", numbers=understood),
    )
    yield Evidence(
        kind="suppression",
        rows=settled.suppressions,
        coverage=Coverage(scope="tenant-ok comments in the source", unread=code.unread),
    )
    yield Evidence(
        kind="baseline_entry",
        rows=settled.baseline,
        coverage=Coverage(scope=config.get("baseline", "the policy has no baseline"), unread=entries_unread),
    )
    if patterns is not None:
        known = len(facts.accesses)
        yield beside.evidence(patterns, {i - known: why for i, why in settled.asides.items() if i >= known})


def _baseline(context: Context) -> tuple[tuple[baseline.Entry, ...], tuple[Unread, ...]]:
    """The judged tree's own baseline file: a change may shrink it, and only what both revisions have holds."""
    name = baseline.path_of(context.policy)
    if name is None:
        return (), ()
    try:
        return baseline.of_tree(context.tree, name), ()
    except (GateError, UndecidedError) as error:
        said = re.fullmatch(rf"(?:{re.escape(name)}:(?:(\d{{1,9}}):)? )?(.*)", first_line(error))
        number, reason = said.groups() if said is not None else (None, first_line(error))
        return (), (Unread(path=name, line=int(number or 1), reason=reason),)


def _unclassified(facts: CodeFacts) -> tuple[Found, ...]:
    """The tables that nobody classified, each a finding of TEN001."""
    return of_schema(("TEN001", t.table, t.path) for t in facts.tables if t.ownership == "unknown")


def _schema(context: Context, tree: Tree | None, entries: tuple[baseline.Entry, ...]) -> tuple[Found, ...]:
    """What is found in the schema, if the baseline has entries about it: those are stale when it is gone."""
    if tree is None or not any(entry.rule.startswith("TENDDL") for entry in entries):
        return ()
    from gate.collect.schema_findings import found_in

    try:
        return found_in(tree, context.policy)
    except (GateError, UndecidedError):
        return ()


def _coverage(facts: CodeFacts, base: CodeFacts | None) -> dict[str, int]:
    """How much was understood, in numbers that controls can set limits to. Tests, migrations and seeds don't count."""
    numbers, verdicts = facts.numbers, _verdicts(facts)
    before = {}
    if base is not None:
        was = _verdicts(base)
        before = {f"base_{verdict}": was[verdict] for verdict in ("proven", "opaque", "unparsed")}
        before["base_judged"] = sum(was.values()) + base.numbers["unclassified"]
        before["base_files_not_analysed"] = base.numbers["files_skipped"]
    return {
        "files_analysed": numbers["files_analysed"], "files_not_analysed": numbers["files_skipped"],
        "files_partial": numbers["files_partial"], "statements": numbers["statements"],
        "judged": sum(verdicts.values()) + numbers["unclassified"], **verdicts,
        "unclassified": numbers["unclassified"], **before,
    }  # fmt: skip


def _verdicts(facts: CodeFacts) -> dict[str, int]:
    """How many statements have which verdict; the worst of its rows is the statement's."""
    order = ("proven", "weak", "opaque", "violation", "unparsed")
    worst: dict[tuple[str, int, int, str], int] = {}
    for access in facts.accesses:
        if access.path_class not in UNJUDGED:
            place = (access.path, access.line, access.column, access.statement)
            worst[place] = max(worst.get(place, 0), order.index(access.verdict))
    return {verdict: sum(found == rank for found in worst.values()) for rank, verdict in enumerate(order)}


def _remedies(context: Context, facts: CodeFacts) -> Mapping[int, Row]:
    """By index of the access: what was proven to help, and the place in the file where it can be applied as it is."""
    from lints.remedy import remedy
    from lints.schema.paths import dialect_of

    broken = [i for i, access in enumerate(facts.accesses) if access.verdict == "violation"][:MAX_REMEDIES]
    if not broken:
        return {}
    model, _ = model_of(context.tree, context.policy)
    found: dict[int, Row] = {}
    for index in broken:
        access = facts.accesses[index]
        helps = remedy(access, model, dialect_of(access.path) or model.dialect)
        if helps is not None:
            row = {
                "remedy": helps.said, "fix_line": helps.line, "fix_col": helps.column,
                "fix_text": helps.text if helps.line is not None else None, "why": _WANTED.sub("", access.why),
            }  # fmt: skip
            found[index] = _without_none(row)
    return found


def _aside(found: tuple[Aside, str] | None) -> Row:
    return {} if found is None else {"aside": found[0].value, "aside_because": found[1]}


def _access(access: Access) -> Row:
    from lints.effects import writes

    lines = access.source.split("\n")
    return _without_none(
        {
            "path": access.path, "line": access.line, "col": access.column, "end_line": access.end_line,
            "end_col": access.end_column, "snippet": _snippet(lines) or None, "language": access.language,
            "operation": access.operation, "table_name": access.table or None, "verdict": access.verdict,
            "rule": access.rule, "why": access.why or None, "owned_because": access.owned_because,
            "fingerprint": access.fingerprint, "path_class": access.path_class, "executed_by": access.call or None,
            "confidence": access.confidence, "carrier": access.carrier or None, "function": access.function or None,
            "tenant_parameter": access.tenant_parameter, "tenant_ignored": access.tenant_ignored,
            "assumptions": list(access.assumptions), "statement": access.statement,
            "effect": "write" if writes(access.operation, access.rule) else "read", **_fragment(access, lines),
        }
    )  # fmt: skip


def _snippet(lines: list[str]) -> str:
    """The statement's own lines as they stand in the file, so that a report can underline the exact fragment."""
    text = ""
    for line in lines[:MAX_SNIPPET_LINES]:
        if len(text) + len(line) > MAX_SNIPPET:
            break
        text += line + "\n"
    return redact(text.rstrip("\n"))  # evidence goes into bundles: a secret beside a statement must not


def _fragment(access: Access, lines: list[str]) -> dict[str, object]:
    """The place of the one reference that the finding is about; lines before it are left out of the snippet, so that
    the marked line comes first.

    Where the proof can't tell it in the source, it is the only mention of the table in the statement's lines.
    """
    if access.verdict == "proven" or not access.table:
        return {}
    if access.reference is not None:
        place = access.reference
        line, column, end_column = place.line, place.column, place.end_column
    else:
        name = re.escape(access.table)
        reference = re.compile(
            rf"""\b(?:from|join|update|into|using|truncate)\s+(?:only\s+|table\s+)?["`]?({name})\b""", re.IGNORECASE
        )
        found = [(n, m) for n, text in enumerate(lines) for m in reference.finditer(text)]
        if len(found) != 1:
            return {}
        number, match = found[0]
        line, column, end_column = access.line + number, match.start(1) + 1, match.end(1) + 1
    snippet = _snippet(lines[line - access.line : line - access.line + 3])
    return {"line": line, "col": column, "end_line": line, "end_col": end_column, "snippet": snippet or None}


def _table(table: TableFact) -> Row:
    return _without_none(
        {
            "name": table.table, "ownership": str(table.ownership), "tenant_column": table.tenant_column,
            "path": table.path, "line": table.line, "because": table.why,
            "statement": fingerprint("TEN001", table.table),
        }
    )  # fmt: skip


def _without_none(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if value is not None}
