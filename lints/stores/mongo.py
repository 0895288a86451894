"""MongoDB calls: does the filter name the tenant on every branch?

There is no schema that says which collection is whose, so every collection counts as a tenant's unless it is declared
global. Equality counts at the top, inside `$and`, or in every branch of `$or`; `$in`, `$ne`, `$exists` and patterns
don't.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.proof.result import Proof, Reference, Verdict
from lints.stores.orm_sql import RAW, mapping
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
_FIELD = regex(r"(?:\w+\.)*[A-Z]\w*\.[a-z_]\w*")
"""A field of a document's class, as Beanie compares it."""
_WRITES = regex(r"(?:pymongo(?:\.\w+)*:)?(InsertOne|UpdateOne|UpdateMany|DeleteOne|DeleteMany|ReplaceOne)")
"""What a bulk of pymongo is made of."""


def prove_mongo(collection: str, steps: Sequence[OrmStep], keys: frozenset[str], globals_: frozenset[str]) -> Proof:
    """Judge one call on a collection. `keys` are the spellings of the tenant's field."""
    step = _of_terms(_with_conditions(steps))
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
    taken = ""
    root = _is_root(collection, keys)
    if root:
        keys |= {"_id", "id"}
    if root and (method in _BY_ID or action == "insert"):
        proven = "it is the tenant itself"
    elif method in {"bulkWrite", "bulk_write"}:
        rule, why, proven = _bulk(first, keys)
    elif method in _BY_ID:
        rule, why = "TENMGO001", "the document is found by its id alone"
    elif action == "insert":
        rule, why, proven = _document(first, keys)
    else:
        if method == "aggregate":
            rule, why, proven = _pipeline(first, keys)
        else:
            asked = step.arguments[1] if method == "distinct" and len(step.arguments) > 1 else first
            rule, why, proven = _filter(None if method == "distinct" and asked is first else asked, keys)
        if rule == "TENMGO001" and action == "update" and _upserts(step):
            rule = "TENMGO008"
        changed = _reassigns(step, keys) if proven is not None and action == "update" else None
        if changed is not None:
            rule, why, proven = "TENMGO009", changed, None
        elif proven is not None and action == "update" and rule is None and (whole := _whole(step, keys)) is not None:
            rule, taken = "TENMGO009", f"{whole}, which is set as a whole, names no other tenant"
        elif proven is not None and action == "update" and rule is None and (other := _beside(step, keys)) is not None:
            rule, taken = "TENMGO009", f"{other} is the same tenant's"
        if proven is not None and method == "aggregate":
            beside = _looks_up(first, keys)
            if beside == "all":
                rule, why, proven = "TENMGO010", "$unionWith adds documents of every tenant", None
            elif beside is not None:
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
        "TENMGO009": taken,
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


def _with_conditions(steps: Sequence[OrmStep]) -> OrmStep:
    """The call with what Mongoose is told later: `find({ name }).where("tenantId").equals(tenant)`, `.and([…])`.

    Of `.or([…])` nothing is taken: it stands beside the rest by AND.
    """
    step = steps[0]
    if len(steps) == 1 or step.method == "aggregate" or step.method in _INSERTS:
        return step
    more: list[Argument] = []
    asked = ""
    for later in steps[1:]:
        first = later.arguments[0] if later.arguments else None
        if later.method == "where" and first is not None:
            asked = first.text if first.kind == "text" else ""
            if asked and len(later.arguments) > 1:
                more.append(Argument(kind="map", names=(asked,), items=later.arguments[1:2]))
            elif not asked:
                more.append(first)
        elif later.method in {"equals", "eq"} and asked and first is not None:
            more.append(Argument(kind="map", names=(asked,), items=(first,)))
        elif later.method == "and" and first is not None and first.kind == "list":
            more += first.items
    if not more:
        return step
    by_key = step.method in _BY_ID
    given = step.arguments[:1] if not by_key else ()
    named = Argument(kind="list", items=(*given, *more))
    whole = Argument(kind="map", names=("$and",), items=(named,))
    method = step.method.replace("ById", "One") if by_key else step.method
    return OrmStep(method=method, arguments=(whole, *step.arguments[1:]), keywords=step.keywords)


def _of_terms(step: OrmStep) -> OrmStep:
    """A call of Beanie, `find_one(Boat.id == key, In(Boat.name, names))`, with its conditions as an object."""
    given = step.arguments
    if not any(_condition(item) is not None for item in given):
        return step
    names: list[str] = []
    items: list[Argument] = []
    for item in given:
        found = _condition(item)
        if found is not None:
            names.append(found[0])
            items.append(found[1])
        elif item.kind == "map":
            names += item.names
            items += item.items
        else:
            names.append("...")
            items.append(item)
    whole = Argument(kind="map", names=tuple(names), items=tuple(items))
    return OrmStep(method=step.method, arguments=(whole,), keywords=step.keywords)


