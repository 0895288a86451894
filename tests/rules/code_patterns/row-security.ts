async function dump(client, tenant) {
  // ruleid: row-security-off
  await client.query("SET SESSION row_security = OFF");
  // ok: row-security-off
  await client.query("SHOW row_security");
  // ruleid: role-bypasses-row-security
  await client.query("CREATE ROLE reporter LOGIN BYPASSRLS");
  // ruleid: search-path-of-a-tenant-stays
  await client.query(`SET search_path TO ${tenant}, public`);
  // ok: search-path-of-a-tenant-stays
  await client.query(`SET LOCAL search_path TO ${tenant}, public`);
}
