import { sql } from "./sql.js";
import { rows, type TenantContext } from "./tenant.js";

export interface UsageRow {
  metric: string;
  unit: string;
  quantity: string;
  amount_cents: string;
}

/** What the tenant used in a half-open interval, priced from the shared price list. */
export function usage(context: TenantContext, from: Date, until: Date): Promise<UsageRow[]> {
  return rows<UsageRow>(
    context,
    sql`
      SELECT m.metric, p.unit, sum(m.quantity) AS quantity, sum(m.quantity) * p.unit_price_cents AS amount_cents
        FROM meter_events AS m
        JOIN price_items AS p ON p.metric = m.metric
       WHERE m.tenant_id = ${context.tenantId} AND m.occurred_at >= ${from} AND m.occurred_at < ${until}
       GROUP BY m.metric, p.unit, p.unit_price_cents
       ORDER BY m.metric`,
  );
}

/** Months whose invoice is larger than the average of the tenant's invoices so far. */
export function aboveAverageMonths(context: TenantContext): Promise<{ period: string; total_cents: string }[]> {
  return rows(
    context,
    sql`
      WITH own AS (
        SELECT period, total_cents FROM invoices WHERE tenant_id = ${context.tenantId}
      )
      SELECT period, total_cents
        FROM own
       WHERE total_cents > (SELECT avg(total_cents) FROM own)
       ORDER BY period DESC`,
  );
}
