package a

func dump(db *sql.DB) {
	// ruleid: row-security-off
	db.Exec("SET row_security = off")
	// ok: row-security-off
	db.Exec("SET LOCAL row_security = on")
	// ruleid: role-bypasses-row-security
	db.Exec("ALTER ROLE app WITH BYPASSRLS")
}
