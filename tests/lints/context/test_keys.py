"""Keys of a request are nobody's until something asks about them; the name of a case is the mistake it is about."""

from __future__ import annotations

import pytest

from tests.lints.tables import declared, judged

SCHEMA = declared(
    {
        "tenants": "",
        "boats": "name tenant_id>tenants",
        "members": "user_id tenant_id>tenants",
        "trips": "name boat_id>boats",
    },
    "prisma",
    "django",
    "laravel",
)
_TS = "router.post('/trips', %s async (req, res) => {\n%s\n});"
_VIEW = "from app.models import Boat, Trip\nclass Trips(APIView):\n    %s\n    def post(self, request, boat_id):\n%s\n"
_BODY = "        ids = request.data.get('boats', [])\n        Trip.objects.filter(boat_id__in=ids).delete()"
_ITEMS = "  for (const boat of req.body.boats) {\n    await prisma.boat.findUnique({ where: { id: boat.id } });\n  }"
_PHP = "<?php\nuse App\\Models\\Trip;\nclass TripController extends Controller { public function index(Request $request) {\n%s\n} }"
_HELD = "  await prisma.boat.update({ where: { id: boat.id }, data: { name } });"
VIOLATIONS: dict[str, tuple[str, str, str, str]] = {
    "a list of a body, behind a guard that knows the tenant alone": (
        "a.py", _VIEW % ("@allow_permission([ADMIN])", _BODY), "Trip.objects", "TENORM002",
    ),
    "an item of a list of a body is no instance": ("a.ts", _TS % ("requireMember,", _ITEMS), "findUnique", "TENORM001"),
    "an item of a list that is gone through by a function": (
        "a.ts",
        _TS % ("", "  await Promise.all(req.body.boats.map((boat) => prisma.boat.delete({ where: { id: boat.id } })));"),
        "delete", "TENORM001",
    ),
    "a query's value behind a guard": (
        "a.ts",
        _TS % ("requireMember,", "  const { boatId } = req.query;\n  await prisma.trip.findMany({ where: { boatId } });"),
        "findMany", "TENORM002",
    ),
    "a value of a request of Laravel": (
        "app/a.php", _PHP % "  return Trip::where('boat_id', $request->input('boat'))->get();", "Trip::", "TENORM002",
    ),
    "what a serializer was sent": (
        "a.py",
        ("from app.models import Boat\nclass TripSerializer(ModelSerializer):\n    def validate(self, attrs):\n"
        "        ids = [boat.id for boat in attrs['boats']]\n        Boat.objects.filter(id__in=ids).delete()\n"),
        "Boat.objects", "TENORM001",
    ),
    "the row was read without its tenant": (
        "a.ts",
        ("async function f(id, name) {\n  const boat = await prisma.boat.findUnique({ where: { id } });\n"
        f"  if (!boat) throw new Gone();\n{_HELD}\n}}"),
        "update", "TENORM001",
    ),
    "the row was read without its tenant, by a function of the file that keeps what it gives": (
        "a.ts",
        ("const getBoat = cache(async (id) => prisma.boat.findUniqueOrThrow({ where: { id } }));\n"
        f"async function f(id, name) {{\n  const boat = await getBoat(id);\n{_HELD}\n}}"),
        "update", "TENORM001",
    ),
}  # fmt: skip
VIOLATIONS |= {
    "a user that a client names is not the caller": (
        "a.ts", _TS % ("", "  await pool.query('SELECT * FROM members WHERE user_id = $1', [req.query.userId]);"),
        "SELECT", "TENSQL001",
    ),
}  # fmt: skip
WEAK: dict[str, tuple[str, str, str, str]] = {
    "a path that a guard knows": (
        "a.py",
        _VIEW % ("@allow_permission([ADMIN])", "        Trip.objects.filter(boat_id=boat_id).delete()"),
        "Trip.objects", "TENORM002",
    ),
    "a body's key that was asked about": (
        "a.ts",
        _TS % ("", ("  const { boatId } = req.body;\n  await assertCanSail(req.user, boatId);\n"
               "  await prisma.trip.findMany({ where: { boatId } });")),
        "findMany", "TENORM002",
    ),
    "a guard that is named for what the key is of": (
        "a.ts",
        _TS % ("checkBoatOwner,", "  const { boatId } = req.body;\n  await prisma.trip.findMany({ where: { boatId } });"),
        "findMany", "TENORM002",
    ),
    "a user whose session it is": (
        "a.ts", _TS % ("", "  await pool.query('SELECT * FROM members WHERE user_id = $1', [req.user.id]);"),
        "SELECT", "TENSQL022",
    ),
    "a user that a service is told": (
        "a.ts", "async function f(userId) {\n  await pool.query('SELECT * FROM members WHERE user_id = $1', [userId]);\n}",
        "SELECT", "TENSQL022",
    ),
    "a parameter of a service": (
        "a.ts", "async function f(boat) {\n  await prisma.boat.delete({ where: { id: boat.id } });\n}",
        "delete", "TENORM003",
    ),
    "a row that this function has written itself": (
        "a.ts",
        ("async function f(tenantId, name) {\n  const boat = await prisma.boat.create({ data: { name, tenantId } });\n"
        f"{_HELD}\n}}"),
        "update", "TENORM003",
    ),
    "the row was read under its tenant": (
        "a.ts",
        ("async function f(id, tenantId, name) {\n  const boat = await prisma.boat.findFirst({ where: { id, tenantId } });\n"
        f"  if (!boat) throw new Gone();\n{_HELD}\n}}"),
        "update", "TENORM003",
    ),
    "a row's own key and a key of what it belongs to": (
        "a.ts",
        _TS % ("requireMember,", ("  for (const trip of req.body.trips) {\n    await prisma.trip.findFirst({"
               " where: { id: trip.id, boatId: boat.id } });\n  }")),
        "findFirst", "TENORM002",
    ),
}  # fmt: skip


