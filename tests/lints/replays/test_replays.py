"""Public cross-tenant incidents, each reduced to the shape that went wrong: before, half a fix, the whole fix.

Rebuilt on the harbour's tables from the incidents' descriptions; what is asserted is what became of the finding.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lints.scan import scan
from lints.schema import build_model
from tests.lints.proof.harbour import MODEL

DJANGO = b"""
from django.db import models

class Harbour(models.Model):
    code = models.SlugField(unique=True)
    class Meta:
        db_table = "harbours"

class Asset(models.Model):
    harbour = models.ForeignKey(Harbour, on_delete=models.CASCADE)
    url = models.TextField()
    class Meta:
        db_table = "assets"
"""
SQLALCHEMY = b"""
from sqlalchemy import Column, ForeignKey, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()

class Harbour(Base):
    __tablename__ = "harbours"
    id = Column(String, primary_key=True)

class Pilot(Base):
    __tablename__ = "pilots"
    id = Column(String, primary_key=True)
    harbour_id = Column(String, ForeignKey("harbours.id"), nullable=False)
    name = Column(String)
"""


class Step(NamedTuple):
    """A version of the code, and the verdicts and rules of what it runs, worst first at each place."""

    source: str
    found: tuple[str, ...]


class Replay(NamedTuple):
    path: str
    steps: tuple[Step, ...]
    models: bytes | None = None


REPLAYS = {
    "a log read by its id; the tenant in the ON of a left join filters nothing; at last in WHERE": Replay(
        "api/logs.ts",
        (
            Step("export const f = (id) => sql`select * from logbooks where id = ${id}`", ("violation TENSQL001",)),
            Step(
                "export const f = (id, h) => sql`select l.* from logbooks l left join boats b on l.boat_id = b.id"
                " left join harbours h on b.harbour_id = h.id and h.id = ${h} where l.id = ${id}`",
                ("violation TENSQL001", "violation TENSQL010"),
            ),
            Step(
                "export const f = (id, h) => sql`select l.* from logbooks l left join boats b on l.boat_id = b.id"
                " where l.id = ${id} and b.harbour_id = ${h}`",
                (),
            ),
        ),
    ),
    "related repairs by recursion; only the anchor scoped; the step too": Replay(
        "api/repairs.ts",
        (
            Step(
                "export const f = (id) => sql`with recursive t as (select a.* from repairs a where a.id = ${id}"
                " union all select b.* from repairs b inner join t on t.id = b.parent_id) select * from t`",
                ("violation TENSQL001",),
            ),
            Step(
                "export const f = (id, h) => sql`with recursive t as (select a.* from repairs a where a.id = ${id} and"
                " a.harbour_id = ${h} union all select b.* from repairs b inner join t on t.id = b.parent_id)"
                " select * from t`",
                ("weak TENSQL011",),  # a repair's parent is another's only if the simple foreign key lets it
            ),
            Step(
                "export const f = (id, h) => sql`with recursive t as (select a.* from repairs a where a.id = ${id} and"
                " a.harbour_id = ${h} union all select b.* from repairs b inner join t on t.id = b.parent_id"
                " where b.harbour_id = ${h}) select * from t`",
                (),
            ),
        ),
    ),
    "people read and deleted by id": Replay(
        "api/people.ts",
        (
            Step(
                "router.get(async (c) => { await sql`select * from sailors where id = ${c.id} limit 1`;"
                " await sql`delete from sailors where id = ${c.id}` })",
                ("violation TENSQL001", "violation TENSQL003"),
            ),
            Step(
                "router.get(async (c) => { await sql`select * from sailors where id = ${c.id} and"
                " harbour_id = ${c.h} limit 1`;"
                " await sql`delete from sailors where id = ${c.id} and harbour_id = ${c.h}` })",
                (),
            ),
        ),
    ),
    "entries of a child table by id, then through their parents": Replay(
        "api/entries.ts",
        (
            Step("export const f = (id) => sql`select * from entries where id = ${id}`", ("violation TENSQL001",)),
            Step(
                "export const f = (id, h) => sql`select e.* from entries e left join logbooks l on e.logbook_id = l.id"
                " left join boats b on l.boat_id = b.id where b.harbour_id = ${h} and e.id = ${id}`",
                (),
            ),
        ),
    ),
    "an upsert on the id lands on another tenant's row; guarded by the new row's tenant": Replay(
        "queries/boats.sql",
        (
            Step(
                "-- name: UpsertBoat :one\nINSERT INTO boats (id, harbour_id, name) VALUES (@id, @harbour_id, @name)\n"
                "ON CONFLICT (id) DO UPDATE SET name = CASE WHEN boats.archived_at IS NULL THEN boats.name\n"
                "  WHEN EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = boats.id AND r.harbour_id = boats.harbour_id)"
                " THEN EXCLUDED.name END RETURNING id;",
                ("violation TENSQL008", "violation TENSQL010"),
            ),
            Step(
                "-- name: UpsertBoat :one\nINSERT INTO boats (id, harbour_id, name) VALUES (@id, @harbour_id, @name)\n"
                "ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name\n"
                "WHERE boats.harbour_id = EXCLUDED.harbour_id RETURNING id;",
                (),
            ),
        ),
    ),
    "a count over everybody's messages": Replay(
        "queries/repairs.sql",
        (
            Step(
                "-- name: CountRepairs :one\nSELECT COUNT(*) FROM repairs WHERE boat_id = @boat_id;",
                ("violation TENSQL001",),
            ),
            Step(
                "-- name: CountRepairs :one\nSELECT COUNT(*) FROM repairs WHERE boat_id = @boat_id"
                " AND harbour_id = @harbour_id;",
                (),
            ),
        ),
    ),
    "an alternative beside the key predicate": Replay(
        "store.go",
        (
            Step(
                "package s\nfunc (s *S) F(ctx context.Context, key string) error {\n"
                "\t_, err := s.db.Query(ctx, `SELECT * FROM boats WHERE registration = $1 OR registration IS NULL`, key)"
                "\n\treturn err\n}",
                ("violation TENSQL001",),
            ),
            Step(
                "package s\nfunc (s *S) F(ctx context.Context, key, h string) error {\n"
                "\t_, err := s.db.Query(ctx, `SELECT * FROM boats WHERE harbour_id = $2 AND registration = $1"
                " OR registration IS NULL`, key, h)\n\treturn err\n}",
                ("violation TENSQL006",),
            ),
            Step(
                "package s\nfunc (s *S) F(ctx context.Context, key, h string) error {\n"
                "\t_, err := s.db.Query(ctx, `SELECT * FROM boats WHERE harbour_id = $2 AND (registration = $1"
                " OR registration IS NULL)`, key, h)\n\treturn err\n}",
                (),
            ),
        ),
    ),
    "sub-queries tied to the outer row need no tenant of their own": Replay(
        "api/blocks.ts",
        (
            Step(
                "export const f = (h) => sql`select * from boats b where b.harbour_id = ${h} and (not exists (select 1"
                " from repairs r where r.harbour_id = b.harbour_id and r.boat_id = b.id) or exists (select 1 from"
                " visits v where v.harbour_id = b.harbour_id and v.boat_id = b.id))`",
                (),
            ),
        ),
    ),
    "an asset found by its primary key, then by tenant and key": Replay(
        "views.py",
        (
            Step("def get(request, pk):\n    return Asset.objects.get(id=pk)\n", ("violation TENORM001",)),
            Step(
                "def get(request, harbour_id, pk):\n    return Asset.objects.get(id=pk, harbour_id=harbour_id)\n",
                (),
            ),
        ),
        DJANGO,
    ),
    "a row loaded by id in a service; filtered only if a tenant is given; always filtered": Replay(
        "service.py",
        (
            Step(
                "class Pilots:\n    async def get(self, id):\n        return await self._session.get(Pilot, id)\n",
                ("violation TENORM001",),
            ),
            Step(
                "class Pilots:\n    async def get(self, id, harbour_id=None):\n"
                "        q = select(Pilot).where(Pilot.id == id)\n"
                "        if harbour_id is not None:\n            q = q.where(Pilot.harbour_id == harbour_id)\n"
                "        return (await self._session.execute(q)).scalar()\n",
                ("violation TENORM005",),
            ),
            Step(
                "class Pilots:\n    async def get(self, id, harbour_id):\n"
                "        q = select(Pilot).where(Pilot.id == id, Pilot.harbour_id == harbour_id)\n"
                "        return (await self._session.execute(q)).scalar()\n",
                (),
            ),
        ),
        SQLALCHEMY,
    ),
}


@pytest.mark.parametrize("replay", REPLAYS.values(), ids=REPLAYS)
def test_flagged_until_the_fix_is_whole(replay: Replay) -> None:
    model = (
        MODEL
        if replay.models is None
        else build_model({"models.py": replay.models}, None, tenant_columns=("harbour_id",))
    )
    for step in replay.steps:
        facts = scan([(replay.path, step.source.encode())], model)
        told = {f"{a.verdict} {a.rule}" for a in facts.accesses if a.verdict != "proven"}
        found = {one for one in told if not one.startswith("weak") or one in step.found}
        assert found == set(step.found), "\n".join(f"{a.verdict} {a.rule}: {a.why}\n{a.sql}" for a in facts.accesses)
        assert facts.accesses, "nothing was found in it"
