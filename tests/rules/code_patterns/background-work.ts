// ruleid: worker-job-without-tenant
const purge = new Worker("purge", async (job) => {
  await pool.query("DELETE FROM boats WHERE id = $1", [job.data.id]);
});

// ok: worker-job-without-tenant
const report = new Worker("report", async (job) => {
  await pool.query("SELECT id FROM boats WHERE tenant_id = $1", [job.data.tenantId]);
});

// ok: worker-job-without-tenant
const mail = new Worker("mail", async (job) => {
  await send(job.data.to);
});

function resolve(req) {
  // ruleid: tenant-defaults-to-environment-js
  return req.headers["x-tenant"] ?? process.env.DEFAULT_TENANT_ID;
  // ok: tenant-defaults-to-environment-js
  return req.headers["accept-language"] ?? process.env.DEFAULT_LANGUAGE;
}
