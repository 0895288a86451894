class Boats {
  void boats(JdbcTemplate db, String tenant) {
    // ruleid: tenant-in-sql-text-java
    db.query("SELECT id FROM boats WHERE tenant_id = '" + tenant + "'", mapper);
    // ruleid: tenant-in-sql-text-java
    db.execute(String.format("DELETE FROM boats WHERE tenant_id = '%s'", tenant));
    // ok: tenant-in-sql-text-java
    db.query("SELECT id FROM boats WHERE tenant_id = ?", mapper, tenant);
  }
}
