import type { TenantContext } from "./tenant.js";

export interface LeadFilter {
  readonly status?: string;
  readonly segment?: string;
  readonly createdAfter?: Date;
  readonly limit: number;
}

export interface LeadRow {
  id: string;
  company: string;
  segment: string;
  status: string;
  created_at: Date;
}

/** The list starts with the tenant and is only ever joined with AND, so a filter can narrow it and nothing else. */
export async function listLeads({ pool, tenantId }: TenantContext, filter: LeadFilter): Promise<LeadRow[]> {
  const clauses = ["tenant_id = $1"];
  const values: (string | number | Date)[] = [tenantId];
  if (filter.status !== undefined) {
    values.push(filter.status);
    clauses.push(`status = $${values.length}`);
  }
  if (filter.segment !== undefined) {
    values.push(filter.segment);
    clauses.push(`segment = $${values.length}`);
  }
  if (filter.createdAfter !== undefined) {
    values.push(filter.createdAfter);
    clauses.push(`created_at > $${values.length}`);
  }
  values.push(filter.limit);
  const result = await pool.query<LeadRow>(
    `SELECT id, company, segment, status, created_at
       FROM leads
      WHERE ${clauses.join(" AND ")}
      ORDER BY created_at DESC, id
      LIMIT $${values.length}`,
    values,
  );
  return result.rows;
}

export async function leadWithRouting({ pool, tenantId }: TenantContext, leadId: string) {
  const result = await pool.query(
    `SELECT l.id, l.company, l.status, r.assignee, r.policy_version, r.routed_at
       FROM leads AS l
       LEFT JOIN lead_routings AS r ON r.tenant_id = l.tenant_id AND r.lead_id = l.id
      WHERE l.tenant_id = $1 AND l.id = $2`,
    [tenantId, leadId],
  );
  return result.rows[0] ?? null;
}