def row_at(path: str, code: str, what: str) -> tuple[str, str | None]:
    found = [row for row in judged(SCHEMA, path, code) if what in row.snippet]
    assert found, what
    return found[-1].verdict, found[-1].rule


_LINKS = declared(
    {"tenants": "", "boats": "tenant_id>tenants", "trips": "name tenant_id>tenants boat_id?>boats", "ports": "tenant_id>tenants"},
    "prisma",
    "django",
)  # fmt: skip
_PUT = "  await prisma.trip.create({ data: { boatId: %s, tenantId: req.user.tenantId } });"
_SQL = (
    "  await pool.query('INSERT INTO trips (id, tenant_id, boat_id) VALUES ($1, $2, $3)', [id, req.user.tenantId, %s]);"
)
_LET = "  const boat = await prisma.boat.findFirst({ where: { id: req.body.boatId, tenantId: req.user.tenantId } });\n  if (!boat) throw new Gone();\n"
LINKED = {
    "prisma": (_TS % ("", _PUT % "req.body.boatId"), "TENORM002"),
    "prisma, changed": (
        _TS % ("", "  await prisma.trip.updateMany({ where: { id, tenantId: req.user.tenantId }, data: { boatId: req.body.boatId } });"),
        "TENORM002",
    ),
    "sql": (_TS % ("", _SQL % "req.body.boatId"), "TENSQL011"),
    "django": (_VIEW % ("", "        Trip.objects.create(boat_id=request.data.get('boat'), tenant=request.user.tenant)"), "TENORM002"),
}  # fmt: skip
UNLINKED = {
    "it was looked for among the caller's own": _TS % ("", _LET + _PUT % "req.body.boatId"),
    "it was looked for among a tenant's": _TS % ("", (_LET + _PUT % "req.body.boatId").replace("req.user.tenantId", "opts.tenant")),
    "it was asked about": _TS % ("", "  await assertCanSail(req.user, req.body.boatId);\n" + _SQL % "req.body.boatId"),
    "it is of the row that was found": _TS % ("", _LET + _PUT % "boat.id"),
    "no key of a row": _TS % ("", "  await prisma.trip.create({ data: { name: req.body.name, tenantId: req.user.tenantId } });"),
    "a service is told": "async function f(boatId, tenantId) {\n  await prisma.trip.create({ data: { boatId, tenantId } });\n}",
}  # fmt: skip


@pytest.mark.parametrize("name", [*LINKED, *UNLINKED])
def test_a_new_row_is_put_under_a_row_of_the_callers(name: str) -> None:
    code, rule = LINKED.get(name) or (UNLINKED[name], None)
    row = judged(_LINKS, "a.py" if "def " in code else "a.ts", code)[-1]

    assert (row.verdict, row.rule) == ("weak" if rule else "proven", rule)
    assert ("boat_id refers to was checked" in row.why) == (rule is not None)


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_key_that_nobody_asked_about_says_nothing(name: str) -> None:
    path, code, what, rule = VIOLATIONS[name]

    assert row_at(path, code, what) == ("violation", rule)


@pytest.mark.parametrize("name", WEAK)
def test_a_key_that_was_asked_about_is_taken_for_a_good_one(name: str) -> None:
    path, code, what, rule = WEAK[name]

    assert row_at(path, code, what) == ("weak", rule)
