class Sweep {
  async Task Run(FleetContext db) {
    // ruleid: ef-ignore-query-filters
    var all = await db.Boats.IgnoreQueryFilters().ToListAsync();
    // ok: ef-ignore-query-filters
    var own = await db.Boats.Where(b => b.TenantId == tenant).ToListAsync();
  }
}
