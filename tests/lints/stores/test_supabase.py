"""Supabase's clients: filters of PostgREST as SQL, and what row level security is worth for them."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = """
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE logbooks (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id));
CREATE TABLE crews (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id));
CREATE FUNCTION boats_of(t uuid) RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats WHERE tenant_id = t $$;
CREATE FUNCTION all_boats() RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats $$;
ALTER TABLE crews ENABLE ROW LEVEL SECURITY;
"""
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by id alone": ("supabase.from('boats').select('*').eq('id', id).single()", [("violation", "TENORM001")]),
    "with the tenant": ("supabase.from('boats').select('*').eq('id', id).eq('tenant_id', t)", [("proven", None)]),
    "an object of filters": ("supabase.from('boats').select().match({ id, tenant_id: t })", [("proven", None)]),
    "another sign is no scope": ("supabase.from('boats').select().neq('tenant_id', t)", [("violation", "TENORM001")]),
    "an or has its own filters": (
        "supabase.from('boats').select().or(`id.eq.${id},name.eq.x`).eq('tenant_id', t)",
        [("proven", None)],
    ),
    "the tenant inside an or": (
        "supabase.from('boats').select().or(`tenant_id.eq.${t},name.eq.x`)",
        [("violation", "TENORM006")],
    ),
    "something nested in an or": (
        "supabase.from('boats').select().or(`and(tenant_id.eq.${t},name.eq.x),id.eq.${id}`)",
        [("opaque", "TENORM013")],
    ),
    "not the tenant's": (
        "supabase.from('boats').select().not('tenant_id', 'eq', t)",
        [("violation", "TENORM001")],
    ),
    "not some of the tenant's": (
        "supabase.from('boats').select().not('name', 'is', null).eq('tenant_id', t)",
        [("proven", None)],
    ),
    "a routine of the tenant's, above the policies": ("supabaseAdmin.rpc('boats_of', { t })", [("proven", None)]),
    "a routine for all tenants, above the policies": ("supabaseAdmin.rpc('all_boats')", [("violation", "TENSQL001")]),
    "a routine that nobody has read": ("supabaseAdmin.rpc('other', { t })", [("opaque", "TENSQL013")]),
    "a routine that the policies bind": ("supabase.rpc('all_boats')", []),
    "an or": (
        "supabase.from('boats').select().or('id.eq.3')",
        [("violation", "TENORM001")],
    ),
    "a change by id": ("supabase.from('boats').update({ name: 'x' }).eq('id', id)", [("violation", "TENORM001")]),
    "a deletion of a tenant's own": (
        "supabase.from('boats').delete().eq('id', id).eq('tenant_id', t)",
        [("proven", None)],
    ),
    "a row with its tenant": ("supabase.from('boats').insert({ id, tenant_id: t, name: 'x' })", [("proven", None)]),
    "an upsert on a caller's key": (
        "supabase.from('boats').upsert({ id: input.id, tenant_id: t, name: 'x' })",
        [("violation", "TENORM004"), ("violation", "TENORM008")],
    ),
    "a filter on an embedded table": (
        "supabase.from('logbooks').select('*, boats!inner(tenant_id)').eq('boats.tenant_id', t)",
        [("proven", None)],
    ),
    "an embedding that keeps nothing out": (
        "supabase.from('logbooks').select('*, boats(tenant_id)').eq('boats.tenant_id', t)",
        [("violation", "TENORM001")],
    ),
    "a bucket is no table": ("supabase.storage.from('boats').remove([id])", []),
    "policies bind the user's client": (
        "supabase.from('crews').select('*').eq('id', id)",
        [("weak", "TENORM014")],
    ),
    "policies do not bind the service's": (
        "supabaseAdmin.from('crews').select('*').eq('id', id)",
        [("violation", "TENORM001")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    call, wanted = CASES[name]
    tree = {
        "supabase/migrations/1.sql": SCHEMA.encode(),
        "src/a.ts": f"async function f(id, t) {{ const {{ data }} = await {call}; return data; }}".encode(),
    }
    found = scan([("src/a.ts", tree["src/a.ts"])], build_model(tree, None))
    assert [(row.verdict, row.rule) for row in found.accesses] == wanted, [(r.sql, r.why) for r in found.accesses]


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ('supabase.table("boats").select("*").eq("id", id).execute()', ("violation", "TENORM001")),
        ('supabase.table("boats").select("*").eq("tenant_id", t).in_("id", ids).execute()', ("proven", None)),
        ('client.from_("boats").delete().eq("id", id).execute()', ("violation", "TENORM001")),
    ],
)
def test_python(call: str, wanted: tuple[str, str | None]) -> None:
    tree = {
        "supabase/migrations/1.sql": SCHEMA.encode(),
        "app/a.py": f"from supabase import client\n\n\ndef f(id, ids, t):\n    return {call}\n".encode(),
    }
    (row,) = scan([("app/a.py", tree["app/a.py"])], build_model(tree, None)).accesses
    assert (row.verdict, row.rule) == wanted, (row.sql, row.why)
