import { createClient } from "@supabase/supabase-js";

export async function POST(request) {
  // ruleid: supabase-service-role-in-handler
  const admin = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);
  // ok: supabase-service-role-in-handler
  const own = createClient(url, process.env.SUPABASE_ANON_KEY, { global: { headers } });
  return admin.from("boats").select();
}

Deno.serve(async (req) => {
  // ruleid: supabase-service-role-in-handler
  const admin = createClient(url, Deno.env.get("SUPABASE_SERVICE_ROLE_KEY"));
  return admin;
});

// ok: supabase-service-role-in-handler
export const migrations = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);

async function raw(prisma, id) {
  // ruleid: prisma-raw-unsafe
  await prisma.$queryRawUnsafe(`SELECT * FROM boats WHERE id = ${id}`);
  // ruleid: prisma-raw-unsafe
  await prisma.$executeRawUnsafe(sql, id);
  // ok: prisma-raw-unsafe
  await prisma.$queryRawUnsafe("SELECT 1");
  // ok: prisma-raw-unsafe
  await prisma.$executeRawUnsafe(`SET LOCAL statement_timeout = ${TIMEOUT}`);
  // ok: prisma-raw-unsafe
  await prisma.$queryRaw`SELECT * FROM boats WHERE id = ${id}`;
}

app.get("/boats", async (req, res) => {
  // ruleid: connection-opened-in-handler-js
  const pool = new Pool({ connectionString });
  res.json(await pool.query("SELECT 1"));
});

// ok: connection-opened-in-handler-js
const shared = new Pool({ connectionString });
