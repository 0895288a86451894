/** The tenant a request or a job acts for. Made once, from the verified API key; never from a request body. */

import type { Pool, QueryResultRow } from "pg";

import type { Statement } from "./sql.js";

export interface TenantContext {
  readonly tenantId: string;
  readonly pool: Pool;
}

export function tenantContext(pool: Pool, apiKey: string): TenantContext {
  const tenantId = apiKey.split(".", 1)[0];
  if (!tenantId) {
    throw new Error("an API key names its tenant: <tenant>.<secret>");
  }
  return { tenantId, pool };
}

export async function rows<R extends QueryResultRow>(context: TenantContext, statement: Statement): Promise<R[]> {
  const result = await context.pool.query<R>(statement.text, [...statement.values]);
  return result.rows;
}
