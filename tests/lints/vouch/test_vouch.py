"""What a row that was read under its tenant vouches for, case by case; the name of an unsafe one is the mistake."""

from __future__ import annotations

from functools import partial

import pytest

from lints.codec import decode, encode
from lints.examine import Examined, examine
from tests.lints import tables
from tests.lints.tables import declared, source

SCHEMA = {
    **declared(
        {
            "tenants": "",
            "docs": "title owner_id tenant_id>tenants",
            "pages": "body doc_id>docs",
            "notes": "tenant_id>tenants doc_id?>docs",
            "members": "user_id role tenant_id>tenants",
            "colours": "name",
        },
        "prisma",
        "django",
        "rails",
        "laravel",
        "ef",
    ),
    "src/schema.ts": b"""import { pgTable, text } from "drizzle-orm/pg-core";
export const docs = pgTable("docs", { id: text("id").primaryKey(), tenantId: text("tenant_id").notNull(), title: text("title") });
""",
    "model/doc.go": b"""package model
type Doc struct { ID string `gorm:"primaryKey"`
	TenantID string
	Title string }
func (Doc) TableName() string { return "docs" }
""",
}

_BOTH = "const [doc, tenant] = await Promise.all([prisma.doc.findFirst({ where: { id: input.id, tenantId } }), load(tenantId)]);"
_NOTE = 'const { rows } = await pool.query("SELECT id, doc_id FROM notes WHERE doc_id = $1 AND tenant_id = $2", [id, tenantId]);'
_LIST = 'const { rows } = await pool.query("SELECT id FROM docs WHERE tenant_id = $1", [tenantId]);'
_READ = (
    'const { rows } = await pool.query("SELECT id, title FROM docs WHERE id = $1 AND tenant_id = $2", [id, tenantId]);'
)
_WRITE = 'await pool.query("UPDATE docs SET title = $2 WHERE id = $1", [id, title]);'
_GONE = 'if (rows.length === 0) throw new Error("not found");'
_FIND = "const doc = await prisma.doc.findFirst({ where: { id: input.id, tenantId } });"
_SET = 'await prisma.doc.update({ where: { id: input.id }, data: { title: "x" } });'
_MISSING = "if (!doc) throw new NotFound();"


judged = partial(tables.judged, SCHEMA)
script, python, go, ruby, php, java, kotlin, sharp = (
    partial(source, kind) for kind in ("ts", "python", "go", "ruby", "php", "java", "kotlin", "c#")
)
_PY_READ = 'cur.execute("SELECT id, title FROM docs WHERE id = %s AND tenant_id = %s", (id, tenant_id))'
_PY_WRITE = 'cur.execute("UPDATE docs SET title = %s WHERE id = %s", (title, id))'
_GO_READ = 'err := s.db.QueryRowContext(ctx, "SELECT title FROM docs WHERE id = $1 AND tenant_id = $2", id, tenantID).Scan(&doc.Title)'
_GO_WRITE = '_, err = s.db.ExecContext(ctx, "UPDATE docs SET title = $1 WHERE id = $2", title, id)'
_GORM_READ = 'err := s.db.Where("id = ? AND tenant_id = ?", id, tenantID).First(&doc).Error'
_GORM_WRITE = 's.db.Model(&model.Doc{}).Where("id = ?", id).Update("title", title)'
_EF_READ = "var doc = await db.Docs.FirstOrDefaultAsync(d => d.Id == id && d.TenantId == tenantId);"
_EF_WRITE = "await db.Docs.Where(d => d.Id == id).ExecuteDeleteAsync();"
_RB_READ = "doc = Doc.find_by(id: id, tenant_id: tenant.id)"
_RB_WRITE = 'Doc.where(id: id).update_all(title: "x")'
_PHP_READ = "$doc = Doc::where('id', $id)->where('tenant_id', $tenantId)->first();"
_PHP_WRITE = "Doc::where('id', $id)->update(['title' => $title]);"
_JAVA_READ = 'List<Doc> found = jdbc.query("SELECT id FROM docs WHERE id = ? AND tenant_id = ?", mapper, id, tenantId);'
_JAVA_WRITE = 'jdbc.update("UPDATE docs SET title = ? WHERE id = ?", title, id);'
_KT_READ = (
    'val doc = jdbc.query("SELECT id FROM docs WHERE id = ? AND tenant_id = ?", mapper, id, tenantId).firstOrNull()'
)
_CS_READ = 'var doc = await c.QueryFirstOrDefaultAsync<Doc>("SELECT * FROM docs WHERE id = @id AND tenant_id = @tenantId", new { id, tenantId });'
_CS_WRITE = 'await c.ExecuteAsync("UPDATE docs SET title = @title WHERE id = @id", new { title, id });'

