"""A user's own rows, found by his session's id: weak, and named; the name of an unsafe case is the mistake."""

from __future__ import annotations

import pytest

from tests.lints.tables import declared, judged

SCHEMA = declared(
    {
        "tenants": "",
        "users": "email name tenant_id>tenants",
        "tokens": "tenant_id>tenants user_id?>users",
        "boats": "name tenant_id>tenants",
    },
    "prisma",
    "django",
    "rails",
    "laravel",
)
_DJANGO = "from app.models import Token, User\ndef view(request, pk, user_id):\n    return %s\n"
_RUBY = "class UsersController < ApplicationController\n  def show\n    %s\n  end\nend\n"
_PHP = "<?php\nuse App\\Models\\User;\nclass A { function show($request, $id) { return %s; } }\n"
_TS = "router.get('/me', async (req, res) => {\n  %s\n});\n"
OWN = {
    "python, the session": ("a.py", 'def me(cur, session):\n    cur.execute("SELECT * FROM users WHERE id = %s", (session["user_id"],))\n'),
    "python, the user of the request": ("a.py", 'def me(cur, request):\n    cur.execute("SELECT * FROM users WHERE id = %s", [request.user.id])\n'),
    "django": ("b.py", _DJANGO % "User.objects.get(pk=request.session['user_id'])"),
    "django, asked of the session": ("b.py", _DJANGO % 'User.objects.get(pk=request.session.get("user_id"))'),
    "django, his own token": ("b.py", _DJANGO % "Token.objects.get(user=request.user, pk=pk)"),
    "rails": ("app/controllers/users_controller.rb", _RUBY % "User.find(session[:user_id])"),
    "rails, found by": ("app/controllers/users_controller.rb", _RUBY % "User.find_by(id: session[:user_id])"),
    "rails, his own token": ("app/controllers/users_controller.rb", _RUBY % "Token.where(user_id: current_user.id).to_a"),
    "laravel": ("app/A.php", _PHP % "User::find(Auth::id())"),
    "laravel, the user of the request": ("app/A.php", _PHP % "User::where('id', $request->user()->id)->first()"),
    "typescript": ("a.ts", _TS % "await pool.query('SELECT * FROM users WHERE id = $1', [req.session.userId]);"),
    "prisma": ("a.ts", _TS % "await prisma.user.findUnique({ where: { id: req.user.id } });"),
    "prisma, changed": ("a.ts", _TS % "await prisma.user.update({ where: { id: req.user.id }, data: { name: 'x' } });"),
    "go": ("a.go", 'package a\n\nfunc (s *S) Me(ctx context.Context) {\n\ts.db.QueryRowContext(ctx, "SELECT id FROM users WHERE id = $1", claims.UserID)\n}\n'),
    "java": ("A.java", 'class A {\n  User me() {\n    return jdbc.queryForObject("SELECT * FROM users WHERE id = ?", mapper, SecurityUtils.getCurrentUserId());\n  }\n}\n'),
    "c#": ("A.cs", 'class A {\n  Task Me() {\n    return conn.QueryAsync<User>("SELECT * FROM users WHERE id = @id", new { id = _currentUser.UserId });\n  }\n}\n'),
}  # fmt: skip
OPEN = {
    "a user that a client names": ("b.py", _DJANGO % "User.objects.get(pk=user_id)"),
    "any of them, or his": ("a.py", 'def me(cur, session, id):\n    cur.execute("SELECT * FROM users WHERE id = %s OR id = %s", (session["user_id"], id))\n'),
    "all but his": ("a.py", 'def me(cur, session):\n    cur.execute("SELECT * FROM users WHERE id <> %s", (session["user_id"],))\n'),
    "a boat by his id": ("a.py", 'def me(cur, session):\n    cur.execute("SELECT * FROM boats WHERE id = %s", (session["user_id"],))\n'),
    "named like him": ("a.py", 'def me(cur, session):\n    cur.execute("SELECT * FROM users WHERE name = %s", (session["user_id"],))\n'),
    "what the session has beside": ("a.py", 'def me(cur, session):\n    cur.execute("SELECT * FROM users WHERE id = %s", (session["chosen"],))\n'),
    "a parameter of the request": ("app/controllers/users_controller.rb", _RUBY % "User.find(params[:user_id])"),
    "a body": ("a.ts", _TS % "await prisma.user.findUnique({ where: { id: req.body.userId } });"),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_it_is_his_own(name: str) -> None:
    [row] = judged(SCHEMA, *OWN[name])

    assert (row.verdict, row.rule) == (
        "weak",
        "TENORM002" if "token" in name else "TENSQL022",
    )  # by a key to a tenant's row


@pytest.mark.parametrize("name", OPEN)
def test_it_may_be_anybodys(name: str) -> None:
    assert [row.verdict for row in judged(SCHEMA, *OPEN[name])] == ["violation"]


_MANY = "whose rows in every tenant are meant"
_IN_SEVERAL = {
    "users are of no tenant": ({"users": "email", "grants": "tenant_id>tenants user_id>users"}, _MANY),
    "a user is a member of tenants": (
        {"users": "email tenant_id>tenants", "members": "tenant_id>tenants user_id>users", "grants": "tenant_id>tenants user_id>users"},
        _MANY,
    ),
    "a user is of one tenant": ({"users": "email tenant_id>tenants", "grants": "tenant_id>tenants user_id>users"}, "belongs to one tenant"),
}  # fmt: skip


@pytest.mark.parametrize("name", _IN_SEVERAL)
def test_whose_rows_the_callers_are_is_said_as_it_is(name: str) -> None:
    tables, said = _IN_SEVERAL[name]
    tables = {name: f"{columns} boat_id?>boats" if name == "grants" else columns for name, columns in tables.items()}
    schema = declared({"tenants": "", "boats": "tenant_id>tenants", **tables})
    schema["migrations/2.sql"] = b"ALTER TABLE grants ADD CONSTRAINT one UNIQUE (tenant_id, user_id);"
    code = 'def me(cur, user_id):\n    cur.execute("SELECT * FROM grants WHERE user_id %s", (user_id,))\n'
    [row] = judged(schema, "a.py", code % "= %s")
    [several] = judged(schema, "a.py", code % "= ANY(%s)")
    [beside] = judged(schema, "a.py", code.replace("(user_id,)", "(user_id, boat)") % "= %s AND boat_id = %s")
    joined, *_ = judged(
        schema, "a.py", code.replace("* FROM grants", "b.* FROM grants JOIN boats b USING (tenant_id)") % "= %s"
    )

    assert "who may have the row, whichever tenant boat_id is of" in beside.why
    assert "rows of boats in each tenant that the caller has a row in are meant" in "; ".join(joined.assumptions)
    assert (row.verdict, row.rule) == ("weak", "TENSQL022")
    assert said in row.why
    assert (several.verdict, several.rule) == ("violation", "TENSQL001")  # nobody is several people


WHOSE = {
    "prisma": ("a.ts", _TS % "const { tenantId } = await prisma.boat.findUnique({ where: { id }, select: { id: true, tenantId: true } });"),
    "prisma, of several": ("a.ts", _TS % "return prisma.boat.findMany({ where: { id: { in: ids } }, select: { tenantId: true } });"),
    "sql": ("a.ts", _TS % "return pool.query('SELECT id, tenant_id FROM boats WHERE id = $1', [id]);"),
    "django": ("b.py", "from app.models import Boat\ndef whose(pk):\n    return Boat.objects.filter(pk=pk).values_list('tenant_id', flat=True).first()\n"),
    "rails": ("app/services/a.rb", "class A\n  def whose(id)\n    Boat.where(id: id).pluck(:tenant_id)\n  end\nend\n"),
    "laravel": ("app/A.php", "<?php\nuse App\\Models\\Boat;\nclass A { function whose($id) { return Boat::where('id', $id)->value('tenant_id'); } }\n"),
}  # fmt: skip
MORE = {
    "a name too": ("a.ts", _TS % "return prisma.boat.findUnique({ where: { id }, select: { name: true, tenantId: true } });"),
    "no tenant": ("a.ts", _TS % "return prisma.boat.findUnique({ where: { id }, select: { id: true } });"),
    "by no key": ("a.ts", _TS % "return pool.query('SELECT id, tenant_id FROM boats WHERE name = $1', [name]);"),
    "changed": ("a.ts", _TS % "return prisma.boat.update({ where: { id }, data: { name: 'x' }, select: { id: true, tenantId: true } });"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOSE)
def test_whose_a_row_is_may_be_asked(name: str) -> None:
    [row] = judged(SCHEMA, *WHOSE[name])

    assert (row.verdict, row.rule) == ("weak", "TENORM010"), row.why


@pytest.mark.parametrize("name", MORE)
def test_more_of_a_row_is_read(name: str) -> None:
    assert {row.verdict for row in judged(SCHEMA, *MORE[name])} == {"violation"}


def test_whose_a_row_is_says_not_whose_the_caller_is() -> None:
    code = (
        "const { tenantId } = await prisma.boat.findUnique({ where: { id }, select: { tenantId: true } });\n"
        "  await prisma.boat.deleteMany({ where: { tenantId } });"
    )
    assert [row.verdict for row in judged(SCHEMA, "a.ts", _TS % code)] == ["violation", "weak"]
