"""A row that is loaded by its key and compared with the caller's tenant before it is used; the name of an unsafe one is
the mistake."""

from __future__ import annotations

import pytest

from .test_vouch import go, java, judged, kotlin, python, script, sharp

_LOAD = 'cur.execute("SELECT id, tenant_id, title FROM docs WHERE id = %s", (id,))'
_ROW = "row = cur.fetchone()"
_DIFFERS = ('if row["tenant_id"] != tenant_id:', "    raise Gone()")
_WRITE = 'cur.execute("UPDATE docs SET title = %s WHERE id = %s", (title, id))'
_TS_LOAD = 'const { rows } = await pool.query("SELECT * FROM docs WHERE id = $1", [id]);'
_TS = (_TS_LOAD, "const doc = rows[0];", "if (!doc) throw new Gone();")
_TS_DIFFERS = "if (doc.tenant_id !== tenantId) throw new Gone();"
_GET = 's.db.GetContext(ctx, &doc, "SELECT * FROM docs WHERE id = $1", id)'
_GO = ("var doc Doc", f"if err := {_GET}; err != nil {{", "\treturn err", "}")
_GO_DIFFERS = ("if doc.TenantID != tenantID {", "\treturn ErrGone", "}")
_JDBC = 'Doc doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc.class, id);'

SAFE = {
    "python": python(_LOAD, _ROW, *_DIFFERS, "return row"),
    "python, in the same question": python(
        _LOAD, _ROW, 'if not row or row["tenant_id"] != tenant_id:', "    return None", "return row"
    ),
    "python, behind the connection": python(
        "with conn.cursor() as cur:", f"    {_LOAD}", f"    {_ROW}", *_DIFFERS, "return row"
    ),
    "python, written then": python(_LOAD, _ROW, "if row is None:", "    raise Gone()", *_DIFFERS, _WRITE),
    "python, caught where nothing follows": python(
        "try:", *(f"    {line}" for line in (_LOAD, _ROW, *_DIFFERS, "use(row)")), "except Gone:", "    log()"
    ),
    "typescript": script(*_TS, _TS_DIFFERS, "return doc;"),
    "typescript, caught where nothing follows": script(
        "try {", *_TS, _TS_DIFFERS, "return doc;", "} catch (e) { log(e); }"
    ),
    "go, sqlx": go(*_GO, *_GO_DIFFERS, "return s.use(doc)"),
    "go, gorm": go(
        "var doc Doc",
        'if err := s.db.First(&doc, "id = ?", id).Error; err != nil {',
        "\treturn err",
        "}",
        *_GO_DIFFERS,
        "return s.use(doc)",
    ),
    "java": java(_JDBC, "if (!doc.getTenantId().equals(tenantId)) { throw new Gone(); }", "use(doc);"),
    "java, by Objects": java(_JDBC, "if (!Objects.equals(doc.getTenantId(), tenantId)) { throw new Gone(); }"),
    "kotlin": kotlin(
        'val doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc::class.java, id)',
        "if (doc.tenantId != tenantId) throw Gone()",
        "use(doc)",
    ),
    "c#": sharp(
        'var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',
        "if (doc.TenantId != tenantId) throw new Gone();",
        "Use(doc);",
    ),
}

UNSAFE = {
    "handed out before": python(_LOAD, _ROW, "send(row)", *_DIFFERS, "return row"),
    "the cursor is handed out before": python(_LOAD, "send(cur)", _ROW, *_DIFFERS),
    "a part is kept before": python(_LOAD, _ROW, 'title = row["title"]', "send(title)", *_DIFFERS),
    "logged only": python(_LOAD, _ROW, _DIFFERS[0], '    log.info("x")', "return row"),
    "handed out where it differs": python(_LOAD, _ROW, _DIFFERS[0], "    return row", "return row"),
    "handed out where there is none": python(_LOAD, _ROW, "if row:", "    send(row)", *_DIFFERS),
    "sometimes": python(_LOAD, _ROW, 'if strict and row["tenant_id"] != tenant_id:', "    raise Gone()", "return row"),
    "under a condition": python(_LOAD, _ROW, "if strict:", *(f"    {line}" for line in _DIFFERS), "return row"),
    "of many": python(_LOAD.replace("id = %s", "title = %s"), _ROW, *_DIFFERS, "return row"),
    "written already": python(
        'cur.execute("UPDATE docs SET title = %s WHERE id = %s RETURNING tenant_id", (title, id))', _ROW, *_DIFFERS
    ),
    "a tenant that was put in": python(_LOAD.replace("tenant_id,", "%s AS tenant_id,"), _ROW, *_DIFFERS, "return row"),
    "another column": python(_LOAD, _ROW, 'if row["title"] != title:', "    raise Gone()", "return row"),
    "used behind the loop": python(
        "for id in ids:", f"    {_LOAD}", f"    {_ROW}", f"    {_DIFFERS[0]}", "        continue", "return row"
    ),
    "caught, and used then": python(
        "try:", *(f"    {line}" for line in (_LOAD, _ROW, *_DIFFERS)), "except Gone:", "    pass", "return row"
    ),
    "caught inside, and used then": python(
        "if x:",
        "    try:",
        *(f"        {line}" for line in (_LOAD, _ROW, *_DIFFERS)),
        "    except Gone:",
        "        pass",
        "return row",
    ),
    "suppressed": python("with suppress(Gone):", *(f"    {x}" for x in (_LOAD, _ROW, *_DIFFERS)), "return row"),
    "with what a client sends": script(*_TS, _TS_DIFFERS.replace("tenantId)", "input.tenantId)"), "return doc;"),
    "all rows are sent before": script(_TS_LOAD, "const doc = rows[0];", "res.json(rows);", _TS_DIFFERS),
    "used where it is caught": script("let doc;", "try {", _TS_LOAD, "doc = rows[0];", _TS_DIFFERS, "} catch (e) { send(doc); }"),
    "go, logged": go(*_GO, "if doc.TenantID != tenantID {", "\tlog.Print(1)", "}", "return s.use(doc)"),
    "go, handed out before": go(*_GO, "s.use(doc)", *_GO_DIFFERS, "return nil"),
    "java, turned round": java(_JDBC, "if (doc.getTenantId().equals(tenantId)) { throw new Gone(); }", "use(doc);"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_it_is_compared_before(name: str) -> None:
    rows = judged(*SAFE[name])

    assert [(row.verdict, row.rule) for row in rows[:1]] == [("weak", "TENORM010")], rows
    assert {row.verdict for row in rows} == {"weak"}, rows


@pytest.mark.parametrize("name", UNSAFE)
def test_it_may_be_used(name: str) -> None:
    rows = judged(*UNSAFE[name])

    assert [row.verdict for row in rows] == ["violation"], rows
