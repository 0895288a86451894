"""Cypher: each statement is a shape that isolates, or only seems to; the label stood before the code was run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lints.stores.cypher import prove_cypher

PROPERTIES = ("tenantId", "tenant_id")

CASES = [
    ("proven", "MATCH (b:Boat {id: $id, tenantId: $t}) RETURN b"),
    ("violation", "MATCH (b:Boat {id: $id}) RETURN b"),
    ("violation", "MATCH (b:Boat) WHERE b.id IN $ids RETURN b"),
    ("proven", "MATCH (b:Boat) WHERE b.id = $id AND b.tenantId = $tenantId RETURN b"),
    ("violation", "MATCH (b:Boat) WHERE b.id = $id OR b.tenantId = $tenantId RETURN b"),
    ("violation", "MATCH (b:Boat) WHERE ($t IS NULL OR b.tenantId = $t) RETURN b"),
    ("weak", "MATCH (b:Boat {tenantId:$t})-[:DOCKS]->(h:Harbour) RETURN h"),
    ("violation", "MATCH (b:Boat {tenantId:$t})-[*1..3]-(h) RETURN h"),
    ("violation", "MATCH (b:Boat {tenantId:$t})--(h) RETURN h"),
    ("proven", "MATCH (b:Boat {tenantId:$t})-[:DOCKS]->(h:Harbour {tenantId:$t}) RETURN h"),
    ("proven", "MATCH (b:Boat)-[:DOCKS]->(h:Harbour) WHERE b.tenantId=$t AND h.tenantId = b.tenantId RETURN h"),
    ("violation", "MERGE (b:Boat {id:$id}) ON CREATE SET b.tenantId = $t RETURN b"),
    ("proven", "MERGE (b:Boat {id:$id, tenantId:$t}) SET b.name = $n RETURN b"),
    ("proven", "CREATE (b:Boat {id:$id, tenantId:$t}) RETURN b"),
    ("violation", "CREATE (b:Boat {id:$id}) RETURN b"),
    ("proven", "CREATE (b:Boat) SET b += $props, b.tenantId = $t RETURN b"),
    ("opaque", "CREATE (b:Boat $props) RETURN b"),
    ("violation", "MATCH (n) DETACH DELETE n"),
    ("proven", "MATCH (n {tenantId:$t}) DETACH DELETE n"),
    ("weak", "MATCH (b:Boat {id:$id, tenantId:$t}) SET b += $props RETURN b"),
    ("violation", "MATCH (b:Boat {id:$id, tenantId:$t}) SET b.tenantId = $other RETURN b"),
    ("violation", "CALL db.index.fulltext.queryNodes('x', $q) YIELD node, score RETURN node"),
    ("proven", "CALL db.index.fulltext.queryNodes('x', $q) YIELD node, score WHERE node.tenantId = $t RETURN node"),
    (
        "proven",
        "CALL db.index.vector.queryNodes('x', 5, $q) YIELD node, score WITH node, score WHERE node.tenantId = $t RETURN node",
    ),
    ("opaque", "MATCH (b:Boat) __hole_0__ RETURN b"),
    ("proven", "UNWIND $rows AS row MERGE (b:Boat {id: row.id, tenantId: row.tenantId}) SET b.x = row.x"),
    ("proven", "UNWIND $rows AS row MERGE (b:Boat {id: row.id, tenantId: $tenantId}) SET b += row.props"),
    ("violation", "MATCH (a:Boat {tenantId:$t}) OPTIONAL MATCH (b:Berth) WHERE b.boat = a.id RETURN a,b"),
    ("proven", "MATCH (a:Boat {tenantId:$t}) WITH a MATCH (b:Berth {tenantId: a.tenantId}) RETURN a,b"),
    ("proven", "MATCH p = (a:Boat {tenantId:$t})-[*1..3]-(b) WHERE all(n IN nodes(p) WHERE n.tenantId = $t) RETURN p"),
    ("proven", "CREATE CONSTRAINT x IF NOT EXISTS FOR (n:Boat) REQUIRE n.id IS UNIQUE"),
    (
        "proven",
        "MATCH (a:Boat {id:$a, tenantId:$t}), (b:Boat {id:$b, tenantId:$t}) MERGE (a)-[r:KNOWS {id:$r}]->(b) RETURN r",
    ),
    ("violation", "MATCH (a:Boat {id:$a}), (b:Boat {id:$b, tenantId:$t}) MERGE (a)-[r:KNOWS]->(b) RETURN r"),
    ("weak", "MATCH (b:Boat {tenantId:'acme'}) RETURN b"),
    ("violation", "MATCH (b:Boat) RETURN b.tenantId"),
    ("violation", "MATCH (b:Boat) WHERE b.tenantId <> $t RETURN b"),
    ("violation", "MATCH (b:Boat) WHERE NOT b.tenantId = $t RETURN b"),
    ("violation", "MATCH ()-[r:KNOWS {id:$id}]->() DELETE r"),
    ("proven", "MATCH ()-[r:KNOWS {id:$id, tenantId:$t}]->() DELETE r"),
    ("proven", "RETURN 1"),
    ("proven", "MATCH (b:Boat) WHERE b.tenantId IN $tenants RETURN b"),
    ("violation", "MATCH (b:Boat {tenantId: $t}) RETURN b UNION MATCH (b:Boat) RETURN b"),
    (
        "proven",
        "MATCH (b:Boat {id: row.id}) WHERE b.name STARTS WITH $x AND b.tenantId = $t RETURN b ORDER BY b.name SKIP 1 LIMIT 5",
    ),
    ("proven", "CALL { MATCH (b:Boat {tenantId:$t}) RETURN b } RETURN b"),
]


@pytest.mark.parametrize(("wanted", "statement"), CASES)
def test_verdict(wanted: str, statement: str) -> None:
    assert prove_cypher(statement, PROPERTIES).verdict == wanted


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("TENCYP001", "MATCH (b:Boat {id: $id}) RETURN b"),
        ("TENCYP002", "MATCH (b:Boat {id: $id}) SET b.name = $n"),
        ("TENCYP003", "MATCH (b:Boat {id: $id}) DETACH DELETE b"),
        ("TENCYP004", "CREATE (b:Boat {id: $id})"),
        ("TENCYP005", "MATCH (b:Boat) WHERE $t IS NULL OR b.tenantId = $t RETURN b"),
        ("TENCYP006", "MATCH (b:Boat) WHERE b.shared OR b.tenantId = $t RETURN b"),
        ("TENCYP007", "MATCH (b:Boat {tenantId: 'zero'}) RETURN b"),
        ("TENCYP008", "MERGE (b:Boat {id: $id}) ON CREATE SET b.tenantId = $t"),
        ("TENCYP009", "MATCH (b:Boat {id: $id, tenantId: $t}) SET b.tenantId = $new"),
        ("TENCYP010", "MATCH (b:Boat {tenantId: $t}), (c:Crew {id: $c}) RETURN b, c"),
        ("TENCYP011", "MATCH (b:Boat {tenantId: $t})-[:HAS]->(c:Crew) RETURN c"),
        ("TENCYP013", "CREATE (b:Boat $properties)"),
    ],
)
def test_rule(rule: str, statement: str) -> None:
    assert rule in prove_cypher(statement, PROPERTIES).rules


def test_a_global_label_needs_no_tenant() -> None:
    statement = "MATCH (b:Boat {tenantId: $t})-[:FLIES]->(c:Country) RETURN c"
    assert prove_cypher(statement, PROPERTIES, ["Country"]).verdict == "proven"


def test_layout_does_not_change_the_fingerprint() -> None:
    one = prove_cypher("MATCH (b:Boat {id: $id})\n  RETURN b // x", PROPERTIES)
    two = prove_cypher("match (b:Boat {id:$id}) return b", PROPERTIES)
    assert one.fingerprint == two.fingerprint


WORDS = (
    "MATCH OPTIONAL WHERE WITH RETURN MERGE CREATE SET DELETE UNWIND CALL FOREACH AS AND OR NOT IN n b $t $p.x 'a' 1 "
)
WORDS += "( ) [ ] { } : , . - -> <- = += * | ; tenantId __hole_0__ all nodes YIELD node"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=40))
def test_any_text_gets_a_verdict(words: list[str]) -> None:
    assert prove_cypher(" ".join(words), PROPERTIES).verdict in {"proven", "weak", "violation", "opaque"}


def test_deep_and_long_statements_come_to_an_end() -> None:
    deep = "MATCH (n) WHERE " + "(" * 20_000 + "n.tenantId = $t" + ")" * 20_000 + " RETURN n"
    assert prove_cypher(deep, PROPERTIES).verdict in {"proven", "violation", "opaque"}
    long = "MATCH " + ", ".join(f"(n{i}:Boat {{tenantId: $t}})" for i in range(3_000)) + " RETURN 1"
    assert prove_cypher(long, PROPERTIES).verdict == "proven"
