"""The same few shapes in every language: folding, a filter on some paths, lists of clauses, the call that executes."""

from __future__ import annotations

import pytest

from lints.extract import Confidence, Statement, extract

BOTH = ["SELECT * FROM boats WHERE live AND tenant_id = $1", "SELECT * FROM boats WHERE live"]

CASES: dict[str, tuple[str, str, list[list[str]], str]] = {
    "ts: a field's generic call": (
        "a.ts",
        "class R { get(id: string) { return this.pg.query<Row>(`SELECT * FROM boats WHERE id = $1`, [id]); } }",
        [["SELECT * FROM boats WHERE id = $1"]],
        "this.pg.query",
    ),
    "ts: a filter on some paths only": (
        "a.ts",
        """
        async function list(pool: Pool, t?: string) {
          let sql = `SELECT * FROM boats WHERE live`;
          if (t) { sql += ` AND tenant_id = $1`; }
          return pool.query(sql);
        }
        """,
        [BOTH],
        "pool.query",
    ),
    "ts: a ternary fragment in a template": (
        "a.ts",
        "async function l(pool, t) { await pool.query(`SELECT * FROM boats WHERE live${t ? ' AND tenant_id = $1' : ''}`) }",
        [BOTH],
        "pool.query",
    ),
    "ts: clauses pushed and joined, numbered placeholders": (
        "a.ts",
        """
        async function list(pool, opts) {
          const where: string[] = ['live'];
          const params = [];
          if (opts.t) { params.push(opts.t); where.push(`tenant_id = $${params.length}`); }
          await pool.query(`SELECT * FROM boats WHERE ${where.join(' AND ')}`, params);
        }
        """,
        [["SELECT * FROM boats WHERE live AND tenant_id = :h0", "SELECT * FROM boats WHERE live"]],
        "pool.query",
    ),
    "ts: a tagged template binds its holes": (
        "a.ts",
        "const f = async (sql, t, x) => await sql<Row[]>`SELECT * FROM boats WHERE tenant_id = ${t} ${x ? sql`AND x = ${x}` : sql``}`;",
        [["SELECT * FROM boats WHERE tenant_id = :h0 AND x = :h1", "SELECT * FROM boats WHERE tenant_id = :h0"]],
        "sql",
    ),
    "ts: an object helper lists the columns": (
        "a.ts",
        "const f = async (sql, t) => await sql`INSERT INTO boats ${sql({ tenant_id: t, name: 'a' })}`;",
        [["INSERT INTO boats (tenant_id, name) VALUES (:h0, :h0)"]],
        "sql",
    ),
    "ts: a query object": (
        "a.ts",
        "const f = (pool) => pool.query({ text: 'DELETE FROM boats WHERE id = $1', values: [1] });",
        [["DELETE FROM boats WHERE id = $1"]],
        "pool.query",
    ),
    "js: a constant, and string concatenation over lines": (
        "a.js",
        "const T = 'boats';\nfunction f(db) { db.all('SELECT * ' +\n 'FROM ' + T + ' WHERE id = ?', [1]); }",
        [["SELECT * FROM boats WHERE id = ?"]],
        "db.all",
    ),
    "js: a guard clause makes the filter certain": (
        "a.js",
        """
        function f(db, tenantId) {
          if (!tenantId) { throw new Error('tenant required'); }
          const cond = tenantId ? ' AND tenant_id = $1' : '';
          return db.query('SELECT * FROM boats WHERE live' + cond);
        }
        """,
        [BOTH[:1]],
        "db.query",
    ),
    "js: a helper of the same file": (
        "a.js",
        """
        const scope = (alias) => `${alias}.tenant_id = $1`;
        function f(db) { return db.query(`SELECT * FROM boats b WHERE ${scope('b')}`); }
        """,
        [["SELECT * FROM boats b WHERE b.tenant_id = $1"]],
        "db.query",
    ),
    "go: a package constant": (
        "a.go",
        "package a\nconst q = `SELECT * FROM boats WHERE id = $1`\nfunc (r *R) Get(id int) { r.db.QueryRow(q, id) }\n",
        [["SELECT * FROM boats WHERE id = $1"]],
        "r.db.QueryRow",
    ),
    "go: Sprintf and a filter on some paths": (
        "a.go",
        """package a
        func (r *R) List(ctx context.Context, tenantID string) {
            q := fmt.Sprintf("SELECT * FROM %s WHERE live", "boats")
            if tenantID != "" {
                q += " AND tenant_id = $1"
            }
            r.db.QueryContext(ctx, q)
        }
        """,
        [BOTH],
        "r.db.QueryContext",
    ),
    "go: append and strings.Join": (
        "a.go",
        """package a
        func List(db *sql.DB, t string) {
            clauses := []string{"live"}
            if t != "" { clauses = append(clauses, "tenant_id = $1") }
            db.Query("SELECT * FROM boats WHERE " + strings.Join(clauses, " AND "))
        }
        """,
        [BOTH],
        "db.Query",
    ),
    "go: a string builder": (
        "a.go",
        """package a
        func List(db *sql.DB, t string) {
            var sb strings.Builder
            sb.WriteString("SELECT * FROM boats WHERE live")
            if t != "" { sb.WriteString(" AND tenant_id = $1") }
            db.Query(sb.String())
        }
        """,
        [BOTH],
        "db.Query",
    ),
    "java: a text block and a StringBuilder": (
        "A.java",
        '''
        class A {
          List<Boat> list(String tenantId) {
            StringBuilder sql = new StringBuilder("""
                SELECT * FROM boats
                WHERE live""");
            if (tenantId != null) { sql.append(" AND tenant_id = $1"); }
            return jdbc.query(sql.toString(), mapper);
          }
        }
        ''',
        [BOTH],
        "jdbc.query",
    ),
    "java: a native query in an annotation": (
        "A.java",
        'interface A { @Query(value = "SELECT * FROM boats WHERE id = :id", nativeQuery = true) Boat f(long id); }',
        [["SELECT * FROM boats WHERE id = :id"]],
        "Query",
    ),
    "java: a constant and String.format": (
        "A.java",
        """
        class A {
          private static final String T = "boats";
          void f() { db.prepareStatement(String.format("SELECT * FROM %s WHERE id = ?", T)); }
        }
        """,
        [["SELECT * FROM boats WHERE id = ?"]],
        "db.prepareStatement",
    ),
    "c#: an interpolated string is text": (
        "A.cs",
        'class A { void F(C conn, string t) { conn.Execute($"DELETE FROM {t} WHERE id = @id", new { id }); } }',
        [["DELETE FROM __hole_0__ WHERE id = @id"]],
        "conn.Execute",
    ),
    "c#: FromSqlInterpolated binds its holes": (
        "A.cs",
        'class A { void F(D db, int id) { db.Boats.FromSqlInterpolated($"SELECT * FROM boats WHERE id = {id}"); } }',
        [["SELECT * FROM boats WHERE id = :h0"]],
        "db.Boats.FromSqlInterpolated",
    ),
    "c#: a verbatim string and a filter on some paths": (
        "A.cs",
        """
        class A {
          public async Task<X> L(IDbConnection conn, Guid? tenantId) {
            var sql = @"SELECT * FROM boats
                        WHERE live";
            if (tenantId != null) { sql += " AND tenant_id = $1"; }
            return await conn.QueryAsync<Boat>(sql, new { tenantId });
          }
        }
        """,
        [BOTH],
        "conn.QueryAsync",
    ),
    "ruby: a heredoc with a fragment": (
        "a.rb",
        """
        class A
          def list(tenant_id)
            cond = tenant_id ? " AND tenant_id = $1" : ""
            ActiveRecord::Base.connection.execute(<<~SQL)
              SELECT * FROM boats
              WHERE live#{cond}
            SQL
          end
        end
        """,
        [BOTH],
        "ActiveRecord::Base.connection.execute",
    ),
    "ruby: appending with a modifier": (
        "a.rb",
        """
        def list(db, tenant_id)
          sql = "SELECT * FROM boats WHERE live"
          sql += " AND tenant_id = $1" if tenant_id
          db.exec_query(sql)
        end
        """,
        [BOTH],
        "db.exec_query",
    ),
    "ruby: find_by_sql with an array": (
        "a.rb",
        'class A\n def f(id)\n  Boat.find_by_sql(["SELECT * FROM boats WHERE id = ?", id])\n end\nend\n',
        [["SELECT * FROM boats WHERE id = ?"]],
        "Boat.find_by_sql",
    ),
    "php: interpolation and .=": (
        "a.php",
        """<?php
        class A {
          const T = "boats";
          function list(?string $tenantId) {
            $sql = "SELECT * FROM " . self::T . " WHERE live";
            if ($tenantId !== null) { $sql .= " AND tenant_id = $1"; }
            return $this->pdo->query($sql);
          }
        }
        """,
        [BOTH],
        "$this->pdo.query",
    ),
    "php: clauses and implode": (
        "a.php",
        """<?php
        function list($db, $t) {
          $where = ['live'];
          if ($t) { $where[] = 'tenant_id = $1'; }
          $db->query('SELECT * FROM boats WHERE ' . implode(' AND ', $where));
        }
        """,
        [BOTH],
        "$db.query",
    ),
    "php: a static facade": (
        "a.php",
        '<?php function f($id) { return DB::select("SELECT * FROM boats WHERE id = ?", [$id]); }',
        [["SELECT * FROM boats WHERE id = ?"]],
        "DB.select",
    ),
    "kotlin: templates in a raw string": (
        "A.kt",
        '''
        class A(private val jdbc: Jdbc) {
          fun list(tenantId: String?): List<Boat> {
            val table = "boats"
            var sql = """
              SELECT * FROM $table
              WHERE live
            """.trimIndent()
            if (tenantId != null) { sql += " AND tenant_id = \\$1" }
            return jdbc.query(sql) { rs, _ -> Boat(rs) }
          }
        }
        ''',
        [BOTH],
        "jdbc.query",
    ),
    "kotlin: a value chosen by if": (
        "A.kt",
        """
        fun list(db: Db, t: String?) {
          val cond = if (t != null) " AND tenant_id = \\$1" else ""
          db.execute("SELECT * FROM boats WHERE live" + cond)
        }
        """,
        [BOTH],
        "db.execute",
    ),
}


