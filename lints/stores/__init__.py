"""Stores that are not SQL, and ORMs: Cypher, Redis, MongoDB, search indexes and ORM calls, by rules of their own."""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    # A call of an ORM or a query builder
    "TENORM001": "lookup without tenant key: nothing in the call ties its rows to a caller's tenant",
    "TENORM002": "only a relation key: scoped only if the object it refers to was checked",
    "TENORM003": "primary key of an instance that the caller already holds",
    "TENORM004": "mass assignment: the tenant column is assigned, or may be, by an object the client sends",
    "TENORM005": "conditional tenant filter: on some paths the call runs without it",
    "TENORM006": "an OR beside the tenant condition escapes the scope",
    "TENORM007": "possibly undefined tenant value, which this ORM reads as no filter",
    "TENORM008": "upsert or save by a key that does not hold the tenant: another tenant's row can be hit",
    "TENORM009": "raw SQL inside the ORM that can't be read",
    "TENORM010": "loaded by key alone, then compared with the caller's tenant: right if every path takes the guard",
    "TENORM011": "escape hatch: a manager or option that takes the tenant filter away",
    "TENORM012": "raw pool or connection where a tenant wrapper is declared",
    "TENORM013": "dynamic filter: what the call asks for is put together out of sight",
    "TENORM014": "tied to a tenant only by a scope that the model puts on its own queries",
    # Cypher
    "TENCYP001": "unscoped node read",
    "TENCYP002": "unscoped node changed",
    "TENCYP003": "unscoped node deleted",
    "TENCYP004": "node created without tenant",
    "TENCYP005": "tenant predicate can be switched off",
    "TENCYP006": "tenant predicate is only one OR branch",
    "TENCYP007": "literal tenant",
    "TENCYP008": "MERGE key lacks tenant",
    "TENCYP009": "tenant may be reassigned",
    "TENCYP010": "further node unscoped",
    "TENCYP011": "scoped only through a relationship",
    "TENCYP012": "LIMIT or SKIP before the tenant is compared",
    "TENCYP013": "dynamic Cypher, unverifiable",
    # Redis
    "TENRDS001": "key without tenant",
    "TENRDS002": "keys of every tenant",
    "TENRDS003": "channel shared by tenants",
    "TENRDS013": "key put together out of sight",
    # MongoDB
    "TENMGO001": "filter without tenant",
    "TENMGO004": "document without tenant",
    "TENMGO005": "tenant on some paths only",
    "TENMGO006": "tenant in one branch of $or only",
    "TENMGO007": "literal tenant, or one that may be undefined",
    "TENMGO008": "upsert without tenant in its filter",
    "TENMGO009": "tenant reassigned",
    "TENMGO010": "$lookup without tenant",
    "TENMGO012": "stages before the tenant is matched",
    "TENMGO013": "filter put together out of sight",
    # Search and vector indexes
    "TENIDX001": "search without a tenant filter",
    "TENIDX002": "tenant only in an optional clause: it raises the score, it keeps nothing out",
    "TENIDX003": "delete or update by query without a tenant filter",
    "TENIDX004": "document indexed without tenant",
    "TENIDX005": "tenant filter on some paths only",
    "TENIDX006": "nearest neighbours without a tenant filter",
    "TENIDX007": "literal tenant",
    "TENIDX009": "document of a shared index by its id alone",
    "TENIDX013": "query put together out of sight",
    # Where the tenant comes from
    "TENCTX001": "tenant from a header, a body or a query string",
    "TENCTX002": "background work without tenant context",
    "TENCTX003": "tenant held by the whole process",
    "TENCTX004": "a constant stands in for a tenant that nobody gave",
    "TENCTX005": "a request reaches what is set aside as background work",
    "TENCTX006": "the tenant that a client names is passed on as it came",
    "TENCTX007": "what is acted upon is not what was checked",
}
"""Every rule of this package by its id; those of statements are `lints.proof.RULES`."""