def _condition(given: Argument) -> tuple[str, Argument] | None:
    """The field of a condition, and its value if it is compared by equality."""
    if given.kind != "term" or len(given.items) != 2 or _FIELD.fullmatch(given.items[0].text) is None:
        return None
    field = given.items[0].text.rpartition(".")[2]
    by = Argument(kind="map", names=(f"${given.text}",), items=given.items[1:])
    return ("_id" if field == "id" else field), given.items[1] if given.text in {"==", "Eq"} else by


def _is_root(collection: str, keys: frozenset[str]) -> bool:
    """Whether the documents are the tenants: `organizations`, or `OrganizationModel`, beside `organizationId`."""
    stems = {re.sub(r"_?id$", "", key.lstrip("_"), flags=re.IGNORECASE).lower() for key in keys}
    name = collection.lower().removesuffix("model")
    return bool(stems & {name, name.removesuffix("s"), re.sub(r"ies$", "y", name)})


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
        if _somewhere(given, keys):
            return "TENMGO006", "the tenant is in one branch of $or only", None
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
        elif name == "$expr":
            found = _expression(value, keys, depth + 1)
            if found is not None:
                return found
        elif name == "$or" and value.kind == "list" and value.items:
            ties = [_ties(item, keys, depth + 1) for item in value.items]
            if all(tie is not None for tie in ties):
                return ties[0]
    return None


def _expression(given: Argument, keys: frozenset[str], depth: int) -> str | None:
    """`{$eq: ["$tenantId", value]}`, by itself or inside `$and`."""
    for name, value in mapping(given).items():
        if name == "$and" and value.kind == "list" and depth <= _MAX_DEPTH:
            found = next((tie for item in value.items if (tie := _expression(item, keys, depth + 1)) is not None), None)
            if found is not None:
                return found
        elif name == "$eq" and value.kind == "list" and len(value.items) == 2:
            for one, two in (value.items, value.items[::-1]):
                if one.kind == "text" and one.text.lstrip("$") in keys:
                    return "literal" if two.kind == "text" and not two.text.startswith("$") else "value"
    return None


def _somewhere(given: Argument, keys: frozenset[str]) -> bool:
    """Whether some branch of an `$or` at the top is tied."""
    listed = mapping(given).get("$or")
    return listed is not None and any(_ties(item, keys, 1) is not None for item in listed.items)


def _unseen(given: Argument) -> bool:
    return any(name in {"...", "[]", "**"} for name in given.names)


def _document(given: Argument | None, keys: frozenset[str]) -> tuple[str | None, str | None, str | None]:
    rows = given.items if given is not None and given.kind == "list" else (given,)
    if len(rows) > 1:
        answers = [_document(row, keys) for row in rows[:200]]
        return next((answer for answer in answers if answer[1] is not None), answers[0])
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


_Answer = tuple[str | None, str | None, str | None]
_CUTS = frozenset(
    {"$limit", "$skip", "$sample", "$group", "$bucket", "$count", "$sortByCount", "$facet", "$setWindowFields"}
)


def _pipeline(given: Argument | None, keys: frozenset[str]) -> _Answer:
    """The tenant must be matched before a stage that counts, cuts or mixes documents."""
    if given is None or given.kind != "list" or not given.items:
        return _filter(given, keys)
    for position, stage in enumerate(given.items[:50]):
        name, value = next(iter(mapping(stage).items()), ("", None))
        if name == "$match":
            answer = _filter(value, keys)
            if answer[1] is None or position + 1 == len(given.items) or answer[0] != "TENMGO001":
                return answer
        elif name in {"$vectorSearch", "$geoNear"}:
            return _filter(mapping(value).get("filter" if name == "$vectorSearch" else "query"), keys)
        elif name == "$search":
            return _searched(value, keys)
        elif name in _CUTS:
            later = any(_filter(mapping(s).get("$match"), keys)[1] is None for s in given.items[position:50])
            if later:
                return "TENMGO012", f"{name} comes before the tenant is matched", None
            return "TENMGO001", "no stage before it matches the tenant", None
        elif not name or name == "...":
            return "TENMGO013", "a stage is put together out of sight", None
    return "TENMGO001", "no stage matches the tenant", None


def _searched(value: Argument | None, keys: frozenset[str]) -> _Answer:
    """Atlas Search: `compound.filter` with `equals` on the tenant's path."""
    compound = mapping(mapping(value).get("compound"))
    for clause in (compound.get("filter"), compound.get("must")):
        for item in clause.items if clause is not None and clause.kind == "list" else ():
            equals = mapping(mapping(item).get("equals"))
            path = equals.get("path")
            if path is not None and path.kind == "text" and path.text in keys and "value" in equals:
                return None, None, "the search is filtered by the tenant"
    return "TENMGO001", "the search does not filter by the tenant", None