def found(path: str, source: str) -> list[Statement]:
    result = extract(path, source.encode())
    assert not result.problems, result.problems
    return [s for s in result.statements if s.confidence is not Confidence.PROSE]


@pytest.mark.parametrize("name", CASES)
def test_shape(name: str) -> None:
    path, source, expected, call = CASES[name]
    statements = found(path, source)
    assert [[" ".join(v.split()) for v in s.variants] for s in statements] == expected
    made = statements[0].call
    assert made is not None
    assert f"{made.receiver}.{made.method}".lstrip(".@") == call


CARRIERS = {
    "a.ts": "async function f(tenantId, id) { await withTenantConnection(tenantId, async (c) => { await c.query('DELETE FROM boats WHERE id = $1', [id]); }); }",
    "a.go": 'package a\nfunc f(tenantID string) { withTenantConnection(tenantID, func(c *Tx) error { c.Exec("DELETE FROM boats WHERE id = $1"); return nil }) }',
    "A.kt": 'fun f(tenantId: String) { withTenantConnection(tenantId) { c -> c.execute("DELETE FROM boats WHERE id = 1") } }',
    "a.rb": 'def f(tenant_id)\n withTenantConnection(tenant_id) do |c|\n  c.execute("DELETE FROM boats WHERE id = 1")\n end\nend\n',
    "A.java": 'class A { void f(String tenantId) { withTenantConnection(tenantId, c -> { c.execute("DELETE FROM boats WHERE id = 1"); }); } }',
    "A.cs": 'class A { void F(string tenantId) { withTenantConnection(tenantId, c => { c.Execute("DELETE FROM boats WHERE id = 1"); }); } }',
    "a.php": "<?php function f($tenantId) { withTenantConnection($tenantId, function ($c) { $c->query('DELETE FROM boats WHERE id = 1'); }); }",
    "a.py": "def f(tenant_id):\n    with withTenantConnection(tenant_id) as c:\n        c.execute('DELETE FROM boats WHERE id = 1')\n",
}


