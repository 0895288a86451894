"""What a function says about whose tenant it is, case by case; the name of a case is the mistake it is about."""

from __future__ import annotations

import pytest

from lints.codec import decode, encode
from lints.examine import Examined, examine
from lints.extract import extract
from lints.scan import scan
from lints.schema import build_model

SCHEMA = {
    "app/models/tenant.rb": b"class Tenant < ApplicationRecord\n  has_many :accounts\nend\n",
    "app/models/account.rb": b"class Account < ApplicationRecord\n  belongs_to :tenant\nend\n",
    "app/models/boat.rb": b"class Boat < ApplicationRecord\n  belongs_to :tenant\nend\n",
    "migrations/2.sql": b"CREATE TABLE accounts (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id));",
    "app/models/scoped.rb": b"""class Scoped < ApplicationRecord
  self.table_name = 'boats'
  acts_as_tenant :tenant
end""",
    "migrations/1.sql": b"""CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text);""",
    "prisma/schema.prisma": b"""model Tenant { id String @id
  boats Boat[]
}
model Boat { id String @id
  tenantId String @map("tenant_id")
  tenant Tenant @relation(fields: [tenantId], references: [id])
}""",
}
CASES: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "a comparison with the caller's own": (
        "a.ts",
        """
router.get('/boats', async (req, res) => {
  const { tenantId } = req.query;
  if (tenantId !== req.user.tenantId) return res.status(403).end();
  await pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
});""",
        [("proven", None)],
    ),
    "a call that asks whether the caller is a member": (
        "a.ts",
        """
router.get('/boats', async (req, res) => {
  const tenantId = req.query.tenantId as string;
  await assertMember(req.user, tenantId);
  await prisma.boat.findMany({ where: { tenantId } });
});""",
        [("proven", None)],
    ),
    "asked for together with the caller, whose type is asserted": (
        "a.ts",
        """
router.get('/boats', async (req, res) => {
  const { tenantId } = req.query;
  const found = await prisma.tenant.findUnique({ where: { id: tenantId, users: { some: { id: (session.user as Caller).id } } } });
  if (!found) return res.status(403).end();
  await pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
});""",
        [("proven", None), ("proven", None)],
    ),
    "a look at whether it is there is no check": (
        "a.ts",
        """
router.get('/boats', async (req, res) => {
  const tenantId = req.query.tenantId as string;
  if (!tenantId) return res.status(400).end();
  if (tenantId === undefined) return;
  await prisma.boat.findMany({ where: { tenantId } });
});""",
        [("weak", "TENCTX001")],
    ),
    "a condition of SQLAlchemy is a comparison, and no check": (
        "a.py",
        """
from sqlalchemy import select

@router.get("/boats")
async def boats(tenant_id: UUID, db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(Boat).where(Boat.tenant_id == tenant_id))).all()

class Boat(Base):
    __tablename__ = "boats"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
""",
        [("weak", "TENCTX001")],
    ),
    "a condition of SQLAlchemy that looks for the caller among the members is one": (
        "a.py",
        """
from sqlalchemy import select

@router.get("/boats")
async def boats(tenant_id: UUID, user: Me, db: AsyncSession = Depends(get_db)):
    await db.scalars(select(Member).where(Member.team == tenant_id, Member.user_id == user.id))
    return (await db.scalars(select(Boat).where(Boat.tenant_id == tenant_id))).all()

class Boat(Base):
    __tablename__ = "boats"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
""",
        [("proven", None)],
    ),
    "a procedure of tRPC by a name of its own": (
        "a.ts",
        """
export const boats = proc.input(z.object({ tenantId: z.string() })).query(({ input }) =>
  prisma.boat.findMany({ where: { tenantId: input.tenantId } }));""",
        [("weak", "TENCTX001")],
    ),
    "a condition of LINQ is a comparison, and no check": (
        "A.cs",
        """
public class Boat { public string Id { get; set; } public string TenantId { get; set; } }
public class Db : DbContext { public DbSet<Boat> Boats { get; set; } }
public class C : ControllerBase {
  [HttpGet] public async Task<object> Own([FromQuery] string tenantId) =>
    await db.Boats.Where(b => b.TenantId == tenantId).ToListAsync();
}""",
        [("weak", "TENCTX001")],
    ),
    "a look among the caller's own in LINQ is a check": (
        "A.cs",
        """
public class Boat { public string Id { get; set; } public string TenantId { get; set; } }
public class Db : DbContext { public DbSet<Boat> Boats { get; set; } }
public class C : ControllerBase {
  [HttpGet] public async Task<object> Own([FromQuery] string tenantId) {
    if (!_currentUser.Tenants.Any(t => t.Id == tenantId)) return Forbid();
    return await db.Boats.Where(b => b.TenantId == tenantId).ToListAsync();
  }
}""",
        [("proven", None)],
    ),
    "a check that comes too late": (
        "a.ts",
        """
router.get('/boats', async (req, res) => {
  const tenantId = req.query.tenantId;
  await pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
  await assertMember(req.user, tenantId);
});""",
        [("weak", "TENCTX001")],
    ),
    "a guard on the route": (
        "a.ts",
        """
router.get('/boats/:tenantId', requireTenantMember, async (req, res) => {
  await prisma.boat.findMany({ where: { tenantId: req.params.tenantId } });
});""",
        [("proven", None)],
    ),
    "a path that nothing guards": (
        "a.ts",
        """
router.get('/boats/:tenantId', async (req, res) => {
  await prisma.boat.findMany({ where: { tenantId: req.params.tenantId } });
});""",
        [("weak", "TENCTX001")],
    ),
    "to be signed in is not to belong": (
        "a.ts",
        """
router.post('/boats', requireAuth, async (req, res) => {
  await prisma.boat.findMany({ where: { tenantId: req.body.tenantId } });
});""",
        [("weak", "TENCTX001")],
    ),
    "replaced for those who are no admins": (
        "a.ts",
        """
router.post('/boats', requireAuth, async (req, res) => {
  let tenantId = req.body.tenantId;
  if (!req.user.isAdmin) tenantId = req.user.tenantId;
  await prisma.boat.findMany({ where: { tenantId } });
});""",
        [("proven", None)],
    ),
    "the client's word before the caller's own, and the other way round": (
        "a.ts",
        """
app.get('/a', async (req, res) => {
  const tenantId = req.query.tenantId ?? req.user.tenantId;
  return pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
});
app.get('/b', async (req, res) => {
  const tenantId = req.user.tenantId ?? req.query.tenantId;
  return pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
});""",
        [("weak", "TENCTX001"), ("proven", None)],
    ),
    "loaded by it, then compared": (
        "a.ts",
        """
app.get('/b', async (req, res) => {
  const { id } = req.query;
  const found = await prisma.tenant.findUnique({ where: { id } });
  if (!found || found.orgId !== auth.orgId) throw new Error();
  return pool.query('SELECT * FROM boats WHERE tenant_id = $1', [id]);
});""",
        [("proven", None), ("proven", None)],
    ),
    "what one handler was sent is nothing to another one": (
        "a.ts",
        """
app.get('/a', async (req, res) => {
  const tenantId = req.query.tenantId;
});
app.get('/b', async (req, res) => {
  const tenantId = await tenantOf(req.user);
  return pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
});""",
        [("proven", None)],
    ),
    "only what is set as the tenant counts": (
        "a.ts",
        """
app.post('/boats', async (req, res) => {
  await pool.query('INSERT INTO boats (id, tenant_id, name) VALUES ($1, $2, $3)', [uuid(), req.body.tenant_id, req.body.name]);
  await pool.query('INSERT INTO boats (id, tenant_id, name) VALUES ($1, $2, $3)', [uuid(), req.user.tenantId, req.body.org]);
});""",
        [("weak", "TENCTX001"), ("proven", None)],
    ),
    "a gap of one of several paths": (
        "a.ts",
        """
app.get('/b', async (req, res) => {
  const { zone } = req.query;
  let more = sql``;
  if (zone) more = sql` AND name = ${zone}`;
  return sql`SELECT * FROM boats WHERE tenant_id = ${req.user.tenantId} ${more} AND id = ${req.user.boat}`;
});""",
        [("proven", None)],
    ),
    "a resolver's arguments are the client's, its context is not": (
        "a.ts",
        """
export const resolvers = { Query: {
  a: async (_, { tenantId }, ctx) => pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]),
  b: async (_parent, args, context) => prisma.boat.findMany({ where: { tenantId: args.tenantId } }),
  c: async (_parent, args, context) => prisma.boat.findMany({ where: { tenantId: context.tenantId } }),
} };""",
        [("weak", "TENCTX001"), ("weak", "TENCTX001"), ("proven", None)],
    ),
    "a parameter of NestJS": (
        "a.ts",
        """
@Controller('boats')
export class Boats {
  @Get()
  async list(@Query('tenantId') tenantId: string) {
    return this.pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
  }
}""",
        [("weak", "TENCTX001")],
    ),
    "parameters of FastAPI, by query and path, and one that a dependency guards": (
        "a.py",
        """
@router.post("/boats")
def create(payload: BoatCreate, db: Session = Depends(get_db)):
    db.execute(text("SELECT * FROM boats WHERE tenant_id = :t"), {"t": payload.tenant_id})
@router.get("/boats")
def listed(tenant_id: UUID, db: Session = Depends(get_db)):
    db.execute(text("SELECT * FROM boats WHERE tenant_id = :t"), {"t": tenant_id})
@router.get("/{tenant_id}/boats")
def guarded(tenant_id: UUID, member=Depends(require_member), db: Session = Depends(get_db)):
    db.execute(text("SELECT * FROM boats WHERE tenant_id = :t"), {"t": tenant_id})
""",
        [("weak", "TENCTX001"), ("weak", "TENCTX001"), ("proven", None)],
    ),
    "a Flask header under another name": (
        "a.py",
        """
@app.get("/boats")
def boats():
    t = request.headers.get("X-Tenant-Id")
    db.execute("SELECT * FROM boats WHERE tenant_id = %s AND id = %s", (t, 1))
""",
        [("weak", "TENCTX001")],
    ),
    "a body that Go binds": (
        "a.go",
        """
package a
func (h *H) List(c *gin.Context) {
	var req ListRequest
	if err := c.ShouldBindJSON(&req); err != nil { return }
	h.db.QueryContext(c, "SELECT * FROM boats WHERE tenant_id = $1", req.TenantID)
}""",
        [("weak", "TENCTX001")],
    ),
    "a body of Spring": (
        "A.java",
        """
class A { @PostMapping("/x") List<Boat> x(@RequestBody BoatRequest body) {
  return jdbc.query("SELECT * FROM boats WHERE tenant_id = ?", mapper, body.getTenantId()); } }""",
        [("weak", "TENCTX001")],
    ),
    "a query string of ASP.NET": (
        "A.cs",
        """
class A {
  [HttpGet("boats")]
  public async Task<IActionResult> Get([FromQuery] string tenantId) {
    return Ok(await conn.QueryAsync<Boat>("SELECT * FROM boats WHERE tenant_id = @tenantId", new { tenantId }));
  }
}""",
        [("weak", "TENCTX001")],
    ),
    "an input of Laravel": (
        "a.php",
        """<?php
class BoatsController {
  function index(Request $request) {
    $t = $request->input('tenant_id');
    DB::select('SELECT * FROM boats WHERE tenant_id = ?', [$t]);
  }
}""",
        [("weak", "TENCTX001")],
    ),
    "parameters of Rails": (
        "app/controllers/a_controller.rb",
        """
class BoatsController < ApplicationController
  def index
    @boats = Boat.where(tenant_id: params[:tenant_id])
  end
end""",
        [("weak", "TENCTX001")],
    ),
    "parameters of a service are no request's": (
        "app/services/a_service.rb",
        """
class CreateBoat < BaseService
  def call
    Boat.where(tenant_id: params[:tenant_id])
  end
end""",
        [("proven", None)],
    ),
    "one of the caller's, whichever the client names": (
        "app/controllers/a_controller.rb",
        """
class AccountsController < ApplicationController
  def show
    @account = Current.tenant.accounts.find(params[:id])
  end
end""",
        [("proven", None)],
    ),
    "people of the company may name a tenant": (
        "app/controllers/admin/a_controller.rb",
        """
class Admin::BoatsController < Admin::BaseController
  def index
    @boats = Boat.where(tenant_id: params[:tenant_id])
  end
end""",
        [("proven", None)],
    ),
    "a default, in three languages' ways: TypeScript": (
        "a.ts",
        """
async function f(ctx) {
  const tenantId = ctx.tenantId || 'default';
  await pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]);
}""",
        [("weak", "TENCTX004")],
    ),
    "a default: Python": (
        "a.py",
        """
def f(ctx, db):
    tenant_id = ctx.tenant_id or DEFAULT_TENANT
    db.execute("SELECT * FROM boats WHERE tenant_id = %s", (tenant_id,))
""",
        [("weak", "TENCTX004")],
    ),
    "a default: Go": (
        "a.go",
        """
package a
func f(ctx context.Context, tenantID string) {
	if tenantID == "" {
		tenantID = "default"
	}
	db.QueryContext(ctx, "SELECT * FROM boats WHERE tenant_id = $1", tenantID)
}""",
        [("weak", "TENCTX004")],
    ),
    "a program of the command line may have a default": (
        "a.py",
        """
import click

def boats(db, tenant_id="main"):
    db.execute("SELECT * FROM boats WHERE tenant_id = %s", (tenant_id,))
""",
        [("proven", None)],
    ),
    "what stands for no tenant in a log is no default": (
        "a.ts",
        """
async function f(ctx) {
  const tenantId = ctx.tenantId || 'unknown';
  log(tenantId);
  const name = ctx.name || 'default';
  await pool.query('SELECT * FROM boats WHERE tenant_id = $1 AND name = $2', [ctx.tenantId, name]);
}""",
        [("proven", None)],
    ),
    "a task that knows no tenant: the finding of its statement says so, a setting is a finding of its own": (
        "a.py",
        """
@shared_task
def purge(boat_id):
    db.execute("SELECT * FROM boats WHERE id = %s", (boat_id,))
    db.execute("SELECT * FROM boats WHERE tenant_id = current_setting('app.tenant_id')")
""",
        [("violation", "TENSQL001"), ("violation", "TENCTX002")],
    ),
    "a handler hands the client's word to another module": (
        "a.ts",
        """
@Controller('boats')
export class Boats {
  @Get()
  list(@Query('tenantId') tenantId: string) { return this.service.list(tenantId); }
  @Get('mine')
  mine(@Query('tenantId') tenantId: string, @User() user: Caller) { return this.service.mine(user, tenantId); }
  @Get('checked')
  checked(@Query('tenantId') tenantId: string) {
    this.access.assertMember(tenantId);
    return this.service.list(tenantId);
  }
}""",
        [("weak", "TENCTX006")],
    ),
    "what a route goes through says whose it is": (
        "a.ts",
        """
secured.access(gatewayPolicy()).get('/boats', async (c) => {
  return c.json(await boats.since(c.req.query('organization_id')));
});""",
        [],
    ),
    "what is answered, logged or converted leaves nowhere": (
        "a.ts",
        """
router.get('/boats', async (req, res) => {
  logger.info(req.query.tenantId);
  res.json(String(req.query.tenantId));
});""",
        [],
    ),
    "a question that is asked of it before it is handed on": (
        "A.cs",
        """
class Boats {
  [HttpGet("boats")]
  public async Task<IActionResult> Get([FromQuery] Guid organizationId) {
    if (!await currentContext.MaySail(organizationId)) return Forbid();
    return Ok(await boats.List(organizationId));
  }
}""",
        [],
    ),
    "a model's own scope has no tenant in a job": (
        "app/jobs/report_job.rb",
        """
class ReportJob < ApplicationJob
  def perform(id)
    Scoped.find_by(name: id)
  end
end""",
        [("violation", "TENCTX002")],
    ),
    "a task that is given its tenant": (
        "a.py",
        """
@shared_task
def purge(tenant_id, boat_id):
    set_tenant(tenant_id)
    db.execute("SELECT * FROM boats WHERE tenant_id = current_setting('app.tenant_id')")
""",
        [("proven", None)],
    ),
    "a machine of ours shows its secret": (
        "a.ts",
        """
export default async function handler(req, res) {
  if (req.query.secret !== process.env.REVALIDATE_TOKEN) return res.status(401).end();
  const { tenantId } = req.query;
  await prisma.boat.findMany({ where: { tenantId } });
}""",
        [("proven", None)],
    ),
    "a comment about the tenant is no tenant": (
        "a.py",
        """
@shared_task
def purge(boat_id):
    # the tenant is set elsewhere
    db.execute("SELECT * FROM boats WHERE tenant_id = current_setting('app.tenant_id')")
""",
        [("violation", "TENCTX002")],
    ),
    "a tenant of the process, in Python": (
        "a.py",
        """
current_tenant = None

def use(t):
    global current_tenant
    current_tenant = t
""",
        [("violation", "TENCTX003")],
    ),
    "a tenant of the process, in TypeScript": (
        "b.ts",
        """
let currentTenantId: string | null = null;
export function use(t) {
  currentTenantId = t;
}
""",
        [("violation", "TENCTX003")],
    ),
    "a variable of the request's own context": (
        "a.py",
        """
current_tenant = ContextVar("current_tenant")

def use(t):
    current_tenant.set(t)
""",
        [],
    ),
    "code of a browser has one user": (
        "b.ts",
        """
import { writable } from 'svelte/store';
let currentTenantId = null;
export function use(t) {
  currentTenantId = t;
  localStorage.setItem('t', t);
}
""",
        [],
    ),
    "a variable of the function of the same name": (
        "b.ts",
        """
let currentTenant;
export function f() {
  let currentTenant;
  currentTenant = 1;
}
""",
        [],
    ),
    "a request reaches a seed through another function; one that it does not reach stays unjudged": (
        "db/seeds/s.ts",
        """
async function sweep() { await pool.query('DELETE FROM boats WHERE name = $1', ['x']); }
async function other() { await pool.query('DELETE FROM boats WHERE name = $1', ['y']); }
router.post('/sweep', async (req, res) => { await run(); });
async function run() { await sweep(); }
""",
        [("violation", "TENCTX005"), ("violation", "TENSQL003")],
    ),
    "a handler that is named": (
        "db/seeds/s.py",
        """
def sweep(db):
    db.execute("DELETE FROM boats WHERE name = 'x'")

@app.route("/sweep", methods=["POST"])
def start():
    sweep(connection)
""",
        [("violation", "TENCTX005")],
    ),
}


