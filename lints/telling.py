"""What was proven of a statement as rows of a report: one for each table that is not tied to the caller's tenant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lints.examine import Quote
from lints.extract import Statement
from lints.patterns import regex
from lints.proof.result import wanted
from lints.rows import Access, Place, ProofLike, ReferenceLike, fingerprint
from lints.tenancy import Model

DYNAMIC = "TENSQL013"
UNKNOWN_OPERATION = "unknown"
"""What a statement does of which nothing could be read."""
_UNDECIDED = frozenset({"TENSQL000", DYNAMIC, "TENCYP013", "TENRDS013", "TENMGO013"})
_VIEW = regex(r"\[view [\w.]+\]")
_MAX_SQL = 4_000


@dataclass(slots=True)
class Telling:
    """Tells of the statements of one file."""

    model: Model
    quotes: Mapping[tuple[int, int], Quote] = field(default_factory=dict)
    """The source of statements by their first and last line."""

    def rows(self, statement: Statement, kind: str, proof: ProofLike, text: str, *, opened: bool) -> Iterable[Access]:
        verdict = str(proof.verdict)
        opened = opened or (verdict == "opaque" and proof.reason is not None)
        open_references: dict[tuple[str, str | None], ReferenceLike] = {}
        within: Counter[tuple[str, str | None]] = Counter()
        for reference in proof.references:
            if not reference.proven or (verdict == "weak" and reference.rule is not None):
                viewed = _VIEW.search(reference.why_not or "")  # a view is one finding, however many tables it reads
                key = (viewed.group() if viewed is not None else _plain(reference.table), reference.rule)
                open_references.setdefault(key, reference)
                within[key] += viewed is not None
        if verdict == "violation" and opened:
            verdict = "opaque"
        if verdict in {"proven", "unparsed"} or not open_references:
            rule = next(iter(proof.rules), None)
            table = next((name for name in map(_plain, proof.tables) if name), "")
            why = proof.reason or ("; ".join(proof.assumptions) if proof.assumptions else "")
            if verdict == "proven":
                why = "every tenant-owned table in it is tied to the caller's tenant"
            yield self.row(statement, kind, verdict, rule, table, proof.assumptions, why, text, (proof,))
            return
        for key, reference in open_references.items():
            table, rule = _plain(reference.table), key[1]
            own = "weak" if reference.proven else "opaque" if rule in _UNDECIDED else verdict
            if not table and own == "violation":
                own, rule = "opaque", DYNAMIC  # a table that is put in at run time: nobody's, for all that is known
            why = self._why(reference, proof)
            if within[key] > 1:
                why = f"{why}; {within[key] - 1} more of what the view reads"
            if opened and str(proof.verdict) == "violation":
                rule, why = DYNAMIC, f"{why}; a clause put in at run time may do it, which can't be seen here"
            row = self.row(
                statement,
                kind,
                own,
                rule or next(iter(proof.rules), None),
                table,
                proof.assumptions,
                why,
                text,
                (proof,),
            )
            yield replace(row, reference=_place(reference, text, self.quotes.get((row.line, row.end_line))))

    def _why(self, reference: ReferenceLike, proof: ProofLike) -> str:
        if reference.table.startswith("__hole_"):
            return "a table, or a whole query, is put in at run time: what it reads can't be seen here"
        name = reference.table if reference.alias in {"", reference.table} else f"{reference.table} ({reference.alias})"
        if reference.proven:
            return "; ".join(proof.assumptions) or f"{name} is tied to the tenant under an assumption"
        reason = reference.why_not or "nothing ties it to a caller's tenant"
        mend = wanted(reference)
        return f"{name}: {reason}{'; ' + mend if mend is not None else ''}"

    def row(
        self,
        statement: Statement,
        kind: str,
        verdict: str,
        rule: str | None,
        table: str,
        assumptions: Sequence[str],
        why: str,
        text: str,
        proofs: Sequence[ProofLike],
    ) -> Access:
        known = self.model.tables.get(table)
        proof = proofs[0] if proofs else None
        function = statement.function
        call = statement.call
        if function is not None and function.tenant_ignored and verdict in {"violation", "opaque"}:
            why = f"{why}; {function.name or 'the function'} takes {function.tenant_parameter} and never uses it"
        digest = proof.fingerprint if proof is not None and proof.fingerprint else ""
        quote = self.quotes.get((statement.line, statement.end_line))
        return Access(
            path=statement.path,
            line=statement.line,
            column=statement.column,
            end_line=statement.end_line,
            end_column=statement.end_column,
            snippet=statement.snippet,
            language=statement.language,
            operation=(proof.operation if proof is not None else "") or UNKNOWN_OPERATION,
            table=table,
            tables=tuple(name for name in proof.tables if _plain(name)) if proof is not None else (),
            verdict=verdict,
            rule=rule,
            why=why,
            owned_because=f"{known.origin.path}:{known.origin.line}: {known.origin.why}" if known is not None else None,
            assumptions=tuple(assumptions),
            fingerprint="",
            statement=digest or fingerprint(" ".join(text.split())),
            path_class=kind,
            confidence=statement.confidence.value,
            call=dotted(call.receiver, call.method) if call is not None else None,
            carrier=None,
            function=function.name if function is not None else None,
            tenant_parameter=function.tenant_parameter if function is not None else None,
            tenant_ignored=function.tenant_ignored if function is not None else False,
            variants=len(statement.variants),
            sql=text[:_MAX_SQL],
            source=quote.text if quote is not None else "",
            first_line=min(statement.line, call.line) if call is not None else statement.line,
        )


def dotted(receiver: str, method: str) -> str:
    return f"{receiver}.{method}" if receiver else method


def _place(reference: ReferenceLike, text: str, quote: Quote | None) -> Place | None:
    """Where the reference stands in the file: the n-th mention of its name in the text is the n-th in the source.

    None where text and source differ in how often they mention it: a part put in from elsewhere, a name spelled anew.
    """
    if quote is None or reference.start is None or reference.end is None:
        return None
    name = text[reference.start : reference.end]
    mention = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    in_text = [found.start() for found in mention.finditer(text)]
    in_source = [found.start() for found in mention.finditer(quote.text)]
    if not name or len(in_text) != len(in_source) or reference.start not in in_text:
        return None
    start = in_source[in_text.index(reference.start)]
    before = quote.text[:start]
    column = start - (before.rfind("\n") + 1) + 1
    return Place(line=quote.line + before.count("\n"), column=column, end_column=column + len(name))


def _plain(table: str) -> str:
    """The name of a table, or nothing for one that is put in at run time."""
    return "" if table.startswith("__hole_") else table
