"""Entity Framework beyond `_context.Boats.Where(…)`: where contexts, sets and repositories are held, methods that a
project adds to queries, and SQL in text beside a model in mixed case."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

FLEET = """
public class FleetContext : DbContext {
    public DbSet<Tenant> Tenants { get; set; }
    public DbSet<Boat> Boats { get; set; }
    public DbSet<Log> Logs { get; set; }
    public DbSet<Pier> Shared { get; set; }
}
public class Pier { public Guid Id { get; set; } public Guid TenantId { get; set; } public bool Open { get; set; } }
public class Tenant { public Guid Id { get; set; } }
public class Boat { public Guid Id { get; set; } public Guid TenantId { get; set; } public string Name { get; set; }
    public ICollection<Log> Logs { get; set; } }
public class Log { public Guid Id { get; set; } public Guid BoatId { get; set; } public Boat Boat { get; set; }
    public Guid? SeenBy { get; set; } }
public interface IOwned { Guid TenantId { get; } }
public static class Narrowing {
    public static IQueryable<Boat> ForTenant(this IQueryable<Boat> query, Guid tenantId) =>
        query.Where(b => b.TenantId == tenantId);
    public static IQueryable<T> OwnedBy<T>(this IQueryable<T> rows, Guid tenantId) where T : class, IOwned
    {
        return rows.AsNoTracking().Where(r => r.TenantId == tenantId).OrderBy(r => r.Id);
    }
    public static IQueryable<Boat> WithName(this IQueryable<Boat> query, string name) =>
        query.Where(b => b.Name == name);
    public static IQueryable<Boat> WithAccess(this IQueryable<Boat> query, User user) {
        if (user.Admin) { return query; }
        return query.Where(b => b.TenantId == user.TenantId);
    }
}
"""
HARBOUR = """
using Microsoft.EntityFrameworkCore;
public class Harbour {{
    private readonly FleetContext fleet;
    private readonly DbSet<Boat> _boats;
    private readonly IRepository<Boat, Guid> _boatRepo;
    private readonly IRepository<Log> _logRepository;
    private readonly EntityStore<FleetContext, Boat> _store;
    private readonly IDbConnection _connection;
    public async Task<object> F(Guid tenantId, Guid id, string name, CancellationToken cancellationToken) {{
        {}
    }}
}}
"""
REPOSITORY = """
public class BoatRepository : EfCoreRepository<FleetContext, Boat, Guid> {{
    public async Task<object> F(Guid tenantId, Guid id) {{ return await {}; }}
}}
public class Elsewhere {{ public object G(Guid id) {{ return Table.First(b => b.Id == id); }} }}
"""
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "rows around a row's own row": (
        "return fleet.Logs.Where(l => l.Id == id && l.Boat.Logs.Any(m => m.SeenBy == id)).ToList();",
        [("opaque", "TENORM013")],
    ),
    "a row's own row is around": (
        "return fleet.Logs.Where(l => l.Boat.TenantId == tenantId && l.Boat.Logs.Any(m => m.SeenBy == id)).ToList();",
        [("proven", None)],
    ),
    "a collection of a row that was loaded": (
        "var dbBoat = Load(); return dbBoat.Logs.Where(l => l.SeenBy == id);",
        [],
    ),
    "a set's name elsewhere, rows here": (
        "return G(); } object G(DbSet<Boat> rows) { return 1; } object H(DbSet<Pier> o, List<Boat> rows) { return rows.First();",
        [],
    ),
    "a set that is handed in": (
        "return G(); } object H(List<Boat> rows) { return null; } object G(DbSet<Boat> rows) { return rows.ToList();",
        [("violation", "TENORM001")],
    ),
    "a context of another kind": (
        "return Check((ValidationContext<Boat> context, int n) => context.Boats.Any(b => b.Name == name));",
        [],
    ),
    "a context by its type, not its name": (
        "return await fleet.Boats.Where(b => b.Name == name).ToListAsync();",
        [("violation", "TENORM001")],
    ),
    "a context that a factory makes": (
        "await using var held = await _factory.CreateDbContextAsync(); return held.Boats.First(b => b.Id == id);",
        [("violation", "TENORM001")],
    ),
    "a set in a field": ("return await _boats.FirstOrDefaultAsync(b => b.Id == id);", [("violation", "TENORM001")]),
    "an extension that compares the tenant": (
        "return await _context.Boats.ForTenant(tenantId).ToListAsync();",
        [("proven", None)],
    ),
    "an extension of every query": (
        "return await _context.Boats.OwnedBy(tenantId).FirstAsync(b => b.Id == id);",
        [("proven", None)],
    ),
    "an extension behind a filter": (
        "return await _context.Boats.Where(b => b.Id == id).ForTenant(tenantId).FirstAsync();",
        [("proven", None)],
    ),
    "an extension that compares something else": (
        "return await _context.Boats.WithName(name).ToListAsync();",
        [("violation", "TENORM001")],
    ),
    "an extension with branches is not seen through": (
        "return await _context.Boats.WithAccess(user).ToListAsync();",
        [("opaque", "TENORM013")],
    ),
    "an extension of another entity is not this one's": (
        "return await _context.Logs.ForTenant(tenantId).ToListAsync();",
        [("opaque", "TENORM013")],
    ),
    "a specification": (
        "return await _context.Boats.WithSpecification(new BoatsOf(tenantId)).ToListAsync();",
        [("opaque", "TENORM013")],
    ),
    "a page says nothing of the tenant": (
        "return await _context.Boats.ToPagedListAsync(1, 20);",
        [("violation", "TENORM001")],
    ),
    "WhereIf is there only sometimes": (
        "return await _context.Boats.WhereIf(all, b => b.TenantId == tenantId).ToListAsync();",
        [("violation", "TENORM005")],
    ),
    "WhereIf beside the tenant": (
        "return await _context.Boats.Where(b => b.TenantId == tenantId).WhereIf(n, b => b.Name == name).ToListAsync();",
        [("proven", None)],
    ),
    "a predicate from elsewhere": (
        "return await _context.Boats.FirstOrDefaultAsync(predicate, cancellationToken);",
        [("opaque", "TENORM013")],
    ),
    "a token is no predicate": (
        "return await _context.Boats.FirstOrDefaultAsync(cancellationToken);",
        [("violation", "TENORM001")],
    ),
    "EF.Property": (
        'return _context.Logs.Include(l => l.Boat).Where(l => EF.Property<Guid>(l, "BoatId") == id).ToList();',
        [("weak", "TENORM002")],
    ),
    "a tenant that the client names": (
        'return _context.Boats.Where(b => b.TenantId == Guid.Parse(Request.Headers["X-Tenant"])).ToList();',
        [("weak", "TENCTX001")],
    ),
    "a tenant that the client names, itself": (
        'return _context.Tenants.First(t => t.Id == Guid.Parse(Request.Query["tenant"]));',
        [("weak", "TENCTX001")],
    ),
    "a generic repository, by key": ("return await _boatRepo.GetAsync(id);", [("violation", "TENORM001")]),
    "a generic repository, by a lambda": (
        "return await _boatRepo.GetListAsync(b => b.TenantId == tenantId);",
        [("proven", None)],
    ),
    "a generic repository's query": (
        "var rows = await _boatRepo.GetQueryableAsync(); return rows.Where(b => b.Name == name).ToList();",
        [("violation", "TENORM001")],
    ),
    "a generic repository deletes": (
        "await _boatRepo.DeleteAsync(b => b.TenantId == tenantId && b.Id == id);",
        [("proven", None)],
    ),
    "an extension that looks a key up": (
        "return await _context.Boats.Include(b => b.Name).FindByIdAsync(id);",
        [("violation", "TENORM001")],
    ),
    "or what a flag says": (
        "return _context.Shared.Where(s => s.TenantId == tenantId || s.Open).ToList();",
        [("violation", "TENORM006")],
    ),
    "rows of another set, of the tenant": (
        "return _context.Logs.Where(l => _context.Boats.Any(b => b.Id == l.BoatId && b.TenantId == tenantId)).ToList();",
        [("proven", None), ("proven", None)],
    ),
    "rows of another set, whosever": (
        "return _context.Logs.Where(l => _context.Boats.Any(b => b.Id == l.BoatId && b.Name == name)).ToList();",
        [("violation", "TENORM001"), ("weak", "TENORM003")],
    ),
    "any row of the tenant says nothing of this one": (
        "return _context.Logs.Where(l => _context.Boats.Any(b => b.TenantId == tenantId)).ToList();",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "no row of the tenant": (
        "return _context.Logs.Where(l => !_context.Boats.Any(b => b.Id == l.BoatId && b.TenantId == tenantId)).ToList();",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "a key among those of the tenant": (
        "return _context.Logs.Where(l => _context.Boats.Where(b => b.TenantId == id).Select(b => b.Id).Contains(l.BoatId));",
        [("proven", None), ("proven", None)],
    ),
    "rows of a collection": (
        "return _context.Boats.Where(b => b.Logs.Any(l => l.Id == id)).ToList();",
        [("violation", "TENORM001")],
    ),
    "rows of a collection, beside the tenant": (
        "return _context.Boats.Where(b => b.TenantId == tenantId && b.Logs.Any(l => l.Id == id)).ToList();",
        [("proven", None)],
    ),
    "a row that is made to be deleted": (
        "_context.Boats.Remove(new Boat { Id = id });",
        [("violation", "TENORM001")],
    ),
    "a row that is made to be changed, whatever tenant it names": (
        "_context.Update(new Boat { Id = id, TenantId = tenantId, Name = name });",
        [("violation", "TENORM001")],
    ),
    "a row that is loaded, deleted": ("_context.Boats.Remove(boat);", []),
    "a row of a list": ("names.Remove(new Boat { Id = id });", []),
    "a generic repository deletes a row that is loaded": ("await _boatRepo.DeleteAsync(boat);", []),
    "a generic store": ("return await _store.FindAsync(b => b.Id == id);", [("violation", "TENORM001")]),
    "a generic store is handed what narrows": (
        "return await _store.FindAsync(rows => rows.Where(b => b.TenantId == tenantId).OrderBy(b => b.Name));",
        [("proven", None)],
    ),
    "a generic store is handed what can't be seen": (
        "return await _store.QueryAsync(rows => filter.Apply(rows));",
        [("opaque", "TENORM013")],
    ),
    "a generic store is told to leave the filter out": (
        "return await _store.FindAsync(b => b.Id == id, tenantAgnostic: true);",
        [("violation", "TENORM011")],
    ),
    "by a key in an array": (
        "return await _context.Boats.FindAsync(new object[] { id }, cancellationToken);",
        [("violation", "TENORM001")],
    ),
    "by a key, of a class": ("return await _context.FindAsync<Boat>(id);", [("violation", "TENORM001")]),
    "NHibernate, by a key": ("return session.Get<Boat>(id);", [("violation", "TENORM001")]),
    "a session of the web is no store": ('return HttpContext.Session.Get<Boat>("boat");', []),
    "NHibernate's query": (
        "return session.Query<Boat>().Where(b => b.TenantId == tenantId).ToList();",
        [("proven", None)],
    ),
    "linq2db deletes": (
        "return await db.GetTable<Boat>().Where(b => b.Id == id).DeleteAsync();",
        [("violation", "TENORM001")],
    ),
    "a set that is looped over": ("foreach (var b in _context.Boats) { Use(b); }", [("violation", "TENORM001")]),
    "a list that is looped over": ("foreach (var b in fleet.Names) { Use(b); }", []),
    "rows of two repositories": (
        (
            "return (from l in _logRepository.GetAll() join b in _boatRepository.GetAll() on l.BoatId equals b.Id "
            "where b.TenantId == tenantId select l).ToList();"
        ),
        [("proven", None)],
    ),
    "SQL whose parameters have numbers": (
        'return _context.Boats.FromSqlRaw("SELECT * FROM Boats WHERE TenantId = {0}", tenantId).ToList();',
        [("proven", None)],
    ),
    "SQL whose conditions are put in by a builder": (
        'var t = builder.AddTemplate("SELECT * FROM Boats /**where**/"); return _connection.Query(t.RawSql);',
        [("opaque", "TENSQL013")],
    ),
    "a generic repository, by a specification": (
        "return await _boatRepo.ListAsync(new BoatsOf(tenantId));",
        [("opaque", "TENORM013")],
    ),
    "a generic repository's table": (
        "return await _boatRepo.Table.Where(b => b.TenantId == tenantId).ToListAsync();",
        [("proven", None)],
    ),
    "a generic repository's table, as an expression": (
        "var rows = from b in _boatRepo.Table where b.Name == name select b; return rows.ToList();",
        [("violation", "TENORM001")],
    ),
    "a repository of a unit of work": (
        "return await _unit.Repository<Boat>().GetByIdAsync(id);",
        [("violation", "TENORM001")],
    ),
    "a repository of a unit of work, with the tenant": (
        "return await _unit.GetRepository<Boat>().FindAsync(b => b.TenantId == tenantId && b.Id == id);",
        [("proven", None)],
    ),
    "SQL beside the model, with the tenant": (
        'return await _connection.QueryAsync<Boat>("select * from Boats where TenantId = @tenantId", new { tenantId });',
        [("proven", None)],
    ),
    "SQL beside the model, without": (
        'return await _connection.ExecuteAsync("delete from Boats where Id = @id", new { id });',
        [("violation", "TENSQL003")],
    ),
    "SQL beside the model, put together": (
        "return await _connection.QueryAsync<Boat>($\"select b.* from Boats b where b.Name = '{name}'\");",
        [("violation", "TENSQL001")],
    ),
    "SQL beside the model, with an alias": (
        'return _context.Boats.FromSqlInterpolated($"SELECT b.* FROM Boats AS b WHERE b.TenantId = {tenantId}");',
        [("proven", None)],
    ),
    "of nobody, or the tenant's": (
        "return _context.Logs.Where(l => (!l.SeenBy.HasValue && a) || l.Boat.TenantId == tenantId).ToList();",
        [("violation", "TENORM006")],
    ),
    "not among other rows": (
        "return _context.Boats.Where(b => !_context.Logs.Any(l => l.BoatId == b.Id)).ToList();",
        [("violation", "TENORM001"), ("weak", "TENORM002")],
    ),
    "what is done with each row is no condition": (
        "await _context.Boats.Where(b => b.TenantId == tenantId).ForEachAsync(b => { Touch(b); });",
        [("proven", None)],
    ),
    "an update of another library": (
        "await _context.Boats.Where(b => b.Id == id).UpdateAsync(b => new Boat { Name = name });",
        [("violation", "TENORM001")],
    ),
    "a delete of another library": (
        "await _context.Boats.Where(b => b.TenantId == tenantId).DeleteFromQueryAsync();",
        [("proven", None)],
    ),
    "a row that is cast": (
        "return _context.Boats.Where(b => ((Ship)b).Name == name || ((Ship)b).TenantId == tenantId).ToList();",
        [("violation", "TENORM006")],
    ),
    "other services have such methods too": (
        "return await _mediator.FindAsync(x => x.Id == id) ?? _client.GetAsync(id) ?? list.Where(b => b.Id == id);",
        [],
    ),
}
OWN: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a repository's own set": ("(await GetDbSetAsync()).FirstAsync(b => b.Id == id)", [("violation", "TENORM001")]),
    "a repository's own set, by key": (
        "(await GetDbSetAsync()).FindAsync(id)",
        [("violation", "TENORM001")],
    ),
    "a repository's own query": (
        "(await GetQueryableAsync()).Where(b => b.TenantId == tenantId).ToListAsync()",
        [("proven", None)],
    ),
    "a list of entities is no set": (
        "Mapper.Map(entities.Any(), entities.Where(e => e.Id == id).ToList(), Table.First(b => b.TenantId == tenantId))",
        [("proven", None)],
    ),
    "a repository's own table": ("Table.FirstOrDefaultAsync(b => b.Id == id)", [("violation", "TENORM001")]),
}


ABP = """
public class FleetDbContext : DbContext { public DbSet<Buoy> Buoys { get; set; } public DbSet<Fleet> Fleets { get; set; } }
public class Fleet { public Guid Id { get; set; } }
public class Buoy : IMultiTenant { public Guid Id { get; set; } public Guid? TenantId { get; set; } }
"""
OFF, ON = ("violation", "TENORM011"), ("weak", "TENORM014")
FILTERS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "on": ("return await _buoys.GetListAsync(b => b.Id == id);", [ON]),
    "off in a block": (
        "using (_dataFilter.Disable<IMultiTenant>()) { return await _buoys.GetListAsync(b => b.Id == id); }",
        [OFF],
    ),
    "off from here on": (
        "using var off = DataFilter.Disable<IMultiTenant>(); return await _buoys.FirstOrDefaultAsync(b => b.Id == id);",
        [OFF],
    ),
    "off before": (
        "using (_dataFilter.Disable<IMultiTenant>()) { Log(); } return await _buoys.GetListAsync(b => b.Id == id);",
        [ON],
    ),
    "off in another block": (
        "if (a) { using var off = _dataFilter.Disable<IMultiTenant>(); } return await _buoys.GetAsync(id);",
        [ON],
    ),
    "another filter is off": (
        "using (_dataFilter.Disable<ISoftDelete>()) { return await _buoys.GetListAsync(b => b.Id == id); }",
        [ON],
    ),
    "of the host": ("using (CurrentTenant.Change(null)) { return await _buoys.GetListAsync(); }", [OFF]),
    "of another tenant": ("using (CurrentTenant.Change(id)) { return await _buoys.GetListAsync(); }", [ON]),
    "off for one statement": (
        "using (_dataFilter.Disable<IMultiTenant>()) Log(); return await _buoys.GetListAsync();",
        [ON],
    ),
}


@pytest.mark.parametrize(("code", "expected"), FILTERS.values(), ids=list(FILTERS))
def test_a_filter_that_is_off(code: str, expected: list[tuple[str, str | None]]) -> None:
    harbour = f"class Harbour {{ IRepository<Buoy, Guid> _buoys; async Task<object> F(Guid id) {{ {code} }} }}"
    files = {"src/Fleet.cs": ABP.encode(), "src/Harbour.cs": harbour.encode()}
    model = build_model(files, {"tenant_columns": ["TenantId"]})
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == "src/Harbour.cs"]
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]


KEYED = """
public class FleetContext : DbContext {
    public DbSet<Fleet> Fleet { get; set; }
    public DbSet<Boat> Boat { get; set; }
    public DbSet<Pier> Pier { get; set; }
    protected override void OnModelCreating(ModelBuilder builder) { builder.Entity<Pier>().HasKey(p => p.Code); }
}
public class Fleet { public int FleetId { get; set; } }
public class Pier { public string Code { get; set; } public int FleetId { get; set; } public Fleet Fleet { get; set; } }
public class Boat {
    public int BoatId { get; set; }
    public int FleetId { get; set; }
    public string Code { get; set; }
    [ForeignKey("Code")] public Pier Pier { get; set; }
}
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("db.Fleet.Find(fleetId)", [("proven", None)]),
        ("db.Boat.Where(b => b.Pier.FleetId == fleetId && b.FleetId == fleetId).ToList()", [("proven", None)]),
        ("db.Pier.Where(p => p.Fleet.FleetId == fleetId).ToList()", [("proven", None)]),
        ("db.Boat.Where(b => fleetId == -1 || b.FleetId == fleetId).ToList()", [("violation", "TENORM005")]),
    ],
    ids=["a tenant by its key", "a key that is configured", "the key of a navigation", "a value that stands for all"],
)
def test_keys_by_their_names(call: str, expected: list[tuple[str, str | None]]) -> None:
    code = f"public class Harbour {{ public object F(int fleetId) {{ return {call}; }} }}"
    files = {"src/Fleet.cs": KEYED.encode(), "src/Harbour.cs": code.encode()}
    model = build_model(files, {"tenant_columns": ["FleetId"]})
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == "src/Harbour.cs"]
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def _rows(code: str) -> list[tuple[str, str | None]]:
    files = {"src/Fleet.cs": FLEET.encode(), "src/Harbour.cs": code.encode()}
    model = build_model(files, {"tenant_columns": ["TenantId"]})
    found = scan(sorted(files.items()), model).accesses
    return [(row.verdict, row.rule) for row in found if row.path == "src/Harbour.cs"]


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=list(CASES))
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    assert _rows(HARBOUR.format(code)) == expected