_GET = """
async function getDoc(key, tenantId) {
  const { rows } = await pool.query("SELECT id, title FROM docs WHERE id = $1 AND tenant_id = $2", [key, tenantId]);
  return rows[0] ?? null;
}
"""
_NEED = _GET.replace("getDoc", "needDoc").replace(
    "return rows[0] ?? null;", "if (rows.length === 0) throw new Gone();\n  return rows[0];"
)
_ASK = "const doc = await getDoc(id, tenantId);"
_HOLD = "const doc = await needDoc(id, tenantId);"
_GO_GET = """
func (s *S) getDoc(ctx context.Context, key, tenantID string) (*Doc, error) {
	var doc Doc
	err := s.db.QueryRowContext(ctx, "SELECT title FROM docs WHERE id = $1 AND tenant_id = $2", key, tenantID).Scan(&doc.Title)
	if err != nil {
		return nil, err
	}
	return &doc, nil
}
"""
_PY_GET = """
def get_doc(cur, key, tenant_id):
    cur.execute("SELECT id, title FROM docs WHERE id = %s AND tenant_id = %s", (key, tenant_id))
    return cur.fetchone()


"""
_CLASS_TS = """
class Docs {
  async one({ key, tenantId }) {
    return prisma.doc.findFirst({ where: { id: key, tenantId } });
  }
  async save(input, tenantId) {
    const doc = await this.one({ key: input.id, tenantId });
    BODY
    await prisma.doc.update({ where: { id: input.id }, data: { title: "x" } });
  }
}
"""


def beside(helper: str, case: tuple[str, str]) -> tuple[str, str]:
    path, code = case
    if path == "a.go":
        head, _, rest = code.partition("\n\n")
        return path, f"{head}\n{helper}\n{rest}"
    return path, helper + code


