"""Rows that are counted, or looked for among those of the tenant, before something is done; an unsafe case's name is
the mistake."""

from __future__ import annotations

import pytest

from .test_vouch import go, judged, php, python, ruby, script

_COUNT = "const n = await prisma.doc.count({ where: { id: { in: ids }, tenantId } });"
_DELETE = "await prisma.doc.deleteMany({ where: { id: { in: ids } } });"
_ALL = "const docs = await prisma.doc.findMany({ where: { tenantId } });"
_ONE = "await prisma.doc.delete({ where: { id } });"
_EXISTS = "const { rows } = await pool.query('SELECT EXISTS(SELECT 1 FROM docs WHERE id = $1 AND tenant_id = $2) AS found', [id, tenantId]);"
_RAW = "const { rows } = await pool.query('SELECT count(*) AS n FROM docs WHERE id = $1 AND tenant_id = $2', [id, tenantId]);"
_GONE = "await pool.query('DELETE FROM docs WHERE id = $1', [id]);"
_PY = 'cur.execute("SELECT count(*) FROM docs WHERE id = %s AND tenant_id = %s", (id, tenant_id))'
_PY_GONE = 'cur.execute("DELETE FROM docs WHERE id = %s", (id,))'
_GO = 's.db.QueryRowContext(ctx, "SELECT EXISTS(SELECT 1 FROM docs WHERE id = $1 AND tenant_id = $2)", id, tenantID).Scan(&found)'
_GO_GONE = '_, err = s.db.ExecContext(ctx, "DELETE FROM docs WHERE id = $1", id)'
_GO_ERR = ("if err != nil {", "\treturn err", "}")
_DJANGO = "from app.models import Doc\ndef f(id, ids, tenant_id):\n    %s\n        raise Gone()\n    Doc.objects.filter(id__in=ids).delete()\n"
SAFE = {
    "as many as the list": script(_COUNT, "if (n !== ids.length) throw new Gone();", _DELETE),
    "fewer than the list": script(_COUNT, "if (n < ids.length) throw new Gone();", _DELETE),
    "the list is longer": script(_COUNT, "if (ids.length > n) throw new Gone();", _DELETE),
    "as many rows as the list": script(_COUNT.replace("count", "findMany"), "if (n.length !== ids.length) throw new Gone();", _DELETE),
    "django, as many as the list": ("a.py", _DJANGO % "if Doc.objects.filter(id__in=ids, tenant_id=tenant_id).count() != len(ids):"),
    "typescript, EXISTS": script(_EXISTS, "if (!rows[0].found) throw new Gone();", _GONE),
    "typescript, count": script(_RAW, "if (rows[0].n === 0) throw new Gone();", _GONE),
    "python, count": python(_PY, "if cur.fetchone()[0] == 0:", "    raise Gone()", _PY_GONE),
    "python, the row has a name": python(_PY, "row = cur.fetchone()", "if not row[0]:", "    raise Gone()", _PY_GONE),
    "go, EXISTS": go("var found bool", f"err := {_GO}", *_GO_ERR, "if !found {", "\treturn ErrGone", "}", _GO_GONE),
    "laravel, counted": php("if (Doc::where('id', $id)->where('tenant_id', $tenantId)->count() === 0) { abort(404); }", "Doc::where('id', $id)->delete();"),
    "rails, exists": ruby("raise Gone unless Doc.exists?(id: id, tenant_id: tenant.id)", "Doc.where(id: id).delete_all"),
    "found among them": script(_ALL, "const doc = docs.find((d) => d.id === id);", "if (!doc) throw new Gone();", _ONE),
    "some of them": script(_ALL, "if (!docs.some((d) => d.id === id)) throw new Gone();", _ONE),
    "in a set of their keys": script(_ALL, "const own = new Set(docs.map((d) => d.id));", "if (!own.has(id)) throw new Gone();", _ONE),
    "in a list of their keys": script(_ALL, "const own = docs.map((d) => d.id);", "if (!own.includes(id)) return;", _ONE),
}  # fmt: skip
UNSAFE = {
    "counted, and nothing follows": script(_COUNT, "log(n, ids.length);", _DELETE),
    "as many as another list": script(_COUNT, "if (n !== input.length) throw new Gone();", _DELETE),
    "more than the list": script(_COUNT, "if (n > ids.length) throw new Gone();", _DELETE),
    "not none": script(_COUNT, "if (n === 0) throw new Gone();", _DELETE),
    "the list gets more": script(_COUNT, "if (n !== ids.length) throw new Gone();", "ids.push(other);", _DELETE),
    "counted without the tenant": script(_COUNT.replace(", tenantId", ""), "if (n !== ids.length) throw new Gone();", _DELETE),
    "there is always one row": script(_RAW, "if (rows.length === 0) throw new Gone();", _GONE),
    "there is always one row that answers": script(_EXISTS, "if (!rows[0]) throw new Gone();", _GONE),
    "python, there is always one row": python(_PY, "if not cur.fetchone():", "    raise Gone()", _PY_GONE),
    "the answer is no": script(_EXISTS, "if (rows[0].found) throw new Gone();", _GONE),
    "go, only the error is asked about": go("var found bool", f"err := {_GO}", *_GO_ERR, _GO_GONE),
    "another one is among them": script(_ALL, "if (!docs.some((d) => d.id === other)) throw new Gone();", _ONE),
    "found by its title": script(_ALL, "if (!docs.some((d) => d.title === id)) throw new Gone();", _ONE),
    "among all of them": script(_ALL.replace("{ where: { tenantId } }", ""), "if (!docs.some((d) => d.id === id)) throw new Gone();", _ONE),
    "it is none of them": script(_ALL, "if (docs.some((d) => d.id === id)) throw new Gone();", _ONE),
    "it was another one": script(_ALL, "if (!docs.some((d) => d.id === id)) throw new Gone();", "id = other;", _ONE),
    "in other keys": script(_ALL, "const own = docs.map((d) => d.title);", "if (!own.includes(id)) return;", _ONE),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_it_was_among_the_tenants(name: str) -> None:
    rows = judged(*SAFE[name])

    assert [(row.verdict, row.rule) for row in rows] == [("proven", None), ("weak", "TENSQL024")], rows


@pytest.mark.parametrize("name", UNSAFE)
def test_it_may_be_anothers(name: str) -> None:
    rows = judged(*UNSAFE[name])

    assert rows[-1].verdict == "violation", rows


_CLASS = """<?php
use App\\Models\\Doc;
class A {
  function run($data, $tenantId) {
    $this->data = $data;
    $this->check($tenantId);
    %s
    Doc::where('id', $this->data['doc_id'])->delete();
  }
  private function check($tenantId) { Doc::where('tenant_id', $tenantId)->findOrFail($this->data['%s']); }
}
"""
_SELF = """class Saving:
    def run(self, cur, tenant_id):
        self.check(cur, tenant_id)
        cur.execute("DELETE FROM docs WHERE id = %%s", (self.%s,))

    def check(self, cur, tenant_id):
        cur.execute("SELECT id FROM docs WHERE id = %%s AND tenant_id = %%s", (self.doc_id, tenant_id))
        if not cur.fetchone():
            raise Gone()
"""


@pytest.mark.parametrize(
    ("path", "code", "verdict"),
    [
        ("app/A.php", _CLASS % ("", "doc_id"), "weak"),
        ("app/A.php", _CLASS % ("", "page_id"), "violation"),
        ("app/A.php", _CLASS % ("$this->data = $other;", "doc_id"), "violation"),
        ("a.py", _SELF % "doc_id", "weak"),
        ("a.py", _SELF % "other_id", "violation"),
    ],
)
def test_a_member_that_another_method_looks_up(path: str, code: str, verdict: str) -> None:
    rows = judged(path, code)

    assert [row.verdict for row in rows if row.operation == "delete"] == [verdict], rows
