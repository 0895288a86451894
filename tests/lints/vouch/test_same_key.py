"""A row that is found by a key and compared with the caller's tenant vouches for what is done by that key then."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from .test_vouch import go, java, judged, kotlin, php, python, ruby, script, sharp

_D = 'Doc doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc.class, id);'
_DELETE = 'jdbc.update("DELETE FROM docs WHERE id = ?", id);'
_UPDATE = 'jdbc.update("UPDATE docs SET title = ? WHERE id = ?", title, id);'
_FIND = "const d = await prisma.doc.findUnique({ where: { id } });"
_DIFFERS = "if (d.tenantId !== tenantId) throw new Gone();"

SAME = {
    "java, deleted then": java(_D,"if (!doc.getTenantId().equals(tenantId)) { throw new Gone(); }", _DELETE),
    "java, changed then": java(_D,"if (doc == null || !doc.getTenantId().equals(tenantId)) { throw new Gone(); }", _UPDATE),
    "java, turned round": java(_D,"if (!tenantId.equals(doc.getTenantId())) { return; }", _UPDATE),
    "java, ObjectUtil.notEqual": java(_D,"if (ObjectUtil.notEqual(doc.getTenantId(), tenantId)) { throw new Gone(); }", _DELETE),
    "java, StringUtils.equals": java(_D,"if (!StringUtils.equals(doc.getTenantId(), tenantId)) { throw new Gone(); }", _DELETE),
    "java, compareTo": java(_D,"if (doc.getTenantId().compareTo(tenantId) != 0) { throw new Gone(); }", _DELETE),
    "java, ObjectUtil.equal": java(_D,"if (!ObjectUtil.equal(tenantId, doc.getTenantId())) { throw new Gone(); }", _DELETE),
    "java, ObjectUtils.notEqual": java(_D,"if (ObjectUtils.notEqual(tenantId, doc.getTenantId())) { throw new Gone(); }", _DELETE),
    "java, equal to false": java(_D,"if (ObjectUtils.nullSafeEquals(tenantId, doc.getTenantId()) == false) { throw new Gone(); }", _DELETE),
    "kotlin": kotlin(_D.replace("Doc doc","val doc").replace("Doc.class","Doc::class.java").rstrip(";"),"if (doc.tenantId != tenantId) throw Gone()",_DELETE.rstrip(";")),
    "kotlin, compareTo": kotlin(_D.replace("Doc doc","val doc").replace("Doc.class","Doc::class.java").rstrip(";"),"if (doc.tenantId.compareTo(tenantId) != 0) throw Gone()",_DELETE.rstrip(";")),
    "typescript": script(_FIND, _DIFFERS,"await prisma.doc.delete({ where: { id } });"),
    "typescript, asked whether it is there": script(_FIND,"if (!d) return null;", _DIFFERS,"await prisma.doc.update({ where: { id }, data: { title } });"),
    "typescript, its key is sent": script(_FIND.replace("{ id }","{ id: input.id }"), _DIFFERS,"await prisma.doc.update({ where: { id: input.id }, data: input });"),
    "python": python('cur.execute("SELECT * FROM docs WHERE id = %s", (id,))', "d = cur.fetchone()", 'if d["tenant_id"] != tenant_id:', "    raise Gone()", 'cur.execute("DELETE FROM docs WHERE id = %s", (id,))'),
    "django": ("a.py","from app.models import Doc\ndef f(id, tenant_id):\n    d = Doc.objects.get(id=id)\n    if d.tenant_id != tenant_id:\n        raise Gone()\n    Doc.objects.filter(id=id).delete()\n"),
    "go": go("var doc Doc",'if err := s.db.GetContext(ctx, &doc, "SELECT * FROM docs WHERE id = $1", id); err != nil {',"\treturn err","}",'if doc.TenantID != tenantID {','\treturn ErrGone','}','_, err = s.db.ExecContext(ctx, "DELETE FROM docs WHERE id = $1", id)','return err'),
    "php": php("$doc = Doc::findOrFail($id);","if ($doc->tenant_id !== $tenantId) {","    throw new Gone;","}","Doc::where('id', $id)->delete();"),
    "php, aborted if": php("$doc = Doc::findOrFail($id);","abort_if($doc->tenant_id != $tenantId, 404);","Doc::destroy($id);"),
    "ruby": ruby("doc = Doc.find(id)","raise Gone unless doc.tenant_id == tenant.id","Doc.where(id: id).delete_all"),
    "ruby, if": ruby("doc = Doc.find(id)","raise Gone if doc.tenant_id != tenant.id","Doc.where(id: id).update_all(title: 'x')"),
    "c#": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"if (doc.TenantId != tenantId) throw new Gone();",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "entity framework": sharp('var doc = await db.Docs.FirstOrDefaultAsync(d => d.Id == id);',"if (doc == null || doc.TenantId != tenantId) return;",'await db.Docs.Where(d => d.Id == id).ExecuteDeleteAsync();'),
    "c#, ThrowIfNotEqual": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"ArgumentOutOfRangeException.ThrowIfNotEqual(doc.TenantId, tenantId);",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "c#, Guard.Against": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"Guard.Against(doc.TenantId != tenantId);",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "c#, Guard.Against of a type": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"Guard.Against<Gone>(doc.TenantId != tenantId, \"x\");",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "c#, CompareTo": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"if (doc.TenantId.CompareTo(tenantId) != 0) throw new Gone();",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "c#, string.Equals": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"if (!string.Equals(doc.TenantId, tenantId)) throw new Gone();",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "c#, string.Equals by ordinals": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"if (!string.Equals(doc.TenantId, tenantId, StringComparison.Ordinal)) throw new Gone();",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
}  # fmt: skip

OTHER = {
    "java, another key": java(_D, "if (!doc.getTenantId().equals(tenantId)) { throw new Gone(); }", 'jdbc.update("DELETE FROM docs WHERE id = ?", other);'),
    "java, logged only": java(_D,"if (ObjectUtil.notEqual(doc.getTenantId(), tenantId)) { log(); }", _DELETE),
    "java, greater": java(_D,"if (doc.getTenantId().compareTo(tenantId) > 0) { throw new Gone(); }", _DELETE),
    "c#, against what is equal": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"Guard.Against(doc.TenantId == tenantId);",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
    "c#, ThrowIfEqual": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"ArgumentOutOfRangeException.ThrowIfEqual(doc.TenantId, tenantId);",'await conn.ExecuteAsync("DELETE FROM docs WHERE id = @id", new { id });'),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_what_is_done_by_the_same_key(name: str) -> None:
    rows = judged(*SAME[name])

    assert [(row.verdict, row.rule) for row in rows] == [("weak", "TENORM010"), ("weak", "TENSQL024")], rows


@pytest.mark.parametrize("name", OTHER)
def test_it_is_not_known_whose_it_is(name: str) -> None:
    assert judged(*OTHER[name])[-1].verdict == "violation"


_PLUS = {
    "db/init.sql": b"CREATE TABLE t_app (app_id varchar(64) PRIMARY KEY, mch_no varchar(64) NOT NULL, name varchar(64));",
    "App.java": b"""@TableName("t_app")
