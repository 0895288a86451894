"""A function of another file that finds a row under a tenant, and does not come back without one, vouches for its key."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from .test_vouch import SCHEMA

_WRITE = 'await pool.query("UPDATE docs SET title = $2 WHERE id = $1", [id, title]);'
_CALLER = (
    'import {{ loadDoc }} from "./docs";\nexport async function save(id, tenantId, title) {{\n  {}\n  '
    + _WRITE
    + "\n}}\n"
)
_READ = 'const {{ rows }} = await pool.query("SELECT id, title FROM docs WHERE id = $1 AND tenant_id = $2", [id, tenantId]);'
_HELPER = "export async function loadDoc(id, tenantId) {{\n  " + _READ + "\n  {}\n}}\n"
_THROWS = _HELPER.format("if (rows.length === 0) throw new Gone();\n  return rows[0];")
_GIVES = _HELPER.format("if (rows.length === 0) return null;\n  return rows[0];")
_ASKS = "const doc = await loadDoc(id, tenantId);"
_LEFT = "\n  if (!doc) throw new Gone();"
_PY = "from docs import load_doc\ndef save(cur, id, tenant_id, title):\n    {}\n    cur.execute('UPDATE docs SET title = %s WHERE id = %s', (title, id))\n"
_PY_HELPER = (
    "def load_doc(cur, id, tenant_id):\n    cur.execute('SELECT id FROM docs WHERE id = %s AND tenant_id = %s', (id, tenant_id))\n"
    "    row = cur.fetchone()\n    if row is None:\n        raise Gone()\n    return row\n"
)
_JAVA = 'class Save {\n  void save(String id, String tenantId, String title) {\n    Doc doc = docService.load(id, tenantId);\n    jdbc.update("UPDATE docs SET title = ? WHERE id = ?", title, id);\n  }\n}\n'
_JAVA_HELPER = (
    "class DocService {\n  Doc load(String id, String tenantId) {\n"
    '    return jdbc.queryForObject("SELECT * FROM docs WHERE id = ? AND tenant_id = ?", Doc.class, id, tenantId);\n  }\n}\n'
)
_GO = (
    "package a\n\nfunc (s *S) Save(ctx context.Context, id, tenantID, title string) error {\n\tdoc, err := s.docs.Load(ctx, id, tenantID)\n"
    '\tif err != nil {\n\t\treturn err\n\t}\n\t_, err = s.db.ExecContext(ctx, "UPDATE docs SET title = $1 WHERE id = $2", title, id)\n\treturn err\n}\n'
)
_GO_HELPER = (
    "package a\n\nfunc (s *Docs) Load(ctx context.Context, id, tenantID string) (*Doc, error) {\n\tvar doc Doc\n"
    '\terr := s.db.QueryRowContext(ctx, "SELECT title FROM docs WHERE id = $1 AND tenant_id = $2", id, tenantID).Scan(&doc.Title)\n'
    "\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn &doc, nil\n}\n"
)
SAFE = {
    "it throws": ("a.ts", _CALLER.format(_ASKS), "docs.ts", _THROWS),
    "it throws, and nothing is kept": ("a.ts", _CALLER.format("await loadDoc(id, tenantId);"), "docs.ts", _THROWS),
    "it gives nothing, and the function leaves": ("a.ts", _CALLER.format(_ASKS + _LEFT), "docs.ts", _GIVES),
    "it is a class's": ("a.ts", _CALLER.format("await this.docs.loadDoc(id, tenantId);"), "docs.ts", _THROWS),
    "python": ("a.py", _PY.format("load_doc(cur, id, tenant_id)"), "docs.py", _PY_HELPER),
    "java": ("Save.java", _JAVA, "DocService.java", _JAVA_HELPER),
    "go": ("a.go", _GO, "docs.go", _GO_HELPER),
}  # fmt: skip
UNSAFE = {
    "it gives nothing, and nobody looks": ("a.ts", _CALLER.format(_ASKS), "docs.ts", _GIVES),
    "it is asked about another one": ("a.ts", _CALLER.format("await loadDoc(title, tenantId);"), "docs.ts", _THROWS),
    "its arguments are swapped": ("a.ts", _CALLER.format("await loadDoc(tenantId, id);"), "docs.ts", _THROWS),
    "nobody waits for it": ("a.ts", _CALLER.format("loadDoc(id, tenantId);"), "docs.ts", _THROWS),
    "it is given no tenant": ("a.ts", _CALLER.format("await loadDoc(id, title);"), "docs.ts", _THROWS),
    "it reads whoever's": ("a.ts", _CALLER.format(_ASKS), "docs.ts", _THROWS.replace(" AND tenant_id = $2", "")),
    "it reads another table": ("a.ts", _CALLER.format(_ASKS), "docs.ts", _THROWS.replace("docs WHERE", "members WHERE")),
    "it is asked under a condition": ("a.ts", _CALLER.format("if (title) await loadDoc(id, tenantId);"), "docs.ts", _THROWS),
    "another one goes by its name": ("a.ts", _CALLER.format(_ASKS), "docs.ts", _THROWS + "//"),
    "the key gets another value": ("a.ts", _CALLER.format(_ASKS + "\n  id = title;"), "docs.ts", _THROWS),
    "go: the error is dropped": ("a.go", _GO.replace("doc, err := s.docs", "doc, _ := s.docs").replace("\tif err != nil {\n\t\treturn err\n\t}\n", ""), "docs.go", _GO_HELPER),
}  # fmt: skip


def _of_caller(name: str, cases: dict[str, tuple[str, str, str, str]]) -> tuple[str, str | None]:
    path, code, other, helper = cases[name]
    files = {**SCHEMA, path: code.encode(), other: helper.encode()}
    if name.startswith("another one"):
        files["more/docs.ts"] = helper.replace(" AND tenant_id = $2", "").encode()
    [row] = [row for row in scan(files.items(), build_model(files, {})).accesses if row.path == path]
    return row.verdict, row.rule


@pytest.mark.parametrize("name", SAFE)
def test_it_has_found_the_row(name: str) -> None:
    assert _of_caller(name, SAFE) == ("weak", "TENSQL024")


@pytest.mark.parametrize("name", UNSAFE)
def test_it_says_nothing_of_the_row(name: str) -> None:
    assert _of_caller(name, UNSAFE)[0] == "violation"


_WRITES = 'await pool.query("UPDATE docs SET title = $2 WHERE id = $1", [key, title]);'
_INNER = "async function write(key, title) {{\n  " + _WRITES + "\n}}\n"
_OUTER = "export async function save(id, tenantId, title) {{\n  {}\n  await write(id, title);\n}}\n"
_CHECKED = 'const {{ rows }} = await pool.query("SELECT id FROM docs WHERE id = $1 AND tenant_id = $2", [id, tenantId]);\n  if (rows.length === 0) throw new Gone();'
ONCE = {
    "asked by name": _INNER + _OUTER.replace("{}", "await assertDocOfTenant(id, tenantId);"),
    "read under the tenant": _INNER + _OUTER.replace("{}", _CHECKED),
    "an arrow function": "const write = async (key, title) => {{\n  " + _WRITES + "\n}};\n" + _OUTER.replace("{}", _CHECKED),
}  # fmt: skip
OFTEN = {
    "called twice": ONCE["asked by name"] + "export const other = async (id) => {{ await write(id, 'x'); }};\n",
    "exported": "export " + ONCE["asked by name"],
    "another key": ONCE["asked by name"].replace("write(id, title)", "write(title, id)"),
    "the key gets another value": ONCE["asked by name"].replace(_WRITES, f"key = title;\n  {_WRITES}"),
    "asked afterwards": _INNER + "export async function save(id, tenantId, title) {{\n  await write(id, title);\n  await assertDocOfTenant(id, tenantId);\n}}\n",
}  # fmt: skip


def _written(code: str) -> str:
    files = {**SCHEMA, "a.ts": code.replace("{{", "{").replace("}}", "}").encode()}
    rows = [row for row in scan(files.items(), build_model(files, {})).accesses if "UPDATE" in row.snippet]
    return rows[0].verdict


@pytest.mark.parametrize("name", ONCE)
def test_the_only_call_is_where_it_runs(name: str) -> None:
    assert _written(ONCE[name]) == "weak"


@pytest.mark.parametrize("name", OFTEN)
def test_others_may_call_it(name: str) -> None:
    assert _written(OFTEN[name]) == "violation"
