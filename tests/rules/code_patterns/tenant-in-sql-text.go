package a

func boats(db *sql.DB, tenant string) {
	// ruleid: tenant-in-sql-text-go
	query := fmt.Sprintf("SELECT id FROM boats WHERE tenant_id = '%s'", tenant)
	// ok: tenant-in-sql-text-go
	log := fmt.Sprintf("tenant_id = %s", tenant)
	// ok: tenant-in-sql-text-go
	db.Query("SELECT id FROM boats WHERE tenant_id = $1", tenant)
	// ok: tenant-in-sql-text-go
	policy := fmt.Sprintf("CREATE ROW POLICY boats_of_one ON boats FOR SELECT USING tenant_id = '%s' TO reader", tenant)
	_, _, _ = query, log, policy
}
