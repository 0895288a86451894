"""SQLite's full text tables are indexes over a tenant's rows, or hold keys of their own."""

from __future__ import annotations

import pytest

from lints.proof import prove
from lints.schema import build_model

SCHEMA = b"""
CREATE TABLE tenants (id TEXT PRIMARY KEY);
CREATE TABLE notes (id INTEGER PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), body TEXT);
CREATE VIRTUAL TABLE notes_fts USING fts5(body, content='notes', content_rowid='id', tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE IF NOT EXISTS "docs" USING fts5 (tenant_id UNINDEXED, body);
CREATE VIRTUAL TABLE words USING fts4(body TEXT);
CREATE VIRTUAL TABLE boxes USING rtree(id, a, b);
"""
MODEL = build_model({"migrations/1.sql": SCHEMA}, None, dialect="sqlite")


def test_whose_their_rows_are() -> None:
    found = {name: (table.ownership, table.tenant_column) for name, table in MODEL.tables.items()}

    assert found["notes_fts"] == ("child", None)
    assert found["docs"] == ("owned", "tenant_id")
    assert not {"words", "boxes"} & set(found)  # nothing says whose


@pytest.mark.parametrize(
    ("sql", "verdict"),
    [
        ("SELECT n.id FROM notes_fts f JOIN notes n ON n.id = f.rowid WHERE notes_fts MATCH ? AND n.tenant_id = ?", "proven"),
        ("SELECT n.id FROM notes_fts f JOIN notes n ON n.rowid = f.rowid WHERE f.body MATCH ? AND n.tenant_id = ?", "proven"),
        ("SELECT * FROM notes WHERE tenant_id = ? AND id IN (SELECT rowid FROM notes_fts WHERE notes_fts MATCH ?)", "proven"),
        ("SELECT body FROM notes_fts WHERE notes_fts MATCH ?", "violation"),
        ("INSERT INTO notes_fts (rowid, body) SELECT id, body FROM notes WHERE tenant_id = ?", "proven"),
        ("SELECT body FROM docs WHERE docs MATCH ? AND tenant_id = ?", "proven"),
        ("SELECT body FROM docs WHERE docs MATCH ?", "violation"),
        ("SELECT body FROM words WHERE words MATCH ?", "opaque"),
    ],
)  # fmt: skip
def test_a_search_is_tied_by_the_rows_it_is_an_index_of(sql: str, verdict: str) -> None:
    proof = prove(sql, MODEL, dialect="sqlite")[0]

    assert proof.verdict == verdict, proof.steps
