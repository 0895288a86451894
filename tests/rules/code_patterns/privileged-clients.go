package a

func (h *Handler) Boats(w http.ResponseWriter, r *http.Request) {
	// ruleid: connection-opened-in-handler-go
	db, err := sql.Open("postgres", dsn)
	_ = db
}

func Boats(c *gin.Context) {
	// ruleid: connection-opened-in-handler-go
	pool, err := pgxpool.New(c, dsn)
	_ = pool
}

func main() {
	// ok: connection-opened-in-handler-go
	db, err := sql.Open("postgres", dsn)
	_ = db
}
