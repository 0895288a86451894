<?php
function dump($pdo) {
  // ruleid: row-security-off
  $pdo->exec("SET row_security = off");
  // ok: row-security-off
  $pdo->exec("SET row_security = on");
  // ruleid: role-bypasses-row-security
  $pdo->exec("ALTER USER app BYPASSRLS");
}
