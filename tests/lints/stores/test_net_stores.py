"""Libraries of .NET beside Entity Framework: rows by their key, rows that a method is handed, what a chain changes."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SQL = """
CREATE TABLE tenants (id uuid PRIMARY KEY, name text);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
"""
CLASS = """
using {library};
{marks}
public class Boat {{
    {key}
    public virtual Guid Id {{ get; set; }}
    {tenant} public virtual Guid TenantId {{ get; set; }}
    public virtual string Name {{ get; set; }}
    [NotMapped] public Guid ShadowId {{ get; set; }}
}}
{more}
"""
SERVICE = """
using {};
public class HarbourService {{
    {} store;
    public async Task<object> F(Guid tenantId, Guid id, BoatDto dto, Boat boat, List<Guid> ids, List<Boat> boats) {{
        {}
    }}
}}
"""
DAPPER = ("Dapper.Contrib.Extensions", '[Table("boats")]', "[Key]", "", "", "IDbConnection _connection; object")
LINQ2DB = (
    "LinqToDB", '[Table(Name = "boats")]', '[PrimaryKey, Column("id")]', '[Column(Name = "tenant_id")]',
    "public class FleetDb : DataConnection { public ITable<Boat> Boats => this.GetTable<Boat>(); }",
    "FleetDb _db; object",
)  # fmt: skip
BOAT_MAP = (
    'public class BoatMap : ClassMap<Boat> { public BoatMap() { Table("boats"); Id(x => x.Id).Column("id");'
    ' Map(x => x.TenantId).Column("tenant_id"); Map(x => x.Name, "name"); } }'
)
NHIBERNATE = ("NHibernate", "", "", "", BOAT_MAP, "ISession _session; object")
REPODB = (
    "RepoDb",
    '[Table("boats")]',
    '[Map("id"), Primary]',
    '[Map("tenant_id")]',
    "",
    "IDbConnection _connection; object",
)
SUGAR = (
    "SqlSugar", '[SugarTable("boats")]', '[SugarColumn(IsPrimaryKey = true, ColumnName = "id")]',
    '[SugarColumn(ColumnName = "tenant_id")]', "", "ISqlSugarClient _db; object",
)  # fmt: skip
FREE = (
    "FreeSql", '[Table(Name = "boats")]', '[Column(Name = "id", IsPrimary = true)]', '[Column(Name = "tenant_id")]', "",
    "IFreeSql _fsql; object",
)  # fmt: skip
KEY, BOTH = "b => b.Id == id", "b => b.Id == id && b.TenantId == tenantId"
BAD, PROVEN, MOVED = ("violation", "TENORM001"), ("proven", None), ("violation", "TENORM004")
WHOLE, HELD = ("weak", "TENORM013"), ("weak", "TENORM003")
CASES = [
    (DAPPER, "_connection.Get<Boat>(id);", BAD),
    (DAPPER, "await _connection.UpdateAsync(boat);", HELD),
    (DAPPER, "_connection.Update(new Boat { Id = id, Name = dto.Name });", BAD),
    (DAPPER, "_connection.Delete(new Boat { Id = id });", BAD),
    (DAPPER, "_connection.DeleteAll<Boat>();", BAD),
    (DAPPER, "_connection.GetList<Boat>(new { dto.Name });", BAD),
    (DAPPER, "_connection.GetList<Boat>(new { TenantId = tenantId });", PROVEN),
    (LINQ2DB, f"_db.Boats.FirstOrDefault({KEY});", BAD),
    (LINQ2DB, f"_db.Boats.FirstOrDefault({BOTH});", PROVEN),
    (LINQ2DB, f"_db.GetTable<Boat>().Where({KEY}).Delete();", BAD),
    (LINQ2DB, f"_db.Boats.Where({KEY}).Set(b => b.Name, dto.Name).Update();", BAD),
    (LINQ2DB, f"_db.Boats.Where({BOTH}).Set(b => b.Name, dto.Name).Update();", PROVEN),
    (LINQ2DB, f"_db.Boats.Where({BOTH}).Set(b => b.TenantId, dto.Target).Update();", MOVED),
    (LINQ2DB, f"_db.Boats.Update({KEY}, b => new Boat {{ Name = dto.Name }});", BAD),
    (LINQ2DB, f"_db.Boats.Update({BOTH}, b => new Boat {{ Name = dto.Name }});", PROVEN),
    (LINQ2DB, f"_db.Boats.Update({BOTH}, b => new Boat {{ TenantId = dto.Target }});", MOVED),
    (LINQ2DB, f"_db.Boats.Delete({BOTH});", PROVEN),
    (LINQ2DB, "_db.Update(boat);", HELD),
    (LINQ2DB, "_db.InsertOrReplace(boat);", HELD),
    (NHIBERNATE, "_session.Get<Boat>(id);", BAD),
    (NHIBERNATE, f"_session.QueryOver<Boat>().Where({KEY}).SingleOrDefault();", BAD),
    (NHIBERNATE, f"_session.QueryOver<Boat>().Where({KEY}).And(b => b.TenantId == tenantId).List();", PROVEN),
    (NHIBERNATE, '_session.CreateCriteria<Boat>().Add(Restrictions.Eq("Id", id)).UniqueResult<Boat>();', BAD),
    (
        NHIBERNATE,
        '_session.CreateCriteria<Boat>().Add(Restrictions.IdEq(id)).Add(Restrictions.Eq("TenantId", tenantId)).List();',
        PROVEN,
    ),
    (NHIBERNATE, "_session.SaveOrUpdate(boat);", HELD),
    (NHIBERNATE, "_session.Merge(boat);", HELD),
    (REPODB, f"_connection.Query<Boat>({KEY});", BAD),
    (REPODB, f"_connection.Query<Boat>({BOTH});", PROVEN),
    (REPODB, "_connection.QueryAll<Boat>();", BAD),
    (REPODB, "_connection.Delete<Boat>(id);", BAD),
    (REPODB, "await _connection.QueryAsync<Boat>(new { Id = id, TenantId = tenantId });", PROVEN),
    (SUGAR, f"await _db.Queryable<Boat>().Where({BOTH}).FirstAsync();", PROVEN),
    (SUGAR, "await _db.Queryable<Boat>().InSingleAsync(id);", BAD),
    (SUGAR, "await _db.Deleteable<Boat>(id).ExecuteCommandAsync();", BAD),
    (SUGAR, f"await _db.Deleteable<Boat>().Where({BOTH}).ExecuteCommandAsync();", PROVEN),
    (SUGAR, "await _db.Updateable(boat).ExecuteCommandAsync();", HELD),
    (SUGAR, "await _db.Updateable(boat).Where(b => b.TenantId == tenantId).ExecuteCommandAsync();", WHOLE),
    (
        SUGAR,
        f"await _db.Updateable<Boat>().SetColumns(b => b.Name == dto.Name).Where({KEY}).ExecuteCommandAsync();",
        BAD,
    ),
    (
        SUGAR,
        f"await _db.Updateable<Boat>().SetColumns(b => b.Name == dto.Name).Where({BOTH}).ExecuteCommandAsync();",
        PROVEN,
    ),
    (FREE, f"await _fsql.Select<Boat>().Where({KEY}).FirstAsync();", BAD),
    (FREE, "await _fsql.Select<Boat>(id).FirstAsync();", BAD),
    (FREE, "await _fsql.Delete<Boat>(id).ExecuteAffrowsAsync();", BAD),
    (FREE, f"await _fsql.Delete<Boat>().Where({BOTH}).ExecuteAffrowsAsync();", PROVEN),
    (FREE, "await _fsql.Update<Boat>(id).Set(b => b.Name, dto.Name).ExecuteAffrowsAsync();", BAD),
    (FREE, f"await _fsql.Update<Boat>().Set(b => b.Name, dto.Name).Where({BOTH}).ExecuteAffrowsAsync();", PROVEN),
    (FREE, "await _fsql.InsertOrUpdate<Boat>().SetSource(boat).ExecuteAffrowsAsync();", HELD),
]


@pytest.mark.parametrize(("of", "code", "expected"), CASES, ids=[f"{of[0]}: {code}" for of, code, _ in CASES])
def test_what_is_asked(of: tuple[str, ...], code: str, expected: tuple[str, str | None]) -> None:
    library, marks, key, tenant, more, store = of
    entity = CLASS.format(library=library, marks=marks, key=key, tenant=tenant, more=more)
    files = {
        "db/schema.sql": SQL.encode(),
        "src/Boat.cs": entity.encode(),
        "src/Harbour.cs": SERVICE.format(library, store, f"return {code}").encode(),
    }
    model = build_model(files, {})
    assert "ShadowId" not in model.tables["boats"].columns
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == "src/Harbour.cs"]
    assert [(row.verdict, row.rule) for row in rows] == [expected], [(row.sql, row.why) for row in rows]
