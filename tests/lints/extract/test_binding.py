"""What is bound to a statement after it was prepared is known where the tenant is looked for."""

from __future__ import annotations

import pytest

from lints.context.values import of_statement
from lints.extract import extract

_NAMED = "SELECT * FROM boats WHERE id = :id AND tenant_id = :t"
_MARKS = "SELECT * FROM boats WHERE id = ? AND tenant_id = ?"


def _php(text: str, *lines: str) -> tuple[str, str]:
    held = text.replace("NAMED", f"'{_NAMED}'").replace("MARKS", f"'{_MARKS}'")
    return "a.php", f"<?php function f($id) {{ {held}\n{chr(10).join(lines)}\n}}"


CASES: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "pdo, by name": (_php("$s = $pdo->prepare(NAMED);", "$s->bindValue(':id', $id);", "$s->bindValue(':t', (int) $_GET['t'], PDO::PARAM_INT);", "$s->execute();"), ("$_GET['t']",)),
    "pdo, by name without a colon": (_php("$s = $pdo->prepare(NAMED);", "$s->bindParam('t', $tenant);", "$s->execute();"), ("$tenant",)),
    "pdo, by position": (_php("$s = $pdo->prepare(MARKS);", "$s->bindValue(1, $id);", "$s->bindValue(2, $tenant);", "$s->execute();"), ("$tenant",)),
    "pdo, a list": (_php("$s = $pdo->prepare(MARKS);", "$s->execute([$id, $_POST['t']]);"), ("$_POST['t']",)),
    "pdo, a list in the old spelling": (_php("$s = $pdo->prepare(MARKS);", "$s->execute(array($id, f($a, $b)));"), ("f($a, $b)",)),
    "pdo, a map": (_php("$s = $pdo->prepare(NAMED);", "$s->execute([':id' => $id, ':t' => $this->tenant->id()]);"), ("$this->tenant->id()",)),
    "pdo, a map that a variable holds": (_php("$given = ['id' => $id, 't' => $tenant];", "$s = $pdo->prepare('" + _NAMED + "');", "$s->execute($given);"), ("$tenant",)),
    "pdo, a map that grows": (_php("$given = ['id' => $id];", "$given['t'] = $tenant;", "$s = $pdo->prepare('" + _NAMED + "');", "$s->execute($given);"), ()),
    "pdo, variables by their names": (_php("$s = $pdo->prepare(NAMED);", "$s->execute(compact('id', 't'));"), ("$t",)),
    "pdo, at once": (_php("return $pdo->prepare(MARKS)->execute([$id, $tenant]);"), ("$tenant",)),
    "pdo, nothing is bound": (_php("$s = $pdo->prepare(MARKS);", "return $s;"), ()),
    "pdo, another statement's": (_php("$s = $pdo->prepare(MARKS);", "$s = other();", "$s->execute([$id, $tenant]);"), ()),
    "mysqli": (_php("$s = $db->prepare(MARKS);", "$s->bind_param('ii', $id, $tenant);", "$s->execute();"), ("$tenant",)),
    "mysqli, functions": (_php("$s = mysqli_prepare($db, MARKS);", "mysqli_stmt_bind_param($s, 'ii', $id, $tenant);"), ("$tenant",)),
    "jdbc": (("A.java", f'class A {{ void f() {{ PreparedStatement ps = c.prepareStatement("{_MARKS}");\nps.setString(1, id);\nps.setLong(2, tenant.id());\nps.executeQuery(); }} }}'), ("tenant.id()",)),
    "go": (("a.go", f'package a\nfunc f() {{\n\tst, err := db.PrepareContext(ctx, "{_MARKS}")\n\tif err != nil {{ return }}\n\tst.QueryContext(ctx, id, tenantID)\n}}'), ("tenantID",)),
    "sqlite of javascript": (("a.ts", f'function f() {{ const s = db.prepare("{_MARKS}"); return s.get(id, tenantId); }}'), ("tenantId",)),
    "d1": (("a.ts", f'function f() {{ return db.prepare("{_MARKS}").bind(id, tenantId).first(); }}'), ("tenantId",)),
}  # fmt: skip


@pytest.mark.parametrize(("file", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_bound_later_is_the_statements(file: tuple[str, str], expected: tuple[str, ...]) -> None:
    path, text = file
    found = extract(path, text.encode()).statements
    assert of_statement(found[0], {"tenant_id"}) == expected, found


def test_a_hostile_file_takes_no_time() -> None:
    calls = "$s->bindValue(" * 20_000
    assert extract("a.php", f"<?php $s = $pdo->prepare('{_MARKS}'); {calls}".encode()).statements
