"""A row that is loaded by its key and compared with the caller's tenant before it is used; the name of an unsafe one is
the mistake."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model
from tests.lints.tables import declared

from .test_vouch import go, java, judged, kotlin, php, python, ruby, script, sharp

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
_FIND = "const doc = await prisma.doc.findUnique({ where: { id } });"
_PHP = "$doc = Doc::findOrFail($id);"
_KOTLIN = 'val doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc::class.java, id)'
SAFE |= {
    "java, stated": java(_JDBC, "Assert.isTrue(doc.getTenantId().equals(tenantId));", "use(doc);"),
    "java, stated with a word": java(_JDBC, 'Preconditions.checkArgument(doc.getTenantId().equals(tenantId), "no");'),
    "java, an own statement": java(_JDBC, "ApiException.throwIfFalse(doc.getTenantId().equals(tenantId), MSG);", "use(doc);"),
    "java, thrown if not": java(_JDBC, "ApiException.throwIf(!doc.getTenantId().equals(tenantId), MSG);", "use(doc);"),
    "kotlin, required": kotlin(_KOTLIN, "require(doc.tenantId == tenantId)", "use(doc)"),
    "typescript, invariant": script(_FIND, "invariant(doc.tenantId === tenantId, 'gone');", "return doc;"),
    "typescript, equal": script(_FIND, "assert.strictEqual(doc.tenantId, tenantId);", "return doc;"),
    "typescript, used only where it is equal": script(_FIND, "if (doc.tenantId === tenantId) {", "  return doc;", "}", "return null;"),
    "typescript, not equal": script(_FIND, "if (!(doc.tenantId === tenantId)) throw new Gone();", "return doc;"),
    "typescript, of its tenant": script(_FIND.replace("id } }", "id }, include: { tenant: true } }"), "if (doc.tenant.id !== tenantId) throw new Gone();", "return doc;"),
    "typescript, asked about": script(_FIND, 'await authorize(user, "read", doc);', "return doc;"),
    "typescript, asked about in a question": script(_FIND, "if (!doc || !canRead(user, doc)) throw new Gone();", "return doc;"),
    "typescript, forbidden": script(_FIND, "if (isForbidden(user, doc)) return null;", "return doc;"),
    "typescript, asked before, with its key and the tenant": script("await assertDocOfTenant(id, tenantId);", _FIND, "return doc;"),
    "typescript, its tenant is ensured to be the caller's": script(_FIND, "if (!doc) throw new Gone();", "ensureTenantScope(ctx, doc.tenantId);", "return doc;"),
    "typescript, its tenant is asked about": script(_FIND, "if (!isInTenant(user, doc.tenantId)) throw new Gone();", "return doc;"),
    "python, its tenant is ensured": python(_LOAD, _ROW, 'assert_same_tenant(user, row["tenant_id"])', "return row"),
    "ruby, its tenant is ensured": ruby("doc = Doc.find(id)", "ensure_tenant_access!(user, doc.tenant_id)", "use(doc)"),
    "typescript, named in what is said": script(_FIND, "if (!doc) throw new Gone(`the doc ${id} is no doc`);", "if (doc.tenantId !== tenantId) throw new Gone(`doc ${id}`);", "return doc;"),
    "python, named in what is said": python(_LOAD, _ROW, "if not row:", '    raise Gone(f"row {id} is no row")', *_DIFFERS, "return row"),
    "typescript, loaded where there is a key": script("let doc = user.doc;", "if (id) {", f"  {_FIND.removeprefix('const ')}", "}", 'authorize(user, "read", doc);', "return doc;"),
    "typescript, chosen": script(f"const doc = id ? {_FIND.removeprefix('const doc = ').removesuffix(';')} : user.doc;", 'authorize(user, "read", doc);', "return doc;"),
    "typescript, asked about behind what is read by it": script(_FIND, "const of = await prisma.doc.findUnique({ where: { id: doc.id } });", 'authorize(user, "read", of);', 'authorize(user, "read", doc);', "return of;"),
    "python, loaded where there is a key": python("if id:", f"    {_LOAD}", f"    {_ROW}", "else:", "    row = first", *_DIFFERS, "return row"),
    "php, aborted unless": php(_PHP, "abort_unless($doc->tenant_id === $tenantId, 404);", "return $doc;"),
    "php, aborted if": php(_PHP, "abort_if($doc->tenant_id !== $tenantId, 404);", "return $doc;"),
    "php, authorized": php(_PHP, "$this->authorize('update', $doc);", "return $doc;"),
    "php, the gate": php(_PHP, "Gate::authorize('update', $doc);", "return $doc;"),
    "php, aborted unless he may": php(_PHP, "abort_unless($user->can('update', $doc), 403);", "return $doc;"),
    "php, a member of the class": php("$this->doc = Doc::findOrFail($id);", "if ($this->doc->tenant_id !== $tenantId) {", "    throw new Gone;", "}", "use($this->doc);"),
    "ruby, unless": ruby("doc = Doc.find(id)", "raise Gone unless doc.tenant_id == tenant.id", "use(doc)"),
    "ruby, authorized": ruby("doc = Doc.find(id)", "authorize! :read, doc", "use(doc)"),
    "python, stated": python(_LOAD, _ROW, 'assert row["tenant_id"] == tenant_id', "return row"),
}  # fmt: skip

_MEMBER = "const member = await prisma.member.findFirst({ where: { userId: user.id, tenantId } });"
_ANY = "const member = await prisma.doc.findUnique({ where: { id: other } });"
_SAME = "if (doc.tenantId !== member.tenantId) throw new Gone();"

UNSAFE = {
    "typescript, only one branch asks": script(
        _FIND, "if (strict) {", '  await assertPermission(user, "write");', "} else {", '  await assertPermission(user, "x", doc);', "}", "return doc;"
    ),
    "typescript, allowed is refused": script(_FIND, "if (canRead(user, doc)) throw new Gone();", "return doc;"),
    "typescript, another one is asked about": script(_FIND, 'await authorize(user, "read", other);', "return doc;"),
    "typescript, asked about another one by its name": script(_FIND, 'await authorize(user, "doc", other);', "return doc;"),
    "typescript, asked about a part": script(_FIND, "await assertAccess(user, doc.title);", "return doc;"),
    "typescript, a part is ensured that is no tenant": script(_FIND, "ensureTenantScope(ctx, doc.title);", "return doc;"),
    "typescript, its tenant is logged": script(_FIND, "log(ctx, doc.tenantId);", "return doc;"),
    "typescript, left where it is the caller's": script(_FIND, "if (isInTenant(user, doc.tenantId)) throw new Gone();", "return doc;"),
    "typescript, put into what is said": script(_FIND, "if (user) throw new Gone(`the ${doc.title} is no doc`);", "if (doc.tenantId !== tenantId) throw new Gone();", "return doc;"),
    "kotlin, put into what is said": kotlin(_KOTLIN, 'if (user) throw Gone("the $doc is gone")', "if (doc.tenantId != tenantId) throw Gone()", "use(doc)"),
    "typescript, asked about too late": script(_FIND, "await send(doc);", 'await authorize(user, "read", doc);'),
    "typescript, returned where there is a key": script("let doc = user.doc;", "if (id) {", f"  {_FIND.removeprefix('const ')}", "  return doc;", "}", 'authorize(user, "read", doc);'),
    "typescript, the other branch asks": script("let doc = user.doc;", "if (id) {", f"  {_FIND.removeprefix('const ')}", "} else {", '  authorize(user, "read", doc);', "}", "return doc;"),
    "typescript, asked about behind a loop": script("let doc;", "for (const id of ids) {", f"  {_FIND.removeprefix('const ')}", "}", 'authorize(user, "read", doc);', "return doc;"),
    "typescript, the question is caught": script(_FIND, 'await authorize(user, "read", doc).catch(() => null);', "return doc;"),
    "typescript, the answer is dropped": script(_FIND, "canRead(user, doc);", "return doc;"),
    "typescript, used in the other branch": script(_FIND, "if (doc.tenantId === tenantId) log(1);", "else return doc;"),
    "typescript, used behind it": script(_FIND, "if (doc.tenantId === tenantId) {", "  log(1);", "}", "return doc;"),
    "typescript, asked before under a condition": script("if (strict) await assertDocOfTenant(id, tenantId);", _FIND, "return doc;"),
    "typescript, asked before about another one": script("await assertDocOfTenant(other, tenantId);", _FIND, "return doc;"),
    "typescript, asked before without a tenant": script("await assertExists(id, title);", _FIND, "return doc;"),
    "typescript, the key gets another value": script("await assertDocOfTenant(id, tenantId);", "id = other;", _FIND, "return doc;"),
    "php, aborted unless something else": php(_PHP, "abort_unless($doc->title === $title, 404);", "return $doc;"),
    "php, aborted where it is equal": php(_PHP, "abort_if($doc->tenant_id === $tenantId, 404);", "return $doc;"),
    "php, with what a client sends": php(_PHP, "abort_unless($doc->tenant_id === $request->input('tenant'), 404);", "return $doc;"),
    "java, stated of another": java(_JDBC, "Assert.isTrue(other.getTenantId().equals(tenantId));", "use(doc);"),
    "java, the assert of the language": java(_JDBC, "assert doc.getTenantId().equals(tenantId);", "use(doc);"),
    "c#, the assert of a debugger": sharp(
        'var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',
        "Debug.Assert(doc.TenantId == tenantId);", "Use(doc);",
    ),
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


def test_what_is_read_by_it_goes_out_before_it_is_asked_about() -> None:
    read = "const of = await prisma.doc.findUnique({ where: { id: doc.id } });"
    rows = judged(*script(_FIND, read, "send(of);", 'authorize(user, "read", doc);'))

    assert {row.verdict for row in rows} == {"violation"}, rows


def test_an_assert_is_named_that_may_be_left_out() -> None:
    rows = judged(*SAFE["python, stated"])

    assert "python -O" in rows[0].assumptions[-1]


def test_what_it_is_compared_with_may_be_a_row_of_the_caller_but_no_strangers() -> None:
    def verdicts(*lines: str) -> list[str]:
        return [row.verdict for row in judged(*script(*lines))]

    assert verdicts(_MEMBER, _FIND, _SAME, "return doc;") == ["proven", "weak"]
    assert verdicts(_FIND, _MEMBER, _SAME, "return doc;") == ["weak", "proven"]
    assert verdicts(_ANY, _FIND, _SAME, "return doc;") == ["violation", "violation"]
    assert verdicts(_FIND, _ANY, _SAME.replace("Gone()", "Gone('the doc')"), "return doc;") == [
        "violation",
        "violation",
    ]


@pytest.mark.parametrize(
    ("given", "verdict"), [("id, programId", "weak"), ("id, title", "violation"), ("title, programId", "violation")]
)
def test_the_model_knows_what_a_tenant_is_called(given: str, verdict: str) -> None:
    files = declared({"programs": "", "docs": "title program_id>programs"}, "prisma")
    code = (
        "export async function run(prisma, id, programId, title) {\n"
        f"  await getDocOrThrow({{ {given} }});\n"
        "  return prisma.doc.delete({ where: { id } });\n}\n"
    )
    model = build_model(files, {}, tenant_columns=("program_id",))
    [row] = scan([("a.ts", code.encode())], model).accesses

    assert row.verdict == verdict, row
