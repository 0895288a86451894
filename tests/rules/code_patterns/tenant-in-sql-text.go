package a

func boats(db *sql.DB, tenant string) {
	// ruleid: tenant-in-sql-text-go
	query := fmt.Sprintf("SELECT id FROM boats WHERE tenant_id = '%s'", tenant)
	// ok: tenant-in-sql-text-go
	log := fmt.Sprintf("tenant_id = %s", tenant)
	// ok: tenant-in-sql-text-go
	db.Query("SELECT id FROM boats WHERE tenant_id = $1", tenant)
	_, _ = query, log
}