@pytest.mark.parametrize(("code", "expected"), OWN.values(), ids=list(OWN))
def test_inside_a_repository(code: str, expected: list[tuple[str, str | None]]) -> None:
    assert _rows(REPOSITORY.format(code)) == expected


PORT = """
using Microsoft.EntityFrameworkCore;
public class PortContext : DbContext {
    public DbSet<Tenant> Tenants { get; set; }
    public DbSet<Member> Members { get; set; }
    public DbSet<Boat> Boats { get; set; }
    public DbSet<Log> Logs { get; set; }
    public DbSet<Berth> Berths { get; set; }
    protected override void OnModelCreating(ModelBuilder builder) {
        builder.Entity<Berth>().HasKey(b => new { b.BoatId, b.PierId });
    }
}
public class Tenant { public Guid Id { get; set; } public ICollection<Member> Members { get; set; } }
public class Member { public Guid Id { get; set; } public Guid TenantId { get; set; } public Guid UserId { get; set; } }
public class Boat { public Guid Id { get; set; } public Guid TenantId { get; set; } public Tenant Tenant { get; set; } }
public class Log { public Guid Id { get; set; } public Guid BoatId { get; set; } public Boat Boat { get; set; } }
public class Berth { public Guid BoatId { get; set; } public Guid PierId { get; set; } public Boat Boat { get; set; } }
"""
THROUGH = {
    "_db.Logs.Where(l => l.Id == id && l.Boat.Tenant.Members.Any(m => m.UserId == userId)).ToList()": "weak",
    "_db.Logs.Where(l => l.Boat.Tenant.Members.Any(m => m.TenantId == tenantId)).ToList()": "proven",
    "_db.Boats.Where(b => b.Id == id && b.Tenant.Members.Any(m => m.UserId == userId)).ToList()": "weak",
    "_db.Berths.Where(b => b.Boat.TenantId == tenantId).ExecuteDelete()": "proven",
    "_db.Berths.Where(b => b.Boat.TenantId == tenantId).ExecuteUpdate(s => s.SetProperty(b => b.PierId, id))": "proven",
    "_db.Berths.Where(b => b.Boat.Id == id).ExecuteDelete()": "weak",
    "_db.Berths.Where(b => b.PierId == id).ExecuteDelete()": "violation",
}