@pytest.mark.parametrize("path", CARRIERS)
def test_a_callback_parameter_remembers_its_wrapper(path: str) -> None:
    (statement,) = found(path, CARRIERS[path])
    assert statement.call is not None
    assert (statement.call.receiver_origin or "").startswith("withTenantConnection(")
    assert statement.function is not None
    assert statement.function.tenant_parameter is not None
    assert not statement.function.tenant_ignored


def test_class_names_are_no_table() -> None:
    found = extract("src/a.tsx", b'const a = <table className="table boats"><i className="table" /></table>;')
    assert not found.statements


def test_a_message_that_says_match_is_no_graph_query() -> None:
    assert not extract("src/a.ts", b"const a = (x) => x ? `match (${x})` : `no match (${x})`;").statements
    assert extract("src/a.ts", b"const a = (s, x) => s.run(`MATCH (${x}) RETURN n`);").statements


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("A.cs", 'c.QueryAsync<B>("[dbo].[Moor]", new { Id = id }, commandType: CommandType.StoredProcedure)'),
        ("A.cs", 'c.QueryAsync<B>($"[{Schema}].[Moor]", new { Id = id }, commandType: CommandType.StoredProcedure)'),
        ("A.java", 'c.prepareCall("{call Moor(?)}")'),
        ("A.java", 'c.prepareCall("{ ? = call Moor(?) }")'),
    ],
)
def test_a_stored_procedure_that_is_run_is_a_statement(path: str, call: str) -> None:
    (statement,) = extract(f"src/{path}", f"class A {{ void F(C c) {{ {call}; }} }}".encode()).statements
    assert statement.sql.lower().startswith(("call moor", "execute moor"))


@pytest.mark.parametrize(
    ("base", "name"),
    [(" : Repository<Moor, Guid>, IMoors", "Moor_Read"), ("", "_Read"), ("<T> : IRepository<T>", "_Read")],
)
def test_a_procedure_is_named_after_the_rows_that_its_repository_is_of(base: str, name: str) -> None:
    call = 'c.QueryAsync<B>($"[{Schema}].[{Table}_Read]", new { Id = id }, commandType: CommandType.StoredProcedure)'
    (statement,) = extract("src/A.cs", f"class A{base} {{ void F(C c) {{ {call}; }} }}".encode()).statements
    assert statement.sql == f"EXECUTE {name}"