SAFE: dict[str, tuple[str, str]] = {
    "a look at the number of rows": script(_READ, _GONE, _WRITE),
    "rowCount": script(_READ.replace("{ rows }", "found"), "if (found.rowCount === 0) return null;", _WRITE),
    "the first row": script(_READ.replace("{ rows }", "found"), "const doc = found.rows[0];", "if (!doc) return;", _WRITE),
    "destructured twice": script(_READ.replace("{ rows }", "{ rows: [doc] }"), "if (!doc) return;", _WRITE),
    "a condition around": script(_READ, "if (rows.length > 0) {", _WRITE, "}"),
    "the other side of a condition": script(_READ, "if (!rows.length) { log(); } else {", _WRITE, "}"),
    "more than one reason to leave": script(_READ, "if (rows.length === 0 || locked) throw new Error();", _WRITE),
    "a condition and another": script(_READ, "if (rows.length && open) {", _WRITE, "}"),
    "in a transaction afterwards": script(_READ, _GONE, "await pool.tx(async (t) => {", _WRITE, "});"),
    "in a loop over something else": script(_READ, _GONE, "for (const x of ids) {", _WRITE, "}"),
    "in a try that does not matter": script("try {", _READ, _GONE, _WRITE, "} catch (e) { log(e); }"),
    "a try that leaves": script(
        "let doc;", "try {", f"doc = {_FIND.partition('=')[2].replace('findFirst', 'findFirstOrThrow')}",
        "} catch (e) { return null; }", _SET,
    ),
    "a child of the row": script(_READ, 'await pool.query("DELETE FROM pages WHERE doc_id = $1", [rows[0].id]);'),
    "a child of the row, by its id": script(_READ, _GONE, 'await pool.query("DELETE FROM pages WHERE doc_id = $1", [id]);'),
    "a new child": script(_READ, _GONE, 'await pool.query("INSERT INTO pages (id, doc_id) VALUES ($1, $2)", [other, id]);'),
    "a child of a new row": script(
        'const { rows } = await pool.query("INSERT INTO docs (id, tenant_id) VALUES ($1, $2) RETURNING id", [id, tenantId]);',
        'await pool.query("INSERT INTO pages (id, doc_id) VALUES ($1, $2)", [other, rows[0].id]);',
    ),
    "two reads after each other": script(
        _READ, _GONE, 'const { rows: found } = await pool.query("SELECT * FROM docs WHERE id = $1", [id]);',
    ),
    "through a join": script(
        _READ, _GONE, 'await pool.query("SELECT p.body FROM docs d JOIN pages p ON p.doc_id = d.id WHERE d.id = $1", [id]);'
    ),
    "an update that found its row": script(
        'const r = await pool.query("UPDATE docs SET title = $3 WHERE id = $1 AND tenant_id = $2", [id, tenantId, title]);',
        "if (r.rowCount === 0) return;",
        'await pool.query("DELETE FROM pages WHERE doc_id = $1", [id]);',
    ),
    "prisma": script(_FIND, _MISSING, _SET),
    "prisma, which throws itself": script(_FIND.replace("findFirst", "findFirstOrThrow"), _SET),
    "prisma, its throwing result left alone": script(_FIND.replace("const doc = ", "").replace("First", "FirstOrThrow"), _SET),
    "prisma, another name for the same": script(_FIND.replace("const doc", "const found"), "if (found == null) return;", _SET),
    "or throws": script(_FIND.replace("});", "}) ?? notFound();"), _SET),
    "only if": script(_FIND, 'doc && (await prisma.doc.update({ where: { id: input.id }, data: { title: "x" } }));'),
    "another property of the input is set": script(_FIND, _MISSING, 'input.title = "x";', _SET),
    "a helper's row, looked at": beside(_GET, script(_ASK, "if (!doc) throw new Gone();", _WRITE)),
    "a helper that throws": beside(_NEED, script(_HOLD, _WRITE)),
    "a helper that throws, its row left alone": beside(_NEED, script("await needDoc(id, tenantId);", _WRITE)),
    "a helper of a helper": beside(
        _GET + "async function own(one, tenant) {\n  return getDoc(one, tenant);\n}\n",
        script("if (!(await own(id, tenantId))) return;", _WRITE),
    ),
    "a helper that leaves by itself": beside(
        _GET + "async function own(one, tenant) {\n  const doc = await getDoc(one, tenant);\n  if (!doc) throw new Gone();\n}\n",
        script("await own(id, tenantId);", _WRITE),
    ),
    "a method, its parameter taken apart": ("a.ts", _CLASS_TS.replace("BODY", "if (!doc) return;")),
    "a function of the module, asked by a method": beside(
        _GET, ("a.ts", f"class Saving {{\n  async save(id, tenantId, title) {{\n{_ASK}\nif (!doc) return;\n{_WRITE}\n  }}\n}}\n")
    ),
    "go, a helper": beside(_GO_GET, go("doc, err := s.getDoc(ctx, id, tenantID)", "if err != nil {", "\treturn err", "}", _GO_WRITE)),
    "python, a helper": beside(_PY_GET, python("doc = get_doc(cur, id, tenant_id)", "if not doc:", "    return", _PY_WRITE)),
    "compared before": script(
        "const doc = await prisma.doc.findUnique({ where: { id: input.id } });", "if (!doc || doc.tenantId !== tenantId) throw new Gone();", _SET
    ),
    "compared before, and there is none that could be": script(
        "const doc = await prisma.doc.findUnique({ where: { id: input.id } });", "if (doc?.tenantId !== ctx.tenantId) throw new Gone();", _SET
    ),
    "asked for a part of it, which raises": script(_FIND, "if (doc.locked) throw new Locked();", _SET),
    "gorm": go("var doc model.Doc", _GORM_READ, "if err != nil {", "\treturn err", "}", _GORM_WRITE),
    "gorm, at once": go("var doc model.Doc", f"if {_GORM_READ}; err != nil {{", "\treturn err", "}", _GORM_WRITE),
    "entity framework": sharp(_EF_READ, "if (doc == null) return;", _EF_WRITE),
    "entity framework, or throws": sharp(_EF_READ.replace(");", ") ?? throw new Gone();"), _EF_WRITE),
    "read by two keys, of which one was read before": script(
        "const doc = await prisma.doc.findFirst({ where: { id: input.docId, tenantId } });", _MISSING,
        "const page = await prisma.page.findFirst({ where: { id: input.pageId, docId: input.docId } });", "if (!page) throw new Gone();",
        'await prisma.page.update({ where: { id: input.pageId }, data: { body: "x" } });',
    ),
    "a value of the request by its name": script(
        'const key = params.get("id");', _FIND.replace("input.id", "key"), _MISSING, _SET.replace("input.id", "key")
    ),
    "waited for together": script(_BOTH, _MISSING, _SET),
    "what a row of the tenant's refers to": script(_NOTE, _GONE, _WRITE),
    "what the row names": script(_NOTE, 'await pool.query("DELETE FROM docs WHERE id = $1", [rows[0].doc_id]);'),
    "the ids of the rows": script(_LIST, "const found = rows.map((r) => r.id);", "await sql`DELETE FROM pages WHERE doc_id IN (${found})`;"),
    "each of the rows": script(_LIST, "for (const doc of rows) {", 'await pool.query("DELETE FROM pages WHERE doc_id = $1", [doc.id]);', "}"),
    "python, each of the rows": python(
        'cur.execute("SELECT id FROM docs WHERE tenant_id = %s", (tenant_id,))', "rows = cur.fetchall()", "for row in rows:",
        '    cur.execute("DELETE FROM pages WHERE doc_id = %s", (row["id"],))',
    ),
    "connected": script(
        _FIND, _MISSING, 'await prisma.page.create({ data: { doc: { connect: { id: input.id } } } });'
    ),
    "cur.fetchone": python(_PY_READ, "row = cur.fetchone()", "if row is None:", "    raise NotFound()", _PY_WRITE),
    "not row": python(_PY_READ, "row = cur.fetchone()", "if not row:", "    abort(404)", _PY_WRITE),
    "fetchall": python(_PY_READ, "rows = cur.fetchall()", "if len(rows) == 0:", "    return None", _PY_WRITE),
    "a walrus": python(_PY_READ, "if (row := cur.fetchone()) is None:", "    return None", _PY_WRITE),
    "with a cursor": python("with conn.cursor() as cur:", f"    {_PY_READ}", "    row = cur.fetchone()", "    if row is None:",
                            "        raise NotFound()", f"    {_PY_WRITE}"),
    "the id of the row": python(_PY_READ, "row = cur.fetchone()", 'cur.execute("DELETE FROM pages WHERE doc_id = %s", (row["id"],))'),
    "the first column": python(_PY_READ, "row = cur.fetchone()", 'cur.execute("DELETE FROM pages WHERE doc_id = %s", (row[0],))'),
    "django, get": python("doc = Doc.objects.get(pk=id, tenant_id=tenant_id)", "Doc.objects.filter(pk=id).update(title=title)"),
    "django, or 404": python("doc = get_object_or_404(Doc, pk=id, tenant_id=tenant_id)", "Doc.objects.filter(pk=id).delete()"),
    "django, a try that raises": python(
        "try:", "    doc = Doc.objects.get(pk=id, tenant_id=tenant_id)", "except Doc.DoesNotExist:", "    raise Http404",
        "Doc.objects.filter(pk=id).delete()",
    ),
    "django, first": python("doc = Doc.objects.filter(pk=id, tenant_id=tenant_id).first()", "if doc is None:", "    return",
                            "Doc.objects.filter(pk=id).delete()"),
    "django, exists": python("if not Doc.objects.filter(pk=id, tenant_id=tenant_id).exists():", "    return",
                             "Doc.objects.filter(pk=id).delete()"),
    "go": go("var doc Doc", _GO_READ, "if err != nil {", "\treturn err", "}", _GO_WRITE, "return err"),
    "go, at once": go("var doc Doc", f"if {_GO_READ}; err != nil {{", "\treturn err", "}", _GO_WRITE.replace("_, err =", "_, err :="), "return err"),
    "go, the very error": go("var doc Doc", _GO_READ, "if errors.Is(err, sql.ErrNoRows) {", "\treturn ErrGone", "}", _GO_WRITE, "return err"),
    "go, one inside the other": go("var doc Doc", _GO_READ, "if err != nil {", "\tif err == sql.ErrNoRows { return ErrGone }", "\treturn err", "}", _GO_WRITE),
    "ruby": ruby(_RB_READ, "return if doc.nil?", _RB_WRITE),
    "ruby, unless": ruby(_RB_READ, "raise NotFound unless doc", _RB_WRITE),
    "ruby, with a bang": ruby(_RB_READ.replace("find_by", "find_by!"), _RB_WRITE),
    "ruby, or raise": ruby(f"{_RB_READ} || raise(NotFound)", _RB_WRITE),
    "ruby, in a block afterwards": ruby(_RB_READ.replace("find_by", "find_by!"), "Doc.transaction do", _RB_WRITE, "end"),
    "php": php(_PHP_READ, "if (!$doc) { abort(404); }", _PHP_WRITE),
    "php, abort_if": php(_PHP_READ, "abort_if(!$doc, 404);", _PHP_WRITE),
    "php, abort_unless": php(_PHP_READ, "abort_unless($doc, 404);", _PHP_WRITE),
    "php, firstOrFail": php(_PHP_READ.replace("first()", "firstOrFail()"), _PHP_WRITE),
    "php, or throw": php(_PHP_READ.replace("first();", "first() ?? throw new Gone();"), _PHP_WRITE),
    "php, is_null": php(_PHP_READ, "if (is_null($doc)) return null;", _PHP_WRITE),
    "java": java(_JAVA_READ, "if (found.isEmpty()) throw new Gone();", _JAVA_WRITE),
    "java, queryForObject": java('Doc doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ? AND tenant_id = ?", mapper, id, tenantId);', _JAVA_WRITE),
    "kotlin": kotlin(_KT_READ, "if (doc == null) throw Gone()", _JAVA_WRITE.rstrip(";")),
    "kotlin, or throw": kotlin(f"{_KT_READ} ?: throw Gone()", _JAVA_WRITE.rstrip(";")),
    "c#": sharp(_CS_READ, "if (doc is null) return;", _CS_WRITE),
    "c#, or throw": sharp(_CS_READ.replace(");", ") ?? throw new Gone();"), _CS_WRITE),
    "c#, single": sharp(_CS_READ.replace("FirstOrDefault", "Single"), _CS_WRITE),
}  # fmt: skip

