"""A tenant that a row says which was itself read without one: whoever asks for another one's row gets it. Weak, and said."""

from __future__ import annotations

import pytest

from .test_vouch import go, java, judged, kotlin, php, python, ruby, script, sharp

BORROWED = {
    "typescript, prisma null": script("const d = await prisma.doc.findUnique({ where: { id } });","if (!d || d.title !== 'x') throw new Gone();","return prisma.member.findMany({ where: { tenantId: d.tenantId } });"),
    "typescript, prisma var": script("const d = await prisma.doc.findUnique({ where: { id } });","if (!d) throw new Gone();","const t = d.tenantId;","return prisma.member.findMany({ where: { tenantId: t } });"),
    "typescript, taken apart": script("const d = await prisma.doc.findUnique({ where: { id } });","const { tenantId: tt } = d;","return prisma.member.findMany({ where: { tenantId: tt } });"),
    "typescript, the tenant itself": script("const d = await prisma.doc.findUnique({ where: { id } });","if (!d) throw new Gone();","return prisma.tenant.findUnique({ where: { id: d.tenantId } });"),
    "typescript, under a condition": script("let d = null;","if (id) d = await prisma.doc.findUnique({ where: { id } });","return prisma.member.findMany({ where: { tenantId: d.tenantId } });"),
    "typescript, in a try": script("let d;","try { d = await prisma.doc.findUnique({ where: { id } }); } catch (e) { log(e); }","return prisma.member.findMany({ where: { tenantId: d.tenantId } });"),
    "typescript, raw": script('const { rows } = await pool.query("SELECT * FROM docs WHERE id = $1", [id]);',"const d = rows[0];","if (!d || d.title === title) throw new Gone();",'return pool.query("SELECT * FROM members WHERE tenant_id = $1", [d.tenant_id]);'),
    "typescript, raw one": script('const d = (await pool.query("SELECT * FROM docs WHERE id = $1", [id])).rows[0];","if (!d) throw new Gone();','return pool.query("SELECT * FROM members WHERE tenant_id = $1", [d.tenant_id]);'),
    "python": python('cur.execute("SELECT * FROM docs WHERE id = %s", (id,))','d = cur.fetchone()','if d is None or d["title"] != title:','    raise Gone()','cur.execute("SELECT * FROM members WHERE tenant_id = %s", (d["tenant_id"],))'),
    "python, its tenant has a name": python('cur.execute("SELECT * FROM docs WHERE id = %s", (id,))','d = cur.fetchone()','t = d["tenant_id"]','cur.execute("SELECT * FROM members WHERE tenant_id = %s", (t,))'),
    "python, unpacked": python('cur.execute("SELECT tenant_id FROM docs WHERE id = %s", (id,))','(t,) = cur.fetchone()','cur.execute("SELECT * FROM members WHERE tenant_id = %s", (t,))'),
    "python, django": ("a.py","from app.models import Doc\ndef f(id):\n    d = Doc.objects.get(id=id)\n    if d.title == 'x':\n        raise Gone()\n    return Doc.objects.filter(tenant_id=d.tenant_id)\n"),
    "python, django, an object": ("a.py","from app.models import Doc\ndef f(id):\n    d = Doc.objects.get(id=id)\n    return Doc.objects.filter(tenant=d.tenant)\n"),
    "python, in a try": python('d = None','try:','    cur.execute("SELECT * FROM docs WHERE id = %s", (id,))','    d = cur.fetchone()','except Gone:','    log()','cur.execute("SELECT * FROM members WHERE tenant_id = %s", (d["tenant_id"],))'),
    "go": go("var doc Doc",'if err := s.db.GetContext(ctx, &doc, "SELECT * FROM docs WHERE id = $1", id); err != nil {',"\treturn err","}",'if doc.Title == title {','\treturn nil','}','_, err = s.db.ExecContext(ctx, "DELETE FROM members WHERE tenant_id = $1", doc.TenantID)','return err'),
    "go, scanned": go("var t string",'if err := s.db.QueryRowContext(ctx, "SELECT tenant_id FROM docs WHERE id = $1", id).Scan(&t); err != nil {',"\treturn err","}",'_, err = s.db.ExecContext(ctx, "DELETE FROM members WHERE tenant_id = $1", t)','return err'),
    "go, gorm": go("var doc model.Doc",'if err := s.db.First(&doc, "id = ?", id).Error; err != nil {',"\treturn err","}",'if doc.Title == title {','\treturn nil','}','var docs []model.Doc','return s.db.Where("tenant_id = ?", doc.TenantID).Find(&docs).Error'),
    "java": java('Doc doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc.class, id);',"if (doc == null || doc.getTitle() != CS.YES) { throw new Gone(); }",'jdbc.update("DELETE FROM members WHERE tenant_id = ?", doc.getTenantId());'),
    "java, its tenant has a name": java('Doc doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc.class, id);','String t = doc.getTenantId();','jdbc.update("DELETE FROM members WHERE tenant_id = ?", t);'),
    "java, inline": java('String t = jdbc.queryForObject("SELECT tenant_id FROM docs WHERE id = ?", String.class, id);','jdbc.update("DELETE FROM members WHERE tenant_id = ?", t);'),
    "kotlin": kotlin('val doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc::class.java, id)',"if (doc == null || doc.title != title) throw Gone()",'jdbc.update("DELETE FROM members WHERE tenant_id = ?", doc.tenantId)'),
    "kotlin, elvis": kotlin('val doc = jdbc.queryForObject("SELECT * FROM docs WHERE id = ?", Doc::class.java, id) ?: throw Gone()','val t = doc.tenantId','jdbc.update("DELETE FROM members WHERE tenant_id = ?", t)'),
    "c#": sharp('var doc = await conn.QueryFirstAsync<Doc>("SELECT * FROM docs WHERE id = @id", new { id });',"if (doc == null || doc.Title != title) throw new Gone();",'await conn.ExecuteAsync("DELETE FROM members WHERE tenant_id = @t", new { t = doc.TenantId });'),
    "c#, entity framework": ("A.cs","class A { Db db; public async Task<List<Doc>> F(Guid id) { var doc = await db.Docs.FindAsync(id); if (doc == null || doc.Title == null) return null; return await db.Docs.Where(d => d.TenantId == doc.TenantId).ToListAsync(); } }"),
    "php": php("$doc = Doc::find($id);","if (!$doc || $doc->title !== $title) {","    throw new Gone;","}","return Doc::where('tenant_id', $doc->tenant_id)->get();"),
    "ruby": ruby("doc = Doc.find(id)","raise Gone if doc.title == 'x'","Doc.where(tenant_id: doc.tenant_id).to_a"),
    "ruby, its tenant has a name": ruby("doc = Doc.find(id)","t = doc.tenant_id","Doc.where(tenant_id: t).to_a"),
    "ruby, its tenant as an object": ruby("doc = Doc.find(id)","Doc.where(tenant: doc.tenant).to_a"),
    "ruby, a member": ruby("@doc = Doc.find(id)","Doc.where(tenant_id: @doc.tenant_id).to_a"),
    "ruby, by what a client sent": ruby("doc = Doc.find(params[:id])","Doc.where(tenant_id: doc.tenant_id).to_a"),
    "ruby, what its tenant has": ruby("doc = Doc.find(params[:id])","doc.tenant.docs.to_a"),
    "ruby, what its tenant has, if there": ruby("@doc = Doc.find_by(id: id)","@doc&.tenant&.docs&.count"),
    "php, what its tenant has": php("$doc = Doc::find($id);","return $doc->tenant->docs()->get();"),
    "php, what its tenant has, by a name": php("$doc = Doc::findOrFail($id);","$tenant = $doc->tenant;","return $tenant->docs()->where('title', 'x')->get();"),
}  # fmt: skip

