"""MongoDB calls: does the filter name the tenant on every branch?

There is no schema that says which collection is whose, so every collection counts as a tenant's unless it is declared
global. Equality counts at the top, inside `$and`, or in every branch of `$or`; `$in`, `$ne`, `$exists` and patterns
don't.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.proof.result import Proof, Reference, Verdict
from lints.stores.orm_sql import mapping
from lints.tenancy import Ownership

_BY_ID = frozenset({"findById", "findByIdAndUpdate", "findByIdAndDelete", "findByIdAndRemove", "find_by_id"})
_INSERTS = frozenset({"insertOne", "insertMany", "insert_one", "insert_many", "create"})
_UPDATES = names(
    "updateOne updateMany findOneAndUpdate replaceOne findOneAndReplace update_one update_many find_one_and_update"
    " replace_one find_one_and_replace bulkWrite bulk_write"
)
_DELETES = frozenset(
    {"deleteOne", "deleteMany", "findOneAndDelete", "delete_one", "delete_many", "find_one_and_delete"}
)
_MAX_DEPTH = 10


def prove_mongo(collection: str, step: OrmStep, keys: frozenset[str], globals_: frozenset[str]) -> Proof:
    """Judge one call on a collection. `keys` are the spellings of the tenant's field."""
    method = step.method
    action = (
        "insert"
        if method in _INSERTS
        else "update"
        if method in _UPDATES
        else "delete"
        if method in _DELETES
        else "select"
    )
    digest = hashlib.sha256(repr((collection, step)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if collection in globals_:
        return Proof(verdict=Verdict.PROVEN, operation=action, relevant=False, fingerprint=digest)
    first = step.arguments[0] if step.arguments else None
    rule: str | None = None
    why: str | None = None
    proven: str | None = None
    if method in {"bulkWrite", "bulk_write"}:
        rule, why = "TENMGO013", "several writes are put together out of sight"
    elif method in _BY_ID:
        rule, why = "TENMGO001", "the document is found by its id alone"
    elif action == "insert":
        rule, why, proven = _document(first, keys)
    else:
        target = _first_stage(first) if method == "aggregate" else first
        rule, why, proven = _filter(target, keys)
        if rule == "TENMGO001" and action == "update" and _upserts(step):
            rule = "TENMGO008"
        if proven is not None and action == "update" and _reassigns(step, keys):
            rule, why, proven = "TENMGO009", "the update sets its tenant", None
        if proven is not None and method == "aggregate" and _looks_up(first, keys):
            rule = "TENMGO010"
    reference = Reference(
        table=collection or "(collection)",
        column=next(iter(sorted(keys, key=lambda key: (key != "tenantId", key))), None),
        alias="",
        ownership=Ownership.OWNED,
        action=action,
        proven=why is None,
        proven_by=proven,
        why_not=why,
        rule=rule,
    )
    verdict = Verdict.PROVEN
    if why is not None:
        verdict = Verdict.OPAQUE if rule == "TENMGO013" else Verdict.VIOLATION
    elif rule is not None:
        verdict = Verdict.WEAK
    said = {
        "TENMGO007": "the tenant written in the call is meant",
        "TENMGO010": "looked-up documents are the tenant's too",
    }
    return Proof(
        verdict=verdict,
        operation=action,
        tables=(reference.table,),
        rules=(rule,) if rule is not None else (),
        references=(reference,),
        assumptions=(said[rule],) if verdict is Verdict.WEAK and rule in said else (),
        fingerprint=digest,
    )


def _filter(given: Argument | None, keys: frozenset[str]) -> tuple[str | None, str | None, str | None]:
    """(rule, why it is not proven, what proves it)."""
    if given is None or (given.kind == "map" and not given.names):
        return "TENMGO001", "there is no filter at all", None
    if given.kind != "map":
        return "TENMGO013", "the filter is put together out of sight", None
    found = _ties(given, keys, 0)
    if found is None:
        if _unseen(given):
            return "TENMGO013", "part of the filter is put together out of sight", None
        return "TENMGO001", "the filter does not name the tenant", None
    return ("TENMGO007" if found == "literal" else None), None, "the filter names the tenant"


def _ties(given: Argument, keys: frozenset[str], depth: int) -> str | None:
    """`value` or `literal` if the filter is tied on every branch."""
    if given.kind != "map" or depth > _MAX_DEPTH:
        return None
    for name, value in mapping(given).items():
        if name in keys:
            inner = mapping(value).get("$eq") if value.kind == "map" else value
            if inner is not None and inner.kind in {"value", "text"}:
                return "literal" if inner.kind == "text" else "value"
        elif name == "$and" and value.kind == "list":
            found = next((tie for item in value.items if (tie := _ties(item, keys, depth + 1)) is not None), None)
            if found is not None:
                return found
        elif name == "$or" and value.kind == "list" and value.items:
            ties = [_ties(item, keys, depth + 1) for item in value.items]
            if all(tie is not None for tie in ties):
                return ties[0]
    return None


def _unseen(given: Argument) -> bool:
    return any(name in {"...", "[]", "**"} for name in given.names)


def _document(given: Argument | None, keys: frozenset[str]) -> tuple[str | None, str | None, str | None]:
    rows = given.items if given is not None and given.kind == "list" else (given,)
    row = rows[0] if rows else None
    if row is None or row.kind != "map":
        return "TENMGO013", "the document is put together out of sight", None
    if keys.isdisjoint(row.names):
        if _unseen(row):
            return "TENMGO013", "part of the document is put together out of sight", None
        return "TENMGO004", "the document does not name a tenant", None
    return None, None, "the document names its tenant"


def _first_stage(given: Argument | None) -> Argument | None:
    stages: Sequence[Argument] = given.items if given is not None and given.kind == "list" else ()
    if given is not None and given.kind != "list":
        return given
    return mapping(stages[0]).get("$match") if stages else None


def _looks_up(given: Argument | None, keys: frozenset[str]) -> bool:
    for stage in given.items if given is not None and given.kind == "list" else ():
        lookup = mapping(stage).get("$lookup")
        if lookup is not None:
            rule, why, _ = _filter(_first_stage(mapping(lookup).get("pipeline")), keys)
            if why is not None or rule is not None:
                return True
    return False


def _upserts(step: OrmStep) -> bool:
    options = [mapping(argument).get("upsert") for argument in step.arguments[2:]] + [
        v for n, v in step.keywords if n == "upsert"
    ]
    return any(option is not None and option.kind != "null" for option in options)


def _reassigns(step: OrmStep, keys: frozenset[str]) -> bool:
    change = mapping(step.arguments[1]) if len(step.arguments) > 1 else {}
    inner = mapping(change.get("$set"))
    return not keys.isdisjoint(inner) or not keys.isdisjoint(change)