UNSAFE: dict[str, tuple[str, str]] = {
    "no look at what was found": script(_READ, _WRITE),
    "another id": script(_READ, _GONE, _WRITE.replace("[id,", "[other,")),
    "reassigned": script(_READ, _GONE, "id = other;", _WRITE),
    "reassigned on some path": script(_READ, _GONE, "if (other) { id = other; }", _WRITE),
    "taken apart anew": script(_READ, _GONE, "({ id } = input);", _WRITE),
    "the look comes too late": script(_READ, _WRITE, _GONE),
    "a look that only logs": script(_READ, "if (rows.length === 0) { log('none'); }", _WRITE),
    "a look at something else": script(_READ, "if (ids.length === 0) throw new Error();", _WRITE),
    "turned round": script(_READ, "if (rows.length > 0) throw new Error();", _WRITE),
    "and something else": script(_READ, "if (rows.length === 0 && strict) throw new Error();", _WRITE),
    "or something else": script(_READ, "if (rows.length || force) {", _WRITE, "}"),
    "an array is always there": script(_READ, "if (!rows) throw new Error();", _WRITE),
    "a result is always there": script(_READ.replace("{ rows }", "found"), "if (!found) throw new Error();", _WRITE),
    "read in another branch": script("if (strict) {", _READ, _GONE, "}", _WRITE),
    "checked in another branch": script(_READ, "if (strict) {", _GONE, "}", _WRITE),
    "read in a loop before": script("for (const id of ids) {", _READ, _GONE, "}", _WRITE),
    "another variable of the same name": script(_READ, _GONE, "for (const id of ids) {", _WRITE, "}"),
    "a parameter of the same name": script(_READ, _GONE, "ids.forEach(async (id) => {", _WRITE, "});"),
    "changed by the next round": script(_READ, _GONE, "while (more()) {", _WRITE, "id = next();", "}"),
    "changed before the callback runs": script(_READ, _GONE, "later(async () => {", _WRITE, "});", "id = other;"),
    "read in a callback": script("setTimeout(async () => {", _READ, _GONE, "});", _WRITE),
    "swallowed": script("try {", _READ, _GONE, "} catch (e) { log(e); }", _WRITE),
    "in the catch": script("try {", _READ, _GONE, "} catch (e) {", _WRITE, "}"),
    "in the end": script("try {", _READ, _GONE, "} finally {", _WRITE, "}"),
    "read without its tenant": script(_READ.replace(" AND tenant_id = $2", ""), _GONE, _WRITE),
    "a constant tenant": script(_READ.replace("$2", "'acme'"), _GONE, _WRITE),
    "found by something else": script(_READ.replace("id = $1", "title = $1"), _GONE, _WRITE),
    "or found by something else": script(_READ.replace("id = $1", "(id = $1 OR title = $1)"), _GONE, _WRITE),
    "an aggregate always gives a row": script(_READ.replace("id, title", "count(*)"), _GONE, _WRITE),
    "joined from the outside": script(
        _READ.replace("FROM docs WHERE id = $1 AND tenant_id", "FROM tenants t LEFT JOIN docs ON docs.id = $1 WHERE t.id"), _GONE, _WRITE
    ),
    "another table's id": script(_READ, _GONE, 'await pool.query("DELETE FROM pages WHERE id = $1", [id]);'),
    "another column of the row": script(_READ, 'await pool.query("DELETE FROM pages WHERE doc_id = $1", [rows[0].title]);'),
    "another column by the name of the key": script(
        _READ.replace("id, title", "owner_id AS id"), 'await pool.query("DELETE FROM pages WHERE doc_id = $1", [rows[0].id]);'
    ),
    "the id is what is written": script(_READ, _GONE, 'await pool.query("UPDATE docs SET owner_id = $1 WHERE title = $2", [id, title]);'),
    "every row but that one": script(_READ, _GONE, _WRITE.replace("id = $1", "id <> $1")),
    "that one or others": script(_READ, _GONE, _WRITE.replace("id = $1", "id = $1 OR title = $2")),
    "both at once": script(f"await Promise.all([{_READ.partition('= await ')[2][:-1]}, {_WRITE[6:-1]}]);"),
    "a function of its own": script(_READ, _GONE, "function run() {", _WRITE, "}"),
    "made of what was found": script(_READ.replace("{ rows }", "found").replace("await pool", "check(await pool").replace("]);", "]));"),
                                     "if (!found) return;", _WRITE),
    "a helper's row, not looked at": beside(_GET, script(_ASK, _WRITE)),
    "a helper that throws, called for another": beside(_NEED, script(_HOLD.replace("(id,", "(other,"), _WRITE)),
    "a helper that throws, its arguments swapped": beside(_NEED, script(_HOLD.replace("id, tenantId", "tenantId, id"), _WRITE)),
    "a helper that throws, nobody waits for it": beside(_NEED, script(_HOLD.replace("await ", ""), _WRITE)),
    "a helper that throws, caught": beside(_NEED, script(_HOLD.replace(");", ").catch(() => null);"), _WRITE)),
    "a helper that throws, of another object": beside(_NEED, script(_HOLD.replace("needDoc", "other.needDoc"), _WRITE)),
    "a helper of another class": (
        "a.ts",
        _CLASS_TS.replace("BODY", "if (!doc) return;").replace("  async save", "}\nclass Others {\n  one(x) { return x; }\n  async save"),
    ),
    "a helper of that name in two places": beside(
        _GET + "class Cache {\n  async getDoc(key) {\n    return this.held.get(key);\n  }\n}\n", script(_ASK, "if (!doc) throw new Gone();", _WRITE)
    ),
    "go, a helper of another type": beside(_GO_GET.replace("(s *S)", "(s *T)"), go("doc, err := s.getDoc(ctx, id, tenantID)", "if err != nil {", "\treturn err", "}", _GO_WRITE)),
    "a helper that gives something else": beside(_NEED.replace("const {", "if (cache.has(key)) return cache.get(key);\n  const {"), script(_HOLD, _WRITE)),
    "a helper that gives an empty one": beside(_GET.replace("?? null", "?? {}"), script(_ASK, "if (!doc) throw new Gone();", _WRITE)),
    "a helper that reads another": beside(_NEED.replace("const {", "key = current();\n  const {"), script(_HOLD, _WRITE)),
    "a helper that swallows": beside(
        _NEED.replace("const {", "try {\n  const {").replace("return rows[0];", "return rows[0];\n  } catch (e) { log(e); }"), script(_HOLD, _WRITE)
    ),
    "a helper that does not look": beside(_NEED.replace("throw new Gone()", "log('gone')").replace("return rows[0]", "return true"), script(_HOLD, _WRITE)),
    "a method, its row not looked at": ("a.ts", _CLASS_TS.replace("BODY", "")),
    "go, a helper, its error not looked at": beside(_GO_GET, go("doc, _ := s.getDoc(ctx, id, tenantID)", _GO_WRITE.replace("err =", "err :="))),
    "go, a helper that hides the error": beside(_GO_GET.replace("return nil, err", "return nil, nil"), go(
        "doc, err := s.getDoc(ctx, id, tenantID)", "if err != nil {", "\treturn err", "}", _GO_WRITE)),
    "python, a helper, its row not looked at": beside(_PY_GET, python("doc = get_doc(cur, id, tenant_id)", _PY_WRITE)),
    "compared with what the client names": script(
        "const doc = await prisma.doc.findUnique({ where: { id: input.id } });", "if (!doc || doc.tenantId !== input.tenantId) throw new Gone();", _SET
    ),
    "compared with nothing": script(
        "const doc = await prisma.doc.findUnique({ where: { id: input.id } });", "if (!doc || doc.tenantId !== null) throw new Gone();", _SET
    ),
    "compared with itself": script(
        "const doc = await prisma.doc.findUnique({ where: { id: input.id } });", "if (!doc || doc.tenantId !== doc.tenantId) throw new Gone();", _SET
    ),
    "compared too late": script(
        "const doc = await prisma.doc.findUnique({ where: { id: input.id } });", _MISSING, _SET, "if (doc.tenantId !== tenantId) throw new Gone();"
    ),
    "asked for a part of it, which gives nothing": script(_FIND, "if (doc?.locked) throw new Locked();", _SET),
    "php, asked for a part of it": php(_PHP_READ, "if ($doc->locked) { throw new Locked(); }", _PHP_WRITE),
    "gorm, a list is no error": go("var docs []model.Doc", _GORM_READ.replace("First(&doc)", "Find(&docs)"), "if err != nil {", "\treturn err", "}", _GORM_WRITE),
    "gorm, not looked at": go("var doc model.Doc", _GORM_READ.replace("err :=", "_ ="), _GORM_WRITE),
    "entity framework, not looked at": sharp(_EF_READ, _EF_WRITE),
    "entity framework, another id": sharp(_EF_READ, "if (doc == null) return;", _EF_WRITE.replace("== id", "== other")),
    "read by two keys that a client names": script(
        "const page = await prisma.page.findFirst({ where: { id: input.pageId, docId: input.docId } });", "if (!page) throw new Gone();",
        "await prisma.page.delete({ where: { id: input.pageId } });", "await prisma.doc.delete({ where: { id: input.docId } });",
    ),
    "another value of the request": script(
        'const key = params.get("id");', 'const next = params.get("next");', _FIND.replace("input.id", "key"), _MISSING,
        _SET.replace("input.id", "next"),
    ),
    "waited for together, the other one looked at": script(_BOTH, "if (!tenant) throw new Error();", _SET),
    "waited for together, in the other order": script(_BOTH.replace("[doc, tenant]", "[tenant, doc]"), _MISSING, _SET),
    "what a row of the tenant's refers to, not looked at": script(_NOTE, _WRITE),
    "what another row names": script(
        _NOTE.replace("doc_id = $1", "doc_id > $1"), _GONE, _WRITE
    ),
    "more ids than those of the rows": script(_LIST, "const found = rows.map((r) => r.id);", "found.push(other);", "await sql`DELETE FROM pages WHERE doc_id IN (${found})`;"),
    "not the ids of the rows": script(_LIST, "const found = rows.map((r) => r.title);", "await sql`DELETE FROM pages WHERE doc_id IN (${found})`;"),
    "the ids of rows of anybody": script(_LIST.replace(" WHERE tenant_id = $1", ""), "const found = rows.map((r) => r.id);", "await sql`DELETE FROM pages WHERE doc_id IN (${found})`;"),
    "each of other rows": script(_LIST, "for (const doc of ids) {", 'await pool.query("DELETE FROM pages WHERE doc_id = $1", [doc.id]);', "}"),
    "caught at once": script('await knex("docs").where({ id, tenant_id: tenantId }).firstOrFail().catch(() => null);', _WRITE),
    "made a promise of": script("const [error, doc] = await to(db.selectFrom('docs').selectAll().where('id', '=', id).where('tenant_id', '=', tenantId).executeTakeFirstOrThrow());", _WRITE),
    "prisma, no look": script(_FIND, _SET),
    "prisma, another object": script(_FIND, _MISSING, _SET.replace("input.id", "other.id")),
    "prisma, another property": script(_FIND, _MISSING, _SET.replace("input.id", "input.docId")),
    "prisma, the input is changed": script(_FIND, _MISSING, "input.id = other;", _SET),
    "prisma, the input is another": script(_FIND, _MISSING, "input = other;", _SET),
    "prisma, the result is another": script(_FIND.replace("const", "let"), "doc = await cache.get(other);", _MISSING, _SET),
    "prisma, a list is always there": script(_FIND.replace("findFirst", "findMany"), _MISSING, _SET),
    "prisma, or anything else": script(_FIND.replace("});", "}) ?? fallback;"), _MISSING, _SET),
    "prisma, a promise is always there": script(_FIND.replace("await ", ""), _MISSING, _SET),
    "prisma, nobody waits for it to throw": script(_FIND.replace("await ", "").replace("const doc = ", "void ").replace("First", "FirstOrThrow"), _SET),
    "c#, a task is always there": sharp(_CS_READ.replace("await ", ""), "if (doc is null) return;", _CS_WRITE),
    "prisma, caught and dropped": script(_FIND.replace("First", "FirstOrThrow").replace("});", "}).catch(() => null);"), _SET),
    "prisma, read if": script(_FIND.replace("= await", "= strict &&  await"), "if (doc === undefined) return;", _SET),
    "prisma, undefined is no condition": script(_FIND.replace("input.id", "input?.id"), _MISSING, _SET.replace("input.id", "input?.id")),
    "python, no look": python(_PY_READ, "row = cur.fetchone()", _PY_WRITE),
    "python, another statement between": python(_PY_READ, 'cur.execute("SELECT name FROM colours")', "row = cur.fetchone()",
                                                "if row is None:", "    return", _PY_WRITE),
    "python, a list is never None": python(_PY_READ, "rows = cur.fetchall()", "if rows is None:", "    return", _PY_WRITE),
    "python, pass": python(_PY_READ, "row = cur.fetchone()", "if row is None:", "    pass", _PY_WRITE),
    "python, caught": python("try:", "    doc = Doc.objects.get(pk=id, tenant_id=tenant_id)", "except Doc.DoesNotExist:",
                             "    doc = None", "Doc.objects.filter(pk=id).delete()"),
    "python, suppressed": python("with suppress(Doc.DoesNotExist):", "    doc = Doc.objects.get(pk=id, tenant_id=tenant_id)",
                                 "Doc.objects.filter(pk=id).delete()"),
    "python, a loop": python(_PY_READ, "row = cur.fetchone()", "if row is None:", "    return", "for id in ids:", f"    {_PY_WRITE}"),
    "python, counted up": python(_PY_READ, "row = cur.fetchone()", "if row is None:", "    return", "id += 1", _PY_WRITE),
    "python, not asked": python("doc = Doc.objects.filter(pk=id, tenant_id=tenant_id).first()", "Doc.objects.filter(pk=id).delete()"),
    "go, the error is not looked at": go("var doc Doc", _GO_READ.replace("err :=", "_ ="), _GO_WRITE),
    "go, no row is no error": go("var doc Doc", _GO_READ, "if err != nil && err != sql.ErrNoRows {", "\treturn err", "}", _GO_WRITE),
    "go, logged": go("var doc Doc", _GO_READ, "if err != nil {", "\tlog.Println(err)", "}", _GO_WRITE),
    "go, rows are no row": go('rows, err := s.db.QueryContext(ctx, "SELECT id FROM docs WHERE id = $1 AND tenant_id = $2", id, tenantID)',
                              "if err != nil {", "\treturn err", "}", _GO_WRITE),
    "go, another error": go("var doc Doc", _GO_READ, "err = s.touch()", "if err != nil {", "\treturn err", "}", _GO_WRITE),
    "go, handed out": go("var doc Doc", _GO_READ, "if err != nil {", "\treturn err", "}", "s.next(&id)", _GO_WRITE),
    "ruby, no look": ruby(_RB_READ, _RB_WRITE),
    "ruby, a relation is always there": ruby(_RB_READ.replace("find_by", "where"), "return unless doc", _RB_WRITE),
    "ruby, rescued": ruby("begin", _RB_READ.replace("find_by", "find_by!"), "rescue ActiveRecord::RecordNotFound", "nil", "end", _RB_WRITE),
    "ruby, in the rescue": ruby("begin", _RB_READ.replace("find_by", "find_by!"), "rescue StandardError", _RB_WRITE, "end"),
    "ruby, another in a block": ruby(_RB_READ.replace("find_by", "find_by!"), "ids.each do |id|", _RB_WRITE, "end"),
    "ruby, if there": ruby(_RB_READ, "return if doc", _RB_WRITE),
    "php, no look": php(_PHP_READ, _PHP_WRITE),
    "php, a collection is always there": php(_PHP_READ.replace("first()", "get()"), "if (!$doc) { abort(404); }", _PHP_WRITE),
    "php, turned round": php(_PHP_READ, "abort_if($doc, 404);", _PHP_WRITE),
    "php, flashed": php(_PHP_READ, "if (!$doc) { session()->flash('x', 'y'); }", _PHP_WRITE),
    "php, each": php(_PHP_READ, "abort_unless($doc, 404);", "foreach ($ids as $id) {", _PHP_WRITE, "}"),
    "java, no look": java(_JAVA_READ, _JAVA_WRITE),
    "java, a list is never null": java(_JAVA_READ, "if (found == null) throw new Gone();", _JAVA_WRITE),
    "java, there is one": java(_JAVA_READ, "if (!found.isEmpty()) throw new Gone();", _JAVA_WRITE),
    "kotlin, no look": kotlin(_KT_READ, _JAVA_WRITE.rstrip(";")),
    "kotlin, or nothing": kotlin(f"{_KT_READ} ?: Doc()", "if (doc == null) throw Gone()", _JAVA_WRITE.rstrip(";")),
    "c#, no look": sharp(_CS_READ, _CS_WRITE),
    "c#, handed out": sharp(_CS_READ, "if (doc is null) return;", "Next(out id);", _CS_WRITE),
    "c#, caught": sharp("try {", _CS_READ.replace("FirstOrDefault", "Single"), "} catch (Exception e) { }", _CS_WRITE),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_the_row_was_read_before(name: str) -> None:
    path, code = SAFE[name]
    rows = judged(path, code)

    assert {row.verdict for row in rows} <= {"proven", "weak"}, rows
    weak = rows[-1]
    if weak.rule != "TENORM010":  # a call that throws and was handed the tenant
        assert weak.rule == "TENSQL024"
        assert any(f"read under its tenant at {path}:{row.line}" in weak.assumptions[-1] for row in rows[:-1])


@pytest.mark.parametrize("name", UNSAFE)
def test_the_row_may_be_anothers(name: str) -> None:
    path, code = UNSAFE[name]
    rows = judged(path, code)

    assert "TENSQL024" not in {row.rule for row in rows}
    assert any(row.verdict in {"violation", "weak"} and row.rule not in {None, "TENSQL007"} for row in rows), rows


def test_facts_survive_the_way_to_the_judge() -> None:
    for path, code in SAFE.values():
        examined = examine(path, code.encode())

        assert examined.extraction.follows
        assert decode(encode(examined), Examined) == examined
