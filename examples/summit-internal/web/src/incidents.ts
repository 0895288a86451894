import type { TenantContext } from "./tenant.js";

/** Notes carry no tenant; they are reached only through the tenant's own incident. */
export async function incidentNotes({ pool, tenantId }: TenantContext, incidentId: string) {
  const result = await pool.query<{ author: string; body: string; written_at: Date }>(
    `SELECT n.author, n.body, n.written_at
       FROM incident_notes AS n
       JOIN incidents AS i ON i.id = n.incident_id
      WHERE i.tenant_id = $1 AND i.id = $2
      ORDER BY n.written_at, n.id`,
    [tenantId, incidentId],
  );
  return result.rows;
}

export async function closeIncident({ pool, tenantId }: TenantContext, incidentId: string, at: Date): Promise<boolean> {
  const result = await pool.query(
    "UPDATE incidents SET closed_at = $3 WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL",
    [tenantId, incidentId, at],
  );
  return result.rowCount === 1;
}
