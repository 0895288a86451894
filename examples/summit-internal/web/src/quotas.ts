import type { TenantContext } from "./tenant.js";

export interface Quota {
  readonly metric: string;
  readonly softLimit: number;
  readonly hardLimit: number;
}

/** The conflict target contains the tenant: two tenants' quotas for one metric are two rows. */
export async function setQuota({ pool, tenantId }: TenantContext, quota: Quota): Promise<void> {
  await pool.query(
    `INSERT INTO quotas (tenant_id, metric, soft_limit, hard_limit)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id, metric)
     DO UPDATE SET soft_limit = EXCLUDED.soft_limit, hard_limit = EXCLUDED.hard_limit`,
    [tenantId, quota.metric, quota.softLimit, quota.hardLimit],
  );
}

/** Usage against limits. A metric without a quota is not in the answer, and what is not in the answer is not allowed. */
export async function quotaUsage({ pool, tenantId }: TenantContext, since: Date) {
  const result = await pool.query<{ metric: string; hard_limit: string; used: string }>(
    `SELECT q.metric, q.hard_limit, coalesce(sum(m.quantity), 0) AS used
       FROM quotas AS q
       LEFT JOIN meter_events AS m
         ON m.tenant_id = q.tenant_id AND m.metric = q.metric AND m.occurred_at >= $2
      WHERE q.tenant_id = $1
      GROUP BY q.metric, q.hard_limit
      ORDER BY q.metric`,
    [tenantId, since],
  );
  return result.rows;
}
