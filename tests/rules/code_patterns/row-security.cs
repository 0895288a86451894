class Dump {
  void Run(IDbConnection db) {
    // ruleid: row-security-off
    db.Execute("SET row_security = off");
    // ok: row-security-off
    db.Execute("SET row_security = on");
    // ruleid: role-bypasses-row-security
    db.Execute("ALTER USER app BYPASSRLS");
  }
}
