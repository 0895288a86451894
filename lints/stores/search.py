"""Search and vector indexes: does the query keep every document of another tenant out?

Elasticsearch and OpenSearch bodies (a `term` inside `bool.filter` or `must`; `should` only raises a score), filters of
Meilisearch, Qdrant and Pinecone. There is no schema, so every index counts as shared by tenants unless its name, or its
namespace, is made from the tenant.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.proof.result import Proof, Reference, Verdict
from lints.stores.orm_sql import mapping
from lints.tenancy import Ownership

_TENANT = re.compile(r"tenant|(?:^|[^a-z])org(?:ani[sz]ation)?(?:[^a-z]|_?id)|workspace|account_?id", re.IGNORECASE)
_BY_ID = names("get exists delete update get_source getSource")
_WRITES = names("index create upsert addDocuments add_documents")
_QUERY_WRITES = names("deleteByQuery delete_by_query updateByQuery update_by_query deletePoints deleteMany")
_MANY = names("msearch bulk mget")
_CALLS = _BY_ID | _WRITES | _QUERY_WRITES | _MANY | names("search count query query_points")
_WRAPS = names("bool constant_score function_score script_score nested has_parent filter must query $and")
_MAX_DEPTH = 10


def prove_search(index: str, steps: Sequence[OrmStep], keys: frozenset[str], globals_: frozenset[str]) -> Proof:
    """Judge a call on an index. `keys` are the spellings of the tenant's field."""
    through = len(steps) > 1 and steps[0].method in {"index", "Index", "namespace"} and steps[1].method in _CALLS
    steps = steps[:2] if through else steps[:1]
    step = steps[-1]
    digest = hashlib.sha256(repr((index, step)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    action = "delete" if step.method.lower().startswith("delete") else "update" if "pdate" in step.method else "select"
    action = "insert" if step.method in _WRITES else action
    options = _options(step)
    named = options.get("index", options.get("collection_name"))
    shown = (named.text if named is not None else "") or index
    if shown in globals_:
        return Proof(verdict=Verdict.PROVEN, operation=action, relevant=False, fingerprint=digest)
    own = [*(step.arguments[:1] if step.arguments and step.arguments[0].kind in {"value", "dynamic"} else ()), *(
        argument for before in steps[:-1] for argument in before.arguments[:1]
    )]  # fmt: skip
    scope = [named, options.get("namespace"), *own]
    if any(given is not None and given.kind != "map" and _named_after(given, keys) for given in scope):
        answer: _Answer = (None, None, "the index is the tenant's own")
    else:
        answer = _judged(step, options, keys)
    rule, why, proven = answer
    verdict = Verdict.PROVEN
    if why is not None:
        verdict = Verdict.OPAQUE if rule == "TENIDX013" else Verdict.VIOLATION
    elif rule is not None:
        verdict = Verdict.WEAK
    reference = Reference(
        table=f"index:{shown or '(index)'}"[:120],
        column=next(iter(sorted(keys, key=lambda key: (key != "tenantId", key))), None),
        alias="",
        ownership=Ownership.OWNED,
        action=action,
        proven=why is None,
        proven_by=proven,
        why_not=why,
        rule=rule,
    )
    return Proof(
        verdict=verdict,
        operation=action,
        tables=(reference.table,),
        rules=(rule,) if rule is not None else (),
        references=(reference,),
        assumptions=("the tenant written in the query is meant",) if verdict is Verdict.WEAK else (),
        fingerprint=digest,
    )


_Answer = tuple[str | None, str | None, str | None]


def _judged(step: OrmStep, options: Mapping[str, Argument], keys: frozenset[str]) -> _Answer:
    method = step.method
    if method in _MANY:
        return _many(options, keys)
    if method in _WRITES:
        document = options.get("document") or options.get("doc") or options.get("body")
        return _document(document, keys)
    if "knn" in options:
        found = [_tie(mapping(item).get("filter"), keys, 0) for item in _listed(options["knn"])]
        if not all(tie in {"value", "literal"} for tie in found):
            return "TENIDX006", "the nearest neighbours are taken among every tenant's documents", None
        if "query" not in options:
            return None, None, "the neighbours are filtered by the tenant"
    near = options.keys() & {"vector", "query_vector", "queryVector"}
    query = options.get("query") if not near else None
    given = query if query is not None and query.kind in {"map", "term", "value", "dynamic"} else None
    given = given if given is not None and (given.kind == "map" or "filter" not in options) else options.get("filter")
    if method in _BY_ID and given is None:
        return "TENIDX009", "the document is found by its id alone, in an index of all tenants", None
    if given is None:
        if "..." in options or (step.arguments and step.arguments[-1].kind == "value" and not options):
            return "TENIDX013", "the query is put together out of sight", None
        if method in _QUERY_WRITES:
            return "TENIDX003", "it changes the documents of every tenant", None
        return ("TENIDX006" if near else "TENIDX001"), "nothing keeps other tenants' documents out", None
    tie = _tie(given, keys, 0)
    if tie in {"value", "literal"}:
        return ("TENIDX007" if tie == "literal" else None), None, "the query is filtered by the tenant"
    if tie == "unseen":
        return "TENIDX013", "part of the query is put together out of sight", None
    if tie == "optional":
        return "TENIDX002", "the tenant is one of several clauses of which not each must match", None
    if method in _QUERY_WRITES:
        return "TENIDX003", "its query does not name the tenant", None
    return ("TENIDX006" if near else "TENIDX001"), "the query does not filter by the tenant", None


def _options(step: OrmStep) -> dict[str, Argument]:
    """Options of a call, those of its body among them, whatever the client's version calls them."""
    found: dict[str, Argument] = {}
    for argument in step.arguments:
        found.update(mapping(argument))
    found.update(dict(step.keywords))
    body = found.get("body")
    if body is not None and body.kind == "map" and step.method not in _WRITES:
        found.update(mapping(body))
    elif body is not None and body.kind in {"value", "dynamic"} and "query" not in found:
        found["..."] = body
    return found


def _listed(given: Argument | None) -> tuple[Argument, ...]:
    if given is None:
        return ()
    return given.items if given.kind == "list" else (given,)


def _is_tenant(name: str, keys: frozenset[str]) -> bool:
    """`tenantId`, `tenantId.keyword`, `metadata.tenantId`."""
    bare = name.strip("[]\"'").removesuffix(".keyword").removesuffix(".raw")
    return bare in keys or bare.rpartition(".")[2] in keys


def _named_after(given: Argument, keys: frozenset[str]) -> bool:
    holes = re.findall(r"\{([^{}]*)\}", given.text) if given.kind == "dynamic" else [given.text]
    held = given.kind in {"dynamic", "value"} and not given.text.startswith(("`", "'", '"'))
    return held and any(_TENANT.search(hole) or any(key in hole for key in keys) for hole in holes)


def _tie(given: Argument | None, keys: frozenset[str], depth: int) -> str | None:
    """`value`, `literal`: every hit has the tenant; `optional`: some may not; `unseen`; None: nothing says so."""
    if given is None or depth > _MAX_DEPTH:
        return None
    if given.kind == "list":
        return _best(_tie(item, keys, depth + 1) for item in given.items)
    if given.kind in {"text", "dynamic"}:
        return _written(given, keys)
    if given.kind != "map":
        return "unseen"
    found: list[str | None] = []
    for name, value in mapping(given).items():
        if name in {"term", "terms"}:
            found += [_value(inner) for key, inner in mapping(value).items() if _is_tenant(key, keys)]
            found += ["unseen"] if value.kind != "map" else []
        elif name in _WRAPS:
            found.append(_tie(value, keys, depth + 1))
        elif name in {"should", "$or", "queries"}:
            ties = [_tie(item, keys, depth + 1) for item in _listed(value)]
            whole = name != "should" or "minimum_should_match" in given.names or set(given.names) == {"should"}
            sure = bool(ties) and all(tie in {"value", "literal"} for tie in ties)
            found.append(ties[0] if sure and whole else "optional" if any(ties) and not _unseen(ties) else _best(ties))
        elif name == "key" and value.kind == "text" and _is_tenant(value.text, keys):
            match = mapping(mapping(given).get("match"))
            found.append(_value(match.get("value", Argument(kind="value"))))
        elif name in {"...", "[]", "**"}:
            found.append("unseen")
        elif _is_tenant(name, keys):
            inner = mapping(value).get("$eq") if value.kind == "map" else value
            found.append(_value(inner) if inner is not None else None)
    return _best(found)


def _unseen(ties: Sequence[str | None]) -> bool:
    return "unseen" in ties


def _best(found: Iterable[str | None]) -> str | None:
    ties = list(found)
    return next((kind for kind in ("value", "literal", "unseen", "optional") if kind in ties), None)


def _value(given: Argument) -> str | None:
    if given.kind == "map":
        return _value(mapping(given).get("value", Argument(kind="null")))
    return {"text": "literal", "null": None, "list": "value"}.get(given.kind, "value")


def _written(given: Argument, keys: frozenset[str]) -> str | None:
    """A filter as a text: `tenantId = {t} AND kind = sloop`."""
    for key in keys:
        if re.search(rf"\b{re.escape(key)}\b[\"'`]?\s*(?:=|:|\bIN\b)", given.text):
            return (
                "optional"
                if re.search(r"\bOR\b|\|\|", given.text)
                else "value"
                if given.kind == "dynamic"
                else "literal"
            )
    return None


def _document(document: Argument | None, keys: frozenset[str]) -> _Answer:
    if document is None or document.kind != "map":
        return "TENIDX013", "the document is put together out of sight", None
    if any(_is_tenant(name, keys) for name in document.names):
        return None, None, "the document names its tenant"
    if not {"...", "[]"}.isdisjoint(document.names):
        return "TENIDX013", "part of the document is put together out of sight", None
    return "TENIDX004", "the document does not name a tenant", None


def _many(options: Mapping[str, Argument], keys: frozenset[str]) -> _Answer:
    """Several searches at once: each needs the tenant."""
    listed = next((options[name] for name in ("searches", "body", "operations", "docs") if name in options), None)
    queries = [mapping(item)["query"] for item in _listed(listed) if item.kind == "map" and "query" in item.names]
    if not queries:
        return "TENIDX013", "several requests are put together out of sight", None
    ties = [_tie(query, keys, 0) for query in queries]
    if all(tie in {"value", "literal"} for tie in ties):
        return None, None, "each query is filtered by the tenant"
    if _unseen(ties):
        return "TENIDX013", "part of a query is put together out of sight", None
    return "TENIDX001", "one of several queries does not filter by the tenant", None
