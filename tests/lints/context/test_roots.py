"""Rows of the tenants themselves that a client names by their key, and new rows of work that nobody's tenant started."""

from __future__ import annotations

import pytest

from tests.lints.tables import declared, judged, source

SCHEMA = declared(
    {"tenants": "name", "docs": "title tenant_id>tenants", "pages": "tenant_id>tenants doc_id?>docs"},
    "prisma",
    "django",
    "rails",
    "ef",
)
_FIND = "const t = await prisma.tenant.findUnique({ where: { id: req.params.id } });"
_SENT, _ASKED, _OWN = ("weak", "TENCTX001"), ("weak", "TENORM010"), ("proven", None)
ROOTS = {
    "rails, asked about then": (*source("rails", "@t = Tenant.find(params[:id])", "authorize @t", "render json: @t"), _ASKED),
    "rails, nothing asks": (*source("rails", "t = Tenant.find(params[:id])", "render json: t"), _SENT),
    "typescript, asked about then": (*source("route", _FIND, "await authorize(req.user, 'read', t);", "res.json(t);"), _ASKED),
    "typescript, something is done with it": (*source("route", _FIND, "await cancelSubscription(req.user, t);", "res.json(t);"), _SENT),
    "typescript, nothing asks": (*source("route", _FIND, "res.json(t);"), _SENT),
    "typescript, its key is asked about before": (*source("route", "await assertMember(req.user, req.params.id);", _FIND, "res.json(t);"), _OWN),
    "typescript, the caller's own": (*source("route", _FIND.replace("params.id", "user.tenantId"), "res.json(t);"), _OWN),
    "typescript, sql": (*source("route", "const t = await pool.query('SELECT * FROM tenants WHERE id = $1', [req.body.id]);", "res.json(t);"), _SENT),
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
    "c#, nothing asks": (*source("asp", "var t = await db.Tenants.FindAsync(input.Id);", "return t;"), _SENT),
    "c#, asked about then": (
        *source("asp", "var t = await db.Tenants.FirstOrDefaultAsync(x => x.Id == input.Id);", 'await auth.AuthorizeAsync(User, t, "read");', "return t;"),
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

_PUBLIC = declared({"tenants": "slug domain deleted_at", "docs": "tenant_id>tenants"}, "prisma", "django")
_PUBLIC["migrations/2.sql"] = b"""CREATE UNIQUE INDEX one ON tenants (slug);
CREATE UNIQUE INDEX two ON tenants (domain) WHERE deleted_at IS NULL;"""
_SLUG = "const t = await prisma.tenant.findFirst({ where: { slug: %s } });"
_TAKEN = "def validate_slug(self, value):\n        return Tenant.objects.filter(slug__iexact=value).exists()"
_NAMED = "names one tenant, the one that is meant"
PUBLIC = {
    "by what is unique among tenants": (*source("ts", _SLUG % "input.slug"), (*_OWN, _NAMED)),
    "among those that are still there": (
        *source("python", 'cur.execute("SELECT * FROM tenants WHERE domain = %s AND deleted_at IS NULL", (id,))'),
        (*_OWN, _NAMED),
    ),
    "by a name that several may have": (
        *source("python", 'cur.execute("SELECT * FROM tenants WHERE deleted_at = %s", (id,))'),
        ("violation", "TENSQL001", "nothing ties"),
    ),
    "a client names it": (*source("route", _SLUG % "req.params.slug", "res.json(t);"), (*_SENT, "is checked to be the caller's own")),
    "a client names it, and is asked": (
        *source("route", "await assertMember(req.user, req.params.slug);", _SLUG % "req.params.slug", "res.json(t);"),
        (*_OWN, _NAMED),
    ),
    "whether it is taken": (
        *source("route", "res.json(await prisma.tenant.count({ where: { slug: req.body.slug } }));"),
        (*_SENT, "anybody may know whether a tenant is called req.body.slug"),
    ),
    "whether it is taken, in sql": (
        *source("route", "await pool.query('SELECT EXISTS (SELECT 1 FROM tenants WHERE slug = $1)', [req.body.slug]);"),
        (*_SENT, "anybody may know whether a tenant is called req.body.slug"),
    ),
    "whether it is taken, asked by a serializer": (
        "a.py",
        f"from app.models import Tenant\nclass TenantSerializer(ModelSerializer):\n    {_TAKEN}\n",
        (*_SENT, "anybody may know whether a tenant is called value"),
    ),
}  # fmt: skip

STARTED = {
    "a new row of a task": ("Doc.objects.create(title='x')", ("violation", "TENCTX002")),
    "a new row of a task that is put under another one": ("Page.objects.create(doc=doc)", ("weak", "TENSQL004")),
}


@pytest.mark.parametrize("name", ROOTS)
def test_a_tenant_that_a_client_names_is_not_proven_to_be_his(name: str) -> None:
    path, code, expected = ROOTS[name]

    assert [(row.verdict, row.rule) for row in judged(SCHEMA, path, code)] == [expected]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_tenant_is_established_by_a_key_that_no_other_one_has(name: str) -> None:
    path, code, (verdict, rule, said) = PUBLIC[name]
    [row] = judged(_PUBLIC, path, code)

    assert (row.verdict, row.rule) == (verdict, rule)
    assert said in "; ".join((row.why, *row.assumptions))


@pytest.mark.parametrize("name", STARTED)
def test_nothing_in_background_work_says_whose_a_new_row_is(name: str) -> None:
    line, expected = STARTED[name]
    code = f"from celery import shared_task\nfrom app.models import Doc, Page\n@shared_task\ndef f(doc):\n    {line}\n"

    assert [(row.verdict, row.rule) for row in judged(SCHEMA, "app/tasks.py", code)] == [expected]
