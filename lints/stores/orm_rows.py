"""Rows of ORM calls: the statement a call is judged as, and its row in the terms of call sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lints.context.words import CLIENT
from lints.extract import Call, Confidence, OrmCall, Statement
from lints.extract.facts import OrmStep
from lints.patterns import regex
from lints.rows import Access, assumed
from lints.schema.declared import Carrier, Trust
from lints.stores import any_model
from lints.stores.orm import AS_ORM, Rendered


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
        call=Call(
            receiver=call.receiver or call.model,
            method=_asked(call.variants[0][-1]),
            arguments=(),
            line=call.line,
            receiver_origin=call.origin,
        ),
        function=call.function,
    )


def _asked(step: OrmStep) -> str:
    """What the last call of a query is called, as written: `update` where a row takes an object."""
    return step.arguments[1].text if step.method == "@filled" and len(step.arguments) > 1 else step.method


def written(paths: Sequence[Rendered]) -> tuple[str, str] | None:
    """(rule, why) if a call writes what the client sent as it is, its key or its tenant among it."""
    sent = next((path for path in paths if path.raw is not None), None)
    if sent is None:
        return None
    if sent.by_client_key:
        return "TENORM008", f"{sent.raw} is saved as it is: its id says which row, another tenant's too"
    return "TENORM004", f"{sent.raw} is copied onto the row as a whole, its tenant too if the client says so"


_WITHOUT_MODELS = frozenset({"knex", "kysely", "dbal", "medoo", "laravel"})
"""Query builders, where nothing sets a column that a call does not name."""
_SCRIPTS = frozenset({"typescript", "tsx", "javascript"})
_POOL = regex(r"(?:^|\.)(?:\w*[pP]ool|pg|rawDb|raw_db)$|[pP]ool\(\)$")


def around_wrapper(rows: Sequence[Access], statement: Statement, carriers: Sequence[Carrier]) -> list[Access]:
    """An unproven statement sent to the pool itself, where the organisation has declared a wrapper that confines."""
    wrapper = next((carrier.call for carrier in carriers if carrier.trust is not Trust.NONE), None)
    call = statement.call
    if wrapper is None or call is None or not rows or not _POOL.search(call.receiver):
        return []
    worst = rows[0]
    if worst.carrier is not None or worst.verdict not in {"violation", "opaque"}:
        return []
    why = f"it is sent to {call.receiver} itself, not through {wrapper}, and nothing in it names the tenant"
    return [replace(worst, rule="TENORM012", why=why)]


_OF_TENANT = regex(
    r"(?:await\s+)?(?!\w*(?:[rR]epository|[sS]ession)\w*\()(?:\w+\.){0,3}\w+\([^()…]{0,120}"
    r"(?:tenant|workspace|organi[sz]ation|org_?id|team_?id|company|account_?id)[^()…]{0,80}\)",
    re.IGNORECASE,
)


def of_any_model(row: Access, call: OrmCall) -> Access:
    """A row of a query on a model that the function is handed: whose rows those are is for its callers to say."""
    if call.model != any_model.NAME and not (call.kind == "drizzle" and call.model == "table"):
        return row
    why = f"it asks for rows of whatever model it is handed, of {row.table} say: {row.why}"
    if row.verdict == "violation":
        return replace(row, rule="TENORM013", verdict="opaque", why=why)
    return replace(row, why=why)


def of_tenant(row: Access, call: OrmCall) -> Access:
    """A row of a client that a function of the project gives for a tenant: `tenantDb(knex, tenant).table("boats")`.

    It may add the tenant to whatever is asked, which can't be seen where it is asked: that is for `carriers` to say.
    """
    if row.verdict != "violation" or row.rule != "TENORM001" or row.carrier is not None:
        return row
    if call.origin is None or call.language not in _SCRIPTS:
        return row
    if _OF_TENANT.fullmatch(call.origin) is None:
        return row
    made = " ".join(call.origin.removeprefix("await ").split())
    why = f"{row.why}; {made} may add it, which can't be seen here: declare {made.partition('(')[0]} under carriers"
    return replace(row, rule="TENORM013", verdict="opaque", why=why)


def runs_raw(call: OrmCall) -> bool:
    """Whether the call hands a statement of its own to the database; one written out is judged where it stands."""
    return any(step.method in {"raw", "extra", "query"} for steps in call.variants for step in steps)


def call_row(row: Access, call: OrmCall, paths: Sequence[Rendered]) -> Access:
    """A row in the terms of call sites."""
    return _as_a_whole(of_any_model(of_tenant(_call_row(row, call, paths), call), call), paths)


def _as_a_whole(row: Access, paths: Sequence[Rendered]) -> Access:
    """A row of a write of which it cannot be seen that it names no other tenant."""
    taken = next((path.taken for path in paths if path.taken is not None), None)
    if taken is None or row.verdict not in {"proven", "weak"}:
        return row
    row = replace(
        row, assumptions=tuple(said for said in row.assumptions if not said.startswith("the interpolated column"))
    )
    return assumed(row, row.rule or "TENORM013", taken)


def _call_row(row: Access, call: OrmCall, paths: Sequence[Rendered]) -> Access:
    """Relation keys and held instances are weaker findings, not violations."""
    steps = row.why.partition(" on some paths only: ")[2]
    apart = len(call.variants) == 1 and call.kind != "kysely"
    if row.rule == "TENSQL005" and apart and steps:  # steps of one path: found, else made
        row = replace(row, rule="TENSQL001", why=steps)
    unknown = row.rule == "TENSQL000" and row.verdict == "weak"  # a table that nobody has classified is in plain sight
    rule = row.rule if unknown else AS_ORM.get(row.rule or "", row.rule)
    if rule == "TENORM005" and call.variants[0][0].method == "@along" and all(path.relation_keys for path in paths):
        rule = "TENORM001"  # on the other paths it is still reached from a row
    undefined = next((path.undefined for path in paths if path.undefined is not None), None)
    if undefined is not None and row.verdict in {"proven", "weak"}:
        if "?." in undefined:
            return assumed(row, "TENORM007", f"{undefined} is never undefined here")
        why = f"{undefined} may be left out by a caller, and then this ORM filters by nothing"
        return replace(row, rule="TENORM007", verdict="violation", why=why, assumptions=())
    zero = next((path.zero for path in paths if path.zero is not None), None)
    if zero is not None and row.verdict == "proven":
        return assumed(row, "TENORM007", f"{zero} is never empty here: a struct's empty fields are no condition")
    untrusted = next((path.untrusted for path in paths if path.untrusted is not None), None)
    if untrusted is not None and row.verdict == "proven":
        return assumed(row, "TENCTX001", f"{untrusted}, which a client names, is checked to be the caller's own")
    if rule == "TENSQL004" and row.verdict == "violation" and call.kind not in _WITHOUT_MODELS:
        return _set_by_model(row, paths)
    if rule == "TENORM008" and row.verdict == "violation" and all(path.by_parent for path in paths):
        return assumed(row, "TENORM002", f"what {paths[0].by_parent} refers to was checked to be the caller's")
    scopes = [path.scope for path in paths]
    if row.verdict in {"violation", "opaque"} and scopes and all(scope is not None for scope in scopes):
        return assumed(row, "TENORM014", f"it is confined by {scopes[0]}")
    if row.verdict != "violation" or rule not in {"TENORM001", "TENORM002"}:
        return replace(row, rule=rule)
    escape = next((path.escape for path in paths if path.escape is not None), None)
    if escape is not None:
        return replace(row, rule="TENORM011", why=f"{escape} takes the tenant's filter away: {row.why}")
    filtered = [path.relation_keys for path in paths if path.texts]
    keys = filtered[0] if filtered and all(filtered) else ()  # a path without one is held by nothing
    if all(path.held for path in paths):
        return assumed(row, "TENORM003", "the instance whose key is used was itself loaded inside its tenant")
    if keys:
        return assumed(row, "TENORM002", f"what {keys[0]} refers to was checked to be the caller's")
    return replace(row, rule=rule)


def _set_by_model(row: Access, paths: Sequence[Rendered]) -> Access:
    """A new row without its tenant, which its model may set: from the row that it is put under, where it is put under
    one. If a client names that row, it names the tenant."""
    attached = [pair for path in paths for pair in path.attached]
    sent = next(((c, v) for c, v in attached if any(known.search(v) for _, known in CLIENT)), None)
    if sent is not None:
        why = (
            f"{row.why}; if the model takes it from what {sent[0]} refers to, {sent[1]}, which a client names, decides"
        )
        return replace(row, why=why)
    if attached:
        return assumed(
            row,
            "TENSQL004",
            f"the model takes its tenant from what {attached[0][0]} refers to, checked to be the caller's",
        )
    return assumed(row, "TENSQL004", "the model sets its tenant by itself")
