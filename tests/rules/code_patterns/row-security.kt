fun dump(db: JdbcTemplate) {
    // ruleid: row-security-off
    db.execute("SET row_security = off")
    // ok: row-security-off
    db.execute("SET row_security = on")
    // ruleid: role-bypasses-row-security
    db.execute("ALTER USER app BYPASSRLS")
}