def judged(path: str, code: bytes, carriers: object = ()) -> list[tuple[str, str | None]]:
    files = {**SCHEMA, path: code}
    declared = {"settings": ["app.tenant_id"], "carriers": list(carriers) if isinstance(carriers, list) else []}
    found = scan(files.items(), build_model(files, declared), declared=declared)
    return [(a.verdict, a.rule) for a in found.accesses if a.path == path]


JOBS = {
    "a decorator": "@fleet_job\n@shared_task\ndef purge(id):\n    {}\n",
    "a base class": "class Purge(FleetTask):\n    def run(self, id):\n        {}\n",
    "a function": "@shared_task\ndef purge(id):\n    enter_fleet(id)\n    {}\n",
    "a block": "@shared_task\ndef purge(id):\n    with each_fleet() as f:\n        {}\n",
}


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize(
    ("trust", "expected"), [("sets_context", [("proven", None)]), ("none", [("violation", "TENCTX002")])]
)
def test_a_declared_carrier_sets_the_tenant_of_a_job(name: str, trust: str, expected: object) -> None:
    code = JOBS[name].format("db.execute(\"SELECT * FROM boats WHERE tenant_id = current_setting('app.tenant_id')\")")
    carriers = [
        {"call": call, "trust": trust, "reason": "sets app.tenant_id from the message's headers"}
        for call in ("fleet_job", "FleetTask", "enter_fleet", "each_fleet")
    ]

    assert judged("a.py", code.encode(), carriers) == expected


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str) -> None:
    path, code, expected = CASES[name]

    assert judged(path, code.encode()) == expected


