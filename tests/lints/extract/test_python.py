"""Python source to statements: each case is a shape people write, named after what goes wrong if it is not read."""

from __future__ import annotations

import textwrap

import pytest

from lints.extract import Confidence, Statement, extract


def found(source: str) -> list[Statement]:
    result = extract("app/repo.py", textwrap.dedent(source).encode())
    return [s for s in result.statements if s.confidence is not Confidence.PROSE]


def flat(statement: Statement) -> list[str]:
    return [" ".join(text.split()) for text in statement.variants]


CASES = {
    "a docstring is prose": (
        """
        def run(cur):
            \"\"\"Execute run_agent() with the provided configuration.\"\"\"
            cur.execute("SELECT * FROM boats")
        """,
        ["SELECT * FROM boats"],
        "cur.execute",
    ),
    "a constant used elsewhere": (
        """
        GET = "SELECT * FROM boats WHERE id = %s"
        def get(cur, id):
            cur.execute(GET, (id,))
        """,
        ["SELECT * FROM boats WHERE id = %s"],
        "cur.execute",
    ),
    "implicit concatenation": (
        """
        def get(cur):
            cur.execute("SELECT * FROM boats "
                        "WHERE id = %s")
        """,
        ["SELECT * FROM boats WHERE id = %s"],
        "cur.execute",
    ),
    "an f-string with a known table": (
        """
        TABLE = "boats"
        def get(cur):
            cur.execute(f"SELECT * FROM {TABLE} WHERE id = %s")
        """,
        ["SELECT * FROM boats WHERE id = %s"],
        "cur.execute",
    ),
    "an f-string with an unknown table": (
        """
        def get(cur, table):
            cur.execute(f"SELECT * FROM {table} WHERE id = %s")
        """,
        ["SELECT * FROM __hole_0__ WHERE id = %s"],
        "cur.execute",
    ),
    "format with positions and names": (
        """
        def get(cur, name):
            cur.execute("SELECT {0} FROM {t} WHERE a = '{{}}'".format("id", t="boats"))
        """,
        ["SELECT id FROM boats WHERE a = '{}'"],
        "cur.execute",
    ),
    "percent formatting": (
        """
        def get(cur, column):
            cur.execute("SELECT id FROM %s ORDER BY %s" % ("boats", column))
        """,
        ["SELECT id FROM boats ORDER BY __hole_0__"],
        "cur.execute",
    ),
    "a filter on some paths only": (
        """
        def get(cur, tenant=None):
            sql = "SELECT * FROM boats WHERE live"
            if tenant is not None:
                sql += " AND tenant_id = %s"
            cur.execute(sql)
        """,
        ["SELECT * FROM boats WHERE live AND tenant_id = %s", "SELECT * FROM boats WHERE live"],
        "cur.execute",
    ),
    "a guard that raises makes the filter certain": (
        """
        def get(cur, tenant=None):
            if tenant is None:
                raise ValueError
            sql = "SELECT * FROM boats WHERE live"
            if tenant is not None:
                sql += " AND tenant_id = %s"
            cur.execute(sql)
        """,
        ["SELECT * FROM boats WHERE live AND tenant_id = %s"],
        "cur.execute",
    ),
    "the same question asked twice is one path, not two": (
        """
        def get(cur, tenant=None):
            cond = " AND tenant_id = %s" if tenant else ""
            tail = " ORDER BY tenant_id" if tenant else ""
            cur.execute("SELECT * FROM boats WHERE live" + cond + tail)
        """,
        [
            "SELECT * FROM boats WHERE live AND tenant_id = %s ORDER BY tenant_id",
            "SELECT * FROM boats WHERE live",
        ],
        "cur.execute",
    ),
    "a list of clauses that may stay empty": (
        """
        def get(cur, tenant=None):
            clauses = []
            if tenant:
                clauses.append("tenant_id = %s")
            where = " WHERE " + " AND ".join(clauses) if clauses else ""
            cur.execute("SELECT * FROM boats" + where)
        """,
        ["SELECT * FROM boats WHERE tenant_id = %s", "SELECT * FROM boats"],
        "cur.execute",
    ),
    "an always-true seed": (
        """
        def get(cur, harbour=None):
            clauses = ["TRUE"]
            clauses += ["tenant_id = %s"] * bool(harbour)
            cur.execute("SELECT * FROM boats WHERE " + " AND ".join(clauses))
        """,
        ["SELECT * FROM boats WHERE TRUE AND tenant_id = %s", "SELECT * FROM boats WHERE TRUE"],
        "cur.execute",
    ),
    "a helper that builds the condition": (
        """
        def scope(alias):
            return f"{alias}.tenant_id = %s"
        def get(cur):
            cur.execute(f"SELECT * FROM boats b WHERE {scope('b')}")
        """,
        ["SELECT * FROM boats b WHERE b.tenant_id = %s"],
        "cur.execute",
    ),
    "SQLAlchemy text in a call": (
        """
        def get(conn, t):
            conn.execute(text("SELECT * FROM boats WHERE tenant_id = :t"), {"t": t})
        """,
        ["SELECT * FROM boats WHERE tenant_id = :t"],
        "conn.execute",
    ),
    "psycopg composition": (
        """
        def get(cur):
            cur.execute(sql.SQL("SELECT * FROM {} WHERE id = {}").format(sql.Identifier("boats"), sql.Placeholder()))
        """,
        ["SELECT * FROM boats WHERE id = :h0"],
        "cur.execute",
    ),
    "a class constant": (
        """
        class Repo:
            SQL = "DELETE FROM boats WHERE id = %s"
            def rm(self, cur):
                cur.execute(self.SQL)
        """,
        ["DELETE FROM boats WHERE id = %s"],
        "cur.execute",
    ),
    "placeholders made per item": (
        """
        def get(cur, ids):
            marks = ", ".join(["%s"] * len(ids))
            cur.execute(f"SELECT * FROM boats WHERE id IN ({marks})")
        """,
        ["SELECT * FROM boats WHERE id IN (%s)"],
        "cur.execute",
    ),
    "a clause put in after the table": (
        """
        def get(cur, where):
            cur.execute(f"SELECT * FROM boats {where}")
        """,
        ["SELECT * FROM boats /*__hole_0__*/"],
        "cur.execute",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_shape(name: str) -> None:
    source, texts, call = CASES[name]
    statements = found(source)
    assert [flat(s) for s in statements] == [texts]
    made = statements[0].call
    assert made is not None
    assert f"{made.receiver}.{made.method}".endswith(call)


def test_the_ignored_tenant_parameter_is_a_fact() -> None:
    (statement,) = found(
        """
        def get(self, tenant_id, id):
            return self.db.execute("SELECT * FROM boats WHERE id = %s", (id,))
        """
    )
    assert statement.function is not None
    assert statement.function.tenant_parameter == "tenant_id"
    assert statement.function.tenant_ignored


def test_the_call_a_client_came_from_is_a_fact() -> None:
    (statement,) = found(
        """
        def get(t, id):
            with tenant_connection(t) as conn:
                conn.execute("SELECT * FROM boats WHERE id = %s", (id,))
        """
    )
    assert statement.call is not None
    assert statement.call.receiver_origin == "tenant_connection(t)"


@pytest.mark.parametrize(
    "text",
    [
        "Select a boat from the list.",
        "Update your settings and set a password",
        "Delete from the harbour?",
        "Insert into the slot",
        "select from options below:",
    ],
)
def test_prose_is_never_a_statement(text: str) -> None:
    assert not found(f"LABEL = {text!r}\n")


def test_a_text_that_is_only_logged_is_not_executed() -> None:
    assert not found('def f():\n    logger.info("DELETE FROM boats WHERE id = 1")\n')


def test_place_is_that_of_the_literal() -> None:
    (statement,) = found('def f(c):\n    c.execute("DELETE FROM boats", ())\n')
    assert (statement.line, statement.column, statement.end_line, statement.end_column) == (2, 15, 2, 34)
    assert statement.snippet == '"DELETE FROM boats"'


def test_a_caller_may_stand_before_the_helper_that_makes_its_statement() -> None:
    """Found in a billing platform: of two functions of one round the first one was never followed."""
    caller = b"def caller(conn, id):\n    return conn.execute(made(), (id,))\n\n"
    helper = b'def made():\n    return "SELECT id FROM boats WHERE id = %s"\n\n'
    before, after = (extract("app/boats.py", text).statements for text in (caller + helper, helper + caller))
    for found in (before, after):
        assert [s.function.name if s.function else None for s in found] == ["caller"]
        assert [s.call.method if s.call else None for s in found] == ["execute"]
