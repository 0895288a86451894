"""Rows of the tenants themselves that a client names by their key, and new rows of work that nobody's tenant started."""

from __future__ import annotations

import pytest

from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model

SCHEMA = {
    "migrations/1.sql": b"""CREATE TABLE tenants (id text PRIMARY KEY, name text);
CREATE TABLE docs (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), title text);
CREATE TABLE pages (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), doc_id text REFERENCES docs (id));""",
    "prisma/schema.prisma": b"""model Tenant { id String @id
  docs Doc[]
  @@map("tenants")
}
model Doc { id String @id
  tenantId String @map("tenant_id")
  tenant Tenant @relation(fields: [tenantId], references: [id])
  @@map("docs")
}""",
    "app/models.py": b"""from django.db import models
class Tenant(models.Model):
    class Meta:
        db_table = "tenants"
class Doc(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    class Meta:
        db_table = "docs"
class Page(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    doc = models.ForeignKey(Doc, on_delete=models.CASCADE)
    class Meta:
        db_table = "pages"
""",
    "app/models/doc.rb": b"class Doc < ApplicationRecord\n  belongs_to :tenant\nend\n",
    "app/models/tenant.rb": b"class Tenant < ApplicationRecord\n  has_many :docs\nend\n",
    "Data/Db.cs": b"""using Microsoft.EntityFrameworkCore;
public class Tenant { public Guid Id { get; set; } }
public class Db : DbContext { public DbSet<Tenant> Tenants { get; set; }
  protected override void OnModelCreating(ModelBuilder b) { b.Entity<Tenant>().ToTable("tenants"); } }
""",
}


def _route(*lines: str) -> tuple[str, str]:
    body = "\n".join(f"  {line}" for line in lines)
    return "src/app.ts", f"const app = express();\napp.get('/t/:id', async (req, res) => {{\n{body}\n}});\n"


def _controller(*lines: str) -> tuple[str, str]:
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "app/controllers/t_controller.rb",
        f"class TController < ApplicationController\n  def show\n{body}\n  end\nend\n",
    )


def _sharp(*lines: str) -> tuple[str, str]:
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "A.cs",
        f"[ApiController]\nclass A : ControllerBase {{\n  Db db;\n  [HttpPost]\n  public async Task<Tenant> F([FromBody] Input input) {{\n{body}\n  }}\n}}\n",
    )


_FIND = "const t = await prisma.tenant.findUnique({ where: { id: req.params.id } });"
_SENT, _ASKED, _OWN = ("weak", "TENCTX001"), ("weak", "TENORM010"), ("proven", None)
ROOTS = {
    "rails, asked about then": (*_controller("@t = Tenant.find(params[:id])", "authorize @t", "render json: @t"), _ASKED),
    "rails, nothing asks": (*_controller("t = Tenant.find(params[:id])", "render json: t"), _SENT),
    "typescript, asked about then": (*_route(_FIND, "await authorize(req.user, 'read', t);", "res.json(t);"), _ASKED),
    "typescript, something is done with it": (*_route(_FIND, "await cancelSubscription(req.user, t);", "res.json(t);"), _SENT),
    "typescript, nothing asks": (*_route(_FIND, "res.json(t);"), _SENT),
    "typescript, its key is asked about before": (*_route("await assertMember(req.user, req.params.id);", _FIND, "res.json(t);"), _OWN),
    "typescript, the caller's own": (*_route(_FIND.replace("params.id", "user.tenantId"), "res.json(t);"), _OWN),
    "typescript, sql": (*_route("const t = await pool.query('SELECT * FROM tenants WHERE id = $1', [req.body.id]);", "res.json(t);"), _SENT),
    "python, asked about then": (
        "app/views.py",
        "from app.models import Tenant\ndef f(request):\n    t = Tenant.objects.get(pk=request.GET['id'])\n    self.check_object_permissions(request, t)\n    return t\n",
        _ASKED,
    ),
    "python, nothing asks": (
        "app/views.py",
        "from app.models import Tenant\ndef f(request):\n    return Tenant.objects.get(pk=request.GET['id'])\n",
        _SENT,
    ),
    "c#, nothing asks": (*_sharp("var t = await db.Tenants.FindAsync(input.Id);", "return t;"), _SENT),
    "c#, asked about then": (
        *_sharp("var t = await db.Tenants.FirstOrDefaultAsync(x => x.Id == input.Id);", 'await auth.AuthorizeAsync(User, t, "read");', "return t;"),
        _ASKED,
    ),
    "java, sql": (
        "AController.java",
        ("@RestController class AController {\n  @PostMapping(\"/t\") Tenant f(@RequestBody Input input) {\n"
        '    return jdbc.queryForObject("SELECT * FROM tenants WHERE id = ?", Tenant.class, input.getId());\n  }\n}\n'),
        _SENT,
    ),
    "go, sql": (
        "a.go",
        ('package a\nfunc (s *S) Get(c *gin.Context) {\n\tid := c.Query("id")\n'
        '\trow := s.db.QueryRowContext(c, "SELECT * FROM tenants WHERE id = $1", id)\n\tc.JSON(200, row)\n}\n'),
        _SENT,
    ),
}  # fmt: skip

STARTED = {
    "a new row of a task": ("Doc.objects.create(title='x')", ("violation", "TENCTX002")),
    "a new row of a task that is put under another one": ("Page.objects.create(doc=doc)", ("weak", "TENSQL004")),
}


def _judged(path: str, code: str) -> list[Access]:
    files = {**SCHEMA, path: code.encode()}
    found = [row for row in scan(files.items(), build_model(files, {})).accesses if row.path == path]
    return sorted(found, key=lambda row: (row.line, row.column))


@pytest.mark.parametrize("name", ROOTS)
def test_a_tenant_that_a_client_names_is_not_proven_to_be_his(name: str) -> None:
    path, code, expected = ROOTS[name]

    assert [(row.verdict, row.rule) for row in _judged(path, code)] == [expected]


@pytest.mark.parametrize("name", STARTED)
def test_nothing_in_background_work_says_whose_a_new_row_is(name: str) -> None:
    line, expected = STARTED[name]
    code = f"from celery import shared_task\nfrom app.models import Doc, Page\n@shared_task\ndef f(doc):\n    {line}\n"

    assert [(row.verdict, row.rule) for row in _judged("app/tasks.py", code)] == [expected]
