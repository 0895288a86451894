"""A user's own rows, found by his session's id: weak, and named; the name of an unsafe case is the mistake."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = {
    "migrations/1.sql": b"""CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE users (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), email text, name text);
CREATE TABLE tokens (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), user_id text REFERENCES users (id));
CREATE TABLE boats (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text);""",
    "app/models.py": b"""from django.db import models
class Tenant(models.Model):
    class Meta:
        db_table = "tenants"
class User(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    class Meta:
        db_table = "users"
class Token(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    class Meta:
        db_table = "tokens"
""",
    "app/models/user.rb": b"class User < ApplicationRecord\n  belongs_to :tenant\nend\n",
    "app/models/token.rb": b"class Token < ApplicationRecord\n  belongs_to :tenant\n  belongs_to :user\nend\n",
    "app/Models/User.php": b"<?php\nnamespace App\\Models;\nclass User extends Model { protected $table = 'users'; }\n",
    "prisma/schema.prisma": b"""model Tenant { id String @id
  users User[]
  @@map("tenants")
}
model User { id String @id
  tenantId String @map("tenant_id")
  tenant Tenant @relation(fields: [tenantId], references: [id])
  @@map("users")
}""",
}
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


def judged(path: str, code: str) -> list[tuple[str, str | None]]:
    files = {**SCHEMA, path: code.encode()}
    found = [row for row in scan(files.items(), build_model(files, {})).accesses if row.path == path]
    return [(row.verdict, row.rule) for row in found]


@pytest.mark.parametrize("name", OWN)
def test_it_is_his_own(name: str) -> None:
    [(verdict, rule)] = judged(*OWN[name])

    assert (verdict, rule) == ("weak", "TENORM002" if "token" in name else "TENSQL022")  # by a key to a tenant's row


@pytest.mark.parametrize("name", OPEN)
def test_it_may_be_anybodys(name: str) -> None:
    assert [verdict for verdict, _ in judged(*OPEN[name])] == ["violation"]
