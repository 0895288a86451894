import type { TenantContext } from "./tenant.js";

export interface Job {
  id: string;
  export_id: string;
}

/** Take the tenant's oldest queued job. Workers serve one tenant at a time; none of them drains a shared queue. */
export async function claimJob({ pool, tenantId }: TenantContext, worker: string): Promise<Job | null> {
  const result = await pool.query<Job>(
    `UPDATE export_jobs
        SET status = 'running', worker = $2
      WHERE tenant_id = $1
        AND id = (
          SELECT j.id
            FROM export_jobs AS j
           WHERE j.tenant_id = $1 AND j.status = 'queued'
           ORDER BY j.queued_at, j.id
           LIMIT 1
             FOR UPDATE SKIP LOCKED
        )
      RETURNING id, export_id`,
    [tenantId, worker],
  );
  return result.rows[0] ?? null;
}

export async function finishJob(
  { pool, tenantId }: TenantContext,
  job: Job,
  file: { readonly content: string; readonly sha256: string; readonly at: Date },
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("UPDATE exports SET content = $3, sha256 = $4 WHERE tenant_id = $1 AND id = $2", [
      tenantId,
      job.export_id,
      file.content,
      file.sha256,
    ]);
    await client.query("UPDATE export_jobs SET status = 'done', finished_at = $3 WHERE tenant_id = $1 AND id = $2", [
      tenantId,
      job.id,
      file.at,
    ]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
