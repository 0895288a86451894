"""Cypher written to deceive: each name says what the shape tries; the label stood before the code was run."""

from __future__ import annotations

import pytest

from lints.stores.cypher import prove_cypher

CASES = {
    "and or paren": ("proven", "MATCH (b:Boat) WHERE b.tenantId=$t AND (b.name=$n OR b.x=$x) RETURN b"),
    "or and prec": ("violation", "MATCH (b:Boat) WHERE b.tenantId=$t AND b.name=$n OR b.x=$x RETURN b"),
    "not": ("violation", "MATCH (b:Boat) WHERE NOT b.tenantId=$t RETURN b"),
    "not paren": ("violation", "MATCH (b:Boat) WHERE NOT (b.tenantId=$t) RETURN b"),
    "xor": ("violation", "MATCH (b:Boat) WHERE b.tenantId=$t XOR b.name=$n RETURN b"),
    "ne": ("violation", "MATCH (b:Boat) WHERE b.tenantId<>$t RETURN b"),
    "in param": ("proven", "MATCH (b:Boat) WHERE b.tenantId IN $ts RETURN b"),
    "null switch": ("violation", "MATCH (b:Boat) WHERE ($t IS NULL OR b.tenantId=$t) RETURN b"),
    "coalesce": ("violation", "MATCH (b:Boat) WHERE b.tenantId=coalesce($t,b.tenantId) RETURN b"),
    "case": ("violation", "MATCH (b:Boat) WHERE CASE WHEN $all THEN true ELSE b.tenantId=$t END RETURN b"),
    "optional match where": (
        "violation",
        "MATCH (b:Boat {id:$id}) OPTIONAL MATCH (b)-[:HAS]->(c:Crew {tenantId:$t}) RETURN b,c",
    ),
    "optional where does not filter b": (
        "violation",
        "MATCH (b:Boat {id:$id}) OPTIONAL MATCH (b)-[:HAS]->(c:Crew) WHERE b.tenantId=$t RETURN b,c",
    ),
    "optional c unscoped via rel": (
        "weak",
        "MATCH (b:Boat {id:$id,tenantId:$t}) OPTIONAL MATCH (b)-[:HAS]->(c:Crew) RETURN b,c",
    ),
    "optional c alone unscoped": (
        "violation",
        "MATCH (b:Boat {id:$id,tenantId:$t}) OPTIONAL MATCH (c:Crew {id:$c}) RETURN b,c",
    ),
    "with rebind": ("violation", "MATCH (b:Boat {tenantId:$t}) WITH 1 AS x MATCH (b:Boat {id:$id}) RETURN b"),
    "with alias": (
        "proven",
        "MATCH (b:Boat {tenantId:$t}) WITH b AS c MATCH (c)-[:HAS]->(d:Crew {tenantId:$t}) RETURN d",
    ),
    "with where": ("proven", "MATCH (b:Boat {id:$id}) WITH b WHERE b.tenantId=$t RETURN b"),
    "with limit where": ("violation", "MATCH (b:Boat) WITH b LIMIT 10 WHERE b.tenantId=$t RETURN b"),
    "with limit then where 2": (
        "violation",
        "MATCH (b:Boat) WITH b ORDER BY b.x LIMIT 10 MATCH (b) WHERE b.tenantId=$t RETURN b",
    ),
    "with count then filter": ("violation", "MATCH (b:Boat) WITH count(b) AS n RETURN n"),
    "with count leaks": ("proven", "MATCH (b:Boat) WITH b, count(*) AS n WHERE b.tenantId=$t RETURN b,n"),
    "varlen all nodes": (
        "proven",
        "MATCH p=(b:Boat {tenantId:$t})-[:HAS*1..3]->(c) WHERE all(n IN nodes(p) WHERE n.tenantId=$t) RETURN c",
    ),
    "any nodes": (
        "violation",
        "MATCH p=(b:Boat {tenantId:$t})-[:HAS*1..3]->(c) WHERE any(n IN nodes(p) WHERE n.tenantId=$t) RETURN c",
    ),
    "varlen endpoint": ("proven", "MATCH (b:Boat {tenantId:$t})-[:HAS*1..3]->(c:Crew {tenantId:$t}) RETURN c"),
    "untyped": ("violation", "MATCH (b:Boat {tenantId:$t})--(c) RETURN c"),
    "untyped arrow": ("violation", "MATCH (b:Boat {tenantId:$t})-[r]->(c:Crew) RETURN c"),
    "merge no tenant": ("violation", "MERGE (b:Boat {id:$id}) SET b.tenantId=$t"),
    "merge on create": ("violation", "MERGE (b:Boat {id:$id}) ON CREATE SET b.tenantId=$t RETURN b"),
    "merge good": ("proven", "MERGE (b:Boat {id:$id,tenantId:$t}) SET b.name=$n"),
    "merge rel": ("proven", "MATCH (a:Boat {id:$a,tenantId:$t}),(b:Crew {id:$b,tenantId:$t}) MERGE (a)-[:HAS]->(b)"),
    "merge rel unscoped": ("violation", "MATCH (a:Boat {id:$a,tenantId:$t}),(b:Crew {id:$b}) MERGE (a)-[:HAS]->(b)"),
    "create no tenant": ("violation", "CREATE (b:Boat {id:$id})"),
    "create": ("proven", "CREATE (b:Boat {id:$id,tenantId:$t})"),
    "create props": ("opaque", "CREATE (b:Boat $props)"),
    "create set props": ("opaque", "CREATE (b:Boat) SET b = $props"),
    "create set props tenant": ("proven", "CREATE (b:Boat) SET b = $props, b.tenantId=$t"),
    "match props": ("opaque", "MATCH (b:Boat $props) RETURN b"),
    "set += props": ("weak", "MATCH (b:Boat {id:$id,tenantId:$t}) SET b += $props"),
    "set = props": ("weak", "MATCH (b:Boat {id:$id,tenantId:$t}) SET b = $props"),
    "set tenant": ("violation", "MATCH (b:Boat {id:$id,tenantId:$t}) SET b.tenantId=$new"),
    "set tenant same": ("proven", "MATCH (b:Boat {id:$id,tenantId:$t}) SET b.tenantId=$t"),
    "remove tenant": ("violation", "MATCH (b:Boat {id:$id,tenantId:$t}) REMOVE b.tenantId"),
    "delete": ("violation", "MATCH (b:Boat {id:$id}) DETACH DELETE b"),
    "delete all": ("violation", "MATCH (n) DETACH DELETE n"),
    "call sub import": (
        "weak",
        "MATCH (b:Boat {tenantId:$t}) CALL { WITH b MATCH (b)-[:HAS]->(c:Crew) RETURN c } RETURN b,c",
    ),
    "call sub unscoped": (
        "violation",
        "MATCH (b:Boat {tenantId:$t}) CALL { MATCH (c:Crew {id:$c}) RETURN c } RETURN b,c",
    ),
    "call sub not imported b": (
        "violation",
        "MATCH (b:Boat {tenantId:$t}) CALL { MATCH (b:Boat {id:$x}) RETURN b AS z } RETURN z",
    ),
    "call sub scope clause": (
        "proven",
        "MATCH (b:Boat {tenantId:$t}) CALL (b) { MATCH (b)-[:HAS]->(c:Crew {tenantId:$t}) RETURN c } RETURN c",
    ),
    "union": ("violation", "MATCH (b:Boat {tenantId:$t}) RETURN b UNION MATCH (b:Boat {id:$i}) RETURN b"),
    "unwind": ("proven", "UNWIND $rows AS row MATCH (b:Boat {id:row.id, tenantId:$t}) SET b.name=row.name"),
    "unwind row tenant": (
        "proven",
        "UNWIND $rows AS row MERGE (b:Boat {id:row.id, tenantId:row.tenantId}) SET b.name=row.name",
    ),
    "unwind unscoped": ("violation", "UNWIND $ids AS id MATCH (b:Boat {id:id}) RETURN b"),
    "unwind ids nodes": ("proven", "MATCH (b:Boat {tenantId:$t}) WITH collect(b) AS bs UNWIND bs AS x RETURN x"),
    "exists sub": (
        "weak",
        "MATCH (b:Boat {id:$id}) WHERE EXISTS { MATCH (b)-[:IN]->(t:Tenant {tenantId:$t}) } RETURN b",
    ),
    "exists pattern": (
        "violation",
        "MATCH (b:Boat {id:$id,tenantId:$t}) WHERE EXISTS { MATCH (c:Crew {id:$c}) } RETURN b",
    ),
    "pattern predicate": ("weak", "MATCH (b:Boat {id:$id,tenantId:$t}) WHERE (b)-[:HAS]->(:Crew {id:$c}) RETURN b"),
    "count sub": ("violation", "MATCH (b:Boat {tenantId:$t}) RETURN b, COUNT { MATCH (c:Crew) RETURN c } AS n"),
    "pattern comprehension": ("weak", "MATCH (b:Boat {tenantId:$t}) RETURN [(b)-[:HAS]->(c:Crew) | c.name] AS names"),
    "vector with filter": (
        "proven",
        "CALL db.index.vector.queryNodes('emb',10,$v) YIELD node AS n, score WITH n, score WHERE n.tenantId=$t RETURN n",
    ),
    "vector then match": (
        "weak",
        "CALL db.index.vector.queryNodes('emb',10,$v) YIELD node, score MATCH (node)-[:OF]->(b:Boat {tenantId:$t}) RETURN node",
    ),
    "apoc": ("opaque", "CALL apoc.cypher.run($q,{}) YIELD value RETURN value"),
    "apoc merge": ("opaque", "CALL apoc.merge.node(['Boat'],{id:$id},{}) YIELD node RETURN node"),
    "tenant node root": ("weak", "MATCH (t:Tenant {id:$t})-[:OWNS]->(b:Boat {id:$id}) RETURN b"),
    "foreach": ("violation", "MATCH (b:Boat {tenantId:$t}) FOREACH (x IN $xs | CREATE (c:Crew {id:x}))"),
    "label hole": ("violation", "MATCH (b:__hole_0__ {id:$id}) RETURN b"),
    "label hole scoped": ("proven", "MATCH (b:__hole_0__ {id:$id,tenantId:$t}) RETURN b"),
    "cond hole": ("opaque", "MATCH (b:Boat) WHERE __hole_0__ RETURN b"),
    "equal between": ("proven", "MATCH (a:Boat {tenantId:$t}),(b:Crew) WHERE a.tenantId=b.tenantId RETURN b"),
    "call in tx": (
        "proven",
        "MATCH (b:Boat {tenantId:$t}) CALL { WITH b DETACH DELETE b } IN TRANSACTIONS OF 100 ROWS",
    ),
    "bracket prop": ("proven", "MATCH (b:Boat) WHERE b['tenantId']=$t RETURN b"),
    "backtick": ("proven", "MATCH (b:`Boat` {`tenantId`:$t}) RETURN b"),
    "inline where": ("proven", "MATCH (b:Boat WHERE b.tenantId=$t) RETURN b"),
    "set node from other": (
        "violation",
        "MATCH (b:Boat {id:$id,tenantId:$t}) MATCH (c:Crew {id:$c}) SET b.name=c.name",
    ),
    "toString": ("proven", "MATCH (b:Boat) WHERE b.tenantId=toString($t) RETURN b"),
    "starts with": ("violation", "MATCH (b:Boat) WHERE b.tenantId STARTS WITH $t RETURN b"),
    "regex": ("violation", "MATCH (b:Boat) WHERE b.tenantId =~ $t RETURN b"),
    "reversed": ("proven", "MATCH (b:Boat) WHERE $t = b.tenantId RETURN b"),
    "comment hides": ("violation", "MATCH (b:Boat {id:$id}) // WHERE b.tenantId=$t\nRETURN b"),
    "string hides": ("violation", "MATCH (b:Boat {id:$id, note:'tenantId:$t'}) RETURN b"),
    "tenant obj param": ("proven", "MATCH (b:Boat {id:$id, tenantId:$ctx.tenantId}) RETURN b"),
    "param map key": ("proven", "MATCH (b:Boat {id:$props.id, tenantId:$props.tenantId}) RETURN b"),
    "true or": ("violation", "MATCH (b:Boat) WHERE b.tenantId=$t OR true RETURN b"),
    "with star": ("proven", "MATCH (b:Boat {tenantId:$t}) WITH * MATCH (b)-[:HAS]->(c:Crew {tenantId:$t}) RETURN c"),
    "with distinct": ("proven", "MATCH (b:Boat) WITH DISTINCT b WHERE b.tenantId=$t RETURN b"),
    "with param alias": ("proven", "WITH $t AS tid MATCH (b:Boat {tenantId: tid}) RETURN b"),
    "with param alias overridden": (
        "violation",
        "MATCH (x:Boat {tenantId:$t}) WITH x.other AS tid MATCH (b:Crew {tenantId: tid}) RETURN b",
    ),
    "merge then match other": ("weak", "MERGE (t:Tenant {tenantId:$t}) MERGE (t)-[:OWNS]->(b:Boat {id:$id}) RETURN b"),
    "create from match": ("violation", "MATCH (a:Boat {tenantId:$t}) CREATE (a)-[:HAS]->(c:Crew {id:$c})"),
    "load csv": ("opaque", "LOAD CSV FROM $u AS row CREATE (b:Boat {id:row[0]})"),
}


@pytest.mark.parametrize("name", CASES)
def test_shape(name: str) -> None:
    wanted, statement = CASES[name]
    proof = prove_cypher(statement, ("tenantId", "tenant_id"))
    assert proof.verdict == wanted, (proof.rules, [r.why_not for r in proof.references])


def test_rules_name_the_reason() -> None:
    def rules(statement: str) -> tuple[str, ...]:
        return prove_cypher(statement, ("tenantId",)).rules

    assert rules("MATCH (b:Boat) WHERE b.tenantId=$t AND b.name=$n OR b.x=$x RETURN b") == ("TENCYP006",)
    assert rules("MATCH (b:Boat) WITH b LIMIT 10 WHERE b.tenantId=$t RETURN b") == ("TENCYP012",)
    assert rules("MATCH (t:Tenant {id:$t})-[:OWNS]->(b:Boat) RETURN b") == ("TENCYP011",)
