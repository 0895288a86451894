"""MongoDB's .NET driver: filters by lambdas and builders, in variables and functions, and what is no filter of these."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

CODE = """
using MongoDB.Driver;
public class BoatStore : MongoRepositoryBase<Boat> {{
    private readonly IMongoCollection<Boat> _boats;
    public async Task<object> F(Guid tenantId, Guid id, string name, FilterDefinition<Boat> given) {{
        {}
    }}
    public Task Before() {{ var filter = Filter.Eq(b => b.TenantId, Tenant); return _logger.Log(filter); }}
    private FilterDefinition<Boat> Build(Guid tenantId) => Filter.Eq(b => b.TenantId, tenantId);
    private FilterDefinition<Boat> Build(Guid tenantId, string name) {{
        var filters = new List<FilterDefinition<Boat>> {{ Filter.Eq(b => b.Name, name) }};
        if (tenantId != Guid.Empty) {{ filters.Add(Filter.Eq(b => b.TenantId, tenantId)); }}
        return Filter.And(filters);
    }}
    private FilterDefinition<Boat> Of(Guid tenantId) => Filter.Eq(b => b.TenantId, tenantId);
    private FilterDefinition<Boat> Of(string name) => Filter.Eq(b => b.Name, name);
    private FilterDefinition<Boat> Build(Guid tenantId, string name, int n) {{
        if (n > 3) {{ return Filter.Eq(b => b.Name, name); }}
        return Filter.Eq(b => b.TenantId, tenantId);
    }}
}}
"""
PROVEN, UNSCOPED, UNSEEN, EITHER = (
    ("proven", None),
    ("violation", "TENMGO001"),
    ("opaque", "TENMGO013"),
    ("violation", "TENMGO006"),
)
HELD = " return _boats.CountDocuments(filter);"
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a lambda with the tenant": (
        "return await _boats.Find(b => b.TenantId == tenantId && b.Id == id).FirstAsync();",
        [PROVEN],
    ),
    "a lambda without it": ("return await _boats.Find(b => b.Id == id && !b.Gone).FirstOrDefaultAsync();", [UNSCOPED]),
    "a lambda with an alternative": ("return _boats.Find(b => b.TenantId == tenantId || b.Name == name);", [EITHER]),
    "a lambda that is true": ("return await _boats.Find(_ => true).ToListAsync();", [UNSCOPED]),
    "a lambda that hands the row on": ("return _boats.Find(b => Visible(b)).ToList();", [UNSEEN]),
    "other than the tenant's": ("return _boats.Find(b => b.TenantId != tenantId).ToList();", [UNSCOPED]),
    "of another document inside": ("return _boats.Find(b => b.Sold.TenantId == tenantId).ToList();", [UNSCOPED]),
    "the tenant's, written otherwise": ("return _boats.Find(b => tenantId.Value == b.TenantId).ToList();", [PROVEN]),
    "a builder": ("return _boats.Find(Builders<Boat>.Filter.Eq(b => b.TenantId, tenantId)).ToList();", [PROVEN]),
    "a builder by the field's name": ('return _boats.Find(Filter.Eq("tenantId", tenantId)).ToList();', [PROVEN]),
    "a builder by something else": ("await _boats.DeleteOneAsync(Filter.Eq(b => b.Id, id));", [UNSCOPED]),
    "all of several": (
        "await _boats.DeleteManyAsync(Filter.And(Filter.Eq(b => b.Id, id), Filter.Eq(b => b.TenantId, tenantId)));",
        [PROVEN],
    ),
    "any of several": (
        "await _boats.DeleteManyAsync(Filter.Or(Filter.Eq(b => b.Id, id), Filter.Eq(b => b.TenantId, tenantId)));",
        [EITHER],
    ),
    "signs": (
        "return _boats.Find(Filter.Eq(b => b.TenantId, tenantId) & Filter.Gt(b => b.Size, 3)).ToList();",
        [PROVEN],
    ),
    "any of tenants": ("return _boats.Find(Filter.In(b => b.TenantId, tenants)).ToList();", [UNSCOPED]),
    "a variable": (
        "var filter = Filter.Eq(b => b.TenantId, tenantId); if (n) { filter &= Filter.Eq(b => b.Name, name); }\n"
        + HELD,
        [PROVEN],
    ),
    "a variable that is widened": (
        "var filter = Filter.Eq(b => b.TenantId, tenantId); filter |= Filter.Eq(b => b.Public, true);" + HELD,
        [UNSEEN],
    ),
    "a variable that is set anew": (
        "var filter = Filter.Eq(b => b.TenantId, tenantId); filter = Filter.Empty; return _boats.Find(filter).ToList();",
        [UNSEEN],
    ),
    "a parameter is not another function's variable": ("return _boats.Find(given).ToList();", [UNSEEN]),
    "a variable that is nobody's here": ("return _boats.Find(filter).ToList();", [UNSEEN]),
    "a function": ("return _boats.Find(Build(tenantId)).ToList();", [PROVEN]),
    "a function that adds it sometimes": ("return _boats.Find(Build(tenantId, name)).ToList();", [UNSEEN]),
    "a function that leaves it out sometimes": ("return _boats.Find(Build(tenantId, name, 3)).ToList();", [EITHER]),
    "one of two functions of a name": ("return _boats.Find(Of(given)).ToList();", [UNSEEN]),
    "documents of any kind": (
        "return _database.GetCollection<TRow>(name).Find(r => r.Id == id).First();",
        [UNSEEN],
    ),
    "a function of another file": ("return _boats.Find(Elsewhere(tenantId)).ToList();", [UNSEEN]),
    "everything": ("return _boats.CountDocuments(FilterDefinition<Boat>.Empty);", [UNSCOPED]),
    "a document": ('return _boats.Find(new BsonDocument("tenantId", tenantId)).ToList();', [PROVEN]),
    "a document with several fields": (
        'return _boats.Find(new BsonDocument { { "name", name }, { "tenantId", tenantId } }).ToList();',
        [PROVEN],
    ),
    "a tenant that is written out": (
        'return _boats.Find(b => b.TenantId == "demo").ToList();',
        [("weak", "TENMGO007")],
    ),
    "in a session": ("await _boats.DeleteOneAsync(session, b => b.TenantId == tenantId && b.Id == id);", [PROVEN]),
    "the collection of a base class": ("return await Collection.Find(b => b.Id == id).FirstAsync();", [UNSCOPED]),
    "a collection where it is got": (
        'return _database.GetCollection<Boat>("boats").Find(b => b.Id == id).First();',
        [UNSCOPED],
    ),
    "as a query": ("return _boats.AsQueryable().Where(b => b.TenantId == tenantId).ToList();", [PROVEN]),
    "an update": (
        "await _boats.UpdateOneAsync(b => b.TenantId == tenantId && b.Id == id, Update.Set(b => b.Name, name));",
        [PROVEN],
    ),
    "an update that gives it away": (
        "await _boats.UpdateOneAsync(b => b.TenantId == tenantId && b.Id == id, Update.Set(b => b.TenantId, other));",
        [("violation", "TENMGO009")],
    ),
    "a new document": ("await _boats.InsertOneAsync(new Boat { Name = name, TenantId = tenantId });", [PROVEN]),
    "a new document of nobody": (
        "await _boats.InsertOneAsync(new Boat { Name = name });",
        [("violation", "TENMGO004")],
    ),
    "stages": ("return _boats.Aggregate().Match(b => b.TenantId == tenantId).Group(b => b.Name).ToList();", [PROVEN]),
    "another thing that is found": ("return _list.Find(b => b.Id == id) ?? path.Find(x => x.Name == name);", []),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=list(CASES))
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    files = {"src/BoatStore.cs": CODE.format(code).encode()}
    found = scan(sorted(files.items()), build_model({}, {"tenant_columns": ["tenant_id"]})).accesses
    rows = [(row.verdict, row.rule) for row in found]
    assert rows == expected, [(row.sql, row.why) for row in found]


OTHERS = b"""
public class Record { public Guid Id { get; set; } }
public class Pier : Record { public Guid TenantId { get; set; } }
public class Piers { IMongoCollection<Pier> _piers; }
"""


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("public Guid TenantId { get; set; }", [UNSCOPED]),
        ("public string Name { get; set; }", []),
    ],
    ids=["a document of a tenant's", "a document of nobody's"],
)
def test_what_a_document_has_says_whose_it_is(properties: str, expected: list[tuple[str, str | None]]) -> None:
    files = {
        "src/BoatStore.cs": CODE.format("return await Collection.Find(b => b.Id == id).FirstAsync();").encode(),
        "src/Boat.cs": f"public class Boat : Record {{ {properties} }}".encode(),
        "src/Pier.cs": OTHERS,
    }
    found = scan(sorted(files.items()), build_model(files, {"tenant_columns": ["tenant_id"]})).accesses
    assert [(row.verdict, row.rule) for row in found] == expected


def test_where_no_document_names_a_tenant_every_one_may_be_a_tenants() -> None:
    files = {
        "src/BoatStore.cs": CODE.format("return await Collection.Find(b => b.Id == id).FirstAsync();").encode(),
        "src/Boat.cs": b"public class Boat { public Guid Id { get; set; } public Guid FleetId { get; set; } }",
    }
    found = scan(sorted(files.items()), build_model(files, {"tenant_columns": ["tenant_id"]})).accesses
    assert [(row.verdict, row.rule) for row in found] == [UNSCOPED]


def test_a_filter_that_calls_itself_ends() -> None:
    calls = ", ".join(["Loop()"] * 8)
    code = (
        f"private FilterDefinition<Boat> Loop() => Filter.Or({calls});\n    public object G() => _boats.Find(Loop());"
    )
    source = CODE.format("return 1;").replace("public Task Before", code + "\n    public Task Before")
    files = {"src/BoatStore.cs": source.encode()}
    found = scan(sorted(files.items()), build_model({}, {})).accesses
    assert [row.verdict for row in found] == ["opaque"]