@pytest.mark.parametrize(("code", "verdict"), THROUGH.items())
def test_rows_that_several_navigations_lead_to(code: str, verdict: str) -> None:
    around = f"public class A {{ PortContext _db; object F(Guid tenantId, Guid userId, Guid id) {{ return {code}; }} }}"
    files = {"src/Port.cs": PORT.encode(), "src/A.cs": f"using Microsoft.EntityFrameworkCore;\n{around}".encode()}
    rows = scan(sorted(files.items()), build_model(files, {"tenant_columns": ["TenantId"]})).accesses
    assert [row.verdict for row in rows] == [verdict], [(row.sql, row.why) for row in rows]


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        ("", "TENORM014"),
        (".IgnoreQueryFilters()", "TENORM011"),
        (".IgnoreQueryFilters([Filters.SoftDelete])", "TENORM014"),
        ('.IgnoreQueryFilters(["archived", "hidden"])', "TENORM014"),
        (".IgnoreQueryFilters([Filters.SoftDelete, Filters.Tenant])", "TENORM011"),
        (".IgnoreQueryFilters(names)", "TENORM011"),
    ],
)
def test_a_filter_that_is_taken_away_by_its_name_is_only_that_one(call: str, rule: str) -> None:
    fleet = """public class Fleet : DbContext { public DbSet<Boat> Boats { get; set; }
        protected override void OnModelCreating(ModelBuilder m) { m.Entity<Boat>().IsMultiTenant(); } }
    public class Boat { public Guid Id { get; set; } public Guid TenantId { get; set; } }"""
    code = f"public class A {{ Fleet _db; object F(Guid id) {{ return _db.Boats{call}.First(b => b.Id == id); }} }}"
    files = {"src/Fleet.cs": fleet.encode(), "src/A.cs": f"using Microsoft.EntityFrameworkCore;\n{code}".encode()}
    rows = scan(sorted(files.items()), build_model(files, {"tenant_columns": ["TenantId"]})).accesses
    assert [row.rule for row in rows] == [rule], [(row.sql, row.why) for row in rows]
