"""Whose account an `account_id` is: a product whose tenants are called accounts."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

ACCOUNTS = b"""CREATE TABLE accounts (id text PRIMARY KEY);
CREATE TABLE boats (id text PRIMARY KEY, account_id text NOT NULL REFERENCES accounts (id), name text);"""


@pytest.mark.parametrize(
    ("path", "code", "rule"),
    [
        (
            "app/controllers/a_controller.rb",
            "def index\n  Boat.where(account_id: params[:account_id])\nend",
            "TENCTX001",
        ),
        ("app/controllers/a_controller.rb", "def index\n  Account.find(params[:account_id])\nend", "TENCTX001"),
        ("app/controllers/a_controller.rb", "def index\n  Boat.where(account_id: current_user.account_id)\nend", None),
        ("app/controllers/a_controller.rb", "def index\n  Boat.where(account_id: Current.account.id)\nend", None),
        (
            "a.py",
            "def index(request):\n    return Boat.objects.filter(account_id=request.GET['account_id'])",
            "TENCTX001",
        ),
        ("a.py", "def index(request):\n    return Boat.objects.filter(account_id=request.user.account_id)", None),
        (
            "a.ts",
            (
                "router.get('/boats', async (req, res) => {\n"
                "  await pool.query('SELECT * FROM boats WHERE account_id = $1', [req.query.accountId]);\n});"
            ),
            "TENCTX001",
        ),
        (
            "a.ts",
            (
                "router.get('/boats', async (req, res) => {\n"
                "  await pool.query('SELECT * FROM boats WHERE account_id = $1', [req.user.accountId]);\n});"
            ),
            None,
        ),
        (
            "a.py",
            (
                '@bp.post("/")\ndef a():\n'
                '    execute("INSERT INTO boats (account_id, name) VALUES (%s, %s)", (request.json["account_id"], "Ada"))'
            ),
            "TENCTX001",
        ),
        (
            "a.py",
            (
                '@bp.post("/")\ndef a():\n'
                '    execute("INSERT INTO boats (account_id, name) VALUES (%s, %s)", (g.account_id, request.json["name"]))'
            ),
            None,
        ),
    ],
)
def test_a_tenant_called_account_is_not_the_callers_by_its_name(path: str, code: str, rule: str | None) -> None:
    files = {
        "migrations/1.sql": ACCOUNTS,
        "app/models/boat.rb": b"class Boat < ApplicationRecord\n  belongs_to :account\nend\n",
        "app/models/account.rb": b"class Account < ApplicationRecord\n  has_many :boats\nend\n",
        "models.py": b"class Account(models.Model):\n    class Meta:\n        db_table = 'accounts'\n"
        b"class Boat(models.Model):\n    account = models.ForeignKey(Account, on_delete=models.CASCADE)\n"
        b"    class Meta:\n        db_table = 'boats'\n",
        path: code.encode(),
    }
    model = build_model(files, None, tenant_columns=["account_id"])
    found = [row for row in scan(sorted(files.items()), model).accesses if row.path == path]
    assert [(row.verdict, row.rule) for row in found] == [("weak" if rule else "proven", rule)]
