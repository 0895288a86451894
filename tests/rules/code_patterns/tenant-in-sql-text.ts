async function boats(pool, tenant, table) {
  // ruleid: tenant-in-sql-text-js
  await pool.query(`SELECT id FROM boats WHERE tenant_id = '${tenant}'`);
  // ruleid: tenant-in-sql-text-js
  await pool.query("SELECT id FROM boats WHERE tenant_id = '" + tenant + "'");
  // ok: tenant-in-sql-text-js
  await pool.query("SELECT id FROM boats WHERE tenant_id = $1", [tenant]);
  // ok: tenant-in-sql-text-js
  await pool.query(`SELECT id FROM ${table} WHERE tenant_id = $1`, [tenant]);
  // ok: tenant-in-sql-text-js
  await client.get(`/workspaces?tenantId=${tenant}`);
  // ok: tenant-in-sql-text-js
  await sql`SELECT id FROM boats WHERE tenant_id = ${tenant}`;
}