public class App extends BaseModel { @TableId(value = "app_id") private String appId; private String mchNo; private String name; }
""",
    "AppMapper.java": b"public interface AppMapper extends BaseMapper<App> { }\n",
    "AppService.java": b"@Service public class AppService extends ServiceImpl<AppMapper, App> { }\n",
}
_GOT = "App found = appService.getById(appId);"
_REFUSED = "if (!found.getMchNo().equals(getCurrentMchNo())) { throw new Gone(); }"
WHOLE = {
    "its key is set": (["app.setAppId(appId);", _GOT, _REFUSED, "appService.updateById(app);"], "weak"),
    "deleted by it": ([_GOT, _REFUSED, "appService.removeById(appId);"], "weak"),
    "its key is set to another one": (["app.setAppId(other);", _GOT, _REFUSED, "appService.updateById(app);"], "violation"),
    "its key is set again": (["app.setAppId(appId);", _GOT, _REFUSED, "if (x) { app.setAppId(other); }", "appService.updateById(app);"], "violation"),
    "it is another one by then": (["app.setAppId(appId);", _GOT, _REFUSED, "app = sent;", "appService.updateById(app);"], "violation"),
    "something else is set": (["app.setName(appId);", _GOT, _REFUSED, "appService.updateById(app);"], "violation"),
    "its key is set on some paths": (["if (x) { app.setAppId(appId); }", _GOT, _REFUSED, "appService.updateById(app);"], "violation"),
    "its state is compared": (["app.setAppId(appId);", _GOT, "if (!found.getName().equals(name)) { throw new Gone(); }", "appService.updateById(app);"], "violation"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_row_that_is_written_whole(name: str) -> None:
    lines, expected = WHOLE[name]
    body = "\n".join(f"    {line}" for line in lines)
    code = (
        "class AppController { @Autowired AppService appService;\n"
        f"  void save(String appId, String other, App app, App sent, String name, boolean x) {{\n{body}\n  }}\n}}\n"
    )
    files = {**_PLUS, "AppController.java": code.encode()}
    found = scan(files.items(), build_model(files, {"tenant_columns": ["mch_no"]})).accesses
    rows = sorted((row for row in found if row.path == "AppController.java"), key=lambda row: row.line)

    assert rows[-1].verdict == expected, rows
    assert rows[-1].operation in {"update", "delete"}
