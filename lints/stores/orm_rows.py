"""Rows of ORM calls: the statement a call is judged as, and its row in the terms of call sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lints.extract import Call, Confidence, OrmCall, Statement
from lints.rows import Access
from lints.stores.orm import AS_ORM


def as_statement(call: OrmCall, texts: tuple[str, ...]) -> Statement:
    return Statement(
        path=call.path,
        line=call.line,
        column=call.column,
        end_line=call.end_line,
        end_column=call.end_column,
        sql=texts[0] if texts else "",
        variants=texts,
        snippet=call.snippet,
        language=call.language,
        confidence=Confidence.EXECUTED,
        call=Call(receiver=call.model, method=call.variants[0][-1].method, arguments=(), line=call.line),
        function=call.function,
    )


def _assumed(row: Access, rule: str, said: str) -> Access:
    why = f"{row.why}; taken as scoped because {said}"
    return replace(row, rule=rule, verdict="weak", assumptions=(*row.assumptions, said), why=why)


def call_row(row: Access, relation_keys: Sequence[str], *, held: bool) -> Access:
    """A row in the terms of call sites: relation keys and held instances are weaker findings, not violations."""
    rule = AS_ORM.get(row.rule or "", row.rule)
    if rule == "TENSQL004" and row.verdict == "violation":
        return _assumed(row, rule, "the model sets its tenant by itself")
    if row.verdict != "violation" or rule not in {"TENORM001", "TENORM002"}:
        return replace(row, rule=rule)
    if held:
        return _assumed(row, "TENORM003", "the instance whose key is used was itself loaded inside its tenant")
    if relation_keys:
        return _assumed(row, "TENORM002", f"what {relation_keys[0]} refers to was checked to be the caller's")
    return replace(row, rule=rule)