def test_a_seed_that_a_request_reaches_is_judged_as_code() -> None:
    path, code, _ = CASES["a handler that is named"]
    files = {**SCHEMA, path: code.encode()}
    (row,) = (a for a in scan(files.items(), build_model(files, {})).accesses if a.path == path)

    assert (row.path_class, row.reached) == ("source", "a request reaches it: @app.route, line 5")
    assert "it is not judged where it is seed code, but a request reaches it" in row.why


def test_facts_survive_the_way_to_the_judge() -> None:
    for path, code, _ in CASES.values():
        examined = examine(path, code.encode())
        assert decode(encode(examined), Examined) == examined
        assert not examined.empty or not examined.extraction.contexts


HOSTILE = {
    "notes.ts": b"new Worker('q', async (job) => { pool.query('SELECT * FROM boats'); " + b"/* ` \"\"\" " * 40_000,
    "default.ts": b"pool.query('SELECT * FROM boats');" + (b"tenantaaaaaaaaaaaaaaaaaaaa" + b" " * 30_000) * 20,
    "deep.ts": b"app.get('/x', async (req) => { const tenantId = " + b"(" * 3000 + b"req.query.tenantId" + b")" * 3000
    + b"; pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]) })",
    "wide.ts": b"app.get('/x', async (req) => {\n" + b"const tenantId = req.query.tenantId;\n" * 3000
    + b"pool.query('SELECT * FROM boats WHERE tenant_id = $1', [tenantId]) })",
    "spaces.py": b"current_tenant" + b" " * 200_000 + b"=" + b" " * 200_000 + b"x\nglobal current_tenant\n",
    "marks.ts": b"pool.query('SELECT * FROM boats WHERE " + b"tenant_id = $1 AND " * 2000 + b"id = $2', [req.body.tenant])",
    "chain.js": b"app.get('/x', (req) => { pool.query('SELECT 1 FROM boats WHERE tenant_id = $1', [req" + b".query" * 4000 + b"]) })",
    "routes.ts": b"async function a() { await pool.query('SELECT * FROM boats') }\n"
    + b"".join(b"function f%d() { f%d(); a() }\n" % (n, n + 1) for n in range(600)) + b"app.get('/x', (req, res) => { f0() })\n",
    "broken.py": b"def f(request:\n  tenant_id = request.args[\n  db.execute('SELECT * FROM boats WHERE tenant_id = %s', (tenant_id,",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_read_or_told_as_not_read(name: str) -> None:
    found = extract(name, HOSTILE[name])

    assert found.analysed or found.problems
    assert len(found.contexts) < 2_000
