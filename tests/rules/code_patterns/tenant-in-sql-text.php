<?php
function boats($pdo, $tenant) {
  // ruleid: tenant-in-sql-text-php
  $pdo->query("SELECT id FROM boats WHERE tenant_id = '$tenant'");
  // ruleid: tenant-in-sql-text-php
  DB::select("SELECT id FROM boats WHERE tenant_id = " . $tenant);
  // ok: tenant-in-sql-text-php
  DB::select("SELECT id FROM boats WHERE tenant_id = ?", [$tenant]);
}
