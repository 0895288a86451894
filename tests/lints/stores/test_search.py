"""Search and vector indexes end to end: the call, its query, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.tenancy import Model

CASES: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "ts: no filter": (
        "a.ts",
        "const f=(q)=>es.search({ index: 'boats', query: { match: { name: q } } });",
        [("violation", "TENIDX001")],
    ),
    "ts: term in filter": (
        "a.ts",
        "const f=(q,t)=>es.search({ index: 'boats', query: { bool: { must: [{ match: { name: q } }], filter: [{ term: { tenantId: t } }] } } });",
        [("proven", None)],
    ),
    "ts: term in must": (
        "a.ts",
        "const f=(q,t)=>es.search({ index: 'boats', query: { bool: { must: [{ match: { name: q } }, { term: { tenantId: { value: t } } }] } } });",
        [("proven", None)],
    ),
    "ts: term in should": (
        "a.ts",
        "const f=(q,t)=>es.search({ index: 'boats', query: { bool: { must: [{ match: { name: q } }], should: [{ term: { tenantId: t } }] } } });",
        [("violation", "TENIDX002")],
    ),
    "ts: should is all there is": (
        "a.ts",
        "const f=(t,u)=>es.search({ index: 'boats', query: { bool: { should: [{ term: { tenantId: t } }, { term: { tenantId: u } }] } } });",
        [("proven", None)],
    ),
    "ts: must_not": (
        "a.ts",
        "const f=(q,t)=>es.search({ index: 'boats', query: { bool: { must_not: [{ term: { tenantId: t } }] } } });",
        [("violation", "TENIDX001")],
    ),
    "ts: match is no term": (
        "a.ts",
        "const f=(q,t)=>es.search({ index: 'boats', query: { match: { tenantId: t } } });",
        [("violation", "TENIDX001")],
    ),
    "ts: a body of version 7": (
        "a.ts",
        "const f=(q,t)=>client.es.search({ index: 'boats', body: { query: { bool: { filter: { term: { 'tenantId.keyword': t } } } } } });",
        [("proven", None)],
    ),
    "ts: a query from elsewhere": (
        "a.ts",
        "const f=(query)=>es.search({ index: 'boats', query });",
        [("opaque", "TENIDX013")],
    ),
    "ts: no body": ("a.ts", "const f=()=>es.search({ index: 'boats' });", [("violation", "TENIDX001")]),
    "ts: index of the tenant": (
        "a.ts",
        "const f=(tenantId,q)=>es.search({ index: `boats-${tenantId}`, query: { match: { name: q } } });",
        [("proven", None)],
    ),
    "ts: filter on some paths": (
        "a.ts",
        "const f=(t,q)=>es.search({ index: 'boats', query: { bool: { filter: [{ match: { name: q } }, ...(t ? [{ term: { tenantId: t } }] : [])] } } });",
        [("violation", "TENIDX005")],
    ),
    "ts: delete by query": (
        "a.ts",
        "const f=(q)=>es.deleteByQuery({ index: 'boats', query: { match: { name: q } } });",
        [("violation", "TENIDX003")],
    ),
    "ts: delete by query of a tenant": (
        "a.ts",
        "const f=(t)=>es.deleteByQuery({ index: 'boats', query: { term: { tenantId: t } } });",
        [("proven", None)],
    ),
    "ts: get by id": ("a.ts", "const f=(id)=>elasticClient.get({ index: 'boats', id });", [("violation", "TENIDX009")]),
    "ts: knn without a filter": (
        "a.ts",
        "const f=(v)=>es.search({ index: 'boats', knn: { field: 'e', query_vector: v, k: 5 } });",
        [("violation", "TENIDX006")],
    ),
    "ts: knn with a filter": (
        "a.ts",
        "const f=(v,t)=>es.search({ index: 'boats', knn: { field: 'e', query_vector: v, k: 5, filter: { term: { tenantId: t } } } });",
        [("proven", None)],
    ),
    "ts: document without tenant": (
        "a.ts",
        "const f=(b)=>es.index({ index: 'boats', document: { name: b.name } });",
        [("violation", "TENIDX004")],
    ),
    "ts: document of a tenant": (
        "a.ts",
        "const f=(b,t)=>es.index({ index: 'boats', document: { name: b.name, tenantId: t } });",
        [("proven", None)],
    ),
    "ts: several searches": (
        "a.ts",
        "const f=(q,t)=>es.msearch({ searches: [{ index: 'boats' }, { query: { term: { tenantId: t } } }, { index: 'boats' }, { query: { match: { name: q } } }] });",
        [("violation", "TENIDX001")],
    ),
    "ts: literal": (
        "a.ts",
        "const f=()=>es.search({ index: 'boats', query: { term: { tenantId: 'demo' } } });",
        [("weak", "TENIDX007")],
    ),
    "ts: meilisearch": (
        "a.ts",
        "const f=(q)=>meili.index('boats').search(q, { limit: 5 });",
        [("violation", "TENIDX001")],
    ),
    "ts: meilisearch filtered": (
        "a.ts",
        "const f=(q,t)=>meili.index('boats').search(q, { filter: `tenantId = ${t}` });",
        [("proven", None)],
    ),
    "ts: qdrant": (
        "a.ts",
        "const f=(vector,t)=>qdrant.search('boats', { vector, filter: { must: [{ key: 'tenantId', match: { value: t } }] } });",
        [("proven", None)],
    ),
    "ts: qdrant unfiltered": (
        "a.ts",
        "const f=(vector)=>qdrant.search('boats', { vector, limit: 3 });",
        [("violation", "TENIDX006")],
    ),
    "ts: pinecone namespace": (
        "a.ts",
        "const f=(vector,tenantId)=>pinecone.index('boats').query({ vector, filter: { tenantId: { $eq: tenantId } } });",
        [("proven", None)],
    ),
    "py: no filter": (
        "a.py",
        "def f(es, q):\n    return es.search(index='boats', query={'match': {'name': q}})\n",
        [("violation", "TENIDX001")],
    ),
    "py: filter": (
        "a.py",
        "def f(es, q, t):\n    return es.search(index='boats', query={'bool': {'filter': [{'term': {'tenant_id': t}}], 'must': [{'match': {'name': q}}]}})\n",
        [("proven", None)],
    ),
    "py: body": (
        "a.py",
        "def f(es, q, t):\n    body = {'query': {'bool': {'filter': {'term': {'tenant_id': t}}}}}\n    return es.search(index='boats', body=body)\n",
        [("proven", None)],
    ),
    "py: delete by query": (
        "a.py",
        "def f(opensearch, q):\n    opensearch.delete_by_query(index='boats', body={'query': {'match_all': {}}})\n",
        [("violation", "TENIDX003")],
    ),
    "py: a regular expression is no index": ("a.py", "import re\ndef f(q):\n    return re.search('a', q)\n", []),
    "ts: a string is no index": (
        "a.ts",
        "const f=(s)=>s.search('x'); const g=(es)=>es.get('x').then(a=>a);",
        [("violation", "TENIDX009")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    path, source, wanted = CASES[name]
    found = scan([(path, source.encode())], Model(tables={}))
    assert [(row.verdict, row.rule) for row in found.accesses] == wanted, [row.why for row in found.accesses]