OWN = {
    "typescript, compared": script("const d = await prisma.doc.findUnique({ where: { id } });","if (d.tenantId !== tenantId) throw new Gone();","return prisma.member.findMany({ where: { tenantId: d.tenantId } });"),
    "typescript, scoped": script("const d = await prisma.doc.findFirst({ where: { id, tenantId } });","if (!d) throw new Gone();","return prisma.member.findMany({ where: { tenantId: d.tenantId } });"),
    "ruby, found under it": ruby("doc = Doc.where(tenant: tenant).find(params[:id])","doc.tenant.docs.to_a"),
    "ruby, compared": ruby("doc = Doc.find(params[:id])","raise Gone if doc.tenant_id != tenant.id","doc.tenant.docs.to_a"),
    "php, found under it": php("$doc = Doc::where('tenant_id', $tenantId)->findOrFail($id);","return $doc->tenant->docs()->get();"),
    "typescript, overwritten": script("let d = await prisma.doc.findUnique({ where: { id } });","d = { tenantId };","return prisma.member.findMany({ where: { tenantId: d.tenantId } });"),
}  # fmt: skip


@pytest.mark.parametrize("name", BORROWED)
def test_a_strangers_row_names_its_own_tenant(name: str) -> None:
    rows = judged(*BORROWED[name])

    assert [row.verdict for row in rows] == ["violation", "weak"], rows
    assert rows[1].rule in {"TENORM003", "TENSQL024"}
    assert "is the caller's: its read" in rows[1].assumptions[-1]


@pytest.mark.parametrize("name", OWN)
def test_the_tenant_is_the_callers(name: str) -> None:
    assert judged(*OWN[name])[-1].verdict == "proven"
