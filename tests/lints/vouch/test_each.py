"""Rows that are loaded by their keys and compared one by one: in a loop, by what is asked of a list, through a map; the
name of an unsafe case is the mistake."""

from __future__ import annotations

import pytest

from .test_vouch import go, java, judged, kotlin, php, python, ruby, script, sharp

_MANY = "const docs = await prisma.doc.findMany({ where: { id: { in: ids } } });"
_MAP = "const tenants = new Map(docs.map((doc) => [doc.id, doc.tenantId]));"
_WHOLE = "const byId = new Map(docs.map((doc) => [doc.id, doc]));"
_PY = "docs = Doc.objects.filter(id__in=ids)"
_RB = "docs = Doc.where(id: ids).to_a"
_PHP = "$docs = Doc::whereIn('id', $ids)->get();"
_JAVA = "List<Doc> docs = jdbc.query(SQL, mapper, ids);".replace("SQL", '"SELECT * FROM docs WHERE id IN (?)"')
_KT = 'val docs = jdbc.query("SELECT * FROM docs WHERE id IN (?)", mapper, ids)'
_CS = 'var docs = await conn.QueryAsync<Doc>("SELECT * FROM docs WHERE id IN @ids", new { ids });'
_GO = ("var docs []Doc", 'if err := s.db.Where("id IN ?", ids).Find(&docs).Error; err != nil {', "\treturn err", "}")
_GO_LOOP = ("for _, doc := range docs {", "\tif doc.TenantID != tenantID {", "\t\treturn ErrGone", "\t}", "}")


def django(*lines: str) -> tuple[str, str]:
    path, code = python(*lines)
    return path, f"from app.models import Doc\n{code}"