def _bulk(bulk: Argument | None, keys: frozenset[str]) -> _Answer:
    """Each write of a bulk is judged; the first that is not tied decides."""
    answers: list[_Answer] = []
    for operation in bulk.items[:200] if bulk is not None and bulk.kind == "list" else ():
        written = operation.items[0].text if operation.kind == "call" and operation.items else operation.text
        made = _WRITES.fullmatch(written) if operation.kind in {"call", "term"} else None
        if made is not None:
            given = operation.items[1 if operation.kind == "call" else 0 :]
            first = given[0] if given else None
            answers.append(_document(first, keys) if made[1] == "InsertOne" else _filter(first, keys))
        for name, value in mapping(operation).items():
            options = mapping(value)
            answers.append(
                _document(options.get("document"), keys)
                if name == "insertOne"
                else _filter(options.get("filter"), keys)
            )
    if not answers:
        return "TENMGO013", "several writes are put together out of sight", None
    return next((answer for answer in answers if answer[1] is not None), answers[0])


def _looks_up(given: Argument | None, keys: frozenset[str]) -> str | None:
    """`all` if documents of every tenant are added, `some` if looked-up ones may be another's."""
    found: str | None = None
    for stage in given.items if given is not None and given.kind == "list" else ():
        options = mapping(stage)
        union, lookup, graph = options.get("$unionWith"), options.get("$lookup"), options.get("$graphLookup")
        if union is not None and _filter(_first_stage(mapping(union).get("pipeline")), keys)[1] is not None:
            return "all"
        if lookup is not None:
            rule, why, _ = _filter(_first_stage(mapping(lookup).get("pipeline")), keys)
            found = "some" if why is not None or rule is not None else found
        if graph is not None and _filter(mapping(graph).get("restrictSearchWithMatch"), keys)[1] is not None:
            found = "some"
    return found


def _upserts(step: OrmStep) -> bool:
    options = [mapping(argument).get("upsert") for argument in step.arguments[2:]] + [
        v for n, v in step.keywords if n == "upsert"
    ]
    return any(option is not None and option.kind != "null" for option in options)


def _whole(step: OrmStep, keys: frozenset[str]) -> str | None:
    """What a document takes as a whole, so that the tenant's field may be in it, unless that is set beside it."""
    given = step.arguments[1] if len(step.arguments) > 1 else None
    written = mapping(given).get("$set", given)
    if written is None:
        return None
    if written.kind in {"value", "call", "dynamic"}:
        return written.text[:80] or "an object"
    names = list(written.names) if written.kind == "map" else []
    spread = max((names.index(name) for name in ("...", "**") if name in names), default=-1)
    if spread < 0 or not keys.isdisjoint(names[spread:]):
        return None
    return written.items[spread].text[:80] or "an object"


def _of_one(key: str, value: Argument, asked: Mapping[str, Argument]) -> bool:
    """Whether a tenant that the filter does not name is set to a member of what one that it names is a member of: two
    levels of tenants, of one object."""
    owner = value.text.rpartition(".")[0] if value.kind == "value" and key not in asked else ""
    return bool(owner) and any(owner == one.text.rpartition(".")[0] for one in asked.values() if one.kind == "value")


def _beside(step: OrmStep, keys: frozenset[str]) -> str | None:
    """The tenant that an update sets which its filter does not name, but another one of the same object."""
    change = mapping(step.arguments[1] if len(step.arguments) > 1 else None)
    asked = {name: value for name, value in mapping(step.arguments[0]).items() if name in keys}
    written = [*change.items(), *mapping(change.get("$set")).items()]
    return next((v.text for k, v in written if k in keys and _of_one(k, v, asked)), None)


def _reassigns(step: OrmStep, keys: frozenset[str]) -> str | None:
    """How an update may give a document to another tenant; the same value as in the filter changes nothing."""
    given = step.arguments[1] if len(step.arguments) > 1 else None
    change = mapping(given)
    asked = {name: value for name, value in mapping(step.arguments[0]).items() if name in keys}
    same = {*asked.values()}
    if "replace" in step.method.lower():
        held = [value for name, value in change.items() if name in keys]
        if given is None or given.kind != "map" or "..." in change or any(value in same for value in held):
            return None
        return "it is replaced by a document without its tenant" if not held else "the update sets its tenant"
    for name in ("$set", "$setOnInsert", "$rename", "$unset", ""):
        written = change if not name else mapping(change.get(name))
        sets = name in {"$set", ""}
        if any(k in keys and v not in same and not (sets and _of_one(k, v, asked)) for k, v in written.items()):
            return "the update sets its tenant"
        whole = change.get(name, given) if sets else None
        if whole is not None and whole.kind == "value" and RAW.search(whole.text):
            return f"{whole.text} is set as a whole, the tenant's field among it if the client says so"
    return None
