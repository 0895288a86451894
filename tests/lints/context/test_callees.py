"""What a handler passes a client's word on to is looked at where it stands; the name of a bad case is the mistake."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text);"""
_TS = """import { boatService } from './boat.service';
router.get('/boats', async (req, res) => {
  res.json(await boatService.list(req.query.tenantId));
});
"""
_ALONE = """import { listBoats } from './boats';
router.get('/boats', async (req, res) => {
  res.json(await listBoats(req.query.tenantId));
});
"""
_LIST = "return pool.query('SELECT id FROM boats WHERE tenant_id = $1', [tenantId]);"
_SERVICE = "export class BoatService {\n  async list(tenantId) {\n    %s\n  }\n}\n"
_JAVA = """@RestController
class BoatController {
  @PostMapping("/get")
  @Permission(team = "#boat.tenantId")
  public R get(Boat boat) {
    return R.ok(boatService.%s(boat.getId()));
  }
}
"""
_JAVA_SERVICE = """package a;
public class BoatServiceImpl extends ServiceImpl<BoatMapper, Boat> implements BoatService {
    public Boat load(Long id) {
%s
        return jdbc.queryForObject("SELECT * FROM boats WHERE id = ?", Boat.class, id);
    }
}
"""
_PY = '@router.get("/boats")\ndef boats(tenant_id: str = Query()):\n    return boat_service.listed(tenant_id)\n'
_PY_SERVICE = "def listed(tenant_id):\n%s    cur.execute('SELECT id FROM boats WHERE tenant_id = %%s', (tenant_id,))\n"
OPEN: dict[str, tuple[str, str, str, str]] = {
    "a service that asks nothing": ("a.ts", _TS, "boat.service.ts", _SERVICE % _LIST),
    "a function that asks nothing": (
        "a.ts",
        _ALONE,
        "boats.ts",
        f"export async function listBoats(tenantId) {{ {_LIST} }}",
    ),
    "python: a module that asks nothing": ("api.py", _PY, "boat_service.py", _PY_SERVICE % ""),
    "java: a row of whichever team": (
        "BoatController.java",
        _JAVA % "load",
        "BoatServiceImpl.java",
        _JAVA_SERVICE % "",
    ),
    "java: a method of the library": (
        "BoatController.java",
        _JAVA % "getById",
        "BoatServiceImpl.java",
        _JAVA_SERVICE % "",
    ),
}
UNSEEN: dict[str, tuple[str, str, str, str]] = {
    "it asks whether he is a member": (
        "a.ts", _TS, "boat.service.ts", _SERVICE % f"await assertMember(tenantId);\n    {_LIST}",
    ),
    "it knows the caller": (
        "a.ts", _TS, "boat.service.ts", _SERVICE % f"const user = currentUser();\n    await x(user);\n    {_LIST}",
    ),
    "it is not in the tree": ("a.ts", _TS, "other.service.ts", _SERVICE % _LIST),
    "two have the name": (
        "a.ts", _ALONE, "boats.ts", f"async function listBoats(tenantId) {{ {_LIST} }}",
    ),
    "python: it compares": (
        "api.py", _PY, "boat_service.py", _PY_SERVICE % "    if own.tenant_id != tenant_id:\n        raise Gone()\n",
    ),
    "java: it asks": (
        "BoatController.java", _JAVA % "load", "BoatServiceImpl.java", _JAVA_SERVICE % "        access.checkBoat(id);",
    ),
}  # fmt: skip


def about(name: str, cases: dict[str, tuple[str, str, str, str]]) -> list[tuple[str, str | None]]:
    path, code, other, service = cases[name]
    files = {"1.sql": SCHEMA, path: code.encode(), other: service.encode()}
    if name.startswith("two"):
        files["more.ts"] = service.encode()
    found = scan(files.items(), build_model(files, {})).accesses
    return [(row.verdict, row.rule) for row in found if row.path == path and (row.rule or "").startswith("TENCTX")]


@pytest.mark.parametrize("name", OPEN)
def test_it_asks_nothing(name: str) -> None:
    assert [verdict for verdict, _ in about(name, OPEN)] == ["violation"]


@pytest.mark.parametrize("name", UNSEEN)
def test_it_may_ask(name: str) -> None:
    assert [verdict for verdict, _ in about(name, UNSEEN)] == ["weak"]


@pytest.mark.parametrize(("kind", "expected"), [("public", 1), ("private", 0), ("protected", 0)])
def test_no_route_leads_to_what_is_private(kind: str, expected: int) -> None:
    code = f"""<?php
class BoatController extends Controller {{
  {kind} function find(Request $request, int $tenantId) {{ return $this->boats->listed($tenantId); }}
}}
"""
    files = {"1.sql": SCHEMA, "app/Http/Controllers/BoatController.php": code.encode()}
    found = scan(files.items(), build_model(files, {})).accesses

    assert len([row for row in found if row.rule == "TENCTX006"]) == expected
