"""What the schema does to the separation of tenants: the judgements of `lints.ddl` on the judged tree's migrations."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gate import baseline
from gate.collect import Context
from gate.collect.aside import Found, of_schema, settle
from gate.collect.scanning import declarations, model_of
from gate.model import Coverage, Descriptor, Evidence, GateError, Policy, Row, UndecidedError, fingerprint
from gate.report.redact import redact
from gate.tree import Tree

if TYPE_CHECKING:
    from lints.ddl import Finding

MAX_SNIPPET, MAX_TEXT, MAX_REPAIR = 600, 2_000, 60_000
_COUNTED = ("tables", "tables_owned", "tables_row_security", "policies", "policies_confining")


def collect(context: Context) -> Iterable[Evidence]:
    """`schema_finding`: a row a finding. `schema_state`: one row, the schema that was judged.

    What can't be read of the schema is unread: it may hold another finding.
    """
    from lints.ddl import judge_schema

    model, unread = model_of(context.tree, context.policy)
    facts = judge_schema(model, declarations(context.policy))
    schema = getattr(model, "schema", None)
    sources: dict[str, bytes] = {}
    for path in sorted({*(f.origin.path for f in facts.findings), *(schema.files if schema is not None else ())}):
        try:
            sources[path] = context.tree.read(path)
        except (GateError, UndecidedError, FileNotFoundError):
            continue  # declared elsewhere than in the tree; the finding stands without its line
    materials = tuple(Descriptor(name=n, sha256=hashlib.sha256(data).hexdigest()) for n, data in sources.items())
    coverage = Coverage(scope=f"{facts.numbers.get('tables', 0)} tables", unread=unread, numbers=dict(facts.numbers))
    asides = _asides(context, facts.findings)
    yield Evidence(
        kind="schema_finding",
        rows=tuple({**_row(finding, sources), **asides.get(i, {})} for i, finding in enumerate(facts.findings)),
        coverage=coverage,
        materials=materials,
    )
    state = {
        "digest": digest_of(materials), "commit": context.subject.commit, "sources": len(materials),
        **{name: facts.numbers.get(name, 0) for name in _COUNTED},
    }  # fmt: skip
    yield Evidence(
        kind="schema_state",
        rows=({name: value for name, value in state.items() if value is not None},) if materials else (),
        coverage=coverage,
        materials=materials,
    )


def found_in(tree: Tree, policy: Policy) -> tuple[Found, ...]:
    """The findings of a tree's schema, as they are compared with those of another one and with the baseline."""
    from lints.ddl import judge_schema

    model, _ = model_of(tree, policy)
    return of_schema((f.rule, f.subject, f.origin.path) for f in judge_schema(model, declarations(policy)).findings)


def _asides(context: Context, findings: Sequence[Finding]) -> Mapping[int, Row]:
    """What the baseline or the base revision sets aside. A base that can't be analysed sets nothing aside."""
    from lints.rows import CodeFacts

    name = baseline.path_of(context.policy)
    base: tuple[Found, ...] | None = None
    with contextlib.suppress(GateError, UndecidedError):
        base = None if context.base is None else found_in(context.base, context.policy)
    entries: tuple[baseline.Entry, ...] = ()
    with contextlib.suppress(GateError, UndecidedError):  # the code's collector says so
        entries = () if name is None else baseline.of_tree(context.tree, name)
    settled = settle(
        CodeFacts(), context.policy, context.as_of.date(), entries=entries,
        schema=of_schema((f.rule, f.subject, f.origin.path) for f in findings),
        base=None if base is None else CodeFacts(), base_schema=base or (),
        origin=context.base.origin if context.base is not None else "",
    )  # fmt: skip
    return {
        index: {"aside": aside.value, "aside_because": because} for index, (aside, because) in settled.schema.items()
    }


def digest_of(sources: Iterable[Descriptor]) -> str:
    """The digest of a schema: SHA-256 of the `sha256sum` lines of its sources, sorted by path."""
    lines = "".join(f"{source.sha256}  {source.name}\n" for source in sorted(sources, key=lambda s: s.name))
    return hashlib.sha256(lines.encode()).hexdigest()


def _row(finding: Finding, sources: Mapping[str, bytes]) -> Row:
    origin, owner = finding.origin, finding.owned_because
    row = {
        "rule": finding.rule,
        "subject": finding.subject,
        "table_name": finding.table,
        "path": origin.path,
        "line": origin.line,
        "snippet": _line(sources.get(origin.path, b""), origin.line) or None,
        "why": finding.why,
        "repair": _one_line(finding.fix),
        "made_by": origin.why,
        "owned_because": f"{owner.path}:{owner.line}: {owner.why}" if owner is not None else None,
        "fingerprint": fingerprint(finding.rule, finding.subject),
        "statement": fingerprint(finding.rule, finding.subject),
        "verdict": "violation",
    }
    return {name: _clipped(name, value) for name, value in row.items() if value is not None}


def _clipped(name: str, value: object) -> object:
    """A name in a migration may be as long as the migration; its finding is told all the same."""
    limit = MAX_REPAIR if name == "repair" else MAX_TEXT
    return f"{value[: limit - 2]} …" if isinstance(value, str) and len(value) > limit else value


def _one_line(script: str) -> str:
    """SQL of several lines as one that can still be run."""
    lines = (f"/* {line[2:].strip()} */" if line.startswith("--") else line for line in script.splitlines())
    return " ".join(lines)


def _line(data: bytes, number: int) -> str:
    lines = data.decode("utf-8", "replace").splitlines()
    return redact(lines[number - 1][:MAX_SNIPPET].rstrip()) if number <= len(lines) else ""
