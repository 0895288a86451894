class Boats {
  void Run(FleetContext db, string tenant) {
    // ruleid: tenant-in-sql-text-csharp
    db.Boats.FromSqlRaw($"SELECT * FROM boats WHERE TenantId = '{tenant}'");
    // ok: tenant-in-sql-text-csharp
    db.Boats.FromSqlInterpolated($"SELECT * FROM boats WHERE TenantId = {tenant}");
    // ok: tenant-in-sql-text-csharp
    db.Boats.FromSqlRaw("SELECT * FROM boats WHERE TenantId = {0}", tenant);
  }
}