SAFE = {
    "typescript, a loop": script(_MANY, "for (const doc of docs) {", "  if (doc.tenantId !== tenantId) throw new Gone();", "}", "return docs;"),
    "typescript, for each": script(_MANY, "docs.forEach((doc) => {", "  if (doc.tenantId !== tenantId) throw new Gone();", "});", "return docs;"),
    "typescript, some": script(_MANY, "if (docs.some((doc) => doc.tenantId !== tenantId)) throw new Gone();", "return docs;"),
    "typescript, not every": script(_MANY, "if (!docs.every((doc) => doc.tenantId === tenantId)) { throw new Gone(); }", "return docs;"),
    "typescript, every, stated": script(_MANY, "invariant(docs.every((d) => d.tenantId === tenantId));", "return docs;"),
    "typescript, only where every one is": script(_MANY, "if (docs.every((d) => d.tenantId === tenantId)) {", "  return docs;", "}", "return [];"),
    "typescript, one that is another's": script(_MANY, "const odd = docs.find((doc) => doc.tenantId !== tenantId);", "if (odd) throw new Gone();", "return docs;"),
    "typescript, some that are others'": script(_MANY, "const odd = docs.filter((doc) => doc.tenantId !== tenantId);", "if (odd.length > 0) throw new Gone();", "return docs;"),
    "typescript, a map of tenants by keys": script(_MANY, _MAP, "for (const key of ids) {", "  if (tenants.get(key) !== tenantId) {", "    throw new Gone(key);", "  }", "}", "return docs;"),
    "typescript, a map of rows": script(_MANY, _WHOLE, "for (const key of ids) {", "  const one = byId.get(key);", "  if (!one || one.tenantId !== tenantId) throw new Gone(key);", "}", "return docs;"),
    "typescript, a map, asked of each key": script(_MANY, _MAP, "if (!ids.every((key) => tenants.get(key) === tenantId)) throw new Gone();", "return docs;"),
    "typescript, an object by keys": script(_MANY, "const byId = Object.fromEntries(docs.map((d) => [d.id, d.tenantId]));", "if (ids.some((key) => byId[key] !== tenantId)) throw new Gone();", "return docs;"),
    "typescript, SQL": script('const { rows } = await pool.query("SELECT id, tenant_id FROM docs WHERE id IN ($1, $2)", [id, other]);', "if (rows.some((r) => r.tenant_id !== tenantId)) throw new Gone();", "return rows;"),
    "python, a loop": django(_PY, "for doc in docs:", "    if doc.tenant_id != tenant_id:", "        raise Gone()", "return docs"),
    "python, any": django(_PY, "if any(doc.tenant_id != tenant_id for doc in docs):", "    raise Gone()", "return docs"),
    "python, not all": django(_PY, "if not all(doc.tenant_id == tenant_id for doc in docs):", "    raise Gone()", "return docs"),
    "python, a list of others'": django(_PY, "odd = [doc for doc in docs if doc.tenant_id != tenant_id]", "if odd:", "    raise Gone()", "return docs"),
    "python, the next that is another's": django(_PY, "odd = next((d for d in docs if d.tenant_id != tenant_id), None)", "if odd is not None:", "    raise Gone()", "return docs"),
    "python, a map": django(_PY, "by_id = {d.id: d.tenant_id for d in docs}", "for key in ids:", "    if by_id.get(key) != tenant_id:", "        raise Gone()", "return docs"),
    "python, by the database": django("by_id = Doc.objects.in_bulk(ids)", "for key in ids:", "    if by_id[key].tenant_id != tenant_id:", "        raise Gone()", "return by_id"),
    "ruby, any?": ruby(_RB, "raise Gone if docs.any? { |doc| doc.tenant_id != tenant.id }", "use(docs)"),
    "ruby, all?": ruby(_RB, "raise Gone unless docs.all? { |doc| doc.tenant_id == tenant.id }", "use(docs)"),
    "ruby, each": ruby(_RB, "docs.each do |doc|", "  raise Gone if doc.tenant_id != tenant.id", "end", "use(docs)"),
    "ruby, indexed": ruby(_RB, "by_id = docs.index_by(&:id)", "ids.each do |key|", "  raise Gone if by_id[key].tenant_id != tenant.id", "end", "use(docs)"),
    "php, a loop": php(_PHP, "foreach ($docs as $doc) {", "    if ($doc->tenant_id !== $tenantId) { throw new Gone; }", "}", "return $docs;"),
    "php, contains": php(_PHP, "if ($docs->contains(fn ($doc) => $doc->tenant_id !== $tenantId)) { throw new Gone; }", "return $docs;"),
    "php, every, aborted": php(_PHP, "abort_unless($docs->every(fn ($doc) => $doc->tenant_id === $tenantId), 403);", "return $docs;"),
    "java, a loop": java(_JAVA, "for (Doc doc : docs) {", "  if (!doc.getTenantId().equals(tenantId)) { throw new Gone(); }", "}", "use(docs);"),
    "java, anyMatch": java(_JAVA, "if (docs.stream().anyMatch(doc -> !doc.getTenantId().equals(tenantId))) { throw new Gone(); }", "use(docs);"),
    "java, allMatch": java(_JAVA, "if (!docs.stream().allMatch(doc -> doc.getTenantId().equals(tenantId))) { throw new Gone(); }", "use(docs);"),
    "java, a map": java(_JAVA, "Map<String, String> byId = docs.stream().collect(Collectors.toMap(Doc::getId, Doc::getTenantId));", "for (String key : ids) {", "  if (!byId.get(key).equals(tenantId)) { throw new Gone(); }", "}", "use(docs);"),
    "kotlin, any": kotlin(_KT, "if (docs.any { it.tenantId != tenantId }) throw Gone()", "use(docs)"),
    "kotlin, required": kotlin(_KT, "require(docs.all { it.tenantId == tenantId })", "use(docs)"),
    "c#, Any": sharp(_CS, "if (docs.Any(d => d.TenantId != tenantId)) throw new Gone();", "Use(docs);"),
    "c#, All": sharp(_CS, "if (!docs.All(d => d.TenantId == tenantId)) throw new Gone();", "Use(docs);"),
    "c#, a loop": sharp(_CS, "foreach (var doc in docs) {", "  if (doc.TenantId != tenantId) throw new Gone();", "}", "Use(docs);"),
    "go, a loop": go(*_GO, *_GO_LOOP, "return s.use(docs)"),
    "go, slices": go(*_GO, "if slices.ContainsFunc(docs, func(d Doc) bool { return d.TenantID != tenantID }) {", "\treturn ErrGone", "}", "return s.use(docs)"),
}  # fmt: skip
UNSAFE = {
    "typescript, one of them is enough": script(_MANY, "if (!docs.some((doc) => doc.tenantId === tenantId)) throw new Gone();", "return docs;"),
    "typescript, only if all are others'": script(_MANY, "if (docs.every((doc) => doc.tenantId !== tenantId)) throw new Gone();", "return docs;"),
    "typescript, thrown where they are equal": script(_MANY, "if (docs.every((doc) => doc.tenantId === tenantId)) throw new Gone();", "return docs;"),
    "typescript, only the first": script(_MANY, "if (docs[0].tenantId !== tenantId) throw new Gone();", "return docs;"),
    "typescript, the loop goes on": script(_MANY, "for (const doc of docs) {", "  if (doc.tenantId !== tenantId) continue;", "}", "return docs;"),
    "typescript, the loop ends": script(_MANY, "for (const doc of docs) {", "  if (doc.tenantId !== tenantId) break;", "}", "return docs;"),
    "typescript, the closure is left": script(_MANY, "docs.forEach((doc) => {", "  if (doc.tenantId !== tenantId) return;", "});", "return docs;"),
    "typescript, under a condition": script(_MANY, "for (const doc of docs) {", "  if (doc.title) {", "    if (doc.tenantId !== tenantId) throw new Gone();", "  }", "}", "return docs;"),
    "typescript, some are left out before": script(_MANY, "for (const doc of docs) {", "  if (doc.title) continue;", "  if (doc.tenantId !== tenantId) throw new Gone();", "}", "return docs;"),
    "typescript, another list": script(_MANY, "if (others.some((doc) => doc.tenantId !== tenantId)) throw new Gone();", "return docs;"),
    "typescript, another part": script(_MANY, "if (docs.some((doc) => doc.title !== title)) throw new Gone();", "return docs;"),
    "typescript, a map of something else": script(_MANY, "const titles = new Map(docs.map((doc) => [doc.id, doc.title]));", "if (ids.some((key) => titles.get(key) !== tenantId)) throw new Gone();", "return docs;"),
    "typescript, handed out before": script(_MANY, "send(docs);", "if (docs.some((doc) => doc.tenantId !== tenantId)) throw new Gone();"),
    "typescript, the answer is dropped": script(_MANY, "docs.some((doc) => doc.tenantId !== tenantId);", "return docs;"),
    "python, with what a client sends": django(_PY, "if any(doc.tenant_id != request.data.get('tenant') for doc in docs):", "    raise Gone()", "return docs"),
    "python, all others'": django(_PY, "if all(doc.tenant_id != tenant_id for doc in docs):", "    raise Gone()", "return docs"),
    "python, the loop is logged": django(_PY, "for doc in docs:", "    if doc.tenant_id != tenant_id:", "        log.info('x')", "return docs"),
    "ruby, none of his": ruby(_RB, "raise Gone unless docs.any? { |doc| doc.tenant_id == tenant.id }", "use(docs)"),
    "java, none of his": java(_JAVA, "if (docs.stream().noneMatch(doc -> doc.getTenantId().equals(tenantId))) { throw new Gone(); }", "use(docs);"),
    "go, logged": go(*_GO, "for _, doc := range docs {", "\tif doc.TenantID != tenantID {", "\t\tlog.Print(1)", "\t}", "}", "return s.use(docs)"),
    "c#, any of his": sharp(_CS, "if (!docs.Any(d => d.TenantId == tenantId)) throw new Gone();", "Use(docs);"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_each_of_them_is_compared(name: str) -> None:
    rows = judged(*SAFE[name])

    assert [(row.verdict, row.rule) for row in rows] == [("weak", "TENORM010")], rows


@pytest.mark.parametrize("name", UNSAFE)
def test_one_may_be_anothers(name: str) -> None:
    assert {row.verdict for row in judged(*UNSAFE[name])} == {"violation"}
